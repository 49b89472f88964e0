/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <string.h>

#include "repro.h"

/* What the oracle that failed sees, as plain comparisons. */

static void expect_place(FILE *out, const struct repro *repro, uint16_t slot,
			 uint64_t bytes)
{
	uint64_t size[OP_SLOTS];
	char name[SLOT_TEXT], other[SLOT_TEXT];

	slot_name(slot, name);
	fprintf(out,
		"\texpect(\"address modulo 16\", %s %% 16, 0);\n"
		"\texpect(\"outside the heap\", %s < 16 || %s + %" PRIu64 " > "
		"heap_bytes(), 0);\n",
		name, name, name, bytes);
	repro_live(repro, size);
	for (uint16_t i = 0; i < OP_SLOTS; i++)
		if (size[i] && i != slot)
			fprintf(out,
				"\texpect(\"%s overlaps %s\", %s < %s + "
				"%" PRIu64 " && %s < %s + %" PRIu64 ", 0);\n",
				name, slot_name(i, other), name, other, size[i],
				other, name, bytes);
}

static void expect_zeroed(FILE *out, uint16_t slot, uint64_t bytes)
{
	char name[SLOT_TEXT];

	fprintf(out,
		"\texpect(\"first byte that is not zero\", changed(%s, "
		"%" PRIu64 ", 0), -1);\n",
		slot_name(slot, name), bytes);
}

/* What a live object holds: the byte of its last write. */
static unsigned int byte_of(const struct repro *repro, uint16_t slot)
{
	unsigned int byte = 0;

	for (uint32_t i = 0; i < repro->nr; i++) {
		const struct op *op = &repro->step[i].op;

		if (repro->step[i].op.at || op_slot(op) == SLOT_NONE ||
		    op->slot != slot)
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
	repro_expect(out, "lost pages of the host", "lost()", 0);
	if (!step->exact || !w) {
		fprintf(out,
			"\texpect(\"pages in all\", now.host + now.spare "
			"+ now.mapped + now.guest + now.hyp, %u);\n",
			step->pool);
		if (w)
			repro_expect(out, "pages of the hypervisor elsewhere",
				     "now.hyp", world_hyp(w));
		return;
	}
	repro_expect(out, "pages of the host", "now.host", world_host_owned(w));
	repro_expect(out, "of them free, by its books", "host_free()",
		     world_host_free(w));
	repro_expect(out, "pages in the heap's cache", "now.spare",
		     world_spare(w));
	repro_expect(out, "pages mapped", "now.mapped", world_mapped(w));
	repro_expect(out, "pages of guests", "now.guest", world_guest(w));
	repro_expect(out, "pages of the hypervisor elsewhere", "now.hyp",
		     world_hyp(w));
	if (step->unlike_page != STEP_NOWHERE)
		fprintf(out,
			"\texpect(\"heap page %" PRIu64 " mapped\", "
			"heap_mapped(%" PRIu64 "), %d);\n",
			step->unlike_page, step->unlike_page,
			model_page_mapped(step->model,
					  (uint32_t)step->unlike_page));
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
		repro_expect(out, "pages", "pages", (int64_t)due);
	if (step->exact)
		repro_expect(out, "reclaimable pages",
			     "hyp_alloc_reclaimable()",
			     (int64_t)step->reclaimable_expect);
}

/* Who may touch heap memory without the lock: its owner. */
static void expect_lock(FILE *out, const struct repro *repro)
{
	const struct world *w = repro->result.last.world;
	uint64_t size[OP_SLOTS];
	char name[SLOT_TEXT];

	repro_live(repro, size);
	repro_expect(out, "locks held", "record().locks", 0);
	repro_expect(out, "cache touched without the lock",
		     "record().unlocked_cache", 0);
	fputs("\tfor (uint32_t i = 0; i < record().unlocked; i++) {\n"
	      "\t\tuint64_t lo, hi;\n\t\tint owned = 0;\n\n"
	      "\t\theap_unlocked(i, &lo, &hi);\n",
	      out);
	for (uint16_t slot = 0; slot < OP_SLOTS; slot++)
		if (size[slot])
			fprintf(out,
				"\t\towned |= lo >= %s && hi <= %s + %" PRIu64
				";\n",
				slot_name(slot, name), name, size[slot]);
	for (uint32_t i = 0; w && i < world_objects(w); i++)
		fprintf(out,
			"\t\t/* EL2's own */\n"
			"\t\towned |= lo >= %" PRIu64 " && hi <= %" PRIu64 ";"
			"\n",
			world_object(w, i)->offset,
			world_object(w, i)->offset + world_object(w, i)->size);
	fputs("\t\tprintf(\"touched without the lock: %\" PRIu64 \" to %\" "
	      "PRIu64 \"\\n\", lo, hi);\n"
	      "\t\texpect(\"its owner's\", owned, 1);\n\t}\n",
	      out);
}

/* Was it in the middle of the last operation that an oracle objected? */
static bool other_failed(const struct repro *repro)
{
	return repro->result.verdict.step &&
	       !strncmp(repro->result.verdict.text, "at unlock ", 10);
}

void repro_check_other(FILE *out, const struct repro *repro,
		       const struct deferred *other)
{
	if (!other_failed(repro) || !other->came)
		return;
	switch (repro->result.verdict.oracle) {
	case ORACLE_RESULT:
		if (repro->result.last.exact)
			repro_expect_outcome(out, &other->op, &other->expect);
		break;
	case ORACLE_PLACE:
		if (other->size)
			expect_place(out, repro, other->op.slot, other->size);
		break;
	case ORACLE_ZEROED:
		if (other->size)
			expect_zeroed(out, other->op.slot, other->size);
		break;
	default:
		break;
	}
}

void repro_check(FILE *out, const struct repro *repro)
{
	const struct step *step = &repro->result.last;
	const enum oracle oracle = repro->result.verdict.oracle;

	fprintf(out, "\n\t/* %s */\n", oracle_what(oracle));
	if (other_failed(repro))
		return;
	/* what the harness asks after each operation but one with damage */
	if (!step->corrupted)
		fputs("\thyp_alloc_reclaimable();\n", out);
	switch (oracle) {
	case ORACLE_FAULT:
	case ORACLE_HANG:
	case ORACLE_PANIC:
		repro_expect(out, "panics", "0", repro_must_panic(repro));
		break;
	case ORACLE_RESULT:
		repro_expect_result(out, repro, step);
		break;
	case ORACLE_PLACE:
		expect_place(out, repro, step->op.slot, step->size);
		break;
	case ORACLE_ZEROED:
		expect_zeroed(out, step->op.slot, step->size);
		break;
	case ORACLE_CONTENT:
	case ORACLE_BACKED:
		expect_contents(out, repro, oracle == ORACLE_BACKED);
		break;
	case ORACLE_PAGES:
	case ORACLE_OWNER:
		expect_pages(out, step);
		break;
	case ORACLE_WIPED:
		repro_expect(out,
			     "a page reached the host unwiped or not cleaned",
			     "record().unwiped", 0);
		break;
	case ORACLE_SHAPE:
		expect_shape(out, step);
		break;
	case ORACLE_PROMISE:
		expect_promise(out, step);
		break;
	case ORACLE_PROGRESS:
		repro_expect(out, "a full top-up, and no page more mapped",
			     "loop.stuck", 0);
		repro_expect(out,
			     "what the host has was not asked for to the end",
			     "err == -ENOMEM && need && host_free() >= need && "
			     "loop.tries >= TRIES",
			     0);
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
