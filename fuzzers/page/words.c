/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "page.h"
#include "run/report.h"
#include "run/trace.h"

/* What came of the run in words, which needs no script to be read. */

void html_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		default:
			fputc(*text, out);
		}
	}
}

char *words_expected(const struct step *step, char *buf, size_t size)
{
	struct step due = *step;

	due.actual = step->expect;
	due.deferred_nr = 0;
	if (step->expect.end > STEP_SKIPPED)
		snprintf(buf, size, "panic");
	else
		result_print(&due, buf, size);
	return buf;
}

/* ---- expected beside actual --------------------------------------------- */

/* One row; @before or @due NULL: there is none. What differs is marked. */
static void put_row(FILE *out, const char *what, const char *before,
		    const char *due, const char *is)
{
	bool differs = due && strcmp(due, is) != 0;

	fprintf(out, "<tr%s><th scope=\"row\">%s</th><td>",
		differs ? " class=\"differs\"" : "", what);
	html_text(out, before ? before : "");
	fputs("</td><td>", out);
	html_text(out, due ? due : "not predicted");
	fputs("</td><td>", out);
	html_text(out, is);
	fprintf(out, "%s</td></tr>\n",
		differs ? " <b aria-label=\"differs\">&ne;</b>" : "");
}

static void put_count(FILE *out, const char *what, uint64_t before,
		      const uint64_t *due, uint64_t is)
{
	char before_text[24], due_text[24], is_text[24];

	snprintf(before_text, sizeof(before_text), "%" PRIu64, before);
	snprintf(due_text, sizeof(due_text), "%" PRIu64, due ? *due : 0);
	snprintf(is_text, sizeof(is_text), "%" PRIu64, is);
	put_row(out, what, before_text, due ? due_text : NULL, is_text);
}

struct census words_census(const struct step *step)
{
	const struct model *m = step->model;
	uint32_t used = model_chunks_used(m);
	struct census c = {.host = m->host,
			   .spare = m->spare,
			   .mapped = m->mapped,
			   .used = used,
			   .free = m->nr - used};

	if (step->world) {
		c.host = world_host_owned(step->world);
		c.spare = world_spare(step->world);
		c.mapped = world_mapped(step->world);
		c.guest = world_guest(step->world);
		c.hyp = world_hyp(step->world);
	}
	return c;
}

static void put_censuses(FILE *out, const struct step *step, bool predicted)
{
	const struct census *was = &step->before, *is = &step->after;
	struct census due = *is;
	static const char *const names[] = {
		"pages of the host",
		"pages in the heap's cache",
		"pages mapped",
		"pages of guests",
		"pages of EL2 elsewhere",
		"chunks in use",
		"chunks free",
	};
	uint32_t three[7][3];

	if (predicted)
		due = words_census(step);
#define ROW(i, field)             \
	three[i][0] = was->field; \
	three[i][1] = due.field;  \
	three[i][2] = is->field
	ROW(0, host);
	ROW(1, spare);
	ROW(2, mapped);
	ROW(3, guest);
	ROW(4, hyp);
	ROW(5, used);
	ROW(6, free);
#undef ROW
	for (unsigned int i = 0; i < 7; i++) {
		uint64_t expect = three[i][1];

		if (i > 2 && i < 5 && !three[i][0] && !expect && !three[i][2])
			continue;
		put_count(out, names[i], three[i][0],
			  predicted ? &expect : NULL, three[i][2]);
	}
}

static void put_table(FILE *out, const struct step *step)
{
	bool predicted = step->exact && step->model;
	char due[RESULT_TEXT], is[RESULT_TEXT];

	fputs("<table class=\"beside\"><thead><tr><td></td><th>before</th>"
	      "<th>expected</th><th>actual</th></tr></thead><tbody>\n",
	      out);
	words_expected(step, due, sizeof(due));
	result_print(step, is, sizeof(is));
	/* a panic is due, and one came: where it was is not predicted */
	if (!strcmp(due, "panic") && step->actual.end > STEP_SKIPPED)
		snprintf(due, sizeof(due), "%s", is);
	put_row(out, "result", NULL, predicted ? due : NULL, is);
	put_censuses(out, step, predicted);
	if (step->actual.end == STEP_DONE)
		put_count(out, "pages reclaimable", step->reclaimable_before,
			  predicted ? &step->reclaimable_expect : NULL,
			  step->reclaimable);
	fputs("</tbody></table>\n", out);
}

/* ---- the failure -------------------------------------------------------- */

