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
 * @cpu: that it ran on
 * @header: corrupt free: the offset of that chunk
 * @others: allocated: what waited for a moment within it
 */
struct repro_step {
	struct op op;
	char result[64];
	uint64_t size;
	struct outcome actual;
	uint32_t cpu;
	uint64_t header;
	struct deferred *others;
	uint32_t others_nr;
};

/**
 * struct repro - All that the C file is made of.
 * @step: of these the last fails, unless the verdict is on the whole
 * @cpu: that the next one runs on
 * @result: of the run; its pointers are still good
 * @file: the C file's name
 */
struct repro {
	const struct prog *prog;
	struct repro_step *step;
	uint32_t nr, room, cpu;
	const struct run *run;
	struct run_result result;
	char signature[SIGNATURE_TEXT];
	const char *file;
};

#define REPRO_WHY 256

/* repro_cannot() - Can it not be said in C? Then @why. */
bool repro_cannot(const struct repro *repro, char why[REPRO_WHY]);

/* repro_print() - A C file with main(). */
void repro_print(FILE *out, const void *repro);

/* repro_selftest_cannot(), repro_selftest(): the same as a self test. */
bool repro_selftest_cannot(const struct repro *repro, char why[REPRO_WHY]);
void repro_selftest(FILE *out, const void *repro);

/* repro_op() - One operation as statements. */
void repro_op(FILE *out, const struct repro *repro, uint32_t i);

/*
 * repro_others() - Functions for what happens in the middle of it: none, one
 * for the hypervisor's unlocks, one for the host's donations.
 */
void repro_others(FILE *out, const struct repro *repro, uint32_t i);

/* repro_last() - Is it the operation that fails? */
bool repro_last(const struct repro *repro, uint32_t i);

/* repro_must_panic() - And must it not return? */
bool repro_must_panic(const struct repro *repro);

/* repro_check() - What the oracle that fails would see, after the last one. */
void repro_check(FILE *out, const struct repro *repro);

/* repro_check_other() - The same of what happened in the middle of it. */
void repro_check_other(FILE *out, const struct repro *repro,
		       const struct deferred *other);

/* repro_expect() - @what is @is, an expression in C, and must be @due. */
void repro_expect(FILE *out, const char *what, const char *is, int64_t due);

/* repro_expect_outcome() - What is expected of one operation, by itself. */
void repro_expect_outcome(FILE *out, const struct op *op,
			  const struct outcome *due);

/* repro_expect_result() - What the oracle "result" looks at. */
void repro_expect_result(FILE *out, const struct repro *repro,
			 const struct step *step);

/* repro_live() - By slot: bytes of the objects that live after all ran. */
void repro_live(const struct repro *repro, uint64_t size[OP_SLOTS]);

/*
 * repro_command() - What builds and runs @file in this folder. With @anywhere
 * in any: of a file of that name that lies there, with $H for the checkout.
 */
void repro_command(FILE *out, const char *file, bool anywhere);

#endif
