/* SPDX-License-Identifier: GPL-2.0-only */
#include "table.h"

/* What the host gets back, section 8, and what section 12 says of it. */

static void nothing_for_a_target_of_nothing(void **state)
{
	struct model *m = *state;

	world(m, 4096, 16, 8, 4);
	release(m, alloc(m, 5000));
	assert_int_equal(model_reclaim(m, 0), 0);
	expect_heap(m, "0 free >8192", "##");
	expect_pages(m, 4, 2, 2);
}

/* The sole chunk gives from the top, its header last. */
static void the_sole_chunk(void **state)
{
	struct model *m = *state;

	world(m, 4096, 16, 8, 5);
	release(m, alloc(m, 16384));
	expect_heap(m, "0 free >20480", "#####");
	assert_int_equal(model_reclaimable(m), 5);
	assert_int_equal(model_reclaim(m, 2), 2);
	expect_heap(m, "0 free >12288", "###");
	assert_int_equal(model_reclaim(m, 9), 3);
	expect_heap(m, "empty >0", "");
	expect_pages(m, 8, 0, 0);
	assert_int_equal(model_reclaim(m, 9), 0);

	/* at once, and mapped to the heap's end */
	world(m, 4096, 2, 8, 8);
	release(m, alloc(m, 8000));
	expect_heap(m, "0 free", "##");
	assert_int_equal(model_reclaim(m, 1), 1);
	expect_heap(m, "0 free >4096", "#");
	assert_int_equal(model_reclaim(m, UINT64_MAX), 7);
	expect_heap(m, "empty >0", "");
}

/* Pages in the cache do not count when it unmaps, only when it drains. */
static void a_target_is_unmapped_first(void **state)
{
	struct model *m = *state;

	world(m, 4096, 16, 8, 8);
	release(m, alloc(m, 16384));
	expect_pages(m, 0, 3, 5);
	assert_int_equal(model_reclaim(m, 2), 2);
	expect_pages(m, 2, 3, 3);
	assert_int_equal(model_reclaim(m, 4), 4);
	expect_pages(m, 6, 2, 0);
	assert_int_equal(model_reclaimable(m), 2);
	assert_int_equal(model_reclaim(m, 4), 2);
	expect_pages(m, 8, 0, 0);
}

/* The tail gives what lies behind its data, used or not. */
static void the_tail_gives_its_slack(void **state)
{
	struct model *m = *state;

	world(m, 4096, 16, 8, 4);
	alloc(m, 16);
	release(m, alloc(m, 8192));
	expect_heap(m, "0 used 16 >12288", "###");
	assert_int_equal(model_reclaim(m, UINT64_MAX), 3);
	expect_heap(m, "0 used 16 >4096", "#");

	/* unused: from the page behind its header on */
	world(m, 4096, 16, 8, 4);
	release(m, alloc(m, 8192));
	alloc(m, 16);
	alloc(m, 10000);
	release(m, 16);
	expect_heap(m, "0 free, 32 used 10000 >12288", "###");
}

/*
 *	A=4080 B=16 C=16    [A A][B C][..
 *
 * B then C: a free tail stays, with its header. C then B: it melts into A.
 */
static void the_order_of_frees_matters(void **state)
{
	static const struct {
		uint32_t first, second;
		uint64_t reclaimable;
		const char *chunks;
	} rows[] = {
		{4112, 4144, 2, "0 used 4080, 4096 free >8192"},
		{4144, 4112, 3, "0 used 4080 >8192"},
	};
	struct model *m = *state;

	for (size_t i = 0; i < 2; i++) {
		world(m, 4096, 16, 8, 4);
		assert_int_equal(alloc(m, 4080), 16);
		assert_int_equal(alloc(m, 16), 4112);
		assert_int_equal(alloc(m, 16), 4144);
		release(m, rows[i].first);
		release(m, rows[i].second);
		expect_heap(m, rows[i].chunks, "##");
		assert_int_equal(model_reclaimable(m), rows[i].reclaimable);
		assert_int_equal(model_reclaim(m, 99), rows[i].reclaimable);
	}
}

/*
 * A chunk without a hole keeps its last bytes: they become a chunk of their
 * own, unless the next header is on a page boundary.
 *
 *	before [a][free  |      |  ][c]
 *	after  [a][free  |..hole|f ][c]
 */
