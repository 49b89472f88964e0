/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <inttypes.h>

#include "allocator/heap.h"
#include "allocator/hvc.h"
#include "repro.h"

/* What an operation came back with, as plain comparisons. */

void repro_expect(FILE *out, const char *what, const char *is, int64_t due)
{
	fprintf(out, "\texpect(\"%s\", %s, %" PRId64 ");\n", what, is, due);
}

static void expect_alloc(FILE *out, const struct op *op,
			 const struct outcome *due)
{
	char name[SLOT_TEXT];

	slot_name(op->slot, name);
	repro_expect(out, "address", name,
		     due->err ? -1 : (int64_t)due->offset);
	repro_expect(out, "error", "err", due->err);
	repro_expect(out, "pages asked for", "need", due->need);
}

/* The head of a list: an address, which says the page it is of. */
static void expect_head(FILE *out, const struct outcome *due)
{
	int64_t page = heap_phys_page(due->left_head);

	if (due->any_head)
		return;
	if (page < 0)
		repro_expect(out, "list that is left", "regs[2]",
			     (int64_t)due->left_head);
	else
		fprintf(out,
			"\texpect(\"list that is left\", (int64_t)(regs[2]), "
			"(int64_t)(phys_of(%" PRId64 ") + %" PRIu64 "));\n",
			page, due->left_head - heap_page_phys((uint32_t)page));
}

static void expect_hvc(FILE *out, const struct op *op,
		       const struct outcome *due)
{
	repro_expect(out, "no such call", "regs[0] != SMCCC_RET_SUCCESS",
		     due->no_such_call);
	if (due->no_such_call)
		return;
	repro_expect(out, "x1", "ret", due->ret);
	switch (op->sub) {
	case HVC_TOPUP:
	case HVC_RECLAIM:
		repro_expect(out, "pages that are left", "regs[3]",
			     (int64_t)due->left_nr);
		expect_head(out, due);
		break;
	case HVC_SELFTEST:
	case HVC_INIT_VM:
	case HVC_INIT_VCPU:
	case HVC_TRACING_LOAD:
		repro_expect(out, "pages asked for", "requested()", due->need);
		break;
	default:
		break;
	}
	if (op->sub == HVC_RECLAIM)
		repro_expect(out, "pages", "pages", (int64_t)due->pages);
}

/* What is expected of one operation, by itself. */
void repro_expect_outcome(FILE *out, const struct op *op,
			  const struct outcome *due)
{
	switch ((enum op_kind)op->kind) {
	case OP_ALLOC:
	case OP_CALL:
		expect_alloc(out, op, due);
		break;
	case OP_RECLAIM:
		repro_expect(out, "pages", "pages", (int64_t)due->pages);
		break;
	case OP_SHRINK:
		repro_expect(out, "pages", "pages",
			     due->ret >= 0	       ? due->ret
			     : op->sub == SHRINK_COUNT ? -2
						       : -1);
		break;
	case OP_TOPUP:
	case OP_INIT:
	case OP_DEPRIVILEGE:
		repro_expect(out, "error", "err", due->err);
		break;
	case OP_CREATE:
	case OP_SELFTEST:
		repro_expect(out, "result", "ret", due->ret);
		repro_expect(out, "pages asked for", "need", due->need);
		break;
	case OP_TRACE:
		repro_expect(out, "result", "ret", due->ret);
		if (op->sub == TRACE_LOAD)
			repro_expect(out, "pages asked for", "need", due->need);
		break;
	case OP_DESTROY:
		repro_expect(out, "result", "ret", due->ret);
		break;
	case OP_HVC:
		expect_hvc(out, op, due);
		break;
	default:
		break;
	}
}

/* Without a prediction: what any allocator must keep. */
static void expect_some(FILE *out, const struct step *step)
{
	if (step->op.kind != OP_ALLOC && step->op.kind != OP_CALL)
		return;
	if (step->heap_bytes < 16 || step->op.arg > step->heap_bytes - 16)
		repro_expect(out, "error of what is too large", "err", -E2BIG);
	else
		repro_expect(out, "error that is neither of the two",
			     "err && err != -E2BIG && err != -ENOMEM", 0);
	if (!step->fault_armed)
		repro_expect(out, "-ENOMEM without a request",
			     "err == -ENOMEM && !need", 0);
}

void repro_expect_result(FILE *out, const struct repro *repro,
			 const struct step *step)
{
	const struct repro_step *last = &repro->step[repro->nr - 1];

	if (step->exact)
		repro_expect_outcome(out, &step->op, &step->expect);
	else
		expect_some(out, step);
	repro_expect(out, "error that is left", "left_err", 0);
	repro_expect(out, "request that is left", "left_need", 0);
	if (step->exact || !step->fault_armed)
		repro_expect(out, "warnings of the host", "warned()",
			     step->expect.warned);
	if (!step->exact)
		return;
	if (step->number)
		repro_expect(out, "hypercalls", "record().hvcs",
			     step->expect.hvcs);
	for (uint32_t i = 0; step->number && i < last->others_nr; i++) {
		const struct deferred *d = &last->others[i];

		if (d->op.kind == OP_POKE || !d->taken)
			continue;
		fprintf(out,
			"\texpect(\"unlock %u comes\", unlocks >= %u, %u);\n",
			d->op.at, d->op.at, d->due);
	}
}
