/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

const struct command *const commands[] = {
	&cmd_run,   &cmd_show,	    &cmd_asm,	  &cmd_gen,   &cmd_stress,
	&cmd_min,   &cmd_triage,    &cmd_report,  &cmd_repro, &cmd_diff,
	&cmd_bench, &cmd_selfcheck, &cmd_version, &cmd_help,  NULL,
};

const char *const status_what[] = {
	[STATUS_HOLDS] = "holds",
	[STATUS_VERDICT] = "a verdict",
	[STATUS_USAGE] = "usage or bad input",
	[STATUS_BUG] = "a fault in the harness itself",
	NULL,
};

void commands_print(FILE *out)
{
	fputs("Usage: hypheap COMMAND ...\n\n", out);
	fprintf(out, "%s.\n\n", COMMANDS_WHAT);
	for (unsigned int i = 0; commands[i]; i++)
		fprintf(out, "  %-9s %s\n", commands[i]->name,
			commands[i]->line);
	fputs("\n\"hypheap help COMMAND\" or \"hypheap COMMAND --help\" says "
	      "more, \"hypheap help ops\" how a\n"
	      "program is written.\n\n"
	      "Exit status:",
	      out);
	for (unsigned int i = 0; status_what[i]; i++)
		fprintf(out, "%s %u %s", i ? ";" : "", i, status_what[i]);
	fputs(".\n", out);
}

static const struct command *find(const char *name)
{
	if (!strcmp(name, "--help") || !strcmp(name, "-h") ||
	    !strcmp(name, "-?"))
		return &cmd_help;
	if (!strcmp(name, "--version") || !strcmp(name, "-V"))
		return &cmd_version;

	for (unsigned int i = 0; commands[i]; i++)
		if (!strcmp(name, commands[i]->name))
			return commands[i];
	return NULL;
}

int main(int argc, char **argv)
{
	const struct command *cmd;
	char name[32];

	bug_watch();
	output_watch();
	argp_err_exit_status = STATUS_USAGE;

	if (argc < 2) {
		commands_print(stderr);
		return STATUS_USAGE;
	}
	cmd = find(argv[1]);
	if (!cmd) {
		fprintf(stderr,
			"hypheap: unknown command \"%s\"; \"hypheap help\" "
			"lists them\n",
			argv[1]);
		return STATUS_USAGE;
	}

	/* what argp calls the program in its messages */
	snprintf(name, sizeof(name), "hypheap %s", cmd->name);
	argv[1] = name;
	return cmd->run(cmd, argc - 1, argv + 1);
}
