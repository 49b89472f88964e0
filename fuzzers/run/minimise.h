/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_MINIMISE_H
#define HYPHEAP_MINIMISE_H

#include <stdbool.h>
#include <stdint.h>

#include "program/prog.h"

/*
 * The smallest program that still fails in the same way. Knows nothing of the
 * allocator or of verdicts: whoever calls it says which program is one.
 *
 * "Smaller" is a total order (minimise_order()), each step goes down in it, and
 * the last round tried everything there is to try and found nothing. So the
 * result is the same each time, and minimising it again gives it back.
 */

enum minimise_said {
	MINIMISE_OTHER, /* it holds, or fails in another way */
	MINIMISE_SAME,
	MINIMISE_STOP, /* enough: keep what there is */
};

/**
 * struct minimise_hint - What is known of a program that is the same; all may
 * be left out.
 * @step: number of the operation that fails; what is behind it is not needed
 * @taken: the operations that ran, with the slots they took, without those
 *	   that were skipped; good until the next question
 * @taken_nr: how many; 0: not known
 */
struct minimise_hint {
	uint32_t step;
	const struct op *taken;
	uint32_t taken_nr;
};

/**
 * struct minimise_ask - Who knows.
 * @same: is @prog the same failure? Must depend on nothing but @prog.
 * @better: called with each smaller program that is; may be NULL
 * @data: for both
 */
struct minimise_ask {
	enum minimise_said (*same)(void *data, const struct prog *prog,
				   struct minimise_hint *hint);
	void (*better)(void *data, const struct prog *best);
	void *data;
};

/**
 * minimise() - Make @prog as small as it gets.
 * @prog: one that is the same; its swarm mask becomes what its text would have
 *
 * Return: true if nothing is left to try, false if it was stopped. @prog is the
 * best so far either way.
 */
bool minimise(struct prog *prog, const struct minimise_ask *ask);

/* minimise_swarm() - The mask that the program has once it was written as text.
 */
uint64_t minimise_swarm(const struct prog *prog);

/**
 * minimise_order() - Which program is smaller.
 *
 * First fewer operations, then smaller pages, then operation by operation the
 * simpler kind and the smaller and rounder operands, then the smaller world,
 * then slots that are what they say.
 *
 * Return: below 0: @a, 0: neither, above 0: @b.
 */
int minimise_order(const struct prog *a, const struct prog *b);

/*
 * minimise_value_order() - Which number is simpler: the one with fewer digits,
 * then the rounder one, decimal or hexadecimal, then the smaller one. A place
 * in a page is less simple than any plain number.
 */
int minimise_value_order(uint64_t a, uint64_t b);

#endif
