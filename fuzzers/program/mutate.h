/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_MUTATE_H
#define HYPHEAP_MUTATE_H

#include "gen.h"

/* The single mutations that prog_mutate() chooses from. */

enum mutation {
	MUTATE_INSERT,
	MUTATE_DELETE,
	MUTATE_DELETE_RANGE,
	MUTATE_DUPLICATE,
	MUTATE_MOVE,
	MUTATE_SWAP,
	MUTATE_REPLACE,
	MUTATE_KIND,
	MUTATE_ARG,
	MUTATE_SLOT,
	MUTATE_RENAME,
	MUTATE_PHASE,
	MUTATE_MOTIF,
	MUTATE_WORLD,
	MUTATE_SWARM,
	MUTATE_TRUNCATE,
	MUTATIONS,
};

/* mutation_word() - "insert", "delete", ... */
const char *mutation_word(enum mutation mutation);

/**
 * mutation_apply() - One mutation of this kind, without a bound on the size.
 *
 * The program stays valid: its kinds are in its swarm mask, its fields in
 * range. A change may by chance be none.
 *
 * Return: false if the program is too short for it.
 */
bool mutation_apply(struct prog *prog, struct rng *rng, enum mutation mutation);

/* mutation_choose() - One of them, as often as its weight says. */
enum mutation mutation_choose(struct rng *rng);

/* mutate_world(), mutate_swarm() - MUTATE_WORLD and MUTATE_SWARM. */
bool mutate_world(struct prog *prog, struct rng *rng);
bool mutate_swarm(struct prog *prog, struct rng *rng);

/* mutate_arg() - MUTATE_ARG: nudge a number towards where bugs live. */
bool mutate_arg(struct prog *prog, struct rng *rng);

/* motif_add() - Append a few operations that make a known tricky situation. */
void motif_add(struct prog *prog, struct rng *rng);

#endif
