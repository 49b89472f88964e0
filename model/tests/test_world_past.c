/* SPDX-License-Identifier: GPL-2.0-only */
#include "earth.h"

/*
 * Raw hypercalls about EL2's clients: VMs with no kernel behind them, traces,
 * pages of guests; and VMs that are only followed.
 */

#define VM WORLD_HANDLE_FIRST
#define BEYOND (1ull << WORLD_PHYS_BITS)

static void expect(struct world_result r, int64_t ret)
{
	assert_int_equal(r.ret, ret);
	assert_int_equal(r.hvcs, 1);
	assert_false(r.panics);
}

/* ---- VMs ---------------------------------------------------------------- */

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

static void a_raw_vm(void **state)
{
	struct earth *e = *state;

	with_a_struct(e);
	expect(world_raw_init_vm(e->w, 0, phys(1), phys(2), &e->mem), VM);
	e->owner[2] = WORLD_HYP;
	assert_true(world_taken(e->w, 2));
	assert_int_equal(e->unlocks, 2);
	assert_int_equal(e->donations, 1);
	expect_where(e, "free 26, lost 1, spare 3, mapped 1, hyp 1");
	expect(world_raw_init_vcpu(e->w, 0, VM, phys(1), &e->mem),
	       -MODEL_EINVAL); /* vCPU 2 of 2 */
	e->word[1][2] = 1;
	expect(world_raw_init_vcpu(e->w, 0, VM, phys(1) + 16, &e->mem), 0);
	expect_ledger(e, "vm 1000 at 16, vcpu 1000.1 at 80");
	expect(world_raw_teardown_vm(e->w, VM | 5ull << 32), 0);
	expect_where(e, "free 27, lost 1, spare 3, mapped 1");
	expect(world_raw_teardown_vm(e->w, VM), -WORLD_ENOENT);
}

static void a_raw_vm_is_refused(void **state)
{
	static const struct {
		uint64_t kvm, pgd;
		int64_t ret;
		uint32_t unlocks, donations;
	} rows[] = {
		{4096 + 4, 8192, -MODEL_EINVAL, 0, 0},
		{8192, 8192, -WORLD_EPERM, 0, 0}, /* not shared */
		{64 * 4096, 8192, -WORLD_EPERM, 0, 0},
		{4096 + 24, 8192, -MODEL_EINVAL, 0, 0}, /* no vCPU */
		/* the stage 2: after the allocation, which is undone */
		{4096, 8192 + 8, -MODEL_EINVAL, 2, 0},
		{4096, 4096, -WORLD_EPERM, 2, 1},
		{4096, 3 * 4096, -WORLD_EPERM, 2, 1},
		{4096, 64 * 4096, -WORLD_EPERM, 2, 1},
		{4096, BEYOND, -MODEL_EINVAL, 2, 1},
		/* 2^61 + 1 vCPUs are more than a heap holds */
		{4096 + 32, 8192, -MODEL_E2BIG, 0, 0},
	};
	struct earth *e = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		with_a_struct(e);
		e->owner[3] = WORLD_HYP;
		e->word[1][4] = (1ull << 61) + 1;
		expect(world_raw_init_vm(e->w, 0, EARTH_BASE + rows[i].kvm,
					 EARTH_BASE + rows[i].pgd, &e->mem),
		       rows[i].ret);
		assert_int_equal(e->unlocks, rows[i].unlocks);
		assert_int_equal(e->donations, rows[i].donations);
		assert_int_equal(world_hyp(e->w), 0);
		assert_null(world_is_sound(e, 0));
	}
}

static void a_raw_request(void **state)
{
	struct earth *e = *state;
	struct world_result r;

	with_a_struct(e);
	world_reclaim(e->w, UINT64_MAX);
	e->word[1][0] = 600; /* 32 + 4800 bytes: 2 pages */
	r = world_raw_init_vm(e->w, 1, phys(1), phys(2), &e->mem);
	expect(r, -MODEL_ENOMEM);
	assert_int_equal(r.need, 2);
	assert_int_equal(model_need(e->m, 1), 0);
	assert_int_equal(model_errno(e->m, 1), 0);
	/* -ENOMEM of the donation asks for nothing */
	world_topup(e->w, 4);
	world_fail(e->w, WORLD_FAIL_DONATE, 1);
	r = world_raw_init_vm(e->w, 1, phys(1), phys(2), &e->mem);
	expect(r, -MODEL_ENOMEM);
	assert_int_equal(r.need, 0);
	expect_where(e, "free 27, lost 1, spare 2, mapped 2");
}