static void the_rest_becomes_a_chunk(void **state)
{
	static const struct {
		uint32_t b;
		const char *chunks, *pages;
	} rows[] = {
		/* c at 8192 */
		{8144, "0 used 16, 32 free >4096, 8192 used 16 >12288", "#.#"},
		/* c at 8224: 32 bytes are left, the least there can be */
		{8160,
		 "0 used 16, 32 free >4096, 8192 free, 8224 used 16 >12288",
		 "#.#"},
		{8192,
		 "0 used 16, 32 free >4096, 8192 free, 8240 used 16 >12288",
		 "#.#"},
		/* no whole page in it: 48..8160 holds none behind 4096 */
		{8112, "0 used 16, 32 free, 8160 used 16 >8192", "##"},
	};
	struct model *m = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint32_t b;

		world(m, 4096, 16, 8, 8);
		alloc(m, 16);
		b = alloc(m, rows[i].b);
		alloc(m, 16);
		release(m, b);
		model_reclaim(m, UINT64_MAX);
		assert_null(model_check(m));
		expect_heap(m, rows[i].chunks, rows[i].pages);
		/* nothing more to be had, and nothing underflows */
		assert_int_equal(model_reclaimable(m), 0);
		assert_int_equal(model_reclaim(m, UINT64_MAX), 0);
	}
}

/* The smallest rest can be allocated: 16 bytes in it, and best for 16. */
static void the_rest_can_be_used(void **state)
{
	struct model *m = *state;
	uint32_t b;

	world(m, 4096, 16, 8, 8);
	alloc(m, 16);
	b = alloc(m, 8160);
	alloc(m, 16);
	release(m, b);
	model_reclaim(m, UINT64_MAX);
	assert_int_equal(alloc(m, 16), 8208);
	expect_heap(m,
		    "0 used 16, 32 free >4096, 8192 used 16, "
		    "8224 used 16 >12288",
		    "#.#");
	release(m, 8208);
	expect_heap(m,
		    "0 used 16, 32 free >4096, 8192 free, "
		    "8224 used 16 >12288",
		    "#.#");
}

/* A chunk that has a hole gives from under it; no chunk is made. */
static void a_hole_grows_downwards(void **state)
{
	struct model *m = *state;
	uint32_t b;

	world(m, 4096, 16, 8, 7);
	alloc(m, 16);
	b = alloc(m, 20480);
	alloc(m, 16);
	release(m, b);
	assert_int_equal(model_reclaim(m, 1), 1);
	expect_heap(m,
		    "0 used 16, 32 free >16384, 20480 free, "
		    "20528 used 16 >24576",
		    "####.#");
	assert_int_equal(model_reclaim(m, 2), 2);
	expect_heap(m,
		    "0 used 16, 32 free >8192, 20480 free, "
		    "20528 used 16 >24576",
		    "##...#");
	assert_int_equal(model_reclaimable(m), 1 + 1);
}

/*
 * From the chunk with the most pages; ties go to the highest address.
 *
 *	[a][b: 1 page][c][d: 2 pages][e][f: 1 page][g]
 *	pages  1             3, 4           6
 */
static void spread(struct model *m)
{
	uint32_t b, d, f;

	world(m, 4096, 16, 8, 8);
	alloc(m, 16);
	b = alloc(m, 8192);
	alloc(m, 16);
	d = alloc(m, 12288);
	alloc(m, 16);
	f = alloc(m, 8192);
	alloc(m, 16);
	release(m, b);
	release(m, d);
	release(m, f);
	assert_int_equal(model_reclaimable(m), 4);
}

static void the_most_first_then_the_highest(void **state)
{
	static const struct {
		uint64_t target;
		const char *pages;
	} rows[] = {
		{1, "####.###"}, /* the top of d */
		{2, "###..###"}, /* all of d */
		{3, "###..#.#"}, /* f, above b */
		{4, "#.#..#.#"},
	};
	struct model *m = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		spread(m);
		assert_int_equal(model_reclaim(m, rows[i].target),
				 rows[i].target);
		expect_map(m, rows[i].pages);
	}
}

/* One by one d has no more than the others after its first. */
static void one_page_at_a_time(void **state)
{
	static const char *const pages[] = {
		"####.###", "####.#.#", /* f */
		"###..#.#",		/* d */
		"#.#..#.#",		/* b */
		"#.#..#.#",
	};
	struct model *m = *state;

	spread(m);
	for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++) {
		assert_int_equal(model_reclaim(m, 1), i < 4);
		expect_map(m, pages[i]);
	}
	expect_heap(m,
		    "0 used 16, 32 free >4096, 8192 free, 8240 used 16, "
		    "8272 free >12288, 20480 free, 20576 used 16, "
		    "20608 free >24576, 28672 free, 28816 used 16 >32768",
		    "#.#..#.#");
}

/* ---- section 12 --------------------------------------------------------- */

