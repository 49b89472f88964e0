/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_MATH_H
#define _LINUX_MATH_H

#include <linux/align.h>

/* Each argument is evaluated once. To a power of two: */
#define round_up(x, y) ALIGN(x, y)
#define round_down(x, y) ALIGN_DOWN(x, y)

#define __DIV_UP(n, d) (((n) + (d)-1) / (d))

static inline __maybe_unused u64 __div_up_u64(u64 n, u64 d)
{
	return __DIV_UP(n, d);
}

static inline __maybe_unused s64 __div_up_s64(s64 n, s64 d)
{
	return __DIV_UP(n, d);
}

#define __IS_SIGNED(x) ((__typeof__(x))-1 < (__typeof__(x))1)

/* Of constants a constant expression, so that it may size an array. */
#define DIV_ROUND_UP(n, d)                                                \
	__builtin_choose_expr(                                            \
		__builtin_constant_p(n) && __builtin_constant_p(d),       \
		__DIV_UP(n, d),                                           \
		(__typeof__((n) / (d)))(__IS_SIGNED((n) / (d))            \
						? (u64)__div_up_s64(n, d) \
						: __div_up_u64(n, d)))
#define DIV_ROUND_UP_ULL(n, d) \
	DIV_ROUND_UP((unsigned long long)(n), (unsigned long long)(d))
#define DIV_ROUND_DOWN_ULL(n, d) ((unsigned long long)(n) / (d))

/* Inside functions. Of numbers that are not negative: */
#define DIV_ROUND_CLOSEST(n, d)                    \
	({                                         \
		__typeof__(n) math_n_ = (n);       \
		__typeof__(d) math_d_ = (d);       \
		(math_n_ + math_d_ / 2) / math_d_; \
	})
#define roundup(x, y)                              \
	({                                         \
		const __typeof__(y) math_y_ = (y); \
		__DIV_UP(x, math_y_) * math_y_;    \
	})
#define rounddown(x, y)                      \
	({                                   \
		__typeof__(x) math_x_ = (x); \
		math_x_ - math_x_ % (y);     \
	})
#define abs(x)                                          \
	({                                              \
		__typeof__(x) math_abs_ = (x);          \
		math_abs_ < 0 ? -math_abs_ : math_abs_; \
	})

#endif
