/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The check of the commonest accesses, the loads of a list's walk, for the
 * compiler to put into the allocator, where no call saves registers.
 * Whatever is not simply allowed is access.c's to decide, from the beginning.
 *
 * Compiled for each page size to LLVM's bitcode, and linked with the
 * allocator's, whose calls are replaced by these bodies (CMakeLists.txt). Built
 * without debug information, so that what they call has the place of the
 * access. Other compilers' allocators call access.c for each access.
 *
 * Most loads are of a header of which a word was loaded just before: inline.py
 * tells each check what is known by then. Such a load is not counted; one in
 * each round of a loop is.
 */
/* of this program, not of a library: no table of addresses lies between */
#pragma GCC visibility push(hidden)
#include "access.h"

#define BLOCK_SHIFT (HYP_PAGE_SHIFT - 6)
#define INLINE UNSANITIZED __attribute__((always_inline))

/*
 * access_load4_first() and so on - Return: what is known of the next load: @at,
 * if it is plain. Words of 8 bytes are of the allocator's own data, mostly.
 *
 * access_load4() and so on - The same for a load of which something may be
 * known already.
 */
#define LOAD(bytes)                                                           \
	INLINE uintptr_t access_load##bytes##_first(uintptr_t at);            \
	INLINE uintptr_t access_load##bytes##_first(uintptr_t at)             \
	{                                                                     \
		if (bytes == 8 && access_is_own(at, bytes) && access_count()) \
			return ACCESS_UNKNOWN;                                \
		if (__builtin_expect(access_is_plain(at, bytes,               \
						     BLOCK_SHIFT) &&          \
					     access_count(),                  \
				     1))                                      \
			return at;                                            \
		if (((bytes == 4 && access_is_own(at, bytes)) ||              \
		     access_is_stack(at, bytes)) &&                           \
		    access_count())                                           \
			return ACCESS_UNKNOWN;                                \
		/* over the bound, it is so once more there */                \
		access_load##bytes##_rest(at);                                \
		return ACCESS_UNKNOWN;                                        \
	}                                                                     \
	INLINE uintptr_t access_load##bytes(uintptr_t at, uintptr_t known);   \
	INLINE uintptr_t access_load##bytes(uintptr_t at, uintptr_t known)    \
	{                                                                     \
		if (__builtin_expect(access_is_beside(at, bytes, known), 1))  \
			return known;                                         \
		return access_load##bytes##_first(at);                        \
	}                                                                     \
	INLINE void hyp_load##bytes(uintptr_t at);                            \
	INLINE void hyp_load##bytes(uintptr_t at)                             \
	{                                                                     \
		access_load##bytes##_first(at);                               \
	}                                                                     \
	INLINE void hyp_load##bytes##_noabort(uintptr_t at);                  \
	INLINE void hyp_load##bytes##_noabort(uintptr_t at)                   \
	{                                                                     \
		access_load##bytes##_first(at);                               \
	}

LOAD(4)
LOAD(8)

INLINE void backend_count_call(void)
{
	if (backend.host_side || backend.record.calls >= backend.calls_bound)
		access_count_call();
	else
		backend.record.calls++;
}
