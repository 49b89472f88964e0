/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_ATOMIC_H
#define _LINUX_ATOMIC_H

#include <linux/types.h>
#include <allocator/hvc.h>

/* CPUs take turns here, and a step of one is a step for all. */
#define ATOMIC_INIT(i)         \
	{                      \
		.counter = (i) \
	}
#define ATOMIC64_INIT(i) ATOMIC_INIT(i)

/* name_read(), name_set(), ...: @v wraps, as the kernel's do. */
#define __ATOMIC_OPS(name, type, num)                                      \
	static inline __maybe_unused num name##_read(const type *v)        \
	{                                                                  \
		return READ_ONCE(v->counter);                              \
	}                                                                  \
	static inline __maybe_unused void name##_set(type *v, num i)       \
	{                                                                  \
		WRITE_ONCE(v->counter, i);                                 \
	}                                                                  \
	static inline __maybe_unused num name##_add_return(num i, type *v) \
	{                                                                  \
		num sum;                                                   \
                                                                           \
		(void)__builtin_add_overflow(v->counter, i, &sum);         \
		v->counter = sum;                                          \
		return sum;                                                \
	}                                                                  \
	static inline __maybe_unused num name##_sub_return(num i, type *v) \
	{                                                                  \
		num rest;                                                  \
                                                                           \
		(void)__builtin_sub_overflow(v->counter, i, &rest);        \
		v->counter = rest;                                         \
		return rest;                                               \
	}                                                                  \
	static inline __maybe_unused void name##_add(num i, type *v)       \
	{                                                                  \
		name##_add_return(i, v);                                   \
	}                                                                  \
	static inline __maybe_unused void name##_sub(num i, type *v)       \
	{                                                                  \
		name##_sub_return(i, v);                                   \
	}                                                                  \
	static inline __maybe_unused void name##_inc(type *v)              \
	{                                                                  \
		name##_add_return(1, v);                                   \
	}                                                                  \
	static inline __maybe_unused void name##_dec(type *v)              \
	{                                                                  \
		name##_sub_return(1, v);                                   \
	}                                                                  \
	static inline __maybe_unused bool name##_dec_and_test(type *v)     \
	{                                                                  \
		return !name##_sub_return(1, v);                           \
	}                                                                  \
	/* Return: what it was; @new went in if that was @old */           \
	static inline __maybe_unused num name##_cmpxchg(type *v, num old,  \
							num new_)          \
	{                                                                  \
		num was = READ_ONCE(v->counter);                           \
                                                                           \
		if (was == old)                                            \
			WRITE_ONCE(v->counter, new_);                      \
		return was;                                                \
	}

__ATOMIC_OPS(atomic, atomic_t, int)
__ATOMIC_OPS(atomic64, atomic64_t, s64)

#endif
