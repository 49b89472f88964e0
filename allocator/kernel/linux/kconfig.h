/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_KCONFIG_H
#define _LINUX_KCONFIG_H

#include <linux/compiler.h>

/* What this hypervisor is configured with. */
#define CONFIG_ARM64 1
#define CONFIG_KVM 1
#define CONFIG_PKVM_EL2 1
#define CONFIG_NVHE_EL2_DEBUG 1

/*
 * IS_ENABLED(CONFIG_X): 1 if it is defined to 1, else 0. __IS_ON_1 alone is a
 * comma, which moves the 1 into the third place.
 */
#define __IS_ON_1 ,
#define __is_on_third(a, b, c, ...) c
#define __is_on_pick(x...) __is_on_third(x, 1, 0, 0)
#define __is_on_paste(val) __is_on_pick(__IS_ON_##val)
#define IS_ENABLED(option) __is_on_paste(option)
#define IS_BUILTIN(option) IS_ENABLED(option)

#endif
