/* SPDX-License-Identifier: GPL-2.0-only */
#include <assert.h>

#include "model/world_state.h"

/*
 * What the host's kernel does about EL2's clients: VMs, vCPUs, the trace. It
 * gives each what it needs of pages first, and takes them back last.
 */

/* ---- pages that EL2 reads ----------------------------------------------- */

/* A page, shared with EL2. */
static bool take_shared(struct world *w, struct world_result *r)
{
	if (!kernel_takes(w))
		return false;
	if (kernel_calls(w, r))
		return true;
	kernel_frees(w, 1);
	return false;
}

/* If EL2 may go on reading it the page can be used for nothing else. */
static void free_shared(struct world *w, struct world_result *r)
{
	if (kernel_calls(w, r)) {
		kernel_frees(w, 1);
		return;
	}
	w->used--;
	w->lost++;
}

/* ---- VMs ---------------------------------------------------------------- */

/* The host's kernel compares the whole register. */
static struct kernel_vm *find_vm(struct world *w, uint64_t handle)
{
	uint64_t nr = handle - WORLD_HANDLE_FIRST;

	return nr < WORLD_VMS && w->kernel_vm[nr].live ? &w->kernel_vm[nr]
						       : NULL;
}

static int donate_own(struct world *w, const struct pgd *pgd)
{
	(void)pgd;
	return hyp_donates(w);
}

struct vm_call {
	unsigned int cpu;
	uint64_t handle; /* of a vCPU's VM */
	uint64_t number; /* of vCPUs, or which one */
};

static struct reply vm_call(struct world *w, void *arg)
{
	const struct pgd pgd = {.kernel = true, .donate = donate_own};
	const struct vm_call *call = arg;

	return hyp_init_vm(w, call->cpu, call->number, &pgd);
}

struct world_result world_create_vm(struct world *w, unsigned int cpu,
				    uint64_t vcpus, unsigned int tries)
{
	struct vm_call call = {.cpu = cpu, .number = vcpus};
	struct world_result r = {.ret = -MODEL_ENOMEM};
	bool kvm = take_shared(w, &r), pgd = kernel_takes(w);

	if (kvm && pgd)
		kernel_loops(w, &r, tries, WORLD_HEAP, vm_call, &call);
	if (r.panics)
		return r;
	if (r.ret > 0) {
		w->kernel_vm[r.ret - WORLD_HANDLE_FIRST] =
			(struct kernel_vm){.live = true};
		return r;
	}

	if (pgd)
		kernel_frees(w, 1);
	if (kvm)
		free_shared(w, &r);
	return r;
}

static struct reply vcpu_call(struct world *w, void *arg)
{
	const struct vm_call *call = arg;

	return hyp_init_vcpu(w, call->cpu, call->handle, call->number);
}

struct world_result world_create_vcpu(struct world *w, unsigned int cpu,
				      uint64_t handle, uint64_t idx,
				      unsigned int tries)
{
	struct vm_call call = {.cpu = cpu, .handle = handle, .number = idx};
	struct world_result r = {.ret = -MODEL_ENOMEM};
	struct kernel_vm *vm = find_vm(w, handle);

	if (!take_shared(w, &r))
		return r;
	kernel_loops(w, &r, tries, WORLD_HEAP, vcpu_call, &call);
	if (r.panics)
		return r;
	if (!r.ret && vm)
		vm->vcpus++;
	else
		free_shared(w, &r);
	return r;
}

struct world_result world_destroy_vm(struct world *w, uint64_t handle)
{
	struct world_result r = {.ret = WORLD_REFUSED};
	struct kernel_vm *vm = find_vm(w, handle);
	struct reply reply;

	if (!kernel_calls(w, &r))
		return r;
	reply = hyp_teardown_vm(w, handle);
	host_gets(w, reply.pages);
	r.ret = reply.ret;
	r.panics = reply.panics;
	if (r.ret || r.panics || !vm)
		return r;

	for (; vm->vcpus; vm->vcpus--)
		free_shared(w, &r);
	kernel_frees(w, 1);
	free_shared(w, &r);
	vm->live = false;
	return r;
}

/* ---- the trace ---------------------------------------------------------- */

struct trace_call {
	unsigned int cpu;
	uint64_t pages; /* of each CPU */
};

/* The descriptor is EL2's while it is read, and comes back. */
static struct reply trace_call(struct world *w, void *arg)
{
	const struct trace_call *call = arg;
	struct reply r = {.ret = hyp_donates(w)};

	if (r.ret)
		return r;

	w->used--;
	w->hyp++;
	r = hyp_tracing_load(w, call->cpu,
			     call->pages < TRACE_MIN_PAGES
				     ? 0
				     : call->pages * w->config.cpus);
	w->hyp--;
	w->used++;
	return r;
}

struct world_result world_trace_load(struct world *w, unsigned int cpu,
				     uint32_t pages, unsigned int tries)
{
	struct trace_call call = {.cpu = cpu, .pages = pages};
	struct world_result r = {.ret = -MODEL_ENOMEM};
	uint64_t need = (uint64_t)pages * w->config.cpus;
	uint32_t got = 0;

	if (8 + w->config.cpus * (8 + 8ull * pages) > w->config.page) {
		r.ret = -MODEL_E2BIG;
		return r;
	}
	while (got < 1 + need && kernel_takes(w)) /* one for the descriptor */
		got++;
	if (got == 1 + need)
		kernel_loops(w, &r, tries, WORLD_HEAP, trace_call, &call);
	if (r.panics)
		return r;
	if (r.ret)
		kernel_frees(w, got);
	else
		w->kernel_trace = got;
	return r;
}

struct world_result world_trace_unload(struct world *w)
{
	struct world_result r = {.ret = WORLD_REFUSED};
	struct reply reply;

	if (!kernel_calls(w, &r))
		return r;
	reply = hyp_tracing_unload(w);
	r.ret = reply.ret;
	r.panics = reply.panics;
	if (r.ret || r.panics)
		return r;
	kernel_frees(w, w->kernel_trace);
	w->kernel_trace = 0;
	return r;
}
