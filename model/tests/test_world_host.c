/* SPDX-License-Identifier: GPL-2.0-only */
#include "earth.h"

/*
 * What the host's kernel does about its pages and the heap's: top-up, reclaim,
 * the shrinker, the request loop, and what becomes of them when a fault hits.
 */

/* ---- top-up and reclaim ------------------------------------------------- */

static void pages_go_and_come(void **state)
{
	struct earth *e = *state;
	struct world_result r;

	earth(e, 16, 8);
	expect_where(e, "free 8");
	r = world_topup(e->w, 5);
	assert_int_equal(r.ret, 0);
	assert_int_equal(r.hvcs, 1);
	expect_where(e, "free 3, spare 5");
	r = world_topup(e->w, UINT64_MAX); /* what there is */
	assert_int_equal(r.ret, 0);
	expect_where(e, "spare 8");
	assert_int_equal(world_topup(e->w, 1).hvcs, 1); /* of no page */

	r = world_reclaim(e->w, 3);
	assert_int_equal(r.ret, 0);
	assert_int_equal(r.pages, 3);
	assert_int_equal(r.hvcs, 1);
	expect_where(e, "free 3, spare 5");
	assert_int_equal(world_reclaim(e->w, UINT64_MAX).pages, 5);
	assert_int_equal(world_reclaim(e->w, 1).pages, 0);
	expect_where(e, "free 8");
	assert_int_equal(world_hvcs(e->w), 6);
	world_begin(e->w);
	assert_int_equal(world_hvcs(e->w), 0);
	/* each section under the lock was told, also those without a page */
	assert_int_equal(e->unlocks, 6);
}

/* One fault, and once: where the pages are then. */
static void a_topup_may_fail(void **state)
{
	static const struct {
		enum world_fault fault;
		uint64_t n, pages;
		int64_t ret;
		uint32_t hvcs;
		bool warned;
		const char *where;
		bool armed;
	} rows[] = {
		/* the page before is in the cache, the rest comes back */
		{WORLD_FAIL_DONATE, 2, 5, -MODEL_ENOMEM, 1, false,
		 "free 7, spare 1", false},
		{WORLD_FAIL_DONATE, 1, 5, -MODEL_ENOMEM, 1, false, "free 8",
		 false},
		{WORLD_FAIL_DONATE, 6, 5, 0, 1, false, "free 3, spare 5", true},
		/* no list, so no hypercall */
		{WORLD_FAIL_PAGE, 5, 5, -MODEL_ENOMEM, 0, false, "free 8",
		 false},
		{WORLD_FAIL_PAGE, 6, 5, 0, 1, false, "free 3, spare 5", true},
		{WORLD_FAIL_HVC, 1, 5, -1, 1, true, "free 8", false},
		{WORLD_FAIL_HVC, 2, 5, 0, 1, false, "free 3, spare 5", true},
	};
	struct earth *e = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct world_result r;

		earth(e, 16, 8);
		world_fail(e->w, rows[i].fault, rows[i].n);
		assert_true(world_armed(e->w, rows[i].fault));
		r = world_topup(e->w, rows[i].pages);
		assert_int_equal(r.ret, rows[i].ret);
		assert_int_equal(r.hvcs, rows[i].hvcs);
		assert_int_equal(r.warned, rows[i].warned);
		expect_where(e, rows[i].where);
		assert_int_equal(world_armed(e->w, rows[i].fault),
				 rows[i].armed);
	}

	/* a reclaim that is refused brings nothing */
	earth(e, 16, 8);
	world_topup(e->w, 4);
	world_fail(e->w, WORLD_FAIL_HVC, 1);
	assert_int_equal(world_reclaim(e->w, 4).pages, 0);
	expect_where(e, "free 4, spare 4");
	assert_int_equal(world_reclaim(e->w, 4).pages, 4);

	/* the newest counts, 0 is none */
	world_fail(e->w, WORLD_FAIL_PAGE, 1);
	world_fail(e->w, WORLD_FAIL_PAGE, 0);
	assert_int_equal(world_topup(e->w, 4).ret, 0);
}

