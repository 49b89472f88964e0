/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Our allocator, which writes where it should not when it is asked for certain
 * sizes: into the header of the first chunk, which is not looked at by the
 * allocator itself, or into the first object. By a store that the access check
 * sees, or past it.
 */
#include <linux/types.h>

#define hyp_alloc sound_hyp_alloc
#include <allocator/el2/alloc.c>
#undef hyp_alloc

void *hyp_alloc(size_t size);

static char *first; /* object in the heap */

#define UNSEEN __attribute__((no_sanitize("address", "kernel-address")))

#if defined(__clang__)
static void stray(volatile char *at)
{
	*at = *at ^ 1;
}
#else
/* Of a load and a store of one place gcc has the first checked only. */
static UNSEEN noinline char flipped(volatile char *at)
{
	return *at ^ 1;
}

static void stray(volatile char *at)
{
	*at = flipped(at);
}
#endif

static UNSEEN void stray_unseen(volatile char *at)
{
	*at = *at ^ 1;
}

void *hyp_alloc(size_t size)
{
	char *object = sound_hyp_alloc(size);

	if (!first)
		first = object;
	switch (size) {
	case 1008:
		stray(first - 4);
		break;
	case 1009:
		stray(first);
		break;
	case 1010:
		stray_unseen(first - 4);
		break;
	case 1011:
		stray_unseen(first);
		break;
	}

	return object;
}
