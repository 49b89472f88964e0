/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_BITS_H
#define _LINUX_BITS_H

#include <linux/const.h>
#include <linux/math.h>

#define BITS_PER_BYTE 8
#define BITS_PER_LONG 64
#define BITS_PER_LONG_LONG 64
#define BIT(n) (UL(1) << (n))
#define BIT_ULL(n) (ULL(1) << (n))
#define BIT_MASK(n) (UL(1) << ((n) % BITS_PER_LONG))
#define BIT_WORD(n) ((n) / BITS_PER_LONG)
#define BITS_PER_TYPE(type) (sizeof(type) * BITS_PER_BYTE)
#define BITS_TO_LONGS(n) DIV_ROUND_UP(n, BITS_PER_LONG)
/* Bits l to h, both of them; constants. */
#define GENMASK(h, l) ((~UL(0) << (l)) & (~UL(0) >> (BITS_PER_LONG - 1 - (h))))
#define GENMASK_ULL(h, l) \
	((~ULL(0) << (l)) & (~ULL(0) >> (BITS_PER_LONG_LONG - 1 - (h))))

#endif
