/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_TRIAGE_H
#define HYPHEAP_TRIAGE_H

#include "cmd.h"
#include "run/child.h"

/* What many crash files come to: for the command, the table, JSON, SARIF. */

/* What came of a file. */
enum crash_end {
	CRASH_FAILS, /* a verdict: it is in a group */
	CRASH_HOLDS, /* it no longer reproduces */
	CRASH_SLOW,
	CRASH_DIED, /* the harness did not survive it */
	CRASH_BAD,  /* it cannot be read */
	CRASH_ENDS,
};

/**
 * struct crash - A file.
 * @end: CRASH_ENDS: not replayed yet
 * @why: allocated: of one that died or is bad
 */
struct crash {
	char *name;
	enum crash_end end;
	char *why;
};

/**
 * struct group - Files with the same signature.
 * @events: how many
 * @smallest: of these; its index, and the program itself
 * @text, @step, @where: of the verdict on it
 * @ops: of the smallest, before it was minimised
 * @out: allocated: the file that has it minimised, or NULL
 */
struct group {
	char signature[SIGNATURE_TEXT];
	enum oracle oracle;
	uint32_t events;
	size_t smallest;
	struct prog prog;
	char text[VERDICT_TEXT];
	uint32_t step;
	char where[CHILD_WHERE];
	uint32_t ops;
	char *out;
};

/**
 * struct triage - All of it.
 * @crash: by name; @group: by events, most first
 * @passed_over: files that are no programs
 * @interrupted: not all were replayed
 */
struct triage {
	struct crash *crash;
	size_t nr, room;
	struct group *group;
	size_t groups;
	uint32_t passed_over;
	bool interrupted;
};

/**
 * triage_collect() - The files to replay, from a folder or a file.
 *
 * Of a folder and what is below it: what looks like a crash of libFuzzer, of
 * AFL++ or of ours, by name or by content. AFL++'s queues and hidden folders
 * are not entered; the text that lies beside an input is no event of its own.
 *
 * Return: 0, or a negative errno.
 */
int triage_collect(struct triage *triage, const char *path);
void triage_sort(struct triage *triage);
void triage_free(struct triage *triage);

/* triage_add() - @prog is what crash @index is, and fails. */
void triage_add(struct triage *triage, size_t index, const struct prog *prog,
		const struct child_answer *answer);

uint32_t triage_count(const struct triage *triage, enum crash_end end);

void triage_print(const struct triage *triage, FILE *out);
void triage_json(const struct triage *triage, FILE *out);

/* sarif_print() - SARIF 2.1.0: a result a group. */
void sarif_print(const struct triage *triage, FILE *out);

#endif
