/* SPDX-License-Identifier: GPL-2.0-only */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

/* The man page: the table of commands, their options and the language. */

void command_options(const struct command *cmd,
		     void (*each)(void *data, const struct argp_option *option),
		     void *data)
{
	const struct argp *lists[8] = {cmd->argp};
	unsigned int nr = 1;

	for (unsigned int i = 0; i < nr; i++) {
		const struct argp_option *o = lists[i]->options;
		const struct argp_child *child = lists[i]->children;

		for (; o && (o->name || o->key || o->doc); o++)
			if (!(o->flags & OPTION_HIDDEN))
				each(data, o);
		for (; child && child->argp && nr < 8; child++)
			lists[nr++] = child->argp;
	}
}

/* ---- roff --------------------------------------------------------------- */

/* No line of it is a request, no "-" a hyphen, no "\" an escape. */
static void put_roff(FILE *out, const char *text)
{
	bool begins = true;

	for (; *text; text++) {
		if (begins && (*text == '.' || *text == '\''))
			fputs("\\&", out);
		if (*text == '-')
			fputs("\\-", out);
		else if (*text == '\\')
			fputs("\\e", out);
		else if (*text == '\'')
			fputs("\\(aq", out);
		else
			fputc(*text, out);
		begins = *text == '\n';
	}
}

/* A paragraph that ends with a full stop. */
static void put_sentence(FILE *out, const char *text)
{
	size_t length = strlen(text);

	put_roff(out, text);
	fputs(length && text[length - 1] == '.' ? "\n" : ".\n", out);
}

static void put_option(void *data, const struct argp_option *o)
{
	FILE *out = data;

	fputs(".TP\n", out);
	if (isgraph(o->key) && o->key < 0x7f)
		fprintf(out, "\\fB\\-%c\\fR%s", o->key, o->name ? ", " : "");
	fputs("\\fB\\-\\-", out);
	put_roff(out, o->name);
	fputs("\\fR", out);
	if (o->arg) {
		fputs("=\\fI", out);
		put_roff(out, o->arg);
		fputs("\\fR", out);
	}
	fputc('\n', out);
	put_sentence(out, o->doc);
}

static void count_option(void *data, const struct argp_option *o)
{
	(void)o;
	++*(unsigned int *)data;
}

static void put_usage(FILE *out, const struct command *cmd)
{
	unsigned int options = 0;

	command_options(cmd, count_option, &options);
	fprintf(out, "\\fBhypheap %s\\fR", cmd->name);
	if (options)
		fputs(" [\\fIOPTION\\fR...]", out);
	if (cmd->argp->args_doc) {
		fputc(' ', out);
		put_roff(out, cmd->argp->args_doc);
	}
	fputc('\n', out);
}

static void put_command(FILE *out, const struct command *cmd)
{
	const char *doc = cmd->argp->doc, *rest = strchr(doc, '\v');
	char *first = strndup(doc, rest ? (size_t)(rest - doc) : strlen(doc));

	if (!first)
		abort();
	fputs(".SS ", out);
	put_usage(out, cmd);
	put_sentence(out, first);
	free(first);
	command_options(cmd, put_option, out);
	if (rest) {
		fputs(".PP\n", out);
		put_sentence(out, rest + 1);
	}
}

static void put_roff_line(FILE *out, const char *line, const char *end)
{
	char *text = strndup(line, (size_t)(end - line));

	if (!text)
		abort();
	put_roff(out, text);
	fputc('\n', out);
	free(text);
}

/* What is indented by four is explanation, and as wide as the page. */
static void put_grammar(FILE *out)
{
	char *text = NULL, *line, *end;
	size_t size;
	FILE *mem = open_memstream(&text, &size);

	if (!mem)
		abort();
	prog_print_grammar(mem);
	if (fclose(mem))
		abort();
	fputs(".nf\n", out);
	for (line = text; *line; line = *end ? end + 1 : end) {
		end = line + strcspn(line, "\n");
		if (!strncmp(line, "    ", 4)) {
			fprintf(out, ".RS 4\n.fi\n");
			put_roff_line(out, line + 4, end);
			fputs(".nf\n.RE\n", out);
		} else if (end == line) {
			fputs(".PP\n", out);
		} else {
			put_roff_line(out, line, end);
		}
	}
	fputs(".fi\n", out);
	free(text);
}

void manual_print(FILE *out)
{
	fputs(".\\\" Made by \"hypheap help \\-\\-man\".\n", out);
	fprintf(out, ".TH HYPHEAP 1 \"\" \"hypheap %s\" \"User Commands\"\n",
		HYPHEAP_VERSION);
	fputs(".SH NAME\nhypheap \\- ", out);
	put_roff(out, COMMANDS_WHAT);
	fputs("\n.SH SYNOPSIS\n", out);
	for (unsigned int i = 0; commands[i]; i++) {
		put_usage(out, commands[i]);
		if (commands[i + 1])
			fputs(".br\n", out);
	}
	fputs(".SH DESCRIPTION\n"
	      "Runs programs, which are sequences of operations on the heap of "
	      "the hypervisor\nand on the world around it, through the "
	      "allocator under test, a model of it\nand jemalloc, and compares "
	      "them after every operation.\n",
	      out);
	fputs(".SH COMMANDS\n"
	      "Each has \\fB\\-\\-help\\fR, too.\n",
	      out);
	for (unsigned int i = 0; commands[i]; i++)
		put_command(out, commands[i]);
	fputs(".SH EXIT STATUS\n", out);
	for (unsigned int i = 0; status_what[i]; i++) {
		fprintf(out, ".TP\n\\fB%u\\fR\n", i);
		put_sentence(out, status_what[i]);
	}
	fputs(".SH PROGRAMS\n", out);
	put_grammar(out);
	fputs(".SH EXAMPLES\n.nf\n"
	      "hypheap stress \\-\\-runs 100000 \\-\\-ops 64\n"
	      "hypheap run \\-\\-trace \\-\\-draw crash.ops\n"
	      "hypheap report crash.ops \\-o crash.html\n"
	      ".fi\n",
	      out);
}
