/* SPDX-License-Identifier: GPL-2.0-only */
#include "table.h"

/* Which chunk is reused, when it is split, and what a free merges: 6, 7. */

/*
 * Section 13.1: pages that are missing count before size.
 *
 *	[A][B 12288, 2 pages missing][C][D 20480, all mapped][E]
 *
 * 8192 bytes go into D, although B is smaller.
 */
static void fewest_missing_pages_first(void **state)
{
	struct model *m = *state;
	uint32_t b, d;

	world(m, 4096, 16, 64, 20);
	alloc(m, 16);
	b = alloc(m, 12288);
	alloc(m, 16);
	d = alloc(m, 20480);
	alloc(m, 16);
	release(m, b);
	assert_int_equal(model_reclaim(m, UINT64_MAX), 13);
	expect_heap(m,
		    "0 used 16, 32 free >4096, 12288 free, 12336 used 16, "
		    "12368 used 20480, 32864 used 16 >36864",
		    "#..######");
	model_topup(m, 20);
	release(m, d);
	assert_int_equal(alloc(m, 8192), 12384);
	expect_pages(m, 64 - 7 - 20, 20, 7);
	expect_heap(m,
		    "0 used 16, 32 free >4096, 12288 free, 12336 used 16, "
		    "12368 used 8192, 20576 free, 32864 used 16 >36864",
		    "#..######");
}

/* Among those that miss equally many: the smallest, then the lowest. */
static void then_size_then_address(void **state)
{
	static const struct {
		uint32_t first, second, ask, at;
	} rows[] = {
		{64, 64, 64, 48},  {64, 64, 16, 48},  {128, 64, 64, 224},
		{128, 64, 80, 48}, {64, 128, 64, 48}, {64, 128, 80, 160},
		{64, 64, 80, 272}, /* none fits: appended */
	};
	struct model *m = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint32_t b, d;

		world(m, 4096, 4, 4, 4);
		alloc(m, 16);
		b = alloc(m, rows[i].first);
		alloc(m, 16);
		d = alloc(m, rows[i].second);
		alloc(m, 16);
		release(m, b);
		release(m, d);
		assert_int_equal(alloc(m, rows[i].ask), rows[i].at);
	}
}

/*
 * Missing bytes count in whole pages: 64 short is as much as a page short.
 *
 *	[a][b: 4048 mapped][.][f][c][d: 64 mapped][.][f][e]
 *
 * 4112 bytes miss 64 in b and 4048 in d, so the smaller one, d, is taken.
 */
static void missing_is_counted_in_pages(void **state)
{
	struct model *m = *state;
	uint32_t b, d;

	world(m, 4096, 16, 16, 16);
	alloc(m, 16);
	b = alloc(m, 8192);
	alloc(m, 3952);
	d = alloc(m, 8112);
	alloc(m, 16);
	release(m, b);
	release(m, d);
	model_reclaim(m, UINT64_MAX);
	expect_heap(m,
		    "0 used 16, 32 free >4096, 8192 free, 8240 used 3952, "
		    "12208 free >12288, 16384 free, 20336 used 16 >20480",
		    "#.#.#");
	model_topup(m, 1);
	assert_int_equal(alloc(m, 4112), d);
	expect_map(m, "#.###");
}

/*
 * The tail is reused whole, wherever its data ends.
 *
 *	before [a][free, the tail.....]
 *	after  [a][b...]
 */
static void the_tail_is_never_split(void **state)
{
	struct model *m = *state;
	uint32_t a, b, c;

	world(m, 4096, 4, 4, 4);
	a = alloc(m, 16);
	b = alloc(m, 8000);
	c = alloc(m, 16);
	release(m, b);
	release(m, c); /* b absorbs it */
	expect_heap(m, "0 used 16, 32 free >8192", "##");
	assert_int_equal(alloc(m, 100), b);
	expect_heap(m, "0 used 16, 32 used 112 >8192", "##");
	assert_int_equal(m->last_used, 160);
	assert_int_equal(alloc(m, 16), 176);
	assert_int_equal(a, 16);
}

/* Another chunk is split if what is left holds a chunk of 32 bytes. */
static void a_split_leaves_a_chunk_or_nothing(void **state)
{
	static const struct {
		uint32_t ask;
		const char *chunks;
	} rows[] = {
		{16, "0 used 16, 32 used 16, 64 free, 112 used 16 >4096"},
		{32, "0 used 16, 32 used 32, 80 free, 112 used 16 >4096"},
		{33, "0 used 16, 32 used 48, 112 used 16 >4096"},
		{64, "0 used 16, 32 used 64, 112 used 16 >4096"},
	};
	struct model *m = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint32_t b;

		world(m, 4096, 4, 4, 4);
		alloc(m, 16);
		b = alloc(m, 64);
		alloc(m, 16);
		release(m, b);
		assert_int_equal(alloc(m, rows[i].ask), b);
		expect_heap(m, rows[i].chunks, "#");
	}
}

