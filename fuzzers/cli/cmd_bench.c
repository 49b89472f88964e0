/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdlib.h>

#include "bench.h"
#include "cmd.h"

/* What the oracles cost: random programs, or tables of others. */

#define PROGRAMS_DEFAULT 1000u
#define ROUNDS_DEFAULT 9u
#define ROUNDS_MAX 1000u
#define ROW_OPS_MAX 65536u
#define ROW_LIVE_MAX 4096u
#define ROW_PAGES_MAX 32768u

struct options {
	struct source source;
	unsigned int rounds;
	enum run_level level; /* of the way that has all oracles */
	bool json;
	bool grid, growth;
	bool row;
	uint32_t ops, live, pages; /* of the row */
	bool all;		   /* only that way */
	bool ask;		   /* bare and checks, too */
};

static void print_way(const struct bench *b, enum bench_way way)
{
	const double ops = (double)b->ops, time = b->median[way];

	printf("%-8s %12.0f %12.0f %10.1f %9.1f .. %.1f\n", bench_names[way],
	       (double)b->nr / time, ops / time, 1e9 * time / ops,
	       1e9 * b->lowest[way] / ops, 1e9 * b->highest[way] / ops);
}

static void print_random(const struct options *options, const struct bench *b)
{
	printf("%" PRIu64 " programs of %" PRIu32 " ops, seed %" PRIu64
	       "; median of %u rounds in turns, CPU time\n",
	       b->nr, options->source.gen.ops, options->source.seed, b->rounds);
	printf("%-8s %12s %12s %10s %s\n", "", "programs/s", "op/s", "ns/op",
	       "  lowest .. highest ns/op");
	for (enum bench_way way = b->first; way < BENCH_WAYS;
	     way = bench_next(b, way))
		print_way(b, way);
	printf("all oracles cost %.2f times the %s alone, resets included in "
	       "both\n",
	       b->median[BENCH_ALL] / b->median[b->first],
	       bench_names[b->first]);
}

static bool bench_random(const struct options *options, struct run *run,
			 struct json *j)
{
	const uint64_t count = options->source.count;
	struct prog *programs = calloc(count, sizeof(*programs));
	struct bench b = {
		.run = run,
		.programs = programs,
		.nr = count,
		.level = options->level,
		.first = BENCH_EXECUTOR,
		.rounds = options->rounds,
	};
	bool holds;

	if (!programs)
		abort();
	for (uint64_t i = 0; i < count; i++) {
		prog_init(&programs[i]);
		source_program(&options->source, options->source.start + i,
			       &programs[i]);
	}
	if (options->all)
		b.first = BENCH_ALL;

	holds = bench_run(&b);
	if (holds && j) {
		json_number(j, "programs", count);
		json_number(j, "ops_each", options->source.gen.ops);
		json_number(j, "seed", options->source.seed);
		bench_json(j, &b);
	} else if (holds) {
		print_random(options, &b);
	}
	for (uint64_t i = 0; i < count; i++)
		prog_free(&programs[i]);
	free(programs);

	return holds;
}

static bool bench(const struct options *options, struct run *run,
		  struct json *j)
{
	const struct bench_table table = {
		.run = run,
		.rounds = options->rounds,
		.first = options->all ? BENCH_ALL : BENCH_BARE,
		.ask = options->ask,
		.j = j,
	};
	bool holds;

	if (!options->grid && !options->growth && !options->row)
		return bench_random(options, run, j);

	if (j)
		json_array(j, "rows");
	holds = (!options->row || bench_row(&table, options->ops, options->live,
					    options->pages)) &&
		(!options->grid || bench_grid(&table)) &&
		(!options->growth || bench_growth(&table));
	if (j)
		json_end(j);

	return holds;
}

/* ---- the command -------------------------------------------------------- */

enum {
	KEY_RUNS = 0x200,
	KEY_ROUNDS,
	KEY_ORACLE,
	KEY_JSON,
	KEY_GRID,
	KEY_GROWTH,
	KEY_ROW,
	KEY_ALL,
	KEY_ASK,
};

