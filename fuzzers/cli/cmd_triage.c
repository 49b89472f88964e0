/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shrink.h"
#include "triage.h"

#define TIMEOUT_SECONDS 10u
#define HANG_MS 500u
#define MIN_SECONDS 60 /* for one signature */

struct options {
	char **paths;
	int nr;
	enum run_level level;
	unsigned int timeout;
	bool min, json;
	const char *folder, *sarif;
};

/* ---- replaying ---------------------------------------------------------- */

static void tell(const struct triage *t, size_t done, double *told, bool end)
{
	bool tty = isatty(STDERR_FILENO);
	double now = seconds();

	if (!end && now - *told < (tty ? 0.2 : 10))
		return;
	if (end && !(tty && *told > 0))
		return;
	*told = now;
	fprintf(stderr, "%s%zu of %zu files, %zu signatures%s", tty ? "\r" : "",
		done, t->nr, t->groups, tty && !end ? "   " : "   \n");
}

static void note(struct triage *t, size_t i, const struct prog *prog,
		 const struct child_answer *answer)
{
	struct crash *crash = &t->crash[i];
	char words[32];

	switch (answer->end) {
	case CHILD_HOLDS:
		crash->end = CRASH_HOLDS;
		return;
	case CHILD_FAILS:
		crash->end = CRASH_FAILS;
		triage_add(t, i, prog, answer);
		return;
	case CHILD_SLOW:
		crash->end = CRASH_SLOW;
		return;
	case CHILD_DIED:
		crash->end = CRASH_DIED;
		crash->why = strdup(
			child_end_words(answer->status, words, sizeof(words)));
		return;
	case CHILD_STOPPED:
		t->interrupted = true;
	}
}

/* Return: 0 or a negative errno. */
static int replay(struct triage *t, struct child *child)
{
	double told = seconds();
	struct prog prog;
	int err = 0;

	prog_init(&prog);
	for (size_t i = 0; i < t->nr && !err && !t->interrupted; i++) {
		struct crash *crash = &t->crash[i];
		struct child_answer answer;
		char why[INPUT_WHY];

		if (input_read(crash->name, &prog, why)) {
			crash->end = CRASH_BAD;
			crash->why = strdup(why);
			continue;
		}
		err = child_run(child, &prog, &answer);
		if (!err)
			note(t, i, &prog, &answer);
		t->interrupted |= interrupted;
		tell(t, i + 1, &told, false);
	}
	prog_free(&prog);
	return err;
}

/* ---- minimising --------------------------------------------------------- */

static void write_group(FILE *out, const void *data)
{
	const struct group *group = data;

	write_failure(out, group->signature, &group->prog);
}

static int save_group(struct group *group, const char *folder)
{
	char name[PATH_MAX], file[SIGNATURE_TEXT];
	int err;

	snprintf(file, sizeof(file), "%s", group->signature);
	for (char *c = file; *c; c++)
		if (*c == '/' || *c == '@')
			*c = '-';
	if (snprintf(name, sizeof(name), "%s/min-%s.ops", folder, file) >=
	    PATH_MAX)
		return -ENAMETOOLONG;
	err = output_file(name, false, write_group, group);
	if (!err)
		group->out = strdup(name);
	else
		fprintf(stderr, "hypheap: %s: %s\n", name, strerror(-err));
	return err;
}

static int minimise_groups(struct triage *t, struct child *child,
			   const char *folder)
{
	int err = output_folder(folder);

	if (err) {
		fprintf(stderr, "hypheap: %s: %s\n", folder, strerror(-err));
		return STATUS_USAGE;
	}
	for (size_t i = 0; i < t->groups && !err && !interrupted; i++) {
		struct group *group = &t->group[i];
		struct shrink s = {.child = child,
				   .stop = &interrupted,
				   .limit = MIN_SECONDS};

		group->prog.expect[0] = '\0';
		if (shrink_first(&s, &group->prog) ||
		    s.first.end != CHILD_FAILS ||
		    strcmp(s.first.signature, group->signature) != 0 ||
		    shrink(&s, &group->prog)) {
			fprintf(stderr,
				"hypheap: %s: %s does not come each time\n",
				t->crash[group->smallest].name,
				group->signature);
			continue;
		}
		err = save_group(group, folder);
	}
	t->interrupted |= interrupted;
	return err ? STATUS_USAGE : STATUS_HOLDS;
}

/* ---- the command -------------------------------------------------------- */

