/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "allocator/heap.h"
#include "cmd.h"
#include "page/page.h"

#define WATCHDOG_SECONDS 10u

struct options {
	const char *file, *out;
	enum run_level level;
};

enum { KEY_ORACLE = 0x100 };

static const struct argp_option option_list[] = {
	{"output", 'o', "OUT", 0, "Where to; - is standard output", 0},
	{"oracle", KEY_ORACLE, "exact|contract", 0,
	 "exact: the model predicts every result (default); contract: for an "
	 "allocator with a policy of its own",
	 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case KEY_ORACLE:
		options->level = option_level(state, arg);
		return 0;
	default:
		return option_files(key, arg, state, &options->file,
				    &options->out);
	}
}

static const struct argp report_argp = {
	.options = option_list,
	.parser = parse,
	.args_doc = "FILE -o OUT",
	.doc = "Run a program, text or bytes, with all oracles, and write what "
	       "happened as one HTML page: what broke, the heap after each "
	       "operation, live bytes and pages over time, the program.\v"
	       "FILE - is standard input. The page needs no network and no "
	       "other file. Of more than 4000 operations it shows the last.",
};

/* The name without its folders: the page is the same on any machine. */
static const char *name_of(const char *file)
{
	const char *slash = strrchr(file, '/');

	if (!strcmp(file, "-"))
		return "standard input";
	return slash ? slash + 1 : file;
}

static int tell(const struct options *options, const struct page *page)
{
	const struct verdict *v = &page->result.verdict;
	FILE *out = strcmp(options->out, "-") != 0 ? stdout : stderr;
	char signature[SIGNATURE_TEXT];

	verdict_signature(v, signature, sizeof(signature));
	fprintf(out, "%s: %s %s", options->out,
		signature[0] ? "FAIL" : "holds,", signature);
	if (v->step)
		fprintf(out, " at op %u of %u\n", v->step, page->prog->nr);
	else
		fprintf(out, "%s%u ops\n", signature[0] ? " of " : "",
			page->result.steps);
	return strcmp(page->prog->expect, signature) != 0 ? STATUS_VERDICT
							  : STATUS_HOLDS;
}

static int report(const struct options *options, const struct prog *prog)
{
	struct page page = {.prog = prog,
			    .name = name_of(options->file),
			    .level = options->level};
	int err, status = STATUS_USAGE;

	page.run = new_run();
	heap_watchdog(WATCHDOG_SECONDS);
	page_record(&page);
	err = output_file(options->out, false, page_write, &page);
	if (!err)
		status = tell(options, &page);
	else if (!output_failed())
		fprintf(stderr, "hypheap: %s: %s\n", options->out,
			strerror(-err));
	page_forget(&page);
	run_destroy(page.run);
	return status;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct options options = {.level = RUN_EXACT};
	int status = STATUS_USAGE;
	char why[INPUT_WHY];
	struct prog prog;

	argp_parse(cmd->argp, argc, argv, 0, NULL, &options);
	prog_init(&prog);
	if (input_read(options.file, &prog, why))
		fprintf(stderr, "hypheap: %s\n", why);
	else
		status = report(&options, &prog);
	prog_free(&prog);
	return status;
}

const struct command cmd_report = {
	.name = "report",
	.line = "write what happened in a run as an HTML page",
	.argp = &report_argp,
	.run = run,
};
