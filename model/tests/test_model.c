/* SPDX-License-Identifier: GPL-2.0-only */
#include "table.h"

/* Setting up, sizes, mapping and where headers go: sections 1 to 6. */

/* Section 1: aligned in unbounded integers; what fails changes nothing. */
static void init_takes_what_fits(void **state)
{
	static const struct {
		uint64_t bytes;
		int refused, err;
		uint64_t size;
	} rows[] = {
		{0, 0, -MODEL_EINVAL, 0},
		{0, -MODEL_ENOMEM, -MODEL_EINVAL, 0},
		{UINT32_MAX, 0, -MODEL_EINVAL, 0}, /* 2^32 when aligned */
		{UINT32_MAX - 4094ull, 0, -MODEL_EINVAL, 0},
		{UINT64_MAX, 0, -MODEL_EINVAL, 0},
		{UINT32_MAX - 4095ull, -MODEL_EINVAL, -MODEL_EINVAL, 0},
		{UINT32_MAX - 4095ull, -1, -1, 0},
		{MODEL_HEAP_BYTES_MAX + 1, 0, -MODEL_ENOMEM, 0},
		{4096, -MODEL_ENOMEM, -MODEL_ENOMEM, 0},
		{MODEL_HEAP_BYTES_MAX, 0, 0, MODEL_HEAP_BYTES_MAX},
		{1, 0, 0, 4096},
		{4096, 0, 0, 4096},
		{4097, 0, 0, 8192},
	};
	struct model *m = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		model_reset(m, 4096, 8);
		assert_int_equal(model_init(m, rows[i].bytes, rows[i].refused),
				 rows[i].err);
		assert_int_equal(m->size, rows[i].size);
		expect_heap(m, "empty >0", "");
		expect_pages(m, 8, 0, 0);
	}
}

/* The cache works before there is a heap, and survives its set-up. */
static void before_init_only_the_cache_works(void **state)
{
	struct model *m = *state;

	model_reset(m, 4096, 8);
	model_topup(m, 5);
	expect_pages(m, 3, 5, 0);
	assert_int_equal(model_reclaimable(m), 5);
	refused(m, 0, -MODEL_E2BIG, 0);
	refused(m, UINT64_MAX, -MODEL_E2BIG, 0);
	assert_false(model_free(m, 16));
	assert_int_equal(model_reclaim(m, 2), 2);
	assert_int_equal(model_init(m, 0, 0), -MODEL_EINVAL);
	expect_pages(m, 5, 3, 0);
	assert_int_equal(model_init(m, 8192, 0), 0);
	expect_pages(m, 5, 3, 0);
	assert_int_equal(alloc(m, 0), 16);
	expect_pages(m, 5, 2, 1);
}

static void topup_gives_at_most_what_the_host_has(void **state)
{
	struct model *m = *state;

	world(m, 4096, 16, 8, 0);
	model_topup(m, 0);
	expect_pages(m, 8, 0, 0);
	model_topup(m, UINT64_MAX);
	expect_pages(m, 0, 8, 0);
	model_topup(m, 1);
	expect_pages(m, 0, 8, 0);
}

static void sizes_are_rounded_and_bounded(void **state)
{
	static const struct {
		uint64_t bytes;
		int64_t size;
	} rows[] = {
		{0, 16},
		{1, 16},
		{15, 16},
		{16, 16},
		{17, 32},
		{24544, 24544},
		{24545, 24560},
		{24560, 24560}, /* heap - 16 */
		{24561, -MODEL_E2BIG},
		{24576, -MODEL_E2BIG},
		{UINT32_MAX - 15ull, -MODEL_E2BIG},
		{UINT32_MAX, -MODEL_E2BIG}, /* 2^32 when rounded */
		{UINT32_MAX + 1ull, -MODEL_E2BIG},
		{UINT32_MAX + 17ull, -MODEL_E2BIG}, /* 16 in 32 bits */
		{UINT64_MAX, -MODEL_E2BIG},
	};
	struct model *m = *state;

	world(m, 4096, 6, 6, 6);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(model_size(m, rows[i].bytes), rows[i].size);
		if (rows[i].size < 0)
			refused(m, rows[i].bytes, -MODEL_E2BIG, 0);
	}
	assert_int_equal(alloc(m, 24545), 16);
	expect_heap(m, "0 used 24560", "######");
}

/*
 * Section 4: a header lies within a page, at its start or from 32 on.
 *
 *	[h a............][h b]    a fills the page: b's header on the boundary
 *	[h a...........h][b]      16 bytes left: they hold the header
 *	[h a............][..h b]  a ends 16 bytes into a page: 16 are skipped
 */
static void headers_keep_off_page_edges(void **state)
{
	static const struct {
		uint32_t page, a, b_header;
	} rows[] = {
		{4096, 4032, 4048},	 {4096, 4048, 4064},
		{4096, 4064, 4080},	 {4096, 4080, 4096},
		{4096, 4096, 4128},	 {4096, 4112, 4128},
		{4096, 4128, 4144},	 {16 * K, 16 * K - 32, 16 * K - 16},
		{16 * K, 4096, 4112},	 {16 * K, 16 * K, 16 * K + 32},
		{64 * K, 64 * K, 65568}, {64 * K, 16 * K, 16 * K + 16},
	};
	struct model *m = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		world(m, rows[i].page, 8, 8, 8);
		assert_int_equal(alloc(m, rows[i].a), 16);
		assert_int_equal(alloc(m, 1), rows[i].b_header + 16);
	}
}

