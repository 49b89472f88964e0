/* SPDX-License-Identifier: GPL-2.0-only */
#include "damage.h"

#include <assert.h>
#include <string.h>

#include "allocator/heap.h"
#include "state.h"

/* What corruptions are called, what must come of them, and what came. */

static const char *const words[] = {
#define X(id, word) [DAMAGE_##id] = (word),
	DAMAGES(X)
#undef X
};

static const char *const end_words[] = {
	[DAMAGE_NONE] = "none",		[DAMAGE_DETECTED] = "detected",
	[DAMAGE_HARMLESS] = "harmless", [DAMAGE_MISSED] = "missed",
	[DAMAGE_HUNG] = "hang",
};

static const char *const field_words[] = {"next", "prev", "unmapped", "hash"};

static_assert(sizeof(words) / sizeof(words[0]) == DAMAGE_KINDS, "words");
static_assert(sizeof(end_words) / sizeof(end_words[0]) == DAMAGE_ENDS, "words");

const char *damage_word(enum damage_kind kind)
{
	return kind < DAMAGE_KINDS ? words[kind] : "?";
}

const char *damage_end_word(enum damage_end end)
{
	return end < DAMAGE_ENDS ? end_words[end] : "?";
}

/* ---- what must come of it ----------------------------------------------- */

/* The model's chunk with this header, or m->nr. */
static uint32_t chunk_at(const struct model *m, uint64_t header)
{
	uint32_t i = 0;

	while (i < m->nr && m->chunk[i].addr != header)
		i++;

	return i;
}

/*
 * Section 9 of the specification: what reaches chunk @i through next or prev,
 * or frees it, checks its header. Nothing reaches the first one by a walk.
 */
static bool must_check(const struct run *run, const struct op *op, uint32_t i)
{
	const struct model *m = run->model;
	uint32_t freed;

	switch (op->kind) {
	case OP_ALLOC:
	case OP_CALL:
		/* what is too big for any heap fails before the list */
		return i && model_size(m, op->arg) >= 0;
	case OP_RECLAIM:
	case OP_SHRINK:
		return i && op->arg;
	case OP_FREE:
		freed = chunk_at(m, run->slots.slot[op->slot].offset - HEADER);
		return freed < m->nr && freed + 1 >= i && freed <= i + 1;
	default:
		return false;
	}
}

void damage_expect(const struct run *run, struct step *step)
{
	const struct flip *flip = &run->flip;
	uint32_t header[4], i;

	if (!flip->alone || !run_exact(run) || run_missed(run))
		return;
	i = chunk_at(run->model, flip->at);
	if (i == run->model->nr || !must_check(run, &step->op, i))
		return;
	heap_read(flip->at, header, HEADER);
	if (memcmp(header, flip->left, HEADER) != 0)
		return;

	step->flip_due = true;
	step->flip_at = flip->at;
	step->flip_field = field_words[flip->word];
	step->flip_bit = flip->bit;
}

/* ---- what came of it ---------------------------------------------------- */

void damage_missed(struct run *run, uint32_t step, struct verdict *v)
{
	memset(v, 0, sizeof(*v));
	run->damage.end = DAMAGE_MISSED;
	run->damage.step = step;
	twin_reset(run->twin);
}

static void end_with(struct run *run, enum damage_end end, uint32_t step)
{
	if (run_missed(run))
		return;

	run->damage.end = end;
	run->damage.step = step;
}

bool damage_judge(struct run *run, const struct step *step, struct verdict *v)
{
	switch (step->actual.end) {
	case STEP_PANIC:
	case STEP_FAULT:
		end_with(run, DAMAGE_DETECTED, step->number);
		return true;
	case STEP_HANG:
		if (step->flip_due)
			break;
		end_with(run, DAMAGE_HUNG, step->number);
		return true;
	default:
		if (run_missed(run))
			return true;
	}

	if (oracle_judge(step, v))
		return true;
	if (step->flip_due)
		return false;
	damage_missed(run, step->number, v);

	return true;
}
