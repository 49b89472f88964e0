/* SPDX-License-Identifier: GPL-2.0-only */
#include "gen_state.h"

/*
 * Sizes, from where bugs of a chunk allocator live: around the smallest chunk,
 * around page edges in steps of the header and of the smallest chunk, around
 * the heap's size and the widths of the types a size passes through.
 */

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const uint16_t tiny[] = {0,  1,	8,  15, 16, 17, 24, 31,	 32,  33, 47,
				48, 49, 63, 64, 65, 80, 96, 112, 128, 160};

static const int16_t edges[] = {-64, -48, -47, -33, -32, -31, -17,
				-16, -15, -1,  0,   1,	 15,  16,
				17,  31,  32,  33,  48,	 64};

static uint64_t edge(struct rng *rng)
{
	return (uint64_t)(int64_t)edges[rng_below(rng, COUNT(edges))];
}

uint64_t gen_log(struct rng *rng, uint32_t bits)
{
	uint64_t top = UINT64_C(1) << rng_below(rng, bits);

	return top + rng_below(rng, top);
}

static uint64_t small(struct rng *rng)
{
	if (rng_percent(rng, 70))
		return tiny[rng_below(rng, COUNT(tiny))];

	return rng_below(rng, 257);
}

/* Around the page, and now and then around a few pages. */
static uint64_t paged(struct rng *rng, const struct prog_world *world)
{
	uint64_t page = UINT64_C(1) << world->page_shift, n = 1;

	if (rng_percent(rng, 15))
		return page / (1u << rng_range(rng, 1, 3)) + edge(rng);
	if (rng_percent(rng, 40))
		n = rng_range(rng, 1, world->heap_pages > 32 ? 8 : 3);
	if (rng_percent(rng, 30))
		return n * page - 16;

	return n * page + edge(rng);
}

uint64_t gen_size_huge(struct rng *rng, const struct prog_world *world)
{
	uint64_t heap = (uint64_t)world->heap_pages << world->page_shift;

	switch (rng_below(rng, 8)) {
	case 0:
	case 1:
		return heap - 16 + 16 * rng_range(rng, 0, 2) - 16;
	case 2:
		return heap - 16;
	case 3:
		return heap - 16 + rng_range(rng, 0, 2);
	case 4:
		return heap + gen_log(rng, 20);
	case 5:
		return UINT32_MAX - rng_below(rng, 18);
	case 6:
		return UINT32_MAX + rng_below(rng, 33);
	default:
		return UINT64_MAX - rng_below(rng, 33);
	}
}

uint64_t gen_size(struct rng *rng, const struct prog_world *world,
		  enum size_class sizes)
{
	uint32_t bits = world->page_shift + 32u -
			(uint32_t)__builtin_clz(world->heap_pages);

	switch (sizes) {
	case SIZES_SMALL:
		return rng_percent(rng, 94) ? small(rng) : paged(rng, world);
	case SIZES_PAGE:
		return rng_percent(rng, 80) ? paged(rng, world) : small(rng);
	case SIZES_MIXED:
		return rng_percent(rng, 60) ? small(rng) : paged(rng, world);
	case SIZES_LOG:
		break;
	}
	return gen_log(rng, bits > 16 ? bits - 2 : bits);
}

uint64_t gen_pages(struct rng *rng, const struct prog_world *world)
{
	static const uint64_t wide[] = {
		UINT64_MAX, UINT64_MAX - 1,  UINT32_MAX,      UINT32_MAX + 1ul,
		1ul << 52,  (1ul << 52) - 1, 524287,	      524288,
		1ul << 20,  INT32_MAX,	     INT32_MAX + 1ul, 1ul << 63,
	};
	uint64_t at = rng_below(rng, 100);

	if (at < 50)
		return rng_range(rng, 1, 4);
	if (at < 55)
		return 0;
	if (at < 65)
		return rng_range(rng, 15, 17);
	if (at < 75)
		return world->heap_pages - rng_below(rng, 2);
	if (at < 80)
		return world->pool_pages + rng_below(rng, 2);
	if (at < 90)
		return rng_range(rng, 1, world->heap_pages);

	return at < 95 ? UINT64_MAX : wide[rng_below(rng, COUNT(wide))];
}
