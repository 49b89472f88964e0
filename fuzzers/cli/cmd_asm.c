/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

struct options {
	const char *file, *out;
};

struct bytes {
	uint8_t *data;
	size_t size;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	return option_files(key, arg, state, &options->file, &options->out);
}

static const struct argp_option option_list[] = {
	{"output", 'o', "OUT", 0, "Where to; - is standard output", 0},
	{0},
};

static const struct argp asm_argp = {
	.options = option_list,
	.parser = parse,
	.args_doc = "FILE -o OUT",
	.doc = "Write a program, text or bytes, as canonical bytes, which is "
	       "what the fuzz engines work on.\v"
	       "FILE - is standard input. OUT is written whole or not at all. "
	       "An expectation is a comment of the text; bytes have none.",
};

static void write_bytes(FILE *out, const void *data)
{
	const struct bytes *bytes = data;

	fwrite(bytes->data, 1, bytes->size, out);
}

static int assemble(const struct prog *prog, const char *out)
{
	struct bytes bytes = {.size = prog_size(prog)};
	int err;

	bytes.data = malloc(bytes.size);
	if (!bytes.data) {
		fputs("hypheap: no memory\n", stderr);
		return STATUS_USAGE;
	}
	bytes.size = prog_encode(prog, bytes.data, bytes.size);
	err = output_file(out, false, write_bytes, &bytes);
	free(bytes.data);
	if (!err || output_failed())
		return STATUS_HOLDS; /* a broken stdout is told at exit */

	fprintf(stderr, "hypheap: %s: %s\n", out, strerror(-err));
	return STATUS_USAGE;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct options options = {NULL, NULL};
	char why[INPUT_WHY];
	struct prog prog;
	int status;

	argp_parse(cmd->argp, argc, argv, 0, NULL, &options);
	prog_init(&prog);
	if (!input_read(options.file, &prog, why)) {
		status = assemble(&prog, options.out);
	} else {
		fprintf(stderr, "hypheap: %s\n", why);
		status = STATUS_USAGE;
	}
	prog_free(&prog);
	return status;
}

const struct command cmd_asm = {
	.name = "asm",
	.line = "write a program as bytes",
	.argp = &asm_argp,
	.run = run,
};
