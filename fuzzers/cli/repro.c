/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <string.h>

#include "repro.h"

/* The C file around the operations. */

/* Calls read as kernel code; what does not return ends the program. */
static const char calls[] =
	"#include <errno.h>\n"
	"#include <inttypes.h>\n"
	"#include <stdio.h>\n"
	"#include <stdlib.h>\n"
	"#include <string.h>\n"
	"\n"
	"#include \"allocator/heap.h\"\n"
	"#include \"allocator/host/host.h\"\n"
	"\n"
	"/*\n"
	" * The allocator, and the host around it. An address is its offset in "
	"the heap.\n"
	" */\n"
	"#define NONE UINT64_MAX\n"
	"static int failed, err, must_panic;\n"
	"static uint32_t need;\n"
	"static struct host_loop loop;\n"
	"\n"
	"static void hyp(int returned)\n"
	"{\n"
	"\tif (returned)\n"
	"\t\treturn;\n"
	"\tif (must_panic) {\n"
	"\t\tputs(\"ok: it panics\\nit does not fail\");\n"
	"\t\texit(0);\n"
	"\t}\n"
	"\tprintf(\"FAIL: the hypervisor stopped: %s %s %s\\n\", "
	"heap_stop()->function,\n"
	"\t       heap_stop()->where, heap_stop()->what);\n"
	"\texit(1);\n"
	"}\n"
	"\n"
	"static __attribute__((unused)) void expect(const char *what, int64_t "
	"is, int64_t due)\n"
	"{\n"
	"\tprintf(\"%s: %s is %\" PRId64 \", expected %\" PRId64 \"\\n\",\n"
	"\t       is == due ? \"ok\" : \"FAIL\", what, is, due);\n"
	"\tfailed |= is != due;\n"
	"}\n"
	"\n"
	"static __attribute__((unused)) uint64_t hyp_alloc(uint64_t size)\n"
	"{\n"
	"\tuint64_t addr = NONE;\n"
	"\tbool got;\n"
	"\n"
	"\thyp(heap_alloc(size, &got, &addr));\n"
	"\terr = 0;\n"
	"\tneed = 0;\n"
	"\tif (!got)\n"
	"\t\thyp(heap_errno(&err) && heap_topup_needed(&need));\n"
	"\treturn got ? addr : NONE;\n"
	"}\n"
	"\n"
	"/* Through the host's request loop. */\n"
	"static __attribute__((unused)) uint64_t call_alloc(uint64_t size)\n"
	"{\n"
	"\tuint64_t addr = NONE;\n"
	"\tbool got;\n"
	"\n"
	"\thyp(host_call_alloc(size, 16, &loop, &got, &addr));\n"
	"\terr = got ? 0 : loop.err;\n"
	"\tneed = got ? 0 : loop.need;\n"
	"\treturn got ? addr : NONE;\n"
	"}\n"
	"\n"
	"static __attribute__((unused)) void hyp_free(uint64_t addr)\n"
	"{\n"
	"\thyp(heap_free(addr));\n"
	"}\n"
	"\n"
	"static __attribute__((unused)) uint64_t reclaimable(void)\n"
	"{\n"
	"\tuint64_t pages;\n"
	"\n"
	"\thyp(heap_reclaimable(&pages));\n"
	"\treturn pages;\n"
	"}\n"
	"\n"
	"/* The client writes its object, or finds it changed. */\n"
	"static __attribute__((unused)) void fill(uint64_t addr, uint64_t "
	"size, int byte)\n"
	"{\n"
	"\tvoid *bytes = memset(malloc(size), byte, size);\n"
	"\n"
	"\theap_fill(addr, bytes, size);\n"
	"\tfree(bytes);\n"
	"}\n"
	"\n"
	"static __attribute__((unused)) int64_t changed(uint64_t addr, "
	"uint64_t size, int "
	"byte)\n"
	"{\n"
	"\tvoid *bytes = memset(malloc(size), byte, size);\n"
	"\tuint8_t is;\n"
	"\tuint64_t at = heap_differ(addr, bytes, size, &is);\n"
	"\n"
	"\tfree(bytes);\n"
	"\treturn at < size ? (int64_t)at : -1;\n"
	"}\n";