enum { KEY_ORACLE = 0x100, KEY_TIMEOUT, KEY_MIN, KEY_JSON, KEY_SARIF };

static const struct argp_option option_list[] = {
	{"min", KEY_MIN, NULL, 0,
	 "Minimise the smallest of each signature, into "
	 "FOLDER/min-SIGNATURE.ops",
	 0},
	{"output", 'o', "FOLDER", 0, "Where these go (default: here)", 0},
	{"json", KEY_JSON, NULL, 0, "A JSON document instead of the table", 0},
	{"sarif", KEY_SARIF, "FILE", 0, "Write SARIF 2.1.0 as well", 0},
	{"oracle", KEY_ORACLE, "LEVEL", 0, "exact (default) or contract", 0},
	{"timeout", KEY_TIMEOUT, "SECONDS", 0, "For one file (default 10)", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case KEY_MIN:
		options->min = true;
		return 0;
	case 'o':
		options->folder = arg;
		return 0;
	case KEY_JSON:
		options->json = true;
		return 0;
	case KEY_SARIF:
		options->sarif = arg;
		return 0;
	case KEY_ORACLE:
		options->level = option_level(state, arg);
		return 0;
	case KEY_TIMEOUT:
		options->timeout = (unsigned int)option_number(state, "timeout",
							       arg, 1, 3600);
		return 0;
	case ARGP_KEY_ARGS:
		options->paths = state->argv + state->next;
		options->nr = state->argc - state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which DIR?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp triage_argp = {
	.options = option_list,
	.parser = parse,
	.args_doc = "DIR...",
	.doc = "Replay crash files and group them by signature.\v"
	       "DIR is a folder with crashes of libFuzzer, of AFL++ or of "
	       "\"hypheap stress\" in it or below it, or a single file. What "
	       "does not reproduce any longer is named. Each runs in a process "
	       "of its own.\n"
	       "Exit status: 0 none fails; 1 some do; 2 usage, a folder or "
	       "file "
	       "that cannot be read or written; 3 a fault in the harness "
	       "itself.",
};

static void write_sarif(FILE *out, const void *data)
{
	sarif_print(data, out);
}

static int write_results(const struct options *options, const struct triage *t)
{
	int err = 0;

	if (options->json)
		triage_json(t, stdout);
	else
		triage_print(t, stdout);
	if (options->sarif)
		err = output_file(options->sarif, false, write_sarif, t);
	if (err && !output_failed())
		fprintf(stderr, "hypheap: %s: %s\n", options->sarif,
			strerror(-err));
	return err ? STATUS_USAGE : STATUS_HOLDS;
}

static int worst(int a, int b)
{
	return a > b ? a : b;
}

static int verdict_of(const struct triage *t)
{
	if (triage_count(t, CRASH_DIED))
		return STATUS_BUG;
	if (triage_count(t, CRASH_BAD))
		return STATUS_USAGE;
	return t->groups ? STATUS_VERDICT : STATUS_HOLDS;
}

static int triage(const struct options *options, struct triage *t)
{
	const struct child_config config = {.level = options->level,
					    .full = true,
					    .seconds = options->timeout,
					    .hang_ms = HANG_MS,
					    .stop = &interrupted};
	struct child *child = child_create(&config);
	int err = child ? replay(t, child) : -ENOMEM, status = STATUS_HOLDS;

	if (err) {
		fprintf(stderr, "hypheap: no child process: %s\n",
			strerror(-err));
		child_destroy(child);
		return STATUS_USAGE;
	}
	triage_sort(t);
	if (options->min)
		status = minimise_groups(t, child, options->folder);
	child_destroy(child);
	status = worst(status, write_results(options, t));
	return worst(status, verdict_of(t));
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct options options = {
		.timeout = TIMEOUT_SECONDS, .folder = ".", .level = RUN_EXACT};
	struct triage t = {.nr = 0};
	int status = STATUS_HOLDS;

	argp_parse(cmd->argp, argc, argv, 0, NULL, &options);
	catch_interrupt();
	for (int i = 0; i < options.nr; i++) {
		int err = triage_collect(&t, options.paths[i]);

		if (!err)
			continue;
		fprintf(stderr, "hypheap: %s: %s\n", options.paths[i],
			strerror(-err));
		status = STATUS_USAGE;
	}
	triage_sort(&t);
	status = worst(status, triage(&options, &t));
	triage_free(&t);
	return status;
}

const struct command cmd_triage = {
	.name = "triage",
	.line = "replay crash files and group them by signature",
	.argp = &triage_argp,
	.run = run,
};
