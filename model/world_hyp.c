/* SPDX-License-Identifier: GPL-2.0-only */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "model/world_state.h"

/*
 * What EL2 does for its clients, in the order in which it does it: each end of
 * a section under a lock is told, and the heap's shape depends on the rest.
 */

#define TRACE_PAGE_BYTES 40u /* what EL2 keeps of a page */
#define VCPUS_FIRST 8u

/* x * y + z; what does not fit is the largest number there is. */
static uint64_t times_plus(uint64_t x, uint64_t y, uint64_t z)
{
	uint64_t n;

	if (__builtin_mul_overflow(x, y, &n) ||
	    __builtin_add_overflow(n, z, &n))
		return UINT64_MAX;
	return n;
}

int64_t hyp_finalize(struct world *w)
{
	int64_t ret = w->privileged ? 0 : -WORLD_EBUSY;

	w->privileged = false;
	return ret;
}

int hyp_donates(struct world *w)
{
	return fault_hits(w, WORLD_FAIL_DONATE) ? -MODEL_ENOMEM : 0;
}

/* ---- the heap ----------------------------------------------------------- */

/* The answer @ret: -ENOMEM takes a request along, if there is one. */
static struct reply answer(struct world *w, unsigned int cpu, int64_t ret)
{
	struct reply r = {.ret = ret};

	if (ret == -MODEL_ENOMEM)
		r.need = model_need(w->heap, cpu);
	return r;
}

struct reply hyp_alloc(struct world *w, unsigned int cpu, uint64_t bytes,
		       uint32_t *offset)
{
	int err = model_alloc(w->heap, cpu, bytes, offset);

	if (err)
		err = model_errno(w->heap, cpu);
	return answer(w, cpu, err);
}

/* An object for a client. */
static struct reply make(struct world *w, unsigned int cpu, uint64_t bytes,
			 struct world_object *object)
{
	uint32_t offset = 0;
	struct reply r = hyp_alloc(w, cpu, bytes, &offset);

	if (r.ret)
		return r;

	object->offset = offset;
	object->size = (uint64_t)model_size(w->heap, bytes);
	ledger_add(w, object);
	return r;
}

/* Its end; false: the hypervisor panics, somebody else has freed it. */
static bool end(struct world *w, uint32_t offset)
{
	ledger_end(w, offset);
	return model_free(w->heap, offset);
}

/* ---- VMs ---------------------------------------------------------------- */

struct vm *hyp_find_vm(struct world *w, uint64_t handle)
{
	uint32_t nr = (uint32_t)handle - WORLD_HANDLE_FIRST;

	return nr < WORLD_VMS && w->vm[nr].live ? &w->vm[nr] : NULL;
}

static uint32_t handle_of(const struct world *w, const struct vm *vm)
{
	return WORLD_HANDLE_FIRST + (uint32_t)(vm - w->vm);
}

/* The first free place in the table, or NULL. */
static struct vm *free_place(struct world *w)
{
	for (uint32_t i = 0; i < WORLD_VMS; i++)
		if (!w->vm[i].live)
			return &w->vm[i];
	return NULL;
}

/* The root of stage 2 is EL2's. */
static void take_pgd(struct world *w, bool kernel)
{
	if (kernel)
		w->used--;
	else
		host_gives(w, 1);
	w->hyp++;
}

/* It is the host's again. */
static void return_pgd(struct world *w, bool kernel, struct reply *r)
{
	w->hyp--;
	if (kernel)
		w->used++;
	else
		r->pages++;
}

struct reply hyp_init_vm(struct world *w, unsigned int cpu, uint64_t nr_vcpus,
			 const struct pgd *pgd)
{
	struct world_object object = {.kind = WORLD_VM};
	struct reply r = {.ret = -MODEL_EINVAL};
	struct vm *vm;
	int err;

	if (nr_vcpus < 1)
		return r;
	r = make(w, cpu, times_plus(8, nr_vcpus, w->config.vm_bytes), &object);
	if (r.ret)
		return r;

	err = pgd->donate(w, pgd);
	if (!err) {
		take_pgd(w, pgd->kernel);
		vm = free_place(w);
		if (vm) {
			vm->live = true;
			vm->kernel_pgd = pgd->kernel;
			vm->refs = 0;
			vm->nr_vcpus = nr_vcpus;
			vm->offset = (uint32_t)object.offset;
			vm->nr = 0;
			ledger_name(w, vm->offset, handle_of(w, vm));
			section_ends(w);
			r.ret = handle_of(w, vm);
			return r;
		}
		section_ends(w);
		err = -WORLD_ENOSPC;
		return_pgd(w, pgd->kernel, &r);
	}
	r.panics = !end(w, (uint32_t)object.offset);
	r.ret = err;
	r.need = answer(w, cpu, err).need;
	return r;
}

