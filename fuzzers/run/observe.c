/* SPDX-License-Identifier: GPL-2.0-only */
#include "allocator/heap.h"
#include "allocator/host/host.h"
#include "state.h"

#include <string.h>

/*
 * What is seen around an operation, without asking the allocator more than how
 * many pages are reclaimable. Only what the operation could have changed is
 * looked at: the ranges it wrote, the pages it unmapped, the object it made.
 */

/*
 * So many kernel-interface calls may an operation make: reclaim goes over all
 * chunks for each chunk it takes from, and every page costs a few.
 */
static uint64_t calls_bound(const struct run *run, const struct op *op)
{
	/* a VM may have room for as many vCPUs as the heap has words */
	const bool clients = op->kind >= OP_CREATE && op->kind < OP_NUMBERS;
	uint64_t chunks = (run->walks ? run->before.nr : run->shape.nr) + 8;

	/* a damaged list may be walked in part only */
	if (run_damaged(run))
		chunks += run->model->nr + 2 * run->slots.nr;

	return 4096 + 16 * chunks * chunks +
	       64 * (uint64_t)run->prog->world.pool_pages +
	       (clients ? heap_bytes() / 16 : 0);
}

void observe_begin(struct run *run, struct step *step)
{
	const struct walk after = run->after;

	run->after = run->before;
	run->after.nr = 0;
	run->before = after;

	step->heap_bytes = heap_bytes();
	step->page = 1u << run->prog->world.page_shift;
	step->pool = run->prog->world.pool_pages;
	step->exact = run_exact(run);
	step->align = heap_traits()->align;
	step->overhead = heap_traits()->overhead;
	step->expect = (struct outcome){.end = STEP_DONE};
	step->actual = step->expect;
	step->before = run->census;
	step->function = "";
	step->where = "";
	step->what = "";
	step->size = 0;
	step->below.there = false;
	step->above.there = false;
	step->nonzero = STEP_NOWHERE;
	step->changed_at = STEP_NOWHERE;
	step->unbacked_page = STEP_NOWHERE;
	step->stray_page = STEP_NOWHERE;
	step->stray_what = NULL;
	step->unlike_page = STEP_NOWHERE;
	step->unwiped_page = STEP_NOWHERE;
	step->shape_known = false;
	step->walk_broken = NULL;
	step->model = run->model;
	step->reclaimable_before = run->reclaimable;
	step->left_err = 0;
	step->left_need = 0;
	step->promised = false;
	step->target = 0;
	step->others = false;
	step->tries = 0;
	step->tries_max = 0;
	step->stuck = false;
	step->clipped = false;
	step->locks_held = 0;
	step->unlocked = false;
	step->fault_armed = heap_fault_armed();
	step->corrupted = false;
	step->flip_due = false;
	step->warned = NULL;
	step->warned_function = NULL;
	step->deferred_nr = 0;
	step->world = run->world;

	world_begin(run->world);
	host_begin();
	heap_begin(calls_bound(run, &step->op));
}

static void count_pages(struct run *run, struct step *step)
{
	struct census *c = &step->after;
	struct heap_pages pages;

	heap_pages(&pages);
	c->host = pages.host;
	c->spare = pages.spare;
	c->mapped = pages.mapped;
	c->guest = pages.guest;
	c->hyp = pages.hyp;
	step->host_free = host_free();
	c->used = run->slots.nr;
	c->free = 0;
}

/*
 * A list without a chunk cannot be told from one whose first header lies on
 * the mapped pages that a failed first allocation left: there the model says
 * which it is. Of damaged headers the model says too how many there are.
 */
void observe_walk(struct run *run, struct step *step)
{
	struct walk *walk = &run->after;

	walk->nr = 0;
	if (run->model->nr || !run->model->first_unmapped)
		walk->nr = heap_walk(walk->header, run->header_max,
				     &step->walk_broken, &step->walk_broken_at);
	step->walk = walk->header;
	step->walk_nr = walk->nr;
	if (step->corrupted) {
		step->after.used = model_chunks_used(run->model);
		step->after.free = run->model->nr - step->after.used;
		return;
	}

	step->after.used = 0;
	for (uint32_t i = 0; i < walk->nr; i++)
		step->after.used += walk->header[i].unmapped & 1;
	step->after.free = walk->nr - step->after.used;
}