/* Section 12: t1; alloc 5000. The page stays mapped, under no chunk. */
static void first_allocation_may_fail_half_way(void **state)
{
	struct model *m = *state;

	world(m, 4096, 16, 8, 1);
	refused(m, 5000, -MODEL_ENOMEM, 1);
	expect_heap(m, "empty >4096", "#");
	expect_pages(m, 7, 0, 1);
	assert_int_equal(model_reclaimable(m), 0);
	assert_int_equal(model_reclaim(m, UINT64_MAX), 0);
	expect_heap(m, "empty >4096", "#");

	/* the next one starts from there and may need less than there is */
	refused(m, 9000, -MODEL_ENOMEM, 2);
	model_topup(m, 1);
	refused(m, 9000, -MODEL_ENOMEM, 1);
	expect_heap(m, "empty >8192", "##");
	assert_int_equal(alloc(m, 100), 16);
	expect_heap(m, "0 used 112 >8192", "##");
}

static void first_allocation_may_fill_the_heap(void **state)
{
	struct model *m = *state;

	world(m, 4096, 2, 4, 1);
	refused(m, 8176, -MODEL_ENOMEM, 1);
	model_topup(m, 1);
	model_fail_map(m, 1);
	refused(m, 8176, -MODEL_ENOMEM, 0);
	expect_heap(m, "empty >4096", "#");
	assert_int_equal(alloc(m, 8176), 16);
	expect_heap(m, "0 used 8176", "##");
	refused(m, 0, -MODEL_E2BIG, 0);
}

/*
 * Section 5: topup_needed is the whole rest, from the mark as it is then.
 *
 *	before [a  ][   ][   ][   ][   ]  b needs four pages more, one is there
 *	after  [a  ][   ]                 a's mark is at 8192: three are asked
 */
static void an_empty_cache_asks_for_the_rest(void **state)
{
	struct model *m = *state;

	world(m, 4096, 16, 8, 2);
	assert_int_equal(alloc(m, 16), 16);
	expect_heap(m, "0 used 16 >4096", "#");
	refused(m, 16384, -MODEL_ENOMEM, 3);
	expect_heap(m, "0 used 16 >8192", "##");
	expect_pages(m, 6, 0, 2);
	model_topup(m, 3);
	assert_int_equal(alloc(m, 16384), 48);
	expect_heap(m, "0 used 16, 32 used 16384 >20480", "#####");
	expect_pages(m, 3, 0, 5);
}

/* A map that fails half-way keeps what it mapped, and asks for nothing. */
static void a_failed_map_gives_its_page_back(void **state)
{
	struct model *m = *state;

	world(m, 4096, 16, 8, 4);
	alloc(m, 16);
	model_fail_map(m, 2);
	refused(m, 8192, -MODEL_ENOMEM, 0);
	expect_heap(m, "0 used 16 >8192", "##");
	expect_pages(m, 4, 2, 2);
	assert_int_equal(alloc(m, 8192), 48);
	expect_heap(m, "0 used 16, 32 used 8192 >12288", "###");
}

/* An armed failure waits for a mapping: an empty cache does not use it up. */
static void an_armed_failure_waits_for_a_page(void **state)
{
	struct model *m = *state;

	world(m, 4096, 16, 8, 0);
	model_fail_map(m, 9);
	model_fail_map(m, 1); /* replaces it */
	refused(m, 16, -MODEL_ENOMEM, 1);
	model_topup(m, 1);
	refused(m, 16, -MODEL_ENOMEM, 0);
	expect_pages(m, 7, 1, 0);
	assert_int_equal(alloc(m, 16), 16);
}

/* Both are kept for each CPU, until they are read; success clears neither. */
static void errors_are_of_one_cpu(void **state)
{
	struct model *m = *state;
	uint32_t offset;

	world(m, 4096, 16, 8, 0);
	assert_int_equal(model_alloc(m, 0, UINT64_MAX, &offset), -MODEL_E2BIG);
	assert_int_equal(model_alloc(m, 3, 5000, &offset), -MODEL_ENOMEM);
	assert_int_equal(model_errno(m, 1), 0);
	assert_int_equal(model_need(m, 0), 0);
	model_topup(m, 2);
	assert_int_equal(model_alloc(m, 3, 16, &offset), 0);
	assert_int_equal(model_errno(m, 0), -MODEL_E2BIG);
	assert_int_equal(model_errno(m, 0), 0);
	assert_int_equal(model_errno(m, 3), -MODEL_ENOMEM);
	assert_int_equal(model_need(m, 3), 2);
	assert_int_equal(model_need(m, 3), 0);
}