/* ---- the shrinker, section 11 ------------------------------------------- */

/* A heap with 40 mapped pages that nothing uses, a host with 24. */
static void much_to_shrink(struct earth *e)
{
	earth_of(e, 64, 64, 0, 0, false);
	world_topup(e->w, 40);
	release(e->m, alloc(e->m, 40 * 4096 - 16));
	expect_where(e, "free 24, mapped 40");
}

static void shrink_takes_sixteen_at_a_time(void **state)
{
	static const struct {
		uint64_t ask;
		int64_t ret;
		uint32_t hvcs, host;
	} rows[] = {
		{0, -1, 0, 24},
		{1, 1, 1, 25},
		{16, 16, 1, 40},
		{20, 20, 2, 44},
		{40, 40, 3, 64},
		/* nothing more, and nothing in the self test's heap */
		{UINT64_MAX, 40, 5, 64},
	};
	struct earth *e = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct world_result r;

		much_to_shrink(e);
		r = world_shrink(e->w, rows[i].ask);
		assert_int_equal(r.ret, rows[i].ret);
		assert_int_equal(r.pages, r.ret < 0 ? 0 : r.ret);
		assert_int_equal(r.hvcs, rows[i].hvcs);
		assert_int_equal(e->m->host, rows[i].host);
		assert_null(world_is_sound(e, 0));
	}
}

/*
 * Sixteen a call shows where two chunks give: after the first call the second
 * has the most. Pages in the cache make no difference to what is unmapped.
 *
 *	[0 free      ][81920 used][81952 free ][126976 used]
 *	 has 19 pages              has 10
 */
static void shrink_is_not_one_reclaim(void **state)
{
	static const struct {
		struct world_result (*give)(struct world *w, uint64_t pages);
		const char *pages;
	} rows[] = {
		{world_reclaim, /* 19 and 5 */
		 "#...................######.....#"},
		{world_shrink, /* 16, then 8 */
		 "####................###........#"},
	};
	struct earth *e = *state;

	for (int i = 0; i < 2; i++) {
		earth_of(e, 64, 64, 0, 0, false);
		world_topup(e->w, 60);
		assert_int_equal(alloc(e->m, 20 * 4096 - 16), 16);
		assert_int_equal(alloc(e->m, 16), 81936);
		assert_int_equal(alloc(e->m, 45008), 81968);
		assert_int_equal(alloc(e->m, 16), 126992);
		release(e->m, 16);
		release(e->m, 81968);
		assert_int_equal(world_count(e->w).ret, 28 + 19 + 10);
		assert_int_equal(rows[i].give(e->w, 24).pages, 24);
		expect_map(e->m, rows[i].pages);
		expect_where_own(e, 2, "free 28, spare 28, mapped 8");
		assert_int_equal(rows[i].give(e->w, UINT64_MAX).pages, 28 + 5);
		expect_where_own(e, 2, "free 61, mapped 3");
	}
}

/* Both heaps count; a refused call counts as nothing. */
static void what_could_be_freed(void **state)
{
	struct earth *e = *state;
	struct world_result r;

	much_to_shrink(e);
	e->unlocks = 0;
	r = world_count(e->w);
	assert_int_equal(r.ret, 40);
	assert_int_equal(r.hvcs, 2);
	assert_int_equal(e->unlocks, 2);
	world_fail(e->w, WORLD_FAIL_HVC, 1);
	r = world_count(e->w);
	assert_int_equal(r.ret, -1);
	assert_int_equal(r.hvcs, 2);
	assert_true(r.warned);

	world_fail(e->w, WORLD_FAIL_HVC, 2); /* the second batch is the last */
	r = world_shrink(e->w, 40);
	assert_int_equal(r.ret, 16);
	assert_int_equal(r.hvcs, 3);
	assert_true(r.warned);
}

