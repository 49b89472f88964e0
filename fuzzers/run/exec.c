/* SPDX-License-Identifier: GPL-2.0-only */
#include "allocator/heap.h"
#include "allocator/host/host.h"
#include "state.h"

#include <assert.h>
#include <errno.h>

/*
 * One operation: on the model, which says what must come, and on the
 * allocator, which says what does.
 */

void exec_stopped(struct step *step)
{
	const struct heap_stop *stop = heap_stop();

	step->actual.end = stop->end == HEAP_PANIC   ? STEP_PANIC
			   : stop->end == HEAP_FAULT ? STEP_FAULT
						     : STEP_HANG;
	step->function = stop->function;
	step->where = stop->where;
	step->what = stop->what;
}

/* The rounded size of what was asked for; see section 6 of the specification. */
static uint64_t rounded(uint64_t bytes)
{
	return bytes < 16 ? 16 : (bytes + 15) & ~15ull;
}

/* After an allocation that returned. */
static void note_alloc(struct step *step, bool got, uint64_t offset)
{
	if (!got)
		return;

	step->actual.err = 0;
	step->actual.offset = offset;
	step->size = rounded(step->op.arg);
}

/* errno and topup_needed were read where there was something: no more now. */
static void note_left(struct step *step)
{
	if (!heap_errno(&step->left_err) ||
	    !heap_topup_needed(&step->left_need))
		exec_stopped(step);
}

static void expect_alloc(struct run *run, struct step *step)
{
	struct outcome *expect = &step->expect;
	uint32_t offset = 0;

	if (!run_exact(run))
		return;

	if (step->op.kind == OP_CALL) {
		expect->err = model_call(run->model, run->cpu, step->op.arg,
					 CALL_TRIES, &offset, &expect->need);
	} else {
		expect->err = model_alloc(run->model, run->cpu, step->op.arg,
					  &offset);
		if (expect->err) {
			expect->err = model_errno(run->model, run->cpu);
			expect->need = model_need(run->model, run->cpu);
		}
	}
	expect->offset = offset;
}

static void exec_alloc(struct run *run, struct step *step)
{
	struct outcome *actual = &step->actual;
	uint64_t offset;
	bool got;

	expect_alloc(run, step);
	if (!heap_alloc(step->op.arg, &got, &offset) ||
	    (!got && (!heap_errno(&actual->err) ||
		      !heap_topup_needed(&actual->need)))) {
		exec_stopped(step);
		return;
	}
	note_alloc(step, got, offset);
	note_left(step);
}

static void exec_call(struct run *run, struct step *step)
{
	struct outcome *actual = &step->actual;
	struct host_call call;

	expect_alloc(run, step);
	if (!host_call_alloc(step->op.arg, CALL_TRIES, &call)) {
		exec_stopped(step);
		return;
	}
	actual->err = call.err;
	actual->need = call.got ? 0 : call.need;
	step->tries = call.tries;
	step->tries_max = CALL_TRIES;
	step->stuck = call.stuck;
	step->stuck_need = call.stuck_need;
	note_alloc(step, call.got, call.offset);
	note_left(step);
}

/* The object of a slot goes, for the program and for the twin. */
static void drop(struct run *run, uint16_t slot)
{
	slots_drop(&run->slots, slot);
	if (!run_twinless(run))
		twin_remove(run->twin, slot);
}

static void exec_free(struct run *run, struct step *step)
{
	const uint64_t offset = run->slots.slot[step->op.slot].offset;

	if (run_exact(run) && !model_free(run->model, offset))
		step->expect.end = STEP_PANIC;
	drop(run, step->op.slot);
	if (!heap_free(offset))
		exec_stopped(step);
}

void exec_pattern(struct run *run, uint8_t *bytes, uint64_t size)
{
	uint64_t word = ++run->writes * 0x9E3779B97F4A7C15ull + 1;

	for (uint64_t i = 0; i < size; i += 8) {
		word = word * 6364136223846793005ull + 1442695040888963407ull;
		__builtin_memcpy(bytes + i, &word, size - i < 8 ? size - i : 8);
	}
}

static void exec_write(struct run *run, struct step *step)
{
	const struct slot *slot = &run->slots.slot[step->op.slot];
	uint8_t *bytes;

	/* where nothing compares it is nothing */
	if (run_twinless(run))
		return;

	bytes = twin_bytes(run->twin, step->op.slot);
	exec_pattern(run, bytes, slot->size);
	heap_fill(slot->offset, bytes, slot->size);
}

static void exec_topup(struct run *run, struct step *step)
{
	if (run_exact(run))
		model_topup(run->model, step->op.arg);
	if (!host_topup(step->op.arg, &step->actual.err))
		exec_stopped(step);
}

static void exec_reclaim(struct run *run, struct step *step)
{
	if (run_exact(run))
		step->expect.pages = model_reclaim(run->model, step->op.arg);
	if (!host_reclaim(step->op.arg, &step->actual.pages))
		exec_stopped(step);
}

static void exec_shrink(struct run *run, struct step *step)
{
	if (run_exact(run))
		step->expect.pages = model_shrink(run->model, step->op.arg);
	if (!host_shrink(step->op.arg, &step->actual.pages))
		exec_stopped(step);
}

static void exec_cpu(struct run *run, struct step *step)
{
	run->cpu = (uint32_t)step->op.arg;
	heap_set_cpu(run->cpu);
}

static void exec_fail(struct run *run, struct step *step)
{
	if (run_exact(run))
		model_fail_map(run->model, step->op.arg);
	heap_fail_map(step->op.arg);
}

