/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_MINMAX_H
#define _LINUX_MINMAX_H

/* Each argument is evaluated once; comparing different types is refused. */
#define __cmp_once(op, x, y, ux, uy)    \
	({                              \
		__typeof__(x) ux = (x); \
		__typeof__(y) uy = (y); \
		(void)(&ux == &uy);     \
		ux op uy ? ux : uy;     \
	})
#define min(x, y) __cmp_once(<, x, y, __UNIQUE_ID(min_x_), __UNIQUE_ID(min_y_))
#define max(x, y) __cmp_once(>, x, y, __UNIQUE_ID(max_x_), __UNIQUE_ID(max_y_))
#define min_t(type, x, y) min((type)(x), (type)(y))
#define max_t(type, x, y) max((type)(x), (type)(y))
#define clamp(val, lo, hi) min(max(val, lo), hi)

#endif
