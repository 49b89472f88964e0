/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_OVERFLOW_H
#define _LINUX_OVERFLOW_H

#include <linux/types.h>

/* True if the result did not fit *d, which has what is left of it. */
#define check_add_overflow(a, b, d) __builtin_add_overflow(a, b, d)
#define check_sub_overflow(a, b, d) __builtin_sub_overflow(a, b, d)
#define check_mul_overflow(a, b, d) __builtin_mul_overflow(a, b, d)

/* Sizes that stop at SIZE_MAX, which no allocator has. */
static inline __maybe_unused size_t size_add(size_t a, size_t b)
{
	size_t sum;

	return __builtin_add_overflow(a, b, &sum) ? SIZE_MAX : sum;
}

static inline __maybe_unused size_t size_mul(size_t a, size_t b)
{
	size_t product;

	return __builtin_mul_overflow(a, b, &product) ? SIZE_MAX : product;
}

/* SIZE_MAX stays what it is. */
static inline __maybe_unused size_t size_sub(size_t a, size_t b)
{
	size_t rest;

	if (a == SIZE_MAX || b == SIZE_MAX ||
	    __builtin_sub_overflow(a, b, &rest))
		return SIZE_MAX;

	return rest;
}

#define array_size(a, b) size_mul(a, b)
#define array3_size(a, b, c) size_mul(size_mul(a, b), c)

/* Bytes of @n members of a flexible array; and of all, with what is before. */
#define flex_array_size(p, member, n) size_mul(n, sizeof(*(p)->member))
#define struct_size(p, member, n) \
	size_add(sizeof(*(p)), flex_array_size(p, member, n))
#define struct_size_t(type, member, n) struct_size((type *)0, member, n)

#endif
