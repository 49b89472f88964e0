/* SPDX-License-Identifier: GPL-2.0-only */
#include "program_test.h"

/* The container, and what the header may say. */

static void values_in_range_stay(void **state)
{
	static const uint32_t shift[] = {12, 14, 16};
	struct prog prog, back;
	uint8_t data[PROG_HEADER];
	uint32_t i, pages;

	(void)state;
	prog_init(&prog);
	prog_init(&back);
	for (i = 0; i < 3; i++) {
		prog.world.page_shift = shift[i];
		for (pages = 1; pages <= prog_heap_pages_max(shift[i]);
		     pages++) {
			prog.world.heap_pages = pages;
			prog.world.pool_pages =
				pages < prog_pool_pages_max(shift[i])
					? prog_pool_pages_max(shift[i]) - pages
					: 0;
			prog.world.cpus = 1 + pages % 4;
			prog_encode(&prog, data, sizeof(data));
			prog_decode(&back, data, sizeof(data));
			assert_true(prog_equal(&prog, &back));
		}
	}
	assert_int_equal(prog_heap_pages_max(12), 32768);
	assert_int_equal(prog_pool_pages_max(12), 65535);
	assert_int_equal(prog_heap_pages_max(16), 2048);
	assert_int_equal(prog_pool_pages_max(16), 4096);
	prog_free(&prog);
	prog_free(&back);
}

static void containers(void **state)
{
	struct prog a, b;
	uint32_t i;

	(void)state;
	prog_init(&a);
	prog_init(&b);
	assert_true(prog_equal(&a, &b));
	for (i = 0; i < 1000; i++)
		prog_add(&a, (struct op){OP_TOPUP, 0, 0, .arg = i});
	a.world.swarm = 6;
	strcpy(a.expect, "pages/topup");
	assert_int_equal(a.nr, 1000);
	assert_true(a.cap < 2048);
	prog_copy(&b, &a);
	assert_true(prog_equal(&a, &b));
	assert_string_equal(b.expect, "pages/topup");
	b.ops[999].arg++;
	assert_false(prog_equal(&a, &b));
	b.ops[999].arg--;
	b.world.swarm = 4;
	assert_false(prog_equal(&a, &b));
	b.world.swarm = 6;
	b.nr--;
	assert_false(prog_equal(&a, &b));

	prog_clear(&b);
	assert_int_equal(b.nr, 0);
	assert_true(b.cap >= 1000);
	assert_string_equal(b.expect, "");
	prog_free(&a);
	assert_int_equal(a.cap, 0);
	prog_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_in_range_stay),
		cmocka_unit_test(containers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
