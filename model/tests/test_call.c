/* SPDX-License-Identifier: GPL-2.0-only */
#include "table.h"

/* The host's request loop: section 11. */

static void call_tops_up_what_is_asked(void **state)
{
	struct model *m = *state;
	uint32_t offset = 0, need = 99;

	world(m, 4096, 16, 8, 0);
	assert_int_equal(model_call(m, 1, 16384, 4, &offset, &need), 0);
	assert_int_equal(offset, 16);
	assert_int_equal(need, 0);
	assert_int_equal(model_errno(m, 1), 0);
	expect_pages(m, 3, 0, 5);
}

static void call_gives_up(void **state)
{
	static const struct {
		uint64_t bytes, fail;
		uint32_t pool;
		unsigned int tries;
		int err;
		uint32_t need, host, spare;
	} rows[] = {
		/* the host has too few: it gives none */
		{16384, 0, 4, 4, -MODEL_ENOMEM, 5, 4, 0},
		/* no try left, so no top-up either */
		{16384, 0, 8, 1, -MODEL_ENOMEM, 5, 8, 0},
		/* topped up, then the page table fails */
		{100, 1, 8, 4, -MODEL_ENOMEM, 0, 7, 1},
		{UINT64_MAX, 0, 8, 4, -MODEL_E2BIG, 0, 8, 0},
	};
	struct model *m = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint32_t offset, need = 99;

		world(m, 4096, 16, rows[i].pool, 0);
		model_fail_map(m, rows[i].fail);
		assert_int_equal(model_call(m, 0, rows[i].bytes, rows[i].tries,
					    &offset, &need),
				 rows[i].err);
		assert_int_equal(need, rows[i].need);
		expect_pages(m, rows[i].host, rows[i].spare, 0);
		assert_int_equal(model_errno(m, 0), 0);
		assert_int_equal(model_need(m, 0), 0);
	}
}

/* What was partly mapped counts at the second try. */
static void call_gets_further(void **state)
{
	struct model *m = *state;
	uint32_t offset, need;

	world(m, 4096, 16, 8, 2);
	assert_int_equal(model_call(m, 0, 16384, 2, &offset, &need), 0);
	expect_heap(m, "0 used 16384 >20480", "#####");
	expect_pages(m, 3, 0, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		model_test(call_tops_up_what_is_asked),
		model_test(call_gives_up),
		model_test(call_gets_further),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
