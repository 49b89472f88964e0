/* SPDX-License-Identifier: GPL-2.0-only */
#include <assert.h>

#include "gen_step.h"

/*
 * What is drawn next depends on the phase and on a rough estimate of the run so
 * far, so that most operations do something and most allocations are served.
 */

/*
 * How often each kind is drawn, before the state has its say. Corruption has a
 * place of its own, see prog_generate(). With half and twice of each weight it
 * was measured how many programs the planted bugs take (README.md); what
 * brought less than 4 % stayed as it was.
 */
static const uint16_t paces[OP_NUMBERS][PACES] = {
	/* grow, churn, shrink */
	[OP_ALLOC] = {210, 120, 35}, [OP_CALL] = {240, 130, 50},
	[OP_FREE] = {80, 340, 600},  [OP_WRITE] = {35, 45, 30},
	[OP_TOPUP] = {15, 15, 5},    [OP_RECLAIM] = {24, 80, 160},
	[OP_CPU] = {25, 30, 25},     [OP_FAIL] = {12, 20, 10},
	[OP_SHRINK] = {16, 50, 90},  [OP_INIT] = {3, 3, 3},
	[OP_MISUSE] = {3, 3, 3},     [OP_CREATE] = {120, 90, 30},
	[OP_DESTROY] = {8, 25, 50},  [OP_TRACE] = {20, 20, 20},
	[OP_SELFTEST] = {6, 6, 6},   [OP_DEPRIVILEGE] = {3, 3, 3},
	[OP_POKE] = {20, 20, 20},    [OP_HVC] = {50, 60, 60},
};

void gen_emit(struct gen *g, uint8_t kind, uint8_t sub, uint16_t slot,
	      uint64_t arg)
{
	struct op op = {.kind = kind, .sub = sub, .slot = slot, .arg = arg};

	op_fix(&op, g->prog->world.cpus);
	prog_add(g->prog, op);
	gen_state_note(&g->st, &op);
}

/* ---- what operations work on -------------------------------------------- */

static bool cold(const struct gen *g, uint16_t slot)
{
	return ((slot * 2654435761u ^ g->salt) >> 13 & 3) == 0;
}

uint16_t gen_live_slot(struct gen *g)
{
	uint16_t slot = 0;
	int tries;

	if (!g->st.nr_live)
		return (uint16_t)rng_below(g->rng, g->slots);
	for (tries = 0; tries < 3; tries++) {
		/* The last ones in the list are the youngest. */
		uint64_t at = rng_percent(g->rng, 30)
				      ? g->st.nr_live - 1
				      : rng_below(g->rng, g->st.nr_live);

		slot = g->st.live[at];
		if (!cold(g, slot))
			break;
	}
	return slot;
}

uint16_t gen_empty_slot(struct gen *g)
{
	uint32_t slot = (uint32_t)rng_below(g->rng, g->slots), tries;

	/* Low numbers first while there are few objects: easier to read. */
	if (g->st.nr_live < g->slots / 2)
		slot = (uint32_t)rng_below(g->rng, 2 * g->st.nr_live + 4);
	for (tries = 0; tries < OP_SLOTS && g->st.size[slot]; tries++)
		slot = (slot + 1) % OP_SLOTS;

	return (uint16_t)slot;
}

static uint64_t pick_size(struct gen *g, uint8_t kind)
{
	const struct prog_world *world = &g->prog->world;
	uint64_t size = 0;
	int tries;

	if (rng_percent(g->rng, 3))
		return gen_size_huge(g->rng, world);
	for (tries = 0; tries < 4; tries++) {
		size = gen_size(g->rng, world,
				tries < 2 ? g->sizes : SIZES_SMALL);
		if (rng_percent(g->rng, 12))
			break;
		if (size <= g->cap &&
		    gen_state_fate(&g->st, kind, size) == FATE_SERVED)
			break;
	}
	return size;
}

static bool of_host(const struct gen *g)
{
	return prog_of_host(g->prog->world.swarm);
}

