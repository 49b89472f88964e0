/* SPDX-License-Identifier: GPL-2.0-only */
#include "allocator/heap.h"
#include "allocator/host/host.h"
#include "state.h"

#include <assert.h>
#include <errno.h>

/* What the host's kernel does: pages for EL2's heap and back, VMs, traces. */

static int error_of(int64_t ret)
{
	return ret < 0 ? (int)ret : 0;
}

void exec_expect(struct step *step, const struct world_result *result)
{
	struct outcome *expect = &step->expect;

	expect->end = result->panics ? STEP_PANIC : STEP_DONE;
	expect->err = error_of(result->ret);
	expect->ret = result->ret;
	expect->need = result->need;
	expect->pages = result->pages;
	expect->left_head = heap_portable(result->left_head);
	expect->left_nr = heap_portable(result->left_nr);
	expect->any_head = result->any_head;
	expect->hvcs = result->hvcs;
	expect->warned = result->warned;
}

/*
 * Pages are asked back: as many as there are, unless the host could not ask or
 * somebody else came in between.
 */
static void promise(const struct run *run, struct step *step)
{
	const bool scan = step->op.kind == OP_SHRINK;

	step->target = step->op.arg;
	if (step->target > heap_traits()->target_max)
		step->target = heap_traits()->target_max;
	step->promised = !step->fault_armed && !run->defer.nr &&
			 step->op.sub == SHRINK_SCAN;
	/* the shrinker works after the boot, and goes on to the other heap */
	if (scan && (run->prog->world.boot ||
		     (run_exact(run) && world_selftest_spare(run->world))))
		step->promised = false;
}

/* What the host's function returned. */
static void returned(struct step *step, bool did, int64_t ret)
{
	if (!did) {
		exec_stopped(step);
		return;
	}
	step->actual.ret = ret;
	step->actual.err = error_of(ret);
}

/* The same of one that calls in a loop until EL2 has the pages it wants. */
static void looped(struct step *step, bool did, int64_t ret,
		   const struct host_loop *loop)
{
	returned(step, did, ret);
	if (!did)
		return;

	step->actual.need = ret < 0 ? loop->need : 0;
	step->tries = loop->tries;
	step->tries_max = CALL_TRIES;
	step->stuck = loop->stuck;
	step->stuck_need = loop->stuck_need;
	step->clipped = loop->clipped;
	step->host_free = host_free();
	exec_left(step);
}

/* ---- pages -------------------------------------------------------------- */

static bool expect_topup(struct run *run, struct step *step)
{
	struct world_result result;

	if (run_exact(run)) {
		result = world_topup(run->world, step->op.arg);
		exec_expect(step, &result);
	}

	return true;
}

static void call_topup(struct run *run, struct step *step)
{
	int err = 0;
	bool did = host_topup(step->op.arg, &err);

	(void)run;
	returned(step, did, err);
}

static bool expect_reclaim(struct run *run, struct step *step)
{
	struct world_result result;

	promise(run, step);
	if (run_exact(run)) {
		result = world_reclaim(run->world, step->op.arg);
		exec_expect(step, &result);
	}

	return true;
}

static void call_reclaim(struct run *run, struct step *step)
{
	(void)run;
	returned(step, host_reclaim(step->op.arg, &step->actual.pages), 0);
}

static bool expect_shrink(struct run *run, struct step *step)
{
	struct world_result result;

	promise(run, step);
	if (run_exact(run)) {
		result = step->op.sub == SHRINK_COUNT
				 ? world_count(run->world)
				 : world_shrink(run->world, step->op.arg);
		exec_expect(step, &result);
		step->expect.err = 0;
	}

	return true;
}

/* "Stop" and "empty" are results of their own, and no pages. */
static void call_shrink(struct run *run, struct step *step)
{
	const bool count = step->op.sub == SHRINK_COUNT;
	struct outcome *actual = &step->actual;
	uint64_t none = count ? HOST_SHRINK_EMPTY : HOST_SHRINK_STOP, ret = 0;

	(void)run;
	if (!(count ? host_count(&ret) : host_shrink(step->op.arg, &ret))) {
		exec_stopped(step);
		return;
	}
	actual->pages = count || ret == none ? 0 : ret;
	actual->ret = ret == none ? -1 : (int64_t)ret;
}

static bool expect_call(struct run *run, struct step *step)
{
	struct world_result result;
	uint32_t offset = 0;

	if (run_exact(run)) {
		result = world_call_alloc(run->world, run->cpu, step->op.arg,
					  CALL_TRIES, &offset);
		exec_expect(step, &result);
		step->expect.offset = offset;
	}

	return true;
}

static void call_call(struct run *run, struct step *step)
{
	struct host_loop loop;
	uint64_t offset = 0;
	bool got = false, did;

	(void)run;
	did = host_call_alloc(step->op.arg, CALL_TRIES, &loop, &got, &offset);
	looped(step, did, got ? 0 : loop.err, &loop);
	if (did)
		exec_got(step, got, offset);
}

/* ---- faults ------------------------------------------------------------- */

static bool expect_fail(struct run *run, struct step *step)
{
	static const enum world_fault faults[] = {
		[FAIL_DONATE] = WORLD_FAIL_DONATE,
		[FAIL_PAGE] = WORLD_FAIL_PAGE,
		[FAIL_HVC] = WORLD_FAIL_HVC,
	};

	if (!run_exact(run))
		return true;
	if (step->op.sub == FAIL_MAP)
		model_fail_map(run->model, step->op.arg);
	else
		world_fail(run->world, faults[step->op.sub], step->op.arg);

	return true;
}

