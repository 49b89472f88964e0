/* SPDX-License-Identifier: GPL-2.0-only */
#include "earth.h"

/*
 * Raw hypercalls: what a hostile host tries and what must happen, row by row as
 * section 10 of the allocator's specification has it. Page 0 is at EARTH_BASE;
 * after a call the test says itself who owns what.
 */

#define VM WORLD_HANDLE_FIRST
#define HEAP_ID WORLD_HEAP
#define BEYOND (1ull << WORLD_PHYS_BITS)

static void expect(struct world_result r, int64_t ret)
{
	assert_int_equal(r.ret, ret);
	assert_int_equal(r.hvcs, 1);
	assert_false(r.panics);
}

/* The host's list: page @n links to the next of @next, which ends it with 0. */
static void chain(struct earth *e, const uint32_t *pages, uint32_t nr)
{
	for (uint32_t i = 0; i < nr; i++)
		e->word[pages[i]][0] = i + 1 < nr ? phys(pages[i + 1]) : 0;
}

/* ---- top-up ------------------------------------------------------------- */

static void a_list_is_taken(void **state)
{
	struct earth *e = *state;
	struct world_result r;

	earth(e, 16, 8);
	chain(e, (const uint32_t[]){3, 1, 6}, 3);
	r = world_raw_topup(e->w, HEAP_ID, phys(3), 3, &e->mem);
	expect(r, 0);
	assert_int_equal(r.left_nr, 0);
	assert_int_equal(r.left_head, 0);
	assert_int_equal(e->donations, 3);
	assert_int_equal(e->unlocks, 1);
	expect_where(e, "free 5, spare 3");
	for (uint32_t i = 0; i < 9; i++)
		assert_int_equal(world_taken(e->w, i),
				 i == 3 || i == 1 || i == 6);
	world_begin(e->w);
	assert_false(world_taken(e->w, 3));

	/* fewer than the list has: where it goes on is reported back */
	earth(e, 16, 8);
	chain(e, (const uint32_t[]){3, 1, 6}, 3);
	r = world_raw_topup(e->w, HEAP_ID, phys(3), 2, &e->mem);
	expect(r, 0);
	assert_int_equal(r.left_head, phys(6));
	expect_where(e, "free 6, spare 2");

	/* the other heap has a cache of its own */
	r = world_raw_topup(e->w, WORLD_SELFTEST, phys(6), 1, &e->mem);
	expect(r, 0);
	expect_where(e, "free 5, spare 3");
	assert_int_equal(world_selftest_spare(e->w), 1);
	assert_int_equal(world_raw_reclaimable(e->w, WORLD_SELFTEST).ret, 1);
	assert_int_equal(world_raw_reclaimable(e->w, HEAP_ID).ret, 2);
}

/*
 * The list 3, 1, 6 with one thing wrong: what is taken, what is left. Pages 5
 * and 7 are what the row says.
 */
