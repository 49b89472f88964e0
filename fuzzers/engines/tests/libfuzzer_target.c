/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "program/gen.h"
#include "engines/engine.h"

/*
 * A target that judges its engine: at exit the mutator core must have been
 * called through libfuzzer.c, and most inputs must be what only it makes.
 * Linked with --wrap, so that every call of the core passes here.
 */

void __real_prog_decode(struct prog *prog, const uint8_t *data, size_t size);
void __wrap_prog_decode(struct prog *prog, const uint8_t *data, size_t size);
void __real_prog_begin(struct prog *prog, struct rng *rng, enum profile profile,
		       size_t max);
void __wrap_prog_begin(struct prog *prog, struct rng *rng, enum profile profile,
		       size_t max);
void __real_prog_mutate(struct prog *prog, struct rng *rng, size_t max);
void __wrap_prog_mutate(struct prog *prog, struct rng *rng, size_t max);
void __real_prog_cross(struct prog *out, const struct prog *a,
		       const struct prog *b, struct rng *rng, size_t max);
void __wrap_prog_cross(struct prog *out, const struct prog *a,
		       const struct prog *b, struct rng *rng, size_t max);
size_t __real_LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t __wrap_LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

const enum profile engine_profile = PROFILE_HEAP;

static unsigned long inputs, canonical, mutated, crossed, by_bytes, unread;
static unsigned long begun, fresh; /* fresh: not where there was no operation */
static bool last_had_ops;

void __wrap_prog_decode(struct prog *prog, const uint8_t *data, size_t size)
{
	__real_prog_decode(prog, data, size);
	last_had_ops = prog->nr;
}

void __wrap_prog_begin(struct prog *prog, struct rng *rng, enum profile profile,
		       size_t max)
{
	begun++;
	fresh += last_had_ops;
	__real_prog_begin(prog, rng, profile, max);
}

void __wrap_prog_mutate(struct prog *prog, struct rng *rng, size_t max)
{
	mutated++;
	__real_prog_mutate(prog, rng, max);
}

void __wrap_prog_cross(struct prog *out, const struct prog *a,
		       const struct prog *b, struct rng *rng, size_t max)
{
	crossed++;
	__real_prog_cross(out, a, b, rng, max);
}

size_t __wrap_LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size)
{
	by_bytes++;
	return __real_LLVMFuzzerMutate(data, size, max_size);
}

static void judge(void)
{
	const char *wrong = NULL;

	if (!mutated)
		wrong = "the mutator was never called";
	else if (!crossed)
		wrong = "the crossover was never called";
	else if (!by_bytes)
		wrong = "libFuzzer's own mutations were never called";
	else if (fresh < mutated / 4 || fresh > mutated)
		wrong = "fresh programs are not 1 in 3";
	else if (mutated + begun < 8 * by_bytes ||
		 mutated + begun > 32 * by_bytes)
		wrong = "libFuzzer's own mutations are not 1 in 16";
	else if (canonical < inputs / 2)
		wrong = "most inputs are not what the mutator makes";
	else if (unread)
		wrong = "there are inputs of a version that run does not read";

	fprintf(stderr,
		"%lu inputs, %lu canonical; calls: %lu begin, %lu of them "
		"instead of a program, %lu mutate, "
		"%lu cross, %lu bytes\n",
		inputs, canonical, begun, fresh, mutated, crossed, by_bytes);
	if (!wrong)
		return;
	fprintf(stderr, "%s\n", wrong);
	_exit(1);
}

static bool is_canonical(const struct prog *prog, const uint8_t *data,
			 size_t size)
{
	static uint8_t again[4096];

	return prog_encode(prog, again, sizeof(again)) == size &&
	       !memcmp(again, data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct prog prog;
	int version;

	if (!inputs++ && atexit(judge))
		abort();
	prog_decode(&prog, data, size);
	canonical += is_canonical(&prog, data, size);
	version = prog_version(data, size);
	unread += version >= 0 && version != PROG_VERSION;

	return 0;
}