static void references(void **state)
{
	struct earth *e = *state;

	with_a_struct(e);
	expect(world_raw_get_vm(e->w, VM), -WORLD_ENOENT);
	expect(world_raw_put_vm(e->w, VM), -WORLD_ENOENT);
	expect(world_raw_init_vm(e->w, 0, phys(1), phys(2), &e->mem), VM);
	assert_true(world_panics(e->w, WORLD_PUT_VM, VM));
	assert_true(world_raw_put_vm(e->w, VM).panics);
	e->unlocks = 0;
	for (uint32_t i = 0; i < WORLD_REFS_MAX; i++)
		assert_int_equal(world_raw_get_vm(e->w, VM).ret, 0);
	assert_int_equal(e->unlocks, WORLD_REFS_MAX);
	assert_true(world_panics(e->w, WORLD_GET_VM, VM));
	assert_true(world_raw_get_vm(e->w, VM).panics);
	expect(world_raw_teardown_vm(e->w, VM), -WORLD_EBUSY);
	for (uint32_t i = 0; i < WORLD_REFS_MAX; i++)
		assert_int_equal(world_raw_put_vm(e->w, VM).ret, 0);
	expect(world_raw_teardown_vm(e->w, VM), 0);
}

/* Past the kernel: it still believes to have what EL2 gave back. */
static void past_the_kernel(void **state)
{
	struct earth *e = *state;

	earth_of(e, 16, 32, 16, 16, true);
	assert_int_equal(world_create_vm(e->w, 0, 1, 4).ret, VM);
	expect_where(e, "free 29, used 1, mapped 1, hyp 1");
	expect(world_raw_teardown_vm(e->w, VM), 0);
	expect_where(e, "free 29, used 2, mapped 1");
	assert_int_equal(world_destroy_vm(e->w, VM).ret, -WORLD_ENOENT);
	/* the handle is another's, and the kernel ends both with it */
	assert_int_equal(world_raw_share(e->w, frame(1), &e->mem).ret, 0);
	e->owner[1] = WORLD_SHARED;
	e->word[1][0] = 1;
	expect(world_raw_init_vm(e->w, 0, phys(1), phys(2), &e->mem), VM);
	expect_where(e, "free 27, used 2, lost 1, mapped 1, hyp 1");
	assert_int_equal(world_destroy_vm(e->w, VM).ret, 0);
	expect_where(e, "free 30, lost 1, mapped 1");
	/* or it forgets the old pages over a new VM */
	assert_int_equal(world_create_vm(e->w, 0, 1, 4).ret, VM);
	expect(world_raw_teardown_vm(e->w, VM), 0);
	assert_int_equal(world_create_vm(e->w, 0, 1, 4).ret, VM);
	assert_int_equal(world_destroy_vm(e->w, VM).ret, 0);
	expect_where(e, "free 28, used 2, lost 1, mapped 1");

	/* the trace's as well */
	assert_int_equal(world_trace_load(e->w, 0, 3, 4).ret, 0);
	expect(world_raw_tracing_unload(e->w), 0);
	expect(world_raw_tracing_unload(e->w), -WORLD_ENODEV);
	assert_int_equal(world_trace_unload(e->w).ret, -WORLD_ENODEV);
	assert_int_equal(world_trace_load(e->w, 0, 3, 4).ret, 0);
	assert_int_equal(world_trace_unload(e->w).ret, 0);
	expect_where(e, "free 21, used 9, lost 1, mapped 1");
}

/* ---- the trace ---------------------------------------------------------- */

#define RING(cpu, pages) ((cpu) | (uint64_t)(pages) << 32)

/* A descriptor of 3 pages for each of 2 CPUs, in page 4. */
static void with_a_descriptor(struct earth *e)
{
	earth(e, 16, 32);
	world_topup(e->w, 2);
	e->word[4][0] = 2;
	e->word[4][1] = RING(0u, 3);
	e->word[4][5] = RING(1u, 3);
	e->unlocks = 0;
}

