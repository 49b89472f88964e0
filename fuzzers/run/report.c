/* SPDX-License-Identifier: GPL-2.0-only */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "trace.h"

/* The report of a failure: called once, when something is wrong. */

#define HEADER_BYTES 16u
#define CHUNKS_SHOWN 10u /* of a list of chunks */
#define CHUNKS_BEFORE 3u /* of these, before the one that matters */
#define OPS_SHOWN 40u	 /* of a program */
#define OPS_FIRST 6u	 /* of these, from its beginning */

/* ---- lists of chunks ---------------------------------------------------- */

/**
 * struct list - Chunks as the walk found them, or as the model has them.
 * @headers: the walk's; NULL: @model's
 * @before: as they were before the step
 */
struct list {
	const struct run *run;
	const struct step *step;
	const struct header *headers;
	const struct model *model;
	uint32_t nr;
	bool before;
};

static struct header list_at(const struct list *list, uint32_t i)
{
	const struct model_chunk *c;
	struct header h;

	assert(i < list->nr);
	if (list->headers)
		return list->headers[i];

	c = &list->model->chunk[i];
	h = (struct header){.offset = c->addr, .unmapped = c->used};
	if (i + 1 < list->nr)
		h.next = c[1].addr - c->addr;
	if (i)
		h.prev = c->addr - c[-1].addr;
	if (c->mark)
		h.unmapped |= c->mark - c->addr;
	return h;
}

static bool header_same(struct header a, struct header b)
{
	return a.offset == b.offset && a.next == b.next && a.prev == b.prev &&
	       a.unmapped == b.unmapped;
}

/* The first chunk in which two lists differ; UINT32_MAX: they are the same. */
static uint32_t list_differ(const struct list *a, const struct list *b)
{
	uint32_t i, nr = a->nr < b->nr ? a->nr : b->nr;

	for (i = 0; i < nr; i++)
		if (!header_same(list_at(a, i), list_at(b, i)))
			return i;
	return a->nr == b->nr ? UINT32_MAX : nr;
}

struct object report_object(const struct run *run, uint64_t header)
{
	uint32_t lo = 0, hi = run_live(run);

	while (lo < hi) {
		uint32_t middle = lo + (hi - lo) / 2;
		struct object o = run_object(run, middle);

		if (o.offset == header + HEADER_BYTES)
			return o;
		if (o.offset < header + HEADER_BYTES)
			lo = middle + 1;
		else
			hi = middle;
	}
	return (struct object){.there = false};
}

static bool is_free(const struct op *op)
{
	return op->kind == OP_FREE ||
	       (op->kind == OP_MISUSE && op->sub == MISUSE_DOUBLE);
}

/* Where the step puts a new object, by what the list is of; 0: nowhere. */
static uint64_t new_offset(const struct list *list)
{
	const struct step *step = list->step;
	const struct outcome *o = list->headers ? &step->actual : &step->expect;

	if (step->op.kind != OP_ALLOC && step->op.kind != OP_CALL)
		return 0;
	return o->end == STEP_DONE && !o->err ? o->offset : 0;
}

/*
 * The object in a chunk of the list, at the time that the list is of. The one
 * that a failing step handed out is not among the live ones yet, but the one of
 * a step that was judged is.
 */
static struct object list_object(const struct list *list, struct header h)
{
	const struct step *step = list->step;
	struct object o = report_object(list->run, h.offset);
	uint64_t fresh = new_offset(list);

	if (fresh && o.there && o.slot == step->op.slot)
		o.there = false;
	if (fresh == (uint64_t)h.offset + HEADER_BYTES && !list->before)
		o = (struct object){.offset = fresh,
				    .size = step->size,
				    .slot = step->op.slot,
				    .there = true};
	return o;
}

/* The chunk that the step frees: the one in use without an object, if one is. */
static uint32_t list_freed(const struct list *list)
{
	uint32_t i, found = UINT32_MAX;

	if (!list->before || !is_free(&list->step->op))
		return UINT32_MAX;
	for (i = 0; i < list->nr; i++) {
		struct header h = list_at(list, i);

		if (!(h.unmapped & 1) || list_object(list, h).there)
			continue;
		if (found != UINT32_MAX)
			return UINT32_MAX;
		found = i;
	}
	return found;
}

