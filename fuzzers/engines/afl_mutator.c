/* SPDX-License-Identifier: GPL-2.0-only */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program/gen_state.h"

#include "afl_mutator.h"

#define SPLICE_ONE_IN 6u
#define SHORT_ONE_IN 8u
#define PHASE_OPS 100u
#define COMMAND_MAX 65536u

static_assert(AFL_INPUT_MAX == PROG_HEADER + 1000 * PROG_RECORD, "says what "
								 "its comment "
								 "says");

/**
 * struct trim - A program on its way to be smaller.
 * @good: the smallest known to keep what matters
 * @from, @to: operations that the current try leaves out
 * @length: of the runs left out in this pass; 0: finished
 * @step: tries done
 * @steps: no more than this
 */
struct trim {
	struct prog good;
	uint32_t from;
	uint32_t to;
	uint32_t length;
	int32_t step;
	int32_t steps;
};

/**
 * struct mutator - What afl_custom_init() returns.
 * @profile: of what begins afresh
 * @prog, @other, @mixed: kept between calls for their memory
 * @trim: between init_trim and the end of trimming
 * @out: what the last fuzz or trim handed out
 * @what: what afl_custom_describe() says
 */
struct mutator {
	struct rng rng;
	enum profile profile;
	struct prog prog;
	struct prog other;
	struct prog mixed;
	struct trim trim;
	uint8_t *out;
	size_t out_size;
	char what[32];
};

/* Room for @size bytes. NULL without memory, and then the old one stays. */
static uint8_t *room(struct mutator *m, size_t size)
{
	uint8_t *out;

	if (size <= m->out_size)
		return m->out;
	out = realloc(m->out, size);
	if (out) {
		m->out = out;
		m->out_size = size;
	}
	return out;
}

/* Is @word, of @nr letters, @name, with or without folders before it? */
static bool names(const char *word, size_t nr, const char *name)
{
	const size_t length = strlen(name);

	return nr >= length && !memcmp(word + nr - length, name, length) &&
	       (nr == length || word[nr - length - 1] == '/');
}

enum profile afl_profile(const char *words, size_t bytes)
{
	static const char *const targets[] = {
		[PROFILE_HEAP] = "fuzz_heap",
		[PROFILE_HOST] = "fuzz_host",
		[PROFILE_CORRUPT] = "fuzz_corrupt",
		[PROFILE_TEXT] = "fuzz_text",
	};
	enum profile profile = PROFILE_HEAP;
	size_t nr;

	for (size_t at = 0; at < bytes; at += nr + 1) {
		nr = strnlen(words + at, bytes - at);
		for (unsigned int i = 0; i <= PROFILE_TEXT; i++)
			if (names(words + at, nr, targets[i]))
				profile = (enum profile)i;
	}

	return profile;
}

static enum profile profile_of_target(void)
{
	FILE *file = fopen("/proc/self/cmdline", "r");
	enum profile profile = PROFILE_HEAP;
	char *words = malloc(COMMAND_MAX);

	if (file && words)
		profile =
			afl_profile(words, fread(words, 1, COMMAND_MAX, file));
	if (file)
		(void)fclose(file);
	free(words);

	return profile;
}

void *afl_custom_init(void *afl, unsigned int seed)
{
	struct mutator *m = calloc(1, sizeof(*m));

	(void)afl;
	if (!m)
		return NULL;
	rng_seed(&m->rng, seed);
	m->profile = profile_of_target();
	prog_init(&m->prog);
	prog_init(&m->other);
	prog_init(&m->mixed);
	prog_init(&m->trim.good);
	if (!room(m, AFL_INPUT_MAX)) {
		afl_custom_deinit(m);
		return NULL;
	}
	return m;
}

void afl_custom_deinit(void *data)
{
	struct mutator *m = data;

	prog_free(&m->prog);
	prog_free(&m->other);
	prog_free(&m->mixed);
	prog_free(&m->trim.good);
	free(m->out);
	free(m);
}

static uint32_t at_most(uint32_t value, uint32_t limit)
{
	return value < limit ? value : limit;
}

/* ---- mutation ------------------------------------------------------------ */

static void describe(struct mutator *m, const char *how, uint32_t ops)
{
	int length =
		snprintf(m->what, sizeof(m->what), "hypheap-%s-%u", how, ops);

	assert(length > 0 && (size_t)length < sizeof(m->what));
}

