/* SPDX-License-Identifier: GPL-2.0-only */
#include <assert.h>

#include "gen_state.h"

/* What the host does besides giving and taking pages, one operation at a time. */

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define HANDLE_FIRST 0x1000u

void gen_fix(struct op *op, const struct prog *prog)
{
	if (!prog_of_host(prog->world.swarm)) {
		op->at = 0;
		if (op->kind == OP_FAIL || op->kind == OP_SHRINK)
			op->sub = 0;
	}
	op_fix(op, prog->world.cpus);
}

uint8_t gen_at(struct rng *rng)
{
	if (rng_percent(rng, 92))
		return (uint8_t)rng_range(rng, 1, 4);

	return (uint8_t)gen_log(rng, 8);
}

/*
 * A page of the pool. The host's kernel takes its pages from page 0 up, so those
 * of the upper half are mostly still free: what a hostile host may play with.
 */
uint32_t gen_page(struct rng *rng, const struct prog_world *world)
{
	uint32_t pool = world->pool_pages, at = (uint32_t)rng_below(rng, 100);

	if (!pool || at < 4)
		return pool + (uint32_t)rng_below(rng, 3);
	if (at < 24)
		return (uint32_t)rng_below(rng, pool);

	return pool / 2 + (uint32_t)rng_below(rng, pool - pool / 2);
}

uint64_t gen_handle(struct rng *rng)
{
	if (rng_percent(rng, 92))
		return HANDLE_FIRST + rng_below(rng, 3);

	return rng_percent(rng, 50) ? HANDLE_FIRST + gen_log(rng, 6)
				    : gen_log(rng, 32);
}

static uint64_t wide_number(struct rng *rng)
{
	static const uint64_t wide[] = {
		UINT64_MAX, UINT64_MAX - 1, UINT64_MAX - 4095, UINT32_MAX,
		1ull << 63, 1ull << 52,	    1ull << 32,	       1ull << 31,
	};

	return rng_percent(rng, 60) ? wide[rng_below(rng, COUNT(wide))]
				    : rng_next(rng);
}

uint64_t gen_value(struct rng *rng, const struct prog *prog)
{
	uint32_t page = gen_page(rng, &prog->world), offset = 0;

	if (rng_percent(rng, 10))
		offset = (uint32_t)gen_log(rng, 13);
	switch (rng_below(rng, 9)) {
	case 0:
	case 1:
		return OP_ADDR(OP_TAG_PHYS, page, offset);
	case 2:
		return OP_ADDR(OP_TAG_HOST, page, offset);
	case 3:
		return OP_ADDR(OP_TAG_EL2, page, offset);
	case 4:
		return OP_ADDR(OP_TAG_FRAME, page, 0);
	case 5:
		return gen_handle(rng);
	case 6:
		return gen_log(rng, 17);
	case 7:
		return wide_number(rng);
	default:
		return rng_below(rng, 5);
	}
}

static uint64_t vcpus(struct rng *rng)
{
	uint32_t at = (uint32_t)rng_below(rng, 100);

	if (at < 70)
		return rng_range(rng, 1, 4);
	if (at < 80)
		return 0;
	if (at < 94)
		return gen_log(rng, 10);

	return wide_number(rng);
}

