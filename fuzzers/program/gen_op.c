/* SPDX-License-Identifier: GPL-2.0-only */
#include "gen_state.h"

/* Operations without a plan: for mutation, and the naive generator. */

static const uint16_t weights[OP_NUMBERS] = {
	[OP_ALLOC] = 25,   [OP_CALL] = 14,	 [OP_FREE] = 25,
	[OP_WRITE] = 6,	   [OP_TOPUP] = 8,	 [OP_RECLAIM] = 8,
	[OP_CPU] = 3,	   [OP_FAIL] = 4,	 [OP_SHRINK] = 3,
	[OP_INIT] = 1,	   [OP_MISUSE] = 1,	 [OP_CORRUPT] = 6,
	[OP_CREATE] = 10,  [OP_DESTROY] = 4,	 [OP_TRACE] = 4,
	[OP_SELFTEST] = 1, [OP_DEPRIVILEGE] = 1, [OP_POKE] = 8,
	[OP_HVC] = 14,
};

static uint8_t any_kind(struct rng *rng, uint64_t swarm)
{
	uint16_t weight[OP_NUMBERS];
	uint32_t nr = 0, kind;
	uint64_t left;

	for (left = swarm; left; left &= left - 1) {
		kind = (uint32_t)__builtin_ctzll(left);
		weight[nr++] = weights[kind] ? weights[kind] : 2;
	}
	return nth_kind(swarm, rng_weighted(rng, weight, nr));
}

uint16_t gen_slot(struct rng *rng, const struct prog *prog)
{
	if (prog->nr && rng_percent(rng, 70))
		return prog->ops[rng_below(rng, prog->nr)].slot;

	return (uint16_t)rng_below(rng, 26);
}

uint64_t gen_arg(struct rng *rng, const struct prog *prog, uint8_t kind)
{
	const struct prog_world *world = &prog->world;

	switch ((enum op_kind)kind) {
	case OP_ALLOC:
	case OP_CALL:
		if (rng_percent(rng, 4))
			return gen_size_huge(rng, world);
		return gen_size(rng, world, SIZES_MIXED);
	case OP_TOPUP:
	case OP_RECLAIM:
	case OP_SHRINK:
		return gen_pages(rng, world);
	case OP_CPU:
		return rng_below(rng, world->cpus);
	case OP_FAIL:
		return gen_log(rng, 4);
	case OP_INIT:
		if (rng_percent(rng, 30))
			return UINT32_MAX - 16 + rng_below(rng, 33);
		return ((uint64_t)world->heap_pages << world->page_shift) -
		       rng_below(rng, 18);
	case OP_CORRUPT:
		return gen_corruption(rng, prog, 0).arg;
	case OP_CREATE:
	case OP_DESTROY:
	case OP_TRACE:
	case OP_SELFTEST:
	case OP_DEPRIVILEGE:
	case OP_POKE:
	case OP_HVC:
		return gen_host_op(rng, prog, kind).arg;
	case OP_FREE:
	case OP_WRITE:
	case OP_MISUSE:
	case OP_PREFIX:
		break;
	}
	return 0;
}

struct op gen_op(struct rng *rng, const struct prog *prog)
{
	struct op op = {.kind = any_kind(rng, prog->world.swarm)};

	if (op.kind == OP_CORRUPT)
		return gen_corruption(rng, prog, gen_slot(rng, prog));
	if (gen_is_host(op.kind))
		return gen_host_op(rng, prog, op.kind);
	op.sub = (uint8_t)rng_below(rng, 256);
	op.slot = gen_slot(rng, prog);
	op.arg = gen_arg(rng, prog, op.kind);
	if (prog_of_host(prog->world.swarm) && rng_percent(rng, 12))
		op.at = gen_at(rng);
	gen_fix(&op, prog);

	return op;
}

void gen_uniform(struct prog *prog, struct rng *rng,
		 const struct gen_config *config)
{
	uint64_t swarm = gen_kinds(config);
	uint32_t kinds = (uint32_t)__builtin_popcountll(swarm), i;

	prog_clear(prog);
	prog->world.swarm = swarm;
	if (config->page_shift)
		prog->world.page_shift = config->page_shift;
	prog->world.heap_pages = 16u << 2 * rng_below(rng, 3);
	prog->world.pool_pages = 4 * prog->world.heap_pages;

	for (i = 0; i < config->ops; i++) {
		struct op op = {.slot = (uint16_t)rng_below(rng, 26)};

		op.kind = nth_kind(swarm, (uint32_t)rng_below(rng, kinds));
		op.sub = (uint8_t)rng_below(rng, 256);
		/* One that panics would be the end of nearly all programs. */
		if (op.kind == OP_MISUSE && i + 1 < config->ops)
			op.sub = MISUSE_NULL;
		op.arg = gen_log(rng, op_slot(&op) == SLOT_EMPTY ? 20 : 6);
		if (gen_is_host(op.kind))
			op = gen_host_op(rng, prog, op.kind);
		gen_fix(&op, prog);
		prog_add(prog, op);
	}
}