/* Pages that a top-up should bring: mostly what the phase will need. */
static uint64_t topup_pages(struct gen *g)
{
	uint64_t want = (g->bytes >> g->prog->world.page_shift) + 2;

	want = want > g->st.given ? want - g->st.given : 1;
	/* The host needs pages of its own for its clients. */
	if (of_host(g) && want > g->st.host / 3 && rng_percent(g->rng, 90))
		return rng_range(g->rng, 1, 1 + g->st.host / 3);
	if (rng_percent(g->rng, 45))
		return want;
	if (rng_percent(g->rng, 65))
		return rng_range(g->rng, 1, want < 4 ? 4 : want);

	return gen_pages(g->rng, &g->prog->world);
}

static uint64_t reclaim_pages(struct gen *g)
{
	uint64_t have = gen_state_reclaimable(&g->st);

	if (have && rng_percent(g->rng, 55))
		return rng_range(g->rng, 1, have);

	return gen_pages(g->rng, &g->prog->world);
}

/* ---- one operation ------------------------------------------------------ */

/* Free something, or give pages back: make room. False: there is no way. */
static bool make_room(struct gen *g)
{
	if (!g->st.nr_live || !gen_allowed(g, OP_FREE))
		return false;
	gen_emit(g, OP_FREE, 0, gen_live_slot(g), 0);

	return true;
}

/*
 * An allocation that will probably fail does so now and then; mostly what makes
 * it served comes in its place, so that the next one is.
 */
static bool instead(struct gen *g, uint8_t kind, uint64_t size)
{
	enum gen_fate fate = gen_state_fate(&g->st, kind, size);

	if (fate == FATE_SERVED || fate == FATE_NEVER ||
	    rng_percent(g->rng, 35) || g->st.fail)
		return false;
	if (fate == FATE_NO_ROOM)
		return make_room(g);

	if (kind == OP_ALLOC && gen_allowed(g, OP_CALL) &&
	    gen_state_fate(&g->st, OP_CALL, size) == FATE_SERVED &&
	    rng_percent(g->rng, 50)) {
		gen_emit(g, OP_CALL, 0, gen_empty_slot(g), size);
		return true;
	}
	if (g->st.host && gen_allowed(g, OP_TOPUP)) {
		gen_emit(g, OP_TOPUP, 0, 0, topup_pages(g));
		return true;
	}
	return make_room(g);
}

static void emit_alloc(struct gen *g, uint8_t kind)
{
	uint64_t size = pick_size(g, kind);

	if (!instead(g, kind, size))
		gen_emit(g, kind, 0, gen_empty_slot(g), size);
}

/* In a heap that is set up only what must be refused is not skipped. */
void gen_init(struct gen *g)
{
	const struct prog_world *world = &g->prog->world;
	uint64_t page = UINT64_C(1) << world->page_shift;
	uint64_t heap = (uint64_t)world->heap_pages << world->page_shift;

	if (rng_percent(g->rng, 30))
		gen_emit(g, OP_INIT, INIT_REFUSED, 0, heap);
	else if (rng_percent(g->rng, g->st.heap ? 50 : 15))
		gen_emit(g, OP_INIT, INIT_PLAIN, 0, 0);
	else if (rng_percent(g->rng, g->st.heap ? 100 : 10))
		gen_emit(g, OP_INIT, INIT_PLAIN, 0,
			 UINT32_MAX + rng_range(g->rng, 1, 32));
	else
		gen_emit(g, OP_INIT, INIT_PLAIN, 0,
			 heap - rng_below(g->rng, 2) * rng_below(g->rng, page));
}

