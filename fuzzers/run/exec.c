/* SPDX-License-Identifier: GPL-2.0-only */
#include "allocator/heap.h"
#include "state.h"

#include <assert.h>
#include <errno.h>

/*
 * One operation: on the model, which says what must come, and on the
 * allocator, which says what does. Here: which slot it takes, and what EL2's
 * own code does with its heap.
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
	const struct heap_traits *traits = heap_traits();
	const uint64_t mask = traits->align - 1;

	return bytes < traits->smallest ? traits->smallest
					: (bytes + mask) & ~mask;
}

void exec_got(struct step *step, bool got, uint64_t offset)
{
	if (!got)
		return;

	step->actual.err = 0;
	step->actual.offset = offset;
	step->size = rounded(step->op.arg);
}

void exec_left(struct step *step)
{
	if (!heap_errno(&step->left_err) ||
	    !heap_topup_needed(&step->left_need))
		exec_stopped(step);
}

/* ---- allocate and free -------------------------------------------------- */

static bool expect_alloc(struct run *run, struct step *step)
{
	struct outcome *expect = &step->expect;
	uint32_t offset = 0;

	if (!run_exact(run))
		return true;

	expect->err = model_alloc(run->model, run->cpu, step->op.arg, &offset);
	if (expect->err) {
		expect->err = model_errno(run->model, run->cpu);
		expect->need = model_need(run->model, run->cpu);
	}
	expect->offset = offset;

	return true;
}

static void call_alloc(struct run *run, struct step *step)
{
	struct outcome *actual = &step->actual;
	uint64_t offset;
	bool got;

	(void)run;
	if (!heap_alloc(step->op.arg, &got, &offset) ||
	    (!got && (!heap_errno(&actual->err) ||
		      !heap_topup_needed(&actual->need)))) {
		exec_stopped(step);
		return;
	}
	exec_got(step, got, offset);
	exec_left(step);
}

/* The object of a slot goes, for the program and for the twin. */
static void drop(struct run *run, uint16_t slot)
{
	slots_drop(&run->slots, slot);
	if (!run_twinless(run))
		twin_remove(run->twin, slot);
}

static bool expect_free(struct run *run, struct step *step)
{
	const uint64_t offset = run->slots.slot[step->op.slot].offset;

	if (run_exact(run) && !model_free(run->model, offset))
		step->expect.end = STEP_PANIC;

	return true;
}

static void call_free(struct run *run, struct step *step)
{
	const uint64_t offset = run->slots.slot[step->op.slot].offset;

	drop(run, step->op.slot);
	if (!heap_free(offset))
		exec_stopped(step);
}

#define PATTERN_A 6364136223846793005ull
#define PATTERN_C 1442695040888963407ull
#define PATTERN_LANES 4u

typedef uint64_t unaligned_word __attribute__((may_alias, aligned(1)));

/* A linear congruence, in lanes so that a word need not wait for the one
 * before. */
void exec_pattern(struct run *run, uint8_t *bytes, uint64_t size)
{
	uint64_t lane[PATTERN_LANES], a = 1, c = 0;
	uint64_t word = ++run->writes * 0x9E3779B97F4A7C15ull + 1;
	uint64_t at = 0;

	for (unsigned int k = 0; k < PATTERN_LANES; k++) {
		word = word * PATTERN_A + PATTERN_C;
		lane[k] = word;
		c = c * PATTERN_A + PATTERN_C;
		a *= PATTERN_A;
	}
	for (; size - at >= sizeof(lane); at += sizeof(lane)) {
		/* not memcpy(), which is a call under AddressSanitizer */
		unaligned_word *to = (unaligned_word *)(bytes + at);

		for (unsigned int k = 0; k < PATTERN_LANES; k++) {
			to[k] = lane[k];
			lane[k] = lane[k] * a + c;
		}
	}
	__builtin_memcpy(bytes + at, lane, size - at);
}

static void call_write(struct run *run, struct step *step)
{
	const struct slot *slot = &run->slots.slot[step->op.slot];
	uint8_t *bytes;

	/* where nothing compares it is nothing */
	if (run_twinless(run))
		return;

	bytes = twin_overwrite(run->twin, step->op.slot);
	exec_pattern(run, bytes, slot->size);
	heap_fill(slot->offset, bytes, slot->size);
}

static void call_cpu(struct run *run, struct step *step)
{
	run->cpu = (uint32_t)step->op.arg;
	heap_set_cpu(run->cpu);
}

/* ---- setting the heap up ------------------------------------------------ */

/* Would hyp_alloc_init() take this size, were it not refused the range? */
static bool init_fits(uint64_t bytes, uint32_t page_shift)
{
	const uint64_t page = 1ull << page_shift;

	return bytes && bytes <= UINT32_MAX &&
	       ((bytes + page - 1) & ~(page - 1)) <= UINT32_MAX;
}

/* The fake private range is not larger than the real one. */
static bool init_refused(const struct op *op)
{
	return op->sub == INIT_REFUSED || op->arg > HEAP_BYTES_MAX;
}

static bool expect_init(struct run *run, struct step *step)
{
	const bool refuse = init_refused(&step->op);

	/* nobody sets a heap up twice */
	if (heap_bytes() && !refuse &&
	    init_fits(step->op.arg, run->prog->world.page_shift))
		return false;

	if (run_exact(run))
		step->expect.err = model_init(run->model, step->op.arg,
					      refuse ? -ENOMEM : 0);

	return true;
}