static void a_raw_trace(void **state)
{
	struct earth *e = *state;

	with_a_descriptor(e);
	expect(world_raw_tracing_load(e->w, 0, phys(4), 4096, &e->mem), 0);
	assert_int_equal(e->unlocks, 2);
	assert_int_equal(e->donations, 1);
	expect_where(e, "free 30, spare 1, mapped 1");
	expect_heap(e->m, "0 used 240 >4096", "#");
	world_begin(e->w);
	e->word[4][0] = 99; /* that it is on is seen first */
	expect(world_raw_tracing_load(e->w, 0, phys(4), 4096, &e->mem),
	       -WORLD_EBUSY);
	expect(world_raw_tracing_unload(e->w), 0);
	world_begin(e->w);
	expect(world_raw_tracing_load(e->w, 0, phys(4), 4096, &e->mem),
	       -MODEL_EINVAL);
	expect_where(e, "free 30, spare 1, mapped 1");
}

static void a_raw_trace_is_refused(void **state)
{
	static const struct {
		uint64_t desc, bytes; /* desc 0: the good one */
		uint32_t word;	      /* 16: none */
		uint64_t value;
		int64_t ret;
	} rows[] = {
		{0, 4096, 0, 1, -MODEL_EINVAL},
		{0, 4096, 0, 3, -MODEL_EINVAL},
		{0, 4096, 0, 2 | 7ull << 32, 0}, /* padding */
		{0, 4096, 1, RING(1u, 3), -MODEL_EINVAL},
		{0, 4096, 1, RING(0u, 2), -MODEL_EINVAL},
		{0, 4096, 5, RING(0u, 3), -MODEL_EINVAL},
		{0, 4096, 5, RING(1u, 506), 0}, /* right to the end */
		{0, 4096, 5, RING(1u, 507), -MODEL_EINVAL},
		{0, 8192, 5, RING(1u, 507), 0}, /* 20400 bytes */
		{0, 4096, 5, RING(1u, UINT32_MAX), -MODEL_EINVAL},
		{0, 4096, 1, RING(0u, 510), -MODEL_EINVAL},
		{0, 4095, 16, 0, -MODEL_EINVAL},
		{0, 0, 16, 0, -MODEL_EINVAL},
		{EARTH_BASE + 4 * 4096 + 16, 4096, 16, 0, -MODEL_EINVAL},
		{0, 29 * 4096, 16, 0, -WORLD_EPERM}, /* over the end */
		{0, UINT64_MAX - 4095, 16, 0, -MODEL_EINVAL},
		{EARTH_BASE - 4096, 8192, 16, 0, -WORLD_EPERM},
		{EARTH_BASE + 8 * 4096, 4096, 16, 0, -WORLD_EPERM},
		{EARTH_BASE + 7 * 4096, 8192, 16, 0, -WORLD_EPERM},
		{BEYOND, 4096, 16, 0, -MODEL_EINVAL},
	};
	struct earth *e = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		with_a_descriptor(e);
		world_topup(e->w, 4);
		if (rows[i].word < 16)
			e->word[4][rows[i].word] = rows[i].value;
		e->owner[8] = WORLD_HYP;
		expect(world_raw_tracing_load(
			       e->w, 0, rows[i].desc ? rows[i].desc : phys(4),
			       rows[i].bytes, &e->mem),
		       rows[i].ret);
		assert_null(world_is_sound(e, 0));
		assert_int_equal(world_hyp(e->w), 0);
	}
}

/* All memory behind the descriptor goes with it, and comes back. */
static void a_large_descriptor(void **state)
{
	struct earth *e = *state;

	with_a_descriptor(e);
	world_reclaim(e->w, 1);
	expect(world_raw_tracing_load(e->w, 0, phys(4), 28 * 4096, &e->mem), 0);
	for (uint32_t i = 0; i < 32; i++)
		assert_int_equal(world_taken(e->w, i), i >= 4);
	expect_where(e, "free 31, mapped 1");

	/* all memory there is */
	earth(e, 16, 32);
	e->word[0][0] = 2;
	e->word[0][1] = RING(0u, 3);
	e->word[0][5] = RING(1u, 3);
	expect(world_raw_tracing_load(e->w, 0, phys(0), 32 * 4096, &e->mem),
	       -MODEL_ENOMEM);
	expect_where(e, "free 32");
}

/* ---- guests ------------------------------------------------------------- */

