/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_LOG2_H
#define _LINUX_LOG2_H

#include <linux/bitops.h>

/* 0 is none. */
static inline __maybe_unused bool is_power_of_2(unsigned long n)
{
	return n && !(n & (n - 1));
}

/* The exponent of the highest power of two that is not above @n; -1 for 0. */
static inline __maybe_unused int __ilog2_u64(u64 n)
{
	return fls64(n) - 1;
}

#define ilog2(n)                                                           \
	__builtin_choose_expr(__builtin_constant_p(n),                     \
			      (n) < 2 ? 0 : 63 - __builtin_clzll((n) | 1), \
			      __ilog2_u64(n))

/* @n from 1 to 2^63. */
static inline __maybe_unused unsigned long roundup_pow_of_two(unsigned long n)
{
	return 1UL << fls64(n - 1);
}

static inline __maybe_unused unsigned long rounddown_pow_of_two(unsigned long n)
{
	return 1UL << (fls64(n) - 1);
}

/* The exponent of the smallest power of two that is not below @n; 0 for 0. */
static inline __maybe_unused int order_base_2(unsigned long n)
{
	return n > 1 ? fls64(n - 1) : 0;
}

#endif
