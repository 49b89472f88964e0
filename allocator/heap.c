/* SPDX-License-Identifier: GPL-2.0-only */
#include "heap.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/memory.h"
#include "backend/mmu.h"
#include "backend/where.h"
#include "internal.h"
#include "ops.h"

/* One page size of the target, and what it looked like before it ran. */
struct target {
	const struct heap_ops *ops;
	char *snapshot;
};

static struct target targets[] = {
	{.ops = &heap_ops_12},
	{.ops = &heap_ops_14},
	{.ops = &heap_ops_16},
};

/* To measure against; see heap_use(). */
static struct target unchecked;

static const struct heap_ops *ops; /* the target in use */
static uint64_t start;		   /* of the heap in the private window */
static uint64_t size;		   /* of the heap, 0: none */
static struct heap_stop stop;
static char stop_function[WHERE_TEXT], stop_where[WHERE_TEXT];

/* ---- reset -------------------------------------------------------------- */

static size_t data_bytes(const struct heap_ops *o)
{
	return o->data_end - o->data;
}

/* The first time a target is used, what it can write is still as compiled. */
static void take_snapshot(struct target *target)
{
	const struct heap_ops *o = target->ops;
	long percpu = o->percpu_end - o->percpu_start;

	if (percpu > (long)o->percpu_room) {
		fprintf(stderr,
			"HARNESS BUG: the allocator has %ld bytes of per-CPU "
			"data, HYP_PERCPU_BYTES "
			"(allocator/kernel/linux/percpu.h) has room for %u\n",
			percpu, o->percpu_room);
		exit(3);
	}

	o->boot();
	target->snapshot = malloc(data_bytes(o));
	if (!target->snapshot) {
		perror("hypheap: no memory for a snapshot of the target");
		exit(3);
	}
	memcpy(target->snapshot, o->data, data_bytes(o));
}

uint32_t heap_page_sizes(void)
{
	uint32_t mask = 0;

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		mask |= 1u << targets[i].ops->page_shift;

	return mask;
}

const struct heap_traits *heap_traits(void)
{
	return &targets[0].ops->traits;
}

void heap_use(const struct heap_ops *other)
{
	unchecked.ops = other;
}

static struct target *find_target(uint32_t page_shift)
{
	if (unchecked.ops)
		return &unchecked;

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		if (targets[i].ops->page_shift == page_shift)
			return &targets[i];

	assert(!"no target for this page size");
	return NULL;
}

int heap_use_mmu(char *why, size_t size_of_why)
{
	return backend_use_mmu(why, size_of_why);
}

void heap_reset(const struct heap_config *config)
{
	struct target *target = find_target(config->page_shift);

	if (!target->snapshot) {
		if (!ops)
			heap_catch_signals();
		take_snapshot(target);
	}
	ops = target->ops;
	memcpy(ops->data, target->snapshot, data_bytes(ops));
	assert(ops->page_shift == config->page_shift);
	/* nobody sees where it looks, so all bytes must be there */
	backend.eager = target == &unchecked;

	backend_reset(config->page_shift, config->pool_pages, config->cpus);
	backend.host_data = (uintptr_t)ops->host_data;
	backend.host_data_end = (uintptr_t)ops->host_data_end;
	backend.data = (uintptr_t)ops->host_data_end;
	backend.data_end = (uintptr_t)ops->data_end;
	backend.ro = (uintptr_t)ops->ro;
	backend.ro_end = (uintptr_t)ops->ro_end;
	backend.vector = ops->vector;
	backend_enter(false);
	start = 0;
	size = 0;
	stop.end = HEAP_RUNNING;
}

const struct heap_ops *heap_ops(void)
{
	return ops;
}

struct heap_extent heap_extent(void)
{
	return (struct heap_extent){.start = start, .size = size};
}

/* ---- calls -------------------------------------------------------------- */

static void explain_stop(void)
{
	const struct backend_stop *s = &backend.stop;

	stop.end = s->end == BACKEND_PANIC   ? HEAP_PANIC
		   : s->end == BACKEND_FAULT ? HEAP_FAULT
					     : HEAP_HANG;
	if (s->pc) {
		where_is(s->pc, stop_function, stop_where);
	} else {
		snprintf(stop_function, sizeof(stop_function), "%s",
			 s->function);
		where_line(s->file, s->line, stop_where);
	}
	stop.function = stop_function;
	stop.where = stop_where;
	stop.what = s->what;
}

/* The call into the target has not returned, and no other may follow. */
static void end_calls(void)
{
	/* in a call nested in this one: told already */
	if (backend.ended)
		return;

	explain_stop();
	backend.ended = true;
}

static void stop_for_sanitizer(void)
{
	backend.stop.end = BACKEND_FAULT;
	backend.stop.function = "";
	backend.stop.file = NULL;
	backend.stop.pc = 0;
	snprintf(backend.stop.what, sizeof(backend.stop.what),
		 "UndefinedBehaviorSanitizer reported an error, see above");
	end_calls();
}

