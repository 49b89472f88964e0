/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdlib.h>

#include "allocator/heap.h"
#include "cmd.h"
#include "run/json.h"
#include "selfcheck/selfcheck.h"

/*
 * The positive control: lies are told, and every oracle must see its own. See
 * selfcheck/lies.def.
 */

#define WATCHDOG_SECONDS 10u

struct options {
	bool json;
	bool contract;
};

/**
 * struct row - One lie, at all levels and page sizes.
 * @end: of all of them; the worst
 * @ends: at each level
 * @level, @page, @result: of the first that was missed or untrue
 */
struct row {
	const struct lie *lie;
	enum selfcheck_end end;
	enum selfcheck_end ends[SELFCHECK_LEVELS];
	enum selfcheck_level level;
	uint32_t page;
	struct selfcheck_result result;
};

/**
 * struct totals - What came of all lies.
 * @ends: by end, but those that are off
 * @oracles: that caught one; @off: to whom none was told, bit n: oracle n
 */
struct totals {
	unsigned int ends[SELFCHECK_ENDS];
	unsigned int oracles;
	uint32_t off;
};

static bool oracle_off(const struct totals *totals, unsigned int oracle)
{
	return totals->off & 1u << oracle;
}

/* ---- telling ------------------------------------------------------------- */

/* The worse of two ends; whatever was told is more than what is off. */
static enum selfcheck_end worse(enum selfcheck_end a, enum selfcheck_end b)
{
	static const int rank[SELFCHECK_ENDS] = {
		[SELFCHECK_OFF] = 0,
		[SELFCHECK_CAUGHT] = 1,
		[SELFCHECK_UNTRUE] = 2,
		[SELFCHECK_MISSED] = 3,
	};

	return rank[a] > rank[b] ? a : b;
}

static bool is_off(const struct options *options, enum selfcheck_level level)
{
	return options->contract && level != SELFCHECK_CONTRACT;
}

static void tell_at(struct run *run, struct row *row,
		    enum selfcheck_level level, uint32_t page)
{
	struct selfcheck_result result = selfcheck_tell(
		run, row->lie, level, page, !HYPHEAP_ALLOC_DEFAULT);
	enum selfcheck_end end = worse(row->end, result.end);

	row->ends[level] = worse(row->ends[level], result.end);
	if (end != row->end && end != SELFCHECK_CAUGHT) {
		row->level = level;
		row->page = page;
		row->result = result;
	}
	row->end = end;
}

static void tell(struct run *run, const struct options *options,
		 struct row *row)
{
	const uint32_t sizes = heap_page_sizes();

	row->end = SELFCHECK_OFF;
	for (unsigned int level = 0; level < SELFCHECK_LEVELS; level++) {
		row->ends[level] = SELFCHECK_OFF;
		for (uint32_t rest = sizes; rest && !is_off(options, level);
		     rest &= rest - 1)
			tell_at(run, row, level, rest & -rest);
	}
}

static struct totals total(const struct row *rows, size_t nr)
{
	uint32_t told = 0, caught = 0;
	struct totals totals = {.oracles = 0};

	for (size_t i = 0; i < nr; i++) {
		totals.ends[rows[i].end]++;
		if (rows[i].end != SELFCHECK_OFF)
			told |= 1u << rows[i].lie->oracle;
		if (rows[i].end == SELFCHECK_CAUGHT)
			caught |= 1u << rows[i].lie->oracle;
	}
	totals.oracles = (unsigned int)__builtin_popcount(caught);
	for (unsigned int oracle = 1; oracle < ORACLE_COUNT; oracle++)
		totals.off |= ~told & 1u << oracle;

	return totals;
}

/* ---- saying -------------------------------------------------------------- */

/* Why a lie was missed, or could not be told. */
static void say_why(const struct row *row, char *buf, size_t size)
{
	const struct selfcheck_result *r = &row->result;
	const char *got = *r->got ? r->got : "nothing";

	if (row->end == SELFCHECK_UNTRUE)
		snprintf(buf, size, "without the lie it is %s", got);
	else if (r->untold)
		snprintf(buf, size, "nobody asked what is lied about");
	else
		snprintf(buf, size, "expected %s, got %s", row->lie->signature,
			 got);
}

static void print_levels(const struct row *row)
{
	const char *lead = " (";

	for (unsigned int level = 0; level < SELFCHECK_LEVELS; level++)
		if (row->ends[level] == SELFCHECK_CAUGHT) {
			printf("%s%s", lead, selfcheck_level_name(level));
			lead = ", ";
		}
	fputs(")\n", stdout);
}

static void print_row(const struct row *row)
{
	char why[2 * SIGNATURE_TEXT];

	printf("%-8s %-55s ", oracle_name(row->lie->oracle), row->lie->what);
	switch (row->end) {
	case SELFCHECK_CAUGHT:
		printf("caught as %s", row->lie->signature);
		print_levels(row);
		return;
	case SELFCHECK_OFF:
		puts("off: there is no prediction at contract level");
		return;
	default:
		say_why(row, why, sizeof(why));
		printf("%s (%s, page %" PRIu32 "): %s\n",
		       row->end == SELFCHECK_MISSED ? "MISSED" : "NOT TOLD",
		       selfcheck_level_name(row->level), row->page, why);
	}
}

