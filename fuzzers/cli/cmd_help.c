/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "cmd.h"

struct options {
	const char *topic, *shell;
	bool manual;
};

enum { KEY_MAN = 0x100, KEY_COMPLETE };

/* For the build, which installs what they print. */
static const struct argp_option option_list[] = {
	{"man", KEY_MAN, NULL, OPTION_HIDDEN, "Print the man page", 0},
	{"complete", KEY_COMPLETE, "bash|zsh|fish", OPTION_HIDDEN,
	 "Print the completion for a shell", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case KEY_MAN:
		options->manual = true;
		return 0;
	case KEY_COMPLETE:
		options->shell = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num)
			argp_error(state, "one COMMAND only");
		options->topic = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp help_argp = {
	.options = option_list,
	.parser = parse,
	.args_doc = "[COMMAND|ops]",
	.doc = "List the commands, or explain one; ops: how a program is "
	       "written.",
};

static int run(const struct command *cmd, int argc, char **argv)
{
	struct options options = {.topic = NULL};
	const char *topic;
	char name[32];

	argp_parse(cmd->argp, argc, argv, 0, NULL, &options);
	topic = options.topic;
	if (options.manual) {
		manual_print(stdout);
		return STATUS_HOLDS;
	}
	if (options.shell) {
		if (complete_print(stdout, options.shell))
			return STATUS_HOLDS;
		fprintf(stderr, "hypheap: no completion for \"%s\"\n",
			options.shell);
		return STATUS_USAGE;
	}
	if (!topic) {
		commands_print(stdout);
		return STATUS_HOLDS;
	}
	if (!strcmp(topic, "ops")) {
		prog_print_grammar(stdout);
		return STATUS_HOLDS;
	}
	for (unsigned int i = 0; commands[i]; i++) {
		if (strcmp(topic, commands[i]->name) != 0)
			continue;
		snprintf(name, sizeof(name), "hypheap %s", topic);
		argp_help(commands[i]->argp, stdout,
			  ARGP_HELP_USAGE | ARGP_HELP_LONG | ARGP_HELP_DOC,
			  name);
		return STATUS_HOLDS;
	}
	fprintf(stderr,
		"hypheap: no help on \"%s\"; \"hypheap help\" lists the "
		"commands\n",
		topic);
	return STATUS_USAGE;
}

const struct command cmd_help = {
	.name = "help",
	.line = "list the commands, explain one, or how programs are written",
	.argp = &help_argp,
	.run = run,
};