/* What each call takes, right more often than not. */
static void hvc_args(struct rng *rng, const struct prog *prog, struct op *op)
{
	uint32_t page = gen_page(rng, &prog->world);
	uint32_t next = gen_page(rng, &prog->world);

	switch ((enum op_hvc)op->sub) {
	case OP_HVC_FINALIZE:
	case OP_HVC_SELFTEST:
	case OP_HVC_TRACING_UNLOAD:
		return;
	case OP_HVC_TOPUP:
		op->arg = rng_percent(rng, 80) ? 1 : rng_below(rng, 4);
		op->x[0] = OP_ADDR(OP_TAG_PHYS, page, 0);
		op->x[1] = rng_percent(rng, 80) ? rng_below(rng, 4)
						: wide_number(rng);
		return;
	case OP_HVC_RECLAIM:
		op->arg = rng_percent(rng, 80) ? 1 : rng_below(rng, 4);
		op->x[0] = gen_pages(rng, &prog->world);
		return;
	case OP_HVC_RECLAIMABLE:
		op->arg = rng_below(rng, 4);
		return;
	case OP_HVC_SHARE:
	case OP_HVC_UNSHARE:
	case OP_HVC_RECLAIM_GUEST:
		op->arg = OP_ADDR(OP_TAG_FRAME, page, 0);
		return;
	case OP_HVC_INIT_VM:
		op->arg = OP_ADDR(OP_TAG_HOST, page, 0);
		op->x[0] = OP_ADDR(OP_TAG_HOST, next, 0);
		return;
	case OP_HVC_INIT_VCPU:
		op->arg = gen_handle(rng);
		op->x[0] = OP_ADDR(OP_TAG_HOST, page, 0);
		return;
	case OP_HVC_GET_VM:
	case OP_HVC_PUT_VM:
	case OP_HVC_TEARDOWN_VM:
		op->arg = gen_handle(rng);
		return;
	case OP_HVC_TRACING_LOAD:
		op->arg = OP_ADDR(OP_TAG_HOST, page, 0);
		op->x[0] = rng_percent(rng, 80)
				   ? UINT64_C(1) << prog->world.page_shift
				   : gen_log(rng, 17);
		return;
	case OP_HVC_DONATE_GUEST:
		op->arg = gen_handle(rng);
		op->x[0] = OP_ADDR(OP_TAG_FRAME, page, 0);
		return;
	}
}

/* One raw call; an odd register in one of ten. */
static void raw_call(struct rng *rng, const struct prog *prog, struct op *op)
{
	uint32_t at = (uint32_t)rng_below(rng, 100);

	op->sub = (uint8_t)rng_below(rng, OP_HVC_RECLAIM_GUEST + 1);
	/* A reference that was not taken is put: EL2 panics. */
	if (op->sub == OP_HVC_PUT_VM && rng_percent(rng, 70))
		op->sub = OP_HVC_GET_VM;
	/* For good, so rarely. */
	if (op->sub == OP_HVC_FINALIZE && rng_percent(rng, 70))
		op->sub = OP_HVC_RECLAIMABLE;
	hvc_args(rng, prog, op);
	if (at < 4)
		op->arg = gen_value(rng, prog);
	else if (at < 7)
		op->x[0] = gen_value(rng, prog);
	else if (at < 10)
		op->x[1] = gen_value(rng, prog);
	else if (at < 13)
		op->sub = (uint8_t)rng_range(rng, OP_HVC_RECLAIM_GUEST, 255);
}

struct op gen_host_op(struct rng *rng, const struct prog *prog, uint8_t kind)
{
	struct op op = {.kind = kind};

	assert(gen_is_host(kind));
	switch ((enum op_kind)kind) {
	case OP_CREATE:
		op.sub = rng_percent(rng, 55) ? CREATE_VCPU : CREATE_VM;
		op.slot =
			(uint16_t)rng_below(rng, rng_percent(rng, 90) ? 4 : 32);
		op.arg = op.sub == CREATE_VM ? vcpus(rng) : rng_below(rng, 4);
		if (rng_percent(rng, 5))
			op.arg = wide_number(rng);
		break;
	case OP_DESTROY:
		op.slot =
			(uint16_t)rng_below(rng, rng_percent(rng, 90) ? 4 : 32);
		break;
	case OP_TRACE:
		op.sub = rng_percent(rng, 40) ? TRACE_UNLOAD : TRACE_LOAD;
		op.arg = rng_percent(rng, 95) ? rng_below(rng, 9)
					      : gen_log(rng, 32);
		break;
	case OP_POKE:
		op.arg = OP_ADDR(OP_TAG_PHYS, gen_page(rng, &prog->world),
				 8 * rng_below(rng, 4));
		op.x[0] = gen_value(rng, prog);
		if (rng_percent(rng, 20))
			op.at = gen_at(rng);
		break;
	case OP_HVC:
		raw_call(rng, prog, &op);
		break;
	default:
		break;
	}
	op_fix(&op, prog->world.cpus);

	return op;
}
