/* SPDX-License-Identifier: GPL-2.0-only */
#include <assert.h>
#include <string.h>

#include "gen_state.h"

#define HEADER 16u

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t chunk_bytes(uint64_t bytes)
{
	return HEADER + ((bytes < 16 ? 16 : bytes) + 15) / 16 * 16;
}

void gen_state_init(struct gen_state *st, const struct prog_world *world)
{
	memset(st, 0, offsetof(struct gen_state, live));
	st->page_shift = world->page_shift;
	st->cpus = world->cpus;
	st->vm_size = world->vm_size;
	st->vcpu_size = world->vcpu_size;
	st->privileged = world->boot;
	st->heap_reserved = (uint64_t)world->heap_pages << world->page_shift;
	st->heap = world->init ? st->heap_reserved : 0;
	st->host = world->pool_pages;
}

/* Pages that the chunks need, if the last one ends at @extent. */
static uint64_t pages_for(const struct gen_state *st, uint64_t extent)
{
	uint64_t pages = extent ? ((extent + HEADER) >> st->page_shift) + 1 : 0;

	return pages > st->unbacked ? pages - st->unbacked : 0;
}

uint64_t gen_state_spare(const struct gen_state *st)
{
	return st->given > st->mapped ? st->given - st->mapped : 0;
}

/* Where an allocation would go: into holes, or behind the last chunk. */
static bool in_holes(const struct gen_state *st, uint64_t chunk)
{
	return chunk <= st->holes / 2;
}

/* Pages mapped once an allocation is served. */
static uint64_t pages_after(const struct gen_state *st, uint64_t chunk)
{
	uint64_t extent = st->used + st->holes, pages;

	if (!in_holes(st, chunk)) {
		pages = pages_for(st, extent + chunk);
		return pages > st->mapped ? pages : st->mapped;
	}

	return st->mapped +
	       min_u64(st->unbacked, (chunk >> st->page_shift) + 1);
}

enum gen_fate gen_state_fate(const struct gen_state *st, uint8_t kind,
			     uint64_t bytes)
{
	uint64_t chunk, after, have = st->given;

	if (bytes > UINT32_MAX || chunk_bytes(bytes) > st->heap)
		return FATE_NEVER;
	chunk = chunk_bytes(bytes);
	if (!in_holes(st, chunk) && st->used + st->holes + chunk > st->heap)
		return FATE_NO_ROOM;

	after = pages_after(st, chunk);
	if (st->fail && after >= st->mapped + st->fail)
		return FATE_NO_PAGES;
	if (kind == OP_CALL)
		have += st->host;

	return after <= have ? FATE_SERVED : FATE_NO_PAGES;
}

/* A chunk that is served; @after: pages mapped then. */
static void take_chunk(struct gen_state *st, uint64_t chunk, uint64_t after)
{
	if (after > st->given) {
		st->host -= min_u64(st->host, after - st->given);
		st->given = after;
	}
	if (st->fail)
		st->fail -= min_u64(st->fail - 1, after - st->mapped);
	if (in_holes(st, chunk)) {
		st->holes -= chunk;
		st->unbacked -= min_u64(st->unbacked, after - st->mapped);
	}
	st->mapped = after;
	st->used += chunk;
}

bool gen_state_take(struct gen_state *st, uint64_t bytes)
{
	uint64_t chunk = chunk_bytes(bytes);

	if (gen_state_fate(st, OP_CALL, bytes) != FATE_SERVED)
		return false;
	take_chunk(st, chunk, pages_after(st, chunk));

	return true;
}

void gen_state_give(struct gen_state *st, uint64_t bytes)
{
	bytes = min_u64(bytes, st->used);
	st->used -= bytes;
	/* The more objects, the rarer is the freed one the last chunk. */
	st->holes = (st->holes + bytes) * st->nr_live / (st->nr_live + 1);
	st->unbacked = min_u64(st->unbacked, (st->holes >> st->page_shift) + 1);
}

static void note_alloc(struct gen_state *st, const struct op *op)
{
	enum gen_fate fate = gen_state_fate(st, op->kind, op->arg);
	uint64_t chunk, after;
	uint16_t slot = op->slot;

	if (st->nr_live == OP_SLOTS || fate == FATE_NEVER ||
	    fate == FATE_NO_ROOM)
		return;
	chunk = chunk_bytes(op->arg);
	after = pages_after(st, chunk);
	if (fate == FATE_NO_PAGES) {
		/* What could be mapped stays mapped. */
		if (st->fail && after >= st->mapped + st->fail)
			st->fail = 0;
		else
			st->mapped = st->given;
		return;
	}

	take_chunk(st, chunk, after);

	while (st->size[slot])
		slot = (slot + 1) % OP_SLOTS;
	st->size[slot] = op->arg + 1;
	st->place[slot] = (uint16_t)st->nr_live;
	st->live[st->nr_live++] = slot;
}

static void note_free(struct gen_state *st, uint16_t slot)
{
	uint64_t chunk;
	uint16_t last;

	if (!st->nr_live)
		return;
	while (!st->size[slot])
		slot = (slot + 1) % OP_SLOTS;

	chunk = chunk_bytes(st->size[slot] - 1);
	last = st->live[--st->nr_live];
	st->live[st->place[slot]] = last;
	st->place[last] = st->place[slot];
	st->size[slot] = 0;

	gen_state_give(st, chunk);
}

uint64_t gen_state_reclaimable(const struct gen_state *st)
{
	uint64_t held = pages_for(st, st->used + st->holes);
	uint64_t holes = (st->holes >> st->page_shift) / 2;

	holes = holes > st->unbacked ? holes - st->unbacked : 0;

	return holes + (st->given > held ? st->given - held : 0);
}

void gen_state_reclaim(struct gen_state *st, uint64_t target)
{
	uint64_t pages = min_u64(target, gen_state_reclaimable(st));
	uint64_t held = pages_for(st, st->used + st->holes);
	uint64_t free = st->given > held ? st->given - held : 0;

	if (pages > free)
		st->unbacked += pages - free;
	pages = min_u64(pages, st->given);
	st->given -= pages;
	st->host += pages;
	st->mapped = min_u64(st->mapped, pages_for(st, st->used + st->holes));
	st->mapped = min_u64(st->mapped, st->given);
}

void gen_state_note(struct gen_state *st, const struct op *op)
{
	uint64_t pages, page = UINT64_C(1) << st->page_shift;

	switch ((enum op_kind)op->kind) {
	case OP_ALLOC:
	case OP_CALL:
		note_alloc(st, op);
		return;
	case OP_FREE:
		note_free(st, op->slot);
		return;
	case OP_TOPUP:
		pages = min_u64(op->arg, st->host);
		st->given += pages;
		st->host -= pages;
		return;
	case OP_RECLAIM:
	case OP_SHRINK:
		gen_state_reclaim(st, op->arg);
		return;
	case OP_FAIL:
		if (op->sub == FAIL_MAP)
			st->fail = op->arg;
		return;
	case OP_INIT:
		if (!st->heap && op->sub == INIT_PLAIN &&
		    op->arg <= st->heap_reserved)
			st->heap = (op->arg + page - 1) / page * page;
		return;
	case OP_WRITE:
	case OP_CPU:
	case OP_MISUSE:
	case OP_CORRUPT:
	case OP_PREFIX:
		return;
	case OP_CREATE:
	case OP_DESTROY:
	case OP_TRACE:
	case OP_SELFTEST:
	case OP_DEPRIVILEGE:
	case OP_POKE:
	case OP_HVC:
		gen_state_client(st, op);
		return;
	}
}
