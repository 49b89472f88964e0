/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_REPRO_H
#define HYPHEAP_REPRO_H

#include "cmd.h"

/* A failure as C: what ran, and what the oracle that failed looks at. */

/**
 * struct repro_step - An operation that ran.
 * @op: with the slot taken
 * @result: as in the trace
 * @size: rounded, of the object it made; 0: none
 * @actual: what came of it
 */
struct repro_step {
	struct op op;
	char result[64];
	uint64_t size;
	struct outcome actual;
};

/**
 * struct repro - All that the C file is made of.
 * @step: of these the last fails, unless the verdict is on the whole
 * @result: of the run; its pointers are still good
 * @command: what builds and runs it
 * @file: the C file's name
 */
struct repro {
	const struct prog *prog;
	struct repro_step *step;
	uint32_t nr, room;
	const struct run *run;
	struct run_result result;
	char signature[SIGNATURE_TEXT];
	const char *file;
};

/* repro_cannot() - Why it cannot be said in C; NULL: it can. */
const char *repro_cannot(const struct repro *repro);

/* repro_print() - A C file with main(). */
void repro_print(FILE *out, const void *repro);

/* repro_selftest_cannot(), repro_selftest(): the same as a self test. */
const char *repro_selftest_cannot(const struct repro *repro);
void repro_selftest(FILE *out, const void *repro);

/* repro_op() - One operation as statements. */
void repro_op(FILE *out, const struct repro *repro, uint32_t i);

/* repro_check() - What the oracle that fails would see, after the last one. */
void repro_check(FILE *out, const struct repro *repro);

/* repro_live() - Bit by slot: objects that live after all ran. */
void repro_live(const struct repro *repro, uint64_t size[OP_SLOTS]);

/* repro_command() - What builds and runs @file. */
void repro_command(FILE *out, const char *file);

#endif