/*
 * The way to the target and back costs as much as hundreds of operations: what
 * is added runs almost for nothing. It goes on from where the program ends.
 */
static void lengthen(struct prog *prog, struct rng *rng, size_t max)
{
	const uint32_t old = prog->nr;
	unsigned int phases;

	for (phases = 0; phases < 2 * AFL_OPS / PHASE_OPS; phases++)
		if (prog->nr < AFL_OPS && prog_size(prog) < max)
			gen_phase(prog, rng,
				  at_most(AFL_OPS - prog->nr, PHASE_OPS));
	while (prog->nr > old && prog_size(prog) > max)
		prog->nr--;
}

size_t afl_custom_fuzz(void *data, uint8_t *buf, size_t buf_size,
		       uint8_t **out_buf, uint8_t *add_buf, size_t add_buf_size,
		       size_t max_size)
{
	struct mutator *m = data;
	struct prog *prog = &m->prog;
	const char *how = "mutate";

	*out_buf = m->out;
	if (max_size > AFL_INPUT_MAX)
		max_size = AFL_INPUT_MAX;
	if (max_size < PROG_HEADER) {
		/* Too small for any program of ours: not worth a mutation. */
		size_t size = buf_size < max_size ? buf_size : max_size;

		memcpy(m->out, buf, size);
		return size;
	}

	prog_decode(prog, buf, buf_size);
	if (!prog->nr)
		prog_begin(prog, &m->rng, m->profile, max_size);
	if (add_buf && !rng_below(&m->rng, SPLICE_ONE_IN)) {
		prog_decode(&m->other, add_buf, add_buf_size);
		prog_cross(&m->mixed, prog, &m->other, &m->rng, max_size);
		prog = &m->mixed;
		how = "splice";
	}
	if (prog == &m->prog || rng_below(&m->rng, 2))
		prog_mutate(prog, &m->rng, max_size);
	if (rng_below(&m->rng, SHORT_ONE_IN))
		lengthen(prog, &m->rng,
			 max_size < AFL_LONG_MAX ? max_size : AFL_LONG_MAX);
	describe(m, how, prog->nr);

	return prog_encode(prog, m->out, max_size);
}

const char *afl_custom_describe(void *data, size_t max_description_len)
{
	struct mutator *m = data;

	if (max_description_len < sizeof(m->what))
		m->what[max_description_len] = '\0';
	return m->what;
}

/* ---- trimming ------------------------------------------------------------ */

/* The next run to leave out ends where the last one began. */
static void trim_next(struct trim *t)
{
	while (!t->from && t->length) {
		t->length /= 2;
		t->from = t->good.nr;
	}
	t->to = t->from;
	t->from -= at_most(t->length, t->to);
}

int32_t afl_custom_init_trim(void *data, uint8_t *buf, size_t buf_size)
{
	struct mutator *m = data;
	struct trim *t = &m->trim;

	prog_decode(&t->good, buf, buf_size);
	/* AFL++ gives up its run if a try is larger than what it gave. */
	if (!t->good.nr || prog_size(&t->good) > buf_size || !room(m, buf_size))
		return 0;

	t->step = 0;
	t->steps = (int32_t)at_most(2 * t->good.nr + 8, AFL_TRIM_STEPS);
	t->length = t->good.nr > 1 ? t->good.nr / 2 : 1;
	t->from = t->good.nr;
	trim_next(t);

	return t->steps;
}

size_t afl_custom_trim(void *data, uint8_t **out_buf)
{
	struct mutator *m = data;
	struct trim *t = &m->trim;
	uint32_t i;

	assert(t->from < t->to && t->to <= t->good.nr);
	prog_clear(&m->prog);
	m->prog.world = t->good.world;
	for (i = 0; i < t->good.nr; i++)
		if (i < t->from || i >= t->to)
			prog_add(&m->prog, t->good.ops[i]);

	*out_buf = m->out;
	return prog_encode(&m->prog, m->out, m->out_size);
}

int32_t afl_custom_post_trim(void *data, unsigned char success)
{
	struct mutator *m = data;
	struct trim *t = &m->trim;

	if (success)
		prog_copy(&t->good, &m->prog);
	t->step++;
	trim_next(t);
	if (!t->length || !t->good.nr || t->step >= t->steps)
		return t->steps;

	return t->step;
}
