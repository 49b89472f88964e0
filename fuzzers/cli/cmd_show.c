/* SPDX-License-Identifier: GPL-2.0-only */
#include "cmd.h"

static error_t parse(int key, char *arg, struct argp_state *state)
{
	const char **file = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (state->arg_num)
			argp_error(state, "one FILE only");
		*file = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which FILE?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp show_argp = {
	.parser = parse,
	.args_doc = "FILE",
	.doc = "Print a program, text or bytes, as canonical text.\v"
	       "FILE - is standard input. \"hypheap help ops\" says how the "
	       "text is read.",
};

static int show(const struct command *cmd, int argc, char **argv)
{
	const char *file = NULL;
	char why[INPUT_WHY];
	struct prog prog;
	int status = STATUS_HOLDS;

	argp_parse(cmd->argp, argc, argv, 0, NULL, &file);
	prog_init(&prog);
	if (!input_read(file, &prog, why)) {
		prog_print(&prog, stdout);
	} else {
		fprintf(stderr, "hypheap: %s\n", why);
		status = STATUS_USAGE;
	}
	prog_free(&prog);
	return status;
}

const struct command cmd_show = {
	.name = "show",
	.line = "print a program as text",
	.argp = &show_argp,
	.run = show,
};
