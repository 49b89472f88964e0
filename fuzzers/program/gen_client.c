/* SPDX-License-Identifier: GPL-2.0-only */
#include "gen_step.h"
#include "motif_host.h"

/* What the host does in a program in the making, by the estimate of the run. */

/* A name that has no VM, mostly the first; or any. */
static uint16_t empty_name(struct gen *g)
{
	uint16_t name = 0;

	if (rng_percent(g->rng, 6))
		return (uint16_t)rng_below(g->rng, OP_VMS);
	while (name + 1u < OP_VMS && g->st.vm[name].entry)
		name++;
	return name;
}

/* A name that has a VM, if there is one. */
static uint16_t live_name(struct gen *g)
{
	uint16_t name = (uint16_t)rng_below(g->rng, OP_VMS);
	uint32_t tries;

	if (rng_percent(g->rng, 6))
		return (uint16_t)rng_below(g->rng, 4);
	for (tries = 0; tries < OP_VMS && !g->st.vm[name].entry; tries++)
		name = (uint16_t)((name + 1u) % OP_VMS);

	return name;
}

static void create(struct gen *g)
{
	uint32_t live = (uint32_t)__builtin_popcount(g->st.vm_table);
	struct op op = gen_host_op(g->rng, g->prog, OP_CREATE);

	if (!live || rng_percent(g->rng, live < 4 ? 40 : 12)) {
		if (op.sub != CREATE_VM)
			op.arg = rng_range(g->rng, 1, 4);
		gen_emit(g, OP_CREATE, CREATE_VM, empty_name(g), op.arg);
		return;
	}
	op.slot = live_name(g);
	if (op.sub != CREATE_VCPU || rng_percent(g->rng, 85))
		op.arg = g->st.vm[op.slot].vcpus;
	gen_emit(g, OP_CREATE, CREATE_VCPU, op.slot, op.arg);
}

static void trace(struct gen *g)
{
	if (rng_percent(g->rng, g->st.tracing ? 70 : 10)) {
		gen_emit(g, OP_TRACE, TRACE_UNLOAD, 0, 0);
		return;
	}
	gen_emit(g, OP_TRACE, TRACE_LOAD, 0,
		 rng_percent(g->rng, 97) ? rng_below(g->rng, 9)
					 : gen_log(g->rng, 32));
}

/* A short sequence with a plan, or one call or write without. */
static void hostile(struct gen *g, uint8_t kind)
{
	uint32_t at = g->prog->nr;

	if (!rng_percent(g->rng, 70) || !host_motif_add(g->prog, g->rng))
		prog_add(g->prog, gen_host_op(g->rng, g->prog, kind));
	for (; at < g->prog->nr; at++)
		gen_state_note(&g->st, &g->prog->ops[at]);
}

void gen_client(struct gen *g, uint8_t kind)
{
	switch ((enum op_kind)kind) {
	case OP_CREATE:
		if (rng_percent(g->rng, 12))
			hostile(g, kind);
		else
			create(g);
		return;
	case OP_DESTROY:
		gen_emit(g, OP_DESTROY, 0, live_name(g), 0);
		return;
	case OP_TRACE:
		trace(g);
		return;
	case OP_POKE:
	case OP_HVC:
		hostile(g, kind);
		return;
	default:
		gen_emit(g, kind, 0, 0, 0);
		return;
	}
}

/* ---- what waits for the next operation ----------------------------------- */

static const uint8_t waiting[] = {OP_ALLOC, OP_FREE, OP_TOPUP, OP_RECLAIM,
				  OP_SHRINK};

bool gen_can_be_met(uint8_t kind)
{
	switch ((enum op_kind)kind) {
	case OP_ALLOC:
	case OP_CALL:
	case OP_FREE:
	case OP_TOPUP:
	case OP_RECLAIM:
	case OP_SHRINK:
	case OP_CREATE:
	case OP_DESTROY:
	case OP_TRACE:
	case OP_SELFTEST:
		return true;
	default:
		return false;
	}
}

void gen_deferred(struct gen *g)
{
	uint8_t kind = waiting[rng_below(g->rng, sizeof(waiting))];
	struct op op = {.kind = kind, .at = gen_at(g->rng)};

	if (!gen_allowed(g, kind))
		return;
	if (kind == OP_ALLOC) {
		op.slot = gen_empty_slot(g);
		op.arg = gen_size(g->rng, &g->prog->world, g->sizes);
	} else if (kind == OP_FREE) {
		op.slot = gen_live_slot(g);
	} else {
		op.arg = rng_percent(g->rng, 60)
				 ? rng_range(g->rng, 1, 4)
				 : gen_pages(g->rng, &g->prog->world);
	}
	prog_add(g->prog, op);
	gen_state_note(&g->st, &op);
}
