/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdio.h>

#include "tally.h"

/* A name for each row; prefix kinds never run. */
static const struct {
	uint8_t kind;
	const char *word;
} rows[] = {
#define OP(id, number, word, slot, grammar, what) {number, word},
#include "program/ops.def"
#undef OP
};

#define ROWS (sizeof(rows) / sizeof(*rows))

static enum came_out came_out(const struct step *step)
{
	const struct outcome *actual = &step->actual;
	bool pages = step->op.kind == OP_RECLAIM || step->op.kind == OP_SHRINK;

	if (actual->end == STEP_SKIPPED)
		return CAME_SKIPPED;
	if (actual->end != STEP_DONE || actual->err)
		return CAME_REFUSED;
	return pages && !actual->pages ? CAME_REFUSED : CAME_SUCCEEDED;
}

void tally_watch(void *data, const struct run *run, const struct step *step)
{
	struct tally *tally = data;

	tally->count[step->op.kind][came_out(step)]++;
	tally->live = run_live(run);
}

void tally_begin(struct tally *tally)
{
	tally->live = 0;
}

void tally_end(struct tally *tally, const struct prog *prog,
	       const struct run_result *result)
{
	const struct step *last = &result->last;

	tally->programs++;
	if (result->damage.nr && result->verdict.oracle == ORACLE_NONE)
		tally->damage[result->damage.kind][result->damage.free]
			     [result->damage.end]++;
	if (tally->live <= OP_SLOTS)
		tally->live_at_end[tally->live]++;

	if (result->verdict.oracle != ORACLE_NONE) {
		if (result->verdict.step)
			tally->count[last->op.kind][came_out(last)]--;
		return;
	}
	if (last->actual.end != STEP_DONE && last->actual.end != STEP_SKIPPED) {
		tally->ended++;
		tally->unreached += prog->nr - result->steps;
	}
}

static uint64_t all_of(const uint64_t *count)
{
	return count[CAME_SUCCEEDED] + count[CAME_REFUSED] +
	       count[CAME_SKIPPED];
}

static void sum(const struct tally *tally, uint64_t *total)
{
	for (size_t i = 0; i < ROWS; i++)
		for (unsigned int out = 0; out < CAME_OUTS; out++)
			total[out] += tally->count[rows[i].kind][out];
}

uint64_t tally_ops(const struct tally *tally)
{
	uint64_t total[CAME_OUTS] = {0};

	sum(tally, total);
	return all_of(total);
}