static void print_totals(const struct totals *t)
{
	const unsigned int told = t->ends[SELFCHECK_CAUGHT] +
				  t->ends[SELFCHECK_MISSED] +
				  t->ends[SELFCHECK_UNTRUE];

	printf("%u of %u lies caught by %u of %u oracles",
	       t->ends[SELFCHECK_CAUGHT], told, t->oracles, ORACLE_COUNT - 1);
	if (t->ends[SELFCHECK_MISSED])
		printf("; %u MISSED", t->ends[SELFCHECK_MISSED]);
	if (t->ends[SELFCHECK_UNTRUE])
		printf("; %u not told: the program does not hold without",
		       t->ends[SELFCHECK_UNTRUE]);
	if (t->ends[SELFCHECK_OFF])
		printf("; %u off", t->ends[SELFCHECK_OFF]);
	for (unsigned int oracle = 1; oracle < ORACLE_COUNT; oracle++)
		if (oracle_off(t, oracle))
			printf("; %s is off", oracle_name(oracle));
	putchar('\n');
}

static void json_row(struct json *j, const struct row *row)
{
	const bool bad = row->end == SELFCHECK_MISSED ||
			 row->end == SELFCHECK_UNTRUE;
	char why[2 * SIGNATURE_TEXT] = "";

	json_object(j, NULL);
	json_string(j, "oracle", oracle_name(row->lie->oracle));
	json_string(j, "lie", row->lie->what);
	json_string(j, "program", row->lie->program);
	json_string(j, "signature", row->lie->signature);
	json_string(j, "end", selfcheck_end_name(row->end));
	json_object(j, "levels");
	for (unsigned int level = 0; level < SELFCHECK_LEVELS; level++)
		json_string(j, selfcheck_level_name(level),
			    selfcheck_end_name(row->ends[level]));
	json_end(j);
	if (bad) {
		say_why(row, why, sizeof(why));
		json_string(j, "level", selfcheck_level_name(row->level));
		json_number(j, "page", row->page);
		json_string(j, "got",
			    *row->result.got ? row->result.got : NULL);
		json_string(j, "why", why);
	}
	json_end(j);
}

static void json_print(const struct row *rows, size_t nr,
		       const struct totals *t, double elapsed)
{
	struct json j;

	json_begin(&j, stdout);
	json_object(&j, NULL);
	json_array(&j, "lies");
	for (size_t i = 0; i < nr; i++)
		json_row(&j, &rows[i]);
	json_end(&j);
	for (unsigned int end = 0; end < SELFCHECK_ENDS; end++)
		json_number(&j, selfcheck_end_name(end), t->ends[end]);
	json_number(&j, "oracles", ORACLE_COUNT - 1);
	json_number(&j, "oracles_that_caught", t->oracles);
	json_array(&j, "oracles_off");
	for (unsigned int oracle = 1; oracle < ORACLE_COUNT; oracle++)
		if (oracle_off(t, oracle))
			json_string(&j, NULL, oracle_name(oracle));
	json_end(&j);
	json_real(&j, "seconds", elapsed);
	json_end(&j);
}

/* ---- the command --------------------------------------------------------- */

enum { KEY_JSON = 0x200, KEY_ORACLE };

static const struct argp_option option_list[] = {
	{"json", KEY_JSON, NULL, 0, "What came of each lie as a JSON document",
	 0},
	{"oracle", KEY_ORACLE, "exact|contract", 0,
	 "contract: for an allocator with another placement policy, tell only "
	 "what is seen at that level (default: all)",
	 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case KEY_JSON:
		options->json = true;
		return 0;
	case KEY_ORACLE:
		options->contract = option_level(state, arg) == RUN_CONTRACT;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "\"%s\": only options are taken", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp selfcheck_argp = {
	.options = option_list,
	.parser = parse,
	.doc = "Prove that this build sees bugs: while small programs run, "
	       "lies "
	       "are told at the seam, one at a time, and each oracle must "
	       "catch "
	       "its own.\v"
	       "Each program must hold without the lie. Levels: exact and "
	       "contract as \"hypheap run\" has them, fuzz as the fuzz targets "
	       "run a program. Exit status 1 says that a lie was missed.",
};

static int run(const struct command *cmd, int argc, char **argv)
{
	struct options options = {.json = false};
	const double began = seconds();
	const struct lie *lies;
	struct totals totals;
	struct row *rows;
	struct run *run;
	size_t nr;

	argp_parse(cmd->argp, argc, argv, 0, NULL, &options);
	lies = selfcheck_lies(&nr);
	rows = calloc(nr, sizeof(*rows));
	if (!rows)
		abort();
	run = new_run();
	heap_watchdog(WATCHDOG_SECONDS);
	for (size_t i = 0; i < nr; i++) {
		rows[i].lie = &lies[i];
		tell(run, &options, &rows[i]);
		if (!options.json)
			print_row(&rows[i]);
	}
	run_destroy(run);

	totals = total(rows, nr);
	if (options.json)
		json_print(rows, nr, &totals, seconds() - began);
	else
		print_totals(&totals);
	free(rows);

	return totals.ends[SELFCHECK_MISSED] || totals.ends[SELFCHECK_UNTRUE]
		       ? STATUS_VERDICT
		       : STATUS_HOLDS;
}

const struct command cmd_selfcheck = {
	.name = "selfcheck",
	.line = "prove that each oracle sees a lie told to it",
	.argp = &selfcheck_argp,
	.run = run,
};
