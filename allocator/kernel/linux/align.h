/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_ALIGN_H
#define _LINUX_ALIGN_H

#include <linux/types.h>

/*
 * Each argument is evaluated once. With a constant alignment these are constant
 * expressions if x is one: for array sizes and static initialisers.
 */
#define __ALIGN_MASK(x, mask) (((x) + (mask)) & ~(mask))

static inline __maybe_unused u64 __align_mask(u64 x, u64 mask)
{
	return __ALIGN_MASK(x, mask);
}

#define ALIGN(x, a)                                               \
	__builtin_choose_expr(                                    \
		__builtin_constant_p(a),                          \
		__ALIGN_MASK(x, (__typeof__(x))(a)-1),            \
		(__typeof__((x) + (__typeof__(x))1))__align_mask( \
			(u64)(x), (u64)((__typeof__(x))(a)-1)))
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a)-1))
#define IS_ALIGNED(x, a) (((x) & ((__typeof__(x))(a)-1)) == 0)
#define PTR_ALIGN(p, a) ((__typeof__(p))ALIGN((unsigned long)(p), (a)))
#define PTR_ALIGN_DOWN(p, a) \
	((__typeof__(p))ALIGN_DOWN((unsigned long)(p), (a)))
#define PTR_IS_ALIGNED(p, a) IS_ALIGNED((unsigned long)(p), (a))

#endif
