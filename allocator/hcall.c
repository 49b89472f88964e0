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
		.keep = host->keep,
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

/* ---- clients of the heap ------------------------------------------------- */

static bool call_host(void (*body)(struct call *), uint64_t arg, uint64_t arg2,
		      long *ret)
{
	struct call call = {.arg = arg, .arg2 = arg2};

	if (!heap_guarded(true, body, &call))
		return false;

	*ret = (long)call.ret;

	return true;
}

static void do_selftest(struct call *call)
{
	call->ret = (uint64_t)heap_ops()->host.selftest();
}

bool heap_host_selftest(long *ret)
{
	return call_host(do_selftest, 0, 0, ret);
}

static void do_create_vm(struct call *call)
{
	call->ret = (uint64_t)heap_ops()->host.create_vm(call->arg);
}

bool heap_host_create_vm(uint64_t nr_vcpus, long *ret)
{
	return call_host(do_create_vm, nr_vcpus, 0, ret);
}

static void do_create_vcpu(struct call *call)
{
	call->ret =
		(uint64_t)heap_ops()->host.create_vcpu(call->arg, call->arg2);
}

bool heap_host_create_vcpu(uint64_t handle, uint64_t idx, long *ret)
{
	return call_host(do_create_vcpu, handle, idx, ret);
}

static void do_destroy_vm(struct call *call)
{
	call->ret = (uint64_t)heap_ops()->host.destroy_vm(call->arg);
}

bool heap_host_destroy_vm(uint64_t handle, long *ret)
{
	return call_host(do_destroy_vm, handle, 0, ret);
}

static void do_tracing_load(struct call *call)
{
	call->ret = (uint64_t)heap_ops()->host.tracing_load(
		(unsigned int)call->arg);
}

bool heap_host_tracing_load(uint32_t nr_pages, long *ret)
{
	return call_host(do_tracing_load, nr_pages, 0, ret);
}

static void do_tracing_unload(struct call *call)
{
	call->ret = (uint64_t)heap_ops()->host.tracing_unload();
}

bool heap_host_tracing_unload(long *ret)
{
	return call_host(do_tracing_unload, 0, 0, ret);
}

static void do_set_sizes(struct call *call)
{
	heap_ops()->set_sizes(call->arg, call->arg2);
}

bool heap_set_sizes(uint64_t vm, uint64_t vcpu)
{
	struct call call = {.arg = vm, .arg2 = vcpu};

	return heap_guarded(false, do_set_sizes, &call);
}
