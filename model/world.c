/* SPDX-License-Identifier: GPL-2.0-only */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "model/world_state.h"

/* The world as such: its state, its faults, where its pages are. */

#define VM_BYTES 3072u
#define VCPU_BYTES 8192u
#define VM_BYTES_MIN 32u
#define VCPU_BYTES_MIN 16u

struct world *world_create(struct model *heap)
{
	struct world *w = calloc(1, sizeof(*w));

	assert(heap);
	if (!w)
		return NULL;

	w->heap = heap;
	w->selftest = model_create();
	w->guest = calloc(WORLD_PAGES_MAX, sizeof(*w->guest));
	w->moved = calloc(WORLD_PAGES_MAX, sizeof(*w->moved));
	w->moved_list = calloc(WORLD_PAGES_MAX, sizeof(*w->moved_list));
	if (!w->selftest || !w->guest || !w->moved || !w->moved_list) {
		world_destroy(w);
		return NULL;
	}

	return w;
}

void world_destroy(struct world *w)
{
	if (!w)
		return;

	for (uint32_t i = 0; i < WORLD_VMS; i++)
		free(w->vm[i].vcpu);
	model_destroy(w->selftest);
	free(w->object);
	free(w->ended);
	free(w->guest);
	free(w->moved);
	free(w->moved_list);
	free(w);
}

/* Forget the VMs, but keep the room for their vCPUs. */
static void forget_vms(struct world *w)
{
	for (uint32_t i = 0; i < WORLD_VMS; i++) {
		struct vm *vm = &w->vm[i];

		*vm = (struct vm){.vcpu = vm->vcpu, .cap = vm->cap};
	}
	memset(w->kernel_vm, 0, sizeof(w->kernel_vm));
}

/* The sizes of the clients' structures, as EL2 uses them. */
static void set_sizes(struct world_config *c)
{
	if (!c->vm_bytes)
		c->vm_bytes = VM_BYTES;
	if (c->vm_bytes < VM_BYTES_MIN)
		c->vm_bytes = VM_BYTES_MIN;
	c->vm_bytes = (c->vm_bytes + 7) / 8 * 8;
	if (!c->vcpu_bytes)
		c->vcpu_bytes = VCPU_BYTES;
	if (c->vcpu_bytes < VCPU_BYTES_MIN)
		c->vcpu_bytes = VCPU_BYTES_MIN;
}

void world_reset(struct world *w, const struct world_config *config)
{
	assert(config->pool <= WORLD_PAGES_MAX);
	assert(config->cpus && config->cpus <= MODEL_CPUS);
	assert(w->heap->page == config->page && w->heap->pool == config->pool);

	w->config = *config;
	set_sizes(&w->config);
	model_reset(w->selftest, config->page, 0);
	memset(w->fail, 0, sizeof(w->fail));
	w->privileged = config->privileged;
	w->shrinker = !config->privileged;
	w->used = 0;
	w->lost = 0;
	w->hyp = 0;
	w->guests = 0;
	forget_vms(w);
	w->trace = 0;
	w->kernel_trace = 0;
	ledger_reset(w);
	world_begin(w);
}

void world_begin(struct world *w)
{
	while (w->nr_moved)
		w->moved[w->moved_list[--w->nr_moved]] = false;
	w->nr_ended = 0;
	w->blocked = false;
	w->hvcs = 0;
}

/* ---- faults ------------------------------------------------------------- */

void world_fail(struct world *w, enum world_fault fault, uint64_t n)
{
	assert(fault < WORLD_FAULTS);
	w->fail[fault] = n;
}

bool world_armed(const struct world *w, enum world_fault fault)
{
	assert(fault < WORLD_FAULTS);
	return w->fail[fault] != 0;
}

bool fault_hits(struct world *w, enum world_fault fault)
{
	return w->fail[fault] && --w->fail[fault] == 0;
}

/* ---- where all pages are ------------------------------------------------ */

uint32_t world_host_owned(const struct world *w)
{
	return w->heap->host + w->used + w->lost;
}

uint32_t world_host_free(const struct world *w)
{
	return w->heap->host;
}

uint32_t world_host_used(const struct world *w)
{
	return w->used;
}

uint32_t world_host_lost(const struct world *w)
{
	return w->lost;
}

uint32_t world_spare(const struct world *w)
{
	return w->heap->spare + w->selftest->spare;
}

uint32_t world_selftest_spare(const struct world *w)
{
	return w->selftest->spare;
}

uint32_t world_mapped(const struct world *w)
{
	return w->heap->mapped + w->selftest->mapped;
}

uint32_t world_hyp(const struct world *w)
{
	return w->hyp;
}

uint32_t world_guest(const struct world *w)
{
	return w->guests;
}

bool world_blocked(const struct world *w)
{
	return w->blocked;
}

bool world_taken(const struct world *w, uint32_t page)
{
	return page < w->config.pool && w->moved[page];
}

uint32_t world_hvcs(const struct world *w)
{
	return w->hvcs;
}

uint64_t world_reclaimable(const struct world *w, uint64_t id)
{
	if (id == WORLD_HEAP)
		return model_reclaimable(w->heap);
	return id == WORLD_SELFTEST ? model_reclaimable(w->selftest) : 0;
}

bool world_privileged(const struct world *w)
{
	return w->privileged;
}

/* ---- without a prediction ----------------------------------------------- */

void world_follow(struct world *w, enum world_call call, uint64_t handle,
		  int64_t ret)
{
	struct vm *vm;

	if (call == WORLD_INIT_VM) {
		uint64_t place = (uint64_t)ret - WORLD_HANDLE_FIRST;

		if (place < WORLD_VMS) {
			w->vm[place].live = true;
			w->vm[place].refs = 0;
			w->hyp++;
		}
		return;
	}

	vm = hyp_find_vm(w, handle);
	if (!vm || ret)
		return;
	if (call == WORLD_TEARDOWN_VM) {
		vm->live = false;
		w->hyp--;
	} else if (call == WORLD_GET_VM) {
		vm->refs++;
	} else if (vm->refs) {
		vm->refs--;
	}
}

bool world_panics(const struct world *w, enum world_call call, uint64_t handle)
{
	const struct vm *vm = hyp_find_vm((struct world *)w, handle);

	if (!vm)
		return false;
	return (call == WORLD_GET_VM && vm->refs == WORLD_REFS_MAX) ||
	       (call == WORLD_PUT_VM && !vm->refs);
}