static void put_where(FILE *out, const struct page *page)
{
	const struct verdict *v = &page->result.verdict;
	char text[OP_TEXT];

	if (!v->step && !strcmp(v->word, "end")) {
		fprintf(out, "At the end, after %" PRIu32 " operations,",
			page->result.steps);
	} else if (!v->step || v->step > page->prog->nr) {
		fputs("Before the first operation, <code>", out);
		html_text(out, v->word);
		fputs("</code>,", out);
	} else {
		fprintf(out, "Operation %" PRIu32 " of %" PRIu32 ", <code>",
			v->step, page->prog->nr);
		html_text(out,
			  op_print(&page->result.last.op, text, sizeof(text)));
		fputs("</code>,", out);
	}
}

static void put_copied(FILE *out, const char *id, const char *text)
{
	fprintf(out,
		"<div class=\"copied\"><button type=\"button\" "
		"data-copy=\"%s\">Copy</button><pre id=\"%s\" tabindex=\"0\">",
		id, id);
	html_text(out, text);
	fputs("</pre></div>\n", out);
}

static void put_report(FILE *out, const struct page *page, const char *replay)
{
	char *text = NULL;
	size_t size;
	FILE *mem = open_memstream(&text, &size);

	if (!mem)
		abort();
	report_failure(mem, page->run, &page->result, replay);
	if (fclose(mem))
		abort();
	fputs("<details><summary>All of it as text</summary>\n", out);
	put_copied(out, "report", text);
	fputs("</details>\n", out);
	free(text);
}

static void put_failure(FILE *out, const struct page *page)
{
	const struct verdict *v = &page->result.verdict;
	const struct step *step = &page->result.last;
	const char *contract =
		page->level == RUN_CONTRACT ? "--oracle=contract " : "";
	char replay[512];

	fputs("<section id=\"failure\" aria-label=\"What broke\">\n<h2>What "
	      "broke</h2>\n<p>",
	      out);
	put_where(out, page);
	fprintf(out, " breaks the rule of the oracle <b>%s</b>: <q>",
		oracle_name(v->oracle));
	html_text(out, oracle_what(v->oracle));
	fputs("</q>.</p>\n<p class=\"values\">", out);
	html_text(out, v->text);
	fputs("</p>\n", out);
	if (v->step)
		put_table(out, step);
	if (!step->exact && v->step)
		fputs("<p>Contract level: the model predicts nothing, the "
		      "allocator may place as it likes.</p>\n",
		      out);
	snprintf(replay, sizeof(replay), "hypheap run %s%s", contract,
		 page->name);
	fputs("<p>To see it again:</p>\n", out);
	put_copied(out, "replay", replay);
	put_report(out, page, replay);
	fputs("</section>\n", out);
}

/* ---- the head of the page ----------------------------------------------- */

static void put_damage(FILE *out, const struct damage *d)
{
	if (!d->nr)
		return;
	fprintf(out, "<p>Corruption: %s of a %s chunk, %s",
		damage_word(d->kind), d->free ? "free" : "live",
		damage_end_word(d->end));
	if (d->step)
		fprintf(out, " at operation %" PRIu32, d->step);
	fputs(".</p>\n", out);
}

static void put_holds(FILE *out, const struct page *page)
{
	uint32_t ran = page->result.steps, nr = page->prog->nr;

	fprintf(out, "<b>HOLDS</b> %" PRIu32 " operations", ran);
	if (ran < nr)
		fprintf(out,
			" of %" PRIu32 ": the last one ended the program, as "
			"it must",
			nr);
	if (page->level == RUN_CONTRACT)
		fputs(", contract level", out);
}

void words_verdict(FILE *out, const struct page *page)
{
	const struct verdict *v = &page->result.verdict;
	const struct prog *prog = page->prog;
	bool fails = v->oracle != ORACLE_NONE;
	char signature[SIGNATURE_TEXT];

	verdict_signature(v, signature, sizeof(signature));
	fputs("<header>\n<h1>", out);
	html_text(out, page->name);
	fprintf(out, "</h1>\n<p class=\"verdict %s\">",
		fails ? "fails" : "holds");
	if (fails) {
		fputs("<b>FAIL</b> <code id=\"signature\">", out);
		html_text(out, signature);
		fputs("</code>", out);
		if (v->step)
			fprintf(out, " at operation %" PRIu32 " of %" PRIu32,
				v->step, prog->nr);
	} else {
		put_holds(out, page);
	}
	fputs("</p>\n", out);
	if (prog->expect[0]) {
		fputs("<p>The program expects <code>", out);
		html_text(out, prog->expect);
		fprintf(out, "</code>: %s.</p>\n",
			strcmp(prog->expect, signature) != 0 ? "that is "
							       "<b>not</b> "
							       "what came"
							     : "that is what "
							       "came");
	}
	put_damage(out, &page->result.damage);
	fputs("</header>\n", out);
	if (fails)
		put_failure(out, page);
}
