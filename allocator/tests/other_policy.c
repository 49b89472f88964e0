/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Our allocator with another placement policy: an object of its own lies first
 * in the heap, for good. All that any allocator must keep it keeps.
 */
#define hyp_alloc hyp_alloc_behind
#include <allocator/el2/alloc.c>
#undef hyp_alloc

static DEFINE_HYP_SPINLOCK(first_lock);
static void *first;

/* What can never be had is refused as ever. */
void *hyp_alloc(size_t size)
{
	if (!first && size <= (1UL << 20)) {
		hyp_spin_lock(&first_lock);
		first = hyp_alloc_behind(16);
		hyp_spin_unlock(&first_lock);
		if (!first)
			return NULL;
	}

	return hyp_alloc_behind(size);
}
