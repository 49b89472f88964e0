/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <string.h>

#include "run/minimise.h"
#include "shrink.h"

#define HANG_MS_QUICK 8u

/* Run @prog; is the verdict that of shrink->first? */
static bool shows(struct shrink *shrink, const struct prog *prog)
{
	struct child_answer answer;

	shrink->error = child_run(shrink->child, prog, &answer);
	return !shrink->error && answer.end == CHILD_FAILS &&
	       !strcmp(answer.signature, shrink->first.signature);
}

int shrink_first(struct shrink *shrink, struct prog *prog)
{
	shrink->began = seconds();
	prog->world.swarm = minimise_swarm(prog);
	shrink->error = child_run(shrink->child, prog, &shrink->first);
	return shrink->error;
}

/* Twice: what a process remembers must not matter. */
static bool shows_twice(struct shrink *shrink, const struct prog *prog)
{
	for (int i = 0; i < 2; i++)
		if (!shows(shrink, prog))
			return false;

	return true;
}

/*
 * The cheapest way to run it that shows the verdict each time. A sanitizer
 * tells of a place once a process only.
 */
static bool find_way(struct shrink *shrink, const struct prog *prog, bool quick)
{
	struct child_config *config = child_config(shrink->child);
	const unsigned int patient = config->hang_ms;

	config->full = shrink->first.oracle == ORACLE_ACCOUNT ||
		       shrink->first.oracle == ORACLE_REPLAY;
	if (shrink->first.oracle == ORACLE_HANG && quick) {
		config->hang_ms = HANG_MS_QUICK;
		if (!shows_twice(shrink, prog))
			config->hang_ms = patient;
	}
	if (shows_twice(shrink, prog))
		return true;
	config->full = true;
	if (shows_twice(shrink, prog))
		return true;
	config->fresh = true;
	return shows_twice(shrink, prog);
}

static enum minimise_said same(void *data, const struct prog *prog,
			       struct minimise_hint *hint)
{
	struct shrink *shrink = data;
	struct child_answer answer;

	if ((shrink->stop && *shrink->stop) ||
	    (shrink->limit > 0 && seconds() - shrink->began > shrink->limit))
		return MINIMISE_STOP;
	shrink->error = child_run(shrink->child, prog, &answer);
	if (shrink->error || answer.end == CHILD_STOPPED)
		return MINIMISE_STOP;
	shrink->tries++;
	if (shrink->tell)
		shrink->tell(shrink->data);
	if (answer.end != CHILD_FAILS ||
	    strcmp(answer.signature, shrink->first.signature) != 0)
		return MINIMISE_OTHER;

	hint->step = answer.step;
	hint->taken = child_taken(shrink->child, &hint->taken_nr);
	return MINIMISE_SAME;
}

static void better(void *data, const struct prog *best)
{
	struct shrink *shrink = data;

	if (shrink->better)
		shrink->better(shrink->data, best);
}

/* As "run" would, in a process that has seen nothing else. */
static bool shows_at_last(struct shrink *shrink, const struct prog *prog)
{
	struct child_config config = *child_config(shrink->child);
	struct child *child = shrink->child;
	bool does;

	config.full = true;
	config.fresh = true;
	config.stop = NULL;
	shrink->child = child_create(&config);
	does = shrink->child && shows(shrink, prog);
	child_destroy(shrink->child);
	shrink->child = child;
	return does;
}

static bool was_stopped(const struct shrink *shrink)
{
	return shrink->error || (shrink->stop && *shrink->stop);
}

/* @quick: do not wait long for a hang. Return: whether @prog is good. */
static bool attempt(struct shrink *shrink, struct prog *prog, bool quick)
{
	const struct minimise_ask ask = {
		.same = same, .better = better, .data = shrink};

	if (!find_way(shrink, prog, quick))
		return was_stopped(shrink);
	shrink->done = minimise(prog, &ask);
	return shows_at_last(shrink, prog);
}

int shrink(struct shrink *shrink, struct prog *prog)
{
	const struct child_config before = *child_config(shrink->child);
	bool good;
	struct prog best;

	prog_init(&best);
	prog_copy(&best, prog);
	good = attempt(shrink, &best, true);
	if (!good) {
		*child_config(shrink->child) = before;
		prog_copy(&best, prog);
		good = attempt(shrink, &best, false);
	}
	if (good)
		prog_copy(prog, &best);
	prog_free(&best);
	*child_config(shrink->child) = before;
	return good ? 0 : -EAGAIN;
}

void write_failure(FILE *out, const char *signature, const struct prog *prog)
{
	fprintf(out, "# signature: %s\n", signature);
	prog_print(prog, out);
}