/* Where @idx is or would be among a VM's vCPUs. */
static uint32_t place_of(const struct vm *vm, uint64_t idx)
{
	uint32_t low = 0, high = vm->nr;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (vm->vcpu[mid].idx < idx)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int insert_vcpu(struct vm *vm, const struct vcpu *vcpu)
{
	uint32_t i;

	if (!vm)
		return -WORLD_ENOENT;
	if (vcpu->idx >= vm->nr_vcpus)
		return -MODEL_EINVAL;
	i = place_of(vm, vcpu->idx);
	if (i < vm->nr && vm->vcpu[i].idx == vcpu->idx)
		return -WORLD_EEXIST;

	if (vm->nr == vm->cap) {
		vm->cap = VCPUS_FIRST + 2 * vm->nr;
		vm->vcpu = realloc(vm->vcpu, vm->cap * sizeof(*vm->vcpu));
		if (!vm->vcpu)
			abort();
	}
	memmove(&vm->vcpu[i + 1], &vm->vcpu[i],
		(vm->nr - i) * sizeof(*vm->vcpu));
	vm->vcpu[i] = *vcpu;
	vm->nr++;
	return 0;
}

struct reply hyp_init_vcpu(struct world *w, unsigned int cpu, uint64_t handle,
			   uint64_t idx)
{
	struct world_object object = {
		.kind = WORLD_VCPU, .handle = (uint32_t)handle, .idx = idx};
	struct reply r = make(w, cpu, w->config.vcpu_bytes, &object);
	struct vcpu vcpu = {.idx = idx, .offset = (uint32_t)object.offset};

	if (r.ret)
		return r;

	r.ret = insert_vcpu(hyp_find_vm(w, handle), &vcpu);
	section_ends(w);
	if (r.ret)
		r.panics = !end(w, vcpu.offset);
	return r;
}

struct reply hyp_teardown_vm(struct world *w, uint64_t handle)
{
	struct vm *vm = hyp_find_vm(w, handle);
	struct reply r = {.ret = 0};

	if (!vm)
		r.ret = -WORLD_ENOENT;
	else if (vm->refs)
		r.ret = -WORLD_EBUSY;
	else
		vm->live = false;
	section_ends(w);
	if (r.ret)
		return r;

	for (uint32_t i = 0; i < vm->nr && !r.panics; i++)
		r.panics = !end(w, vm->vcpu[i].offset);
	if (r.panics)
		return r;
	return_pgd(w, vm->kernel_pgd, &r);
	r.panics = !end(w, vm->offset);
	return r;
}

struct reply hyp_get_vm(struct world *w, uint64_t handle)
{
	struct vm *vm = hyp_find_vm(w, handle);
	struct reply r = {.ret = vm ? 0 : -WORLD_ENOENT};

	if (world_panics(w, WORLD_GET_VM, handle)) {
		r.panics = true;
		return r;
	}
	if (vm)
		vm->refs++;
	section_ends(w);
	return r;
}

struct reply hyp_put_vm(struct world *w, uint64_t handle)
{
	struct vm *vm = hyp_find_vm(w, handle);
	struct reply r = {.ret = vm ? 0 : -WORLD_ENOENT};

	if (world_panics(w, WORLD_PUT_VM, handle)) {
		r.panics = true;
		return r;
	}
	if (vm)
		vm->refs--;
	section_ends(w);
	return r;
}

/* ---- the trace ---------------------------------------------------------- */

struct reply hyp_tracing_load(struct world *w, unsigned int cpu, uint64_t pages)
{
	struct world_object object = {.kind = WORLD_TRACE};
	struct reply r = {.ret = 0};

	if (w->trace)
		r.ret = -WORLD_EBUSY;
	else if (!pages)
		r.ret = -MODEL_EINVAL;
	else
		r = make(w, cpu, times_plus(pages, TRACE_PAGE_BYTES, 0),
			 &object);
	if (!r.ret)
		w->trace = (uint32_t)object.offset;
	section_ends(w);
	return r;
}

struct reply hyp_tracing_unload(struct world *w)
{
	struct reply r = {.ret = w->trace ? 0 : -WORLD_ENODEV};

	if (w->trace)
		r.panics = !end(w, w->trace);
	if (r.panics)
		return r;
	w->trace = 0;
	section_ends(w);
	return r;
}
