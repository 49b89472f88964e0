/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_RUN_STATE_H
#define HYPHEAP_RUN_STATE_H

#include "model/twin.h"
#include "model/world.h"
#include "run.h"
#include "slots.h"

struct heap_record;

/* What the executor's own files share. */

#define HEADER 16u     /* bytes */
#define CALL_TRIES 16u /* calls that the request loop may make */

struct walk {
	struct header *header;
	uint32_t nr;
};

/**
 * struct shape - The chunk list as the headers were seen to be; see shape.c.
 * @chunk, @nr, @cap: the list
 * @used: how many are
 * @first, @last: so many at its begin and its end are as the model has them
 *		  now; @used_now: its used ones
 */
struct shape {
	struct model_chunk *chunk;
	uint32_t nr, cap;
	uint32_t used;
	uint32_t first, last, used_now;
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

#define DEFER_MAX 32u /* operations that wait for one call */

/**
 * struct defer - Operations that wait for a moment within the next call.
 * @op: what waits, with the slot it will take; @nr: how many
 * @outer: the step that they wait in
 * @unlocks, @donations: counted, first as predicted and then as they come
 * @warns: the host's code must warn of one
 * @verdict: of the first that is not as it should be
 * @failed: there is one
 */
struct defer {
	struct deferred op[DEFER_MAX];
	uint32_t nr;
	struct step *outer;
	uint32_t unlocks, donations;
	bool warns;
	struct verdict verdict;
	bool failed;
};

/**
 * struct run - The executor.
 * @prog, @config: of the program that runs
 * @slots: what its slots hold
 * @vm: handles by the program's names of VMs, 0: there is none
 * @defer: what waits for the next call
 * @writes: fresh patterns handed out
 * @cpu: that operations run on
 * @before, @after: headers around the last step; they change places
 * @header_max: room in each
 * @walks: all headers are read at each step; else @shape has them
 * @census, @reclaimable: after the last step
 * @ended: a panic, fault or hang has ended the program
 * @corrupts: the program has a corruption in it
 * @damage: what corruptions there were so far, and what they came to
 * @flip: if it is one flipped bit
 * @feature: what the features of the next step hear of this one
 * @hash: the digest so far
 */
struct run {
	const struct prog *prog;
	struct run_config config;
	struct model *model;
	struct world *world;
	struct twin *twin;
	struct slots slots;
	uint64_t vm[OP_VMS];
	struct defer defer;
	uint64_t writes;
	uint32_t cpu;
	struct walk before, after;
	uint32_t header_max;
	bool walks;
	struct shape shape;
	struct census census;
	uint64_t reclaimable;
	bool ended;
	bool corrupts;
	struct damage damage;
	struct flip flip;
	uint32_t feature;
	uint64_t hash;
};

static inline bool run_exact(const struct run *run)
{
	return run->config.level == RUN_EXACT ||
	       run->config.level == RUN_MODEL || run->config.level == RUN_TWIN;
}

/* Does nobody look at what comes of it? */
static inline bool run_blind(const struct run *run)
{
	return run->config.level >= RUN_BARE;
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
	return run_bare(run) || run->config.level == RUN_MODEL ||
	       run_missed(run);
}

/* ---- exec.c ------------------------------------------------------------- */

/**
 * struct exec - How an operation is carried out.
 * @expect: what must come, on the model; false: it is skipped, and nothing has
 *	    changed
 * @call: what does come, on the allocator
 */
struct exec {
	bool (*expect)(struct run *run, struct step *step);
	void (*call)(struct run *run, struct step *step);
};

const struct exec *exec_of(uint8_t kind);

/*
 * exec_op() - Carry out step->op on the model and the allocator.
 *
 * Fills in the slot taken, expect, actual and what only the call itself knows.
 * Return: false if it was skipped.
 */
bool exec_op(struct run *run, struct step *step);

/* exec_init() - Set the heap up before the first operation. */
void exec_init(struct run *run, struct step *step);

/*
 * exec_take_slot() - Give the operation the slot it takes; false: there is
 * none.
 */
bool exec_take_slot(const struct run *run, struct op *op);

/* exec_got() - Note what an allocation that returned came to. */
void exec_got(struct step *step, bool got, uint64_t offset);

/*
 * exec_left() - errno and topup_needed were read where there was something:
 * what is there now?
 */
void exec_left(struct step *step);

/* exec_stopped() - Note that the call into the target did not return. */
void exec_stopped(struct step *step);

/* exec_pattern() - Bytes that no write before had. */
void exec_pattern(struct run *run, uint8_t *bytes, uint64_t size);

/* ---- exec_host.c -------------------------------------------------------- */

/* exec_of_host() - exec_of() of what the host's kernel does. */
const struct exec *exec_of_host(uint8_t kind);

/* exec_expect() - What the world says must come. */
void exec_expect(struct step *step, const struct world_result *result);

/* ---- exec_hvc.c --------------------------------------------------------- */

/* A raw hypercall of a hostile host, and a write of it to its own memory. */
bool hvc_expect(struct run *run, struct step *step);
void hvc_call(struct run *run, struct step *step);
bool poke_expect(struct run *run, struct step *step);
void poke_call(struct run *run, struct step *step);

/* poke_is() - Does this write go to the word at @phys? With which value? */
bool poke_is(const struct run *run, const struct op *op, uint64_t phys,
	     uint64_t *value);

/* ---- defer.c ------------------------------------------------------------ */

void defer_begin(struct run *run);

/* defer_add() - An operation waits. Return: false if it was skipped. */
bool defer_add(struct run *run, const struct step *step);

/*
 * defer_arm() - The call of step->op comes: what waits takes its slots, and
 * meets the prediction from here on.
 */
void defer_arm(struct run *run, struct step *step);

/* defer_poked() - Has a write that waited changed this word, as predicted? */
bool defer_poked(const struct run *run, uint64_t phys, uint64_t *word);

/* defer_donating() - The prediction comes to a donation. */
void defer_donating(struct run *run);

/* defer_call() - Predicted is all; now the call itself. */
void defer_call(struct run *run);

/*
 * defer_disarm() - The operation is over, skipped or not; nothing waits now.
 *
 * Return: false if one of those that waited is not as it should be; @v.
 */
bool defer_disarm(struct run *run, struct step *step, struct verdict *v);

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

/* ---- run.c --------------------------------------------------------------- */

/* run_note_object() - Keep twin and slots in step with what was handed out. */
void run_note_object(struct run *run, const struct step *step);

/* ---- books.c ------------------------------------------------------------ */

/* books_blame() - The verdict is on the program as a whole: at its @word. */
void books_blame(struct verdict *v, const char *word);

/*
 * books_close() - The program is over: what can only be said now.
 *
 * Return: false if it does not hold; result->verdict.
 */
bool books_close(struct run *run, struct run_result *result);

/* ---- shape.c ------------------------------------------------------------ */

/* shape_begin() - No header has been seen yet. */
void shape_begin(struct run *run);
void shape_destroy(struct run *run);

/*
 * shape_holds() - Are the headers that the step could have changed the model's
 * chunks, and so all of them? Counts them for the census, too.
 */
bool shape_holds(struct run *run, struct step *step,
		 const struct heap_record *record);

/*
 * shape_commit() - They are, and the next step begins with them. After
 * shape_holds() of this step.
 */
void shape_commit(struct run *run);

/* shape_explain() - run->before is to be looked at: before the last step. */
void shape_explain(struct run *run);

/* ---- observe.c ---------------------------------------------------------- */

/* observe_begin() - A step with what is known before it. */
void observe_begin(struct run *run, struct step *step);

/* observe_new() - What is seen of the object that the step made, if it did. */
void observe_new(struct run *run, struct step *step);

/* observe_end() - What is seen after the call, for the oracles. */
void observe_end(struct run *run, struct step *step);

/* observe_walk() - Read all headers. */
void observe_walk(struct run *run, struct step *step);

/* observe_contents() - Compare every live object whole. */
void observe_contents(struct run *run, struct step *step);

/* ---- digest.c ----------------------------------------------------------- */

void digest_begin(struct run *run);
void digest_step(struct run *run, const struct step *step);
void digest_end(struct run *run);

#endif
