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
 */
/* of this program, not of a library: no table of addresses lies between */
#pragma GCC visibility push(hidden)
#include "access.h"

#define BLOCK_SHIFT (HYP_PAGE_SHIFT - 6)
#define INLINE UNSANITIZED __attribute__((always_inline))

#define LOAD(name, bytes)                                              \
	INLINE void name(uintptr_t at);                                \
	INLINE void name(uintptr_t at)                                 \
	{                                                              \
		if (__builtin_expect(access_is_plain(at, bytes,        \
						     BLOCK_SHIFT) ||   \
					     access_is_own(at, bytes), \
				     1) &&                             \
		    __builtin_expect(access_count(), 1))               \
			return;                                        \
		/* over the bound, it is so once more there */         \
		access_load##bytes##_rest(at);                         \
	}

LOAD(hyp_load4, 4)
LOAD(hyp_load8, 8)
LOAD(hyp_load4_noabort, 4)
LOAD(hyp_load8_noabort, 8)

INLINE void backend_count_call(void)
{
	if (backend.host_side || backend.record.calls >= backend.calls_bound)
		access_count_call();
	else
		backend.record.calls++;
}
