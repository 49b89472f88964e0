/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_REPORT_H
#define HYPHEAP_REPORT_H

#include <stdio.h>

#include "run.h"

/**
 * report_failure() - Say what broke, so that a newcomer understands it.
 * @replay: the command that shows it again, NULL: none is known yet
 *
 * What broke, expected and actual values, the heap before and after, the
 * program so far, the replay command, the signature. At exact level also the
 * model's heap where it differs. @result is of the last run of @run.
 */
void report_failure(FILE *out, const struct run *run,
		    const struct run_result *result, const char *replay);

/* report_heap() - "heap: [+0 a used 112, mapped to 12288] [+128 free ...]" */
void report_heap(FILE *out, const struct run *run, const struct step *step,
		 const struct header *headers, uint32_t nr);

/* report_object() - The live object right behind the header at @header. */
struct object report_object(const struct run *run, uint64_t header);

/**
 * draw_heap() - The heap in a terminal: a row of cells a page, chunk by chunk.
 * @step: the last one, for the sizes and the census
 * @columns: of the terminal
 * @colour: with escape sequences; without, letters and signs tell all
 *
 * A heap of many pages gets several of them a row; runs of rows without a
 * mapped page are one line.
 */
void draw_heap(FILE *out, const struct run *run, const struct step *step,
	       unsigned int columns, bool colour);
/* draw_legend() - What the signs mean; once, before the first drawing. */
void draw_legend(FILE *out, bool colour);

#endif
