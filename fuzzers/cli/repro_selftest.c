/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <string.h>

#include "repro.h"

/* The same for the allocator's own self test, with its heap and its list. */

/* Why an operation is none of a self test's; NULL: it is one. */
static const char *cannot(const struct op *op)
{
	if (op->at)
		return "no other CPU comes in between there";
	switch ((enum op_kind)op->kind) {
	case OP_ALLOC:
	case OP_CALL:
	case OP_FREE:
	case OP_WRITE:
	case OP_TOPUP:
	case OP_RECLAIM:
		return NULL;
	case OP_MISUSE:
		return op->sub == MISUSE_NULL ? NULL
					      : "what must panic would end the "
						"boot there";
	case OP_CORRUPT:
		return "what must panic would end the boot there";
	case OP_CPU:
		return "it runs on one CPU";
	case OP_FAIL:
		return "nothing fails on demand there";
	case OP_INIT:
		return "it sets its heap up itself";
	case OP_SHRINK:
		return "the shrinker is the host's kernel's";
	case OP_CREATE:
	case OP_DESTROY:
	case OP_TRACE:
		return "the heap's clients do not take part in it";
	case OP_SELFTEST:
		return "it is the self test itself";
	case OP_DEPRIVILEGE:
		return "the host gives up its privileges only later";
	case OP_POKE:
	case OP_HVC:
		return "no hostile host is there yet";
	case OP_PREFIX:
		break;
	}
	return "a self test does not do that";
}

bool repro_selftest_cannot(const struct repro *repro, char why[REPRO_WHY])
{
	char text[OP_TEXT];

	if (!repro->prog->world.init) {
		snprintf(why, REPRO_WHY,
			 "not in a self test: it sets its heap up itself");
		return true;
	}
	for (uint32_t i = 0; i < repro->nr; i++) {
		const struct op *op = &repro->step[i].op;
		const char *reason = cannot(op);

		if (!reason)
			continue;
		snprintf(why, REPRO_WHY, "%s: not in a self test: %s",
			 op_print(op, text, sizeof(text)), reason);
		return true;
	}
	return false;
}

static const char topup[] =
	"/* Donate the first @pages of @list, or as many as there are. */\n"
	"static int repro_topup(struct hyp_allocator *heap,\n"
	"\t\t       struct kvm_hyp_memcache *list, unsigned long pages)\n"
	"{\n"
	"\tstruct kvm_hyp_memcache part = *list;\n"
	"\tint ret;\n"
	"\n"
	"\tpart.nr_pages = min(pages, (unsigned long)list->nr_pages);\n"
	"\tlist->nr_pages -= part.nr_pages;\n"
	"\tret = heap_topup(heap, &part);\n"
	"\tlist->head = part.head;\n"
	"\tlist->nr_pages += part.nr_pages;\n"
	"\n"
	"\treturn ret;\n"
	"}\n\n";

static const char call[] = "/* As a caller whose host tops up what is asked "
			   "for. */\n"
			   "static void *repro_call(struct hyp_allocator "
			   "*heap,\n"
			   "\t\t\tstruct kvm_hyp_memcache *list, size_t size)\n"
			   "{\n"
			   "\tint tries;\n"
			   "\n"
			   "\tfor (tries = 0; tries < 16; tries++) {\n"
			   "\t\tvoid *addr = heap_alloc(heap, size);\n"
			   "\t\tu32 need = heap_topup_needed(heap);\n"
			   "\n"
			   "\t\tif (addr || !need || repro_topup(heap, list, "
			   "need))\n"
			   "\t\t\treturn addr;\n"
			   "\t}\n"
			   "\n"
			   "\treturn NULL;\n"
			   "}\n\n";

static bool has(const struct repro *repro, uint8_t kind)
{
	for (uint32_t i = 0; i < repro->nr; i++)
		if (repro->step[i].op.kind == kind)
			return true;
	return false;
}

/* What must have come of it: of the last what was expected. */
static const struct outcome *due(const struct repro *repro, uint32_t i)
{
	bool last = i + 1 == repro->nr && repro->result.verdict.step;

	return last ? &repro->result.last.expect : &repro->step[i].actual;
}

static void print_alloc(FILE *out, const struct repro *repro, uint32_t i,
			const char *slot)
{
	const struct op *op = &repro->step[i].op;
	const struct outcome *o = due(repro, i);

	fprintf(out, "\t%s = %s(heap, %s%" PRIu64 "UL);\n", slot,
		op->kind == OP_CALL ? "repro_call" : "heap_alloc",
		op->kind == OP_CALL ? "list, " : "", op->arg);
	if (o->err)
		fprintf(out, "\tif (%s)\n\t\treturn -EINVAL;\n", slot);
	else
		fprintf(out,
			"\tif ((unsigned long)%s != heap->start + %" PRIu64
			")\n\t\treturn -EINVAL;\n",
			slot, o->offset);
	if (o->err && op->kind == OP_ALLOC)
		fprintf(out,
			"\tif (heap_errno(heap) != %d || "
			"heap_topup_needed(heap) != %u)\n\t\treturn "
			"-EINVAL;\n",
			o->err, o->need);
}

