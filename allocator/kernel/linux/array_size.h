/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_ARRAY_SIZE_H
#define _LINUX_ARRAY_SIZE_H

#include <linux/build_bug.h>
#include <linux/compiler.h>

/* Of an array: of a pointer no build. */
#define ARRAY_SIZE(a)                 \
	(sizeof(a) / sizeof((a)[0]) + \
	 BUILD_BUG_ON_ZERO(__same_type((a), &(a)[0])))

#endif
