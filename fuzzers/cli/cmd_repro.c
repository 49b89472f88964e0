/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "allocator/heap.h"
#include "repro.h"
#include "run/trace.h"

#define WATCHDOG_SECONDS 10u

struct options {
	const char *file, *out;
	enum run_level level;
	bool selftest;
};

static void *must(void *memory)
{
	if (memory)
		return memory;
	fputs("hypheap: no memory\n", stderr);
	exit(STATUS_USAGE);
}

/* Where the free chunk is that a corruption took, by its number. */
static uint64_t free_chunk(const struct step *step)
{
	const struct model *m = step->model;
	uint32_t nth = step->op.slot;

	for (uint32_t i = 0; i < m->nr; i++)
		if (!m->chunk[i].used && !nth--)
			return m->chunk[i].addr;
	return 0;
}

static void copy_others(struct repro_step *to, const struct step *step)
{
	if (!step->deferred_nr)
		return;
	to->others = must(calloc(step->deferred_nr, sizeof(*to->others)));
	to->others_nr = step->deferred_nr;
	for (uint32_t i = 0; i < step->deferred_nr; i++)
		to->others[i] = step->deferred[i];
}

/* A program that was minimised ran all of it; of others only what ran. */
static void watch(void *data, const struct run *run, const struct step *step)
{
	struct repro *repro = data;
	struct repro_step *to;
	char result[RESULT_TEXT];

	(void)run;
	if (step->actual.end == STEP_SKIPPED)
		return;
	if (repro->nr == repro->room) {
		repro->room = repro->room ? 2 * repro->room : 64;
		repro->step = must(realloc(repro->step,
					   repro->room * sizeof(*repro->step)));
	}
	to = &repro->step[repro->nr++];
	*to = (struct repro_step){.op = step->op,
				  .size = step->size,
				  .actual = step->actual,
				  .cpu = repro->cpu};
	if (step->op.kind == OP_CPU)
		repro->cpu = (uint32_t)step->op.arg;
	if (step->op.kind == OP_CORRUPT && step->op.sub & CORRUPT_FREE)
		to->header = free_chunk(step);
	if (!step->op.at)
		copy_others(to, step);
	snprintf(to->result, sizeof(to->result), "%.60s",
		 result_print(step, result, sizeof(result)));
}

/* ---- the command -------------------------------------------------------- */

enum { KEY_SELFTEST = 0x100, KEY_ORACLE };

static const struct argp_option option_list[] = {
	{"selftest", KEY_SELFTEST, NULL, 0,
	 "A function for the allocator's in-tree self test instead", 0},
	{"output", 'o', "OUT", 0, "Where to (default: standard output)", 0},
	{"oracle", KEY_ORACLE, "LEVEL", 0, "exact (default) or contract", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case KEY_SELFTEST:
		options->selftest = true;
		return 0;
	case 'o':
		options->out = arg;
		return 0;
	case KEY_ORACLE:
		options->level = option_level(state, arg);
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num)
			argp_error(state, "one FILE only");
		options->file = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which FILE?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp repro_argp = {
	.options = option_list,
	.parser = parse,
	.args_doc = "FILE",
	.doc = "Write a program that fails as a C file of plain calls, which "
	       "shows the failure without the harness.\v"
	       "Minimise it first. The command that builds it against the "
	       "allocator of this hypheap is printed; the first comment has it "
	       "for other machines.\n"
	       "Exit status: 0 written; 2 the program holds, cannot be said in "
	       "C, or bad input or output; 3 a fault in the harness itself.",
};

static int refuse(const struct options *options, const char *why)
{
	fprintf(stderr, "hypheap: %s: %s\n", options->file, why);
	return STATUS_USAGE;
}

static int write_repro(const struct options *options, struct repro *repro)
{
	char why[REPRO_WHY];
	int err;

	if (options->selftest ? repro_selftest_cannot(repro, why)
			      : repro_cannot(repro, why))
		return refuse(options, why);
	repro->file = strcmp(options->out, "-") != 0 ? options->out : "repro.c";
	err = output_file(options->out, false,
			  options->selftest ? repro_selftest : repro_print,
			  repro);
	if (err && !output_failed()) {
		fprintf(stderr, "hypheap: %s: %s\n", options->out,
			strerror(-err));
		return STATUS_USAGE;
	}
	if (!err && !options->selftest && strcmp(options->out, "-") != 0) {
		repro_command(stderr, repro->file, false);
		fputc('\n', stderr);
	}
	return STATUS_HOLDS;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct options options = {.level = RUN_EXACT, .out = "-"};
	struct run_config config = run_config_full();
	int status = STATUS_USAGE;
	struct repro repro = {.nr = 0};
	char why[INPUT_WHY];
	struct prog prog;
	struct run *executor;

	argp_parse(cmd->argp, argc, argv, 0, NULL, &options);
	executor = new_run();
	heap_watchdog(WATCHDOG_SECONDS);
	prog_init(&prog);
	config.level = options.level;
	config.watch = watch;
	config.data = &repro;
	repro.prog = &prog;
	repro.run = executor;
	if (input_read(options.file, &prog, why)) {
		fprintf(stderr, "hypheap: %s\n", why);
	} else if (run_program(executor, &prog, &config, &repro.result)) {
		refuse(&options, "it holds; there is nothing to show");
	} else {
		verdict_signature(&repro.result.verdict, repro.signature,
				  sizeof(repro.signature));
		status = write_repro(&options, &repro);
	}
	for (uint32_t i = 0; i < repro.nr; i++)
		free(repro.step[i].others);
	free(repro.step);
	prog_free(&prog);
	run_destroy(executor);
	return status;
}

const struct command cmd_repro = {
	.name = "repro",
	.line = "write a program that fails as a C file without the harness",
	.argp = &repro_argp,
	.run = run,
};