/* Would hyp_alloc_init() take this size, were it not refused the range? */
static bool init_fits(uint64_t bytes, uint32_t page_shift)
{
	const uint64_t page = 1ull << page_shift;

	return bytes && bytes <= UINT32_MAX &&
	       ((bytes + page - 1) & ~(page - 1)) <= UINT32_MAX;
}

static void init_heap(struct run *run, struct step *step, uint64_t bytes,
		      bool refuse)
{
	/* the fake private range is not larger than the real one */
	refuse = refuse || bytes > HEAP_BYTES_MAX;
	if (run_exact(run))
		step->expect.err =
			model_init(run->model, bytes, refuse ? -ENOMEM : 0);
	heap_refuse_reserve(refuse);
	if (!heap_init(bytes, &step->actual.err))
		exec_stopped(step);
	heap_refuse_reserve(false);
	step->heap_bytes = heap_bytes();
}

static bool exec_init_op(struct run *run, struct step *step)
{
	const bool refuse = step->op.sub == INIT_REFUSED ||
			    step->op.arg > HEAP_BYTES_MAX;

	/* nobody sets a heap up twice */
	if (heap_bytes() && !refuse &&
	    init_fits(step->op.arg, run->prog->world.page_shift))
		return false;

	init_heap(run, step, step->op.arg, refuse);

	return true;
}

void exec_init(struct run *run, struct step *step)
{
	const struct prog_world *world = &run->prog->world;

	init_heap(run, step, (uint64_t)world->heap_pages << world->page_shift,
		  false);
}

/* A free that must panic; @offset is where. */
static void exec_bad_free(struct run *run, struct step *step, uint64_t offset)
{
	step->expect.end = STEP_PANIC;
	if (run_exact(run) && model_free(run->model, offset))
		step->expect.end = STEP_DONE;
	if (!heap_free(offset))
		exec_stopped(step);
}

static void exec_misuse(struct run *run, struct step *step)
{
	const uint16_t slot = step->op.slot;
	const uint64_t offset = run->slots.slot[slot].offset;

	switch (step->op.sub) {
	case MISUSE_DOUBLE:
		exec_free(run, step);
		if (step->actual.end == STEP_DONE)
			exec_bad_free(run, step, offset);
		break;
	case MISUSE_STALE:
		exec_bad_free(run, step, offset);
		break;
	case MISUSE_INSIDE:
		exec_bad_free(run, step, offset + 16);
		break;
	case MISUSE_MISALIGNED:
		exec_bad_free(run, step, offset + 8);
		break;
	case MISUSE_OUTSIDE:
		exec_bad_free(run, step, heap_bytes());
		break;
	default:
		if (!heap_free_null())
			exec_stopped(step);
	}
}

/* ---- which slot --------------------------------------------------------- */

/* Does a live object start where the last one of @slot did? */
static bool taken_again(const struct run *run, uint16_t slot)
{
	const uint64_t offset = run->slots.slot[slot].offset;
	struct object object;

	if (run_twinless(run)) {
		for (uint32_t i = 0; i < run->slots.top * 64; i++)
			if (slots_live(&run->slots, i) &&
			    run->slots.slot[i].offset == offset)
				return true;
		return false;
	}
	object = twin_above(run->twin, offset);

	return object.there && object.offset == offset;
}

/* The slot that a misuse takes, from op.slot on, or -1. */
static int misuse_slot(const struct run *run, const struct op *op)
{
	const struct slots *s = &run->slots;
	int first = -1, slot = op->slot;

	if (op->sub == MISUSE_DOUBLE || op->sub == MISUSE_MISALIGNED)
		return slots_next_live(s, op->slot);

	for (;;) {
		slot = op->sub == MISUSE_STALE ? slots_next_freed(s, slot)
					       : slots_next_live(s, slot);
		if (slot < 0 || slot == first)
			return -1;
		if (first < 0)
			first = slot;
		if (op->sub == MISUSE_STALE ? !taken_again(run, slot)
					    : s->slot[slot].size >= 48)
			return slot;
		slot = (slot + 1) % OP_SLOTS;
	}
}

/* Give the operation the slot it takes; false if there is none. */
static bool take_slot(const struct run *run, struct op *op)
{
	int slot;

	switch (op_slot(op)) {
	case SLOT_EMPTY:
		slot = slots_next_empty(&run->slots, op->slot);
		break;
	case SLOT_LIVE:
		slot = op->kind == OP_MISUSE
			       ? misuse_slot(run, op)
			       : slots_next_live(&run->slots, op->slot);
		break;
	case SLOT_KIND:
		slot = op->kind == OP_MISUSE
			       ? misuse_slot(run, op)
			       : slots_next_freed(&run->slots, op->slot);
		break;
	default:
		return true;
	}
	if (slot < 0)
		return false;

	op->slot = (uint16_t)slot;

	return true;
}

bool exec_op(struct run *run, struct step *step)
{
	if (!take_slot(run, &step->op))
		return false;

	damage_expect(run, step);
	switch (step->op.kind) {
	case OP_ALLOC:
		exec_alloc(run, step);
		break;
	case OP_CALL:
		exec_call(run, step);
		break;
	case OP_FREE:
		exec_free(run, step);
		break;
	case OP_WRITE:
		exec_write(run, step);
		break;
	case OP_TOPUP:
		exec_topup(run, step);
		break;
	case OP_RECLAIM:
		exec_reclaim(run, step);
		break;
	case OP_SHRINK:
		exec_shrink(run, step);
		break;
	case OP_CPU:
		exec_cpu(run, step);
		break;
	case OP_FAIL:
		exec_fail(run, step);
		break;
	case OP_INIT:
		return exec_init_op(run, step);
	case OP_MISUSE:
		exec_misuse(run, step);
		break;
	case OP_CORRUPT:
		return corrupt_exec(run, step);
	default:
		assert(!"an operation without an executor");
	}

	return true;
}