static void a_list_is_refused(void **state)
{
	static const struct {
		uint64_t head, nr, link3, link1; /* 1: as it is */
		enum world_owner owner1;
		int64_t ret;
		uint64_t left_head, left_nr;
		uint32_t spare, donations;
	} rows[] = {
		/* a page of another's, or shared: refused, the rest is left */
		{0, 3, 1, 1, WORLD_HYP, -MODEL_ENOMEM, 1, 2, 1, 2},
		{0, 3, 1, 1, WORLD_GUEST, -MODEL_ENOMEM, 1, 2, 1, 2},
		{0, 3, 1, 1, WORLD_SHARED, -MODEL_ENOMEM, 1, 2, 1, 2},
		{0, 3, 1, 1, WORLD_NOT_MEMORY, -MODEL_ENOMEM, 1, 2, 1, 2},
		/* an unaligned head is no donation at all; a link is masked */
		{EARTH_BASE + 3 * 4096 + 8, 3, 1, 1, WORLD_HOST, -MODEL_ENOMEM,
		 EARTH_BASE + 3 * 4096 + 8, 3, 0, 0},
		{0, 3, EARTH_BASE + 4096 + 4095, 1, WORLD_HOST, 0, 0, 0, 3, 3},
		{0, 2, 1, EARTH_BASE + 6 * 4096 + 77, WORLD_HOST, 0,
		 EARTH_BASE + 6 * 4096, 1, 2, 2},
		/* a cycle, the same page twice */
		{0, 9, 1, EARTH_BASE + 3 * 4096, WORLD_HOST, -MODEL_ENOMEM,
		 EARTH_BASE + 3 * 4096, 7, 2, 3},
		{0, 2, EARTH_BASE + 3 * 4096, 1, WORLD_HOST, -MODEL_ENOMEM,
		 EARTH_BASE + 3 * 4096, 1, 1, 2},
		/* more than the list has: it ends in no page of memory */
		{0, 9, 1, 1, WORLD_HOST, -MODEL_ENOMEM, 0, 6, 3, 4},
		{0, 9, 1, UINT64_MAX, WORLD_HOST, -MODEL_ENOMEM,
		 UINT64_MAX - 4095, 7, 2, 3},
		{BEYOND, 1, 1, 1, WORLD_HOST, -MODEL_ENOMEM, BEYOND, 1, 0, 1},
		/* nothing asked, nothing touched */
		{77, 0, 1, 1, WORLD_HOST, 0, 77, 0, 0, 0},
	};
	struct earth *e = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct world_result r;
		uint64_t head = rows[i].head ? rows[i].head : phys(3);

		earth(e, 16, 8);
		chain(e, (const uint32_t[]){3, 1, 6}, 3);
		if (rows[i].link3 != 1)
			e->word[3][0] = rows[i].link3;
		if (rows[i].link1 != 1)
			e->word[1][0] = rows[i].link1;
		if (rows[i].owner1 != WORLD_HOST)
			e->owner[1] = rows[i].owner1;
		r = world_raw_topup(e->w, HEAP_ID, head, rows[i].nr, &e->mem);
		expect(r, rows[i].ret);
		assert_int_equal(r.left_head, rows[i].left_head == 1
						      ? phys(1)
						      : rows[i].left_head);
		/* of 3, 6 are left of 9 */
		assert_int_equal(r.left_nr, rows[i].nr - rows[i].spare);
		if (rows[i].ret)
			assert_int_equal(r.left_nr, rows[i].left_nr);
		assert_int_equal(e->m->spare, rows[i].spare);
		assert_int_equal(e->donations, rows[i].donations);
		assert_int_equal(e->unlocks, 1);
		assert_int_equal(r.need, 0);
		assert_null(world_is_sound(e, 0));
	}
}

/* The sum of the cache and nr, in 64 bits. */
static void a_count_that_wraps(void **state)
{
	static const struct {
		uint64_t nr;
		int64_t ret;
		uint32_t spare;
	} rows[] = {
		{UINT64_MAX, 0, 2}, /* 1 are wanted, 2 are there */
		{UINT64_MAX - 1, 0, 2},
		{UINT64_MAX - 2, -MODEL_ENOMEM, 5},
	};
	struct earth *e = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct world_result r;

		earth(e, 16, 8);
		world_topup(e->w, 2);
		chain(e, (const uint32_t[]){3, 1, 6}, 3);
		r = world_raw_topup(e->w, HEAP_ID, phys(3), rows[i].nr,
				    &e->mem);
		expect(r, rows[i].ret);
		assert_int_equal(e->m->spare, rows[i].spare);
		assert_int_equal(r.left_nr, rows[i].nr - (rows[i].spare - 2));
		if (!rows[i].ret) {
			assert_int_equal(r.left_head, phys(3));
			assert_int_equal(e->donations, 0);
		}
	}
	earth(e, 16, 8); /* with an empty cache it does not */
	e->word[3][0] = 0;
	expect(world_raw_topup(e->w, HEAP_ID, phys(3), UINT64_MAX, &e->mem),
	       -MODEL_ENOMEM);
	assert_int_equal(e->m->spare, 1);
}

/* EL2 reads a link only when the host cannot change it any more. */
static void the_host_writes_at_the_last_moment(void **state)
{
	struct earth *e = *state;

	earth(e, 16, 8);
	chain(e, (const uint32_t[]){3, 1, 6}, 3);
	e->poke_at = 2;
	e->poke_page = 1;
	e->poke_word = phys(7) + 5;
	expect(world_raw_topup(e->w, HEAP_ID, phys(3), 3, &e->mem), 0);
	assert_true(world_taken(e->w, 7));
	assert_false(world_taken(e->w, 6));
}

static void unknown_heaps(void **state)
{
	static const uint64_t ids[] = {0, 3, UINT64_MAX};
	struct earth *e = *state;

	earth(e, 16, 8);
	world_topup(e->w, 2);
	e->unlocks = 0;
	for (int i = 0; i < 3; i++) {
		struct world_result r =
			world_raw_topup(e->w, ids[i], phys(3) + 1, 7, &e->mem);

		expect(r, -MODEL_EINVAL);
		assert_int_equal(r.left_head, phys(3) + 1);
		assert_int_equal(r.left_nr, 7);
		r = world_raw_reclaim(e->w, ids[i], 1);
		expect(r, -MODEL_EINVAL);
		assert_int_equal(r.left_nr, 0);
		expect(world_raw_reclaimable(e->w, ids[i]), 0);
	}
	assert_int_equal(e->unlocks, 0);
	expect_where(e, "free 6, spare 2");
}

