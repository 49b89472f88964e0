/* SPDX-License-Identifier: GPL-2.0-only */
#include "gen_state.h"

/* The world and the swarm mask of a fresh program. */

#define LONG_OPS 1000u

struct band {
	uint16_t weight;
	uint32_t lo;
	uint32_t hi;
};

/* Heap pages: short programs fill small heaps, long ones need larger. */
static const struct band short_heaps[] = {
	{60, 1, 3},    {280, 4, 8},    {340, 8, 24},	      {270, 16, 64},
	{43, 64, 256}, {6, 256, 2048}, {1, 2048, UINT16_MAX},
};

static const struct band long_heaps[] = {
	{120, 4, 32},	  {200, 32, 128},	  {380, 128, 512},
	{270, 512, 2048}, {30, 2048, UINT16_MAX},
};

static uint32_t from_bands(struct rng *rng, const struct band *band)
{
	uint32_t at = (uint32_t)rng_below(rng, 1000);

	while (at >= band->weight)
		at -= (band++)->weight;

	return (uint32_t)rng_range(rng, band->lo, band->hi);
}

static uint32_t clamp(uint32_t value, uint32_t hi)
{
	return value < hi ? value : hi;
}

/* As often too small for the heap as larger than it can take. */
static uint32_t pool_pages(struct rng *rng, uint32_t heap)
{
	uint32_t at = (uint32_t)rng_below(rng, 100);

	if (at < 1)
		return 0;
	if (at < 4)
		return (uint32_t)rng_range(rng, 1, 4);
	if (at < 35)
		return 1 + heap * (uint32_t)rng_range(rng, 40, 99) / 100;
	if (at < 45)
		return heap;
	if (at < 75)
		return heap + (uint32_t)rng_range(rng, 1, 16);

	return heap * (uint32_t)rng_range(rng, 2, 4);
}

/* Heaps and pools that the structures of a few VMs fit into. */
static void host_world(struct rng *rng, struct prog_world *world)
{
	uint32_t most = prog_pool_pages_max(world->page_shift);

	world->boot = rng_percent(rng, 30);
	if (rng_percent(rng, 90)) {
		world->vm_size = (uint16_t)(8 * rng_range(rng, 24, 512));
		world->vcpu_size = (uint16_t)(8 * rng_range(rng, 24, 1152));
	}
	if (world->heap_pages < 12 && rng_percent(rng, 80))
		world->heap_pages += (uint32_t)rng_range(rng, 8, 48);
	if (rng_percent(rng, 85))
		world->pool_pages = clamp(
			world->heap_pages + (uint32_t)rng_range(rng, 24, 96),
			most);
}

static uint32_t any_shift(struct rng *rng)
{
	uint32_t at = (uint32_t)rng_below(rng, 100);

	return at < 72 ? 12 : at < 88 ? 14 : 16;
}

struct prog_world gen_world(struct rng *rng, const struct gen_config *config)
{
	struct prog_world world = prog_world_default();

	world.page_shift = config->page_shift ? config->page_shift
					      : any_shift(rng);
	world.heap_pages =
		clamp(from_bands(rng, config->ops < LONG_OPS ? short_heaps
							     : long_heaps),
		      prog_heap_pages_max(world.page_shift));
	world.pool_pages = clamp(pool_pages(rng, world.heap_pages),
				 prog_pool_pages_max(world.page_shift));
	world.cpus = rng_percent(rng, 40) ? 1 : (uint32_t)rng_range(rng, 2, 4);
	world.init = !rng_percent(rng, 4);
	if (rng_percent(rng, 50)) {
		world.vm_size = (uint16_t)(8 * rng_range(rng, 64, 1024));
		world.vcpu_size = (uint16_t)(8 * rng_range(rng, 64, 2048));
	}
	if (config->profile == PROFILE_HOST ||
	    (config->profile == PROFILE_TEXT && rng_percent(rng, 40)))
		host_world(rng, &world);

	return world;
}

/*
 * In how many of 100 masks a kind is. What is not here is rare. Measured as the
 * weights of gen_step.c: few are left out, since more bugs need one kind more
 * than one less. "init" and misuse are for few programs: a heap is set up once,
 * and misuse is the end.
 */
static const uint8_t often[OP_NUMBERS] = {
	[OP_ALLOC] = 97,       [OP_CALL] = 92,	 [OP_FREE] = 98,
	[OP_WRITE] = 92,       [OP_TOPUP] = 97,	 [OP_RECLAIM] = 93,
	[OP_CPU] = 87,	       [OP_FAIL] = 86,	 [OP_SHRINK] = 87,
	[OP_INIT] = 6,	       [OP_MISUSE] = 10, [OP_CREATE] = 96,
	[OP_DESTROY] = 93,     [OP_TRACE] = 88,	 [OP_SELFTEST] = 90,
	[OP_DEPRIVILEGE] = 88, [OP_POKE] = 92,	 [OP_HVC] = 95,
};

static uint64_t bit(enum op_kind kind)
{
	return UINT64_C(1) << kind;
}

/* Each of @kinds as often as the table says. */
static uint64_t some_of(struct rng *rng, uint64_t kinds)
{
	uint64_t some = 0;

	for (; kinds; kinds &= kinds - 1) {
		int kind = __builtin_ctzll(kinds);

		if (rng_percent(rng, often[kind] ? often[kind] : 5))
			some |= UINT64_C(1) << kind;
	}
	return some;
}

uint64_t gen_kinds(const struct gen_config *config)
{
	switch (config->profile) {
	case PROFILE_CORRUPT:
		return prog_swarm_usual() | bit(OP_CORRUPT);
	case PROFILE_HOST:
		return prog_swarm_host();
	case PROFILE_TEXT:
		return prog_swarm_all();
	case PROFILE_HEAP:
		break;
	}
	return prog_swarm_usual();
}

/* Some of what only a host does, never nothing. */
static uint64_t host_swarm(struct rng *rng)
{
	uint64_t all = prog_swarm_host() & ~prog_swarm_usual();
	uint64_t swarm = some_of(rng, all);

	if (!swarm || rng_percent(rng, 10))
		swarm |= bit(OP_CREATE) | bit(OP_HVC) | bit(OP_POKE);

	return swarm;
}

uint64_t gen_swarm(struct rng *rng, const struct gen_config *config)
{
	uint64_t all = gen_kinds(config);
	uint64_t swarm = some_of(rng, all & prog_swarm_usual());

	if (config->ops >= LONG_OPS)
		swarm |= bit(OP_FREE);
	if (!(swarm & (bit(OP_ALLOC) | bit(OP_CALL))) && rng_percent(rng, 95))
		swarm |= rng_percent(rng, 50) ? bit(OP_ALLOC) : bit(OP_CALL);
	if (!(swarm & (bit(OP_TOPUP) | bit(OP_CALL))) && rng_percent(rng, 95))
		swarm |= bit(OP_TOPUP);

	if (config->profile == PROFILE_HOST ||
	    (config->profile == PROFILE_TEXT && rng_percent(rng, 50)))
		swarm |= host_swarm(rng);

	/* There must be something to damage, and something that meets it. */
	if (all & bit(OP_CORRUPT) &&
	    (config->profile == PROFILE_CORRUPT || rng_percent(rng, 25)))
		swarm |= bit(OP_CORRUPT) | bit(OP_FREE) | bit(OP_CALL);

	return swarm ? swarm : all;
}
