/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_BUILD_BUG_H
#define _LINUX_BUILD_BUG_H

/* Statements; static_assert() is what stands outside of functions. */
#define BUILD_BUG_ON_MSG(cond, msg)           \
	do {                                  \
		_Static_assert(!(cond), msg); \
	} while (0)
#define BUILD_BUG_ON(cond) BUILD_BUG_ON_MSG(cond, "BUILD_BUG_ON failed: " #cond)
#define BUILD_BUG_ON_NOT_POWER_OF_2(n) \
	BUILD_BUG_ON((n) == 0 || (((n) & ((n)-1)) != 0))
#define BUILD_BUG() BUILD_BUG_ON_MSG(1, "BUILD_BUG failed")
/* 0, as an expression. */
#define BUILD_BUG_ON_ZERO(cond) ((int)sizeof(struct { int : (-!!(cond)); }))
#define static_assert(expr, ...) _Static_assert(expr, #expr)

#endif