/* A split's header obeys section 4, and may then not fit any more. */
static void a_split_keeps_off_page_edges(void **state)
{
	struct model *m = *state;
	uint32_t b;

	/* [0, 32) a, b's data 48..4160, c's header at 4160 */
	world(m, 4096, 4, 4, 4);
	alloc(m, 16);
	b = alloc(m, 4112);
	alloc(m, 16);
	release(m, b);
	/* ends at 4112: the split goes to 4128, 32 bytes are just left */
	assert_int_equal(alloc(m, 4064), b);
	expect_heap(m, "0 used 16, 32 used 4064, 4128 free, 4160 used 16 >8192",
		    "##");
	release(m, b);
	expect_heap(m, "0 used 16, 32 free, 4160 used 16 >8192", "##");
	/* ends at 4096: the split goes there */
	assert_int_equal(alloc(m, 4048), b);
	expect_heap(m, "0 used 16, 32 used 4048, 4096 free, 4160 used 16 >8192",
		    "##");

	/* one slot less: at 4128 it does not fit, the chunk goes whole */
	world(m, 4096, 4, 4, 4);
	alloc(m, 16);
	b = alloc(m, 4096);
	alloc(m, 16);
	release(m, b);
	assert_int_equal(alloc(m, 4064), b);
	expect_heap(m, "0 used 16, 32 used 4064, 4144 used 16 >8192", "##");
}

/*
 * A free chunk with a hole: mapped to 8192, the hole ends at 20480.
 *
 *	[a][free....|....hole....][free][c]
 */
static void with_hole(struct model *m, uint32_t spare)
{
	uint32_t b;

	world(m, 4096, 16, 8, 6);
	alloc(m, 16);
	b = alloc(m, 20480);
	alloc(m, 16);
	release(m, b);
	assert_int_equal(model_reclaim(m, 3), 3);
	model_topup(m, spare);
	expect_heap(m,
		    "0 used 16, 32 free >8192, 20480 free, "
		    "20528 used 16 >24576",
		    "##...#");
	expect_pages(m, 5 - spare, spare, 3);
}

/*
 * Where a split on the mark is legal it is mapped too: 8144 bytes end at 8192
 * and miss no page, but the header behind them does. If that page cannot be
 * had the allocation fails; it is not tried again without the split.
 */
static void a_split_may_cost_a_page(void **state)
{
	struct model *m = *state;

	with_hole(m, 0);
	refused(m, 8144, -MODEL_ENOMEM, 1);
	model_topup(m, 1);
	model_fail_map(m, 1);
	refused(m, 8144, -MODEL_ENOMEM, 0);
	assert_int_equal(alloc(m, 8144), 48);
	expect_heap(m,
		    "0 used 16, 32 used 8144, 8192 free >12288, 20480 free, "
		    "20528 used 16 >24576",
		    "###..#");
}

/*
 * Judged before mapping: behind the mark a split is not legal, even if mapping
 * the data moves the mark behind it. The whole chunk is handed out, its hole
 * with it.
 */
static void no_split_behind_the_mark(void **state)
{
	struct model *m = *state;
	uint32_t b;

	with_hole(m, 4);
	b = alloc(m, 8160); /* ends at 8208; the split would be at 8224 */
	assert_int_equal(b, 48);
	expect_heap(m,
		    "0 used 16, 32 used 8160 >12288, 20480 free, "
		    "20528 used 16 >24576",
		    "###..#");
	assert_int_equal(model_reclaimable(m), 3); /* the spare ones only */

	/* it gets it back with the hole, which keeps it from its neighbour */
	release(m, b);
	expect_heap(m,
		    "0 used 16, 32 free >12288, 20480 free, "
		    "20528 used 16 >24576",
		    "###..#");
	assert_int_equal(model_reclaimable(m), 3 + 2);
}

/* What a failing reuse mapped stays; the whole rest is asked for. */
static void a_failed_reuse_keeps_its_pages(void **state)
{
	struct model *m = *state;

	with_hole(m, 1);
	refused(m, 20000, -MODEL_ENOMEM, 2);
	expect_heap(m,
		    "0 used 16, 32 free >12288, 20480 free, "
		    "20528 used 16 >24576",
		    "###..#");
	model_topup(m, 2);
	assert_int_equal(alloc(m, 20432), 48); /* reaches E: no hole */
	expect_heap(m,
		    "0 used 16, 32 used 20432, 20480 free, "
		    "20528 used 16 >24576",
		    "######");
}

/* ---- free, section 7 ---------------------------------------------------- */

/*
 *	[a][b][c][d][e]   five of 16 bytes, at 16, 48, 80, 112, 144
 */
