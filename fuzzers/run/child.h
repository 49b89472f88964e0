/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_CHILD_H
#define HYPHEAP_CHILD_H

#include <signal.h>

#include "run.h"

/*
 * Programs that nobody knows, run in a process of their own: one that crashes,
 * exits or never ends takes that with it and nothing else. The process goes on
 * from program to program for as long as it lives, which is cheap.
 */

enum child_end {
	CHILD_HOLDS,
	CHILD_FAILS,   /* a verdict */
	CHILD_DIED,    /* the harness crashed or ended */
	CHILD_SLOW,    /* over its time */
	CHILD_STOPPED, /* *stop was set meanwhile */
};

/**
 * struct child_config - How to run.
 * @level: which oracles
 * @full: as run_config_full(); else once and without the slow books
 * @fresh: a new process for each program
 * @seconds: for a program
 * @hang_ms: CPU time after which a call that does not return is a hang
 * @stop: looked at while waiting; may be NULL
 */
struct child_config {
	enum run_level level;
	bool full;
	bool fresh;
	unsigned int seconds;
	unsigned int hang_ms;
	const volatile sig_atomic_t *stop;
};

#define CHILD_WHERE 96

/**
 * struct child_answer - What came of a program.
 * @oracle, @step, @signature, @text: of the verdict, if it fails
 * @where: "alloc.c:123": of a panic, a fault or a hang, if it is known; else ""
 * @status: if the process died: what waitpid() said
 */
struct child_answer {
	enum child_end end;
	enum oracle oracle;
	uint32_t step;
	char signature[SIGNATURE_TEXT];
	char text[VERDICT_TEXT];
	char where[CHILD_WHERE];
	int status;
};

struct child;

/* child_create() - No process yet. NULL: no memory. */
struct child *child_create(const struct child_config *config);
void child_destroy(struct child *child);

/* child_config() - Of the programs to come; may be changed. */
struct child_config *child_config(struct child *child);

/**
 * child_run() - Run @prog there.
 *
 * Return: 0, or a negative errno if there can be no process.
 */
int child_run(struct child *child, const struct prog *prog,
	      struct child_answer *answer);

/*
 * child_taken() - Of the last program: the operations that ran, with the slots
 * they took, without those that were skipped.
 */
const struct op *child_taken(const struct child *child, uint32_t *nr);

/* child_end_words() - "signal 11", "exit 3"; of a status. @buf: 32 bytes. */
const char *child_end_words(int status, char *buf, size_t size);

#endif
