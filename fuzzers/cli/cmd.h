/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_CMD_H
#define HYPHEAP_CMD_H

#include <argp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "program/gen.h"
#include "run/run.h"

/* What the commands of "hypheap" share; each has a file of its own. */

/* Exit status. */
enum status {
	STATUS_HOLDS = 0,
	STATUS_VERDICT = 1,
	STATUS_USAGE = 2, /* or bad input, or output that cannot be written */
	STATUS_BUG = 3,	  /* of the harness */
};

/**
 * struct command - One command.
 * @name: the first argument
 * @line: what it does, one line of help
 * @argp: its options and arguments; args_doc goes into the usage
 * @run: does it, with argv[0] "hypheap NAME"; returns an exit status
 */
struct command {
	const char *name;
	const char *line;
	const struct argp *argp;
	int (*run)(const struct command *cmd, int argc, char **argv);
};

extern const struct command cmd_run;
extern const struct command cmd_report;
extern const struct command cmd_show;
extern const struct command cmd_asm;
extern const struct command cmd_gen;
extern const struct command cmd_stress;
extern const struct command cmd_min;
extern const struct command cmd_triage;
extern const struct command cmd_repro;
extern const struct command cmd_diff;
extern const struct command cmd_bench;
extern const struct command cmd_selfcheck;
extern const struct command cmd_version;
extern const struct command cmd_help;

/* The table of them, NULL at the end. */
extern const struct command *const commands[];
void commands_print(FILE *out);

/* ---- the table as manual and completion ---------------------------------- */

/* manual_print() - The man page, made from the table of commands. */
void manual_print(FILE *out);

/* complete_print() - Completion for a shell; false: for none of that name. */
bool complete_print(FILE *out, const char *shell);

/*
 * command_options() - Call @each with every option of a command that is not
 * hidden, its children's too, but for --help and --usage, which all have.
 */
void command_options(const struct command *cmd,
		     void (*each)(void *data, const struct argp_option *option),
		     void *data);

#define COMMANDS_WHAT                                                     \
	"Fuzz and check the pKVM EL2 heap allocator against a model and " \
	"jemalloc's books"

/* What each exit status says, by its number; NULL at the end. */
extern const char *const status_what[];

/* ---- options ------------------------------------------------------------ */

/* option_number() - Decimal or 0x, lo..hi, or argp's usage error. */
uint64_t option_number(struct argp_state *state, const char *name,
		       const char *text, uint64_t lo, uint64_t hi);

/*
 * option_files() - What parses the rest of a command with one FILE and -o OUT,
 * which must both be said.
 */
error_t option_files(int key, char *arg, struct argp_state *state,
		     const char **file, const char **out);

/* option_level() - "exact" or "contract", or a usage error. */
enum run_level option_level(struct argp_state *state, const char *text);

/* option_backend() - "copy" or "mmu", from now on; or one line and an end. */
void option_backend(struct argp_state *state, const char *text);
#define OPTION_BACKEND                                                     \
	"copy: pages are copied and a check of ours refuses what EL2 may " \
	"not touch (default); mmu: they are mapped, and it really faults"

/**
 * struct source - Where random programs come from; for gen, stress and bench.
 * @seed, @start: program i is made from seed and start + i alone
 * @count: how many
 * @gen: what they are like
 * @pages: bit n: pages of 1 << n bytes occur; several take turns
 */
struct source {
	uint64_t seed;
	uint64_t start;
	uint64_t count;
	struct gen_config gen;
	uint32_t pages;
};

struct source source_default(void);
/* source_argp - A child argp; its input is a struct source. */
extern const struct argp source_argp;
const char *source_profile(const struct source *source);
/* source_program() - Program number @index. */
void source_program(const struct source *source, uint64_t index,
		    struct prog *prog);

/* ---- input -------------------------------------------------------------- */

#define INPUT_MAX (64u << 20)

/**
 * input_read() - Read a program, text or bytes; "-" is standard input.
 *
 * Return: 0, or -1 with one line in @why, which begins with the file's name.
 */
#define INPUT_WHY 512
int input_read(const char *name, struct prog *prog, char why[INPUT_WHY]);

/*
 * input_line() - The line of a text with operation @number, from 1, in it; 1 if
 * the file is no text or has no such operation.
 */
uint32_t input_line(const char *name, uint32_t number);

/* ---- output ------------------------------------------------------------- */

/*
 * output_watch() - From now on a failure to write standard output ends the
 * program with one line and STATUS_USAGE.
 */
void output_watch(void);

/*
 * catch_interrupt() - From now on the first SIGINT or SIGTERM sets interrupted,
 * for the command to end in order; a second one ends it at once.
 */
extern volatile sig_atomic_t interrupted;
void catch_interrupt(void);
/* output_failed() - Standard output is broken: it is no use to go on. */
bool output_failed(void);

/**
 * output_file() - Write a file whole or not at all.
 * @name: "-" is standard output; what is no regular file is written into
 * @write: writes it
 * @fresh: fail with EEXIST if there is one already
 *
 * Return: 0 or a negative errno, and then there is no new file.
 */
int output_file(const char *name, bool fresh,
		void (*write)(FILE *out, const void *data), const void *data);

/* output_folder() - Make a folder, and what is missing above it. */
int output_folder(const char *name);

/* ---- the rest ----------------------------------------------------------- */

/* bug_watch() - Faults of the harness itself end with "HARNESS BUG: ...". */
void bug_watch(void);

/* new_run() - run_create(), or an end with STATUS_BUG. */
struct run *new_run(void);

/* seconds() - A monotonic clock. */
double seconds(void);

#endif
