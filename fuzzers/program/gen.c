/* SPDX-License-Identifier: GPL-2.0-only */
#include <assert.h>

#include "gen_step.h"

/* Operations of a program for an engine, at most; or 2, 4 or 8 times as many. */
#define FRESH_OPS 64u

/* Programs in phases: grow to a fill target, churn there, shrink, again. */

static enum pace next_pace(struct rng *rng, enum pace pace)
{
	static const uint8_t percent[PACES][PACES] = {
		[PACE_GROW] = {0, 75, 25},
		[PACE_CHURN] = {40, 15, 45},
		[PACE_SHRINK] = {80, 20, 0},
	};
	uint32_t at = (uint32_t)rng_below(rng, 100), i;

	for (i = 0; i + 1 < PACES && at >= percent[pace][i]; i++)
		at -= percent[pace][i];
	return i;
}

static uint32_t most_objects(struct rng *rng, uint32_t ops)
{
	if (ops < 256)
		return 10 + (uint32_t)rng_below(rng, ops / 2 + 1);
	if (rng_percent(rng, 4))
		return (uint32_t)rng_range(rng, 512, OP_SLOTS - 128);

	return 8 + (uint32_t)gen_log(rng, 9);
}

/* The fill that the next phase aims at. */
static void aim(struct gen *g, uint32_t ops)
{
	const struct prog_world *world = &g->prog->world;
	uint64_t heap = (uint64_t)world->heap_pages << world->page_shift;
	uint64_t pool = (uint64_t)world->pool_pages << world->page_shift;
	uint64_t most = heap < pool ? heap : pool;

	if (g->pace == PACE_SHRINK) {
		g->objects = g->st.nr_live * (uint32_t)rng_below(g->rng, 4) / 4;
		if (g->objects < 8 && rng_percent(g->rng, 60))
			g->objects = 8;
		g->bytes = g->st.used;
		return;
	}
	if (g->pace == PACE_CHURN && g->objects > g->st.nr_live)
		g->objects = g->st.nr_live;
	if (g->pace == PACE_GROW) {
		g->objects = most_objects(g->rng, ops);
		g->bytes = most * rng_range(g->rng, 30, 110) / 100;
	}
	g->cap = UINT64_MAX;
	if (g->objects && rng_percent(g->rng, 90))
		g->cap =
			16 + 2 * g->bytes / (g->objects < 12 ? 12 : g->objects);
	if (rng_percent(g->rng, 30))
		g->sizes = (enum size_class)rng_below(g->rng, 4);
}

static bool reached(const struct gen *g)
{
	switch (g->pace) {
	case PACE_GROW:
		return g->st.nr_live >= g->objects || g->st.used >= g->bytes;
	case PACE_SHRINK:
		return g->st.nr_live <= g->objects;
	case PACE_CHURN:
	case PACES:
		break;
	}
	return false;
}

static void run_phase(struct gen *g, uint32_t until)
{
	aim(g, until);
	while (g->prog->nr < until && !reached(g))
		gen_step(g);
}

/* Before the heap is set up the API is called, and set-up is refused. */
static void before_init(struct gen *g, uint32_t ops)
{
	uint32_t calls = (uint32_t)rng_below(g->rng, 4);

	while (calls-- && g->prog->nr < ops)
		gen_step(g);
	while (!g->st.heap && gen_allowed(g, OP_INIT) && g->prog->nr < ops)
		gen_init(g);
}

/* One phase after the other, up to @until of the program's @ops operations. */
static void phases(struct gen *g, uint32_t until, uint32_t ops)
{
	while (g->prog->nr < until) {
		uint32_t phase = g->prog->nr + 4 +
				 (uint32_t)rng_range(g->rng, ops / 8, ops / 2);

		run_phase(g, phase < until ? phase : until);
		g->pace = next_pace(g->rng, g->pace);
	}
}

/*
 * A heap of a few chunks at least, some of them free, one corruption, rarely
 * more, and then mostly what meets it at once: most of what is detected ends
 * the program.
 */
static void damage(struct gen *g, uint32_t ops)
{
	static const uint8_t meet[] = {OP_FREE, OP_CALL, OP_ALLOC, OP_RECLAIM};
	uint32_t objects = 3 + (uint32_t)rng_below(g->rng, 4);
	uint32_t left = 1;
	uint8_t kind;

	while (g->st.nr_live < objects && g->prog->nr + 4 < ops &&
	       gen_state_fate(&g->st, OP_CALL, 16) == FATE_SERVED)
		gen_kind(g, OP_CALL);
	if (g->prog->nr + 4 < ops && rng_percent(g->rng, 60))
		gen_kind(g, OP_FREE);
	while (left < 4 && rng_percent(g->rng, 12))
		left++;

	for (; left && g->prog->nr < ops; left--) {
		gen_kind(g, OP_CORRUPT);
		kind = meet[rng_below(g->rng, sizeof(meet))];
		if (g->prog->nr < ops && gen_allowed(g, kind) &&
		    rng_percent(g->rng, 60))
			gen_kind(g, kind);
	}
}