static void call_fail(struct run *run, struct step *step)
{
	(void)run;
	switch (step->op.sub) {
	case FAIL_DONATE:
		heap_fail_donate(step->op.arg);
		break;
	case FAIL_PAGE:
		host_fail_page(step->op.arg);
		break;
	case FAIL_HVC:
		heap_fail_hvc(step->op.arg);
		break;
	default:
		heap_fail_map(step->op.arg);
	}
}

/* ---- clients ------------------------------------------------------------ */

/* The VM that an operation takes: the next name with one, or without; or -1. */
static int take_vm(const struct run *run, uint16_t name, bool live)
{
	for (unsigned int i = 0; i < OP_VMS; i++) {
		unsigned int at = (name + i) % OP_VMS;

		if (!!run->vm[at] == live)
			return (int)at;
	}

	return -1;
}

static bool expect_create(struct run *run, struct step *step)
{
	const bool vcpu = step->op.sub == CREATE_VCPU;
	int name = take_vm(run, step->op.slot, vcpu);
	struct world_result result;

	if (name < 0)
		return false;
	step->op.slot = (uint16_t)name;
	if (run_exact(run)) {
		result = vcpu ? world_create_vcpu(run->world, run->cpu,
						  run->vm[name], step->op.arg,
						  CALL_TRIES)
			      : world_create_vm(run->world, run->cpu,
						step->op.arg, CALL_TRIES);
		exec_expect(step, &result);
	}

	return true;
}

static void call_create(struct run *run, struct step *step)
{
	uint64_t *vm = &run->vm[step->op.slot];
	struct host_loop loop;
	long ret = 0;
	bool did;

	if (step->op.sub == CREATE_VCPU)
		did = host_create_vcpu(*vm, step->op.arg, CALL_TRIES, &loop,
				       &ret);
	else
		did = host_create_vm(step->op.arg, CALL_TRIES, &loop, &ret);
	looped(step, did, ret, &loop);
	if (!did || ret <= 0 || step->op.sub == CREATE_VCPU)
		return;
	*vm = (uint64_t)ret;
	if (!run_exact(run))
		world_follow(run->world, WORLD_INIT_VM, 0, ret);
}

static bool expect_destroy(struct run *run, struct step *step)
{
	int name = take_vm(run, step->op.slot, true);
	struct world_result result;

	if (name < 0)
		return false;
	step->op.slot = (uint16_t)name;
	if (run_exact(run)) {
		result = world_destroy_vm(run->world, run->vm[name]);
		exec_expect(step, &result);
	}

	return true;
}

static void call_destroy(struct run *run, struct step *step)
{
	uint64_t *vm = &run->vm[step->op.slot];
	long ret = 0;
	bool did = host_destroy_vm(*vm, &ret);

	returned(step, did, ret);
	if (step->actual.end != STEP_DONE)
		return;
	if (!run_exact(run))
		world_follow(run->world, WORLD_TEARDOWN_VM, *vm, ret);
	if (!ret || ret == -ENOENT)
		*vm = 0;
}

static bool expect_trace(struct run *run, struct step *step)
{
	struct world_result result;

	if (run_exact(run)) {
		result = step->op.sub == TRACE_UNLOAD
				 ? world_trace_unload(run->world)
				 : world_trace_load(run->world, run->cpu,
						    step->op.arg, CALL_TRIES);
		exec_expect(step, &result);
	}

	return true;
}

static void call_trace(struct run *run, struct step *step)
{
	struct host_loop loop;
	long ret = 0;
	bool did;

	(void)run;
	if (step->op.sub == TRACE_UNLOAD) {
		did = host_trace_unload(&ret);
		returned(step, did, ret);
		return;
	}
	did = host_trace_load((uint32_t)step->op.arg, CALL_TRIES, &loop, &ret);
	looped(step, did, ret, &loop);
}

/* ---- the boot ----------------------------------------------------------- */

static bool expect_selftest(struct run *run, struct step *step)
{
	struct world_result result;

	if (!run_exact(run))
		return true;
	if (!world_selftest_predictable(run->world))
		return false;
	result = world_selftest(run->world, run->cpu, CALL_TRIES);
	exec_expect(step, &result);

	return true;
}

static void call_selftest(struct run *run, struct step *step)
{
	struct host_loop loop;
	long ret = 0;
	bool did = host_selftest(CALL_TRIES, &loop, &ret);

	(void)run;
	looped(step, did, ret, &loop);
}

static bool expect_deprivilege(struct run *run, struct step *step)
{
	struct world_result result;

	if (run_exact(run)) {
		result = world_deprivilege(run->world);
		exec_expect(step, &result);
	}

	return true;
}

static void call_deprivilege(struct run *run, struct step *step)
{
	int err = 0;
	bool did = host_deprivilege(&err);

	(void)run;
	returned(step, did, err);
}

const struct exec *exec_of_host(uint8_t kind)
{
	static const struct exec execs[OP_NUMBERS] = {
		[OP_TOPUP] = {expect_topup, call_topup},
		[OP_RECLAIM] = {expect_reclaim, call_reclaim},
		[OP_SHRINK] = {expect_shrink, call_shrink},
		[OP_CALL] = {expect_call, call_call},
		[OP_FAIL] = {expect_fail, call_fail},
		[OP_CREATE] = {expect_create, call_create},
		[OP_DESTROY] = {expect_destroy, call_destroy},
		[OP_TRACE] = {expect_trace, call_trace},
		[OP_SELFTEST] = {expect_selftest, call_selftest},
		[OP_DEPRIVILEGE] = {expect_deprivilege, call_deprivilege},
	};

	assert(kind < OP_NUMBERS);

	return &execs[kind];
}
