/* SPDX-License-Identifier: GPL-2.0-only */
#include "gen_state.h"
#include "mutate.h"

/* Mutations of the header, and of numbers. */

static uint64_t kind_bit(uint8_t kind)
{
	return UINT64_C(1) << kind;
}

/* Bring the operations into the world and the mask that now are. */
static void refit(struct prog *prog, bool drop)
{
	uint64_t swarm = prog->world.swarm;
	uint32_t i, to = 0;

	for (i = 0; i < prog->nr; i++) {
		struct op op = prog->ops[i];

		if (drop && !(swarm & kind_bit(op.kind)))
			continue;
		op.kind = prog_allowed(swarm, op.kind);
		if (op.kind == prog->ops[i].kind)
			op_fix(&op, prog->world.cpus);
		else
			gen_fix(&op, prog);
		prog->ops[to++] = op;
	}
	prog->nr = to;
}

static uint32_t nudge_pages(struct rng *rng, uint32_t pages)
{
	switch (rng_below(rng, 6)) {
	case 0:
		return pages + 1;
	case 1:
		return pages - 1;
	case 2:
		return pages / 2;
	case 3:
		return pages * 2;
	case 4:
		return (uint32_t)rng_range(rng, 1, 4);
	default:
		return (uint32_t)rng_range(rng, 1, 64);
	}
}

/* A heap that the program sets up itself, mostly early on. */
static void flip_init(struct prog *prog, struct rng *rng)
{
	struct prog_world *world = &prog->world;
	struct op op = {.kind = OP_INIT};
	uint32_t i;

	world->init = !world->init;
	if (world->init || rng_percent(rng, 20))
		return;
	world->swarm |= kind_bit(OP_INIT);
	op.arg = (uint64_t)world->heap_pages << world->page_shift;
	prog_add(prog, op);
	for (i = prog->nr - 1; i > 0; i--)
		prog->ops[i] = prog->ops[i - 1];
	prog->ops[0] = op;
}

bool mutate_world(struct prog *prog, struct rng *rng)
{
	struct prog_world *world = &prog->world;

	if (prog_of_host(world->swarm) && rng_percent(rng, 8)) {
		world->boot = !world->boot;
		return true;
	}
	switch (rng_below(rng, 16)) {
	case 0:
	case 1:
	case 2:
	case 3:
		world->heap_pages = nudge_pages(rng, world->heap_pages);
		break;
	case 4:
	case 5:
	case 6:
	case 7:
		world->pool_pages = nudge_pages(rng, world->pool_pages);
		break;
	case 8:
	case 9:
		world->pool_pages =
			world->heap_pages + (uint32_t)rng_below(rng, 4) - 2;
		break;
	case 10:
	case 11:
		world->cpus = (uint32_t)rng_range(rng, 1, PROG_CPUS_MAX);
		break;
	case 12:
		world->page_shift = 12 + 2 * (uint32_t)rng_below(rng, 3);
		break;
	case 13:
		flip_init(prog, rng);
		break;
	case 14:
		world->vm_size = (uint16_t)gen_log(rng, 16);
		break;
	default:
		world->vcpu_size = (uint16_t)gen_log(rng, 16);
		break;
	}
	prog_world_fix(world);
	refit(prog, false);
	return true;
}

bool mutate_swarm(struct prog *prog, struct rng *rng)
{
	uint64_t all = prog_swarm_usual(), flip;
	uint32_t kinds;

	/*
	 * Whether it is about corruption, or about the host, a program has from
	 * its parents; it does not become one, nor ceases to be one here.
	 */
	if (prog_of_host(prog->world.swarm))
		all = prog_swarm_host();
	kinds = (uint32_t)__builtin_popcountll(all);
	if (rng_percent(rng, 10)) {
		prog->world.swarm |= all;
		return true;
	}
	flip = kind_bit(nth_kind(all, (uint32_t)rng_below(rng, kinds)));
	if (prog->world.swarm == flip)
		return false;
	if (prog_of_host(prog->world.swarm) &&
	    !prog_of_host(prog->world.swarm ^ flip))
		return false;
	prog->world.swarm ^= flip;
	refit(prog, rng_percent(rng, 50));

	return true;
}

static uint64_t nudge_bytes(struct rng *rng, const struct prog *prog,
			    const struct op *op)
{
	static const uint8_t by[] = {1, 8, 16, 32};
	uint64_t page = UINT64_C(1) << prog->world.page_shift;
	uint64_t step = by[rng_below(rng, sizeof(by))];

	switch (rng_below(rng, 10)) {
	case 0:
	case 1:
	case 2:
		return op->arg + step;
	case 3:
	case 4:
	case 5:
		return op->arg - step;
	case 6:
		return (op->arg + page - 1) / page * page;
	case 7:
		return (op->arg + page) / page * page -
		       16 * rng_range(rng, 1, 4);
	case 8:
		return op->arg ^ UINT64_C(1) << rng_below(rng, 20);
	default:
		return gen_arg(rng, prog, op->kind);
	}
}

static uint64_t nudge_count(struct rng *rng, const struct prog *prog,
			    const struct op *op)
{
	switch (rng_below(rng, 5)) {
	case 0:
		return op->arg + 1;
	case 1:
		return op->arg - 1;
	case 2:
		return op->arg / 2;
	case 3:
		return op->arg * 2;
	default:
		return gen_arg(rng, prog, op->kind);
	}
}

