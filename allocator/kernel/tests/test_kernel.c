/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel's headers under allocator/kernel mean: each test of
 * families.h in a world of its own, on CPU 2, with 4 pages donated and a range
 * of 4 pages reserved; at each page size.
 */
#include "allocator/heap.h"
#include "allocator/host/host.h"
#include "families.h"
#include "scripts/lib/test.h"

#include <string.h>

struct family_test {
	const char *name;
	const char *what; /* NULL: it must return */
};

#define HOLDS(name) {#name, NULL},
#define STOPS(name, what) {#name, what},
static const struct family_test tests[] = {KERNEL_TESTS(HOLDS, STOPS)};

#define TESTS (sizeof(tests) / sizeof(tests[0]))

static void set_up(uint32_t page_shift)
{
	const struct heap_config config = {
		.page_shift = page_shift, .pool_pages = 8, .cpus = 4};
	int err;

	heap_reset(&config);
	host_reset(config.pool_pages);
	heap_begin(100000);
	heap_set_cpu(2);
	assert_true(heap_init(4ul << page_shift, &err));
	assert_int_equal(err, 0);
	host_begin();
	assert_true(host_topup(4, &err));
	assert_int_equal(err, 0);
	heap_catch_signals(); /* cmocka has its own for each test */
}

static void run(uint64_t index, uint32_t page_shift)
{
	const struct family_test *test = &tests[index];
	uint64_t offset;
	bool got, returned;

	set_up(page_shift);
	returned = heap_alloc(index, &got, &offset);
	if (returned && test->what)
		fail_msg("%s returned, expected a stop: %s", test->name,
			 test->what);
	if (!returned && !test->what)
		fail_msg("%s, pages of 2^%u: not so: %s (%s)", test->name,
			 page_shift, heap_stop()->what, heap_stop()->where);
	if (!returned && !strstr(heap_stop()->what, test->what))
		fail_msg("%s: \"%s\" does not say \"%s\"", test->name,
			 heap_stop()->what, test->what);
}

static void one(void **state)
{
	const struct family_test *test = *state;

	for (uint32_t shift = 12; shift <= 16; shift += 2)
		run((uint64_t)(test - tests), shift);
}

int main(void)
{
	struct CMUnitTest units[TESTS];

	for (size_t i = 0; i < TESTS; i++)
		units[i] = (struct CMUnitTest){
			.name = tests[i].name,
			.test_func = one,
			.initial_state = (void *)&tests[i],
		};

	return _cmocka_run_group_tests("kernel", units, TESTS, NULL, NULL);
}
