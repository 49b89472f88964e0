/* SPDX-License-Identifier: GPL-2.0-only */
#include "allocator/heap.h"
#include "allocator/host/host.h"
#include "state.h"

#include <stdio.h>
#include <string.h>

/*
 * "at unlock N" and "at donate N": operations that wait for a moment within the
 * next call. The prediction and the call both count the moments, and meet what
 * waits at the same ones: if the allocator does what it should.
 */

void defer_begin(struct run *run)
{
	run->defer.nr = 0;
	run->defer.failed = false;
	heap_set_hooks(NULL);
}

bool defer_add(struct run *run, const struct step *step)
{
	struct defer *defer = &run->defer;
	struct deferred *d = &defer->op[defer->nr];

	/* there must be another CPU, and metadata that means something */
	if (defer->nr == DEFER_MAX || run_damaged(run) ||
	    (step->op.kind != OP_POKE && run->prog->world.cpus < 2))
		return false;

	memset(d, 0, sizeof(*d));
	d->op = step->op;
	defer->nr++;

	return true;
}

/* ---- before the call ---------------------------------------------------- */

/* Is it the slot of the call itself, or of another that waits? */
static bool claimed(const struct run *run, const struct step *step, uint32_t i,
		    uint16_t slot)
{
	if (op_slot(&step->op) != SLOT_NONE && step->op.slot == slot)
		return true;
	while (i--) {
		const struct deferred *d = &run->defer.op[i];

		if (d->taken && op_slot(&d->op) != SLOT_NONE &&
		    d->op.slot == slot)
			return true;
	}

	return false;
}

static bool moves_pages(const struct op *op)
{
	return op->kind == OP_TOPUP || op->kind == OP_RECLAIM ||
	       op->kind == OP_SHRINK;
}

/* Slots are settled now, so that prediction and call take the same. */
static void take_slot(struct run *run, const struct step *step, uint32_t i)
{
	struct deferred *d = &run->defer.op[i];
	uint16_t first;

	d->taken = false;
	/*
	 * A raw call names pages; whoever moves pages in the middle of it would
	 * change what it finds. And what is freed twice must not have become a
	 * new object in between.
	 */
	if ((step->op.kind == OP_HVC && moves_pages(&d->op)) ||
	    (step->op.kind == OP_MISUSE && d->op.kind == OP_ALLOC))
		return;
	if (!exec_take_slot(run, &d->op))
		return;
	first = d->op.slot;
	while (claimed(run, step, i, d->op.slot)) {
		d->op.slot = (d->op.slot + 1) % OP_SLOTS;
		exec_take_slot(run, &d->op);
		if (d->op.slot == first)
			return;
	}
	d->taken = true;
}

/* Run on the CPU after the one of the call. */
static uint32_t other_cpu(const struct run *run)
{
	return (run->cpu + 1) % run->prog->world.cpus;
}

/* A step of its own for what runs within another. */
static void begin_step(const struct run *run, const struct step *outer,
		       struct deferred *d, struct step *step)
{
	*step = *outer;
	step->op = d->op;
	step->op.at = 0;
	step->expect = d->expect;
	step->actual = (struct outcome){.end = STEP_DONE};
	step->size = 0;
	step->nonzero = STEP_NOWHERE;
	step->below.there = false;
	step->above.there = false;
	step->left_err = 0;
	step->left_need = 0;
	step->stuck = false;
	step->clipped = false;
	step->exact = run_exact(run);
}

static void predict(struct run *run, struct deferred *d)
{
	const uint32_t cpu = run->cpu;
	struct step step;

	begin_step(run, run->defer.outer, d, &step);
	step.expect = (struct outcome){.end = STEP_DONE};
	run->cpu = other_cpu(run);
	exec_of(step.op.kind)->expect(run, &step);
	run->cpu = cpu;
	d->expect = step.expect;
	/* the record is of the call around it, and of all that was in it */
	d->expect.hvcs = 0;
	d->expect.warned = false;
	run->defer.warns |= step.expect.warned;
	d->due++;
}

/* The prediction comes to an unlock. */
static void unlock_predicted(void *data)
{
	struct run *run = data;
	struct defer *defer = &run->defer;

	defer->unlocks++;
	for (uint32_t i = 0; i < defer->nr; i++) {
		struct deferred *d = &defer->op[i];

		if (d->op.kind == OP_POKE || !d->taken ||
		    d->op.at != defer->unlocks)
			continue;
		run->model->unlock = NULL;
		predict(run, d);
		run->model->unlock = unlock_predicted;
	}
}

