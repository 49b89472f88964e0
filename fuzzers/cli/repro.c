/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <string.h>

#include "repro.h"

/* The C file around the operations. */

bool repro_cannot(const struct repro *repro, char why[REPRO_WHY])
{
	char text[OP_TEXT];

	if (repro->result.verdict.oracle == ORACLE_ACCOUNT ||
	    repro->result.verdict.oracle == ORACLE_REPLAY) {
		snprintf(why, REPRO_WHY, "only the harness can see it: %s",
			 oracle_what(repro->result.verdict.oracle));
		return true;
	}
	/* what any other damage comes to is no failure */
	for (uint32_t i = 0; i < repro->nr; i++) {
		const struct op *op = &repro->step[i].op;

		if (op->kind != OP_CORRUPT ||
		    corrupt_kind(op) <= CORRUPT_FLIP_HASH)
			continue;
		snprintf(why, REPRO_WHY,
			 "%s: of damage only flipped bits can be said in C",
			 op_print(op, text, sizeof(text)));
		return true;
	}
	return false;
}

static void live(uint64_t size[OP_SLOTS], const struct op *op, uint64_t bytes)
{
	if (op_slot(op) == SLOT_EMPTY)
		size[op->slot] = bytes;
	if (op->kind == OP_FREE)
		size[op->slot] = 0;
}

void repro_live(const struct repro *repro, uint64_t size[OP_SLOTS])
{
	memset(size, 0, OP_SLOTS * sizeof(*size));
	for (uint32_t i = 0; i < repro->nr; i++) {
		const struct repro_step *step = &repro->step[i];

		if (step->op.at)
			continue;
		for (uint32_t k = 0; k < step->others_nr; k++)
			if (step->others[k].came)
				live(size, &step->others[k].op,
				     step->others[k].size);
		live(size, &step->op, step->size);
	}
}

bool repro_last(const struct repro *repro, uint32_t i)
{
	return i + 1 == repro->nr && repro->result.verdict.step;
}

bool repro_must_panic(const struct repro *repro)
{
	const struct step *last = &repro->result.last;

	return last->expect.end == STEP_PANIC || last->flip_due;
}

/* Each slot is a variable. */
static void declare(FILE *out, const struct repro *repro)
{
	bool seen[OP_SLOTS] = {false};
	char name[SLOT_TEXT];

	for (uint32_t i = 0; i < repro->nr; i++) {
		const struct repro_step *step = &repro->step[i];

		for (uint32_t k = 0; k <= step->others_nr; k++) {
			const struct op *op = k < step->others_nr
						      ? &step->others[k].op
						      : &step->op;

			if (step->op.at || op_slot(op) == SLOT_NONE ||
			    seen[op->slot])
				continue;
			seen[op->slot] = true;
			fprintf(out, "REPRO_VAR uint64_t %s = NONE;\n",
				slot_name(op->slot, name));
		}
	}
}

static void set_up(FILE *out, const struct repro *repro)
{
	const struct prog_world *w = &repro->prog->world;

	fprintf(out,
		"\t/* the host has %u pages of %u bytes, and %u CPU%s */\n"
		"\tworld(%u, %u, %u, %s, %u, %u);\n",
		w->pool_pages, 1u << w->page_shift, w->cpus,
		w->cpus == 1 ? "" : "s", w->page_shift, w->pool_pages, w->cpus,
		w->boot ? "true" : "false", w->vm_size ? w->vm_size : 3072,
		w->vcpu_size ? w->vcpu_size : 8192);
	if (w->init)
		fprintf(out, "\thyp_alloc_init(%" PRIu64 "); /* %u pages */\n",
			(uint64_t)w->heap_pages << w->page_shift,
			w->heap_pages);
}

void repro_print(FILE *out, const void *data)
{
	const struct repro *repro = data;

	fprintf(out,
		"/* SPDX-License-Identifier: GPL-2.0-only */\n"
		"/*\n * %s\n *\n * %s\n"
		" * Rule: %s.\n *\n"
		" * Needs the allocator under test and its fake EL2, and "
		"nothing else of the\n * harness. With H, the checkout of "
		"hypheap in which they are built:\n *\n *\t",
		repro->signature, repro->result.verdict.text,
		oracle_what(repro->result.verdict.oracle));
	repro_command(out, repro->file, true);
	fputs("\n *\n * Exit status: 1 it fails, 0 it does not.\n */\n"
	      "#include \"allocator/repro.h\"\n\n"
	      "/* An address is its offset in the heap. */\n",
	      out);
	declare(out, repro);
	for (uint32_t i = 0; i < repro->nr; i++)
		repro_others(out, repro, i);
	fputs("\nint main(void)\n{\n", out);
	set_up(out, repro);
	for (uint32_t i = 0; i < repro->nr; i++)
		repro_op(out, repro, i);
	repro_check(out, repro);
	fputs("\n\tputs(failed ? \"it fails\" : \"it does not fail\");\n"
	      "\treturn failed;\n}\n",
	      out);
}