uint32_t tally_live_median(const struct tally *tally)
{
	uint64_t seen = 0;
	uint32_t live;

	for (live = 0; live < OP_SLOTS; live++) {
		seen += tally->live_at_end[live];
		if (2 * seen >= tally->programs)
			break;
	}
	return live;
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static double share_run(const struct tally *tally)
{
	uint64_t total[CAME_OUTS] = {0};

	sum(tally, total);
	return percent(all_of(total) - total[CAME_SKIPPED], all_of(total));
}

/* Of the allocations that were tried, not skipped. */
static double share_served(const struct tally *tally)
{
	const uint64_t *alloc = tally->count[OP_ALLOC];
	const uint64_t *call = tally->count[OP_CALL];
	uint64_t served = alloc[CAME_SUCCEEDED] + call[CAME_SUCCEEDED];
	uint64_t refused = alloc[CAME_REFUSED] + call[CAME_REFUSED];

	return percent(served, served + refused);
}

static void print_row(FILE *out, const char *word, const uint64_t *count)
{
	fprintf(out,
		"%-8s %12" PRIu64 " %12" PRIu64 " %12" PRIu64 " %12" PRIu64
		"\n",
		word, all_of(count), count[CAME_SUCCEEDED], count[CAME_REFUSED],
		count[CAME_SKIPPED]);
}

static const enum damage_end damage_columns[] = {
	DAMAGE_DETECTED,
	DAMAGE_HARMLESS,
	DAMAGE_MISSED,
	DAMAGE_HUNG,
};

#define DAMAGE_COLUMNS (sizeof(damage_columns) / sizeof(*damage_columns))

static bool any_damage(const uint64_t *count)
{
	for (size_t i = 0; i < DAMAGE_COLUMNS; i++)
		if (count[damage_columns[i]])
			return true;

	return false;
}

/* Kinds of corruption by what they came to, those that there were. */
static void print_damage(const struct tally *tally, FILE *out)
{
	bool title = false;

	for (uint32_t i = 0; i < 2 * DAMAGE_KINDS; i++) {
		const uint64_t *count = tally->damage[i / 2][i % 2];

		if (!any_damage(count))
			continue;
		if (!title) {
			fprintf(out, "%-22s", "programs by corruption");
			for (size_t k = 0; k < DAMAGE_COLUMNS; k++)
				fprintf(out, " %12s",
					damage_end_word(damage_columns[k]));
			fputc('\n', out);
			title = true;
		}
		fprintf(out, "%-17s %s", damage_word(i / 2),
			i % 2 ? "free" : "live");
		for (size_t k = 0; k < DAMAGE_COLUMNS; k++)
			fprintf(out, " %12" PRIu64, count[damage_columns[k]]);
		fputc('\n', out);
	}
}

static void json_damage(const struct tally *tally, struct json *j)
{
	json_object(j, "by_corruption");
	for (uint32_t kind = 0; kind < DAMAGE_KINDS; kind++) {
		json_object(j, damage_word(kind));
		for (uint32_t free = 0; free < 2; free++) {
			const uint64_t *count = tally->damage[kind][free];

			json_object(j, free ? "free" : "live");
			for (size_t k = 0; k < DAMAGE_COLUMNS; k++)
				json_number(j,
					    damage_end_word(damage_columns[k]),
					    count[damage_columns[k]]);
			json_end(j);
		}
		json_end(j);
	}
	json_end(j);
}

void tally_print(const struct tally *tally, FILE *out)
{
	uint64_t total[CAME_OUTS] = {0};

	fprintf(out, "%-8s %12s %12s %12s %12s\n", "op", "tried", "succeeded",
		"refused", "skipped");
	for (size_t i = 0; i < ROWS; i++)
		print_row(out, rows[i].word, tally->count[rows[i].kind]);
	sum(tally, total);
	print_row(out, "total", total);
	fputs("(tried: all that were begun; refused: as predicted)\n", out);

	fprintf(out, "ops not skipped            %.1f %%\n", share_run(tally));
	fprintf(out, "allocations served         %.1f %%\n",
		share_served(tally));
	fprintf(out, "live objects at the end    %" PRIu32 " (median)\n",
		tally_live_median(tally));
	fprintf(out,
		"ended by a panic due       %" PRIu64 " programs (%.1f %%), "
		"%" PRIu64 " ops behind it not reached\n",
		tally->ended, percent(tally->ended, tally->programs),
		tally->unreached);
	print_damage(tally, out);
}

static void json_row(struct json *j, const char *word, const uint64_t *count)
{
	json_object(j, word);
	json_number(j, "tried", all_of(count));
	json_number(j, "succeeded", count[CAME_SUCCEEDED]);
	json_number(j, "refused", count[CAME_REFUSED]);
	json_number(j, "skipped", count[CAME_SKIPPED]);
	json_end(j);
}

void tally_json(const struct tally *tally, struct json *j)
{
	uint64_t total[CAME_OUTS] = {0};

	sum(tally, total);
	json_object(j, "by_op");
	for (size_t i = 0; i < ROWS; i++)
		json_row(j, rows[i].word, tally->count[rows[i].kind]);
	json_row(j, "total", total);
	json_end(j);
	json_real(j, "percent_not_skipped", share_run(tally));
	json_real(j, "percent_allocations_served", share_served(tally));
	json_number(j, "live_median", tally_live_median(tally));
	json_number(j, "ended_by_panic", tally->ended);
	json_number(j, "ops_not_reached", tally->unreached);
	json_damage(tally, j);
}
