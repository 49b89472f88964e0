/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "allocator/heap.h"
#include "cmd.h"
#include "run/features.h"
#include "run/json.h"
#include "run/report.h"
#include "run/trace.h"

#define WATCHDOG_SECONDS 10u

struct options {
	bool trace, json, draw, features;
	enum run_level level;
	bool without_twin;
	unsigned int watchdog;
	char **files;
	int nr;
};

/* What came of a file. */
struct outcome_of_file {
	const char *name;
	const struct prog *prog;
	struct run_result result;
	uint8_t cells[FEATURES_NR];
	char signature[SIGNATURE_TEXT];
	int status;
};

/**
 * struct show - What is shown while a program runs.
 * @json: with --json --trace: the steps go into it
 * @drawn: number of the step that was drawn last
 */
struct show {
	const struct options *options;
	struct json *json;
	unsigned int columns;
	bool colour;
	uint32_t drawn;
};

/* ---- while it runs ------------------------------------------------------ */

static void json_step(struct json *j, const struct step *step)
{
	const struct census *c = &step->after;
	char text[RESULT_TEXT];

	json_object(j, NULL);
	json_number(j, "step", step->number);
	json_string(j, "op", op_print(&step->op, text, sizeof(text)));
	json_string(j, "result", result_print(step, text, sizeof(text)));
	json_number(j, "host", c->host);
	json_number(j, "spare", c->spare);
	json_number(j, "mapped", c->mapped);
	json_number(j, "used", c->used);
	json_number(j, "free", c->free);
	if (c->guest)
		json_number(j, "guest", c->guest);
	if (c->hyp)
		json_number(j, "hyp", c->hyp);
	json_end(j);
}

static void draw(struct show *show, const struct run *run,
		 const struct step *step)
{
	if (show->drawn == step->number)
		return;
	draw_heap(stdout, run, step, show->columns, show->colour);
	show->drawn = step->number;
}

static void watch(void *data, const struct run *run, const struct step *step)
{
	struct show *show = data;
	const struct options *options = show->options;
	bool last = step->number == run_prog(run)->nr ||
		    step->actual.end > STEP_SKIPPED;

	if (show->json)
		json_step(show->json, step);
	else if (options->trace)
		trace_step(stdout, step);
	if (options->draw && (options->trace || last))
		draw(show, run, step);
}

static unsigned int terminal_columns(void)
{
	const char *text = getenv("COLUMNS");
	struct winsize size;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	return text && atoi(text) > 0 ? (unsigned int)atoi(text) : 80;
}

static bool terminal_colour(void)
{
	const char *no = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && !(no && *no);
}

/* ---- one file ----------------------------------------------------------- */

/* Did what is expected come? */
static bool as_expected(const struct outcome_of_file *file)
{
	return !strcmp(file->prog->expect, file->signature);
}

/* What people read goes elsewhere if stdout is for machines. */
static FILE *words(const struct options *options)
{
	return options->trace || options->json || options->features ? stderr
								    : stdout;
}

/* "corruption: zero of a live chunk, missed at op 6" */
static void say_damage(FILE *out, const struct damage *d)
{
	if (!d->nr)
		return;
	fprintf(out, "  corruption: %s of a %s chunk, %s", damage_word(d->kind),
		d->free ? "free" : "live", damage_end_word(d->end));
	if (d->step)
		fprintf(out, " at op %u", d->step);
	fputc('\n', out);
}

static void json_damage(struct json *j, const struct damage *d)
{
	if (!d->nr)
		return;
	json_object(j, "corruption");
	json_string(j, "kind", damage_word(d->kind));
	json_string(j, "of", d->free ? "free" : "live");
	json_string(j, "outcome", damage_end_word(d->end));
	json_number(j, "step", d->step);
	json_end(j);
}