void defer_donating(struct run *run)
{
	struct defer *defer = &run->defer;

	defer->donations++;
	for (uint32_t i = 0; i < defer->nr; i++) {
		struct deferred *d = &defer->op[i];
		struct step step = {.op = d->op};

		/* what was donated by now cannot be written any more */
		if (d->op.kind == OP_POKE && d->op.at == defer->donations &&
		    poke_expect(run, &step) &&
		    !world_taken(run->world, op_tag_page(d->op.arg)))
			d->due++;
	}
}

bool defer_poked(const struct run *run, uint64_t phys, uint64_t *word)
{
	const struct defer *defer = &run->defer;
	uint32_t last = 0; /* the donation that the word is of */

	/* the latest one counts, whichever was written down first */
	for (uint32_t i = 0; i < defer->nr; i++) {
		const struct op *op = &defer->op[i].op;

		if (op->kind == OP_POKE && defer->op[i].due && op->at >= last &&
		    poke_is(run, op, phys, word))
			last = op->at;
	}

	return last;
}

void defer_arm(struct run *run, struct step *step)
{
	struct defer *defer = &run->defer;

	defer->unlocks = 0;
	defer->donations = 0;
	defer->warns = false;
	defer->outer = step;
	for (uint32_t i = 0; i < defer->nr; i++)
		take_slot(run, step, i);
	run->model->unlock = unlock_predicted;
	run->model->unlock_data = run;
}

/* ---- within the call ---------------------------------------------------- */

/* The oracles that can say something in the middle of a call. */
static bool judge(struct run *run, struct step *step, struct verdict *v)
{
	char text[VERDICT_TEXT];

	observe_new(run, step);
	if (oracle_result(step, v) && oracle_place(step, v) &&
	    oracle_zeroed(step, v))
		return true;

	snprintf(text, sizeof(text), "at unlock %u, CPU %u: %.*s", step->op.at,
		 other_cpu(run), VERDICT_TEXT - 64, v->text);
	memcpy(v->text, text, sizeof(v->text));

	return false;
}

static void call(struct run *run, struct deferred *d)
{
	const uint32_t cpu = run->cpu;
	struct step step;

	begin_step(run, run->defer.outer, d, &step);
	run->cpu = other_cpu(run);
	heap_set_cpu(run->cpu);
	exec_of(step.op.kind)->call(run, &step);
	run->cpu = cpu;
	d->came++;
	d->actual = step.actual;
	d->size = step.size;
	if (step.actual.end != STEP_DONE || run_blind(run))
		return;

	step.op.at = d->op.at;
	if (run->defer.failed || judge(run, &step, &run->defer.verdict))
		run_note_object(run, &step);
	else
		run->defer.failed = true;
}

static void at_unlock(void *data)
{
	struct run *run = data;
	struct defer *defer = &run->defer;

	defer->unlocks++;
	for (uint32_t i = 0; i < defer->nr; i++)
		if (defer->op[i].op.kind != OP_POKE && defer->op[i].taken &&
		    defer->op[i].op.at == defer->unlocks)
			call(run, &defer->op[i]);
}

static void at_donate(void *data)
{
	struct run *run = data;
	struct defer *defer = &run->defer;

	defer->donations++;
	for (uint32_t i = 0; i < defer->nr; i++) {
		struct deferred *d = &defer->op[i];
		struct step step = {.op = d->op};

		if (d->op.kind != OP_POKE || d->op.at != defer->donations)
			continue;
		d->came++;
		d->actual.end = STEP_DONE;
		if (poke_expect(run, &step))
			poke_call(run, &step);
	}
}

void defer_call(struct run *run)
{
	const struct heap_hooks hooks = {
		.unlock = at_unlock,
		.donate = at_donate,
		.data = run,
	};

	run->model->unlock = NULL;
	run->defer.unlocks = 0;
	run->defer.donations = 0;
	heap_set_hooks(&hooks);
}

/* ---- after the call ----------------------------------------------------- */

bool defer_disarm(struct run *run, struct step *step, struct verdict *v)
{
	struct defer *defer = &run->defer;

	heap_set_hooks(NULL);
	run->model->unlock = NULL;
	step->deferred = defer->op;
	step->deferred_nr = defer->nr;
	step->expect.warned |= defer->warns;
	defer->nr = 0;
	for (uint32_t i = 0; i < step->deferred_nr; i++)
		step->others |= defer->op[i].came &&
				defer->op[i].op.kind != OP_POKE;
	if (defer->failed) {
		*v = defer->verdict;
		return false;
	}
	if (step->actual.end != STEP_DONE || !run_exact(run))
		return true;

	for (uint32_t i = 0; i < step->deferred_nr; i++) {
		const struct deferred *d = &defer->op[i];

		if (d->op.kind == OP_POKE || d->due == d->came)
			continue;
		return verdict_fail(v, ORACLE_RESULT, step,
				    "expected unlock %u to come %u times in "
				    "this call, it came %u times",
				    d->op.at, d->due, d->came);
	}

	return true;
}
