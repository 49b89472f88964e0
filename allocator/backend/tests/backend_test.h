/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_BACKEND_TEST_H
#define HYPHEAP_BACKEND_TEST_H

#include "allocator/backend/memory.h"
#include "scripts/lib/test.h"

#include <errno.h>
#include <string.h>

/*
 * A small world for the tests of the fake EL2 memory:
 *
 * physical: page n of the pool is at BASE + n * PAGE
 * linear: where EL2 sees what it owns and has not mapped
 * private: the ranges in which EL2 maps
 */

#define SHIFT 12u
#define PAGE (1ul << SHIFT)
#define POOL 8u

/* What the target would call for its loads and stores. */
void hyp_load8(uintptr_t at);
void hyp_store8(uintptr_t at);
void hyp_storeN(uintptr_t at, size_t bytes);
void *hyp_memset(void *to, int byte, size_t bytes);
void *hyp_memcpy(void *to, const void *from, size_t bytes);
void *hyp_memmove(void *to, const void *from, size_t bytes);
int hyp_memcmp(const void *a, const void *b, size_t bytes);

static jmp_buf out;

/* Does @call end in a panic, fault or hang? */
#define ENDS(call)                                                     \
	({                                                             \
		backend.stop.end = BACKEND_RUNNING;                    \
		if (!_setjmp(out)) {                                   \
			backend.out = &out;                            \
			backend.stack_top =                            \
				(uintptr_t)__builtin_frame_address(0); \
			call;                                          \
			backend.out = NULL;                            \
		}                                                      \
		backend.stop.end;                                      \
	})

static inline unsigned long pfn(uint32_t page)
{
	return backend_page_phys(page) >> SHIFT;
}

static inline unsigned long linear(uint32_t page)
{
	return backend_phys_to_virt(backend_page_phys(page));
}

static inline int fresh(void **state)
{
	(void)state;
	backend_reset(SHIFT, POOL, 4);
	backend_begin(1000000);

	return 0;
}

/* Page @page is EL2's, full of @byte, and mapped at the start of range 0. */
static inline unsigned long map_one(uint32_t page, int byte)
{
	unsigned long va;

	assert_int_equal(backend_reserve(4 * PAGE, &va), 0);
	assert_int_equal(backend_donate_hyp(pfn(page), 1), 0);
	hyp_memset((void *)linear(page), byte, PAGE);
	assert_int_equal(backend_map_range(va, backend_page_phys(page), PAGE),
			 0);

	return va;
}

/* A byte of the arena as it is: to a plain look it is poisoned. */
static inline uint8_t byte_at(unsigned long at)
{
	uint8_t byte;

	raw_copy(&byte, (void *)at, 1);

	return byte;
}

#endif
