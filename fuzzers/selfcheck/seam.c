/* SPDX-License-Identifier: GPL-2.0-only */
#include "seam.h"

#include <stddef.h>
#include <string.h>

/* All NULL in every run that is not a lie: one load and one test a call. */
static struct seam told;

static struct {
	unsigned int run, op, nth;	    /* when it is due */
	unsigned int runs, ops;		    /* now */
	unsigned int calls[SEAM_FUNCTIONS]; /* in the operation it is due */
	unsigned int lies;
} turn;

static bool due(enum seam_function function)
{
	if (turn.runs != turn.run || turn.ops != turn.op)
		return false;
	if (++turn.calls[function] != turn.nth && turn.nth != SEAM_EACH)
		return false;
	turn.lies++;

	return true;
}

/* ---- which operation it is ---------------------------------------------- */

static void count_run(const struct heap_config *config)
{
	turn.runs++;
	__real_heap_reset(config);
}

/* What begins from here on is an operation of the program's. */
static bool count_init(uint64_t bytes, int *err)
{
	turn.ops = 0;

	return __real_heap_init(bytes, err);
}

static void count_op(uint64_t bound)
{
	turn.ops++;
	__real_heap_begin(bound);
}

void seam_lie(const struct seam *lie, unsigned int run, unsigned int op,
	      unsigned int nth)
{
	memset(&turn, 0, sizeof(turn));
	turn.run = run;
	turn.op = op;
	turn.nth = nth;
	told = *lie;
	told.heap_reset = count_run;
	told.heap_init = count_init;
	told.heap_begin = count_op;
}

unsigned int seam_truth(void)
{
	memset(&told, 0, sizeof(told));

	return turn.lies;
}

/* ---- the functions ------------------------------------------------------ */

static bool counts(enum seam_function function)
{
	return function == SEAM_heap_reset || function == SEAM_heap_init ||
	       function == SEAM_heap_begin;
}

#define SEAM(type, name, params, args)                         \
	type __wrap_##name params;                             \
	type __wrap_##name params                              \
	{                                                      \
		if (__builtin_expect(told.name != NULL, 0) &&  \
		    (counts(SEAM_##name) || due(SEAM_##name))) \
			return told.name args;                 \
		return __real_##name args;                     \
	}
#include "seam.def"
#undef SEAM