/* Only when the host has given up its privileges through its own kernel. */
static void the_shrinker_waits(void **state)
{
	struct earth *e = *state;

	for (int raw = 0; raw < 2; raw++) {
		earth(e, 16, 8);
		world_topup(e->w, 3);
		assert_int_equal(world_shrink(e->w, 2).ret, -1);
		assert_int_equal(world_shrink(e->w, 2).hvcs, 0);
		assert_int_equal(world_count(e->w).ret, -1);
		world_fail(e->w, WORLD_FAIL_HVC, 1);
		assert_int_equal(world_deprivilege(e->w).ret, -1);
		assert_true(world_privileged(e->w));
		if (raw) /* past its kernel, which never learns */
			assert_int_equal(world_raw_finalize(e->w).ret, 0);
		assert_int_equal(world_deprivilege(e->w).ret,
				 raw ? -WORLD_EBUSY : 0);
		assert_false(world_privileged(e->w));
		assert_int_equal(world_raw_finalize(e->w).ret, -WORLD_EBUSY);
		assert_int_equal(world_shrink(e->w, 2).ret, raw ? -1 : 2);
		assert_int_equal(world_count(e->w).ret, raw ? -1 : 1);
	}
}

/* ---- the request loop --------------------------------------------------- */

static void the_loop_tops_up_what_is_asked(void **state)
{
	struct earth *e = *state;
	struct world_result r;
	uint32_t offset = 0;

	earth(e, 16, 8);
	r = world_call_alloc(e->w, 1, 16384, 4, &offset);
	assert_int_equal(r.ret, 0);
	assert_int_equal(offset, 16);
	assert_int_equal(r.need, 0);
	assert_int_equal(r.tries, 2);
	assert_int_equal(r.hvcs, 3);
	assert_int_equal(model_errno(e->m, 1), 0);
	expect_where_own(e, 1, "free 3, mapped 5");

	/* what was partly mapped counts at the second try */
	earth(e, 16, 8);
	world_topup(e->w, 2);
	assert_int_equal(world_call_alloc(e->w, 0, 16384, 2, &offset).ret, 0);
	expect_heap(e->m, "0 used 16384 >20480", "#####");
	expect_where_own(e, 1, "free 3, mapped 5");
}

static void the_loop_gives_up(void **state)
{
	enum { MAP = WORLD_FAULTS, NONE };
	static const struct {
		uint64_t bytes;
		int fault;
		uint64_t n;
		uint32_t pool;
		unsigned int tries, made;
		int64_t ret;
		uint32_t need, hvcs;
		const char *where;
	} rows[] = {
		/* the host has too few: it gives none */
		{16384, NONE, 0, 4, 4, 1, -MODEL_ENOMEM, 5, 1, "free 4"},
		/* no try left, so no top-up either */
		{16384, NONE, 0, 8, 1, 1, -MODEL_ENOMEM, 5, 1, "free 8"},
		/* topped up, then the page table fails */
		{100, MAP, 1, 8, 4, 2, -MODEL_ENOMEM, 0, 3, "free 7, spare 1"},
		{UINT64_MAX, NONE, 0, 8, 4, 1, -MODEL_E2BIG, 0, 1, "free 8"},
		/* the call, the top-up, the second call are refused */
		{100, WORLD_FAIL_HVC, 1, 8, 4, 1, -1, 0, 1, "free 8"},
		{100, WORLD_FAIL_HVC, 2, 8, 4, 1, -1, 1, 2, "free 8"},
		{100, WORLD_FAIL_HVC, 3, 8, 4, 2, -1, 0, 3, "free 7, spare 1"},
		{9000, WORLD_FAIL_DONATE, 2, 8, 4, 1, -MODEL_ENOMEM, 3, 2,
		 "free 7, spare 1"},
		{9000, WORLD_FAIL_PAGE, 3, 8, 4, 1, -MODEL_ENOMEM, 3, 1,
		 "free 8"},
	};
	struct earth *e = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct world_result r;
		uint32_t offset;

		earth(e, 16, rows[i].pool);
		if (rows[i].fault == MAP)
			model_fail_map(e->m, rows[i].n);
		else if (rows[i].fault != NONE)
			world_fail(e->w, (enum world_fault)rows[i].fault,
				   rows[i].n);
		r = world_call_alloc(e->w, 0, rows[i].bytes, rows[i].tries,
				     &offset);
		assert_int_equal(r.ret, rows[i].ret);
		assert_int_equal(r.need, rows[i].need);
		assert_int_equal(r.tries, rows[i].made);
		assert_int_equal(r.hvcs, rows[i].hvcs);
		assert_int_equal(r.warned, rows[i].fault == WORLD_FAIL_HVC);
		expect_where(e, rows[i].where);
		assert_int_equal(model_errno(e->m, 0), 0);
		assert_int_equal(model_need(e->m, 0), 0);
	}
}

