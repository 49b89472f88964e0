/* SPDX-License-Identifier: GPL-2.0-only */
#include "earth.h"

/*
 * EL2's clients, as the host's kernel makes and ends them. A VM of the usual
 * size is 3072 bytes and 8 a vCPU, a vCPU 8192; the kernel has a shared page of
 * each, and EL2 a page for the VM's stage 2.
 */

#define VM WORLD_HANDLE_FIRST

static struct world_result create_vm(struct earth *e, uint64_t vcpus)
{
	return world_create_vm(e->w, 0, vcpus, 4);
}

static struct world_result create_vcpu(struct earth *e, uint64_t handle,
				       uint64_t idx)
{
	return world_create_vcpu(e->w, 0, handle, idx, 4);
}

static void expect(struct world_result r, int64_t ret, uint32_t hvcs)
{
	assert_int_equal(r.ret, ret);
	assert_int_equal(r.hvcs, hvcs);
	assert_false(r.panics);
	assert_int_equal(r.need, 0);
}

/* ---- a life ------------------------------------------------------------- */

static void a_vm_lives(void **state)
{
	struct earth *e = *state;

	earth(e, 16, 16);
	/* share, then twice the call with a top-up in between */
	expect(create_vm(e, 4), VM, 4);
	expect_where(e, "free 13, used 1, mapped 1, hyp 1");
	expect(create_vcpu(e, VM, 3), 0, 4);
	expect(create_vcpu(e, VM, 0), 0, 4);
	expect_ledger(e, "vm 1000 at 16, vcpu 1000.3 at 3136, vcpu 1000.0 at "
			 "11344");
	expect_where(e, "free 7, used 3, mapped 5, hyp 1");

	/* the call, and each shared page once */
	world_begin(e->w);
	expect(world_destroy_vm(e->w, VM), 0, 4);
	expect_ledger(e, "");
	expect_where(e, "free 11, mapped 5");
	world_deprivilege(e->w);
	assert_int_equal(world_shrink(e->w, UINT64_MAX).pages, 5);
	expect_where(e, "free 16");
}

/* In the order in which EL2 works: vCPU 0, 3, then the VM. */
static void what_is_left_of_a_vm(void **state)
{
	struct earth *e = *state;

	earth_of(e, 16, 16, 16, 1, true);
	expect(create_vm(e, 4), VM, 4);
	expect(create_vcpu(e, VM, 3), 0, 2);
	expect(create_vm(e, 1), VM + 1, 2);
	expect(create_vcpu(e, VM, 0), 0, 2);
	/* 24 and 4 x 8; 16 each */
	expect_heap(e->m,
		    "0 used 64, 80 used 16, 112 used 32, 160 used 16 "
		    ">4096",
		    "#");
	e->unlocks = 0;
	expect(world_destroy_vm(e->w, VM), 0, 4);
	assert_int_equal(e->unlocks, 4); /* the table's, and three frees */
	expect_heap(e->m, "0 free, 112 used 32 >4096", "#");
	expect_ledger(e, "vm 1001 at 128");
}

static void handles_are_used_again(void **state)
{
	struct earth *e = *state;

	earth_of(e, 16, 64, 1, 1, true);
	for (uint32_t i = 0; i < WORLD_VMS; i++)
		assert_int_equal(create_vm(e, 1).ret, VM + i);
	expect_where(e, "free 47, used 8, mapped 1, hyp 8");

	/* no place: the page is back, and what was allocated */
	e->unlocks = 0;
	expect(create_vm(e, 1), -WORLD_ENOSPC, 3);
	assert_int_equal(e->unlocks, 3); /* allocator, table, allocator */
	expect_where(e, "free 47, used 8, mapped 1, hyp 8");
	assert_int_equal(world_destroy_vm(e->w, VM + 5).ret, 0);
	assert_int_equal(world_destroy_vm(e->w, VM + 3).ret, 0);
	assert_int_equal(create_vm(e, 1).ret, VM + 3);
	assert_int_equal(create_vm(e, 1).ret, VM + 5);
	assert_int_equal(world_destroy_vm(e->w, VM + WORLD_VMS).ret,
			 -WORLD_ENOENT);
}

