/* SPDX-License-Identifier: GPL-2.0-only */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

/*
 * Completion for shells, from the table of commands. What a value can be is
 * said by its name in the table: "exact|contract" are two words, DIR is a
 * folder, N is a number, FILE, OUT and any other a file.
 */

enum value { VALUE_NONE, VALUE_NUMBER, VALUE_WORDS, VALUE_DIR, VALUE_FILE };

static enum value value_of(const char *name)
{
	if (!name)
		return VALUE_NONE;
	if (strchr(name, '|'))
		return VALUE_WORDS;
	if (!strncmp(name, "DIR", 3))
		return VALUE_DIR;
	if (strspn(name, "N") == strlen(name))
		return VALUE_NUMBER;
	return VALUE_FILE;
}

/* "a|b" as "a b"; COMMAND is all of them. */
static void put_words(FILE *out, const char *name)
{
	const char *end;

	for (; *name; name = *end ? end + 1 : end) {
		end = name + strcspn(name, "|");
		if (strncmp(name, "COMMAND", 7) != 0) {
			fprintf(out, "%.*s", (int)(end - name), name);
		} else {
			for (unsigned int i = 0; commands[i]; i++)
				fprintf(out, "%s%s", i ? " " : "",
					commands[i]->name);
		}
		if (*end)
			fputc(' ', out);
	}
}

/* What a command takes besides options: the first such word of args_doc. */
static char *operand_of(const struct command *cmd)
{
	const char *at = cmd->argp->args_doc ? cmd->argp->args_doc : "";
	size_t length;

	for (;; at += length) {
		at += strspn(at, " [");
		length = strcspn(at, " ].");
		if (!length)
			return NULL;
		if (*at != '-')
			break;
		/* an option, and its value */
		at += length;
		at += strspn(at, " ");
		length = strcspn(at, " ");
	}
	return strndup(at, length);
}

static bool is_short(const struct argp_option *o)
{
	return isgraph(o->key) && o->key < 0x7f;
}

/* The first sentence, for between single quotes; @also gets a backslash. */
static void put_doc(FILE *out, const char *doc, const char *quote,
		    const char *also)
{
	for (; *doc; doc++) {
		if (*doc == '.' && doc[1] == ' ')
			return;
		if (*doc == '\'')
			fputs(quote, out);
		else if (strchr(also, *doc))
			fprintf(out, "\\%c", *doc);
		else
			fputc(*doc, out);
	}
}

/* What goes over the options of a command. */
struct at {
	FILE *out;
	const struct command *cmd;
};

static void each_command(FILE *out,
			 void (*put)(FILE *out, const struct command *cmd))
{
	for (unsigned int i = 0; commands[i]; i++)
		put(out, commands[i]);
}

/* ---- bash --------------------------------------------------------------- */

static void bash_value(FILE *out, const char *name)
{
	switch (value_of(name)) {
	case VALUE_WORDS:
		fputs("words=\"", out);
		put_words(out, name);
		fputs("\"", out);
		break;
	case VALUE_DIR:
		fputs("kind=\"directory\"", out);
		break;
	case VALUE_FILE:
		fputs("kind=\"file\"", out);
		break;
	case VALUE_NONE:
	case VALUE_NUMBER:
		fputs("kind=\"none\"", out);
		break;
	}
}

static void bash_option_value(void *data, const struct argp_option *o)
{
	const struct at *at = data;

	if (!o->arg)
		return;
	fprintf(at->out, "\t%s:--%s", at->cmd->name, o->name);
	if (is_short(o))
		fprintf(at->out, " | %s:-%c", at->cmd->name, o->key);
	fputs(") ", at->out);
	bash_value(at->out, o->arg);
	fputs(" ;;\n", at->out);
}

static void bash_values(FILE *out, const struct command *cmd)
{
	struct at at = {out, cmd};

	command_options(cmd, bash_option_value, &at);
}

static void bash_option(void *data, const struct argp_option *o)
{
	fprintf(data, "--%s%s ", o->name, o->arg ? "=" : "");
}

static void bash_options(FILE *out, const struct command *cmd)
{
	fprintf(out, "\t%s:-*) words=\"", cmd->name);
	command_options(cmd, bash_option, out);
	fputs("--help\" ;;\n", out);
}

static void bash_operand(FILE *out, const struct command *cmd)
{
	char *operand = operand_of(cmd);

	fprintf(out, "\t%s:*) ", cmd->name);
	bash_value(out, operand);
	fputs(" ;;\n", out);
	free(operand);
}

static void print_bash(FILE *out)
{
	fputs("# bash completion of hypheap; made by \"hypheap help "
	      "--complete=bash\"\n"
	      "# shellcheck shell=bash\n\n"
	      "_hypheap()\n{\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]}\n"
	      "\tlocal prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	      "\tlocal command=${COMP_WORDS[1]} words='' kind=words\n\n"
	      "\tCOMPREPLY=()\n"
	      "\t# in \"--option=value\" the \"=\" is a word of its own\n"
	      "\tif [[ $cur == = ]]; then\n\t\tcur=''\n"
	      "\telif [[ $prev == = ]]; then\n"
	      "\t\tprev=${COMP_WORDS[COMP_CWORD-2]}\n\tfi\n\n"
	      "\tif ((COMP_CWORD == 1)); then\n\t\twords=\"",
	      out);
	put_words(out, "COMMAND");
	fputs("\"\n\telse\n\tcase $command:$prev in\n", out);
	each_command(out, bash_values);
	fputs("\t*)\n\tcase $command:$cur in\n", out);
	each_command(out, bash_options);
	each_command(out, bash_operand);
	fputs("\tesac ;;\n\tesac\n\tfi\n\n"
	      "\tcase $kind in\n"
	      "\twords) mapfile -t COMPREPLY < "
	      "<(compgen -W \"$words\" -- \"$cur\") ;;\n"
	      "\tnone) return ;;\n"
	      "\t*)\n"
	      "\t\tmapfile -t COMPREPLY < "
	      "<(compgen -A \"$kind\" -- \"$cur\")\n"
	      "\t\tcompopt -o filenames 2>/dev/null || : ;;\n"
	      "\tesac\n"
	      "\t[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace "
	      "2>/dev/null || :\n"
	      "}\n\ncomplete -F _hypheap hypheap\n",
	      out);
}

