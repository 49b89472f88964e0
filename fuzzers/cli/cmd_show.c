/* SPDX-License-Identifier: GPL-2.0-only */
#include "cmd.h"

struct options {
	char **files;
	int nr;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_ARGS:
		options->files = state->argv + state->next;
		options->nr = state->argc - state->next;
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
	.args_doc = "FILE...",
	.doc = "Print programs, text or bytes, as canonical text.\v"
	       "FILE - is standard input. \"hypheap help ops\" says how the "
	       "text is read.",
};

static int show(const struct command *cmd, int argc, char **argv)
{
	struct options options = {0};
	char why[INPUT_WHY];
	struct prog prog;
	int status = STATUS_HOLDS;

	argp_parse(cmd->argp, argc, argv, 0, NULL, &options);
	prog_init(&prog);
	for (int i = 0; i < options.nr && !output_failed(); i++) {
		if (options.nr > 1)
			printf("== %s\n", options.files[i]);
		if (!input_read(options.files[i], &prog, why)) {
			prog_print(&prog, stdout);
			continue;
		}
		fprintf(stderr, "hypheap: %s\n", why);
		status = STATUS_USAGE;
	}
	prog_free(&prog);
	return status;
}

const struct command cmd_show = {
	.name = "show",
	.line = "print programs as text",
	.argp = &show_argp,
	.run = show,
};
