/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "program/gen.h"

#include "engine.h"

/*
 * libFuzzer's hooks on the mutator core. A custom mutator replaces the engine's
 * own mutations, so these are called for part of the time: they alone make
 * inputs that are not canonical (odd lengths, bad headers, unknown numbers).
 *
 * Another part are fresh programs: most bugs are nearer to one of those than to
 * any small change of what is known (README, "How fast it is"). What is rare in
 * them is then found by the changes.
 *
 * HYPHEAP_MUTATOR=off in the environment leaves all to the engine: raw bytes,
 * to compare with.
 */

#define BYTES_ONE_IN 16u
#define HEADER_ONE_IN 16u
#define FRESH_ONE_IN 3u
#define OF_HOST_ONE_IN 8u

/* Kept between calls for their memory; each call fills them anew. */
static struct prog first, second, mixed;

static bool mutator_is_off(void)
{
	static int off = -1;

	if (off < 0) {
		const char *value = getenv("HYPHEAP_MUTATOR");

		off = value && !strcmp(value, "off");
	}

	return off;
}

/*
 * The engine's own mutations, mostly of the records alone: a header of random
 * bytes is a world of thousands of pages, in which every program is slow.
 */
static size_t mutate_bytes(uint8_t *data, size_t size, size_t max_size,
			   struct rng *rng)
{
	size_t keep = 0;

	if (size > PROG_HEADER && rng_below(rng, HEADER_ONE_IN))
		keep = PROG_HEADER;

	size = keep +
	       LLVMFuzzerMutate(data + keep, size - keep, max_size - keep);
	/* of another version the target would run it, and "run" would not */
	prog_set_version(data, size);

	return size;
}

/* What a host does belongs to the target for heaps too, now and then. */
static enum profile fresh_profile(struct rng *rng)
{
	if (engine_profile == PROFILE_HEAP && !rng_below(rng, OF_HOST_ONE_IN))
		return PROFILE_HOST;

	return engine_profile;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
			       unsigned int seed)
{
	struct rng rng;

	if (mutator_is_off())
		return LLVMFuzzerMutate(data, size, max_size);

	rng_seed(&rng, seed);
	if (max_size < PROG_HEADER || !rng_below(&rng, BYTES_ONE_IN))
		return mutate_bytes(data, size, max_size, &rng);

	prog_decode(&first, data, size);
	if (!first.nr || !rng_below(&rng, FRESH_ONE_IN))
		prog_begin(&first, &rng, fresh_profile(&rng), max_size);
	else
		prog_mutate(&first, &rng, max_size);

	return prog_encode(&first, data, max_size);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1,
				 const uint8_t *data2, size_t size2,
				 uint8_t *out, size_t max_out_size,
				 unsigned int seed)
{
	struct rng rng;

	/* none: the engine's own mutations have one */
	if (mutator_is_off())
		return 0;

	rng_seed(&rng, seed);
	prog_decode(&first, data1, size1);
	prog_decode(&second, data2, size2);
	prog_cross(&mixed, &first, &second, &rng, max_out_size);

	return prog_encode(&mixed, out, max_out_size);
}