/* An armed failure leaves an unread need as it was. */
static void a_failed_map_leaves_the_need_alone(void **state)
{
	struct model *m = *state;
	uint32_t offset;

	world(m, 4096, 16, 8, 0);
	model_alloc(m, 0, 5000, &offset);
	model_topup(m, 2);
	model_fail_map(m, 1);
	assert_int_equal(model_alloc(m, 0, 5000, &offset), -MODEL_ENOMEM);
	assert_int_equal(model_need(m, 0), 2);
}

/* Section 6: appended behind the tail's data; it takes the tail's hole. */
static void append_goes_behind_the_tail(void **state)
{
	struct model *m = *state;

	world(m, 4096, 3, 8, 8);
	assert_int_equal(alloc(m, 4080), 16);
	expect_heap(m, "0 used 4080 >4096", "#");
	assert_int_equal(alloc(m, 16), 4112); /* its header on the mark */
	expect_heap(m, "0 used 4080, 4096 used 16 >8192", "##");
	refused(m, 8145, -MODEL_E2BIG, 0); /* 16 bytes over the end */
	assert_int_equal(alloc(m, 8144), 4144);
	expect_heap(m, "0 used 4080, 4096 used 16, 4128 used 8144", "###");
	refused(m, 0, -MODEL_E2BIG, 0); /* the header itself is outside */
}

static void the_last_bytes_can_be_had(void **state)
{
	struct model *m = *state;

	world(m, 4096, 1, 8, 8);
	alloc(m, 4000);
	refused(m, 65, -MODEL_E2BIG, 0);
	assert_int_equal(alloc(m, 64), 4032);
	expect_heap(m, "0 used 4000, 4016 used 64", "#");
	expect_pages(m, 0, 7, 1);
}

static void big_pages(void **state)
{
	struct model *m = *state;

	world(m, 16 * K, 4, 8, 1);
	alloc(m, 16);
	refused(m, 40000, -MODEL_ENOMEM, 2);
	world(m, 64 * K, 4, 8, 1);
	alloc(m, 16);
	assert_int_equal(alloc(m, 40000), 48);
	expect_heap(m, "0 used 16, 32 used 40000 >65536", "#");
	refused(m, 70000, -MODEL_ENOMEM, 1);
}

/* ---- the model's own workings ------------------------------------------- */

static void reset_forgets_everything(void **state)
{
	struct model *m = *state;
	uint32_t offset;

	world(m, 4096, 16, 16, 10);
	alloc(m, 30000);
	model_fail_map(m, 3);
	model_alloc(m, 2, 60000, &offset);
	model_reset(m, 16 * K, 3);
	assert_int_equal(m->size, 0);
	expect_pages(m, 3, 0, 0);
	assert_int_equal(m->fail_map, 0);
	assert_int_equal(model_errno(m, 2), 0);
	assert_int_equal(model_need(m, 2), 0);
	assert_int_equal(model_init(m, 65536, 0), 0);
	expect_heap(m, "empty >0", "");
	for (uint32_t page = 0; page < 16; page++)
		assert_false(model_page_mapped(m, page));
}

static void pages_outside_are_not_mapped(void **state)
{
	struct model *m = *state;

	world(m, 4096, 1, 1, 1);
	alloc(m, 16);
	assert_true(model_page_mapped(m, 0));
	assert_false(model_page_mapped(m, 1));
	assert_false(model_page_mapped(m, UINT32_MAX));
}

/* The array grows, and everything in it moves along. */
static void more_chunks_than_at_first(void **state)
{
	struct model *m = *state;
	uint32_t last = 0;

	world(m, 4096, 64, 64, 64);
	for (uint32_t i = 0; i < 3000; i++) {
		uint32_t offset = alloc(m, 16);

		assert_true(offset > last);
		last = offset;
	}
	assert_int_equal(m->nr, 3000);
	assert_int_equal(model_chunks_used(m), 3000);
	assert_int_equal(last, 16 + 2999 * 32);

	/* every other one, then the rest */
	for (uint32_t i = 0; i < 3000; i += 2)
		assert_true(model_free(m, 16 + i * 32));
	assert_int_equal(m->nr, 3000);
	for (uint32_t i = 1; i < 3000; i += 2)
		assert_true(model_free(m, 16 + i * 32));
	assert_null(model_check(m));
	expect_heap(m, "0 free >98304", "########################");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		model_test(init_takes_what_fits),
		model_test(before_init_only_the_cache_works),
		model_test(topup_gives_at_most_what_the_host_has),
		model_test(sizes_are_rounded_and_bounded),
		model_test(headers_keep_off_page_edges),
		model_test(first_allocation_may_fail_half_way),
		model_test(first_allocation_may_fill_the_heap),
		model_test(an_empty_cache_asks_for_the_rest),
		model_test(a_failed_map_gives_its_page_back),
		model_test(an_armed_failure_waits_for_a_page),
		model_test(errors_are_of_one_cpu),
		model_test(a_failed_map_leaves_the_need_alone),
		model_test(append_goes_behind_the_tail),
		model_test(the_last_bytes_can_be_had),
		model_test(big_pages),
		model_test(reset_forgets_everything),
		model_test(pages_outside_are_not_mapped),
		model_test(more_chunks_than_at_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