/* All headers, or those that the step could have changed. */
static void look_at_headers(struct run *run, struct step *step,
			    const struct heap_record *record)
{
	step->shape_known = !run->walks && step->actual.end == STEP_DONE &&
			    shape_holds(run, step, record);
	if (!step->shape_known)
		observe_walk(run, step);
}

/* Heap pages mapped here and not there, as far up as any was in either. */
static void compare_maps(struct run *run, struct step *step)
{
	const uint64_t *actual = heap_map();
	const uint64_t *expect = run->model->map;
	uint64_t pages = heap_map_top();

	if (pages < run->model->map_top)
		pages = run->model->map_top;

	for (uint64_t word = 0; word * 64 < pages; word++) {
		uint64_t differ = actual[word] ^ expect[word];

		if (differ) {
			step->unlike_page = word * 64 + __builtin_ctzll(differ);
			return;
		}
	}
}

void observe_new(struct run *run, struct step *step)
{
	const uint64_t offset = step->actual.offset;
	const uint64_t size = step->size;
	const uint64_t heap = step->heap_bytes;
	uint64_t at;

	if (!size)
		return;

	twin_around(run->twin, offset, &step->below, &step->above);
	if (offset > heap || size > heap - offset)
		return;

	at = heap_nonzero(offset, size, &step->nonzero_byte);
	if (at < size)
		step->nonzero = at;
}

static void compare(struct run *run, struct step *step,
		    const struct object *object, uint64_t lo, uint64_t hi)
{
	const bool blank = twin_blank(run->twin, object->slot);
	const uint64_t end = object->offset + object->size;
	const uint8_t *bytes;
	uint64_t at;

	if (step->changed_at != STEP_NOWHERE)
		return;
	if (lo < object->offset)
		lo = object->offset;
	if (hi > end)
		hi = end;
	if (lo >= hi)
		return;

	if (blank) {
		at = heap_nonzero(lo, hi - lo, &step->changed_actual);
	} else {
		bytes = twin_bytes(run->twin, object->slot) + lo -
			object->offset;
		at = heap_differ(lo, bytes, hi - lo, &step->changed_actual);
	}
	if (at == hi - lo)
		return;

	step->changed = *object;
	step->changed_at = lo + at - object->offset;
	step->changed_expect = blank ? 0 : bytes[at];
}

/* Bytes of the heap, [lo, hi), in which no live object has one. */
struct gap {
	uint64_t lo, hi;
};

static struct gap gap_between(const struct object *below,
			      const struct object *above)
{
	return (struct gap){
		.lo = below->there ? below->offset + below->size : 0,
		.hi = above->there ? above->offset : UINT64_MAX,
	};
}

/*
 * Live objects in what was written: most of that is headers, between them, and
 * the new object, which is not one of them yet.
 */
static void look_at_written(struct run *run, struct step *step,
			    const struct heap_record *record)
{
	struct gap gap = {.lo = UINT64_MAX};

	if (step->size)
		gap = gap_between(&step->below, &step->above);
	for (uint32_t i = 0; i < record->written; i++) {
		struct object below, object;
		uint64_t lo, hi;
		uint32_t k;

		heap_written(i, &lo, &hi);
		if (lo >= gap.lo && hi <= gap.hi)
			continue;
		k = twin_first(run->twin, lo);
		below = twin_nth(run->twin, k - 1);
		object = twin_nth(run->twin, k);
		gap = gap_between(&below, &object);
		for (; object.there && object.offset < hi;
		     object = twin_nth(run->twin, ++k))
			compare(run, step, &object, lo, hi);
	}
}

static void find_unbacked(struct run *run, struct step *step,
			  const struct object *object)
{
	const uint32_t shift = run->prog->world.page_shift;
	const uint64_t last = (object->offset + object->size - 1) >> shift;

	if (step->unbacked_page != STEP_NOWHERE)
		return;

	for (uint64_t page = object->offset >> shift; page <= last; page++)
		if (!heap_mapped(page)) {
			step->unbacked = *object;
			step->unbacked_page = page;
			return;
		}
}