static const struct argp_option option_list[] = {
	{"runs", KEY_RUNS, "N", 0, "How many programs (default 1000)", 0},
	{"rounds", KEY_ROUNDS, "N", 0, "How often each (default 9)", 0},
	{"oracle", KEY_ORACLE, "exact|contract", 0,
	 "exact is the default; contract is without the model, and not for "
	 "tables",
	 0},
	{"grid", KEY_GRID, NULL, 0,
	 "A table instead: programs of 0 to 4,096 operations, 8 to 256 live "
	 "objects, heaps of 16 and 1,024 pages",
	 0},
	{"growth", KEY_GROWTH, NULL, 0,
	 "A table: 16 to 4,096 live objects, heaps of 1 MiB to 128 MiB", 0},
	{"row", KEY_ROW, "OPS,LIVE,PAGES", 0,
	 "One row of such a table: programs of so many operations, live "
	 "objects, pages of the heap",
	 0},
	{"all", KEY_ALL, NULL, 0,
	 "Only with all oracles: for a profiler to look at", 0},
	{"ask", KEY_ASK, NULL, 0,
	 "In a table bare and checks, too, ask the allocator after each "
	 "operation what it could give back, as all does: no harness that asks "
	 "is faster",
	 0},
	{"json", KEY_JSON, NULL, 0, "The figures as a JSON document", 0},
	{0},
};

static void parse_row(struct options *options, const char *arg,
		      struct argp_state *state)
{
	char ops[16], live[16], pages[16];
	int end = -1;

	if (sscanf(arg, "%15[^,],%15[^,],%15[^,]%n", ops, live, pages, &end) !=
		    3 ||
	    arg[end])
		argp_error(state, "--row=%s: OPS,LIVE,PAGES are three numbers",
			   arg);
	options->row = true;
	options->ops =
		(uint32_t)option_number(state, "row: ops", ops, 0, ROW_OPS_MAX);
	options->live = (uint32_t)option_number(state, "row: live", live, 1,
						ROW_LIVE_MAX);
	options->pages = (uint32_t)option_number(state, "row: pages", pages, 1,
						 ROW_PAGES_MAX);
}

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
	case KEY_ORACLE:
		options->level = option_level(state, arg);
		return 0;
	case KEY_GRID:
		options->grid = true;
		return 0;
	case KEY_GROWTH:
		options->growth = true;
		return 0;
	case KEY_ROW:
		parse_row(options, arg, state);
		return 0;
	case KEY_ALL:
		options->all = true;
		return 0;
	case KEY_JSON:
		options->json = true;
		return 0;
	case KEY_ASK:
		options->ask = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "\"%s\": only options are taken", arg);
		return 0;
	case ARGP_KEY_END:
		if (options->level != RUN_EXACT &&
		    (options->grid || options->growth || options->row))
			argp_error(state, "--grid, --growth and --row are "
					  "measured with --oracle=exact only");
		if (options->ask &&
		    !(options->grid || options->growth || options->row))
			argp_error(state, "--ask goes with --grid, --growth or "
					  "--row: random programs are not run "
					  "bare");
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
	.doc = "Measure the same programs with more and more of the oracles.\v"
	       "Rounds of the ways take turns in one process; CPU time. Each "
	       "way has what the one before has: bare is the allocator and the "
	       "backend without a check of any access, checks has those, "
	       "executor runs the program, model predicts, twin keeps "
	       "jemalloc's books, all is what a fuzz target does: all oracles, "
	       "replay and slow books on 1 program in 64. Random programs are "
	       "measured from executor on; only those of the tables can be run "
	       "without it.",
};

static int run(const struct command *cmd, int argc, char **argv)
{
	struct options options = {.source = source_default(),
				  .rounds = ROUNDS_DEFAULT,
				  .level = RUN_EXACT};
	struct run *run;
	struct json json;
	bool holds;

	options.source.count = PROGRAMS_DEFAULT;
	argp_parse(cmd->argp, argc, argv, 0, NULL, &options);

	run = new_run();
	if (options.json) {
		json_begin(&json, stdout);
		json_object(&json, NULL);
		json_number(&json, "rounds", options.rounds);
	}
	holds = bench(&options, run, options.json ? &json : NULL);
	if (options.json)
		json_end(&json);
	run_destroy(run);
	return holds ? STATUS_HOLDS : STATUS_VERDICT;
}

const struct command cmd_bench = {
	.name = "bench",
	.line = "measure what the oracles cost",
	.argp = &bench_argp,
	.run = run,
};