static void say_outcome(const struct options *options,
			const struct outcome_of_file *file,
			const struct run *run)
{
	FILE *out = words(options);
	const struct prog *prog = file->prog;
	const char *level = options->level == RUN_CONTRACT ? ".contract" : "";
	char replay[4096];

	if (prog->expect[0] && as_expected(file)) {
		fprintf(out, "%s: expected: %s\n", file->name, file->signature);
		return;
	}
	if (file->signature[0]) {
		snprintf(replay, sizeof(replay), "hypheap run %s%s%s",
			 *level ? "--oracle=" : "", *level ? "contract " : "",
			 file->name);
		report_failure(out, run, &file->result, replay);
	}
	if (prog->expect[0]) {
		fprintf(out, "%s: expected %s, but %s%s\n", file->name,
			prog->expect, file->signature[0] ? "got " : "it holds",
			file->signature);
		return;
	}
	if (!file->signature[0] && out == stdout)
		fprintf(out, "%s: holds, %u ops, digest %016llx%s\n",
			file->name, file->result.steps,
			(unsigned long long)file->result.digest,
			*level ? " (contract level: shape is off)" : "");
	if (!file->signature[0] && out == stdout)
		say_damage(out, &file->result.damage);
}

static void json_features(struct json *j, const uint8_t *cells)
{
	json_array(j, "features");
	for (uint32_t i = 0; i < FEATURES_NR; i++)
		if (cells[i])
			json_number(j, NULL, i);
	json_end(j);
}

/* One line, ascending. */
static void print_features(const uint8_t *cells)
{
	const char *space = "";

	for (uint32_t i = 0; i < FEATURES_NR; i++) {
		if (!cells[i])
			continue;
		printf("%s%u", space, i);
		space = " ";
	}
	putchar('\n');
}

static void json_outcome(struct json *j, const struct outcome_of_file *file)
{
	const struct verdict *v = &file->result.verdict;
	bool fails = v->oracle != ORACLE_NONE;

	json_number(j, "ops", file->prog->nr);
	json_string(j, "verdict", oracle_name(v->oracle));
	json_string(j, "signature", fails ? file->signature : NULL);
	json_hex(j, "digest", file->result.digest);
	json_number(j, "steps", file->result.steps);
	json_bool(j, "holds", file->status == STATUS_HOLDS);
	json_string(j, "expect",
		    file->prog->expect[0] ? file->prog->expect : NULL);
	json_damage(j, &file->result.damage);
	if (fails) {
		json_number(j, "step", v->step);
		json_string(j, "text", v->text);
	}
}

static void run_file(const struct options *options, struct run *run,
		     struct outcome_of_file *file)
{
	struct run_config config = run_config_full();
	struct show show = {.options = options,
			    .columns = terminal_columns(),
			    .colour = terminal_colour()};
	struct run_result *result = &file->result;
	struct json json;

	config.level = options->level;
	config.without_twin = options->without_twin;
	config.watch = watch;
	config.data = &show;
	if (options->features) {
		/* for many files: no more than a fuzz target does */
		config.cells = file->cells;
		config.replay = false;
		config.slow_books = false;
	}
	if (options->json) {
		json_begin(&json, stdout);
		json_object(&json, NULL);
		json_string(&json, "file", file->name);
		if (options->trace) {
			json_array(&json, "trace");
			show.json = &json;
		}
	}

	run_program(run, file->prog, &config, result);
	verdict_signature(&result->verdict, file->signature,
			  sizeof(file->signature));
	file->status = as_expected(file) ? STATUS_HOLDS : STATUS_VERDICT;

	if (options->json) {
		if (options->trace)
			json_end(&json);
		json_outcome(&json, file);
		if (options->features)
			json_features(&json, file->cells);
		json_end(&json);
	} else if (options->trace) {
		trace_digest(stdout, result->digest);
	}
	if (options->features && !options->json)
		print_features(file->cells);
	if (options->draw && result->verdict.step)
		draw(&show, run, &result->last);
	if (options->draw && !file->prog->nr)
		draw_heap(stdout, run, &result->last, show.columns, false);
	if (!output_failed())
		say_outcome(options, file, run);
}

static void bad_file(const struct options *options, const char *name,
		     const char *why)
{
	struct json j;

	if (output_failed())
		return;
	fprintf(stderr, "hypheap: %s\n", why);
	if (!options->json)
		return;
	json_begin(&j, stdout);
	json_object(&j, NULL);
	json_string(&j, "file", name);
	json_string(&j, "error", why);
	json_end(&j);
}

