/* SPDX-License-Identifier: GPL-2.0-only */
#include "gen_state.h"

/* The estimate, of what the host does besides giving and taking pages. */

#define HEADER 16u
#define VM_ENTRIES 8u
#define TRACE_BYTES 40u /* that EL2 keeps of a page */
#define TRACE_LEAST 3u
#define SELFTEST_PAGES 6u
#define LIST_MOST 16u /* a hand-made list is hardly longer */

static void host_uses(struct gen_state *st, uint64_t pages)
{
	st->host -= pages < st->host ? pages : st->host;
}

static void create_vm(struct gen_state *st, const struct op *op)
{
	struct gen_vm *vm = &st->vm[op->slot];
	uint64_t bytes = st->vm_size + 8 * (op->arg & UINT16_MAX);
	uint32_t entry = (uint32_t)__builtin_ctz(~st->vm_table);

	if (vm->entry || !op->arg || op->arg > UINT16_MAX ||
	    entry >= VM_ENTRIES || st->host < 2 || !gen_state_take(st, bytes))
		return;
	st->vm_table |= 1u << entry;
	*vm = (struct gen_vm){
		.entry = (uint8_t)(entry + 1),
		.bytes = bytes + HEADER,
	};
	/* What it shares of the VM, and the root of stage 2. */
	host_uses(st, 2);
}

static void create_vcpu(struct gen_state *st, const struct op *op)
{
	struct gen_vm *vm = &st->vm[op->slot];

	if (!vm->entry || !st->host || !gen_state_take(st, st->vcpu_size))
		return;
	vm->vcpus++;
	vm->bytes += st->vcpu_size + HEADER;
	host_uses(st, 1);
}

static void destroy_vm(struct gen_state *st, const struct op *op)
{
	struct gen_vm *vm = &st->vm[op->slot];

	if (!vm->entry)
		return;
	st->vm_table &= ~(1u << (vm->entry - 1));
	gen_state_give(st, vm->bytes);
	st->host += 2 + vm->vcpus;
	*vm = (struct gen_vm){0};
}

static void trace(struct gen_state *st, const struct op *op)
{
	uint64_t pages = op->arg * st->cpus;

	if (op->sub == TRACE_UNLOAD) {
		gen_state_give(st, st->tracing);
		st->host += st->tracing / TRACE_BYTES;
		st->tracing = 0;
		return;
	}
	if (st->tracing || op->arg < TRACE_LEAST || pages >= st->host ||
	    !gen_state_take(st, TRACE_BYTES * pages))
		return;
	st->tracing = TRACE_BYTES * pages;
	host_uses(st, pages + 1);
}

static void hypercall(struct gen_state *st, const struct op *op)
{
	uint64_t pages = op->x[1];

	switch ((enum op_hvc)op->sub) {
	case OP_HVC_FINALIZE:
		st->privileged = false;
		return;
	case OP_HVC_TOPUP:
		if (pages > LIST_MOST)
			pages = LIST_MOST;
		if (op->arg == 1 && pages <= st->host)
			st->given += pages;
		host_uses(st, pages);
		return;
	case OP_HVC_RECLAIM:
		if (op->arg == 1)
			gen_state_reclaim(st, op->x[0]);
		return;
	case OP_HVC_INIT_VM:
	case OP_HVC_SHARE:
	case OP_HVC_DONATE_GUEST:
		host_uses(st, 1);
		return;
	case OP_HVC_UNSHARE:
	case OP_HVC_RECLAIM_GUEST:
		st->host++;
		return;
	case OP_HVC_RECLAIMABLE:
	case OP_HVC_SELFTEST:
	case OP_HVC_INIT_VCPU:
	case OP_HVC_GET_VM:
	case OP_HVC_PUT_VM:
	case OP_HVC_TEARDOWN_VM:
	case OP_HVC_TRACING_LOAD:
	case OP_HVC_TRACING_UNLOAD:
		return;
	}
}

void gen_state_client(struct gen_state *st, const struct op *op)
{
	switch ((enum op_kind)op->kind) {
	case OP_CREATE:
		if (op->sub == CREATE_VM)
			create_vm(st, op);
		else
			create_vcpu(st, op);
		return;
	case OP_DESTROY:
		destroy_vm(st, op);
		return;
	case OP_TRACE:
		trace(st, op);
		return;
	case OP_SELFTEST:
		if (st->privileged)
			host_uses(st, SELFTEST_PAGES);
		return;
	case OP_DEPRIVILEGE:
		st->privileged = false;
		return;
	case OP_HVC:
		hypercall(st, op);
		return;
	default:
		return;
	}
}