/* ---- other CPUs --------------------------------------------------------- */

static void reclaims_all(struct earth *e)
{
	world_reclaim(e->w, UINT64_MAX);
}

static void tops_up_all(struct earth *e)
{
	world_topup(e->w, UINT64_MAX);
}

static void allocates(struct earth *e)
{
	uint32_t offset;

	assert_int_equal(model_alloc(e->m, 1, 16, &offset), 0);
}

/*
 * Another CPU at the n-th unlock of a call through the loop: 1 is the failed
 * try, 2 its top-up, 3 the try that may succeed.
 */
static void another_cpu_at_an_unlock(void **state)
{
	static const struct {
		void (*other)(struct earth *e);
		uint32_t at, hvcs, all_hvcs;
		uint32_t own;
		const char *where;
	} rows[] = {
		/* it eats the top-up: once more */
		{reclaims_all, 2, 5, 6, 1, "free 5, mapped 3"},
		{reclaims_all, 3, 3, 4, 1, "free 5, mapped 3"},
		/* it tops up as well, before and after */
		{tops_up_all, 2, 3, 4, 1, "spare 5, mapped 3"},
		{tops_up_all, 3, 3, 4, 1, "spare 5, mapped 3"},
		/* it has a page of the two, and fewer are missing */
		{allocates, 3, 3, 3, 2, "free 5, mapped 3"},
	};
	struct earth *e = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct world_result r;
		uint32_t offset = 0;

		earth(e, 16, 8);
		at_unlock(e, rows[i].at, rows[i].other);
		r = world_call_alloc(e->w, 0, 9000, 4, &offset);
		assert_int_equal(r.ret, 0);
		assert_int_equal(offset, 16);
		assert_int_equal(r.hvcs, rows[i].hvcs);
		assert_int_equal(world_hvcs(e->w), rows[i].all_hvcs);
		expect_where_own(e, rows[i].own, rows[i].where);
	}
}

/* A page on a list between EL2 and the host is nobody's to give. */
static void pages_on_the_way(void **state)
{
	struct earth *e = *state;

	/* 5 of 8 are on the list of the top-up: another CPU has the other 3 */
	earth(e, 16, 8);
	world_fail(e->w, WORLD_FAIL_DONATE, 4);
	at_unlock(e, 1, tops_up_all);
	assert_int_equal(world_topup(e->w, 5).ret, -MODEL_ENOMEM);
	expect_where(e, "free 2, spare 6");

	/* 2 come back, and are the host's only then */
	earth(e, 16, 8);
	world_topup(e->w, 6);
	at_unlock(e, 1, tops_up_all);
	assert_int_equal(world_reclaim(e->w, 2).pages, 2);
	expect_where(e, "free 2, spare 6");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		earth_test(pages_go_and_come),
		earth_test(a_topup_may_fail),
		earth_test(shrink_takes_sixteen_at_a_time),
		earth_test(shrink_is_not_one_reclaim),
		earth_test(what_could_be_freed),
		earth_test(the_shrinker_waits),
		earth_test(the_loop_tops_up_what_is_asked),
		earth_test(the_loop_gives_up),
		earth_test(another_cpu_at_an_unlock),
		earth_test(pages_on_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