void gen_kind(struct gen *g, uint8_t kind)
{
	uint8_t sub = 0;

	if (of_host(g) && gen_can_be_met(kind) && rng_percent(g->rng, 12))
		gen_deferred(g);
	switch ((enum op_kind)kind) {
	case OP_ALLOC:
	case OP_CALL:
		emit_alloc(g, kind);
		return;
	case OP_FREE:
	case OP_WRITE:
		gen_emit(g, kind, 0, gen_live_slot(g), 0);
		return;
	case OP_TOPUP:
		gen_emit(g, kind, 0, 0, topup_pages(g));
		return;
	case OP_SHRINK:
		if (of_host(g) && rng_percent(g->rng, 25)) {
			gen_emit(g, kind, SHRINK_COUNT, 0, 0);
			return;
		}
		gen_emit(g, kind, 0, 0, reclaim_pages(g));
		return;
	case OP_RECLAIM:
		gen_emit(g, kind, 0, 0, reclaim_pages(g));
		return;
	case OP_CPU:
		gen_emit(g, kind, 0, 0, rng_below(g->rng, PROG_CPUS_MAX));
		return;
	case OP_FAIL:
		if (of_host(g) && rng_percent(g->rng, 65))
			sub = (uint8_t)rng_range(g->rng, FAIL_DONATE, FAIL_HVC);
		gen_emit(g, kind, sub, 0, gen_log(g->rng, 3));
		return;
	case OP_INIT:
		gen_init(g);
		return;
	case OP_MISUSE:
		gen_emit(g, kind, MISUSE_NULL, 0, 0);
		return;
	case OP_CORRUPT:
		prog_add(g->prog,
			 gen_corruption(g->rng, g->prog, gen_live_slot(g)));
		return;
	case OP_CREATE:
	case OP_DESTROY:
	case OP_TRACE:
	case OP_SELFTEST:
	case OP_DEPRIVILEGE:
	case OP_POKE:
	case OP_HVC:
		gen_client(g, kind);
		return;
	case OP_PREFIX:
		break;
	}
	assert(!"a kind of ops.def");
}

/* Churn keeps about as many objects as it began with. */
static enum pace pace_now(const struct gen *g)
{
	if (g->pace != PACE_CHURN || g->st.nr_live > g->objects * 4 / 5)
		return g->pace;

	return PACE_GROW;
}

/* The weight of a kind in a program of the host. */
static uint16_t weigh_host(const struct gen *g, uint32_t kind, uint16_t weight)
{
	const struct gen_state *st = &g->st;

	switch (kind) {
	case OP_ALLOC:
	case OP_CALL:
	case OP_FREE:
	case OP_WRITE:
		return weight / 2;
	case OP_CPU:
		return 2 * weight;
	case OP_FAIL:
		return 3 * weight;
	case OP_RECLAIM:
	case OP_SHRINK:
		return st->host < 6 ? 60 + 2 * weight : weight;
	case OP_CREATE:
		return st->host < 6 ? weight / 4 : weight;
	case OP_DESTROY:
		return st->vm_table ? weight : weight / 8;
	case OP_DEPRIVILEGE:
	case OP_SELFTEST:
		return st->privileged ? 4 * weight : weight / 2;
	default:
		return weight;
	}
}

/* The weight of a kind in this state. */
static uint16_t weigh(const struct gen *g, enum pace pace, uint32_t kind)
{
	const struct gen_state *st = &g->st;
	uint16_t weight = paces[kind][pace];

	if (of_host(g))
		weight = weigh_host(g, kind, weight);

	switch (kind) {
	case OP_FREE:
	case OP_WRITE:
		return st->nr_live ? weight : 0;
	case OP_ALLOC:
	case OP_CALL:
		if (!st->heap || st->nr_live >= OP_SLOTS - 64)
			return weight / 16;
		return weight;
	case OP_TOPUP:
		if (st->host && gen_state_spare(st) < 2)
			return weight + 150;
		return weight;
	case OP_CPU:
		return g->prog->world.cpus == 1 ? weight / 8 : weight;
	case OP_INIT:
		return st->heap ? weight : 400;
	default:
		return weight;
	}
}

void gen_step(struct gen *g)
{
	uint64_t swarm = g->prog->world.swarm, left;
	enum pace pace = pace_now(g);
	uint16_t weight[OP_NUMBERS];
	uint32_t nr = 0;

	for (left = swarm; left; left &= left - 1)
		weight[nr++] = weigh(g, pace, (uint32_t)__builtin_ctzll(left));
	gen_kind(g, nth_kind(swarm, rng_weighted(g->rng, weight, nr)));
}
