/* SPDX-License-Identifier: GPL-2.0-only */
#include "earth.h"

/*
 * Random operations of the host, some of another CPU in the middle of them, and
 * faults. After each one every page is somewhere, the model holds, and the
 * ledger is what the heap has in use but for the objects of this test. At the
 * end everything ends, and all pages come back that are not stranded.
 */

#define OWN 16u /* objects of the test's */
#define OPS 300u
#define RUNS 400u
#define VM WORLD_HANDLE_FIRST

enum outcome {
	MADE_VM,
	MADE_VCPU,
	ENDED_VM,
	BUSY_VM,
	NO_MEMORY,
	REFUSED,
	LOADED,
	UNLOADED,
	TESTED,
	TEST_FAILED,
	SHRUNK,
	MEANWHILE,
	OUTCOMES,
};

struct run {
	struct earth *e;
	uint64_t random;
	uint32_t own[OWN]; /* offsets, 0: none */
	uint32_t refs[WORLD_VMS];
	uint32_t warned; /* at most as many pages are lost */
	bool past;	 /* a VM or a trace was ended past the kernel */
	uint32_t seen[OUTCOMES];
};

static struct run run;

static uint64_t below(uint64_t limit)
{
	run.random ^= run.random << 13;
	run.random ^= run.random >> 7;
	run.random ^= run.random << 17;
	return run.random % limit;
}

static uint32_t own(void)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < OWN; i++)
		n += run.own[i] != 0;
	return n;
}

/* ---- another CPU -------------------------------------------------------- */

/* Another CPU may do the same in the middle of it. */
static void toggle_own(struct earth *e, unsigned int cpu)
{
	uint32_t i = (uint32_t)below(OWN), offset = run.own[i];

	if (offset) {
		run.own[i] = 0;
		assert_true(model_free(e->m, offset));
		return;
	}
	if (model_alloc(e->m, cpu, below(9000), &offset)) {
		model_errno(e->m, cpu);
		model_need(e->m, cpu);
		return;
	}
	for (i = 0; i < OWN; i++) {
		if (!run.own[i]) {
			run.own[i] = offset;
			return;
		}
	}
	assert_true(model_free(e->m, offset));
}

static void meanwhile(struct earth *e)
{
	run.seen[MEANWHILE]++;
	switch (below(4)) {
	case 0:
		run.warned += world_topup(e->w, below(6)).warned;
		break;
	case 1:
		run.warned += world_reclaim(e->w, below(6)).warned;
		break;
	case 2:
		run.warned += world_shrink(e->w, below(20)).warned;
		break;
	default:
		toggle_own(e, 3);
	}
}

/* ---- this one ----------------------------------------------------------- */

static uint64_t some_handle(void)
{
	return below(20) ? VM + below(4) : below(2) ? VM + below(18) : below(9);
}

static void note(struct world_result r, enum outcome outcome)
{
	assert_false(r.panics);
	run.warned += r.warned;
	run.seen[outcome] += r.ret >= 0;
	run.seen[NO_MEMORY] += r.ret == -MODEL_ENOMEM;
	run.seen[REFUSED] += r.warned;
	run.seen[BUSY_VM] += r.ret == -WORLD_EBUSY && outcome == ENDED_VM;
	run.seen[TEST_FAILED] += r.ret == -MODEL_EINVAL && outcome == TESTED;
}

static void a_vm(struct earth *e)
{
	uint64_t handle = some_handle();
	unsigned int cpu = (unsigned int)below(2);
	struct world_result r;

	switch (below(8)) {
	case 0:
	case 1:
		note(world_create_vm(e->w, cpu, below(5), 4), MADE_VM);
		break;
	case 2:
	case 3:
	case 4:
		note(world_create_vcpu(e->w, cpu, handle, below(4), 4),
		     MADE_VCPU);
		break;
	case 5:
		note(world_destroy_vm(e->w, handle), ENDED_VM);
		break;
	case 6:
		r = world_raw_get_vm(e->w, handle);
		if (!r.ret)
			run.refs[handle - VM]++;
		break;
	default:
		if (handle >= VM && handle < VM + WORLD_VMS &&
		    run.refs[handle - VM]) {
			assert_int_equal(world_raw_put_vm(e->w, handle).ret, 0);
			run.refs[handle - VM]--;
		} else if (!below(4)) {
			r = world_raw_teardown_vm(e->w, handle);
			run.past |= !r.ret;
			note(r, ENDED_VM);
		}
	}
}

