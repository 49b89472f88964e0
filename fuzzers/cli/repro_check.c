/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <string.h>

#include "repro.h"

/* What the oracle that failed sees, as plain comparisons. */

static void expect(FILE *out, const char *what, const char *is, int64_t due)
{
	fprintf(out, "\texpect(\"%s\", (int64_t)(%s), %" PRId64 ");\n", what,
		is, due);
}

static void expect_alloc(FILE *out, const struct step *step)
{
	const struct outcome *due = &step->expect;
	char name[SLOT_TEXT];

	slot_name(step->op.slot, name);
	expect(out, "address", name, due->err ? -1 : (int64_t)due->offset);
	expect(out, "error", "err", due->err);
	expect(out, "pages asked for", "need", due->need);
}

static void expect_result(FILE *out, const struct step *step)
{
	const struct outcome *due = &step->expect;

	switch ((enum op_kind)step->op.kind) {
	case OP_ALLOC:
	case OP_CALL:
		expect_alloc(out, step);
		break;
	case OP_RECLAIM:
		expect(out, "pages", "pages", (int64_t)due->pages);
		break;
	case OP_SHRINK:
		expect(out, "pages", "pages",
		       due->ret >= 0		      ? due->ret
		       : step->op.sub == SHRINK_COUNT ? -2
						      : -1);
		break;
	case OP_TOPUP:
	case OP_INIT:
	case OP_DEPRIVILEGE:
		expect(out, "error", "err", due->err);
		break;
	case OP_CREATE:
	case OP_DESTROY:
	case OP_TRACE:
	case OP_SELFTEST:
		expect(out, "result", "ret", due->ret);
		break;
	default:
		break;
	}
	/* what was refused says why once, and then no more */
	fputs("\thyp(heap_errno(&err) && heap_topup_needed(&need));\n", out);
	expect(out, "error that is left", "err", 0);
	expect(out, "request that is left", "need", 0);
	fputs("\tif (host_finding()->what)\n"
	      "\t\tprintf(\"the host: %s: %s\\n\", host_finding()->function, "
	      "host_finding()->what);\n",
	      out);
	expect(out, "warnings of the host", "host_finding()->what != NULL",
	       due->warned);
}

static void expect_place(FILE *out, const struct repro *repro,
			 const struct step *step)
{
	uint64_t size[OP_SLOTS];
	char name[SLOT_TEXT], other[SLOT_TEXT];

	slot_name(step->op.slot, name);
	fprintf(out,
		"\texpect(\"address modulo 16\", %s %% 16, 0);\n"
		"\texpect(\"outside the heap\", %s + %" PRIu64 " > "
		"heap_bytes(), "
		"0);\n",
		name, name, step->size);
	repro_live(repro, size);
	for (uint16_t slot = 0; slot < OP_SLOTS; slot++)
		if (size[slot] && slot != step->op.slot)
			fprintf(out,
				"\texpect(\"%s overlaps %s\", %s < %s + "
				"%" PRIu64 " && %s < %s + %" PRIu64 ", 0);\n",
				name, slot_name(slot, other), name, other,
				size[slot], other, name, step->size);
}

/* What a live object holds: the byte of its last write. */
static unsigned int byte_of(const struct repro *repro, uint16_t slot)
{
	unsigned int byte = 0;

	for (uint32_t i = 0; i < repro->nr; i++) {
		const struct op *op = &repro->step[i].op;

		if (op_slot(op) == SLOT_NONE || op->slot != slot)
			continue;
		byte = op->kind == OP_WRITE ? 1 + i % 255 : 0;
	}
	return byte;
}

