/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_DIFF_H
#define HYPHEAP_DIFF_H

#include <stdbool.h>
#include <stdio.h>

/* Two traces, as "hypheap run --trace" prints them, and where they part. */

#define DIFF_WHY 512

/**
 * struct trace_file - A trace that was read.
 * @line: without newlines; "== FILE" lines are left out
 * @number: of each in the file
 * @text: that they point into
 */
struct trace_file {
	const char *name;
	char **line;
	size_t *number;
	size_t nr;
	char *text;
};

/* trace_read() - Return: 0, or -1 with one line in @why. */
int trace_read(const char *name, struct trace_file *trace, char why[DIFF_WHY]);
void trace_free(struct trace_file *trace);

/**
 * trace_differ() - Say where two traces part, in words, on @out.
 *
 * The first line that is not the same in both, a few that come before it, and
 * which of its columns differ.
 *
 * Return: whether they do.
 */
bool trace_differ(const struct trace_file *a, const struct trace_file *b,
		  FILE *out);

#endif
