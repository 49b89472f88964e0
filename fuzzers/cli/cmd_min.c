/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shrink.h"

#define TIMEOUT_SECONDS 10u
#define HANG_MS 500u
#define WRITE_EVERY 0.25 /* seconds between two versions of OUT */

struct options {
	const char *file, *out;
	enum run_level level;
	unsigned int timeout;
	uint64_t limit;
	bool expect;
};

/**
 * struct min - Under way.
 * @from: operations at the start
 * @nr: operations of the best so far
 * @told, @written: seconds on the clock
 * @pending: the best so far is not in OUT yet
 * @error: a negative errno: OUT could not be written
 */
struct min {
	const struct options *options;
	struct shrink shrink;
	uint32_t from, nr;
	double told, written, every;
	bool tty, pending;
	int error;
};

/* ---- the best so far ---------------------------------------------------- */

struct to_write {
	const char *signature;
	const struct prog *prog;
};

static void write_best(FILE *out, const void *data)
{
	const struct to_write *what = data;

	write_failure(out, what->signature, what->prog);
}

static int save(struct min *min, const struct prog *prog)
{
	struct to_write what = {min->shrink.first.signature, prog};

	min->error = output_file(min->options->out, false, write_best, &what);
	min->written = seconds();
	min->pending = false;
	return min->error;
}

static void better(void *data, const struct prog *best)
{
	struct min *min = data;

	min->nr = best->nr;
	min->pending = true;
	if (strcmp(min->options->out, "-") != 0 &&
	    seconds() - min->written > WRITE_EVERY)
		save(min, best);
}

/* ---- progress ----------------------------------------------------------- */

static void tell(void *data)
{
	struct min *min = data;
	double now = seconds();

	if (now - min->told < min->every)
		return;
	min->told = now;
	fprintf(stderr,
		"%s%" PRIu64 " tries, %" PRIu32 " -> %" PRIu32 " operations, "
		"%.1f s%s",
		min->tty ? "\r" : "", min->shrink.tries, min->from, min->nr,
		now - min->shrink.began, min->tty ? "   " : "\n");
}

static void tell_end(const struct min *min)
{
	const struct shrink *s = &min->shrink;

	if (min->tty && min->told > s->began)
		fputc('\n', stderr);
	fprintf(stderr,
		"%s: %s: %" PRIu32 " -> %" PRIu32 " operations, %" PRIu64 " tri"
		"es, "
		"%."
		"1f "
		"s\n",
		min->options->file, s->first.signature, min->from, min->nr,
		s->tries, seconds() - s->began);
	if (s->done)
		return;
	fprintf(stderr,
		"hypheap: %s: not everything was tried: %s has the "
		"best so far\n",
		interrupted ? "interrupted"
		: s->error  ? strerror(-s->error)
			    : "out of time",
		min->options->out);
}

/* ---- the command -------------------------------------------------------- */

enum { KEY_ORACLE = 0x100, KEY_EXPECT, KEY_TIMEOUT, KEY_SECONDS };

static const struct argp_option option_list[] = {
	{"output", 'o', "OUT", 0, "Where to; - is standard output", 0},
	{"expect", KEY_EXPECT, NULL, 0,
	 "Write \"# expect: SIGNATURE\" into it, so that \"run\" passes if it "
	 "still fails",
	 0},
	{"oracle", KEY_ORACLE, "LEVEL", 0, "exact (default) or contract", 0},
	{"timeout", KEY_TIMEOUT, "SECONDS", 0,
	 "A try that takes longer does not count (default 10)", 0},
	{"seconds", KEY_SECONDS, "N", 0,
	 "End after N seconds with the best so far (default 0: when nothing is "
	 "left to try)",
	 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case KEY_EXPECT:
		options->expect = true;
		return 0;
	case KEY_ORACLE:
		options->level = option_level(state, arg);
		return 0;
	case KEY_TIMEOUT:
		options->timeout = (unsigned int)option_number(state, "timeout",
							       arg, 1, 3600);
		return 0;
	case KEY_SECONDS:
		options->limit =
			option_number(state, "seconds", arg, 0, 1000000);
		return 0;
	default:
		return option_files(key, arg, state, &options->file,
				    &options->out);
	}
}

