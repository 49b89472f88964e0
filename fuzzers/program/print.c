/* SPDX-License-Identifier: GPL-2.0-only */
#include "prog.h"
#include "world.h"

void prog_print(const struct prog *prog, FILE *out)
{
	struct prog_world usual = prog_world_default();
	char text[OP_TEXT];
	unsigned int key;
	uint32_t i;

	fprintf(out, "hypheap %d\nheap", PROG_VERSION);
	for (key = 0; key < KEY_COUNT; key++) {
		uint32_t value = world_key_get(&prog->world, key);

		if (world_key_always(key) ||
		    value != world_key_get(&usual, key))
			fprintf(out, " %s=%u", world_key_word(key), value);
	}
	fputc('\n', out);
	if (prog->expect[0])
		fprintf(out, "# expect: %s\n", prog->expect);

	for (i = 0; i < prog->nr; i++)
		fprintf(out, "%s\n",
			op_print(&prog->ops[i], text, sizeof(text)));
}

static void print_keys(FILE *out)
{
	struct prog_world usual = prog_world_default();
	unsigned int key;

	for (key = 0; key < KEY_COUNT; key++) {
		struct world_range range =
			world_key_range(key, usual.page_shift);

		fprintf(out, "  %-6s %s; ", world_key_word(key),
			world_key_what(key));
		if (key != KEY_PAGE)
			fprintf(out, "%u to %u%s, ", range.lo, range.hi,
				key == KEY_PAGES || key == KEY_POOL ? " of 4096"
								    : "");
		fprintf(out, "default %u\n", world_key_get(&usual, key));
	}
}

static void print_deferral(FILE *out)
{
	fprintf(out, "at unlock N: alloc, free, topup, reclaim or shrink "
		     "PAGES\n"
		     "    runs on another CPU, when the next operation that is "
		     "not "
		     "deferred unlocks\n"
		     "    for the N-th time, 1 to 255\n"
		     "at donate N: poke ADDRESS VALUE\n"
		     "    the host writes just before the N-th donation of the "
		     "next "
		     "operation\n");
}

static void print_hypercalls(FILE *out)
{
	fprintf(out, "\n"
		     "VALUE, X1, X2 and X3 are numbers, or a page of the pool, "
		     "from "
		     "0: pN, its\n"
		     "physical address; hN, the host's address of it; eN, "
		     "EL2's; "
		     "each with\n"
		     "+OFFSET or not; fN, its frame. NAMEs of hvc, each with "
		     "its "
		     "NUMBER and how many\n"
		     "registers it has; any NUMBER to 255 can be said:\n");
#define HVC(id, number, word, registers, what) \
	fprintf(out, "  %2d %-14s %d  %s\n", number, word, registers, what);
#include "hvc.def"
#undef HVC
}

void prog_print_grammar(FILE *out)
{
	fprintf(out,
		"A program is text, one operation a line; \";\" equals a new "
		"line.\n"
		"Numbers are decimal or 0x, up to 64 bits. \"#\" begins a "
		"comment.\n"
		"\n"
		"hypheap %d\n"
		"    first line, the version\n"
		"heap KEY=VALUE...\n"
		"    the world, before the first operation; keys not said have "
		"their default\n",
		PROG_VERSION);
	print_keys(out);
	fprintf(out,
		"# expect: SIGNATURE\n"
		"    the case holds only if exactly this verdict comes\n"
		"\n"
		"SLOT is a to z or s26 to s%u. Where its state does not fit, "
		"the next slot is\n"
		"taken whose state does; if there is none, the operation is "
		"skipped.\n"
		"\n",
		OP_SLOTS - 1);
#define OP(id, number, word, slot, grammar, what) \
	fprintf(out, "%s\n    %s\n", grammar, what);
#include "ops.def"
#undef OP
	print_deferral(out);
	print_hypercalls(out);
}
