/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "minimise_try.h"

/* Rounds of passes until a whole round finds nothing. */

#define SEEN_FIRST 1024u

/* ---- what was tried ----------------------------------------------------- */

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

static uint64_t hash_of(const struct prog *prog)
{
	const struct prog_world *w = &prog->world;
	uint64_t hash = mix(prog->nr, w->heap_pages);

	hash = mix(hash, w->page_shift);
	hash = mix(hash, w->pool_pages);
	hash = mix(hash, (uint64_t)w->cpus << 2 | (uint64_t)w->init << 1 |
				 (uint64_t)w->boot);
	hash = mix(hash, (uint64_t)w->vm_size << 16 | w->vcpu_size);
	for (uint32_t i = 0; i < prog->nr; i++) {
		const struct op *op = &prog->ops[i];

		hash = mix(hash, op->kind | (uint64_t)op->sub << 8 |
					 (uint64_t)op->at << 16 |
					 (uint64_t)op->slot << 32);
		hash = mix(hash, op->arg);
		hash = mix(hash, op->x[0]);
		hash = mix(hash, op->x[1]);
	}
	return hash ? hash : 1;
}

/* Return: the place of @hash, or the empty one that it belongs to. */
static uint64_t *seen_place(const struct minimise_seen *seen, uint64_t hash)
{
	size_t at = hash & (seen->room - 1);

	while (seen->hash[at] && seen->hash[at] != hash)
		at = (at + 1) & (seen->room - 1);
	return &seen->hash[at];
}

static void seen_grow(struct minimise_seen *seen)
{
	struct minimise_seen old = *seen;

	seen->room = old.room ? 2 * old.room : SEEN_FIRST;
	seen->hash = calloc(seen->room, sizeof(*seen->hash));
	if (!seen->hash) {
		fputs("hypheap: no memory\n", stderr);
		abort();
	}
	for (size_t i = 0; i < old.room; i++)
		if (old.hash[i])
			*seen_place(seen, old.hash[i]) = old.hash[i];
	free(old.hash);
}

/* Return: whether it is new. */
static bool seen_add(struct minimise_seen *seen, uint64_t hash)
{
	uint64_t *place;

	if (2 * seen->nr >= seen->room)
		seen_grow(seen);
	place = seen_place(seen, hash);
	if (*place)
		return false;
	*place = hash;
	seen->nr++;
	return true;
}

/* ---- one try ------------------------------------------------------------ */

struct prog *work_next(struct minimise_work *work)
{
	prog_copy(&work->next, &work->best);
	return &work->next;
}

void next_delete(struct prog *prog, uint32_t begin, uint32_t end)
{
	memmove(prog->ops + begin, prog->ops + end,
		(prog->nr - end) * sizeof(*prog->ops));
	prog->nr -= end - begin;
}

/* Fields in range, none set that its kind does not use. */
static bool in_order(const struct prog *prog)
{
	struct prog_world world = prog->world;

	prog_world_fix(&world);
	if (world.heap_pages != prog->world.heap_pages ||
	    world.pool_pages != prog->world.pool_pages ||
	    world.cpus != prog->world.cpus)
		return false;
	for (uint32_t i = 0; i < prog->nr; i++) {
		struct op op = prog->ops[i];

		op_fix(&op, world.cpus);
		if (!op_equal(&op, &prog->ops[i]))
			return false;
	}
	return true;
}

uint64_t minimise_swarm(const struct prog *prog)
{
	uint64_t swarm = prog_swarm_usual();

	for (uint32_t i = 0; i < prog->nr; i++)
		swarm |= UINT64_C(1) << prog->ops[i].kind;
	return swarm;
}

/* The text that goes into the file is this very program. */
static bool can_be_said(const struct prog *prog)
{
	struct text_error error;
	char *text = NULL;
	struct prog back;
	size_t size;
	FILE *mem = open_memstream(&text, &size);
	bool can;

	if (!mem)
		abort();
	prog_print(prog, mem);
	if (fclose(mem))
		abort();
	prog_init(&back);
	can = !prog_parse(&back, text, size, &error);
	can = can && prog_equal(&back, prog);
	prog_free(&back);
	free(text);
	return can;
}

static enum minimise_said ask(struct minimise_work *work,
			      const struct prog *prog)
{
	struct minimise_hint hint = {0};
	enum minimise_said said = work->ask->same(work->ask->data, prog, &hint);

	if (said == MINIMISE_STOP)
		work->stopped = true;
	if (said != MINIMISE_SAME || !can_be_said(prog))
		return said == MINIMISE_SAME ? MINIMISE_OTHER : said;

	work->step = hint.step <= prog->nr ? hint.step : 0;
	work->taken.nr = 0;
	for (uint32_t i = 0; i < hint.taken_nr; i++)
		prog_add(&work->taken, hint.taken[i]);
	return MINIMISE_SAME;
}

bool work_try(struct minimise_work *work)
{
	work->next.world.swarm = minimise_swarm(&work->next);
	if (work->stopped || minimise_order(&work->next, &work->best) >= 0)
		return false;
	if (!seen_add(&work->seen, hash_of(&work->next)))
		return false;
	if (!in_order(&work->next) || ask(work, &work->next) != MINIMISE_SAME)
		return false;

	prog_copy(&work->best, &work->next);
	if (work->ask->better)
		work->ask->better(work->ask->data, &work->best);
	return true;
}

/* ---- rounds ------------------------------------------------------------- */

static bool (*const passes[])(struct minimise_work *work) = {
	pass_cut,   pass_chunks, pass_objects, pass_pairs, pass_triples,
	pass_merge, pass_page,	 pass_heap,    pass_kinds, pass_values,
	pass_slots, pass_places, pass_world,
};

bool minimise(struct prog *prog, const struct minimise_ask *ask_whom)
{
	struct minimise_work work = {.ask = ask_whom};
	bool changed = true;

	prog_init(&work.best);
	prog_init(&work.next);
	prog_init(&work.taken);
	prog_copy(&work.best, prog);
	work.best.world.swarm = minimise_swarm(&work.best);

	/* for its hint */
	if (ask(&work, &work.best) != MINIMISE_SAME)
		work.stopped = true;
	while (changed && !work.stopped) {
		changed = false;
		for (size_t i = 0; i < sizeof(passes) / sizeof(*passes); i++)
			changed |= passes[i](&work);
	}

	prog_copy(prog, &work.best);
	prog_free(&work.best);
	prog_free(&work.next);
	prog_free(&work.taken);
	free(work.seen.hash);
	return !work.stopped;
}