static void call_init(struct run *run, struct step *step)
{
	(void)run;
	heap_refuse_reserve(init_refused(&step->op));
	if (!heap_init(step->op.arg, &step->actual.err))
		exec_stopped(step);
	heap_refuse_reserve(false);
	step->heap_bytes = heap_bytes();
}

void exec_init(struct run *run, struct step *step)
{
	const struct prog_world *world = &run->prog->world;

	step->op = (struct op){
		.kind = OP_INIT,
		.arg = (uint64_t)world->heap_pages << world->page_shift,
	};
	expect_init(run, step);
	call_init(run, step);
}

/* ---- misuse ------------------------------------------------------------- */

/* What is freed; of a "double" what is freed again. */
static uint64_t misuse_offset(const struct run *run, const struct op *op)
{
	const uint64_t offset = run->slots.slot[op->slot].offset;

	switch (op->sub) {
	case MISUSE_INSIDE:
		return offset + 16;
	case MISUSE_MISALIGNED:
		return offset + heap_traits()->align / 2;
	case MISUSE_OUTSIDE:
		return heap_bytes();
	case MISUSE_BELOW:
		return 0;
	default:
		return offset;
	}
}

static bool expect_misuse(struct run *run, struct step *step)
{
	const uint64_t offset = misuse_offset(run, &step->op);

	if (step->op.sub == MISUSE_NULL)
		return true;
	if (step->op.sub == MISUSE_DOUBLE) {
		expect_free(run, step);
		if (step->expect.end == STEP_PANIC)
			return true;
	}
	step->expect.end = STEP_PANIC;
	if (run_exact(run) && model_free(run->model, offset))
		step->expect.end = STEP_DONE;

	return true;
}

static void call_misuse(struct run *run, struct step *step)
{
	const uint64_t offset = misuse_offset(run, &step->op);

	if (step->op.sub == MISUSE_NULL) {
		if (!heap_free_null())
			exec_stopped(step);
		return;
	}
	if (step->op.sub == MISUSE_DOUBLE)
		call_free(run, step);
	if (step->actual.end == STEP_DONE && !heap_free(offset))
		exec_stopped(step);
}

/* ---- which slot --------------------------------------------------------- */

static bool object_starts_at(const struct run *run, uint64_t offset)
{
	struct object below, object;

	if (run_twinless(run)) {
		for (uint32_t i = 0; i < run->slots.top * 64; i++)
			if (slots_live(&run->slots, i) &&
			    run->slots.slot[i].offset == offset)
				return true;
		return false;
	}
	twin_around(run->twin, offset, &below, &object);
	if (object.there && object.offset == offset)
		return true;
	for (uint32_t i = 0; i < world_objects(run->world); i++)
		if (world_object(run->world, i)->offset == offset)
			return true;

	return false;
}

/* Does a live object start where the last one of @slot did? */
static bool taken_again(const struct run *run, uint16_t slot)
{
	return object_starts_at(run, run->slots.slot[slot].offset);
}

/* May EL2 have objects of its own in places that nobody has predicted? */
static bool own_objects(const struct run *run)
{
	const uint64_t kinds = UINT64_C(1) << OP_CREATE |
			       UINT64_C(1) << OP_TRACE | UINT64_C(1) << OP_HVC;

	return !run_exact(run) && run->prog->world.swarm & kinds;
}

/* The slot that a misuse takes, from op.slot on, or -1. */
static int misuse_slot(const struct run *run, const struct op *op)
{
	const struct slots *s = &run->slots;
	int first = -1, slot = op->slot;

	if (op->sub == MISUSE_DOUBLE || op->sub == MISUSE_MISALIGNED)
		return slots_next_live(s, op->slot);
	if (op->sub == MISUSE_STALE && own_objects(run))
		return -1;

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

bool exec_take_slot(const struct run *run, struct op *op)
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
		/* headers that lie elsewhere leave room for an object there */
		return op->kind != OP_MISUSE || op->sub != MISUSE_BELOW ||
		       !(object_starts_at(run, 0) || own_objects(run));
	}
	if (slot < 0)
		return false;

	op->slot = (uint16_t)slot;

	return true;
}

/* ---- which functions ---------------------------------------------------- */

static bool expect_nothing(struct run *run, struct step *step)
{
	(void)run;
	(void)step;

	return true;
}

static void call_nothing(struct run *run, struct step *step)
{
	(void)run;
	(void)step;
}

static const struct exec execs[OP_NUMBERS] = {
	[OP_ALLOC] = {expect_alloc, call_alloc},
	[OP_FREE] = {expect_free, call_free},
	[OP_WRITE] = {expect_nothing, call_write},
	[OP_CPU] = {expect_nothing, call_cpu},
	[OP_INIT] = {expect_init, call_init},
	[OP_MISUSE] = {expect_misuse, call_misuse},
	[OP_CORRUPT] = {corrupt_exec, call_nothing},
	[OP_POKE] = {poke_expect, poke_call},
	[OP_HVC] = {hvc_expect, hvc_call},
};

const struct exec *exec_of(uint8_t kind)
{
	const struct exec *exec;

	assert(kind < OP_NUMBERS);
	exec = execs[kind].call ? &execs[kind] : exec_of_host(kind);
	assert(exec && exec->expect && exec->call);

	return exec;
}

bool exec_op(struct run *run, struct step *step)
{
	const struct exec *exec = exec_of(step->op.kind);

	if (step->op.at)
		return defer_add(run, step);
	if (!exec_take_slot(run, &step->op))
		return false;

	damage_expect(run, step);
	if (run->defer.nr)
		defer_arm(run, step);
	if (!exec->expect(run, step))
		return false;
	if (run->defer.nr)
		defer_call(run);
	exec->call(run, step);

	return true;
}
