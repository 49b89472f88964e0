/* SPDX-License-Identifier: GPL-2.0-only */
#include "gen_state.h"
#include "motif_host.h"
#include "mutate.h"

/*
 * Short sequences that set up situations in which chunk allocators go wrong.
 * Slots are letters, bound to slots of the program anew each time.
 */

enum amount {
	NOTHING,
	SMALL, /* bytes: a small object */
	EDGE,  /* bytes: about a page */
	MULTI, /* bytes: some pages */
	HEAP,  /* bytes: about all of the heap */
	FEW,   /* pages */
	ALL,   /* pages */
	FIRST, /* the 1st, 2nd or 3rd mapping */
	ANY_CPU,
};

struct motif_step {
	uint8_t kind; /* 0: the end */
	char letter;  /* '*': free whatever the program names */
	uint8_t amount;
};

#define STEPS 10
#define LETTERS 4

/* clang-format off */
static const struct motif_step motifs[][STEPS] = {
	/* a neighbour stays */
	{ { OP_ALLOC, 'a', SMALL }, { OP_ALLOC, 'b', SMALL },
	  { OP_FREE, 'a', 0 } },
	/* both neighbours go first: merge three ways */
	{ { OP_ALLOC, 'a', SMALL }, { OP_ALLOC, 'b', SMALL },
	  { OP_ALLOC, 'c', SMALL }, { OP_ALLOC, 'd', SMALL },
	  { OP_FREE, 'a', 0 }, { OP_FREE, 'c', 0 }, { OP_FREE, 'b', 0 } },
	/* a hole between two small ones, unmapped, then used again */
	{ { OP_ALLOC, 'a', SMALL }, { OP_ALLOC, 'b', MULTI },
	  { OP_ALLOC, 'c', SMALL }, { OP_FREE, 'b', 0 },
	  { OP_RECLAIM, 0, ALL }, { OP_TOPUP, 0, FEW },
	  { OP_ALLOC, 'b', MULTI } },
	/* stranded pages */
	{ { OP_ALLOC, 'a', SMALL }, { OP_ALLOC, 'b', MULTI },
	  { OP_ALLOC, 'c', SMALL }, { OP_FREE, 'b', 0 },
	  { OP_RECLAIM, 0, ALL }, { OP_FREE, 'c', 0 }, { OP_FREE, 'a', 0 } },
	/* the freed place again, by another size */
	{ { OP_FREE, 'a', 0 }, { OP_ALLOC, 'a', SMALL },
	  { OP_ALLOC, 'b', EDGE } },
	/* a split at the page's edge */
	{ { OP_ALLOC, 'a', MULTI }, { OP_ALLOC, 'b', SMALL },
	  { OP_FREE, 'a', 0 }, { OP_ALLOC, 'a', EDGE },
	  { OP_ALLOC, 'c', SMALL } },
	/* some pages go and come back */
	{ { OP_FREE, 'b', 0 }, { OP_RECLAIM, 0, FEW }, { OP_TOPUP, 0, FEW },
	  { OP_ALLOC, 'b', MULTI } },
	/* a mapping fails half-way, then succeeds */
	{ { OP_FAIL, 0, FIRST }, { OP_ALLOC, 'a', MULTI },
	  { OP_ALLOC, 'a', MULTI } },
	/* too few pages: a partial mapping, then enough */
	{ { OP_RECLAIM, 0, ALL }, { OP_TOPUP, 0, FEW },
	  { OP_ALLOC, 'a', MULTI }, { OP_TOPUP, 0, FEW },
	  { OP_ALLOC, 'a', MULTI } },
	/* the host mends a shortage */
	{ { OP_RECLAIM, 0, ALL }, { OP_CALL, 'a', MULTI },
	  { OP_CALL, 'b', EDGE } },
	/* the shrinker takes what was just freed */
	{ { OP_FREE, 'a', 0 }, { OP_SHRINK, 0, FEW },
	  { OP_CALL, 'a', MULTI } },
	/* empty, all pages back, then everything at once */
	{ { OP_FREE, '*', 0 }, { OP_RECLAIM, 0, ALL },
	  { OP_CALL, 'a', HEAP }, { OP_FREE, 'a', 0 } },
	/* another CPU while one has an error to fetch */
	{ { OP_CPU, 0, ANY_CPU }, { OP_ALLOC, 'a', HEAP },
	  { OP_CPU, 0, ANY_CPU }, { OP_ALLOC, 'b', MULTI } },
	/* patterns around a free and a reuse */
	{ { OP_WRITE, 'a', 0 }, { OP_FREE, 'b', 0 }, { OP_ALLOC, 'b', EDGE },
	  { OP_WRITE, 'b', 0 }, { OP_WRITE, 'a', 0 } },
	/* partial takes, one after the other */
	{ { OP_FREE, 'a', 0 }, { OP_RECLAIM, 0, FEW },
	  { OP_FREE, 'b', 0 }, { OP_RECLAIM, 0, FEW },
	  { OP_ALLOC, 'a', EDGE } },
};
/* clang-format on */

