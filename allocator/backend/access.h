/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_BACKEND_ACCESS_H
#define HYPHEAP_BACKEND_ACCESS_H

#include "asan.h"
#include "state.h"

/* The common accesses of the target: access.c, and inline.c, which is in it. */

/*
 * access_is_plain() - A load or store of a header's word: aligned, and so
 * within one block, which EL2 may touch and whose bytes are in memory.
 */
UNSANITIZED static inline bool access_is_plain(uintptr_t at, size_t bytes,
					       unsigned int block_shift)
{
	const uint64_t private = at - backend.window;

	return !(at & (bytes - 1)) && private < backend.plain_end &&
	       backend_ready[private >> block_shift];
}

/*
 * access_is_own() - Of data of who runs. The target is compiled without poison
 * between its variables.
 */
UNSANITIZED static inline bool access_is_own(uintptr_t at, size_t bytes)
{
	return !(at & (bytes - 1)) && at - backend.own < backend.own_bytes;
}

/*
 * access_is_stack() - Of the part of the stack that the target uses, where no
 * part of it is poisoned: the backend's frames are in it, too.
 */
#if defined(__x86_64__)
register uintptr_t access_sp __asm__("rsp");
#elif defined(__aarch64__)
register uintptr_t access_sp __asm__("sp");
#else
#define access_sp ((uintptr_t)__builtin_frame_address(0))
#endif

#if HYPHEAP_ASAN
extern uintptr_t access_shadow; /* where ASan has a byte for each 8 from 0 on */
#endif

UNSANITIZED static inline bool access_is_stack(uintptr_t at, size_t bytes)
{
	const uintptr_t sp = access_sp;

	if (at & (bytes - 1) || at - sp >= backend.stack_top - sp)
		return false;
#if HYPHEAP_ASAN
	return bytes <= 8 && !*(const uint8_t *)(access_shadow + (at >> 3));
#else
	return true;
#endif
}

/*
 * access_count() - One more. Return: whether it is within the bound. Wraps, or
 * the compiler would ask that of the value before, and keep both.
 */
UNSANITIZED static inline bool access_count(void)
{
	const uint64_t left = (uint64_t)backend.accesses_left - 1;

	backend.accesses_left = (int64_t)left;

	return (int64_t)left >= 0;
}

/* What a caller of these has in its registers stays there. */
#if defined(__clang__) && (defined(__x86_64__) || defined(__aarch64__))
#define ACCESS_KEEPS __attribute__((preserve_most))
#else
#define ACCESS_KEEPS
#endif

/* access_load4_rest() and so on - hyp_load4() for what inline.c cannot decide. */
ACCESS_KEEPS void access_load4_rest(uintptr_t at);
ACCESS_KEEPS void access_load8_rest(uintptr_t at);

#endif