static void frees_merge(void **state)
{
	static const struct {
		const char *order;
		const char *chunks;
	} rows[] = {
		/* alone */
		{"b", "0 used 16, 32 free, 64 used 16, 96 used 16, "
		      "128 used 16 >4096"},
		/* forward, backward, both */
		{"cb", "0 used 16, 32 free, 96 used 16, 128 used 16 >4096"},
		{"bc", "0 used 16, 32 free, 96 used 16, 128 used 16 >4096"},
		{"bdc", "0 used 16, 32 free, 128 used 16 >4096"},
		{"dbc", "0 used 16, 32 free, 128 used 16 >4096"},
		{"a", "0 free, 32 used 16, 64 used 16, 96 used 16, "
		      "128 used 16 >4096"},
		{"ba", "0 free, 64 used 16, 96 used 16, 128 used 16 >4096"},
		/* the tail melts, into used and unused */
		{"e", "0 used 16, 32 used 16, 64 used 16, 96 used 16 >4096"},
		{"de", "0 used 16, 32 used 16, 64 used 16, 96 free >4096"},
		{"ed", "0 used 16, 32 used 16, 64 used 16 >4096"},
		/* one step each: d with e melts into c, a and b stay apart */
		{"ced", "0 used 16, 32 used 16, 64 free >4096"},
		{"edcba", "0 free >4096"},
		{"abcde", "0 free >4096"},
		{"aecbd", "0 free >4096"},
	};
	struct model *m = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		world(m, 4096, 4, 4, 4);
		for (int n = 0; n < 5; n++)
			assert_int_equal(alloc(m, 16), 16 + n * 32);
		for (const char *c = rows[i].order; *c; c++)
			release(m, (uint32_t)(16 + (*c - 'a') * 32));
		expect_heap(m, rows[i].chunks, "#");
	}
}

/*
 * The used prev that took the free tail ends where that had its header.
 *
 *	before [a .........][   ][b][..hole
 *	after  [a .........]....[......hole    last_used: b's header
 */
static void a_melted_tail_leaves_its_address(void **state)
{
	struct model *m = *state;

	world(m, 4096, 4, 4, 4);
	assert_int_equal(alloc(m, 4096), 16);
	assert_int_equal(m->last_used, 4112);
	release(m, alloc(m, 5000)); /* its header is at 4128 */
	expect_heap(m, "0 used 4096 >12288", "###");
	assert_int_equal(m->last_used, 4128);
	assert_int_equal(model_reclaimable(m), 1 + 1);
	assert_int_equal(alloc(m, 16), 4144);
}

/* Neither way across a hole. */
static void a_hole_keeps_chunks_apart(void **state)
{
	struct model *m = *state;
	uint32_t b;

	with_hole(m, 5);
	b = alloc(m, 8160);
	release(m, 20544); /* c melts into the free one before it, no further */
	expect_heap(m, "0 used 16, 32 used 8160 >12288, 20480 free >24576",
		    "###..#");
	release(m, b);
	expect_heap(m, "0 used 16, 32 free >12288, 20480 free >24576",
		    "###..#");
	release(m, 16);
	expect_heap(m, "0 free >12288, 20480 free >24576", "###..#");
}

/* Section 7: fatal, and nothing changed. */
static void misuse_is_fatal(void **state)
{
	struct model *m = *state;
	uint32_t freed;

	world(m, 4096, 2, 8, 8);
	assert_false(model_free(m, 16)); /* nothing is there yet */
	alloc(m, 64);
	freed = alloc(m, 16);
	alloc(m, 16);
	release(m, freed);

	const uint64_t wrong[] = {
		0,
		1,
		8,
		15,
		17,
		24,
		32, /* inside */
		freed - 16,
		freed, /* twice */
		freed + 8,
		4096,
		8176,
		8192,		   /* the end */
		16 + (1ull << 32), /* 16 in 32 bits */
		UINT64_MAX,
		UINT64_MAX - 15,
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_false(model_free(m, wrong[i]));
		expect_heap(m, "0 used 64, 80 free, 112 used 16 >4096", "#");
		expect_pages(m, 0, 7, 1);
	}
}

/* A melted chunk's address is nobody's, even inside the free space. */
static void misuse_of_a_melted_chunk(void **state)
{
	struct model *m = *state;

	world(m, 4096, 2, 8, 8);
	alloc(m, 16);
	alloc(m, 16);
	release(m, 48);
	assert_false(model_free(m, 48));
	assert_int_equal(alloc(m, 16), 48); /* served again: the ABA case */
	release(m, 48);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		model_test(fewest_missing_pages_first),
		model_test(then_size_then_address),
		model_test(missing_is_counted_in_pages),
		model_test(the_tail_is_never_split),
		model_test(a_split_leaves_a_chunk_or_nothing),
		model_test(a_split_keeps_off_page_edges),
		model_test(a_split_may_cost_a_page),
		model_test(no_split_behind_the_mark),
		model_test(a_failed_reuse_keeps_its_pages),
		model_test(frees_merge),
		model_test(a_melted_tail_leaves_its_address),
		model_test(a_hole_keeps_chunks_apart),
		model_test(misuse_is_fatal),
		model_test(misuse_of_a_melted_chunk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