static void a_raw_reclaim(void **state)
{
	struct earth *e = *state;
	struct world_result r;

	earth(e, 16, 8);
	world_topup(e->w, 3);
	r = world_raw_reclaim(e->w, HEAP_ID, 2);
	expect(r, 0);
	assert_int_equal(r.left_nr, 2);
	assert_int_equal(r.pages, 2);
	assert_true(r.any_head);
	expect_where(e, "free 7, spare 1");
	r = world_raw_reclaim(e->w, HEAP_ID, 0);
	expect(r, 0);
	assert_false(r.any_head);
	assert_int_equal(r.left_head, 0);
	r = world_raw_reclaim(e->w, HEAP_ID, UINT64_MAX);
	assert_int_equal(r.left_nr, 1);
	expect_where(e, "free 8");
	assert_int_equal(world_hvcs(e->w), 4);
}

/* ---- sharing ------------------------------------------------------------ */

static void sharing(void **state)
{
	struct earth *e = *state;

	earth(e, 16, 8);
	expect(world_raw_unshare(e->w, frame(2), &e->mem), -WORLD_EPERM);
	expect(world_raw_share(e->w, frame(2), &e->mem), 0);
	expect_where(e, "free 7, lost 1");
	assert_int_equal(world_host_owned(e->w), 8);
	assert_true(world_taken(e->w, 2));
	e->owner[2] = WORLD_SHARED;
	world_begin(e->w);
	expect(world_raw_share(e->w, frame(2), &e->mem), -WORLD_EPERM);
	expect(world_raw_unshare(e->w, frame(2), &e->mem), 0);
	assert_true(world_taken(e->w, 2));
	expect_where(e, "free 8");

	e->owner[3] = WORLD_HYP;
	expect(world_raw_share(e->w, frame(3), &e->mem), -WORLD_EPERM);
	expect(world_raw_share(e->w, frame(64), &e->mem), -WORLD_EPERM);
	expect(world_raw_share(e->w, 0, &e->mem), -WORLD_EPERM);
	expect(world_raw_share(e->w, BEYOND / 4096 - 1, &e->mem), -WORLD_EPERM);
	expect(world_raw_share(e->w, BEYOND / 4096, &e->mem), -MODEL_EINVAL);
	expect(world_raw_unshare(e->w, UINT64_MAX, &e->mem), -MODEL_EINVAL);
	/* as a byte address it would wrap to a page of memory */
	expect(world_raw_share(e->w, frame(2) | 1ull << 52, &e->mem),
	       -MODEL_EINVAL);
	assert_int_equal(e->unlocks, 0);
}

/* ---- what may not happen ------------------------------------------------ */

/* Page 1 is shared and says 2 vCPUs, and 7 in its second word. */
static void with_a_struct(struct earth *e)
{
	earth_of(e, 16, 32, 16, 16, true);
	assert_int_equal(world_raw_share(e->w, frame(1), &e->mem).ret, 0);
	e->owner[1] = WORLD_SHARED;
	e->word[1][0] = 2;
	e->word[1][1] = 7;
	world_topup(e->w, 4);
	world_begin(e->w);
	e->unlocks = 0;
}

