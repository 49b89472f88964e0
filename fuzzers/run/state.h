/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_RUN_STATE_H
#define HYPHEAP_RUN_STATE_H

#include "model/twin.h"
#include "run.h"
#include "slots.h"

/* What the executor's own files share. */

#define CALL_TRIES 16u /* calls that the request loop may make */

struct walk {
	struct header *header;
	uint32_t nr;
};

/**
 * struct run - The executor.
 * @prog, @config: of the program that runs
 * @slots: what its slots hold
 * @writes: fresh patterns handed out
 * @cpu: that operations run on
 * @before, @after: headers around the last step; they change places
 * @header_max: room in each
 * @census, @reclaimable: after the last step
 * @ended: a panic, fault or hang has ended the program
 * @hash: the digest so far
 */
struct run {
	const struct prog *prog;
	struct run_config config;
	struct model *model;
	struct twin *twin;
	struct slots slots;
	uint64_t writes;
	uint32_t cpu;
	struct walk before, after;
	uint32_t header_max;
	struct census census;
	uint64_t reclaimable;
	bool ended;
	uint64_t hash;
};

static inline bool run_exact(const struct run *run)
{
	return run->config.level == RUN_EXACT;
}

static inline bool run_bare(const struct run *run)
{
	return run->config.level == RUN_BARE;
}

/* ---- exec.c ------------------------------------------------------------- */

/*
 * exec_op() - Carry out step->op on the model and the allocator.
 *
 * Fills in the slot taken, expect, actual and what only the call itself knows.
 * Return: false if it was skipped.
 */
bool exec_op(struct run *run, struct step *step);

/* exec_init() - Set the heap up before the first operation. */
void exec_init(struct run *run, struct step *step);

/* exec_stopped() - Note that the call into the target did not return. */
void exec_stopped(struct step *step);

/* ---- observe.c ---------------------------------------------------------- */

/* observe_begin() - A step with what is known before it. */
void observe_begin(struct run *run, struct step *step);

/* observe_end() - What is seen after the call, for the oracles. */
void observe_end(struct run *run, struct step *step);

/* observe_contents() - Compare every live object whole. */
void observe_contents(struct run *run, struct step *step);

/* ---- digest.c ----------------------------------------------------------- */

void digest_begin(struct run *run);
void digest_step(struct run *run, const struct step *step);
void digest_end(struct run *run);

#endif
