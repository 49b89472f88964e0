/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "cmd.h"

static error_t parse(int key, char *arg, struct argp_state *state)
{
	const char **topic = state->input;

	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	if (state->arg_num)
		argp_error(state, "one COMMAND only");
	*topic = arg;
	return 0;
}

static const struct argp help_argp = {
	.parser = parse,
	.args_doc = "[COMMAND|ops]",
	.doc = "List the commands, or explain one; ops: how a program is "
	       "written.",
};

static int run(const struct command *cmd, int argc, char **argv)
{
	const char *topic = NULL;
	char name[32];

	argp_parse(cmd->argp, argc, argv, 0, NULL, &topic);
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
