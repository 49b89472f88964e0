/* SPDX-License-Identifier: GPL-2.0-only */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "diff.h"

#define BEFORE 4u /* lines that are shown before the one that differs */
#define COLUMNS 5u
#define DIGEST "digest "

enum column { NUMBER, OP, RESULT, CENSUS, MORE };

/* ---- reading ------------------------------------------------------------ */

static bool is_step(const char *line)
{
	unsigned int tabs = 0;

	if (!isdigit((unsigned char)*line))
		return false;
	while (isdigit((unsigned char)*line))
		line++;
	if (*line != '\t')
		return false;
	for (; *line; line++)
		tabs += *line == '\t';
	return tabs >= CENSUS && tabs <= MORE;
}

static bool is_digest(const char *line)
{
	return !strncmp(line, DIGEST, strlen(DIGEST)) &&
	       strspn(line + strlen(DIGEST), "0123456789abcdef") == 16 &&
	       !line[strlen(DIGEST) + 16];
}

static char *read_text(const char *name, char why[DIFF_WHY])
{
	FILE *in = strcmp(name, "-") != 0 ? fopen(name, "rb") : stdin;
	char *text = NULL;
	size_t room = 0;
	ssize_t got;

	if (!in) {
		snprintf(why, DIFF_WHY, "%s: %s", name, strerror(errno));
		return NULL;
	}
	errno = 0;
	got = getdelim(&text, &room, '\0', in);
	if (got < 0 || ferror(in)) {
		snprintf(why, DIFF_WHY, "%s: %s", name,
			 errno ? strerror(errno) : "it is empty");
		free(text);
		text = NULL;
	}
	if (in != stdin)
		fclose(in);
	return text;
}

static size_t count_lines(const char *text)
{
	size_t nr = 1;

	for (; *text; text++)
		nr += *text == '\n';
	return nr;
}

int trace_read(const char *name, struct trace_file *trace, char why[DIFF_WHY])
{
	char *line, *rest;
	size_t number = 0, room;

	*trace = (struct trace_file){.name = name};
	trace->text = read_text(name, why);
	if (!trace->text)
		return -1;
	room = count_lines(trace->text);
	trace->line = calloc(room, sizeof(*trace->line));
	trace->number = calloc(room, sizeof(*trace->number));
	if (!trace->line || !trace->number) {
		snprintf(why, DIFF_WHY, "%s: no memory", name);
		trace_free(trace);
		return -1;
	}

	for (rest = trace->text; (line = strsep(&rest, "\n"));) {
		number++;
		if (!*line || !strncmp(line, "== ", 3))
			continue;
		if (!is_step(line) && !is_digest(line)) {
			snprintf(why, DIFF_WHY,
				 "%s:%zu: no line of a trace: \"%.60s\"", name,
				 number, line);
			trace_free(trace);
			return -1;
		}
		trace->number[trace->nr] = number;
		trace->line[trace->nr++] = line;
	}
	if (trace->nr)
		return 0;
	snprintf(why, DIFF_WHY, "%s: there is no trace in it", name);
	trace_free(trace);
	return -1;
}

void trace_free(struct trace_file *trace)
{
	free(trace->line);
	free(trace->number);
	free(trace->text);
	*trace = (struct trace_file){.name = trace->name};
}

/* ---- what differs ------------------------------------------------------- */

/* Cut a copy of a line into its columns; those it has not are "". */
static char *columns(const char *line, const char *column[COLUMNS])
{
	char *copy = strdup(line), *rest = copy;

	if (!copy)
		abort();
	for (unsigned int i = 0; i < COLUMNS; i++) {
		const char *one = rest ? strsep(&rest, "\t") : NULL;

		column[i] = one ? one : "";
	}
	return copy;
}

/* The number behind "KEY=" in a column; "0": it is not said. */
static const char *value(const char *column, const char *key, char buf[24])
{
	size_t len = strlen(key);
	const char *at = column;

	snprintf(buf, 24, "0");
	while (at && (strncmp(at, key, len) != 0 || at[len] != '=')) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	if (at)
		snprintf(buf, 24, "%.*s", (int)strcspn(at + len + 1, " "),
			 at + len + 1);
	return buf;
}

static void differ_key(const char *a, const char *b, const char *key,
		       const char *what, FILE *out)
{
	char one[24], other[24];

	if (strcmp(value(a, key, one), value(b, key, other)) != 0)
		fprintf(out, "  %s: %s in A, %s in B\n", what, one, other);
}

static void differ_step(const char *a, const char *b, FILE *out)
{
	const char *one[COLUMNS], *other[COLUMNS];
	char *copy_a = columns(a, one), *copy_b = columns(b, other);

	if (strcmp(one[NUMBER], other[NUMBER]) != 0)
		fputs("  the traces are of programs of different length\n",
		      out);
	if (strcmp(one[OP], other[OP]) != 0)
		fprintf(out,
			"  the operation: \"%s\" in A, \"%s\" in B: another "
			"program, or another slot was taken\n",
			one[OP], other[OP]);
	if (strcmp(one[RESULT], other[RESULT]) != 0)
		fprintf(out, "  the result: %s in A, %s in B\n", one[RESULT],
			other[RESULT]);
	differ_key(one[CENSUS], other[CENSUS], "host", "pages of the host",
		   out);
	differ_key(one[CENSUS], other[CENSUS], "spare",
		   "pages in the heap's cache", out);
	differ_key(one[CENSUS], other[CENSUS], "mapped", "pages mapped", out);
	differ_key(one[CENSUS], other[CENSUS], "used", "chunks in use", out);
	differ_key(one[CENSUS], other[CENSUS], "free", "free chunks", out);
	differ_key(one[MORE], other[MORE], "guest", "pages of guests", out);
	differ_key(one[MORE], other[MORE], "hyp",
		   "other pages of the hypervisor", out);
	free(copy_a);
	free(copy_b);
}

static void differ_lines(const char *a, const char *b, FILE *out)
{
	if (is_digest(a) && is_digest(b))
		fputs("  only the digest: chunk headers, contents, places of "
		      "pages or reclaimable pages, which no column shows\n",
		      out);
	else if (is_digest(a))
		fputs("  A ends here, B goes on\n", out);
	else if (is_digest(b))
		fputs("  B ends here, A goes on\n", out);
	else
		differ_step(a, b, out);
}

bool trace_differ(const struct trace_file *a, const struct trace_file *b,
		  FILE *out)
{
	size_t i = 0, first;

	while (i < a->nr && i < b->nr && !strcmp(a->line[i], b->line[i]))
		i++;
	if (i == a->nr && i == b->nr) {
		fprintf(out, "%zu lines, all the same\n", i);
		return false;
	}

	first = i > BEFORE ? i - BEFORE : 0;
	fprintf(out, "A is %s, B is %s; they part after %zu lines\n", a->name,
		b->name, i);
	for (size_t k = first; k < i; k++)
		fprintf(out, "    %s\n", a->line[k]);
	if (i < a->nr)
		fprintf(out, "A   %s\n", a->line[i]);
	if (i < b->nr)
		fprintf(out, "B   %s\n", b->line[i]);
	if (i < a->nr && i < b->nr)
		differ_lines(a->line[i], b->line[i], out);
	else
		fprintf(out, "  %s is cut off here\n", i < a->nr ? "B" : "A");
	return true;
}