static void a_trace(struct earth *e)
{
	struct world_result r;

	switch (below(5)) {
	case 0:
		r = world_raw_tracing_unload(e->w);
		run.past |= !r.ret;
		note(r, UNLOADED);
		break;
	case 1:
	case 2:
		note(world_trace_unload(e->w), UNLOADED);
		break;
	default:
		note(world_trace_load(e->w, 1, (uint32_t)below(6), 4), LOADED);
	}
}

static void a_fault(struct earth *e)
{
	switch (below(4)) {
	case 0:
		model_fail_map(e->m, below(10));
		break;
	case 1:
		world_fail(e->w, WORLD_FAIL_DONATE, below(6));
		break;
	case 2:
		world_fail(e->w, WORLD_FAIL_PAGE, below(9));
		break;
	default:
		world_fail(e->w, WORLD_FAIL_HVC, below(9));
	}
}

static void step(struct earth *e)
{
	const char *broken;

	world_begin(e->w);
	if (!below(4))
		at_unlock(e, 1 + (uint32_t)below(9), meanwhile);
	switch (below(16)) {
	case 0:
		run.warned += world_topup(e->w, below(6)).warned;
		break;
	case 1:
		run.warned += world_reclaim(e->w, below(8)).warned;
		break;
	case 2:
		note(world_shrink(e->w, below(40)), SHRUNK);
		break;
	case 3:
		a_fault(e);
		break;
	case 4:
	case 5:
		a_trace(e);
		break;
	case 6:
		toggle_own(e, 0);
		break;
	case 7:
		if (world_selftest_predictable(e->w))
			note(world_selftest(e->w, 0, 4), TESTED);
		break;
	case 8:
		if (!below(40))
			world_deprivilege(e->w);
		break;
	default:
		a_vm(e);
	}
	e->other_at = 0;
	broken = world_is_sound(e, own());
	if (broken)
		fail_msg("%s", broken);
	for (unsigned int cpu = 0; cpu < MODEL_CPUS; cpu++) {
		assert_int_equal(model_errno(e->m, cpu), 0);
		assert_int_equal(model_need(e->m, cpu), 0);
	}
}

/* Everything ends, and everything comes back. */
static void end(struct earth *e)
{
	struct world *w = e->w;

	model_fail_map(e->m, 0);
	for (int i = 0; i < WORLD_FAULTS; i++)
		world_fail(w, (enum world_fault)i, 0);
	for (uint32_t i = 0; i < WORLD_VMS; i++) {
		while (run.refs[i]) {
			assert_int_equal(world_raw_put_vm(w, VM + i).ret, 0);
			run.refs[i]--;
		}
		world_destroy_vm(w, VM + i);
	}
	world_trace_unload(w);
	for (uint32_t i = 0; i < OWN; i++) {
		assert_true(!run.own[i] || model_free(e->m, run.own[i]));
		run.own[i] = 0;
	}
	world_reclaim(w, UINT64_MAX);
	world_raw_reclaim(w, WORLD_SELFTEST, UINT64_MAX);

	assert_null(world_is_sound(e, 0));
	assert_int_equal(world_objects(w), 0);
	assert_int_equal(world_hyp(w), 0);
	assert_int_equal(world_spare(w), 0);
	assert_true(world_host_lost(w) <= run.warned);
	if (!run.past)
		assert_int_equal(world_host_used(w), 0);
	/* what is still mapped is stranded: section 12 */
	assert_int_equal(world_mapped(w), e->m->mapped);
	assert_int_equal(model_reclaimable(e->m), 0);
	assert_int_equal(e->m->host + world_host_used(w) + world_host_lost(w) +
				 e->m->mapped,
			 e->pool);
}

static void any_operations(void **state)
{
	struct earth *e = *state;
	uint32_t all_back = 0;

	run = (struct run){.e = e, .random = 0x9E3779B97F4A7C15ull};
	for (uint32_t n = 0; n < RUNS; n++) {
		uint32_t pool = 8 + (uint32_t)below(EARTH_PAGES - 7);
		uint32_t heap = 4 + (uint32_t)below(40);
		uint64_t vm = below(2) * 100, vcpu = below(2) * 500;

		run.past = false;
		run.warned = 0;
		earth_of(e, heap, pool, vm, vcpu, below(2));
		for (uint32_t i = 0; i < OPS; i++)
			step(e);
		end(e);
		all_back += e->m->host == pool;
	}
	/* each kind of end was met, many times */
	for (int i = 0; i < OUTCOMES; i++)
		if (run.seen[i] < 100)
			fail_msg("outcome %d: %u times", i, run.seen[i]);
	assert_true(all_back > RUNS / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {earth_test(any_operations)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
