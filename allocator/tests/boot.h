/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_TESTS_BOOT_H
#define HYPHEAP_TESTS_BOOT_H

/* What the tests of the hypercalls share. */
#include "allocator/heap.h"
#include "allocator/backend/memory.h"
#include "allocator/host/host.h"
#include "allocator/hvc.h"
#include "scripts/lib/test.h"

#include <errno.h>
#include <string.h>

#define PAGE 4096ul
#define POOL 64u
#define BOUND 10000000ul

/* A machine whose host still has (@privileged) or has given up its powers. */
static inline void boot(bool privileged, uint32_t heap_pages)
{
	const struct heap_config config = {
		.page_shift = 12, .pool_pages = POOL, .cpus = 2};
	int err;

	heap_reset(&config);
	if (privileged)
		host_boot(POOL);
	else
		host_reset(POOL);
	heap_begin(BOUND);
	assert_true(heap_init(heap_pages * PAGE, &err));
	assert_int_equal(err, 0);
}

static inline int boot_running(void **state)
{
	(void)state;
	boot(false, 16);

	return 0;
}

static inline int boot_privileged(void **state)
{
	(void)state;
	boot(true, 16);

	return 0;
}

/* x0..x17 before and after a hypercall. */
struct regs {
	unsigned long x[HVC_REGS];
};

/* A hypercall that EL2 knows, and that returns. */
static inline struct regs hvc(enum hvc nr, unsigned long x1, unsigned long x2,
			      unsigned long x3)
{
	struct regs regs = {.x = {HVC_BASE + nr, x1, x2, x3}};

	if (!heap_hvc(regs.x))
		fail_msg("hypercall %u did not return: %s: %s", nr,
			 heap_stop()->function, heap_stop()->what);
	assert_int_equal(regs.x[0], SMCCC_RET_SUCCESS);

	return regs;
}

#define ERR(errno) ((unsigned long)-(long)(errno))
#define assert_regs(r, x1, x2, x3)               \
	do {                                     \
		struct regs r_ = (r);            \
		assert_int_equal(r_.x[1], (x1)); \
		assert_int_equal(r_.x[2], (x2)); \
		assert_int_equal(r_.x[3], (x3)); \
	} while (0)

/* The string of a request: its type, then its pages, then all ones. */
static inline unsigned long request(unsigned long type, unsigned long pages)
{
	return type | pages << 8 | 0xfffffful << 40;
}

#define ONES (~0ul)
#define NO_REQUEST (ONES << 8)

static inline unsigned long phys(uint32_t page)
{
	return heap_page_phys(page);
}

/* Where the host has page @page. */
static inline unsigned long window(uint32_t page)
{
	return heap_page_host(page);
}

static inline uint32_t spare(void)
{
	struct heap_pages pages;

	heap_pages(&pages);
	assert_int_equal(pages.host + pages.spare + pages.mapped + pages.hyp,
			 POOL);

	return pages.spare;
}

/* Nothing of the host's is left with EL2, and its books say so, too. */
static inline void assert_all_back(void)
{
	struct heap_pages pages;
	struct heap_record record;

	heap_pages(&pages);
	assert_int_equal(pages.host, POOL);
	assert_int_equal(host_free(), POOL);
	assert_null(host_finding()->what);
	heap_record(&record);
	assert_int_equal(record.locks, 0);
	assert_false(record.unwiped);
	for (uint32_t page = 0; page < POOL; page++)
		assert_false(backend_page_flags(page) & PAGE_SHARED);
}

/* x1 after a hypercall. */
static inline unsigned long first(enum hvc nr, unsigned long x1,
				  unsigned long x2)
{
	return hvc(nr, x1, x2, 0).x[1];
}

static inline uint64_t reclaimable(void)
{
	uint64_t pages;

	assert_true(heap_reclaimable(&pages));

	return pages;
}

/* Everything has ended: all pages come back, to the last. */
static inline void assert_no_leak(void)
{
	uint64_t pages, expect = reclaimable();

	assert_true(host_reclaim(UINT64_MAX, &pages));
	assert_int_equal(pages, expect);
	assert_all_back();
}

/* Pages that the heap has of the host's: those of its chunks, and the cache. */
static inline uint32_t heap_pages_now(void)
{
	struct heap_pages pages;

	heap_pages(&pages);

	return pages.spare + pages.mapped;
}

#endif
