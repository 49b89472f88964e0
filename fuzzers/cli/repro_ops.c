/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdlib.h>
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
	fprintf(out, "\thyp_alloc_init(%" PRIu64 "u);\n", op->arg);
	if (refuse)
		fputs("\theap_refuse_reserve(false);\n", out);
}

static void client(FILE *out, const struct op *op)
{
	if (op->kind == OP_CREATE && op->sub == CREATE_VM)
		fprintf(out, "\tcreate_vm(&vm[%u], %" PRIu64 "u);\n", op->slot,
			op->arg);
	else if (op->kind == OP_CREATE)
		fprintf(out, "\tcreate_vcpu(vm[%u], %" PRIu64 "u);\n", op->slot,
			op->arg);
	else if (op->kind == OP_DESTROY)
		fprintf(out, "\tdestroy_vm(vm[%u]);\n", op->slot);
	else if (op->sub == TRACE_LOAD)
		fprintf(out, "\ttrace_load(%" PRIu64 "u);\n", op->arg);
	else
		fputs("\ttrace_unload();\n", out);
}

/* A value that may name a page of the pool. */
static void place(FILE *out, uint64_t value)
{
	static const char *const call[] = {"phys", "host", "el2", "frame"};
	uint32_t tag = op_tag(value);

	if (!tag) {
		fprintf(out, "%" PRIu64 "u", value);
		return;
	}
	fprintf(out, "%s_of(%u)", call[tag - OP_TAG_PHYS], op_tag_page(value));
	if (op_tag_offset(value))
		fprintf(out, " + %u", op_tag_offset(value));
}

static void poke(FILE *out, const struct op *op)
{
	fprintf(out, "\tpoke(%u, %u, ", op_tag_page(op->arg),
		op_tag_offset(op->arg));
	place(out, op->x[0]);
	fputs(");\n", out);
}

static void hypercall(FILE *out, const struct op *op)
{
	static const char *const name[] = {
#define HVC(id, number, word, registers, what) [number] = #id,
#include "program/hvc.def"
#undef HVC
	};
	const uint64_t x[] = {op->arg, op->x[0], op->x[1]};

	if (hvc_word(op->sub))
		fprintf(out, "\thvc(HVC_%s", name[op->sub]);
	else
		fprintf(out, "\thvc(%u", op->sub);
	for (unsigned int i = 0; i < sizeof(x) / sizeof(*x); i++) {
		fputs(", ", out);
		place(out, x[i]);
	}
	fputs(");\n", out);
}

/* Flipped bits; repro_cannot() knows no other damage. */
static void corrupt(FILE *out, const struct repro_step *step, const char *slot)
{
	static const char *const word[] = {"NEXT", "PREV", "UNMAPPED", "HASH"};
	const struct op *op = &step->op;

	if (op->sub & CORRUPT_FREE)
		fprintf(out, "\tflip(%" PRIu64, step->header);
	else
		fprintf(out, "\tflip(%s - 16", slot);
	fprintf(out, ", %s, 0x%" PRIx64 ");\n", word[corrupt_kind(op)],
		op->arg);
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

/* @op: of step @i, or what happens in the middle of it */
static void print_call(FILE *out, const struct repro *repro, uint32_t i,
		       const struct op *op)
{
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
		fprintf(out, "\ttopup(%" PRIu64 "u);\n", op->arg);
		return;
	case OP_RECLAIM:
		fprintf(out, "\treclaim(%" PRIu64 "u);\n", op->arg);
		return;
	case OP_SHRINK:
		if (op->sub == SHRINK_COUNT)
			fputs("\tshrink_count();\n", out);
		else
			fprintf(out, "\tshrink(%" PRIu64 "u);\n", op->arg);
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
		fputs("\tselftest();\n", out);
		return;
	case OP_DEPRIVILEGE:
		fputs("\tdeprivilege();\n", out);
		return;
	case OP_POKE:
		poke(out, op);
		return;
	case OP_CORRUPT:
		corrupt(out, &repro->step[i], slot);
		return;
	case OP_HVC:
		hypercall(out, op);
		return;
	case OP_PREFIX:
		return;
	}
}

/* ---- in the middle of a call -------------------------------------------- */

static bool waits_for_donation(const struct deferred *d)
{
	return d->op.kind == OP_POKE;
}

static bool has_others(const struct repro_step *step, bool donation)
{
	for (uint32_t k = 0; k < step->others_nr; k++)
		if (waits_for_donation(&step->others[k]) == donation &&
		    (donation || step->others[k].taken))
			return true;
	return false;
}

/* What happens then, a tab deeper than the statements of an operation. */
static void print_other(FILE *out, const struct repro *repro, uint32_t i,
			const struct deferred *d)
{
	char *text = NULL, *line, *rest;
	size_t size;
	FILE *mem = open_memstream(&text, &size);

	if (!mem)
		abort();
	print_call(mem, repro, i, &d->op);
	if (repro_last(repro, i) && d->op.kind != OP_POKE)
		repro_check_other(mem, repro, d);
	if (fclose(mem))
		abort();
	rest = text;
	while (*rest && (line = strsep(&rest, "\n")))
		fprintf(out, "\t%s\n", line);
	free(text);
}

/* What a moment meets. */
static void print_moment(FILE *out, const struct repro *repro, uint32_t i,
			 bool donation)
{
	const struct repro_step *step = &repro->step[i];
	char text[OP_TEXT];

	fprintf(out, "\nstatic void %s_%u(unsigned int nth)\n{\n",
		donation ? "donate" : "unlock", i + 1);
	for (uint32_t k = 0; k < step->others_nr; k++) {
		const struct deferred *d = &step->others[k];

		if (waits_for_donation(d) != donation ||
		    (!donation && !d->taken))
			continue;
		fprintf(out, "\t/* %s */\n\tif (nth == %u) {\n",
			op_print(&d->op, text, sizeof(text)), d->op.at);
		if (!donation)
			fprintf(out, "\t\theap_set_cpu(%u);\n",
				(step->cpu + 1) % repro->prog->world.cpus);
		print_other(out, repro, i, d);
		fputs("\t}\n", out);
	}
	fputs("}\n", out);
}

void repro_others(FILE *out, const struct repro *repro, uint32_t i)
{
	if (has_others(&repro->step[i], false))
		print_moment(out, repro, i, false);
	if (has_others(&repro->step[i], true))
		print_moment(out, repro, i, true);
}

void repro_op(FILE *out, const struct repro *repro, uint32_t i)
{
	const struct repro_step *step = &repro->step[i];
	const bool unlock = has_others(step, false);
	const bool donate = has_others(step, true);
	char text[OP_TEXT], at_unlock[24] = "NULL", at_donate[24] = "NULL";

	if (step->op.at)
		return;
	fprintf(out, "\n\t/* %s: %s */\n\tbegin();\n",
		op_print(&step->op, text, sizeof(text)), step->result);
	if (unlock)
		snprintf(at_unlock, sizeof(at_unlock), "unlock_%u", i + 1);
	if (donate)
		snprintf(at_donate, sizeof(at_donate), "donate_%u", i + 1);
	if (unlock || donate)
		fprintf(out, "\tin_between(%s, %s);\n", at_unlock, at_donate);
	if (repro_last(repro, i) && repro_must_panic(repro))
		fputs("\tmust_panic = 1;\n", out);
	print_call(out, repro, i, &step->op);
	if (unlock || donate)
		fputs("\tin_between(NULL, NULL);\n", out);
}