/* What cannot be said in plain calls. */
const char *repro_cannot(const struct repro *repro)
{
	switch (repro->result.verdict.oracle) {
	case ORACLE_ACCOUNT:
	case ORACLE_REPLAY:
		return "only the harness can see it: jemalloc's books, or two "
		       "runs compared";
	default:
		break;
	}
	for (uint32_t i = 0; i < repro->nr; i++) {
		const struct op *op = &repro->step[i].op;

		if (op->at)
			return "operations of another CPU in the middle of a "
			       "call (\"at\") cannot be said in plain calls";
		if (op->kind == OP_CORRUPT)
			return "damage to headers (\"corrupt\") cannot be said "
			       "in plain calls";
		if (op->kind == OP_HVC)
			return "raw hypercalls (\"hvc\") cannot be said in "
			       "plain calls";
	}
	return NULL;
}

void repro_live(const struct repro *repro, uint64_t size[OP_SLOTS])
{
	memset(size, 0, OP_SLOTS * sizeof(*size));
	for (uint32_t i = 0; i < repro->nr; i++) {
		const struct repro_step *step = &repro->step[i];
		enum op_slot needs = op_slot(&step->op);

		if (needs == SLOT_EMPTY)
			size[step->op.slot] = step->size;
		if (step->op.kind == OP_FREE)
			size[step->op.slot] = 0;
	}
}

void repro_command(FILE *out, const char *file)
{
	fprintf(out, "%s -o repro %s %s && ./repro", HYPHEAP_BUILD_REPRO, file,
		HYPHEAP_LIBS_REPRO);
}

/* Each slot is a variable. */
static void declare(FILE *out, const struct repro *repro)
{
	bool seen[OP_SLOTS] = {false}, vms = false;
	char name[SLOT_TEXT];

	for (uint32_t i = 0; i < repro->nr; i++) {
		const struct op *op = &repro->step[i].op;

		vms |= op->kind == OP_CREATE;
		if (op_slot(op) == SLOT_NONE || seen[op->slot])
			continue;
		seen[op->slot] = true;
		fprintf(out, "\tuint64_t %s __attribute__((unused)) = NONE;\n",
			slot_name(op->slot, name));
	}
	fputs("\tuint64_t pages = 0;\n\tlong ret = 0;\n", out);
	if (vms)
		fprintf(out, "\tlong vm[%u] = {0};\n", OP_VMS);
	fputs("\n\t(void)pages;\n\t(void)ret;\n", out);
}

static void set_up(FILE *out, const struct repro *repro)
{
	const struct prog_world *w = &repro->prog->world;

	fprintf(out,
		"\n\t/* the host has %u pages of %u bytes, and %u CPU%s */\n"
		"\theap_reset(&(struct heap_config){.page_shift = %u, "
		".pool_pages = %u, .cpus = %u});\n"
		"\t%s(%u);\n"
		"\theap_set_sizes(%u, %u);\n"
		"\theap_watchdog(2);\n"
		"\theap_begin(UINT64_MAX);\n",
		w->pool_pages, 1u << w->page_shift, w->cpus,
		w->cpus == 1 ? "" : "s", w->page_shift, w->pool_pages, w->cpus,
		w->boot ? "host_boot" : "host_reset", w->pool_pages,
		w->vm_size ? w->vm_size : 3072,
		w->vcpu_size ? w->vcpu_size : 8192);
	if (w->init)
		fprintf(out,
			"\thyp(heap_init(%" PRIu64 ", &err)); /* %u pages */\n",
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
		"nothing else of the harness:\n *\n *\t",
		repro->signature, repro->result.verdict.text,
		oracle_what(repro->result.verdict.oracle));
	repro_command(out, repro->file);
	fputs("\n *\n * Exit status: 1 it fails, 0 it does not.\n */\n", out);
	fputs(calls, out);
	fputs("\nint main(void)\n{\n", out);
	declare(out, repro);
	set_up(out, repro);
	for (uint32_t i = 0; i < repro->nr; i++)
		repro_op(out, repro, i);
	repro_check(out, repro);
	fputs("\n\tputs(failed ? \"it fails\" : \"it does not fail\");\n"
	      "\treturn failed;\n}\n",
	      out);
}