static void print_chunk(FILE *out, const struct list *list, uint32_t i,
			bool freed)
{
	struct header h = list_at(list, i);
	struct object o = list_object(list, h);
	uint64_t end = h.next ? (uint64_t)h.offset + h.next
			      : list->step->heap_bytes;
	uint64_t data = (uint64_t)h.offset + HEADER_BYTES;
	uint64_t size = end > data ? end - data : 0;
	char slot[SLOT_TEXT] = "?";

	if (o.there)
		slot_name(o.slot, slot);
	else if (freed)
		slot_name(list->step->op.slot, slot);

	if (h.unmapped & 1) {
		if (list->model && !list->headers)
			size = list->model->chunk[i].size;
		else if (o.there)
			size = o.size;
		fprintf(out, "[+%" PRIu32 " %s used %" PRIu64, h.offset, slot,
			size);
	} else {
		fprintf(out, "[+%" PRIu32 " free %" PRIu64, h.offset, size);
		if (o.there)
			fprintf(out, ", but %s lives here", slot);
	}
	if (h.unmapped & ~1u)
		fprintf(out, ", mapped to %" PRIu64,
			(uint64_t)h.offset + (h.unmapped & ~1u));
	fputc(']', out);
}

/* If there are many: those around the one at offset @focus. */
static void print_list(FILE *out, const struct list *list, uint64_t focus)
{
	uint32_t from = 0, to = list->nr, i, freed = list_freed(list);

	if (!list->nr) {
		fputs("no chunk", out);
		return;
	}
	if (list->nr > CHUNKS_SHOWN) {
		for (i = 0; i < list->nr; i++)
			if (list_at(list, i).offset >= focus)
				break;
		from = i > CHUNKS_BEFORE ? i - CHUNKS_BEFORE : 0;
		if (list->nr - from > CHUNKS_SHOWN)
			to = from + CHUNKS_SHOWN;
	}

	if (from)
		fprintf(out, "(%" PRIu32 " chunks before) ", from);
	for (i = from; i < to; i++) {
		if (i > from)
			fputc(' ', out);
		print_chunk(out, list, i, i == freed);
	}
	if (to < list->nr)
		fprintf(out, " (%" PRIu32 " chunks behind)", list->nr - to);
}

void report_heap(FILE *out, const struct run *run, const struct step *step,
		 const struct header *headers, uint32_t nr)
{
	struct list list = {
		.run = run, .step = step, .headers = headers, .nr = nr};

	fputs("heap: ", out);
	print_list(out, &list, 0);
}

/* ---- the parts of a report ---------------------------------------------- */

static void print_title(FILE *out, const struct run *run,
			const struct run_result *result)
{
	const struct verdict *v = &result->verdict;
	const struct prog *prog = run_prog(run);
	char took[OP_TEXT], wrote[OP_TEXT];

	fprintf(out, "FAIL %s ", oracle_name(v->oracle));
	if (!v->step || v->step > prog->nr) {
		if (!strcmp(v->word, "end"))
			fprintf(out, "at the end of %" PRIu32 " ops\n",
				prog->nr);
		else
			fprintf(out, "before op 1 of %" PRIu32 ": %s\n",
				prog->nr, v->word);
		return;
	}

	op_print(&result->last.op, took, sizeof(took));
	op_print(&prog->ops[v->step - 1], wrote, sizeof(wrote));
	fprintf(out, "at op %" PRIu32 " of %" PRIu32 ": %s", v->step, prog->nr,
		took);
	if (strcmp(took, wrote) != 0)
		fprintf(out, " (written: %s)", wrote);
	fputc('\n', out);
}

/* Where a panic, fault or hang was, if the verdict has not said so. */
static void print_where(FILE *out, const struct step *step,
			const struct verdict *v)
{
	const char *function = step->function ? step->function : "";
	const char *where = step->where ? step->where : "";
	const char *what = step->what ? step->what : "";

	if (step->actual.end == STEP_DONE || step->actual.end == STEP_SKIPPED)
		return;
	if (!*function && !*where && !*what)
		return;
	if (strstr(v->text, function) && strstr(v->text, where) &&
	    strstr(v->text, what))
		return;
	fprintf(out, "  where:   %s%s%s%s%s\n", *function ? function : "?",
		*where ? " at " : "", where, *what ? ": " : "", what);
}

static void print_census(FILE *out, const struct census *c)
{
	fprintf(out, "host %" PRIu32 ", spare %" PRIu32 ", mapped %" PRIu32,
		c->host, c->spare, c->mapped);
	if (c->guest)
		fprintf(out, ", guest %" PRIu32, c->guest);
	if (c->hyp)
		fprintf(out, ", hyp %" PRIu32, c->hyp);
}

static void print_state(FILE *out, const char *label,
			const struct census *census, const struct list *list,
			uint64_t focus)
{
	fprintf(out, "  %-7s ", label);
	print_census(out, census);
	fputs("        heap: ", out);
	print_list(out, list, focus);
	if (!list->before && list->step->walk_broken)
		fprintf(out, " then at +%" PRIu64 ": %s",
			list->step->walk_broken_at, list->step->walk_broken);
	fputc('\n', out);
}

