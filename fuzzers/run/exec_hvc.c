/* SPDX-License-Identifier: GPL-2.0-only */
#include "allocator/heap.h"
#include "allocator/host/host.h"
#include "allocator/hvc.h"
#include "state.h"

#include <assert.h>
#include <errno.h>

/*
 * A hostile host: what it writes into its own memory, and hypercalls with the
 * registers it likes. The model is told what EL2 will find there, in plain
 * facts; it knows no registers.
 */

#define HVC(id, number, word, registers, what)                               \
	static_assert(HVC_##id == (number), "the number of hvc " word " in " \
					    "allocator/hvc.h");
#include "program/hvc.def"
#undef HVC

/* ---- addresses ---------------------------------------------------------- */

/* What a value of the program stands for on this machine. */
static uint64_t resolve(const struct run *run, uint64_t value)
{
	const uint32_t shift = run->prog->world.page_shift;
	const uint64_t page = op_tag_page(value);
	const uint64_t at = (page << shift) + op_tag_offset(value);

	switch (op_tag(value)) {
	case OP_TAG_PHYS:
		return heap_page_phys(0) + at;
	case OP_TAG_HOST:
		return heap_page_host(0) + at;
	case OP_TAG_EL2:
		return heap_page_el2(0) + at;
	case OP_TAG_FRAME:
		return (heap_page_phys(0) >> shift) + page;
	default:
		return value;
	}
}

/* Page and offset of a poke; false: it is not in the host's memory. */
static bool poke_place(const struct run *run, const struct op *op,
		       uint32_t *page, uint32_t *offset)
{
	const struct prog_world *world = &run->prog->world;

	*page = op_tag_page(op->arg);
	*offset = op_tag_offset(op->arg);

	return *page < world->pool_pages && *offset < 1u << world->page_shift;
}

/* ---- what EL2 will find ------------------------------------------------- */

static enum world_owner owner(void *data, uint64_t phys)
{
	static const enum world_owner owners[] = {
		[HEAP_NOT_MEMORY] = WORLD_NOT_MEMORY, [HEAP_HOST] = WORLD_HOST,
		[HEAP_SHARED] = WORLD_SHARED,	      [HEAP_HYP] = WORLD_HYP,
		[HEAP_GUEST] = WORLD_GUEST,
	};

	(void)data;

	return owners[heap_owner(phys)];
}

/* 8 bytes of the host's memory, as they will be at that moment. */
static uint64_t word(void *data, uint64_t phys)
{
	const struct run *run = data;
	const uint32_t shift = run->prog->world.page_shift;
	const uint64_t at = phys - heap_page_phys(0);
	uint64_t value = 0;

	if (!defer_poked(run, phys, &value))
		heap_peek((uint32_t)(at >> shift),
			  (uint32_t)(at & ((1u << shift) - 1)), &value);

	return value;
}

static void donating(void *data)
{
	defer_donating(data);
}

static bool uses(void *data, uint64_t phys)
{
	const struct run *run = data;

	return host_uses((uint32_t)((phys - heap_page_phys(0)) >>
				    run->prog->world.page_shift));
}

/* ---- hypercalls --------------------------------------------------------- */

static struct world_result expect_call(struct run *run, const struct op *op,
				       const struct world_memory *mem)
{
	const uint64_t x1 = resolve(run, op->arg);
	const uint64_t x2 = resolve(run, op->x[0]);
	const uint64_t x3 = resolve(run, op->x[1]);
	struct world *w = run->world;

	switch ((enum hvc)op->sub) {
	case HVC_FINALIZE:
		return world_raw_finalize(w);
	case HVC_TOPUP:
		return world_raw_topup(w, x1, x2, x3, mem);
	case HVC_RECLAIM:
		return world_raw_reclaim(w, x1, x2);
	case HVC_RECLAIMABLE:
		return world_raw_reclaimable(w, x1);
	case HVC_SELFTEST:
		return world_raw_selftest(w, run->cpu);
	case HVC_SHARE:
		return world_raw_share(w, x1, mem);
	case HVC_UNSHARE:
		return world_raw_unshare(w, x1, mem);
	case HVC_INIT_VM:
		return world_raw_init_vm(w, run->cpu, heap_phys_behind(x1),
					 heap_phys_behind(x2), mem);
	case HVC_INIT_VCPU:
		return world_raw_init_vcpu(w, run->cpu, x1,
					   heap_phys_behind(x2), mem);
	case HVC_GET_VM:
		return world_raw_get_vm(w, x1);
	case HVC_PUT_VM:
		return world_raw_put_vm(w, x1);
	case HVC_TEARDOWN_VM:
		return world_raw_teardown_vm(w, x1);
	case HVC_TRACING_LOAD:
		return world_raw_tracing_load(w, run->cpu, heap_phys_behind(x1),
					      x2, mem);
	case HVC_TRACING_UNLOAD:
		return world_raw_tracing_unload(w);
	case HVC_DONATE_GUEST:
		return world_raw_donate_guest(w, x1, x2, mem);
	case HVC_RECLAIM_GUEST:
		return world_raw_reclaim_guest(w, x1, mem);
	case HVC_NR:
	case HVC_ALLOC:
		break;
	}
	assert(!"a hypercall of hvc.def");

	return (struct world_result){.ret = 0};
}

