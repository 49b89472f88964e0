/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_SHRINKER_H
#define _LINUX_SHRINKER_H

#include <linux/types.h>

#define SHRINK_STOP (~0UL)
#define SHRINK_EMPTY (~0UL - 1)

struct shrink_control {
	unsigned long nr_to_scan;
	unsigned long nr_scanned;
};

#endif
