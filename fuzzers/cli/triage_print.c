/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <string.h>

#include "run/json.h"
#include "triage.h"

/* What triage found, for people and for machines. */

static const struct {
	const char *words, *key;
} ends[CRASH_ENDS] = {
	[CRASH_FAILS] = {"fail", "fails"},
	[CRASH_HOLDS] = {"no longer reproduce", "holds"},
	[CRASH_SLOW] = {"take too long", "slow"},
	[CRASH_DIED] = {"end the harness itself: HARNESS BUG", "died"},
	[CRASH_BAD] = {"cannot be read", "bad"},
};

/* ---- the table ---------------------------------------------------------- */

static void print_files(const struct triage *triage, enum crash_end end,
			FILE *out)
{
	uint32_t nr = triage_count(triage, end);

	if (!nr)
		return;
	fprintf(out, "\n%" PRIu32 " %s\n", nr, ends[end].words);
	for (size_t i = 0; i < triage->nr; i++) {
		const struct crash *crash = &triage->crash[i];

		if (crash->end != end)
			continue;
		/* what cannot be read names the file itself */
		fprintf(out, "  %s%s%s\n", end == CRASH_BAD ? "" : crash->name,
			crash->why && end != CRASH_BAD ? ": " : "",
			crash->why ? crash->why : "");
	}
}

static int signature_width(const struct triage *triage)
{
	size_t width = strlen("signature");

	for (size_t i = 0; i < triage->groups; i++)
		if (strlen(triage->group[i].signature) > width)
			width = strlen(triage->group[i].signature);
	return (int)width;
}

void triage_print(const struct triage *triage, FILE *out)
{
	int width = signature_width(triage);

	fprintf(out,
		"%zu files, %" PRIu32 " fail, %zu signature%s; %" PRIu32
		" other files passed over%s\n",
		triage->nr, triage_count(triage, CRASH_FAILS), triage->groups,
		triage->groups == 1 ? "" : "s", triage->passed_over,
		triage->interrupted ? "; interrupted" : "");
	if (triage->groups)
		fprintf(out, "\n%6s  %5s  %-*s  %s\n", "events", "ops", width,
			"signature", "smallest");
	for (size_t i = 0; i < triage->groups; i++) {
		const struct group *g = &triage->group[i];

		fprintf(out, "%6" PRIu32 "  %5" PRIu32 "  %-*s  %s\n",
			g->events, g->ops, width, g->signature,
			triage->crash[g->smallest].name);
		fprintf(out, "%17s%s\n", "", g->text);
		if (g->out)
			fprintf(out,
				"%17sminimised: %" PRIu32 " operation%s in "
				"%s\n",
				"", g->prog.nr, g->prog.nr == 1 ? "" : "s",
				g->out);
	}
	for (int end = CRASH_HOLDS; end < CRASH_ENDS; end++)
		print_files(triage, (enum crash_end)end, out);
}

/* ---- JSON --------------------------------------------------------------- */

static void json_group(const struct triage *triage, const struct group *g,
		       struct json *j)
{
	json_object(j, NULL);
	json_string(j, "signature", g->signature);
	json_string(j, "oracle", oracle_name(g->oracle));
	json_number(j, "events", g->events);
	json_string(j, "smallest", triage->crash[g->smallest].name);
	json_number(j, "ops", g->ops);
	json_string(j, "text", g->text);
	json_string(j, "minimised", g->out);
	if (g->out)
		json_number(j, "minimised_ops", g->prog.nr);
	json_end(j);
}

static void json_files(const struct triage *triage, enum crash_end end,
		       struct json *j)
{
	json_array(j, ends[end].key);
	for (size_t i = 0; i < triage->nr; i++) {
		const struct crash *crash = &triage->crash[i];

		if (crash->end != end)
			continue;
		json_object(j, NULL);
		json_string(j, "file", crash->name);
		if (crash->why)
			json_string(j, "why", crash->why);
		json_end(j);
	}
	json_end(j);
}

void triage_json(const struct triage *triage, FILE *out)
{
	struct json j;

	json_begin(&j, out);
	json_object(&j, NULL);
	json_number(&j, "files", triage->nr);
	json_number(&j, "passed_over", triage->passed_over);
	json_bool(&j, "interrupted", triage->interrupted);
	json_array(&j, "groups");
	for (size_t i = 0; i < triage->groups; i++)
		json_group(triage, &triage->group[i], &j);
	json_end(&j);
	for (int end = CRASH_HOLDS; end < CRASH_ENDS; end++)
		json_files(triage, (enum crash_end)end, &j);
	json_end(&j);
}
