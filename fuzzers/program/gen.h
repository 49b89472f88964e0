/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_GEN_H
#define HYPHEAP_GEN_H

#include "prog.h"

/* Random programs, and programs from programs. Chance is struct rng only. */

/* xoshiro256** or the like, seeded through splitmix64: same seed, same stream. */
struct rng {
	uint64_t s[4];
};

void rng_seed(struct rng *rng, uint64_t seed);
uint64_t rng_next(struct rng *rng);
/* rng_below() - 0 .. n-1 without bias worth the name; 0 for n == 0. */
uint64_t rng_below(struct rng *rng, uint64_t n);

enum profile { PROFILE_HEAP, PROFILE_HOST, PROFILE_CORRUPT, PROFILE_TEXT };

/**
 * struct gen_config - What to generate.
 * @ops: how many operations
 * @page_shift: 12, 14, 16, or 0 for any
 * @profile: what kinds may occur
 * @uniform: all kinds and sizes alike, no swarm, no phases: the naive
 *	     generator that the clever one is measured against
 */
struct gen_config {
	uint32_t ops;
	uint32_t page_shift;
	enum profile profile;
	bool uniform;
};

/* prog_generate() - A fresh program. Same rng state and config, same program. */
void prog_generate(struct prog *prog, struct rng *rng,
		   const struct gen_config *config);

/**
 * prog_begin() - A fresh program for an engine, of 1 to 512 operations.
 * @max: the encoded size does not pass this many bytes, PROG_HEADER or more
 *
 * Mutations add only what a program's swarm mask has. That of an input which is
 * no program yet has nothing that is special to @profile.
 */
void prog_begin(struct prog *prog, struct rng *rng, enum profile profile,
		size_t max);

/**
 * prog_mutate() - Change a program in one or a few places.
 * @max: the encoded size must not pass this many bytes
 *
 * Inserts, deletes, duplicates, swaps, moves and replaces records and ranges,
 * splices generated phases in, nudges sizes towards where bugs live, changes
 * slots, the world and the swarm mask. Always changes something.
 */
void prog_mutate(struct prog *prog, struct rng *rng, size_t max);

/* prog_cross() - @out: a mix of @a and @b (their ops by runs; a's world). */
void prog_cross(struct prog *out, const struct prog *a, const struct prog *b,
		struct rng *rng, size_t max);

#endif