#define NR_MOTIFS (sizeof(motifs) / sizeof(motifs[0]))

static uint64_t amount_of(struct rng *rng, const struct prog_world *world,
			  uint8_t amount)
{
	uint64_t page = UINT64_C(1) << world->page_shift;

	switch ((enum amount)amount) {
	case SMALL:
		return gen_size(rng, world, SIZES_SMALL);
	case EDGE:
		return gen_size(rng, world, SIZES_PAGE);
	case MULTI:
		return page * rng_range(rng, 1, 4) +
		       16 * rng_below(rng, page / 16);
	case HEAP:
		return gen_size_huge(rng, world);
	case FEW:
		return rng_range(rng, 1, 4);
	case ALL:
		return UINT64_MAX;
	case FIRST:
		return rng_range(rng, 1, 3);
	case ANY_CPU:
		return rng_below(rng, world->cpus);
	case NOTHING:
		break;
	}
	return 0;
}

static uint64_t kinds_of(const struct motif_step *step)
{
	uint64_t kinds = 0;
	uint32_t i;

	for (i = 0; i < STEPS && step[i].kind; i++)
		kinds |= UINT64_C(1) << step[i].kind;
	return kinds;
}

/* Free up to 64 of the objects that the program may have made. */
static void free_all(struct prog *prog, struct rng *rng)
{
	uint32_t left = prog->nr < 64 ? prog->nr : 64;

	while (left--) {
		struct op op = {.kind = OP_FREE};

		op.slot = gen_slot(rng, prog);
		prog_add(prog, op);
	}
}

/* What a host does; half of the time whatever the mask has. */
static bool add_of_host(struct prog *prog, struct rng *rng)
{
	uint32_t nth;

	if (!prog_of_host(prog->world.swarm) || !rng_percent(rng, 60))
		return false;
	if (rng_percent(rng, 50))
		return host_motif_add(prog, rng);
	nth = (uint32_t)rng_below(rng, host_motifs());
	prog->world.swarm |= host_motif_kinds(nth);
	host_motif_apply(prog, rng, nth);

	return true;
}

void motif_add(struct prog *prog, struct rng *rng)
{
	const struct motif_step *step;
	uint16_t slot[LETTERS];
	uint32_t i;

	if (add_of_host(prog, rng))
		return;
	step = motifs[rng_below(rng, NR_MOTIFS)];

	if (rng_percent(rng, 50))
		prog->world.swarm |= kinds_of(step);
	for (i = 0; i < LETTERS; i++)
		slot[i] = gen_slot(rng, prog);

	for (i = 0; i < STEPS && step[i].kind; i++) {
		struct op op = {.kind = step[i].kind};

		if (!(prog->world.swarm >> op.kind & 1))
			continue;
		if (step[i].letter == '*') {
			free_all(prog, rng);
			continue;
		}
		if (step[i].letter)
			op.slot = slot[step[i].letter - 'a'];
		op.arg = amount_of(rng, &prog->world, step[i].amount);
		op_fix(&op, prog->world.cpus);
		prog_add(prog, op);
	}
}