static const struct argp min_argp = {
	.options = option_list,
	.parser = parse,
	.args_doc = "FILE -o OUT",
	.doc = "Make a program that fails as small as it gets, and keep its "
	       "signature.\v"
	       "FILE is text or bytes, a crash file of libFuzzer or AFL++ too; "
	       "- is standard input. OUT is text. It has the best so far at "
	       "any "
	       "time: Ctrl-C, or worse, costs nothing but what was not tried "
	       "yet. The same FILE gives the same OUT, and OUT gives itself. "
	       "Programs run in a process of their own.\n"
	       "Exit status: 0 OUT is written; 2 the program holds, or bad "
	       "input or output; 3 a fault in the harness itself.",
};

/* What keeps it from being minimised; STATUS_VERDICT: nothing. */
static int refuse(const struct options *options, const struct shrink *s)
{
	char words[32];

	if (s->error) {
		fprintf(stderr, "hypheap: no child process: %s\n",
			strerror(-s->error));
		return STATUS_USAGE;
	}
	switch (s->first.end) {
	case CHILD_FAILS:
		return STATUS_VERDICT;
	case CHILD_HOLDS:
		fprintf(stderr,
			"hypheap: %s: it holds; there is nothing to "
			"minimise\n",
			options->file);
		return STATUS_USAGE;
	case CHILD_SLOW:
		fprintf(stderr,
			"hypheap: %s: it runs longer than %u s; see "
			"--timeout\n",
			options->file, options->timeout);
		return STATUS_USAGE;
	case CHILD_STOPPED:
		fprintf(stderr, "hypheap: interrupted; nothing was written\n");
		return STATUS_USAGE;
	case CHILD_DIED:
		break;
	}
	fprintf(stderr,
		"HARNESS BUG: %s: it ended with %s, without a verdict; see "
		"hypheap run\n",
		options->file,
		child_end_words(s->first.status, words, sizeof(words)));
	return STATUS_BUG;
}

static int minimise_it(struct min *min, struct prog *prog)
{
	struct shrink *s = &min->shrink;
	const struct options *options = min->options;
	bool keep = options->expect ||
		    !strcmp(prog->expect, s->first.signature);

	if (keep)
		snprintf(prog->expect, sizeof(prog->expect), "%s",
			 s->first.signature);
	else
		prog->expect[0] = '\0';
	min->from = prog->nr;
	min->nr = prog->nr;
	/* that it can be written is known before the work begins */
	if (strcmp(options->out, "-") != 0 && save(min, prog))
		goto out;

	if (shrink(s, prog)) {
		fprintf(stderr, "HARNESS BUG: %s: %s does not come each time\n",
			options->file, s->first.signature);
		return STATUS_BUG;
	}
	min->nr = prog->nr;
	tell_end(min);
	if (min->pending || min->error || !strcmp(options->out, "-"))
		save(min, prog);
out:
	if (!min->error || output_failed())
		return STATUS_HOLDS; /* a broken stdout is told at exit */
	fprintf(stderr, "hypheap: %s: %s\n", options->out,
		strerror(-min->error));
	return STATUS_USAGE;
}

static int run_min(const struct options *options, struct prog *prog)
{
	const struct child_config config = {.level = options->level,
					    .full = true,
					    .seconds = options->timeout,
					    .hang_ms = HANG_MS,
					    .stop = &interrupted};
	struct min min = {.options = options};
	int status;

	min.shrink = (struct shrink){.child = child_create(&config),
				     .stop = &interrupted,
				     .limit = (double)options->limit,
				     .tell = tell,
				     .better = better,
				     .data = &min};
	if (!min.shrink.child) {
		fputs("hypheap: no memory\n", stderr);
		return STATUS_USAGE;
	}
	min.tty = isatty(STDERR_FILENO);
	min.every = min.tty ? 0.2 : 10;
	min.told = seconds();
	shrink_first(&min.shrink, prog);
	status = refuse(options, &min.shrink);
	if (status == STATUS_VERDICT)
		status = minimise_it(&min, prog);
	child_destroy(min.shrink.child);
	return status;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct options options = {.level = RUN_EXACT,
				  .timeout = TIMEOUT_SECONDS};
	char why[INPUT_WHY];
	struct prog prog;
	int status = STATUS_USAGE;

	argp_parse(cmd->argp, argc, argv, 0, NULL, &options);
	prog_init(&prog);
	catch_interrupt();
	if (!input_read(options.file, &prog, why))
		status = run_min(&options, &prog);
	else
		fprintf(stderr, "hypheap: %s\n", why);
	prog_free(&prog);
	return status;
}

const struct command cmd_min = {
	.name = "min",
	.line = "make a program that fails as small as it gets",
	.argp = &min_argp,
	.run = run,
};
