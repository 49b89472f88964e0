/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <string.h>

#include "repro.h"

/* Operations as calls of the seam. */

static void misuse(FILE *out, const struct op *op, const char *slot)
{
	switch ((enum misuse)op->sub) {
	case MISUSE_DOUBLE:
		fprintf(out, "\thyp_free(%s);\n\thyp_free(%s);\n", slot, slot);
		return;
	case MISUSE_STALE:
		fprintf(out, "\thyp_free(%s);\n", slot);
		return;
	case MISUSE_INSIDE:
		fprintf(out, "\thyp_free(%s + 16);\n", slot);
		return;
	case MISUSE_MISALIGNED:
		fprintf(out, "\thyp_free(%s + 8);\n", slot);
		return;
	case MISUSE_OUTSIDE:
		fputs("\thyp_free(heap_bytes());\n", out);
		return;
	case MISUSE_BELOW:
		fputs("\thyp_free(0);\n", out);
		return;
	case MISUSE_NULL:
	case MISUSE_KINDS:
		fputs("\thyp(heap_free_null());\n", out);
	}
}

static void fault(FILE *out, const struct op *op)
{
	static const char *const call[FAIL_KINDS] = {
		[FAIL_MAP] = "heap_fail_map",
		[FAIL_DONATE] = "heap_fail_donate",
		[FAIL_PAGE] = "host_fail_page",
		[FAIL_HVC] = "heap_fail_hvc",
	};

	fprintf(out, "\t%s(%" PRIu64 ");\n", call[op->sub], op->arg);
}

static void init(FILE *out, const struct op *op)
{
	bool refuse = op->sub == INIT_REFUSED || op->arg > (uint64_t)128 << 20;

	if (refuse)
		fputs("\theap_refuse_reserve(true);\n", out);
	fprintf(out, "\thyp(heap_init(%" PRIu64 "u, &err));\n", op->arg);
	if (refuse)
		fputs("\theap_refuse_reserve(false);\n", out);
}

static void client(FILE *out, const struct op *op)
{
	if (op->kind == OP_CREATE && op->sub == CREATE_VM)
		fprintf(out,
			"\thyp(host_create_vm(%" PRIu64 "u, 16, &loop, "
			"&ret));\n"
			"\tif (ret > 0)\n\t\tvm[%u] = ret;\n",
			op->arg, op->slot);
	else if (op->kind == OP_CREATE)
		fprintf(out,
			"\thyp(host_create_vcpu((uint64_t)vm[%u], %" PRIu64
			"u, 16, &loop, &ret));\n",
			op->slot, op->arg);
	else if (op->kind == OP_DESTROY)
		fprintf(out,
			"\thyp(host_destroy_vm((uint64_t)vm[%u], &ret));\n",
			op->slot);
	else if (op->sub == TRACE_LOAD)
		fprintf(out,
			"\thyp(host_trace_load(%" PRIu64 "u, 16, &loop, "
			"&ret));\n",
			op->arg);
	else
		fputs("\thyp(host_trace_unload(&ret));\n", out);
}

/* A value that may name a page of the pool. */
static void place(FILE *out, const struct repro *repro, uint64_t value)
{
	static const char *const call[] = {"phys", "host", "el2"};
	uint32_t tag = op_tag(value);

	if (!tag)
		fprintf(out, "%" PRIu64 "u", value);
	else if (tag == OP_TAG_FRAME)
		fprintf(out, "heap_page_phys(%u) / %u", op_tag_page(value),
			1u << repro->prog->world.page_shift);
	else
		fprintf(out, "heap_page_%s(%u) + %u", call[tag - OP_TAG_PHYS],
			op_tag_page(value), op_tag_offset(value));
}

static void poke(FILE *out, const struct repro *repro, const struct op *op)
{
	fprintf(out, "\theap_poke(%u, %u, ", op_tag_page(op->arg),
		op_tag_offset(op->arg));
	place(out, repro, op->x[0]);
	fputs(");\n", out);
}

/* The byte says which write it was. */
static void print_write(FILE *out, const struct repro *repro, uint32_t i,
			const char *slot)
{
	struct repro before = *repro;
	uint64_t size[OP_SLOTS];

	before.nr = i;
	repro_live(&before, size);
	fprintf(out, "\tfill(%s, %" PRIu64 ", %u);\n", slot,
		size[repro->step[i].op.slot], 1 + i % 255);
}

static void print_call(FILE *out, const struct repro *repro, uint32_t i)
{
	const struct op *op = &repro->step[i].op;
	char slot[SLOT_TEXT] = "";

	if (op_slot(op) != SLOT_NONE)
		slot_name(op->slot, slot);
	switch ((enum op_kind)op->kind) {
	case OP_ALLOC:
		fprintf(out, "\t%s = hyp_alloc(%" PRIu64 "u);\n", slot,
			op->arg);
		return;
	case OP_CALL:
		fprintf(out, "\t%s = call_alloc(%" PRIu64 "u);\n", slot,
			op->arg);
		return;
	case OP_FREE:
		fprintf(out, "\thyp_free(%s);\n", slot);
		return;
	case OP_WRITE:
		print_write(out, repro, i, slot);
		return;
	case OP_TOPUP:
		fprintf(out, "\thyp(host_topup(%" PRIu64 "u, &err));\n",
			op->arg);
		return;
	case OP_RECLAIM:
		fprintf(out, "\thyp(host_reclaim(%" PRIu64 "u, &pages));\n",
			op->arg);
		return;
	case OP_SHRINK:
		if (op->sub == SHRINK_COUNT)
			fputs("\thyp(host_count(&pages));\n", out);
		else
			fprintf(out,
				"\thyp(host_shrink(%" PRIu64 "u, &pages));\n",
				op->arg);
		return;
	case OP_CPU:
		fprintf(out, "\theap_set_cpu(%" PRIu64 ");\n", op->arg);
		return;
	case OP_FAIL:
		fault(out, op);
		return;
	case OP_INIT:
		init(out, op);
		return;
	case OP_MISUSE:
		misuse(out, op, slot);
		return;
	case OP_CREATE:
	case OP_DESTROY:
	case OP_TRACE:
		client(out, op);
		return;
	case OP_SELFTEST:
		fputs("\thyp(host_selftest(16, &loop, &ret));\n", out);
		return;
	case OP_DEPRIVILEGE:
		fputs("\thyp(host_deprivilege(&err));\n", out);
		return;
	case OP_POKE:
		poke(out, repro, op);
		return;
	case OP_CORRUPT:
	case OP_HVC:
	case OP_PREFIX:
		return;
	}
}

void repro_op(FILE *out, const struct repro *repro, uint32_t i)
{
	const struct repro_step *step = &repro->step[i];
	char text[OP_TEXT];

	fprintf(out,
		"\n\t/* %s: %s */\n\theap_begin(UINT64_MAX);\n"
		"\thost_begin();\n",
		op_print(&step->op, text, sizeof(text)), step->result);
	if (i + 1 == repro->nr && repro->result.verdict.step &&
	    repro->result.last.expect.end == STEP_PANIC)
		fputs("\tmust_panic = 1;\n", out);
	print_call(out, repro, i);
}
