/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_RUN_H
#define HYPHEAP_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "model/oracle.h"
#include "model/step.h"
#include "program/prog.h"
#include "run/damage.h"

/*
 * The executor: runs a program op by op through the allocator, the model and
 * the twin, and lets the oracles judge each step. The one place where the
 * three meet. It prints nothing: who wants to see the steps watches.
 */

enum run_level {
	RUN_EXACT,    /* the model predicts everything */
	RUN_CONTRACT, /* what any allocator must keep, whatever its policy */
	/* only to measure against; each has what the one before has: */
	RUN_BARE,  /* no model, no twin, no oracle */
	RUN_MODEL, /* the model predicts, and nobody compares */
	RUN_TWIN,  /* there is a twin */
};

struct run;

/**
 * struct run_config - How to run.
 * @level: which oracles
 * @without_twin: it is kept, but no oracle hears of it: what does it earn?
 * @digest: compute the digest (else only replays do)
 * @replay: run the program a second time and compare the digests
 * @slow_books: read the arena's own statistics at the end as well
 * @cells: FEATURES_NR bytes, of which those of each step become 1 (features.h);
 *	   NULL: nobody asks. Not in the replay.
 * @watch: called after each step, also a skipped one, with the step that the
 *	   oracles have judged; NULL: nobody watches. Not in the replay.
 * @without_walk: @watch does without step->walk: headers are read as if nobody
 *	   watched
 * @data: for @watch
 */
struct run_config {
	enum run_level level;
	bool without_twin;
	bool digest;
	bool replay;
	bool slow_books;
	uint8_t *cells;
	void (*watch)(void *data, const struct run *run,
		      const struct step *step);
	bool without_walk;
	void *data;
};

/**
 * struct run_result - What came of a program.
 * @verdict: verdict.oracle is ORACLE_NONE if the program holds
 * @digest: if the config asked for it
 * @steps: operations begun, skipped ones too
 * @damage: what its corruptions came to
 * @last: the last step; its pointers are good until the next run
 */
struct run_result {
	struct verdict verdict;
	uint64_t digest;
	uint32_t steps;
	struct damage damage;
	struct step last;
};

/* run_create() - NULL: no memory for the model or the twin. */
struct run *run_create(void);
void run_destroy(struct run *run);

/**
 * run_program() - Reset everything and run @prog.
 *
 * Depends on nothing but @prog and @config: no clock, no address, nothing left
 * over. A panic, fault or hang ends the program.
 *
 * Return: true if the program holds; else result->verdict says what does not.
 */
bool run_program(struct run *run, const struct prog *prog,
		 const struct run_config *config, struct run_result *result);

/* run_config_full() - Exact, digest, replay, slow books: what "run" does. */
struct run_config run_config_full(void);

/**
 * run_config_fuzz() - What a fuzz target does: exact; replay and slow books for
 * one program in 64, chosen by its content.
 */
struct run_config run_config_fuzz(const struct prog *prog);

/* ---- what a watcher may look at, beside the step ------------------------ */

const struct prog *run_prog(const struct run *run);
/* Live objects in address order: the i-th of run_live(). */
uint32_t run_live(const struct run *run);
struct object run_object(const struct run *run, uint32_t i);
/* run_footprint() - Bytes of the pages that jemalloc has for the live objects. */
uint64_t run_footprint(const struct run *run);
/* The heap's pages: pool page behind it, or -1. */
int64_t run_page_at(const struct run *run, uint64_t heap_page);
/* The headers as walked after the last step, for the report and the drawing. */
const struct header *run_headers(const struct run *run, uint32_t *nr);
/* The same and the census, before the last step. */
const struct header *run_headers_before(const struct run *run, uint32_t *nr);

#endif
