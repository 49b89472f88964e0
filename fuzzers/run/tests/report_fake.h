/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_TEST_REPORT_FAKE_H
#define HYPHEAP_TEST_REPORT_FAKE_H

#include "scripts/lib/test.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "run/report.h"

/*
 * The executor's own word, faked, and what reports and drawings make of it: so
 * each case is a table of what the executor says.
 */

struct run {
	struct prog prog;
	struct object object[8];
	uint32_t objects;
	struct header before[24], after[24];
	uint32_t before_nr, after_nr;
	uint64_t mapped; /* bit n: heap page n */
};

const struct prog *run_prog(const struct run *run)
{
	return &run->prog;
}

uint32_t run_live(const struct run *run)
{
	return run->objects;
}

struct object run_object(const struct run *run, uint32_t i)
{
	assert_true(i < run->objects);
	return run->object[i];
}

int64_t run_page_at(const struct run *run, uint64_t page)
{
	return page < 64 && (run->mapped >> page & 1) ? (int64_t)page : -1;
}

const struct header *run_headers(const struct run *run, uint32_t *nr)
{
	*nr = run->after_nr;
	return run->after;
}

const struct header *run_headers_before(const struct run *run, uint32_t *nr)
{
	*nr = run->before_nr;
	return run->before;
}

/* ---- what is written ---------------------------------------------------- */

static char *text; /* of the last report or drawing */
static struct run run;
static struct run_result result;

static int begin(void **state)
{
	(void)state;
	prog_init(&run.prog);
	return 0;
}

static int end(void **state)
{
	(void)state;
	prog_free(&run.prog);
	free(text);
	text = NULL;
	memset(&run, 0, sizeof(run));
	memset(&result, 0, sizeof(result));
	return 0;
}

static void program(const char *ops)
{
	char buf[4096];
	struct text_error err;

	snprintf(buf, sizeof(buf), "hypheap 1\n%s", ops);
	assert_int_equal(prog_parse(&run.prog, buf, strlen(buf), &err), 0);
}

static FILE *to_text(size_t *size)
{
	FILE *out;

	free(text);
	text = NULL;
	out = open_memstream(&text, size);
	assert_non_null(out);
	return out;
}

static void report(const char *replay)
{
	size_t size;
	FILE *out = to_text(&size);

	report_failure(out, &run, &result, replay);
	assert_int_equal(fclose(out), 0);
}

static void has(const char *line)
{
	if (!strstr(text, line))
		fail_msg("no \"%s\" in:\n%s", line, text);
}

static void has_not(const char *line)
{
	if (strstr(text, line))
		fail_msg("\"%s\" in:\n%s", line, text);
}

#endif