static void sizes(void **state)
{
	static const struct {
		uint64_t vm_bytes, vcpu_bytes, vcpus;
		int64_t ret;
		uint64_t vm, vcpu; /* sizes in the ledger */
	} rows[] = {
		{0, 0, 2, VM, 3088, 8192},
		{1, 1, 1, VM, 32, 16},
		{33, 17, 1, VM, 48, 32},
		{41, 16, 1, VM, 64, 16},
		{5000, 100, 100, VM, 5808, 112},
		{0, 0, 0, -MODEL_EINVAL, 0, 0},
		{0, 0, 1 << 20, -MODEL_E2BIG, 0, 0},
		/* in 64 bits: 8 x 2^61 is 0, and 2^64 - 8 and 3072 is 3064 */
		{0, 0, 1ull << 61, -MODEL_E2BIG, 0, 0},
		{0, 0, (1ull << 61) - 1, -MODEL_E2BIG, 0, 0},
		{0, 0, UINT64_MAX, -MODEL_E2BIG, 0, 0},
	};
	struct earth *e = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		earth_of(e, 16, 16, rows[i].vm_bytes, rows[i].vcpu_bytes, true);
		assert_int_equal(create_vm(e, rows[i].vcpus).ret, rows[i].ret);
		if (rows[i].ret < 0) {
			expect_where(e, "free 16");
			continue;
		}
		assert_int_equal(create_vcpu(e, VM, 0).ret, 0);
		assert_int_equal(world_object(e->w, 0)->size, rows[i].vm);
		assert_int_equal(world_object(e->w, 1)->size, rows[i].vcpu);
	}
}

static void vcpus_that_cannot_be(void **state)
{
	static const struct {
		uint64_t handle, idx;
		int64_t ret;
	} rows[] = {
		{VM, 2, -MODEL_EINVAL}, {VM, UINT64_MAX, -MODEL_EINVAL},
		{VM, 1, -WORLD_EEXIST}, {VM + 1, 0, -WORLD_ENOENT},
		{0, 0, -WORLD_ENOENT},	{UINT64_MAX, 0, -WORLD_ENOENT},
	};
	struct earth *e = *state;

	earth(e, 16, 16);
	assert_int_equal(create_vm(e, 2).ret, VM);
	assert_int_equal(create_vcpu(e, VM, 1).ret, 0);
	world_topup(e->w, 3);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		world_begin(e->w);
		e->unlocks = 0;
		expect(create_vcpu(e, rows[i].handle, rows[i].idx), rows[i].ret,
		       3);
		/* it was allocated, looked for, and freed */
		assert_int_equal(e->unlocks, 3);
		assert_int_equal(world_objects(e->w), 2);
		assert_int_equal(world_owned_to(e->w, 11328), 11328 + 8192);
		world_begin(e->w);
		assert_int_equal(world_owned_to(e->w, 11328), 0);
	}
	/* EL2 knows an unsigned int of a handle, the host's kernel all of it */
	expect(create_vcpu(e, VM | 1ull << 32, 0), 0, 3);
	expect_ledger(e, "vm 1000 at 16, vcpu 1000.1 at 3120, vcpu 1000.0 at "
			 "11328");
	expect_where(e, "free 7, used 2, spare 1, mapped 5, hyp 1");
	expect(world_destroy_vm(e->w, VM), 0, 3);
	expect_where(e, "free 10, spare 1, mapped 5");
}

/* ---- faults ------------------------------------------------------------- */

/*
 * A VM in a heap that has its pages: share, the call; on the way out unshare.
 * The kernel takes a page for the VM, then one for stage 2.
 */
static void creation_may_fail(void **state)
{
	enum { MAP = WORLD_FAULTS };
	static const struct {
		int fault;
		uint64_t n;
		int64_t ret;
		uint32_t hvcs;
		const char *where;
	} rows[] = {
		{WORLD_FAIL_PAGE, 1, -MODEL_ENOMEM, 0, "free 6, spare 2"},
		/* the shared one is there already */
		{WORLD_FAIL_PAGE, 2, -MODEL_ENOMEM, 2, "free 6, spare 2"},
		{WORLD_FAIL_HVC, 1, -MODEL_ENOMEM, 1, "free 6, spare 2"},
		{WORLD_FAIL_HVC, 2, -1, 3, "free 6, spare 2"},
		{WORLD_FAIL_DONATE, 1, -MODEL_ENOMEM, 3,
		 "free 6, spare 1, mapped 1"},
		{MAP, 1, -MODEL_ENOMEM, 3, "free 6, spare 2"},
	};
	struct earth *e = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct world_result r;

		earth(e, 16, 8);
		world_topup(e->w, 2);
		if (rows[i].fault == MAP)
			model_fail_map(e->m, rows[i].n);
		else
			world_fail(e->w, (enum world_fault)rows[i].fault,
				   rows[i].n);
		r = create_vm(e, 1);
		expect(r, rows[i].ret, rows[i].hvcs);
		assert_int_equal(r.warned, rows[i].fault == WORLD_FAIL_HVC);
		expect_where(e, rows[i].where);
		assert_int_equal(create_vm(e, 1).ret, VM);
		expect_where(e, "free 4, used 1, spare 1, mapped 1, hyp 1");
	}
}