/*
 * A=16 B=8192 C=16; free B; reclaim all; free C; free A
 *
 *	[#][.][#]   nothing is in use, two pages stay
 */
static void stranded_pages(void **state)
{
	struct model *m = *state;

	world(m, 4096, 3, 8, 8);
	assert_int_equal(alloc(m, 16), 16);
	assert_int_equal(alloc(m, 8192), 48);
	assert_int_equal(alloc(m, 16), 8256);
	release(m, 48);
	assert_int_equal(model_reclaim(m, UINT64_MAX), 6);
	release(m, 8256);
	release(m, 16);
	expect_heap(m, "0 free >4096, 8192 free", "#.#");
	assert_int_equal(model_reclaimable(m), 0);
	refused(m, 3 * 4096 - 16, -MODEL_E2BIG, 0);
}

/* a16,(a8144,a16)*; free the big ones; reclaim; free the small ones */
static void half_of_all_pages_strand(void **state)
{
	struct model *m = *state;
	uint32_t big[20], small[21];

	world(m, 4096, 64, 64, 64);
	small[0] = alloc(m, 16);
	for (int i = 0; i < 20; i++) {
		big[i] = alloc(m, 8144);
		small[i + 1] = alloc(m, 16);
	}
	assert_int_equal(m->mapped, 41);
	for (int i = 0; i < 20; i++)
		release(m, big[i]);
	model_reclaim(m, UINT64_MAX);
	for (int i = 0; i < 21; i++)
		release(m, small[i]);
	assert_int_equal(model_chunks_used(m), 0);
	assert_int_equal(model_reclaimable(m), 0);
	assert_in_range(m->mapped, 20, 21);
}

/* ---- section 10: the self test, on a heap of six pages ------------------- */

static void self_test_allocates(struct model *m)
{
	uint32_t a, b, c;

	refused(m, 6 * 4096, -MODEL_E2BIG, 0);
	refused(m, UINT64_MAX, -MODEL_E2BIG, 0);
	assert_int_equal(a = alloc(m, 0), 16);
	b = alloc(m, 17);
	c = alloc(m, 0);
	assert_int_equal(c - b, 32 + 16);

	release(m, b); /* recycling */
	assert_int_equal(alloc(m, 32), b);

	release(m, b); /* forward merge and split */
	release(m, a);
	expect_heap(m, "0 free, 80 used 16 >4096", "#");
	assert_int_equal(alloc(m, 16), a);
	expect_heap(m, "0 used 16, 32 free, 80 used 16 >4096", "#");

	release(m, c); /* the tail, into the free one before it */
	expect_heap(m, "0 used 16, 32 free >4096", "#");
	release(m, a);
	expect_heap(m, "0 free >4096", "#");
}

static void self_test_of_the_series(void **state)
{
	struct model *m = *state;

	world(m, 4096, 6, 6, 6);
	self_test_allocates(m);
	assert_int_equal(alloc(m, 0), 16);
	assert_int_equal(alloc(m, 8192), 48);
	assert_int_equal(alloc(m, 0), 8256);
	assert_int_equal(alloc(m, 4096), 8288);
	expect_pages(m, 0, 2, 4);
	release(m, 8288);
	assert_int_equal(model_reclaim(m, 6), 3);
	release(m, 48);
	assert_int_equal(model_reclaim(m, 6), 1);
	expect_heap(m,
		    "0 used 16, 32 free >4096, 8192 free, "
		    "8240 used 16 >12288",
		    "#.#");
	refused(m, 4096, -MODEL_ENOMEM, 1);
	model_topup(m, 4);
	assert_int_equal(alloc(m, 4096), 48);
	release(m, 16);
	release(m, 48);
	release(m, 8256);
	expect_heap(m, "0 free >12288", "###");
	assert_int_equal(alloc(m, 6 * 4096 - 16), 16);
	expect_heap(m, "0 used 24560", "######");
	release(m, 16);
	assert_int_equal(model_reclaim(m, UINT64_MAX), 6);
	expect_heap(m, "empty >0", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		model_test(nothing_for_a_target_of_nothing),
		model_test(the_sole_chunk),
		model_test(a_target_is_unmapped_first),
		model_test(the_tail_gives_its_slack),
		model_test(the_order_of_frees_matters),
		model_test(the_rest_becomes_a_chunk),
		model_test(the_rest_can_be_used),
		model_test(a_hole_grows_downwards),
		model_test(the_most_first_then_the_highest),
		model_test(one_page_at_a_time),
		model_test(stranded_pages),
		model_test(half_of_all_pages_strand),
		model_test(self_test_of_the_series),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
