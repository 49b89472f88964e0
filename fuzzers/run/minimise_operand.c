/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>

#include "minimise_try.h"

/* Simpler operations, each where it stands. */

#define SLOTS_TRIED 64u /* of one operation */
#define PLACES_MAX 64u

static bool try_op(struct minimise_work *work, uint32_t i, struct op op)
{
	struct prog *next = work_next(work);

	op_fix(&op, next->world.cpus);
	next->ops[i] = op;
	return work_try(work);
}

/* ---- kinds -------------------------------------------------------------- */

static bool try_kind(struct minimise_work *work, uint32_t i, uint8_t kind)
{
	struct op op = work->best.ops[i];

	op.kind = kind;
	op.sub = 0;
	return try_op(work, i, op);
}

static bool try_sub(struct minimise_work *work, uint32_t i)
{
	struct op op = work->best.ops[i];
	uint8_t keep = op.sub;

	/* the registers belong to the call */
	if (op.kind == OP_HVC)
		return false;
	for (uint8_t sub = 0; sub < keep; sub++) {
		op.sub = sub;
		if (try_op(work, i, op))
			return true;
	}
	return false;
}

static bool try_at(struct minimise_work *work, uint32_t i)
{
	struct op op = work->best.ops[i];
	uint8_t keep = op.at;

	for (uint8_t at = 0; at < keep; at++) {
		op.at = at;
		if (try_op(work, i, op))
			return true;
	}
	return false;
}

bool pass_kinds(struct minimise_work *work)
{
	bool any = false;

	for (uint32_t i = 0; i < work->best.nr && !work->stopped; i++) {
		if (work->best.ops[i].kind == OP_CALL)
			any |= try_kind(work, i, OP_ALLOC);
		if (work->best.ops[i].kind == OP_SHRINK)
			any |= try_kind(work, i, OP_RECLAIM);
		any |= try_at(work, i);
		any |= try_sub(work, i);
	}
	return any;
}

/* ---- numbers ------------------------------------------------------------ */

static uint64_t *field(struct op *op, unsigned int which)
{
	return which == 0 ? &op->arg : &op->x[which - 1];
}

static bool try_field(struct minimise_work *work, uint32_t i,
		      unsigned int which)
{
	struct op op = work->best.ops[i];
	uint64_t page = UINT64_C(1) << work->best.world.page_shift;
	bool size = op.kind == OP_ALLOC || op.kind == OP_CALL;
	static uint64_t values[VALUES_MAX];
	uint32_t nr =
		minimise_values(*field(&op, which), size ? page : 0, values);

	for (uint32_t k = 0; k < nr; k++) {
		*field(&op, which) = values[k];
		if (try_op(work, i, op))
			return true;
	}
	return false;
}

bool pass_values(struct minimise_work *work)
{
	bool any = false;

	for (uint32_t i = 0; i < work->best.nr; i++)
		for (unsigned int which = 0; which < 3 && !work->stopped;
		     which++)
			any |= try_field(work, i, which);
	return any;
}

/* ---- slots -------------------------------------------------------------- */

/* What the slot of an operation numbers: objects, VMs, free chunks. */
static unsigned int numbers(const struct op *op)
{
	if (op_slot(op) != SLOT_NONE)
		return 1;
	if (op->kind == OP_CREATE || op->kind == OP_DESTROY)
		return 2;
	return op->kind == OP_CORRUPT ? 3 : 0;
}

/* In the order in which they come: a, b, c. */
static bool try_rename(struct minimise_work *work, unsigned int what)
{
	static uint16_t name[OP_SLOTS];
	struct prog *next = work_next(work);
	uint16_t names = 0;

	for (uint32_t i = 0; i < OP_SLOTS; i++)
		name[i] = OP_SLOTS;
	for (uint32_t i = 0; i < next->nr; i++) {
		struct op *op = &next->ops[i];

		if (numbers(op) != what)
			continue;
		if (name[op->slot] == OP_SLOTS)
			name[op->slot] = names++;
		op->slot = name[op->slot];
	}
	return work_try(work);
}

static bool try_slot(struct minimise_work *work, uint32_t i)
{
	struct op op = work->best.ops[i];
	uint16_t keep = op.slot;

	for (uint16_t slot = 0; slot < keep && slot < SLOTS_TRIED; slot++) {
		op.slot = slot;
		if (try_op(work, i, op))
			return true;
	}
	return false;
}

bool pass_slots(struct minimise_work *work)
{
	bool any = try_rename(work, 1);

	any |= try_rename(work, 2);
	for (uint32_t i = 0; i < work->best.nr && !work->stopped; i++)
		any |= try_slot(work, i);
	return any;
}

/* ---- pages of the pool -------------------------------------------------- */

static void move(uint64_t *value, uint32_t from, uint32_t to)
{
	if (op_tag(*value) && op_tag_page(*value) == from)
		*value = OP_ADDR(op_tag(*value), to, op_tag_offset(*value));
}

/* Everything that is said of page @from is said of page @to. */
static bool try_place(struct minimise_work *work, uint32_t from, uint32_t to)
{
	struct prog *next = work_next(work);

	for (uint32_t i = 0; i < next->nr; i++)
		for (unsigned int which = 0; which < 3; which++)
			move(field(&next->ops[i], which), from, to);
	return work_try(work);
}

static bool move_place(struct minimise_work *work, uint64_t value)
{
	uint32_t from = op_tag_page(value);

	if (!op_tag(value))
		return false;
	for (uint32_t to = 0; to < from && to < PLACES_MAX; to++)
		if (try_place(work, from, to))
			return true;
	return false;
}

bool pass_places(struct minimise_work *work)
{
	bool any = false;

	for (uint32_t i = 0; i < work->best.nr; i++)
		for (unsigned int which = 0; which < 3 && !work->stopped;
		     which++)
			any |= move_place(work,
					  *field(&work->best.ops[i], which));
	return any;
}
