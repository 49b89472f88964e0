/* SPDX-License-Identifier: GPL-2.0-only */
#include "selfcheck.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lies.h"

/* ---- the table ----------------------------------------------------------- */

#define EXACT (1u << SELFCHECK_EXACT)
#define CONTRACT (1u << SELFCHECK_CONTRACT)
#define FUZZ (1u << SELFCHECK_FUZZ)
#define EVERYWHERE (EXACT | CONTRACT | FUZZ)
#define PREDICTED (EXACT | FUZZ)
#define JUDGED (EXACT | CONTRACT)

/* Every oracle is lied to. */
enum {
	LIED_TO = 0
#define LIE(oracle, of, levels, what, program, run, nth, function, tell) \
	| 1 << ORACLE_##oracle
#include "lies.def"
#undef LIE
};
_Static_assert(LIED_TO == (1 << ORACLE_COUNT) - (1 << (ORACLE_NONE + 1)),
	       "an oracle without a lie in lies.def");

enum {
	LIES = 0
#define LIE(oracle, of, levels, what, program, run, nth, function, tell) +1
#include "lies.def"
#undef LIE
};

/* How each is told: beside the table, since only this file has to know. */
static const struct telling {
	const char *of;
	unsigned int run, nth;
	struct seam seam;
} tellings[LIES] = {
#define LIE(oracle, of, levels, what, program, run, nth, function, tell) \
	{of, run, nth, {.function = (tell)}},
#include "lies.def"
#undef LIE
};

static struct lie lies[LIES] = {
#define LIE(oracle, of, levels, what, program, run, nth, function, tell) \
	{ORACLE_##oracle, NULL, what, levels, program},
#include "lies.def"
#undef LIE
};

const struct lie *selfcheck_lies(size_t *nr)
{
	static char signatures[LIES][SIGNATURE_TEXT];

	for (size_t i = 0; i < LIES; i++) {
		snprintf(signatures[i], sizeof(signatures[i]), "%s/%s",
			 oracle_name(lies[i].oracle), tellings[i].of);
		lies[i].signature = signatures[i];
	}
	*nr = LIES;

	return lies;
}

const char *selfcheck_level_name(enum selfcheck_level level)
{
	static const char *const names[] = {"exact", "contract", "fuzz"};

	return level < SELFCHECK_LEVELS ? names[level] : "?";
}

const char *selfcheck_end_name(enum selfcheck_end end)
{
	static const char *const names[] = {"caught", "missed", "off",
					    "untrue"};

	return end < SELFCHECK_ENDS ? names[end] : "?";
}

/* ---- programs ------------------------------------------------------------ */

/*
 * The program of a lie: @prog, with pages of @page bytes. Return: the number of
 * the operation that the lie is told in.
 */
static uint32_t make_program(const struct lie *lie, uint32_t page,
			     struct prog *prog)
{
	const char *star = strchr(lie->program, '*'), *heap = "", *rest;
	struct text_error error;
	char text[512];
	uint32_t op = 1;
	bool parsed = false;

	/* a world of its own, which must leave the page size to us */
	rest = lie->program;
	if (strncmp(rest, "heap ", 5) != 0)
		heap = "heap pages=64 pool=80 cpus=2; ";
	if (star) {
		snprintf(text, sizeof(text), "hypheap 1; %s%.*s%s", heap,
			 (int)(star - rest), rest, star + 1);
		parsed = !prog_parse(prog, text, strlen(text), &error);
	}
	if (!parsed) {
		fprintf(stderr,
			"HARNESS BUG: the program of a lie is none: %s\n",
			lie->program);
		exit(3);
	}
	prog->world.page_shift = (uint8_t)__builtin_ctz(page);
	for (; rest < star; rest++)
		op += *rest == ';';

	return *heap ? op : op - 1;
}

struct object lie_object;

static void look(void *data, const struct run *run, const struct step *step)
{
	(void)data;
	(void)step;
	if (run_live(run))
		lie_object = run_object(run, 0);
}

static struct run_config config_of(enum selfcheck_level level,
				   const struct prog *prog)
{
	struct run_config config = run_config_full();

	if (level == SELFCHECK_FUZZ)
		config = run_config_fuzz(prog);
	if (level == SELFCHECK_CONTRACT)
		config.level = RUN_CONTRACT;
	config.watch = look;
	config.without_walk = true;

	return config;
}

/* Return: whether @prog holds; if not, @signature. */
static bool holds(struct run *run, enum selfcheck_level level,
		  const struct prog *prog, char *signature)
{
	const struct run_config config = config_of(level, prog);
	struct run_result result;

	lie_object.there = false;
	if (run_program(run, prog, &config, &result))
		return true;
	verdict_signature(&result.verdict, signature, SIGNATURE_TEXT);

	return false;
}

/* The truth, and then the lie in operation @op. */
static void tell(struct run *run, const struct lie *lie,
		 enum selfcheck_level level, const struct prog *prog,
		 uint32_t op, struct selfcheck_result *result)
{
	const struct telling *t = &tellings[lie - lies];
	char signature[SIGNATURE_TEXT] = "";
	bool held;

	if (!holds(run, level, prog, result->got)) {
		result->end = SELFCHECK_UNTRUE;
		return;
	}

	seam_lie(&t->seam, t->run, op, t->nth);
	held = holds(run, level, prog, signature);
	result->untold = !seam_truth();
	if (held || result->untold || strcmp(signature, lie->signature) != 0) {
		result->end = SELFCHECK_MISSED;
		memcpy(result->got, signature, sizeof(signature));
	}
}

struct selfcheck_result selfcheck_tell(struct run *run, const struct lie *lie,
				       enum selfcheck_level level,
				       uint32_t page, bool other_policy)
{
	struct selfcheck_result result = {.end = SELFCHECK_CAUGHT};
	char signature[SIGNATURE_TEXT];
	struct prog prog;
	uint32_t op;

	if (!(lie->levels & 1u << level)) {
		result.end = SELFCHECK_OFF;
		return result;
	}

	prog_init(&prog);
	op = make_program(lie, page, &prog);
	tell(run, lie, level, &prog, op, &result);
	if (result.end == SELFCHECK_UNTRUE && other_policy &&
	    level != SELFCHECK_CONTRACT &&
	    holds(run, SELFCHECK_CONTRACT, &prog, signature))
		result.end = SELFCHECK_OFF;
	prog_free(&prog);

	return result;
}