/* Offset of the chunk that matters most in what the step did. */
static uint64_t focus_of(const struct list *before, const struct list *after,
			 uint32_t unlike)
{
	const struct step *step = after->step;
	uint32_t i = unlike;

	if (i == UINT32_MAX && step->changed.there)
		return step->changed.offset - HEADER_BYTES;
	if (i == UINT32_MAX && step->unbacked.there)
		return step->unbacked.offset - HEADER_BYTES;
	if (i == UINT32_MAX)
		i = list_differ(before, after);
	if (i == UINT32_MAX)
		i = list_freed(before);
	if (i == UINT32_MAX && new_offset(after))
		return new_offset(after) - HEADER_BYTES;
	if (i < after->nr)
		return list_at(after, i).offset;
	if (i < before->nr)
		return list_at(before, i).offset;
	return i == UINT32_MAX ? 0 : UINT64_MAX;
}

/* Where the model has the pages. */
static void print_expected(FILE *out, const struct step *step)
{
	const struct model *m = step->model;
	struct census census = {
		.host = m->host, .spare = m->spare, .mapped = m->mapped};

	if (step->world) {
		census.host = world_host_owned(step->world);
		census.spare = world_spare(step->world);
		census.mapped = world_mapped(step->world);
		census.guest = world_guest(step->world);
		census.hyp = world_hyp(step->world);
	}
	print_census(out, &census);
}

static void print_heaps(FILE *out, const struct run *run,
			const struct run_result *result)
{
	const struct step *step = &result->last;
	struct list before = {.run = run, .step = step, .before = true};
	struct list after = {.run = run, .step = step};
	struct list model = {.run = run, .step = step, .model = step->model};
	uint32_t unlike = UINT32_MAX;
	uint64_t focus;

	before.headers = run_headers_before(run, &before.nr);
	after.headers = run_headers(run, &after.nr);
	if (step->exact && step->model && step->actual.end == STEP_DONE) {
		model.nr = step->model->nr;
		unlike = list_differ(&model, &after);
	}
	focus = focus_of(&before, &after, unlike);

	if (result->verdict.step)
		print_state(out, "before:", &step->before, &before, focus);
	print_state(out, "after:", &step->after, &after, focus);
	if (unlike != UINT32_MAX) {
		fputs("  expected: ", out);
		print_expected(out, step);
		fputs("      heap: ", out);
		print_list(out, &model, focus);
		fputc('\n', out);
	}
}

/* The heap line, as the canonical text has it. */
static void print_world(FILE *out, const struct prog *prog)
{
	struct prog empty = {.world = prog->world};
	char *text = NULL, *line, *end;
	size_t size;
	FILE *mem = open_memstream(&text, &size);

	if (!mem)
		return;
	prog_print(&empty, mem);
	if (fclose(mem) || !text)
		return;

	line = strstr(text, "heap ");
	while (line && line > text && line[-1] != '\n')
		line = strstr(line + 1, "heap ");
	end = line ? strchr(line, '\n') : NULL;
	if (end)
		fprintf(out, "  world:   %.*s\n", (int)(end - line), line);
	free(text);
}

static void print_program(FILE *out, const struct prog *prog, uint32_t step)
{
	uint32_t nr = step && step < prog->nr ? step : prog->nr, i;
	uint32_t left_out = nr > OPS_SHOWN ? nr - OPS_SHOWN : 0;
	char text[OP_TEXT];

	fputs("  program: ", out);
	for (i = 0; i < nr; i++) {
		if (i)
			fputs("; ", out);
		if (left_out && i == OPS_FIRST) {
			fprintf(out, "... (%" PRIu32 " ops left out) ...; ",
				left_out);
			i += left_out;
		}
		fprintf(out, "%s%s", i + 1 == step ? "> " : "",
			op_print(&prog->ops[i], text, sizeof(text)));
	}
	if (!nr)
		fputs("no operation", out);
	fputc('\n', out);
}

void report_failure(FILE *out, const struct run *run,
		    const struct run_result *result, const char *replay)
{
	const struct verdict *v = &result->verdict;
	const struct step *step = &result->last;
	char signature[SIGNATURE_TEXT], text[RESULT_TEXT];

	assert(v->oracle != ORACLE_NONE && run_prog(run));
	print_title(out, run, result);
	fprintf(out, "  %s\n", v->text);
	fprintf(out, "  rule:    %s\n", oracle_what(v->oracle));
	print_where(out, step, v);
	if (v->step)
		fprintf(out, "  result:  %s\n",
			result_print(step, text, sizeof(text)));
	if (!step->exact)
		fputs("  level:   contract, nothing is predicted; shape is "
		      "off\n",
		      out);
	print_heaps(out, run, result);
	print_world(out, run_prog(run));
	print_program(out, run_prog(run), v->step);
	if (replay)
		fprintf(out, "  replay:  %s\n", replay);
	fprintf(out, "  signature: %s\n",
		verdict_signature(v, signature, sizeof(signature)));
}
