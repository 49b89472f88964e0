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

/* So many bytes from a multiple of as many on are in one block. */
#define GRANULE 16ul

/*
 * access_load4_first() and so on - @offset: of @at from the pointer that the
 * code has. Return: whether that points to a granule which is plain as @at is.
 * Words of 8 bytes are of the allocator's own data, mostly.
 *
 * access_load4() and so on - @known: what such a check of the same pointer
 * returned; nothing has happened since but loads and stores.
 */
#define LOAD(bytes)                                                           \
	INLINE uintptr_t access_load##bytes##_first(uintptr_t at,             \
						    uintptr_t offset);        \
	INLINE uintptr_t access_load##bytes##_first(uintptr_t at,             \
						    uintptr_t offset)         \
	{                                                                     \
		if (bytes == 8 && access_is_own(at, bytes) && access_count()) \
			return 0;                                             \
		if (__builtin_expect(access_is_plain(at, bytes,               \
						     BLOCK_SHIFT) &&          \
					     access_count(),                  \
				     1))                                      \
			return offset < GRANULE &&                            \
			       !((at ^ offset) & (GRANULE - 1));              \
		if (((bytes == 4 && access_is_own(at, bytes)) ||              \
		     access_is_stack(at, bytes)) &&                           \
		    access_count())                                           \
			return 0;                                             \
		/* over the bound, it is so once more there */                \
		access_load##bytes##_rest(at);                                \
		return 0;                                                     \
	}                                                                     \
	INLINE uintptr_t access_load##bytes(uintptr_t at, uintptr_t offset,   \
					    uintptr_t known);                 \
	INLINE uintptr_t access_load##bytes(uintptr_t at, uintptr_t offset,   \
					    uintptr_t known)                  \
	{                                                                     \
		if (__builtin_expect(known && offset < GRANULE &&             \
					     !(offset & (bytes - 1)),         \
				     1))                                      \
			return known;                                         \
		return access_load##bytes##_first(at, offset);                \
	}                                                                     \
	INLINE void hyp_load##bytes(uintptr_t at);                            \
	INLINE void hyp_load##bytes(uintptr_t at)                             \
	{                                                                     \
		access_load##bytes##_first(at, GRANULE);                      \
	}                                                                     \
	INLINE void hyp_load##bytes##_noabort(uintptr_t at);                  \
	INLINE void hyp_load##bytes##_noabort(uintptr_t at)                   \
	{                                                                     \
		access_load##bytes##_first(at, GRANULE);                      \
	}

LOAD(4)
LOAD(8)
