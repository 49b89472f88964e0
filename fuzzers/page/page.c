/* SPDX-License-Identifier: GPL-2.0-only */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "page.h"
#include "page_files.h"
#include "rows.h"
#include "run/json.h"

/* The whole text of a program is in the page up to this size. */
#define PROGRAM_BYTES_MAX (1u << 20)

/* ---- recording ---------------------------------------------------------- */

static void run_from(struct page *page, uint32_t first)
{
	struct run_config config = run_config_full();

	config.level = page->level;
	config.watch = rows_watch;
	config.data = page->rows;
	page->first = first;
	rows_begin(page->rows, first);
	run_program(page->run, page->prog, &config, &page->result);
	page->steps = rows_end(page->rows);
}

void page_record(struct page *page)
{
	uint32_t most = ROWS_MAX;

	page->rows = rows_create();
	run_from(page, 1);
	while (!page->steps && most) {
		uint32_t ran = page->result.steps;

		run_from(page, ran > most ? ran - most + 1 : 1);
		most /= 2;
	}
	assert(page->steps);
}

void page_forget(struct page *page)
{
	if (page->rows)
		rows_destroy(page->rows);
	page->rows = NULL;
}

/* ---- data --------------------------------------------------------------- */

/* In JSON "<" stands in strings only, and there it can be said otherwise. */
static void put_json(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '<')
			fputs("\\u003c", out);
		else
			fputc(*text, out);
	}
}

static void put_program(struct json *j, const struct prog *prog)
{
	char *text = NULL;
	size_t size;
	FILE *mem = open_memstream(&text, &size);

	if (!mem)
		abort();
	prog_print(prog, mem);
	if (fclose(mem))
		abort();
	json_number(j, "program_bytes", size);
	json_string(j, "program", size > PROGRAM_BYTES_MAX ? NULL : text);
	free(text);
}

/* The model's heap, which is how it should be after the last step. */
static void put_expected(struct json *j, const struct page *page)
{
	const struct step *step = &page->result.last;
	const struct model *m = step->model;
	const struct census census = words_census(step);
	char text[512], slot[SLOT_TEXT];

	json_object(j, "expected");
	json_string(j, "result", words_expected(step, text, sizeof(text)));
	json_array(j, "census");
	json_number(j, NULL, census.host);
	json_number(j, NULL, census.spare);
	json_number(j, NULL, census.mapped);
	json_number(j, NULL, census.guest);
	json_number(j, NULL, census.hyp);
	json_end(j);
	json_array(j, "chunks");
	for (uint32_t i = 0; i < m->nr; i++) {
		const struct model_chunk *c = &m->chunk[i];

		json_number(j, NULL, c->addr);
		json_number(j, NULL,
			    (c->mark ? c->mark - c->addr : 0) | c->used);
	}
	json_end(j);
	json_array(j, "pages");
	for (uint32_t i = 0; i < m->map_top; i++)
		if (model_page_mapped(m, i))
			json_number(j, NULL, i);
	json_end(j);
	if (step->size && step->expect.end == STEP_DONE && !step->expect.err) {
		json_array(j, "made");
		json_number(j, NULL, step->expect.offset);
		json_number(j, NULL, step->size);
		json_string(j, NULL, slot_name(step->op.slot, slot));
		json_end(j);
	}
	json_end(j);
}

/* An object that the failing step handed out; nobody has taken it in. */
static void put_made(struct json *j, const struct step *step)
{
	char slot[SLOT_TEXT];

	if (!step->size || step->actual.end != STEP_DONE || step->actual.err)
		return;
	json_array(j, "made");
	json_number(j, NULL, step->actual.offset);
	json_number(j, NULL, step->size);
	json_string(j, NULL, slot_name(step->op.slot, slot));
	json_end(j);
}

static void put_fail(struct json *j, const struct page *page)
{
	const struct verdict *v = &page->result.verdict;
	const struct step *step = &page->result.last;
	char signature[SIGNATURE_TEXT];

	if (v->oracle == ORACLE_NONE)
		return;
	json_object(j, "fail");
	json_number(j, "step", v->step);
	json_string(j, "signature",
		    verdict_signature(v, signature, sizeof(signature)));
	if (v->step) {
		put_made(j, step);
		if (step->exact && step->model)
			put_expected(j, page);
	}
	json_end(j);
}

static void put_facts(FILE *out, const struct page *page)
{
	const struct prog *prog = page->prog;
	struct json j;

	json_begin(&j, out);
	json_object(&j, NULL);
	json_string(&j, "name", page->name);
	json_number(&j, "page", 1u << prog->world.page_shift);
	json_number(&j, "heap",
		    prog->world.init ? (uint64_t)prog->world.heap_pages
					       << prog->world.page_shift
				     : 0);
	json_number(&j, "pool", prog->world.pool_pages);
	json_number(&j, "ops", prog->nr);
	json_number(&j, "ran", page->result.steps);
	json_number(&j, "first", page->first);
	put_fail(&j, page);
	put_program(&j, prog);
	json_end(&j);
}

static void put_data(FILE *out, const struct page *page)
{
	char *text = NULL;
	size_t size;
	FILE *mem = open_memstream(&text, &size);

	if (!mem)
		abort();
	put_facts(mem, page);
	if (fclose(mem))
		abort();
	fputs("{\"facts\": ", out);
	put_json(out, text);
	fputs(", \"steps\": ", out);
	put_json(out, page->steps);
	fputc('}', out);
	free(text);
}

/* ---- the page ----------------------------------------------------------- */

static void put_title(FILE *out, const struct page *page)
{
	char signature[SIGNATURE_TEXT];

	html_text(out, page->name);
	fputs(": ", out);
	if (page->result.verdict.oracle == ORACLE_NONE)
		fputs("holds", out);
	else
		html_text(out, verdict_signature(&page->result.verdict,
						 signature, sizeof(signature)));
}

static void put_files(FILE *out, const char *const *files)
{
	for (; *files; files++)
		fputs(*files, out);
}

static void put_style(FILE *out, const struct page *page)
{
	(void)page;
	put_files(out, page_styles);
}

static void put_script(FILE *out, const struct page *page)
{
	(void)page;
	put_files(out, page_scripts);
}

static const struct {
	const char *mark;
	void (*put)(FILE *out, const struct page *page);
} parts[] = {
	{"@TITLE@", put_title},	      {"@STYLE@", put_style},
	{"@VERDICT@", words_verdict}, {"@DATA@", put_data},
	{"@SCRIPT@", put_script},
};

#define PARTS (sizeof(parts) / sizeof(*parts))

void page_write(FILE *out, const void *data)
{
	const struct page *page = data;
	const char *at = page_html;

	for (size_t i = 0; i < PARTS; i++) {
		const char *mark = strstr(at, parts[i].mark);

		assert(mark);
		fwrite(at, 1, (size_t)(mark - at), out);
		parts[i].put(out, page);
		at = mark + strlen(parts[i].mark);
	}
	fputs(at, out);
}
