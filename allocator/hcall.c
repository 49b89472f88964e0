/* SPDX-License-Identifier: GPL-2.0-only */
#include "heap.h"

#include "backend/memory.h"
#include "hvc.h"
#include "internal.h"

/* The seam's other side: what the host's kernel does, and its hypercalls. */

_Static_assert(HEAP_REGS == HVC_REGS, "registers of a hypercall");

void heap_set_host(const struct heap_host *host)
{
	backend.books = (struct backend_host){
		.alloc = host->alloc,
		.free = host->free,
		.finds = host->finds,
		.retry = host->retry,
		.warn = host->warn,
	};
}

static void do_hvc(struct call *call)
{
	call->ret = (uint64_t)heap_ops()->host.hvc(call->regs);
}

static void do_call(struct call *call)
{
	call->ret = (uint64_t)heap_ops()->host.call(call->regs);
}

static void do_deprivilege(struct call *call)
{
	call->ret = (uint64_t)(int64_t)heap_ops()->host.deprivilege();
}

static void do_topup(struct call *call)
{
	call->ret = (uint64_t)(int64_t)heap_ops()->host.topup(call->arg,
							      call->arg2);
}

static void do_reclaim(struct call *call)
{
	call->ret = heap_ops()->host.reclaim(call->arg, call->arg2);
}

static void do_count(struct call *call)
{
	call->ret = heap_ops()->host.count();
}

static void do_scan(struct call *call)
{
	unsigned long scanned;

	call->ret = heap_ops()->host.scan(call->arg, &scanned);
	call->ret2 = scanned;
}

bool heap_hvc(unsigned long regs[HEAP_REGS])
{
	struct call call = {.regs = regs};

	return heap_guarded(true, do_hvc, &call);
}

bool heap_call(unsigned long regs[HEAP_REGS], long *ret)
{
	struct call call = {.regs = regs};

	if (!heap_guarded(true, do_call, &call))
		return false;

	*ret = (long)call.ret;

	return true;
}

bool heap_host_deprivilege(int *err)
{
	struct call call = {.arg = 0};

	if (!heap_guarded(true, do_deprivilege, &call))
		return false;

	*err = (int)(int64_t)call.ret;

	return true;
}

bool heap_host_topup(uint64_t id, uint64_t pages, int *err)
{
	struct call call = {.arg = id, .arg2 = pages};

	if (!heap_guarded(true, do_topup, &call))
		return false;

	*err = (int)(int64_t)call.ret;

	return true;
}

bool heap_host_reclaim(uint64_t id, uint64_t target, uint64_t *pages)
{
	struct call call = {.arg = id, .arg2 = target};

	if (!heap_guarded(true, do_reclaim, &call))
		return false;

	*pages = call.ret;

	return true;
}

bool heap_host_count(uint64_t *ret)
{
	struct call call = {.arg = 0};

	if (!heap_guarded(true, do_count, &call))
		return false;

	*ret = call.ret;

	return true;
}

bool heap_host_scan(uint64_t target, uint64_t *ret, uint64_t *scanned)
{
	struct call call = {.arg = target};

	if (!heap_guarded(true, do_scan, &call))
		return false;

	*ret = call.ret;
	*scanned = call.ret2;

	return true;
}

bool heap_host_alloc(uint64_t bytes, int *err, bool *got, uint64_t *offset)
{
	unsigned long regs[HEAP_REGS] = {HVC_ALLOC, bytes};
	long ret;

	if (!heap_call(regs, &ret))
		return false;

	*err = (int)ret;
	*got = !ret;
	*offset = regs[4] - (uintptr_t)backend_private(heap_extent().start);

	return true;
}