/* A page that EL2 may go on reading is out of use for ever. */
static void a_page_stays_shared(void **state)
{
	struct earth *e = *state;
	struct world_result r;

	earth(e, 16, 16);
	assert_int_equal(create_vm(e, 2).ret, VM);
	assert_int_equal(create_vcpu(e, VM, 1).ret, 0);
	expect_where(e, "free 10, used 2, mapped 3, hyp 1");
	world_fail(e->w, WORLD_FAIL_HVC, 1);
	r = world_destroy_vm(e->w, VM);
	expect(r, -1, 1);
	assert_true(r.warned);
	expect_where(e, "free 10, used 2, mapped 3, hyp 1");

	world_fail(e->w, WORLD_FAIL_HVC, 2); /* the vCPU's */
	r = world_destroy_vm(e->w, VM);
	expect(r, 0, 3);
	assert_true(r.warned);
	expect_where(e, "free 12, lost 1, mapped 3");

	/* also where it is freed because something else failed */
	world_fail(e->w, WORLD_FAIL_HVC, 3);
	expect(create_vm(e, 0), -MODEL_EINVAL, 3);
	expect_where(e, "free 11, lost 2, mapped 3");
}

/* Nothing is left of the loop's hypercalls but what they brought. */
static void creation_without_pages(void **state)
{
	struct earth *e = *state;
	struct world_result r;

	earth(e, 16, 2); /* both for the kernel */
	r = create_vm(e, 1);
	assert_int_equal(r.ret, -MODEL_ENOMEM);
	assert_int_equal(r.need, 1);
	assert_int_equal(r.hvcs, 3);
	expect_where(e, "free 2");
	earth(e, 16, 1);
	r = create_vm(e, 1);
	assert_int_equal(r.ret, -MODEL_ENOMEM);
	assert_int_equal(r.need, 0);
	assert_int_equal(r.tries, 0);
	expect_where(e, "free 1");
}

/* ---- the trace ---------------------------------------------------------- */

static void a_trace_comes_and_goes(void **state)
{
	struct earth *e = *state;

	earth(e, 16, 32);
	expect(world_trace_load(e->w, 1, 5, 4), 0, 3);
	/* a descriptor and 5 pages a CPU; 40 bytes of each at EL2 */
	expect_where(e, "free 20, used 11, mapped 1");
	expect_heap(e->m, "0 used 400 >4096", "#");
	expect_ledger(e, "trace at 16");
	e->unlocks = 0;
	expect(world_trace_load(e->w, 1, 5, 4), -WORLD_EBUSY, 1);
	assert_int_equal(e->unlocks, 1);
	expect_where(e, "free 20, used 11, mapped 1");
	expect(world_trace_unload(e->w), 0, 1);
	expect_where(e, "free 31, mapped 1");
	expect(world_trace_unload(e->w), -WORLD_ENODEV, 1);
	expect_ledger(e, "");
}

static void a_trace_may_fail(void **state)
{
	enum { MAP = WORLD_FAULTS, NONE };
	static const struct {
		uint32_t pages;
		int fault;
		uint64_t n;
		int64_t ret;
		uint32_t hvcs;
	} rows[] = {
		{2, NONE, 0, -MODEL_EINVAL, 1},
		{0, NONE, 0, -MODEL_EINVAL, 1},
		/* 8 + 2 x (8 + 8 x 254) is 4088; one more is too many */
		{255, NONE, 0, -MODEL_E2BIG, 0},
		{254, NONE, 0, -MODEL_ENOMEM, 0},
		{UINT32_MAX, NONE, 0, -MODEL_E2BIG, 0},
		{3, WORLD_FAIL_PAGE, 1, -MODEL_ENOMEM, 0},
		{3, WORLD_FAIL_PAGE, 7, -MODEL_ENOMEM, 0},
		{3, WORLD_FAIL_HVC, 1, -1, 1},
		{3, WORLD_FAIL_DONATE, 1, -MODEL_ENOMEM, 1},
		{3, MAP, 1, -MODEL_ENOMEM, 1},
	};
	struct earth *e = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		earth(e, 16, 32);
		world_topup(e->w, 1);
		if (rows[i].fault == MAP)
			model_fail_map(e->m, rows[i].n);
		else if (rows[i].fault != NONE)
			world_fail(e->w, (enum world_fault)rows[i].fault,
				   rows[i].n);
		expect(world_trace_load(e->w, 0, rows[i].pages, 4), rows[i].ret,
		       rows[i].hvcs);
		expect_where(e, "free 31, spare 1");
	}

	/* each try donates the descriptor again */
	earth(e, 16, 32);
	world_fail(e->w, WORLD_FAIL_DONATE, 3);
	expect(world_trace_load(e->w, 0, 3, 4), -MODEL_ENOMEM, 3);
	expect_where(e, "free 31, spare 1");
}