bool heap_guarded(bool host, void (*body)(struct call *), struct call *call)
{
	jmp_buf out;

	if (backend.ended)
		return false;

	if (_setjmp(out)) {
		end_calls();
		return false;
	}

	heap_calls_begun++;
	backend.stack_top = (uintptr_t)__builtin_frame_address(0);
	backend.out = &out;
	/* between calls it is EL2's turn */
	if (host)
		backend_enter(true);
	body(call);
	if (host)
		backend_enter(false);
	backend.out = NULL;
	if (backend.record.sanitizer && !heap_damage) {
		stop_for_sanitizer();
		return false;
	}

	return true;
}

static bool guarded(void (*body)(struct call *), struct call *call)
{
	return heap_guarded(false, body, call);
}

static void do_init(struct call *call)
{
	call->ret = (uint64_t)(int64_t)ops->init(call->arg);
}

static void do_alloc(struct call *call)
{
	call->ret = (uintptr_t)ops->alloc(call->arg);
}

static void do_free(struct call *call)
{
	ops->free((void *)(uintptr_t)call->arg);
}

static void do_errno(struct call *call)
{
	call->ret = (uint64_t)(int64_t)ops->err();
}

static void do_topup_needed(struct call *call)
{
	call->ret = ops->topup_needed();
}

static void do_reclaimable(struct call *call)
{
	call->ret = ops->reclaimable();
}

static bool call_int(void (*body)(struct call *), uint64_t arg, int *ret)
{
	struct call call = {.arg = arg};

	if (!guarded(body, &call))
		return false;

	*ret = (int)(int64_t)call.ret;

	return true;
}

bool heap_init(uint64_t bytes, int *err)
{
	uint32_t ranges = backend.ranges;

	if (!call_int(do_init, bytes, err))
		return false;

	if (!*err && backend.ranges > ranges) {
		start = backend.range[ranges].start;
		size = backend.range[ranges].size;
	}

	return true;
}

bool heap_alloc(uint64_t bytes, bool *got, uint64_t *offset)
{
	struct call call = {.arg = bytes};

	if (!guarded(do_alloc, &call))
		return false;

	*got = call.ret != 0;
	*offset = call.ret - (uintptr_t)backend_private(start);

	return true;
}

bool heap_free(uint64_t offset)
{
	struct call call = {
		.arg = (uintptr_t)backend_private(start) + offset,
	};

	return guarded(do_free, &call);
}

bool heap_free_null(void)
{
	struct call call = {.arg = 0};

	return guarded(do_free, &call);
}

bool heap_errno(int *err)
{
	return call_int(do_errno, 0, err);
}

bool heap_topup_needed(uint32_t *pages)
{
	struct call call = {.arg = 0};

	if (!guarded(do_topup_needed, &call))
		return false;

	*pages = (uint32_t)call.ret;

	return true;
}

bool heap_reclaimable(uint64_t *pages)
{
	struct call call = {.arg = 0};

	if (!guarded(do_reclaimable, &call))
		return false;

	*pages = call.ret;

	return true;
}

/* ---- around a call ------------------------------------------------------ */

void heap_begin(uint64_t bound)
{
	backend_begin(bound);
}

/* [lo, hi) of the private window, cut to the heap, from its start. */
static void to_heap(uint64_t *lo, uint64_t *hi)
{
	*lo = *lo > start ? *lo - start : 0;
	*hi = *hi > start ? *hi - start : 0;
	if (*hi > size)
		*hi = size;
	if (*lo > *hi)
		*lo = *hi;
}

void heap_record(struct heap_record *record)
{
	const struct backend_record *r = &backend.record;

	record->calls = r->calls;
	record->calls_bound = backend.calls_bound;
	record->locks = backend.locks;
	record->hvcs = r->hvcs;
	record->unlocked = r->unlocked_nr;
	record->unlocked_cache = r->unlocked_cache;
	record->written = r->stores > BACKEND_STORES ? 1 : r->stores;
	record->unmapped = r->unmap_hi > 0;
	record->unmapped_lo = r->unmap_lo << backend.shift;
	record->unmapped_hi = r->unmap_hi << backend.shift;
	if (record->unmapped)
		to_heap(&record->unmapped_lo, &record->unmapped_hi);
	record->unwiped = r->unwiped;
	record->unwiped_byte = r->unwiped_byte;
	record->unwiped_page = r->unwiped_page;
	record->unwiped_at = r->unwiped_at;
}

void heap_written(uint32_t i, uint64_t *lo, uint64_t *hi)
{
	const struct backend_record *r = &backend.record;

	if (r->stores > BACKEND_STORES) {
		*lo = 0;
		*hi = size;
		return;
	}

	*lo = r->store[i].lo;
	*hi = r->store[i].hi;
	to_heap(lo, hi);
}

bool heap_sees_stores(void)
{
#if defined(__clang__)
	return true;
#else
	return false;
#endif
}

void heap_unlocked(uint32_t i, uint64_t *lo, uint64_t *hi)
{
	*lo = backend.record.unlocked[i].lo;
	*hi = backend.record.unlocked[i].hi;
	to_heap(lo, hi);
}

const struct heap_stop *heap_stop(void)
{
	return &stop;
}
