/* SPDX-License-Identifier: GPL-2.0-only */
#include "cmd.h"
#include "diff.h"

static error_t parse(int key, char *arg, struct argp_state *state)
{
	const char **file = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (state->arg_num > 1)
			argp_error(state, "two traces only");
		file[state->arg_num] = arg;
		return 0;
	case ARGP_KEY_END:
		if (state->arg_num < 2)
			argp_error(state, "which two traces?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp diff_argp = {
	.parser = parse,
	.args_doc = "A B",
	.doc = "Say where two traces part: of two allocators, two versions, "
	       "two compilers.\v"
	       "A and B are what \"hypheap run --trace\" prints; one may be -, "
	       "standard input.\n"
	       "Exit status: 0 they are the same; 1 they differ; 2 usage, or a "
	       "file that is no trace.",
};

static int run(const struct command *cmd, int argc, char **argv)
{
	const char *file[2] = {NULL, NULL};
	struct trace_file trace[2];
	int status = STATUS_USAGE;
	char why[DIFF_WHY];

	argp_parse(cmd->argp, argc, argv, 0, NULL, file);
	if (trace_read(file[0], &trace[0], why))
		goto out;
	if (!trace_read(file[1], &trace[1], why)) {
		status = trace_differ(&trace[0], &trace[1], stdout)
				 ? STATUS_VERDICT
				 : STATUS_HOLDS;
		trace_free(&trace[1]);
	}
	trace_free(&trace[0]);
out:
	if (status == STATUS_USAGE)
		fprintf(stderr, "hypheap: %s\n", why);
	return status;
}

const struct command cmd_diff = {
	.name = "diff",
	.line = "say where two traces part",
	.argp = &diff_argp,
	.run = run,
};