static void guests(void **state)
{
	struct earth *e = *state;

	with_a_struct(e);
	expect(world_raw_donate_guest(e->w, VM, frame(5), &e->mem),
	       -WORLD_ENOENT);
	expect(world_raw_init_vm(e->w, 0, phys(1), phys(2), &e->mem), VM);
	e->owner[2] = WORLD_HYP;
	e->unlocks = 0;
	expect(world_raw_donate_guest(e->w, VM, frame(5), &e->mem), 0);
	e->owner[5] = WORLD_GUEST;
	world_begin(e->w);
	expect_where(e, "free 25, lost 1, spare 3, mapped 1, hyp 1, guest 1");
	expect(world_raw_donate_guest(e->w, VM, frame(5), &e->mem),
	       -WORLD_EPERM);
	expect(world_raw_donate_guest(e->w, VM, frame(2), &e->mem),
	       -WORLD_EPERM);
	expect(world_raw_donate_guest(e->w, VM, UINT64_MAX, &e->mem),
	       -MODEL_EINVAL);
	expect(world_raw_reclaim_guest(e->w, frame(6), &e->mem), -WORLD_EPERM);
	expect(world_raw_reclaim_guest(e->w, UINT64_MAX, &e->mem),
	       -MODEL_EINVAL);
	expect(world_raw_reclaim_guest(e->w, frame(5), &e->mem), -WORLD_EBUSY);
	assert_int_equal(e->unlocks, 7);

	/* a handle that is used again counts as living */
	expect(world_raw_teardown_vm(e->w, VM), 0);
	assert_int_equal(world_create_vm(e->w, 0, 1, 4).ret, VM);
	expect(world_raw_reclaim_guest(e->w, frame(5), &e->mem), -WORLD_EBUSY);
	assert_int_equal(world_destroy_vm(e->w, VM).ret, 0);
	expect(world_raw_reclaim_guest(e->w, frame(5), &e->mem), 0);
	expect_where(e, "free 27, lost 1, spare 3, mapped 1");

	/* a donation to a guest is none to the hypervisor; a reset forgets */
	with_a_struct(e);
	expect(world_raw_init_vm(e->w, 0, phys(1), phys(2), &e->mem), VM);
	world_fail(e->w, WORLD_FAIL_DONATE, 1);
	expect(world_raw_donate_guest(e->w, VM, frame(5), &e->mem), 0);
	assert_true(world_armed(e->w, WORLD_FAIL_DONATE));
	earth(e, 16, 32);
	expect_where(e, "free 32");
}

/* ---- without a prediction ----------------------------------------------- */

static void followed(void **state)
{
	struct earth *e = *state;
	struct world *w = e->w;

	earth(e, 16, 8);
	world_follow(w, WORLD_INIT_VM, 0, -MODEL_ENOMEM);
	world_follow(w, WORLD_INIT_VM, 0, VM + 16);
	assert_int_equal(world_hyp(w), 0);
	world_follow(w, WORLD_INIT_VM, 0, VM + 2);
	assert_int_equal(world_hyp(w), 1);
	assert_true(world_panics(w, WORLD_PUT_VM, VM + 2));
	assert_false(world_panics(w, WORLD_PUT_VM, VM + 1));
	world_follow(w, WORLD_GET_VM, VM + 2, 0);
	world_follow(w, WORLD_GET_VM, VM + 2, -WORLD_ENOENT);
	assert_false(world_panics(w, WORLD_PUT_VM, VM + 2));
	world_follow(w, WORLD_PUT_VM, VM + 2, 0);
	assert_true(world_panics(w, WORLD_PUT_VM, VM + 2));
	for (uint32_t i = 0; i < WORLD_REFS_MAX; i++) {
		assert_false(world_panics(w, WORLD_GET_VM, VM + 2));
		world_follow(w, WORLD_GET_VM, VM + 2, 0);
	}
	assert_true(world_panics(w, WORLD_GET_VM, VM + 2));
	world_follow(w, WORLD_TEARDOWN_VM, VM + 2, -WORLD_EBUSY);
	assert_int_equal(world_hyp(w), 1);
	world_follow(w, WORLD_TEARDOWN_VM, VM + 2, 0);
	assert_int_equal(world_hyp(w), 0);
	assert_false(world_panics(w, WORLD_GET_VM, VM + 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		earth_test(a_raw_vm),
		earth_test(a_raw_vm_is_refused),
		earth_test(a_raw_request),
		earth_test(references),
		earth_test(past_the_kernel),
		earth_test(a_raw_trace),
		earth_test(a_raw_trace_is_refused),
		earth_test(a_large_descriptor),
		earth_test(guests),
		earth_test(followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
