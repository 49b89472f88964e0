/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_RUN_STATE_H
#define HYPHEAP_RUN_STATE_H

#include "model/twin.h"
#include "run.h"
#include "slots.h"

/* What the executor's own files share. */

#define HEADER 16u     /* bytes */
#define CALL_TRIES 16u /* calls that the request loop may make */

struct walk {
	struct header *header;
	uint32_t nr;
};

/**
 * struct flip - The one bit of a header that was flipped.
 * @at: offset of the header
 * @word, @bit: which of its four words, which bit of it
 * @left: the header as the flip left it; what is rewritten since is no longer
 *	  what the allocator must object to
 */
struct flip {
	bool alone; /* it is all the damage there is */
	uint32_t at;
	unsigned int word, bit;
	uint32_t left[4];
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
 * @corrupts: the program has a corruption in it
 * @damage: what corruptions there were so far, and what they came to
 * @flip: if it is one flipped bit
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
	bool corrupts;
	struct damage damage;
	struct flip flip;
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

/* Is the metadata as the allocator left it? */
static inline bool run_damaged(const struct run *run)
{
	return run->damage.nr;
}

/* Has damage led to what nobody predicts? Only survival is checked then. */
static inline bool run_missed(const struct run *run)
{
	return run->damage.end == DAMAGE_MISSED;
}

/* Without a twin the slots alone say what is live. */
static inline bool run_twinless(const struct run *run)
{
	return run_bare(run) || run_missed(run);
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

/* exec_pattern() - Bytes that no write before had. */
void exec_pattern(struct run *run, uint8_t *bytes, uint64_t size);

/* ---- corrupt.c ---------------------------------------------------------- */

/* corrupt_begin() - A program begins; what it damages is still whole. */
void corrupt_begin(struct run *run);

/* corrupt_note() - An object was put into @slot: its header, for a replay. */
void corrupt_note(struct run *run, uint16_t slot);

/*
 * corrupt_exec() - Carry out a corruption.
 *
 * Return: false if it was skipped: there is no such chunk, not all of the bytes
 * are mapped, or they would not change.
 */
bool corrupt_exec(struct run *run, struct step *step);

/* ---- damage.c ----------------------------------------------------------- */

/* damage_expect() - Before an operation: must it find the flipped bit? */
void damage_expect(const struct run *run, struct step *step);

/*
 * damage_judge() - oracle_judge() of a step with damage in the heap.
 *
 * Return: false if it is the allocator's fault: a flipped bit that it must
 * have found. Any other verdict is a miss, noted and forgotten.
 */
bool damage_judge(struct run *run, const struct step *step, struct verdict *v);

/* damage_missed() - No longer as if nothing had happened, since step @step. */
void damage_missed(struct run *run, uint32_t step, struct verdict *v);

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
