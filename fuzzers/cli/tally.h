/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_TALLY_H
#define HYPHEAP_TALLY_H

#include "run/json.h"
#include "run/run.h"

/* What many random programs came to, by kind of operation. */

/* How an operation came out. */
enum came_out {
	CAME_SUCCEEDED,
	CAME_REFUSED, /* as predicted: an error, 0 pages, a panic that is due */
	CAME_SKIPPED, /* no slot in the state it needs */
	CAME_OUTS,
};

/**
 * struct tally - Counts over programs.
 * @count: operations by kind and by how they came out; one with a verdict is
 *	   in none of them
 * @programs: that were run
 * @ended: of these, by a panic that was due, and @unreached: operations behind
 *	   it that never ran
 * @damage: programs by what their corruption was, of a live or a free chunk,
 *	    and what it came to
 * @live_at_end: programs by live objects at their end
 * @live: objects after the last step
 */
struct tally {
	uint64_t count[OP_NUMBERS][CAME_OUTS];
	uint64_t programs;
	uint64_t ended, unreached;
	uint64_t damage[DAMAGE_KINDS][2][DAMAGE_ENDS];
	uint64_t live_at_end[OP_SLOTS + 1];
	uint32_t live;
};

/* tally_watch() - Count a step; for run_config.watch with a struct tally. */
void tally_watch(void *tally, const struct run *run, const struct step *step);

/* tally_end() - A program is over; call tally_begin() before each. */
void tally_begin(struct tally *tally);
void tally_end(struct tally *tally, const struct prog *prog,
	       const struct run_result *result);

/* tally_ops() - Operations begun, skipped ones too. */
uint64_t tally_ops(const struct tally *tally);
/* tally_live_median() - Of live objects at the end of a program. */
uint32_t tally_live_median(const struct tally *tally);

void tally_print(const struct tally *tally, FILE *out);
/* tally_json() - Members of the open object. */
void tally_json(const struct tally *tally, struct json *j);

#endif