/* ---- the command -------------------------------------------------------- */

enum {
	KEY_TRACE = 0x100,
	KEY_JSON,
	KEY_DRAW,
	KEY_FEATURES,
	KEY_ORACLE,
	KEY_BACKEND,
	KEY_WATCHDOG,
	KEY_WITHOUT_TWIN
};

static const struct argp_option option_list[] = {
	{"trace", KEY_TRACE, NULL, 0,
	 "A line an operation, tab separated: number, operation, result, pages "
	 "and chunks; last the digest. Reports go to stderr",
	 0},
	{"json", KEY_JSON, NULL, 0,
	 "A JSON document a line for each file; with --trace the steps are in "
	 "it",
	 0},
	{"draw", KEY_DRAW, NULL, 0,
	 "Draw the heap after the last operation; with --trace after each", 0},
	{"features", KEY_FEATURES, NULL, 0,
	 "Print which features of state the program has, as the fuzz engines "
	 "hear of them: numbers in ascending order; it is run once",
	 0},
	{"oracle", KEY_ORACLE, "exact|contract", 0,
	 "exact: the model predicts every result (default); contract: for an "
	 "allocator with a policy of its own",
	 0},
	{"backend", KEY_BACKEND, "copy|mmu", 0, OPTION_BACKEND, 0},
	{"watchdog", KEY_WATCHDOG, "SECONDS", 0,
	 "A call that takes as long to twice that of CPU time is a hang, "
	 "besides the bound on what it may call (default 10); 0: none",
	 0},
	{"without-twin", KEY_WITHOUT_TWIN, NULL, OPTION_HIDDEN,
	 "Let no oracle hear of the twin, to see what it earns", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case KEY_TRACE:
		options->trace = true;
		return 0;
	case KEY_JSON:
		options->json = true;
		return 0;
	case KEY_DRAW:
		options->draw = true;
		return 0;
	case KEY_FEATURES:
		options->features = true;
		return 0;
	case KEY_ORACLE:
		options->level = option_level(state, arg);
		return 0;
	case KEY_BACKEND:
		option_backend(state, arg);
		return 0;
	case KEY_WATCHDOG:
		options->watchdog = (unsigned int)option_number(
			state, "watchdog", arg, 0, 3600);
		return 0;
	case KEY_WITHOUT_TWIN:
		options->without_twin = true;
		return 0;
	case ARGP_KEY_ARGS:
		options->files = state->argv + state->next;
		options->nr = state->argc - state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which FILE?");
		return 0;
	case ARGP_KEY_END:
		if (options->draw && options->json)
			argp_error(state, "--draw and --json exclude each "
					  "other");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp run_argp = {
	.options = option_list,
	.parser = parse,
	.args_doc = "FILE...",
	.doc = "Run programs, text or bytes, with all oracles, twice.\v"
	       "FILE - is standard input. A comment \"# expect: SIGNATURE\" in "
	       "a program makes it hold only if exactly that verdict comes.",
};

static int run(const struct command *cmd, int argc, char **argv)
{
	struct options options = {.level = RUN_EXACT,
				  .watchdog = WATCHDOG_SECONDS};
	struct prog prog;
	struct run *executor;
	int status = STATUS_HOLDS;

	argp_parse(cmd->argp, argc, argv, 0, NULL, &options);
	executor = new_run();
	heap_watchdog(options.watchdog);
	prog_init(&prog);
	if (options.draw)
		draw_legend(stdout, terminal_colour());

	for (int i = 0; i < options.nr && !output_failed(); i++) {
		struct outcome_of_file file = {.name = options.files[i],
					       .prog = &prog,
					       .status = STATUS_USAGE};
		char why[INPUT_WHY];

		if (options.nr > 1 && !options.json)
			printf("== %s\n", file.name);
		if (input_read(file.name, &prog, why))
			bad_file(&options, file.name, why);
		else
			run_file(&options, executor, &file);
		if (file.status > status)
			status = file.status;
	}

	prog_free(&prog);
	run_destroy(executor);
	return status;
}

const struct command cmd_run = {
	.name = "run",
	.line = "run programs with all oracles",
	.argp = &run_argp,
	.run = run,
};
