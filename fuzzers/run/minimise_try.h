/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_MINIMISE_TRY_H
#define HYPHEAP_MINIMISE_TRY_H

#include "minimise.h"

/* Inside of minimise(): the best so far, and what to try instead of it. */

/**
 * struct minimise_seen - Programs that were tried, by their hash.
 * @hash: open addressing, 0 is an empty place
 */
struct minimise_seen {
	uint64_t *hash;
	size_t nr, room;
};

/**
 * struct minimise_work - Under way.
 * @best: the smallest that is the same
 * @next: what a pass makes of it, to be tried
 * @hint: of @best; its operations are in @taken
 */
struct minimise_work {
	const struct minimise_ask *ask;
	struct prog best, next, taken;
	uint32_t step;
	struct minimise_seen seen;
	bool stopped;
};

/* work_next() - Start from the best. Return: the program to change. */
struct prog *work_next(struct minimise_work *work);

/*
 * work_try() - Is work->next smaller than the best, in order, not tried yet and
 * the same? Then it is the best from now on.
 */
bool work_try(struct minimise_work *work);

/* next_delete() - Take out operations [begin, end) of @prog. */
void next_delete(struct prog *prog, uint32_t begin, uint32_t end);

/*
 * The passes: each tries what it can, and says whether the best has changed.
 */

/* Fewer operations: minimise_ops.c */
bool pass_cut(struct minimise_work *work);
bool pass_chunks(struct minimise_work *work);
bool pass_objects(struct minimise_work *work);
bool pass_pairs(struct minimise_work *work);
bool pass_triples(struct minimise_work *work);
bool pass_merge(struct minimise_work *work);

/* Simpler ones: minimise_operand.c */
bool pass_kinds(struct minimise_work *work);
bool pass_values(struct minimise_work *work);
bool pass_slots(struct minimise_work *work);
bool pass_places(struct minimise_work *work);

/* A smaller world: minimise_world.c */
bool pass_page(struct minimise_work *work);
bool pass_heap(struct minimise_work *work);
bool pass_world(struct minimise_work *work);

/* ---- numbers, minimise_value.c ------------------------------------------ */

#define VALUES_MAX 1024u

/**
 * minimise_values() - What to try instead of a number, simplest first.
 * @value: of it; all that comes out is below it in the order, but 16 for a size
 * @page: bytes; sizes near a multiple of it are tried, 0: it is no size
 *
 * Return: how many are in @out.
 */
uint32_t minimise_values(uint64_t value, uint64_t page,
			 uint64_t out[VALUES_MAX]);

#endif
