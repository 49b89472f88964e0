/* SPDX-License-Identifier: GPL-2.0-only */
#include "gen_state.h"

/* Fresh corruptions: all kinds, flips of one bit most often. */

static const uint16_t weights[CORRUPT_KINDS] = {
	[CORRUPT_FLIP_NEXT] = 12,     [CORRUPT_FLIP_PREV] = 12,
	[CORRUPT_FLIP_UNMAPPED] = 12, [CORRUPT_FLIP_HASH] = 12,
	[CORRUPT_SET_NEXT] = 4,	      [CORRUPT_SET_PREV] = 4,
	[CORRUPT_SET_UNMAPPED] = 4,   [CORRUPT_SET_HASH] = 4,
	[CORRUPT_ZERO] = 7,	      [CORRUPT_COPY] = 7,
	[CORRUPT_REPLAY] = 7,	      [CORRUPT_OVERFLOW] = 16,
	[CORRUPT_OVERFLOW_ZERO] = 10, [CORRUPT_STALE] = 8,
};

static const uint8_t overflows[] = {1, 8, 16, 64};

/* What a field may be: nothing, a near chunk, a page, anything. */
static uint64_t field_value(struct rng *rng, const struct prog_world *world)
{
	uint64_t page = UINT64_C(1) << world->page_shift;

	switch (rng_below(rng, 5)) {
	case 0:
		return rng_below(rng, 2);
	case 1:
		return 16 * rng_below(rng, 12) + rng_below(rng, 2);
	case 2:
		return page * rng_below(rng, world->heap_pages + 1);
	case 3:
		return UINT32_MAX - rng_below(rng, 33);
	default:
		return gen_log(rng, 32);
	}
}

struct op gen_corruption(struct rng *rng, const struct prog *prog,
			 uint16_t slot)
{
	struct op op = {.kind = OP_CORRUPT, .slot = slot};

	op.sub = (uint8_t)rng_weighted(rng, weights, CORRUPT_KINDS);
	if (op.sub <= CORRUPT_FLIP_HASH)
		op.arg = rng_percent(rng, 90)
				 ? UINT64_C(1) << rng_below(rng, 32)
				 : rng_next(rng);
	else if (op.sub <= CORRUPT_SET_HASH)
		op.arg = field_value(rng, &prog->world);
	else if (op.sub == CORRUPT_COPY)
		op.arg = gen_slot(rng, prog) +
			 (rng_percent(rng, 30) ? CORRUPT_COPY_FREE : 0);
	else
		op.arg = overflows[rng_below(rng, sizeof(overflows))];
	if (rng_percent(rng, 35)) {
		op.sub |= CORRUPT_FREE;
		op.slot = (uint16_t)rng_below(rng, 8);
	}
	op_fix(&op, prog->world.cpus);

	return op;
}
