/* SPDX-License-Identifier: GPL-2.0-only */
#include "minimise_try.h"

/* Fewer operations. */

#define PAIRS_MAX 48u	/* operations of a program of which all pairs go */
#define TRIPLES_MAX 14u /* all triples */

static bool try_delete(struct minimise_work *work, uint32_t begin, uint32_t end)
{
	next_delete(work_next(work), begin, end);
	return work_try(work);
}

/* What ran, with the slots taken; nothing behind the operation that fails. */
bool pass_cut(struct minimise_work *work)
{
	struct prog *next = work_next(work);
	bool any = false;

	if (work->step && work->step < next->nr) {
		next->nr = work->step;
		any = work_try(work);
	}
	if (work->taken.nr) {
		next = work_next(work);
		next->nr = 0;
		for (uint32_t i = 0; i < work->taken.nr; i++)
			prog_add(next, work->taken.ops[i]);
		any |= work_try(work);
	}
	return any;
}

/* All, halves, quarters, ... and each; from the end, where the need is known */
bool pass_chunks(struct minimise_work *work)
{
	bool any = false;

	for (uint32_t size = work->best.nr; size; size /= 2) {
		uint32_t end = work->best.nr;

		while (end && !work->stopped) {
			uint32_t begin = end > size ? end - size : 0;

			any |= try_delete(work, begin, end);
			end = begin;
		}
	}
	return any;
}

static bool names(const struct op *op, uint16_t slot)
{
	return op_slot(op) != SLOT_NONE && op->slot == slot;
}

/* An object with all that is done to it: else another would take its place. */
bool pass_objects(struct minimise_work *work)
{
	bool any = false;

	for (uint32_t i = work->best.nr; i-- && !work->stopped;) {
		struct prog *next;
		struct op op;

		if (i >= work->best.nr)
			continue;
		op = work->best.ops[i];
		if (op_slot(&op) != SLOT_EMPTY)
			continue;
		next = work_next(work);
		next_delete(next, i, i + 1);
		for (uint32_t k = i; k < next->nr;) {
			if (!names(&next->ops[k], op.slot)) {
				k++;
				continue;
			}
			if (op_slot(&next->ops[k]) == SLOT_EMPTY)
				break;
			next_delete(next, k, k + 1);
		}
		any |= work_try(work);
	}
	return any;
}

bool pass_pairs(struct minimise_work *work)
{
	bool any = false;

	for (uint32_t i = 0; i < work->best.nr; i++) {
		if (work->best.nr > PAIRS_MAX || work->stopped)
			break;
		for (uint32_t k = i + 1; k < work->best.nr; k++) {
			struct prog *next = work_next(work);

			next_delete(next, k, k + 1);
			next_delete(next, i, i + 1);
			any |= work_try(work);
		}
	}
	return any;
}

bool pass_triples(struct minimise_work *work)
{
	bool any = false;
	uint32_t i, k, l;

	for (i = 0; i < work->best.nr; i++)
		for (k = i + 1; k < work->best.nr; k++)
			for (l = k + 1; l < work->best.nr; l++) {
				struct prog *next = work_next(work);

				if (next->nr > TRIPLES_MAX || work->stopped)
					return any;
				next_delete(next, l, l + 1);
				next_delete(next, k, k + 1);
				next_delete(next, i, i + 1);
				any |= work_try(work);
			}
	return any;
}

/* ---- two in one --------------------------------------------------------- */

/* A count of pages or bytes that another one's can be added to. */
static bool is_amount(const struct op *op)
{
	return op->kind == OP_ALLOC || op->kind == OP_CALL ||
	       op->kind == OP_TOPUP || op->kind == OP_RECLAIM ||
	       (op->kind == OP_SHRINK && op->sub == SHRINK_SCAN);
}

/* Operation @from goes, @into gets its amount and @more. */
static bool try_merge(struct minimise_work *work, uint32_t from, uint32_t into,
		      uint64_t more)
{
	struct prog *next = work_next(work);
	uint64_t sum = next->ops[from].arg + next->ops[into].arg + more;

	if (sum < more || sum < next->ops[from].arg)
		return false;
	next->ops[into].arg = sum;
	next_delete(next, from, from + 1);
	return work_try(work);
}

/* The host tops up by itself in a call. */
static bool try_call(struct minimise_work *work, uint32_t topup, uint32_t alloc)
{
	struct prog *next = work_next(work);

	if (next->ops[topup].kind != OP_TOPUP ||
	    next->ops[alloc].kind != OP_ALLOC || next->ops[alloc].at)
		return false;
	next->ops[alloc].kind = OP_CALL;
	next_delete(next, topup, topup + 1);
	return work_try(work);
}

static bool try_merges(struct minimise_work *work, uint32_t a, uint32_t b)
{
	const struct op *ops = work->best.ops;
	uint64_t header = ops[a].kind == OP_ALLOC || ops[a].kind == OP_CALL ? 16
									    : 0;

	if (try_call(work, a, b))
		return true;
	if (!is_amount(&ops[a]) || ops[a].kind != ops[b].kind)
		return false;
	return try_merge(work, b, a, 0) || try_merge(work, a, b, 0) ||
	       (header && (try_merge(work, b, a, header) ||
			   try_merge(work, a, b, header)));
}

bool pass_merge(struct minimise_work *work)
{
	bool any = false;

	for (uint32_t i = 0; i < work->best.nr; i++) {
		if (work->best.nr > PAIRS_MAX || work->stopped)
			break;
		for (uint32_t k = i + 1; k < work->best.nr; k++)
			if (try_merges(work, i, k)) {
				any = true;
				k = i;
			}
	}
	return any;
}
