/* SPDX-License-Identifier: GPL-2.0-only */
#include "features.h"

#include <assert.h>
#include <stdbool.h>

/* Of what kind a cell is; part of what is hashed. */
enum { SEQUENCE, SHAPE, CHANGE, PLACE };

#define CELL_BITS 12
#define HEADERS_LOOKED_AT 16u

static_assert(1u << CELL_BITS == FEATURES_NR, "the hash makes that many");
static_assert(CORRUPT_KINDS <= 16 && MISUSE_KINDS <= 16, "4 bits for op.sub");

static uint16_t cell_of(uint32_t key)
{
	key ^= key >> 15;
	key *= 0x9E3779B1u;
	key ^= key >> 13;
	key *= 0x85EBCA6Bu;

	return (uint16_t)(key >> (32 - CELL_BITS));
}

/* How many, @most standing for more as well. */
static uint32_t level(uint64_t n, uint32_t most)
{
	return n < most ? (uint32_t)n : most;
}

/* Fewer by several, fewer by one, the same, one more, several more: 0 to 4. */
static uint32_t change(uint32_t before, uint32_t after)
{
	if (after == before)
		return 2;
	if (after > before)
		return after - before == 1 ? 3 : 4;

	return before - after == 1 ? 1 : 0;
}

/* Fewer, the same, more. */
static uint32_t sense(uint32_t before, uint32_t after)
{
	return after < before ? 0 : after == before ? 1 : 2;
}

/* What came of it, 3 bits. */
static uint32_t outcome(const struct outcome *o)
{
	if (o->end != STEP_DONE)
		return o->end == STEP_PANIC ? 7 : 6;
	if (o->need)
		return 5;
	if (o->err)
		return o->err == -MODEL_E2BIG ? 4 : 3;

	return o->ret < 0 ? 2 : o->pages ? 1 : 0;
}

/* What it is about, 2 bits. */
static uint32_t group(const struct op *op)
{
	switch (op->kind) {
	case OP_ALLOC:
	case OP_CALL:
		return 0;
	case OP_FREE:
		return 1;
	case OP_TOPUP:
	case OP_RECLAIM:
	case OP_SHRINK:
		return 2;
	default:
		return 3;
	}
}

/* Chunks of which not all is mapped, among the first ones. */
static uint32_t holes(const struct step *step)
{
	const uint32_t nr = step->shape_known ? step->model->nr : step->walk_nr;
	uint32_t n = 0;

	/* if they are known to be, the headers are the model's chunks */
	for (uint32_t i = 0; i < nr && i < HEADERS_LOOKED_AT; i++)
		n += step->shape_known ? step->model->chunk[i].mark != 0
				       : step->walk[i].unmapped > 1;

	return n;
}

/* How near to a page's begin or end an address is: headers want room there. */
static uint32_t place(const struct step *step, uint64_t at)
{
	uint64_t in_page = at & (step->page - 1);

	if (in_page <= 16)
		return in_page ? 1 : 0;
	if (in_page <= 64)
		return in_page <= 48 ? 2 : 3;
	if (in_page + 64 >= step->page)
		return in_page + 32 >= step->page ? 6 : 5;

	return 4;
}

unsigned int features_of(const struct step *step, uint32_t before,
			 uint16_t cell[FEATURES_OF_A_STEP])
{
	const struct census *was = &step->before, *is = &step->after;
	const uint32_t came = outcome(&step->actual);
	const uint32_t kind = step->op.kind & 31u;
	unsigned int n = 0;

	if (step->actual.end == STEP_SKIPPED)
		return 0;

	cell[n++] = cell_of(SEQUENCE | came << 2 | kind << 5 | before << 10);
	cell[n++] = cell_of(SHAPE | group(&step->op) << 2 |
			    level(is->used, 4) << 4 | level(is->free, 4) << 7 |
			    level(holes(step), 2) << 10 |
			    level(is->spare, 3) << 12);
	cell[n++] = cell_of(
		CHANGE | came << 2 | kind << 5 | (step->op.sub & 15u) << 10 |
		change(was->used, is->used) << 14 |
		change(was->free, is->free) << 17 |
		sense(was->mapped, is->mapped) << 20 |
		sense(was->spare, is->spare) << 23 |
		(uint32_t)step->fault_armed << 26 |
		(uint32_t)step->others << 27 | (uint32_t)step->corrupted << 28);
	if (step->size)
		cell[n++] = cell_of(
			PLACE | place(step, step->actual.offset) << 2 |
			place(step, step->actual.offset + step->size) << 5 |
			change(was->free, is->free) << 8 |
			sense(was->mapped, is->mapped) << 11 |
			(uint32_t)step->above.there << 13);

	return n;
}

uint32_t features_next(const struct step *step, uint32_t before)
{
	if (step->actual.end == STEP_SKIPPED)
		return before;

	return step->op.kind | (step->actual.err ? 64u : 0);
}

void features_note(uint8_t *cells, const struct step *step, uint32_t *before)
{
	uint16_t cell[FEATURES_OF_A_STEP];
	unsigned int n = features_of(step, *before, cell);

	while (n)
		cells[cell[--n]] = 1;
	*before = features_next(step, *before);
}
