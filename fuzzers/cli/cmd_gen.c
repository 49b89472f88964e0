/* SPDX-License-Identifier: GPL-2.0-only */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

#define COUNT_MAX 10000000u

struct options {
	struct source source;
	const char *folder;
	bool text;
};

static const struct argp_option option_list[] = {
	{"count", 'c', "N", 0, "How many programs (default 1)", 0},
	{"output", 'o', "DIR", 0, "Where to; made if it is missing", 0},
	{"text", 't', NULL, 0, "Write text (.ops), not bytes", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->source;
		return 0;
	case 'c':
		options->source.count =
			option_number(state, "count", arg, 1, COUNT_MAX);
		return 0;
	case 'o':
		options->folder = arg;
		return 0;
	case 't':
		options->text = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "\"%s\": only options are taken", arg);
		return 0;
	case ARGP_KEY_END:
		if (!options->folder)
			argp_error(state, "where to? -o DIR is missing");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {{&source_argp, 0, NULL, 0}, {0}};

static const struct argp gen_argp = {
	.options = option_list,
	.parser = parse,
	.children = children,
	.args_doc = "-o DIR",
	.doc = "Write random programs, DIR/gen-SEED-NUMBER each.\v"
	       "Program NUMBER is the one that \"hypheap stress\" runs with "
	       "the "
	       "same seed and options.",
};

static void write_program(FILE *out, const void *data)
{
	const struct prog *prog = data;
	size_t size = prog_size(prog);
	uint8_t *bytes = malloc(size);

	if (!bytes)
		abort();
	fwrite(bytes, 1, prog_encode(prog, bytes, size), out);
	free(bytes);
}

static void write_text(FILE *out, const void *data)
{
	prog_print(data, out);
}

static int write_all(const struct options *options)
{
	const struct source *source = &options->source;
	struct prog prog;
	int err = 0;

	prog_init(&prog);
	for (uint64_t i = 0; i < source->count && !err; i++) {
		char *name = NULL;

		if (asprintf(&name, "%s/gen-%" PRIu64 "-%06" PRIu64 "%s",
			     options->folder, source->seed, source->start + i,
			     options->text ? ".ops" : "") < 0)
			abort();
		source_program(source, source->start + i, &prog);
		err = output_file(name, false,
				  options->text ? write_text : write_program,
				  &prog);
		if (err)
			fprintf(stderr, "hypheap: %s: %s\n", name,
				strerror(-err));
		free(name);
	}
	prog_free(&prog);
	return err ? STATUS_USAGE : STATUS_HOLDS;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct options options = {.source = source_default()};
	int err, status;

	options.source.count = 1;
	argp_parse(cmd->argp, argc, argv, 0, NULL, &options);
	err = output_folder(options.folder);
	if (err) {
		fprintf(stderr, "hypheap: %s: %s\n", options.folder,
			strerror(-err));
		return STATUS_USAGE;
	}
	status = write_all(&options);
	if (status == STATUS_HOLDS)
		printf("%" PRIu64 " programs in %s\n", options.source.count,
		       options.folder);
	return status;
}

const struct command cmd_gen = {
	.name = "gen",
	.line = "write random programs",
	.argp = &gen_argp,
	.run = run,
};