static void expect_contents(FILE *out, const struct repro *repro, bool backed)
{
	uint64_t size[OP_SLOTS];
	char name[SLOT_TEXT];

	repro_live(repro, size);
	for (uint16_t slot = 0; slot < OP_SLOTS; slot++) {
		if (!size[slot])
			continue;
		slot_name(slot, name);
		if (backed)
			fprintf(out,
				"\tfor (uint64_t at = %s & ~%uu; at < %s + "
				"%" PRIu64 "; at += %u)\n\t\texpect(\"%s "
				"mapped\", heap_mapped(at / %u), 1);\n",
				name, (1u << repro->prog->world.page_shift) - 1,
				name, size[slot],
				1u << repro->prog->world.page_shift, name,
				1u << repro->prog->world.page_shift);
		else
			fprintf(out,
				"\texpect(\"first byte of %s that changed\", "
				"changed(%s, %" PRIu64 ", %u), -1);\n",
				name, name, size[slot], byte_of(repro, slot));
	}
}

static void expect_pages(FILE *out, const struct step *step)
{
	const struct world *w = step->world;

	fputs("\tstruct heap_pages now;\n\n\theap_pages(&now);\n", out);
	if (!step->exact || !w) {
		fprintf(out,
			"\texpect(\"pages in all\", now.host + now.spare "
			"+ now.mapped + now.guest + now.hyp, %u);\n",
			step->pool);
		return;
	}
	expect(out, "pages of the host", "now.host", world_host_owned(w));
	expect(out, "pages in the heap's cache", "now.spare", world_spare(w));
	expect(out, "pages mapped", "now.mapped", world_mapped(w));
	expect(out, "pages of guests", "now.guest", world_guest(w));
	expect(out, "pages of the hypervisor elsewhere", "now.hyp",
	       world_hyp(w));
	fputs("\tif (host_finding()->what)\n\t\tprintf(\"FAIL: the host: "
	      "%s\\n\", host_finding()->what);\n"
	      "\tfailed |= host_finding()->what != NULL;\n",
	      out);
}

/* The chunk list: that of the headers beside that which it should be. */
static void expect_shape(FILE *out, const struct step *step)
{
	const struct model *m = step->model;

	fputs("\tstruct header { uint32_t offset, next, prev, unmapped, hash; "
	      "};\n"
	      "\tstatic const uint32_t due[][4] = { /* at, next, prev, "
	      "unmapped | used */\n",
	      out);
	for (uint32_t i = 0; i < m->nr; i++) {
		const struct model_chunk *c = &m->chunk[i];

		fprintf(out, "\t\t{%u, %u, %u, %u},\n", c->addr,
			i + 1 < m->nr ? c[1].addr - c->addr : 0,
			i ? c->addr - c[-1].addr : 0,
			(c->mark ? c->mark - c->addr : 0) | c->used);
	}
	fprintf(out,
		"%s\t};\n"
		"\tstatic struct header chunk[4096];\n"
		"\tconst char *broken = NULL;\n"
		"\tuint64_t at;\n"
		"\tuint32_t nr = heap_walk((void *)chunk, 4096, &broken, "
		"&at);\n\n"
		"\tif (broken)\n\t\tprintf(\"FAIL: %%s\\n\", broken);\n"
		"\tfailed |= broken != NULL;\n"
		"\texpect(\"chunks\", nr, %u);\n"
		"\tfor (uint32_t i = 0; i < nr && i < %u; i++) {\n"
		"\t\tuint32_t w = chunk[i].unmapped;\n"
		"\t\tuint64_t v = chunk[i].next | (uint64_t)chunk[i].prev << "
		"32;\n\n"
		"\t\tprintf(\"chunk %%u\\n\", i);\n"
		"\t\texpect(\"  at\", chunk[i].offset, due[i][0]);\n"
		"\t\texpect(\"  next\", chunk[i].next, due[i][1]);\n"
		"\t\texpect(\"  prev\", chunk[i].prev, due[i][2]);\n"
		"\t\texpect(\"  unmapped | used\", w, due[i][3]);\n"
		"\t\texpect(\"  hash\", chunk[i].hash,\n"
		"\t\t       (uint32_t)(v * 0x61C8864680B583EB >> 32) ^ w * "
		"0x61C88647u);\n"
		"\t}\n",
		m->nr ? "" : "\t\t{0, 0, 0, 0},\n", m->nr, m->nr);
}