/* Page 3 is in use by the host's kernel: nobody may pull it away from it. */
static void blocked_calls(void **state)
{
	struct earth *e = *state;

	with_a_struct(e);
	e->word[6][0] = phys(3); /* the list of the top-up */
	e->uses[3] = true;
	e->word[3][0] = 2;
	world_fail(e->w, WORLD_FAIL_DONATE, 3);
	expect(world_raw_init_vm(e->w, 0, phys(1), phys(2), &e->mem), VM);
	for (int i = 0; i < 6; i++) {
		struct world *w = e->w;

		world_begin(w);
		e->owner[3] = i == 2 ? WORLD_SHARED : WORLD_HOST;
		e->unlocks = 0;
		if (i == 0) {
			world_raw_topup(w, HEAP_ID, phys(6), 2, &e->mem);
		} else if (i == 1) {
			world_raw_share(w, frame(3), &e->mem);
		} else if (i == 2) {
			world_raw_unshare(w, frame(3), &e->mem);
		} else if (i == 3) {
			world_raw_init_vm(w, 0, phys(1), phys(3), &e->mem);
		} else if (i == 4) {
			world_raw_tracing_load(w, 0, phys(3), 4096, &e->mem);
		} else {
			world_raw_donate_guest(w, VM, frame(3), &e->mem);
		}
		assert_true(world_blocked(w));
		assert_int_equal(world_hvcs(w), 0);
		assert_int_equal(e->unlocks, 0);
		assert_false(world_taken(w, 6));
		assert_false(world_taken(w, 3));
		expect_where(e, "free 26, lost 1, spare 3, mapped 1, hyp 1");
	}

	/* the last of several pages; and what was blocked is the last call */
	world_begin(e->w);
	e->owner[3] = WORLD_HOST;
	assert_int_equal(world_raw_tracing_load(e->w, 0, phys(2) - 4096, 12288,
						&e->mem)
				 .ret,
			 -WORLD_EPERM); /* page 1 is shared */
	assert_false(world_blocked(e->w));
	e->uses[3] = false;
	e->uses[8] = true;
	world_raw_tracing_load(e->w, 0, phys(6), 12288, &e->mem);
	assert_true(world_blocked(e->w));
	expect(world_raw_share(e->w, frame(9), &e->mem), 0);
	assert_false(world_blocked(e->w));
	e->owner[9] = WORLD_SHARED;
	world_begin(e->w);
	expect(world_raw_unshare(e->w, frame(9), &e->mem), 0);
	e->owner[9] = WORLD_HOST;
	e->uses[8] = false;

	/* the countdown stands at 2 still: page 6, and the next fails */
	e->uses[3] = false;
	world_begin(e->w);
	expect(world_raw_topup(e->w, HEAP_ID, phys(6), 2, &e->mem),
	       -MODEL_ENOMEM);
	assert_false(world_blocked(e->w));
	assert_true(world_taken(e->w, 6));
	expect_where(e, "free 25, lost 1, spare 4, mapped 1, hyp 1");

	/* what EL2 refuses anyway, or only reads, may be tried */
	e->uses[3] = true;
	e->owner[3] = WORLD_SHARED;
	world_begin(e->w);
	expect(world_raw_share(e->w, frame(3), &e->mem), -WORLD_EPERM);
	assert_false(world_blocked(e->w));
	expect(world_raw_init_vm(e->w, 0, phys(3), phys(8), &e->mem), VM + 1);
}

/* Each is one hypercall, whatever comes of it. */
static void raw_calls_are_counted(void **state)
{
	struct earth *e = *state;
	struct world *w = e->w;

	earth(e, 16, 8);
	world_raw_finalize(w);
	world_raw_topup(w, 9, 0, 0, &e->mem);
	world_raw_reclaim(w, 9, 0);
	world_raw_reclaimable(w, 9);
	world_raw_selftest(w, 0);
	world_raw_share(w, 0, &e->mem);
	world_raw_unshare(w, 0, &e->mem);
	world_raw_init_vm(w, 0, 0, 0, &e->mem);
	world_raw_init_vcpu(w, 0, 0, 0, &e->mem);
	world_raw_get_vm(w, 0);
	world_raw_put_vm(w, 0);
	world_raw_teardown_vm(w, 0);
	world_raw_tracing_load(w, 0, 0, 0, &e->mem);
	world_raw_tracing_unload(w);
	world_raw_donate_guest(w, 0, 0, &e->mem);
	world_raw_reclaim_guest(w, 0, &e->mem);
	assert_int_equal(world_hvcs(w), 16);
	expect_where(e, "free 8");
}

/* A donation that is to fail counts where nothing else is wrong with it. */
static void donations_that_fail(void **state)
{
	struct earth *e = *state;

	with_a_struct(e);
	world_fail(e->w, WORLD_FAIL_DONATE, 1);
	e->owner[3] = WORLD_HYP;
	expect(world_raw_topup(e->w, HEAP_ID, phys(3), 1, &e->mem),
	       -MODEL_ENOMEM);
	expect(world_raw_init_vm(e->w, 0, phys(1), phys(3), &e->mem),
	       -WORLD_EPERM);
	assert_true(world_armed(e->w, WORLD_FAIL_DONATE));
	expect(world_raw_tracing_load(e->w, 0, phys(4), 4096, &e->mem),
	       -MODEL_ENOMEM);
	assert_false(world_armed(e->w, WORLD_FAIL_DONATE));
	/* refused calls are the kernel's: these are not */
	world_fail(e->w, WORLD_FAIL_HVC, 1);
	expect(world_raw_reclaim(e->w, HEAP_ID, 0), 0);
	assert_true(world_armed(e->w, WORLD_FAIL_HVC));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		earth_test(a_list_is_taken),
		earth_test(a_list_is_refused),
		earth_test(a_count_that_wraps),
		earth_test(the_host_writes_at_the_last_moment),
		earth_test(unknown_heaps),
		earth_test(a_raw_reclaim),
		earth_test(sharing),
		earth_test(blocked_calls),
		earth_test(raw_calls_are_counted),
		earth_test(donations_that_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