/* ---- zsh ---------------------------------------------------------------- */

static void zsh_action(FILE *out, const char *name)
{
	switch (value_of(name)) {
	case VALUE_WORDS:
		fputs("value:(", out);
		put_words(out, name);
		fputs(")", out);
		break;
	case VALUE_DIR:
		fputs("folder:_directories", out);
		break;
	case VALUE_FILE:
		fputs("file:_files", out);
		break;
	case VALUE_NONE:
	case VALUE_NUMBER:
		fputs("number:", out);
		break;
	}
}

static void zsh_option(void *data, const struct argp_option *o)
{
	FILE *out = data;
	const char *equals = o->arg ? "=" : "";

	fputs("\t\t\t", out);
	if (is_short(o))
		fprintf(out, "'(-%c --%s)'{-%c,--%s%s}'[", o->key, o->name,
			o->key, o->name, equals);
	else
		fprintf(out, "'--%s%s[", o->name, equals);
	put_doc(out, o->doc, "'\\''", "[]\\");
	fputs("]", out);
	if (o->arg) {
		fputs(":", out);
		zsh_action(out, o->arg);
	}
	fputs("' \\\n", out);
}

static void zsh_command(FILE *out, const struct command *cmd)
{
	char *operand = operand_of(cmd);

	fprintf(out, "\t%s)\n\t\t_arguments \\\n", cmd->name);
	command_options(cmd, zsh_option, out);
	if (operand) {
		fputs("\t\t\t'*:", out);
		zsh_action(out, operand);
		fputs("' \\\n", out);
	}
	fputs("\t\t\t'--help[explain the command]' ;;\n", out);
	free(operand);
}

static void zsh_line(FILE *out, const struct command *cmd)
{
	fprintf(out, "\t\t'%s:", cmd->name);
	put_doc(out, cmd->line, "'\\''", "\\:");
	fputs("'\n", out);
}

static void print_zsh(FILE *out)
{
	fputs("#compdef hypheap\n"
	      "# made by \"hypheap help --complete=zsh\"\n\n"
	      "_hypheap()\n{\n\tlocal -a commands\n\tlocal command\n\n"
	      "\tcommands=(\n",
	      out);
	each_command(out, zsh_line);
	fputs("\t)\n"
	      "\tif (( CURRENT == 2 )); then\n"
	      "\t\t_describe command commands\n\t\treturn\n\tfi\n\n"
	      "\tcommand=$words[2]\n\tshift words\n\t(( CURRENT-- ))\n"
	      "\tcase $command in\n",
	      out);
	each_command(out, zsh_command);
	fputs("\tesac\n}\n\n_hypheap \"$@\"\n", out);
}

/* ---- fish --------------------------------------------------------------- */

static void fish_action(FILE *out, const char *name)
{
	switch (value_of(name)) {
	case VALUE_WORDS:
		fputs(" -x -a '", out);
		put_words(out, name);
		fputs("'", out);
		break;
	case VALUE_DIR:
		fputs(" -x -a '(__fish_complete_directories)'", out);
		break;
	case VALUE_FILE:
		fputs(" -r -F", out);
		break;
	case VALUE_NUMBER:
		fputs(" -x", out);
		break;
	case VALUE_NONE:
		break;
	}
}

static void fish_begin(FILE *out, const struct command *cmd)
{
	fprintf(out, "complete -c hypheap -n '__fish_seen_subcommand_from %s'",
		cmd->name);
}

static void fish_option(void *data, const struct argp_option *o)
{
	const struct at *at = data;

	fish_begin(at->out, at->cmd);
	if (is_short(o))
		fprintf(at->out, " -s %c", o->key);
	fprintf(at->out, " -l %s", o->name);
	fish_action(at->out, o->arg);
	fputs(" -d '", at->out);
	put_doc(at->out, o->doc, "\\'", "\\");
	fputs("'\n", at->out);
}

static void fish_command(FILE *out, const struct command *cmd)
{
	struct at at = {out, cmd};
	char *operand = operand_of(cmd);

	fprintf(out, "complete -c hypheap -n __fish_use_subcommand -a %s -d '",
		cmd->name);
	put_doc(out, cmd->line, "\\'", "\\");
	fputs("'\n", out);
	command_options(cmd, fish_option, &at);
	if (operand) {
		fish_begin(out, cmd);
		/* -r and -x speak of an option's value */
		switch (value_of(operand)) {
		case VALUE_FILE:
			fputs(" -F", out);
			break;
		default:
			fish_action(out, operand);
		}
		fputs("\n", out);
	}
	free(operand);
}

static void print_fish(FILE *out)
{
	fputs("# fish completion of hypheap; made by \"hypheap help "
	      "--complete=fish\"\n\n"
	      "complete -c hypheap -f\n",
	      out);
	each_command(out, fish_command);
}

bool complete_print(FILE *out, const char *shell)
{
	if (!strcmp(shell, "bash"))
		print_bash(out);
	else if (!strcmp(shell, "zsh"))
		print_zsh(out);
	else if (!strcmp(shell, "fish"))
		print_fish(out);
	else
		return false;
	return true;
}
