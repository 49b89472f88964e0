/* SPDX-License-Identifier: GPL-2.0-only */
#include "earth.h"

/*
 * The self test, on a private heap of 6 pages: the host's kernel gives it them
 * through the request loop and reclaims them whatever comes of it.
 */

static struct world_result selftest(struct earth *e)
{
	return world_selftest(e->w, 0, 4);
}

static void it_holds(void **state)
{
	struct earth *e = *state;
	struct world_result r;

	earth(e, 16, 8);
	r = selftest(e);
	assert_int_equal(r.ret, 0);
	assert_int_equal(r.need, 0);
	assert_int_equal(r.tries, 2);
	/* call, top-up, call; then 6 pages and no page */
	assert_int_equal(r.hvcs, 5);
	expect_where(e, "free 8");
	/* and again */
	assert_int_equal(selftest(e).ret, 0);
	expect_where(e, "free 8");

	/* a running host is refused; what it had given comes back */
	e->word[3][0] = 0;
	assert_int_equal(
		world_raw_topup(e->w, WORLD_SELFTEST, phys(3), 1, &e->mem).ret,
		0);
	world_deprivilege(e->w);
	r = selftest(e);
	assert_int_equal(r.ret, -WORLD_EPERM);
	assert_int_equal(r.hvcs, 3);
	expect_where(e, "free 8");
}

static void it_wants_six_pages(void **state)
{
	static const struct {
		uint32_t pool;
		enum world_fault fault;
		uint64_t n;
		int64_t ret;
		uint32_t hvcs;
	} rows[] = {
		{5, WORLD_FAIL_HVC, 0, -MODEL_ENOMEM, 2},
		{8, WORLD_FAIL_PAGE, 6, -MODEL_ENOMEM, 2},
		{8, WORLD_FAIL_HVC, 1, -1, 2},
		{8, WORLD_FAIL_HVC, 2, -1, 3},
		{8, WORLD_FAIL_HVC, 3, -1, 5}, /* has 6 pages all the same */
	};
	struct earth *e = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct world_result r;

		earth(e, 16, rows[i].pool);
		world_fail(e->w, rows[i].fault, rows[i].n);
		r = selftest(e);
		assert_int_equal(r.ret, rows[i].ret);
		assert_int_equal(r.hvcs, rows[i].hvcs);
		assert_int_equal(e->m->host, rows[i].pool);
		assert_null(world_is_sound(e, 0));
	}

	/* the reclaim is refused: they stay, mapped, and can be had later */
	earth(e, 16, 8);
	world_fail(e->w, WORLD_FAIL_HVC, 4);
	assert_int_equal(selftest(e).ret, 0);
	expect_where(e, "free 2, mapped 6");
	assert_int_equal(world_reclaimable(e->w, WORLD_SELFTEST), 6);
	world_deprivilege(e->w);
	assert_int_equal(world_count(e->w).ret, 6);
	assert_int_equal(world_shrink(e->w, 4).pages, 4);
	expect_where(e, "free 6, mapped 2");
}

/*
 * How many mappings it makes: page 0 for what is small; that and three more
 * when the cache is full again, one for the page that was reclaimed, the whole
 * heap at the end, of which 3 are mapped: 1 + 4 + 1 + 3.
 */
static void a_mapping_fails(void **state)
{
	struct earth *e = *state;

	for (uint64_t n = 1; n <= 12; n++) {
		struct world_result r;

		earth(e, 16, 8);
		model_fail_map(e->m, n);
		r = selftest(e);
		assert_int_equal(r.ret, n <= 9 ? -MODEL_EINVAL : 0);
		assert_int_equal(r.hvcs, 5);
		assert_int_equal(e->m->fail_map, n <= 9 ? 0 : n - 9);
		expect_where(e, "free 8");
	}
}

/* The host's six; the six that the test gives and takes; four more of them. */
static void a_donation_fails(void **state)
{
	struct earth *e = *state;

	for (uint64_t n = 1; n <= 20; n++) {
		struct world_result r;

		earth(e, 16, 8);
		world_fail(e->w, WORLD_FAIL_DONATE, n);
		r = selftest(e);
		assert_int_equal(r.ret, n <= 6	  ? -MODEL_ENOMEM
					: n <= 16 ? -MODEL_EINVAL
						  : 0);
		assert_int_equal(world_armed(e->w, WORLD_FAIL_DONATE), n > 16);
		expect_where(e, "free 8");
	}
}

/* Raw, it answers what it needs; and more in its cache than it wants fails. */
static void raw(void **state)
{
	struct earth *e = *state;
	struct world_result r;

	earth(e, 16, 32);
	for (uint32_t i = 1; i < 9; i++) {
		world_begin(e->w);
		e->word[i][0] = 0;
		assert_int_equal(world_raw_topup(e->w, WORLD_SELFTEST, phys(i),
						 1, &e->mem)
					 .ret,
				 0);
		r = world_raw_selftest(e->w, 1);
		assert_int_equal(r.hvcs, 1);
		assert_int_equal(r.ret, i < 6	 ? -MODEL_ENOMEM
					: i == 6 ? 0
						 : -MODEL_EINVAL);
		assert_int_equal(r.need, i < 6 ? 6 - i : 0);
		/* what a run has mapped the next one finds in its cache */
		assert_int_equal(world_reclaimable(e->w, WORLD_SELFTEST), i);
		assert_null(world_is_sound(e, 0));
	}
	assert_int_equal(world_raw_reclaim(e->w, WORLD_SELFTEST, 3).left_nr, 3);
	assert_int_equal(world_raw_reclaim(e->w, WORLD_SELFTEST, 9).left_nr, 5);
	expect_where(e, "free 32");
}

static void allocates(struct earth *e)
{
	uint32_t offset;

	assert_int_equal(model_alloc(e->m, 1, 5000, &offset), 0);
}

/* Its unlocks are unlocks: what happens there may use the heap. */
static void another_cpu_meanwhile(void **state)
{
	struct earth *e = *state;

	earth(e, 16, 16);
	world_topup(e->w, 4);
	e->unlocks = 0;
	at_unlock(e, 5, allocates);
	/* the countdown is one: two of its own, two of the heap's, and on */
	model_fail_map(e->m, 11 + 1);
	assert_int_equal(selftest(e).ret, 0);
	assert_int_equal(e->m->fail_map, 1);
	expect_where_own(e, 1, "free 12, spare 2, mapped 2");
	assert_true(e->unlocks > 50);
}

static void predictable(void **state)
{
	struct earth *e = *state;

	earth(e, 16, 16);
	assert_true(world_selftest_predictable(e->w));
	world_fail(e->w, WORLD_FAIL_HVC, 1);
	world_fail(e->w, WORLD_FAIL_PAGE, 1);
	assert_true(world_selftest_predictable(e->w));
	world_fail(e->w, WORLD_FAIL_DONATE, 9);
	assert_true(world_selftest_predictable(e->w));
	world_fail(e->w, WORLD_FAIL_DONATE, 0);
	for (uint32_t i = 1; i <= 7; i++) {
		world_begin(e->w);
		world_raw_topup(e->w, WORLD_SELFTEST, phys(i), 1, &e->mem);
	}
	assert_true(world_selftest_predictable(e->w));
	world_fail(e->w, WORLD_FAIL_DONATE, 9);
	assert_false(world_selftest_predictable(e->w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		earth_test(it_holds),
		earth_test(it_wants_six_pages),
		earth_test(a_mapping_fails),
		earth_test(a_donation_fails),
		earth_test(raw),
		earth_test(another_cpu_meanwhile),
		earth_test(predictable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
