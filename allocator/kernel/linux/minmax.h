/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_MINMAX_H
#define _LINUX_MINMAX_H

#include <linux/build_bug.h>
#include <linux/compiler.h>

/*
 * Each argument is evaluated once. A signed and an unsigned number are not
 * compared, which would turn -1 into the largest of all, unless the signed one
 * is a constant that is not negative.
 */
#define __is_constexpr(x) \
	(sizeof(int) == sizeof(*(8 ? ((void *)((long)(x)*0l)) : (int *)8)))
#define __below_one(x) ((__typeof__(x))-1 < (__typeof__(x))1)
#define __is_signed(x)                                                         \
	(__builtin_choose_expr(__is_constexpr(__below_one(x)), __below_one(x), \
			       0))
#define __is_natural(x) \
	(__builtin_choose_expr(__is_constexpr(x) && __is_signed(x), x, -1) >= 0)
#define __same_signs(x, y)                                                  \
	(__is_signed(x) == __is_signed(y) ||                                \
	 __is_signed((x) + 0) == __is_signed((y) + 0) || __is_natural(x) || \
	 __is_natural(y))

#define __cmp_once(op, x, y, ux, uy)                                         \
	({                                                                   \
		__typeof__(x) ux = (x);                                      \
		__typeof__(y) uy = (y);                                      \
		_Static_assert(__same_signs(x, y), "min() or max() of a "    \
						   "signed and an unsigned " \
						   "number: " #x ", " #y);   \
		ux op uy ? ux : uy;                                          \
	})
#define min(x, y) __cmp_once(<, x, y, __UNIQUE_ID(min_x_), __UNIQUE_ID(min_y_))
#define max(x, y) __cmp_once(>, x, y, __UNIQUE_ID(max_x_), __UNIQUE_ID(max_y_))
#define min3(x, y, z) min(min(x, y), z)
#define max3(x, y, z) max(max(x, y), z)
#define min_t(type, x, y) min((type)(x), (type)(y))
#define max_t(type, x, y) max((type)(x), (type)(y))
#define clamp(val, lo, hi) min(max(val, lo), hi)
#define clamp_t(type, val, lo, hi) clamp((type)(val), (type)(lo), (type)(hi))
#define clamp_val(val, lo, hi) clamp_t(__typeof__(val), val, lo, hi)

/* The smaller one that is not 0, if there is one. */
#define min_not_zero(x, y)                                             \
	({                                                             \
		__typeof__(x) min_nz_x_ = (x);                         \
		__typeof__(y) min_nz_y_ = (y);                         \
		!min_nz_x_ ? min_nz_y_                                 \
			   : (!min_nz_y_ ? min_nz_x_                   \
					 : min(min_nz_x_, min_nz_y_)); \
	})

/* For constants, also where no statement may be. */
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#define swap(a, b)                              \
	do {                                    \
		__typeof__(a) *swap_a_ = &(a);  \
		__typeof__(b) *swap_b_ = &(b);  \
		__typeof__(a) swap_ = *swap_a_; \
		*swap_a_ = *swap_b_;            \
		*swap_b_ = swap_;               \
	} while (0)

#endif
