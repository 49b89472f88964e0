/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "cmd.h"
#include "run/json.h"
#include "run/report.h"

/*
 * What the oracles cost: the same programs, made beforehand, run bare and with
 * all oracles, in turns, so that what else the machine does hits both alike.
 */

#define PROGRAMS_DEFAULT 1000u
#define ROUNDS_DEFAULT 9u
#define ROUNDS_MAX 1000u

struct options {
	struct source source;
	unsigned int rounds;
	bool json;
};

/* One way to run; a time for each round. */
struct way {
	const char *name;
	enum run_level level;
	uint64_t ops;
	double *times; /* seconds a round */
};

struct bench {
	const struct options *options;
	struct run *run;
	struct prog *programs;
};

/* Of this process: what else the machine does is not in it. */
static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Return: false if a program does not hold; it is reported. */
static bool run_round(struct bench *b, struct way *way, double *time)
{
	uint64_t count = b->options->source.count;
	struct run_result result;
	double began;

	way->ops = 0;
	began = cpu_seconds();
	for (uint64_t i = 0; i < count; i++) {
		struct run_config config = {.level = RUN_BARE};

		if (way->level != RUN_BARE)
			config = run_config_fuzz(&b->programs[i]);
		if (!run_program(b->run, &b->programs[i], &config, &result)) {
			report_failure(stderr, b->run, &result, NULL);
			return false;
		}
		way->ops += result.steps;
	}
	*time = cpu_seconds() - began;
	return true;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Median, lowest and highest of the rounds. */
static double median(const struct way *way, unsigned int rounds)
{
	return rounds % 2
		       ? way->times[rounds / 2]
		       : (way->times[rounds / 2 - 1] + way->times[rounds / 2]) /
				 2;
}

static void print_way(const struct bench *b, const struct way *way)
{
	unsigned int rounds = b->options->rounds;
	double count = (double)b->options->source.count;
	double ops = (double)way->ops, time = median(way, rounds);

	printf("%-6s %12.0f %12.0f %10.1f %9.1f .. %.1f\n", way->name,
	       count / time, ops / time, 1e9 * time / ops,
	       1e9 * way->times[0] / ops, 1e9 * way->times[rounds - 1] / ops);
}

static void json_way(struct json *j, const struct bench *b,
		     const struct way *way)
{
	unsigned int rounds = b->options->rounds;
	double ops = (double)way->ops, time = median(way, rounds);

	json_object(j, way->name);
	json_number(j, "ops", way->ops);
	json_real(j, "programs_per_second",
		  (double)b->options->source.count / time);
	json_real(j, "ops_per_second", ops / time);
	json_real(j, "ns_per_op", 1e9 * time / ops);
	json_real(j, "ns_per_op_lowest", 1e9 * way->times[0] / ops);
	json_real(j, "ns_per_op_highest", 1e9 * way->times[rounds - 1] / ops);
	json_end(j);
}

static void tell(const struct bench *b, const struct way *bare,
		 const struct way *exact)
{
	unsigned int rounds = b->options->rounds;
	double ratio = median(exact, rounds) / median(bare, rounds);
	struct json j;

	if (b->options->json) {
		json_begin(&j, stdout);
		json_object(&j, NULL);
		json_number(&j, "programs", b->options->source.count);
		json_number(&j, "ops_each", b->options->source.gen.ops);
		json_number(&j, "seed", b->options->source.seed);
		json_number(&j, "rounds", rounds);
		json_way(&j, b, bare);
		json_way(&j, b, exact);
		json_real(&j, "ratio", ratio);
		json_end(&j);
		return;
	}
	printf("%" PRIu64 " programs of %" PRIu32 " ops, seed %" PRIu64
	       "; median of %u rounds in turns\n",
	       b->options->source.count, b->options->source.gen.ops,
	       b->options->source.seed, rounds);
	printf("%-6s %12s %12s %10s %s\n", "", "programs/s", "op/s", "ns/op",
	       "  lowest .. highest ns/op");
	print_way(b, bare);
	print_way(b, exact);
	printf("all oracles cost %.2f times the bare run, resets included in "
	       "both\n",
	       ratio);
}

static bool bench(struct bench *b)
{
	unsigned int rounds = b->options->rounds;
	struct way bare = {.name = "bare", .level = RUN_BARE};
	struct way exact = {.name = "exact", .level = RUN_EXACT};
	double warm_up;
	bool holds;

	bare.times = calloc(rounds, sizeof(double));
	exact.times = calloc(rounds, sizeof(double));
	if (!bare.times || !exact.times)
		abort();

	holds = true;
	if (getenv("ONLY")) { struct way *w = getenv("ONLY")[0] == 'b' ? &bare : &exact; for (unsigned i = 0; i < rounds; i++) run_round(b, w, &w->times[i]); qsort(w->times, rounds, sizeof(double), by_size); print_way(b, w); return true; }
	holds = run_round(b, &exact, &warm_up);
	for (unsigned int i = 0; i < rounds && holds; i++)
		holds = run_round(b, &bare, &bare.times[i]) &&
			run_round(b, &exact, &exact.times[i]);
	if (holds) {
		qsort(bare.times, rounds, sizeof(double), by_size);
		qsort(exact.times, rounds, sizeof(double), by_size);
		tell(b, &bare, &exact);
	}
	free(bare.times);
	free(exact.times);
	return holds;
}

/* ---- the command -------------------------------------------------------- */

enum { KEY_RUNS = 0x200, KEY_ROUNDS, KEY_JSON };

static const struct argp_option option_list[] = {
	{"runs", KEY_RUNS, "N", 0, "How many programs (default 1000)", 0},
	{"rounds", KEY_ROUNDS, "N", 0, "How often each (default 9)", 0},
	{"json", KEY_JSON, NULL, 0, "The figures as a JSON document", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->source;
		return 0;
	case KEY_RUNS:
		options->source.count =
			option_number(state, "runs", arg, 1, 1000000);
		return 0;
	case KEY_ROUNDS:
		options->rounds = (unsigned int)option_number(
			state, "rounds", arg, 1, ROUNDS_MAX);
		return 0;
	case KEY_JSON:
		options->json = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "\"%s\": only options are taken", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {{&source_argp, 0, NULL, 0}, {0}};

static const struct argp bench_argp = {
	.options = option_list,
	.parser = parse,
	.children = children,
	.doc = "Measure the same random programs bare and with all oracles.\v"
	       "Rounds of the two take turns in one process. Exact is what a "
	       "fuzz target does: replay and slow books on 1 program in 64.",
};

static int run(const struct command *cmd, int argc, char **argv)
{
	struct options options = {.source = source_default(),
				  .rounds = ROUNDS_DEFAULT};
	struct bench b = {.options = &options};
	uint64_t i, count;
	bool holds;

	options.source.count = PROGRAMS_DEFAULT;
	argp_parse(cmd->argp, argc, argv, 0, NULL, &options);
	count = options.source.count;
	b.run = new_run();
	b.programs = calloc(count, sizeof(*b.programs));
	if (!b.programs)
		abort();
	for (i = 0; i < count; i++) {
		prog_init(&b.programs[i]);
		source_program(&options.source, options.source.start + i,
			       &b.programs[i]);
	}

	holds = bench(&b);

	for (i = 0; i < count; i++)
		prog_free(&b.programs[i]);
	free(b.programs);
	run_destroy(b.run);
	return holds ? STATUS_HOLDS : STATUS_VERDICT;
}

const struct command cmd_bench = {
	.name = "bench",
	.line = "measure what the oracles cost",
	.argp = &bench_argp,
	.run = run,
};
