/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_TRACE_H
#define HYPHEAP_TRACE_H

#include <stdio.h>

#include "run.h"

/* The trace: one line a step, in the columns that the design has frozen. */

#define RESULT_TEXT 512

/**
 * result_print() - "@48", "3 pages", "ok", "skipped", "panic f", "E2BIG", ...
 * @buf: at least RESULT_TEXT bytes
 *
 * Return: @buf.
 */
char *result_print(const struct step *step, char *buf, size_t size);

/* census_print() - "host=60 spare=3 mapped=1 used=1 free=0" */
char *census_print(const struct census *census, char *buf, size_t size);
#define CENSUS_TEXT 120

/* trace_step() - A line: number, op, result, census, and more if not zero. */
void trace_step(FILE *out, const struct step *step);

/* trace_digest() - The last line. */
void trace_digest(FILE *out, uint64_t digest);

/* errno_name() - "ENOMEM" of -12; "errno -5000" (in @buf) of one without a
 * name. */
const char *errno_name(int err, char *buf, size_t size);

#endif