static void expect_promise(FILE *out, const struct step *step)
{
	uint64_t due = step->target < step->reclaimable_before
			       ? step->target
			       : step->reclaimable_before;

	if (step->promised && step->actual.pages != due)
		expect(out, "pages", "pages", (int64_t)due);
	if (step->exact)
		expect(out, "reclaimable pages", "reclaimable()",
		       (int64_t)step->reclaimable_expect);
}

/* Who may touch heap memory without the lock: its owner. */
static void expect_lock(FILE *out, const struct repro *repro)
{
	uint64_t size[OP_SLOTS];
	char name[SLOT_TEXT];

	repro_live(repro, size);
	fputs("\tstruct heap_record record;\n\n\theap_record(&record);\n", out);
	expect(out, "locks held", "record.locks", 0);
	expect(out, "cache touched without the lock", "record.unlocked_cache",
	       0);
	fputs("\tfor (uint32_t i = 0; i < record.unlocked; i++) {\n"
	      "\t\tuint64_t lo, hi;\n\t\tint owned = 0;\n\n"
	      "\t\theap_unlocked(i, &lo, &hi);\n",
	      out);
	for (uint16_t slot = 0; slot < OP_SLOTS; slot++)
		if (size[slot])
			fprintf(out,
				"\t\towned |= lo >= %s && hi <= %s + %" PRIu64
				";\n",
				slot_name(slot, name), name, size[slot]);
	fputs("\t\tprintf(\"touched without the lock: %\" PRIu64 \" to %\" "
	      "PRIu64 \"\\n\", lo, hi);\n"
	      "\t\texpect(\"its owner's\", owned, 1);\n\t}\n",
	      out);
}

static void expect_wiped(FILE *out)
{
	fputs("\tstruct heap_record record;\n\n\theap_record(&record);\n", out);
	expect(out, "a page reached the host unwiped or not cleaned",
	       "record.unwiped", 0);
}

void repro_check(FILE *out, const struct repro *repro)
{
	const struct step *step = &repro->result.last;
	char name[SLOT_TEXT];

	fprintf(out, "\n\t/* %s */\n",
		oracle_what(repro->result.verdict.oracle));
	switch (repro->result.verdict.oracle) {
	case ORACLE_FAULT:
	case ORACLE_HANG:
	case ORACLE_PANIC:
		/* what comes after each operation in the harness */
		fputs("\tpages = reclaimable();\n", out);
		expect(out, "panics", "0", step->expect.end == STEP_PANIC);
		break;
	case ORACLE_RESULT:
		expect_result(out, step);
		break;
	case ORACLE_PLACE:
		expect_place(out, repro, step);
		break;
	case ORACLE_ZEROED:
		fprintf(out,
			"\texpect(\"first byte that is not zero\", changed(%s, "
			"%" PRIu64 ", 0), -1);\n",
			slot_name(step->op.slot, name), step->size);
		break;
	case ORACLE_CONTENT:
	case ORACLE_BACKED:
		expect_contents(out, repro,
				repro->result.verdict.oracle == ORACLE_BACKED);
		break;
	case ORACLE_PAGES:
	case ORACLE_OWNER:
		expect_pages(out, step);
		break;
	case ORACLE_WIPED:
		expect_wiped(out);
		break;
	case ORACLE_SHAPE:
		expect_shape(out, step);
		break;
	case ORACLE_PROMISE:
		expect_promise(out, step);
		break;
	case ORACLE_PROGRESS:
		expect(out, "a full top-up, and no page more mapped",
		       "loop.stuck", 0);
		break;
	case ORACLE_LOCK:
		expect_lock(out, repro);
		break;
	case ORACLE_NONE:
	case ORACLE_ACCOUNT:
	case ORACLE_REPLAY:
	case ORACLE_COUNT:
		break;
	}
}