/* What the ledger calls it; false: it is none of a VM. */
static bool vm_call(uint8_t number, enum world_call *call)
{
	switch (number) {
	case HVC_GET_VM:
		*call = WORLD_GET_VM;
		return true;
	case HVC_PUT_VM:
		*call = WORLD_PUT_VM;
		return true;
	case HVC_TEARDOWN_VM:
		*call = WORLD_TEARDOWN_VM;
		return true;
	default:
		return false;
	}
}

/*
 * Without a prediction only those are made of which it is known what they do to
 * the host's own kernel, and when their panic is due.
 */
static bool expect_followed(struct run *run, struct step *step)
{
	enum world_call call;

	if (vm_call(step->op.sub, &call)) {
		if (world_panics(run->world, call, step->op.arg))
			step->expect.end = STEP_PANIC;
		return true;
	}

	return step->op.sub == HVC_RECLAIM || step->op.sub == HVC_RECLAIMABLE;
}

bool hvc_expect(struct run *run, struct step *step)
{
	const struct world_memory mem = {
		.data = run,
		.owner = owner,
		.word = word,
		.donating = donating,
		.uses = uses,
	};
	struct world_result result;

	if (step->op.sub >= HVC_NR) {
		step->expect.no_such_call = true;
		step->expect.hvcs = 1;
		return true;
	}

	if (!run_exact(run))
		return expect_followed(run, step);
	if (step->op.sub == HVC_SELFTEST &&
	    !world_selftest_predictable(run->world))
		return false;
	result = expect_call(run, &step->op, &mem);
	if (world_blocked(run->world))
		return false;
	exec_expect(step, &result);

	return true;
}

/* The request in x2 and x3: its pages; one of a type not known is all ones. */
static uint32_t request(const unsigned long *regs)
{
	const uint32_t pages = (uint32_t)(regs[2] >> 8);

	switch (regs[2] & 0xff) {
	case HYP_REQ_NONE:
		return 0;
	case HYP_REQ_ALLOC:
	case HYP_REQ_SELFTEST:
		return pages;
	default:
		return UINT32_MAX;
	}
}

/* What the registers say, as far as they mean something after this call. */
static void read_regs(struct step *step, const unsigned long *regs)
{
	struct outcome *actual = &step->actual;

	actual->ret = (int64_t)regs[1];
	actual->err = actual->ret < 0 && actual->ret > -4096 ? (int)actual->ret
							     : 0;
	switch (step->op.sub) {
	case HVC_TOPUP:
		actual->left_head = heap_portable(regs[2]);
		actual->left_nr = heap_portable(regs[3]);
		break;
	case HVC_RECLAIM:
		actual->left_head = heap_portable(regs[2]);
		actual->left_nr = heap_portable(regs[3]);
		if (!host_take_list(regs[2], regs[3], &actual->pages))
			exec_stopped(step);
		break;
	case HVC_SELFTEST:
	case HVC_INIT_VM:
	case HVC_INIT_VCPU:
	case HVC_TRACING_LOAD:
		actual->need = request(regs);
		break;
	default:
		break;
	}
}

void hvc_call(struct run *run, struct step *step)
{
	const struct op *op = &step->op;
	enum world_call call;
	unsigned long regs[HEAP_REGS] = {
		HVC_BASE + op->sub,
		resolve(run, op->arg),
		resolve(run, op->x[0]),
		resolve(run, op->x[1]),
	};

	for (unsigned int i = 4; i < HEAP_REGS; i++)
		regs[i] = 0x0101010101010101ul * i;
	if (!host_hvc(regs)) {
		exec_stopped(step);
		return;
	}
	if (regs[0] != SMCCC_RET_SUCCESS)
		step->actual.no_such_call = true;
	else
		read_regs(step, regs);
	exec_left(step);
	if (!run_exact(run) && vm_call(op->sub, &call))
		world_follow(run->world, call, op->arg, step->actual.ret);
}

/* ---- writes ------------------------------------------------------------- */

bool poke_expect(struct run *run, struct step *step)
{
	uint32_t page, offset;

	if (!poke_place(run, &step->op, &page, &offset) || host_uses(page))
		return false;

	return heap_host_owns(page);
}

void poke_call(struct run *run, struct step *step)
{
	uint32_t page, offset;

	if (poke_place(run, &step->op, &page, &offset))
		heap_poke(page, offset, resolve(run, step->op.x[0]));
}

bool poke_is(const struct run *run, const struct op *op, uint64_t phys,
	     uint64_t *value)
{
	uint32_t page, offset;

	if (!poke_place(run, op, &page, &offset) ||
	    heap_page_phys(page) + offset != phys)
		return false;
	*value = resolve(run, op->x[0]);

	return true;
}
