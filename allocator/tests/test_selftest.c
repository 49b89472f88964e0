/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The allocator's own self test, as the kernel runs it at boot: it asks for six
 * pages first, and then passes; at every page size.
 */
#include "allocator/heap.h"
#include "allocator/host/host.h"
#include "scripts/lib/test.h"

#include <errno.h>

#define POOL 16u

static struct heap_list host_pages(uint32_t first, uint32_t nr)
{
	struct heap_list list = {.head = 0, .nr = 0};

	for (uint32_t page = first; page < first + nr; page++) {
		heap_host_junk(page);
		heap_host_write(page, list.head);
		list.head = heap_page_phys(page);
		list.nr++;
	}

	return list;
}

static void selftest(uint32_t shift)
{
	const struct heap_config config = {
		.page_shift = shift, .pool_pages = POOL, .cpus = 1};
	struct heap_list list;
	struct heap_pages pages;
	struct heap_record record;
	uint32_t need;
	int err;

	heap_reset(&config);
	heap_begin(100000);

	list = host_pages(0, 2);
	assert_true(heap_selftest_topup(&list, &err));
	assert_int_equal(err, 0);
	assert_true(heap_selftest(&err));
	assert_int_equal(err, -ENOMEM);
	assert_true(heap_selftest_needed(&need));
	assert_int_equal(need, 4);

	list = host_pages(2, need);
	assert_true(heap_selftest_topup(&list, &err));
	assert_int_equal(err, 0);
	assert_true(heap_selftest(&err));
	assert_int_equal(err, 0);
	assert_true(heap_selftest_needed(&need));
	assert_int_equal(need, 0);

	/* Once more, on a fresh heap, though the first was left with a chunk */
	assert_true(heap_selftest(&err));
	assert_int_equal(err, -ENOMEM);
	assert_true(heap_selftest_needed(&need));
	list = host_pages(6, need);
	assert_true(heap_selftest_topup(&list, &err));
	assert_int_equal(err, 0);
	assert_true(heap_selftest(&err));
	assert_int_equal(err, 0);

	heap_pages(&pages);
	assert_int_equal(pages.host, POOL - 6 - need);
	assert_int_equal(pages.spare + pages.mapped, 6 + need);
	assert_int_equal(pages.transit, 0);
	heap_record(&record);
	assert_int_equal(record.locks, 0);
	assert_false(record.unwiped);
}

static void passes_with_4k_pages(void **state)
{
	(void)state;
	selftest(12);
}

static void passes_with_16k_pages(void **state)
{
	(void)state;
	selftest(14);
}

static void passes_with_64k_pages(void **state)
{
	(void)state;
	selftest(16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passes_with_4k_pages),
		cmocka_unit_test(passes_with_16k_pages),
		cmocka_unit_test(passes_with_64k_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