static void look_at_backing(struct run *run, struct step *step,
			    const struct heap_record *record)
{
	if (step->size) {
		const struct object object = {
			.offset = step->actual.offset,
			.size = step->size,
			.slot = step->op.slot,
			.there = true,
		};

		find_unbacked(run, step, &object);
	}
	if (!record->unmapped)
		return;

	for (uint32_t k = twin_first(run->twin, record->unmapped_lo);
	     k < twin_count(run->twin); k++) {
		struct object object = twin_nth(run->twin, k);

		if (object.offset >= record->unmapped_hi)
			break;
		find_unbacked(run, step, &object);
	}
}

static uint64_t at_least(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/*
 * Where what may be touched without the lock ends, from @at on; 0: not here.
 * Without the lock a new object is zeroed, and EL2 works on objects of its own:
 * VMs, vCPUs, the array of traces. Nothing else may be touched.
 */
static uint64_t may_touch_to(const struct run *run, const struct step *step,
			     uint64_t at)
{
	uint64_t end = run_exact(run) ? world_owned_to(run->world, at) : 0;

	if (step->size && at >= step->actual.offset &&
	    at - step->actual.offset < step->size)
		end = at_least(end, step->actual.offset + step->size);
	for (uint32_t i = 0; i < step->deferred_nr; i++) {
		const struct deferred *d = &step->deferred[i];

		if (d->size && at >= d->actual.offset &&
		    at - d->actual.offset < d->size)
			end = at_least(end, d->actual.offset + d->size);
	}

	return end;
}

static void look_at_lock(const struct run *run, struct step *step,
			 const struct heap_record *record)
{
	step->locks_held = record->locks;
	if (record->unlocked_cache) {
		step->unlocked = true;
		step->unlocked_at = STEP_NOWHERE;
	}
	/* without a prediction nobody knows where EL2's own objects are */
	if (!run_exact(run) && step->op.kind >= OP_CREATE)
		return;
	for (uint32_t i = 0; i < record->unlocked && !step->unlocked; i++) {
		uint64_t at, hi, to = 1;

		heap_unlocked(i, &at, &hi);
		while (at < hi && to) {
			to = may_touch_to(run, step, at);
			at = to ? to : at;
		}
		if (at < hi) {
			step->unlocked = true;
			step->unlocked_at = at;
		}
	}
}

/*
 * The allocator's word; after a corruption this question would be what always
 * finds it, so that no operation ever could.
 */
static void ask_reclaimable(struct run *run, struct step *step)
{
	if (step->corrupted)
		run->reclaimable = step->reclaimable_expect;
	else if (step->actual.end == STEP_DONE &&
		 !heap_reclaimable(&run->reclaimable))
		exec_stopped(step);
	step->reclaimable = run->reclaimable;
}

void observe_end(struct run *run, struct step *step)
{
	const struct host_finding *finding;
	struct heap_record record;

	step->corrupted = run_damaged(run);
	if (run_missed(run)) {
		count_pages(run, step);
		run->census = step->after;
		return;
	}
	if (run_exact(run))
		step->reclaimable_expect = model_reclaimable(run->model);
	ask_reclaimable(run, step);

	count_pages(run, step);
	heap_record(&record);
	if (run_exact(run))
		look_at_headers(run, step, &record);
	run->census = step->after;
	step->calls = record.calls;
	step->calls_bound = record.calls_bound;
	if (step->actual.end != STEP_DONE)
		return;

	observe_new(run, step);
	look_at_written(run, step, &record);
	look_at_backing(run, step, &record);
	look_at_lock(run, step, &record);
	if (run_exact(run))
		compare_maps(run, step);

	step->actual.hvcs = record.hvcs;
	step->actual.warned = false;
	finding = host_finding();
	if (finding->what && finding->warning) {
		step->warned = finding->what;
		step->warned_function = finding->function;
		step->actual.warned = true;
	} else if (finding->what) {
		step->stray_page = finding->page;
		step->stray_what = finding->what;
	}
	if (record.unwiped) {
		step->unwiped_page = record.unwiped_page;
		step->unwiped_at = record.unwiped_at;
		step->unwiped_byte = record.unwiped_byte;
	}
}

void observe_contents(struct run *run, struct step *step)
{
	for (uint32_t k = 0; k < twin_count(run->twin); k++) {
		struct object object = twin_nth(run->twin, k);

		compare(run, step, &object, 0, UINT64_MAX);
	}
}
