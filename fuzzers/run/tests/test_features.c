/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "run/features.h"
#include "run_test.h"

/* Features of state: numbers in range, of the step alone, and of its shape. */

static struct step plain(void)
{
	return (struct step){
		.op = {.kind = OP_ALLOC, .arg = 100},
		.page = 4096,
		.before = {.host = 60, .spare = 4},
		.after = {.host = 60, .spare = 3, .mapped = 1, .used = 1},
		.size = 112,
		.actual.offset = 16,
	};
}

static bool same(const struct step *a, const struct step *b)
{
	uint16_t one[FEATURES_OF_A_STEP] = {0}, two[FEATURES_OF_A_STEP] = {0};
	unsigned int n = features_of(a, 0, one);

	return n == features_of(b, 0, two) &&
	       !memcmp(one, two, n * sizeof(*one));
}

/* What differs are counts, by so little that a coarse look still sees it. */
static void shapes_have_cells_of_their_own(void **state)
{
	const struct header whole[] = {{.unmapped = 1}, {.unmapped = 0}};
	const struct header holed[] = {{.unmapped = 1}, {.unmapped = 4064}};
	struct step one = plain(), other = plain();

	(void)state;
	other.after.used = 2;
	assert_false(same(&one, &other));
	other = plain();
	other.after.free = 1;
	assert_false(same(&one, &other));
	other = plain();
	other.after.spare = 0;
	assert_false(same(&one, &other));
	other = plain();
	other.actual.err = -12;
	assert_false(same(&one, &other));
	other = plain();
	other.actual.offset = 4096;
	assert_false(same(&one, &other));

	one.walk = whole;
	one.walk_nr = 2;
	other = one;
	other.walk = holed;
	assert_false(same(&one, &other));
}

/* Headers that were not read again are what the model has. */
static void known_headers_have_the_same_cells(void **state)
{
	const struct header holed[] = {{.unmapped = 1}, {.unmapped = 4096}};
	struct model_chunk chunk[] = {{.used = true},
				      {.addr = 128, .mark = 4096}};
	const struct model model = {.chunk = chunk, .nr = 2};
	struct step read = plain(), known = plain();

	(void)state;
	read.walk = holed;
	read.walk_nr = 2;
	known.model = &model;
	known.shape_known = true;
	assert_true(same(&read, &known));
	chunk[1].mark = 0;
	assert_false(same(&read, &known));
}

/* Words, places in memory and numbers of a size that any heap may have. */
static void the_rest_makes_no_difference(void **state)
{
	const struct header first[] = {{.unmapped = 1}};
	const struct header second[] = {{.unmapped = 1}};
	struct step one = plain(), other = plain();

	(void)state;
	one.walk = first;
	other.walk = second;
	one.walk_nr = other.walk_nr = 1;
	other.function = other.where = other.what = "elsewhere";
	other.number = 77;
	other.op.arg = 101;
	other.before.host = other.after.host = 1000;
	assert_true(same(&one, &other));

	one.after.used = one.before.used = 40;
	other.after.used = other.before.used = 41;
	assert_true(same(&one, &other));
}

static void a_skipped_step_has_none(void **state)
{
	struct step step = plain();
	uint16_t cell[FEATURES_OF_A_STEP];

	(void)state;
	step.actual.end = STEP_SKIPPED;
	assert_int_equal(features_of(&step, 5, cell), 0);
	assert_int_equal(features_next(&step, 5), 5);
}

/* A corpus that was distilled by them must not become another one unnoticed. */
static void numbers_stay(void **state)
{
	const uint16_t pinned[] = {2227, 2960, 789, 1331};
	uint16_t cell[FEATURES_OF_A_STEP];
	struct step step = plain();

	(void)state;
	assert_int_equal(features_of(&step, OP_TOPUP, cell), 4);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(cell[i], pinned[i]);
}

static void all_are_in_range(void **state)
{
	static uint8_t cells[FEATURES_NR + 64];
	struct step step = plain();
	uint32_t before = 0, marked = 0;

	(void)state;
	memset(cells, 0, sizeof(cells));
	for (uint32_t i = 0; i < 20000; i++) {
		step.op.kind = (uint8_t)(i % OP_NUMBERS);
		step.op.sub = (uint8_t)(i * 7);
		step.after.used = i % 13 * (i % 3 ? 1 : UINT32_MAX / 13);
		step.after.free = i % 11;
		step.before.mapped = i % 5;
		step.actual.err = -(int)(i % 40);
		step.actual.end = i % 5;
		step.actual.offset = i * 16ull;
		features_note(cells, &step, &before);
	}
	for (uint32_t i = 0; i < FEATURES_NR; i++) {
		assert_in_range(cells[i], 0, 1);
		marked += cells[i];
	}
	assert_in_range(marked, FEATURES_NR / 8, FEATURES_NR);
	for (uint32_t i = FEATURES_NR; i < sizeof(cells); i++)
		assert_int_equal(cells[i], 0);
}

/* ---- of programs --------------------------------------------------------- */

static void run_text(const char *text, uint8_t *cells, bool replay)
{
	struct run_config config = {
		.level = RUN_EXACT, .cells = cells, .replay = replay};
	struct text_error error;

	assert_int_equal(prog_parse(&prog, text, strlen(text), &error), 0);
	memset(cells, 0, FEATURES_NR);
	assert_true(run_program(run, &prog, &config, &result));
}

/* Two frees with no hole between, in another order: the same calls. */
static void a_program_has_the_same_ones_whenever_it_is_run(void **state)
{
	static const char one[] = "hypheap 1\ntopup 4\na = alloc 16\n"
				  "b = alloc 16\nc = alloc 16\nfree a\nfree "
				  "b\n";
	static const char other[] = "hypheap 1\ntopup 4\na = alloc 16\n"
				    "b = alloc 16\nfree a\nfree b\n";
	static uint8_t first[FEATURES_NR], second[FEATURES_NR];

	(void)state;
	run_text(one, first, false);
	assert_non_null(memchr(first, 1, sizeof(first)));
	run_text(other, second, false);
	assert_memory_not_equal(first, second, sizeof(first));
	run_text(one, second, true);
	assert_memory_equal(first, second, sizeof(first));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shapes_have_cells_of_their_own),
		cmocka_unit_test(known_headers_have_the_same_cells),
		cmocka_unit_test(the_rest_makes_no_difference),
		cmocka_unit_test(a_skipped_step_has_none),
		cmocka_unit_test(numbers_stay),
		cmocka_unit_test(all_are_in_range),
		cmocka_unit_test(
			a_program_has_the_same_ones_whenever_it_is_run),
	};

	return cmocka_run_group_tests(tests, create, destroy);
}