static uint64_t nudge_number(struct rng *rng, uint64_t value)
{
	switch (rng_below(rng, 6)) {
	case 0:
		return value + 1;
	case 1:
		return value - 1;
	case 2:
		return value ^ UINT64_C(1) << rng_below(rng, 64);
	case 3:
		return value * 2;
	case 4:
		return UINT64_MAX - rng_below(rng, 5);
	default:
		return rng_below(rng, 5);
	}
}

/* A register or a word in memory: another page, another place in it. */
static uint64_t nudge_value(struct rng *rng, const struct prog *prog,
			    uint64_t value)
{
	static const int8_t by[] = {1, 8, 16, -1, -8, -16};
	uint32_t tag = op_tag(value), page = op_tag_page(value);
	uint32_t step = (uint32_t)(int32_t)by[rng_below(rng, sizeof(by))];

	if (rng_percent(rng, 15))
		return gen_value(rng, prog);
	if (!tag)
		return nudge_number(rng, value);
	switch (rng_below(rng, 5)) {
	case 0:
		page++;
		break;
	case 1:
		page--;
		break;
	case 2:
		page = gen_page(rng, &prog->world);
		break;
	case 3:
		tag = (uint32_t)rng_range(rng, OP_TAG_PHYS, OP_TAG_FRAME);
		break;
	default:
		value += step;
		break;
	}
	page &= OP_ADDR_PAGES - 1;

	return OP_ADDR(tag, page,
		       tag == OP_TAG_FRAME ? 0 : op_tag_offset(value));
}

/* One of the fields of a deferred operation, a poke or a hypercall. */
static void nudge_host(struct rng *rng, const struct prog *prog, struct op *op)
{
	switch ((enum op_kind)op->kind) {
	case OP_CREATE:
	case OP_DESTROY:
		if (rng_percent(rng, 50)) {
			op->slot += (uint16_t)rng_range(rng, 0, 2) - 1u;
			return;
		}
		op->arg = nudge_number(rng, op->arg);
		return;
	case OP_TRACE:
		op->arg = nudge_number(rng, op->arg);
		return;
	case OP_POKE:
		if (rng_percent(rng, 40))
			op->arg = nudge_value(rng, prog, op->arg);
		else
			op->x[0] = nudge_value(rng, prog, op->x[0]);
		return;
	case OP_HVC:
		switch (rng_below(rng, 8)) {
		case 0:
			op->sub = gen_host_op(rng, prog, OP_HVC).sub;
			return;
		case 1:
		case 2:
		case 3:
			op->arg = nudge_value(rng, prog, op->arg);
			return;
		case 4:
		case 5:
		case 6:
			op->x[0] = nudge_value(rng, prog, op->x[0]);
			return;
		default:
			op->x[1] = nudge_value(rng, prog, op->x[1]);
			return;
		}
	default:
		return;
	}
}

/* When a deferred operation runs, or that one is deferred, or no longer. */
static void nudge_at(struct rng *rng, struct op *op)
{
	switch (rng_below(rng, op->at ? 4 : 1)) {
	case 0:
		op->at = gen_at(rng);
		break;
	case 1:
		op->at++;
		break;
	case 2:
		op->at--;
		break;
	default:
		op->at = 0;
		break;
	}
}

static bool nudge(struct rng *rng, const struct prog *prog, struct op *op)
{
	bool of_host = prog_of_host(prog->world.swarm);

	if (of_host && op_event(op) && rng_percent(rng, op->at ? 30 : 8)) {
		nudge_at(rng, op);
		return true;
	}
	switch ((enum op_kind)op->kind) {
	case OP_ALLOC:
	case OP_CALL:
	case OP_INIT:
		op->arg = nudge_bytes(rng, prog, op);
		break;
	case OP_TOPUP:
	case OP_RECLAIM:
	case OP_CPU:
		op->arg = nudge_count(rng, prog, op);
		break;
	case OP_SHRINK:
	case OP_FAIL:
		if (of_host && rng_percent(rng, 25))
			op->sub = (uint8_t)rng_below(rng, FAIL_KINDS);
		op->arg = nudge_count(rng, prog, op);
		break;
	case OP_MISUSE:
		op->sub = (uint8_t)rng_below(rng, MISUSE_KINDS);
		break;
	case OP_CORRUPT:
		if (rng_percent(rng, 50))
			op->sub ^= (uint8_t)gen_corruption(rng, prog, 0).sub;
		else
			op->arg = gen_arg(rng, prog, op->kind);
		break;
	case OP_CREATE:
	case OP_DESTROY:
	case OP_TRACE:
	case OP_POKE:
	case OP_HVC:
		nudge_host(rng, prog, op);
		break;
	case OP_FREE:
	case OP_WRITE:
	case OP_SELFTEST:
	case OP_DEPRIVILEGE:
	case OP_PREFIX:
		return false;
	}
	op_fix(op, prog->world.cpus);
	return true;
}

bool mutate_arg(struct prog *prog, struct rng *rng)
{
	uint32_t tries;

	for (tries = 0; prog->nr && tries < 4; tries++) {
		struct op *op = &prog->ops[rng_below(rng, prog->nr)];

		if (nudge(rng, prog, op))
			return true;
	}
	return false;
}
