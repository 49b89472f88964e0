/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_CLEANUP_H
#define _LINUX_CLEANUP_H

#include <linux/compiler.h>

/*
 * guard(name)(args): take it now, drop it where the scope ends, on every path.
 * scoped_guard(name, args) statement: the same for one statement.
 * DEFINE_LOCK_GUARD_1() says how a name is taken and dropped.
 */
#define CLASS(name, var)                                    \
	class_##name##_t var __cleanup(class_##name##_drop) \
		__maybe_unused = class_##name##_take

#define guard(name) CLASS(name, __UNIQUE_ID(guard))

#define scoped_guard_(done, name, ...)                                  \
	for (CLASS(name, scope)(__VA_ARGS__), *done = (void *)0; !done; \
	     done = (void *)1)
#define scoped_guard(name, ...) \
	scoped_guard_(__UNIQUE_ID(done), name, __VA_ARGS__)

/*
 * DEFINE_FREE(name, type, statement): how a variable of @type, _T, is given up.
 * __free(name) before one: do that where its scope ends. no_free_ptr(p), or
 * return_ptr(p): not any more, somebody else has it.
 */
#define DEFINE_FREE(name, type, free_stmt)                       \
	static inline __maybe_unused void __free_##name(void *p) \
	{                                                        \
		type _T = *(type *)p;                            \
		free_stmt;                                       \
	}                                                        \
	_Static_assert(1, "")
#define __free(name) __cleanup(__free_##name)
#define no_free_ptr(p)                             \
	({                                         \
		__typeof__(p) *taken_at_ = &(p);   \
		__typeof__(p) taken_ = *taken_at_; \
		*taken_at_ = (void *)0;            \
		taken_;                            \
	})
#define return_ptr(p) return no_free_ptr(p)

#define DEFINE_LOCK_GUARD_1(name, type, lock_stmt, unlock_stmt)            \
	typedef struct {                                                   \
		type *lock;                                                \
	} class_##name##_t;                                                \
	static inline __maybe_unused class_##name##_t class_##name##_take( \
		type *l)                                                   \
	{                                                                  \
		class_##name##_t held = {.lock = l}, *_T = &held;          \
		lock_stmt;                                                 \
		return held;                                               \
	}                                                                  \
	static inline __maybe_unused void class_##name##_drop(             \
		class_##name##_t *_T)                                      \
	{                                                                  \
		unlock_stmt;                                               \
	}                                                                  \
	_Static_assert(1, "")

#endif