/* So does a reference that is put without having been taken. */
static void late_put(struct gen *g)
{
	struct prog *prog = g->prog;
	struct op op = {
		.kind = OP_HVC,
		.sub = OP_HVC_PUT_VM,
	};

	if (!gen_allowed(g, OP_HVC) || !prog->nr || !rng_percent(g->rng, 12))
		return;
	op.arg = gen_handle(g->rng);
	op_fix(&op, prog->world.cpus);
	prog->ops[prog->nr - 1] = op;
}

/* A free that panics ends the program, so it is one of the last operations. */
static void misuse(struct gen *g)
{
	struct prog *prog = g->prog;
	uint32_t back = rng_percent(g->rng, 80) ? 1 : 3;
	struct op op = {.kind = OP_MISUSE};

	if (!gen_allowed(g, OP_MISUSE) || prog->nr < back ||
	    !rng_percent(g->rng, 85))
		return;
	op.sub = (uint8_t)rng_below(g->rng, MISUSE_KINDS - 1);
	if (op.sub == MISUSE_NULL)
		op.sub = MISUSE_BELOW;
	if (op.sub == MISUSE_STALE)
		op.slot = gen_empty_slot(g);
	else
		op.slot = gen_live_slot(g);
	op_fix(&op, prog->world.cpus);
	prog->ops[prog->nr - back] = op;
}

static void gen_begin(struct gen *g, struct prog *prog, struct rng *rng,
		      uint32_t ops)
{
	g->prog = prog;
	g->rng = rng;
	g->pace = PACE_GROW;
	g->bytes = 0;
	g->objects = 0;
	g->cap = UINT64_MAX;
	g->sizes = (enum size_class)rng_weighted(
		rng, (const uint16_t[]){30, 25, 35, 10}, 4);
	g->slots = ops < 200 ? 26 : ops < 4000 ? 400 : OP_SLOTS;
	g->salt = (uint32_t)rng_next(rng);
	gen_state_init(&g->st, &prog->world);
}

/* A step may be a few operations, and so pass the end. */
static void cut_off(struct prog *prog, uint32_t ops)
{
	if (prog->nr > ops)
		prog->nr = ops;
}

void gen_phase(struct prog *prog, struct rng *rng, uint32_t ops)
{
	struct gen g;
	uint32_t i, until = prog->nr + ops;

	gen_begin(&g, prog, rng, until);
	for (i = 0; i < prog->nr; i++)
		gen_state_note(&g.st, &prog->ops[i]);

	g.pace = (enum pace)rng_below(rng, PACES);
	run_phase(&g, until);
	while (prog->nr < until && rng_percent(rng, 90))
		gen_step(&g);
	cut_off(prog, until);
}

void prog_generate(struct prog *prog, struct rng *rng,
		   const struct gen_config *config)
{
	uint32_t ops = config->ops;
	struct gen g;

	assert(!config->page_shift || config->page_shift == 12 ||
	       config->page_shift == 14 || config->page_shift == 16);
	if (config->uniform) {
		gen_uniform(prog, rng, config);
		return;
	}

	prog_clear(prog);
	prog->world = gen_world(rng, config);
	prog->world.swarm = gen_swarm(rng, config);
	if (!prog->world.init)
		prog->world.swarm |= UINT64_C(1) << OP_INIT;
	prog_reserve(prog, ops);

	gen_begin(&g, prog, rng, ops);
	if (!prog->world.init)
		before_init(&g, ops);
	aim(&g, ops);
	if (prog->nr < ops && gen_allowed(&g, OP_TOPUP) && rng_percent(rng, 85))
		gen_kind(&g, OP_TOPUP);
	if (gen_allowed(&g, OP_CORRUPT)) {
		phases(&g, (uint32_t)rng_range(rng, ops / 8, ops * 3 / 4), ops);
		damage(&g, ops);
		phases(&g, ops, ops);
		cut_off(prog, ops);
		return;
	}
	phases(&g, ops, ops);
	cut_off(prog, ops);
	late_put(&g);
	misuse(&g);
}

void prog_begin(struct prog *prog, struct rng *rng, enum profile profile,
		size_t max)
{
	const size_t room = (max - PROG_HEADER) / PROG_RECORD;
	const size_t most = (size_t)FRESH_OPS << rng_below(rng, 4);
	const struct gen_config config = {
		.ops = 1 + (uint32_t)rng_below(rng, most < room ? most : room),
		.profile = profile,
	};

	prog_generate(prog, rng, &config);
	while (prog->nr && prog_size(prog) > max)
		prog->nr--;
}