static void print_op(FILE *out, const struct repro *repro, uint32_t i)
{
	const struct op *op = &repro->step[i].op;
	char slot[SLOT_TEXT] = "", text[OP_TEXT];
	struct repro before = *repro;
	uint64_t size[OP_SLOTS];

	if (op_slot(op) != SLOT_NONE)
		slot_name(op->slot, slot);
	fprintf(out, "\n\t/* %s: %s */\n", op_print(op, text, sizeof(text)),
		repro->step[i].result);
	switch ((enum op_kind)op->kind) {
	case OP_ALLOC:
	case OP_CALL:
		print_alloc(out, repro, i, slot);
		return;
	case OP_FREE:
		fprintf(out, "\theap_free(heap, %s);\n", slot);
		return;
	case OP_MISUSE:
		fputs("\theap_free(heap, NULL);\n", out);
		return;
	case OP_WRITE:
		before.nr = i;
		repro_live(&before, size);
		fprintf(out, "\tmemset(%s, %u, %" PRIu64 ");\n", slot,
			1 + i % 255, size[op->slot]);
		return;
	case OP_TOPUP:
		fprintf(out,
			"\tif (repro_topup(heap, list, %" PRIu64 "UL))"
			"\n\t\treturn "
			"-EINVAL;\n",
			op->arg);
		return;
	case OP_RECLAIM:
		fprintf(out,
			"\tpages = list->nr_pages;\n"
			"\theap_reclaim(heap, list, %" PRIu64 "UL);\n"
			"\tif (list->nr_pages - pages != %" PRIu64 ")\n\t\tretu"
			"rn "
			"-EINVAL;\n",
			op->arg, due(repro, i)->pages);
		return;
	default:
		return;
	}
}

static void print_check(FILE *out, const struct repro *repro)
{
	const struct step *step = &repro->result.last;
	char slot[SLOT_TEXT];

	switch (repro->result.verdict.oracle) {
	case ORACLE_RESULT:
	case ORACLE_PLACE:
		return; /* every result is looked at */
	case ORACLE_ZEROED:
		fprintf(out,
			"\n\tfor (pages = 0; pages < %" PRIu64
			"; pages++)\n\t\tif (((char *)%s)[pages])\n\t\t\t"
			"return -EINVAL;\n",
			step->size, slot_name(step->op.slot, slot));
		return;
	case ORACLE_PROMISE:
	case ORACLE_SHAPE:
	case ORACLE_PAGES:
	case ORACLE_OWNER:
		fprintf(out,
			"\n\tif (heap_reclaimable(heap) != %" PRIu64 ")\n\t\tre"
			"turn "
			"-EINVAL;"
			"\n",
			step->reclaimable_expect);
		fputs("\n\t/*\n\t * What is broken may show only later: the "
		      "chunk list, or the place of a page.\n\t */\n",
		      out);
		return;
	default:
		fputs("\n\t/* what fails is no result: see above */\n", out);
	}
}

void repro_selftest(FILE *out, const void *data)
{
	const struct repro *repro = data;
	const bool pages = has(repro, OP_RECLAIM) ||
			   repro->result.verdict.oracle == ORACLE_ZEROED;
	bool seen[OP_SLOTS] = {false};
	char name[SLOT_TEXT];

	fprintf(out,
		"/*\n * %s\n *\n * %s\n * Rule: %s.\n *\n"
		" * @heap: of %u pages of %u bytes, empty\n"
		" * @list: %u pages of the host's\n */\n",
		repro->signature, repro->result.verdict.text,
		oracle_what(repro->result.verdict.oracle),
		repro->prog->world.heap_pages,
		1u << repro->prog->world.page_shift,
		repro->prog->world.pool_pages);
	if (has(repro, OP_TOPUP) || has(repro, OP_CALL))
		fputs(topup, out);
	if (has(repro, OP_CALL))
		fputs(call, out);
	fputs("static int selftest_repro(struct hyp_allocator *heap,\n"
	      "\t\t\t  struct kvm_hyp_memcache *list)\n{\n",
	      out);
	if (pages)
		fputs("\tunsigned long pages;\n", out);
	for (uint32_t i = 0; i < repro->nr; i++) {
		const struct op *op = &repro->step[i].op;

		if (op_slot(op) == SLOT_NONE || seen[op->slot])
			continue;
		seen[op->slot] = true;
		fprintf(out, "\tvoid *%s = NULL;\n", slot_name(op->slot, name));
	}
	if (!has(repro, OP_TOPUP) && !has(repro, OP_CALL) &&
	    !has(repro, OP_RECLAIM))
		fputs("\n\t(void)list;\n", out);
	for (uint32_t i = 0; i < repro->nr; i++)
		print_op(out, repro, i);
	print_check(out, repro);
	fputs("\n\treturn 0;\n}\n", out);
}