/* The allocator's unlock is first, then the lock of the trace is free. */
static void sees_it_loaded(struct earth *e)
{
	expect_ledger(e, "trace at 16");
}

static void unlocks_of_a_trace(void **state)
{
	struct earth *e = *state;

	earth(e, 16, 32);
	world_topup(e->w, 2);
	at_unlock(e, 2, sees_it_loaded);
	expect(world_trace_load(e->w, 0, 3, 4), 0, 1);
	assert_int_equal(e->other_at, 0);
	assert_int_equal(e->unlocks, 3); /* with that of the top-up */
	expect(world_trace_unload(e->w), 0, 1);
	assert_int_equal(e->unlocks, 5);
}

/* ---- the ledger --------------------------------------------------------- */

static void whose_bytes(void **state)
{
	struct earth *e = *state;

	earth(e, 16, 16);
	create_vm(e, 2);
	create_vcpu(e, VM, 0);
	assert_int_equal(world_owned_to(e->w, 16), 3104);
	assert_int_equal(world_owned_to(e->w, 3103), 3104);
	assert_int_equal(world_owned_to(e->w, 3120), 3120 + 8192);
	assert_int_equal(world_owned_to(e->w, 15), 0); /* a header */
	assert_int_equal(world_owned_to(e->w, 3104), 0);

	/* one that ends in the operation may still be touched in it */
	world_begin(e->w);
	world_destroy_vm(e->w, VM);
	assert_int_equal(world_objects(e->w), 0);
	assert_int_equal(world_owned_to(e->w, 16), 3104);
	world_begin(e->w);
	assert_int_equal(world_owned_to(e->w, 16), 0);
}

/* Somebody else frees what is a client's: its own end is one free too many. */
static void a_stolen_object(void **state)
{
	struct earth *e = *state;

	earth(e, 16, 32);
	create_vm(e, 2);
	world_trace_load(e->w, 0, 3, 4);
	assert_true(model_free(e->m, world_object(e->w, 1)->offset));
	assert_true(world_trace_unload(e->w).panics);
	assert_true(model_free(e->m, world_object(e->w, 0)->offset));
	assert_true(world_destroy_vm(e->w, VM).panics);
}

/* A reset forgets everything. */
static void a_fresh_world(void **state)
{
	struct earth *e = *state;

	earth(e, 16, 32);
	create_vm(e, 2);
	create_vcpu(e, VM, 0);
	world_trace_load(e->w, 0, 3, 4);
	world_fail(e->w, WORLD_FAIL_HVC, 1);
	world_fail(e->w, WORLD_FAIL_PAGE, 1);
	world_fail(e->w, WORLD_FAIL_DONATE, 1);
	e->word[9][0] = 0;
	world_raw_topup(e->w, WORLD_SELFTEST, phys(9), 1, &e->mem);
	earth(e, 16, 32);
	expect_where(e, "free 32");
	expect_ledger(e, "");
	assert_int_equal(world_hvcs(e->w), 0);
	expect(create_vm(e, 2), VM, 4);
	expect(create_vcpu(e, VM, 0), 0, 4);
	expect(world_trace_load(e->w, 0, 3, 4), 0, 1);

	/* nor does the kernel believe to have what is another's now */
	earth(e, 16, 32);
	world_raw_share(e->w, frame(1), &e->mem);
	e->owner[1] = WORLD_SHARED;
	e->word[1][0] = 1;
	world_topup(e->w, 2);
	expect(world_raw_init_vm(e->w, 0, phys(1), phys(2), &e->mem), VM, 1);
	expect(world_destroy_vm(e->w, VM), 0, 1);
	e->word[4][0] = 2;
	e->word[4][1] = 3ull << 32;
	e->word[4][5] = 3ull << 32 | 1;
	expect(world_raw_tracing_load(e->w, 0, phys(4), 4096, &e->mem), 0, 1);
	expect(world_trace_unload(e->w), 0, 1);
	expect_where(e, "free 29, lost 1, spare 1, mapped 1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		earth_test(a_vm_lives),
		earth_test(what_is_left_of_a_vm),
		earth_test(handles_are_used_again),
		earth_test(sizes),
		earth_test(vcpus_that_cannot_be),
		earth_test(creation_may_fail),
		earth_test(a_page_stays_shared),
		earth_test(creation_without_pages),
		earth_test(a_trace_comes_and_goes),
		earth_test(a_trace_may_fail),
		earth_test(unlocks_of_a_trace),
		earth_test(whose_bytes),
		earth_test(a_stolen_object),
		earth_test(a_fresh_world),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
