/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "program/gen.h"
#include "run/minimise.h"
#include "run/minimise_try.h"
#include "scripts/lib/test.h"

/*
 * The minimiser with predicates instead of an allocator: a "bug" is a function
 * of the program's text form alone.
 */

/**
 * struct bug - A predicate, and what is to be seen of the minimiser.
 * @has: the program has it
 * @asked: so often; @stop_at: then enough, 0: never
 * @last: the best it told of; each must have the bug and be smaller
 */
struct bug {
	bool (*has)(const struct prog *prog);
	unsigned int asked, stop_at;
	struct prog last;
	bool some;
};

static enum minimise_said same(void *data, const struct prog *prog,
			       struct minimise_hint *hint)
{
	struct bug *bug = data;

	(void)hint;
	if (bug->stop_at && bug->asked == bug->stop_at)
		return MINIMISE_STOP;
	bug->asked++;
	return bug->has(prog) ? MINIMISE_SAME : MINIMISE_OTHER;
}

static void better(void *data, const struct prog *best)
{
	struct bug *bug = data;

	assert_true(bug->has(best));
	if (bug->some)
		assert_true(minimise_order(best, &bug->last) < 0);
	prog_copy(&bug->last, best);
	bug->some = true;
}

static char *text_of(const struct prog *prog)
{
	char *text = NULL;
	size_t size;
	FILE *mem = open_memstream(&text, &size);

	assert_non_null(mem);
	prog_print(prog, mem);
	fclose(mem);
	return text;
}

/* Minimise @prog for @bug. */
static bool shrink(struct bug *bug, struct prog *prog)
{
	const struct minimise_ask ask = {
		.same = same, .better = better, .data = bug};
	bool done;

	prog_init(&bug->last);
	bug->some = false;
	bug->asked = 0;
	done = minimise(prog, &ask);
	prog_free(&bug->last);
	return done;
}

static void parse(struct prog *prog, const char *text)
{
	struct text_error error;

	if (prog_parse(prog, text, strlen(text), &error))
		fail_msg("%u:%u: %s", error.line, error.column, error.what);
}

/* What a test writes: without the first line. */
static void parse_lines(struct prog *prog, const char *lines)
{
	char text[512];

	snprintf(text, sizeof(text), "hypheap 1\n%s", lines);
	parse(prog, text);
}

static void expect(bool (*has)(const struct prog *prog), const char *from,
		   const char *to)
{
	struct bug bug = {.has = has};
	struct prog prog;
	char *text;

	prog_init(&prog);
	parse_lines(&prog, from);
	assert_true(has(&prog));
	assert_true(shrink(&bug, &prog));
	text = text_of(&prog);
	assert_string_equal(text, to);
	free(text);
	prog_free(&prog);
}

/* ---- bugs --------------------------------------------------------------- */

static uint32_t first(const struct prog *prog, uint32_t from, uint8_t kind,
		      uint64_t least)
{
	while (from < prog->nr &&
	       (prog->ops[from].kind != kind || prog->ops[from].arg < least))
		from++;
	return from;
}

static bool reclaim_after_alloc(const struct prog *prog)
{
	uint32_t at = first(prog, 0, OP_ALLOC, 4913);

	return first(prog, at, OP_RECLAIM, 0) < prog->nr;
}

static bool heap_is_filled(const struct prog *prog)
{
	uint64_t bytes = (uint64_t)prog->world.heap_pages
			 << prog->world.page_shift;

	return first(prog, 0, OP_ALLOC, bytes - 15) < prog->nr;
}

static bool three_pages_given(const struct prog *prog)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < prog->nr; i++)
		if (prog->ops[i].kind == OP_TOPUP && prog->ops[i].arg < 100)
			sum += prog->ops[i].arg;
	return sum >= 3;
}

static bool second_cpu_frees(const struct prog *prog)
{
	uint32_t at = first(prog, 0, OP_CPU, 1);

	return prog->world.cpus > 1 && first(prog, at, OP_FREE, 0) < prog->nr;
}

static bool page_is_linked_to_itself(const struct prog *prog)
{
	for (uint32_t i = 0; i < prog->nr; i++) {
		const struct op *op = &prog->ops[i];

		if (op->kind == OP_POKE &&
		    op_tag_page(op->arg) == op_tag_page(op->x[0]) &&
		    op_tag(op->x[0]) && op->at)
			return true;
	}
	return false;
}

static bool any_program(const struct prog *prog)
{
	(void)prog;
	return true;
}

/* ---- what comes out ----------------------------------------------------- */

static void unneeded_operations_go_and_numbers_get_round(void **state)
{
	(void)state;
	expect(reclaim_after_alloc,
	       "heap pages=37 page=65536 pool=99 cpus=3\n"
	       "topup 7; s77 = alloc 17; free s77\n"
	       "s29 = alloc 70001; write s29; cpu 2; s28 = alloc 6000\n"
	       "reclaim all; free s28\n",
	       "hypheap 1\nheap pages=1 page=4096 pool=0 cpus=1\n"
	       "a = alloc 5000\nreclaim 0\n");
	expect(any_program, "init 0; a = alloc 4",
	       "hypheap 1\nheap pages=1 page=4096 pool=0 cpus=1\n");
}

static void a_size_and_the_heap_shrink_together(void **state)
{
	(void)state;
	expect(heap_is_filled,
	       "heap pages=64 page=16384\na = alloc 16; b = alloc 1048561",
	       "hypheap 1\nheap pages=1 page=4096 pool=0 cpus=1\n"
	       "a = alloc 4096\n");
}

static void two_amounts_become_one(void **state)
{
	(void)state;
	expect(three_pages_given, "topup 1; a = alloc 16; topup 1; topup 1",
	       "hypheap 1\nheap pages=1 page=4096 pool=0 cpus=1\ntopup 3\n");
}

static void cpus_that_are_needed_stay(void **state)
{
	(void)state;
	expect(second_cpu_frees, "heap cpus=4\ns35 = alloc 9; cpu 3; free s35",
	       "hypheap 1\nheap pages=1 page=4096 pool=0 cpus=2\n"
	       "cpu 1\nfree a\n");
}

static void places_move_together(void **state)
{
	(void)state;
	expect(page_is_linked_to_itself,
	       "poke p3 9\nat donate 7: poke p40+16 h40+24\nhvc topup 1 p40 2",
	       "hypheap 1\nheap pages=1 page=4096 pool=0 cpus=1\n"
	       "at donate 1: poke p0 h0\n");
}

static bool all_in_a_row(const struct prog *prog)
{
	return prog->nr == 2 && prog->ops[0].kind == OP_ALLOC &&
	       prog->ops[1].kind == OP_FREE;
}

/* A free of "a" that would take b, since there is no a, is not what is said. */
static void slots_say_what_they_take(void **state)
{
	(void)state;
	expect(all_in_a_row, "s37 = alloc 16; free s33",
	       "hypheap 1\nheap pages=1 page=4096 pool=0 cpus=1\n"
	       "a = alloc 16\nfree a\n");
}

/* ---- what it promises --------------------------------------------------- */

static bool (*const bugs[])(const struct prog *prog) = {
	reclaim_after_alloc,	  three_pages_given, second_cpu_frees,
	page_is_linked_to_itself, any_program,
};

static void generate(struct prog *prog, uint64_t seed)
{
	struct gen_config config = {
		.ops = 120, .profile = PROFILE_HOST, .page_shift = 12};
	struct rng rng;

	rng_seed(&rng, seed);
	prog_generate(prog, &rng, &config);
}

static void random_programs(void (*check)(struct bug *bug, struct prog *prog))
{
	unsigned int checked = 0;
	struct prog prog;

	prog_init(&prog);
	for (uint64_t seed = 1; seed <= 40; seed++)
		for (size_t i = 0; i < sizeof(bugs) / sizeof(*bugs); i++) {
			struct bug bug = {.has = bugs[i]};

			prog_clear(&prog);
			generate(&prog, seed);
			if (!bugs[i](&prog))
				continue;
			check(&bug, &prog);
			checked++;
		}
	prog_free(&prog);
	assert_true(checked > 60);
}

static void check_again(struct bug *bug, struct prog *prog)
{
	struct prog other;
	char *once, *twice;

	prog_init(&other);
	prog_copy(&other, prog);
	assert_true(shrink(bug, prog));
	assert_true(shrink(bug, &other));
	assert_true(prog_equal(prog, &other));

	/* by way of its text, as a file is */
	once = text_of(prog);
	parse(&other, once);
	assert_true(shrink(bug, &other));
	twice = text_of(&other);
	assert_string_equal(once, twice);
	free(once);
	free(twice);
	prog_free(&other);
}

static void the_result_is_the_same_and_gives_itself(void **state)
{
	(void)state;
	random_programs(check_again);
}

static void check_stop(struct bug *bug, struct prog *prog)
{
	struct prog before;

	prog_init(&before);
	prog_copy(&before, prog);
	bug->stop_at = 1 + prog->nr % 9;
	if (!shrink(bug, prog))
		assert_int_equal(bug->asked, bug->stop_at);
	assert_true(bug->has(prog));
	assert_true(minimise_order(prog, &before) <= 0);
	prog_free(&before);
}

static void stopped_it_keeps_the_best_so_far(void **state)
{
	(void)state;
	random_programs(check_stop);
}

/* What the executor knows saves nearly all the questions. */
static enum minimise_said same_with_hint(void *data, const struct prog *prog,
					 struct minimise_hint *hint)
{
	struct bug *bug = data;
	uint32_t i = first(prog, 0, OP_RECLAIM, 0);

	bug->asked++;
	if (i >= prog->nr)
		return MINIMISE_OTHER;
	hint->step = i + 1;
	hint->taken = prog->ops + i;
	hint->taken_nr = 1;
	return MINIMISE_SAME;
}

static void a_hint_is_taken(void **state)
{
	const struct minimise_ask ask = {.same = same_with_hint,
					 .data = &(struct bug){.asked = 0}};
	struct prog prog;

	(void)state;
	prog_init(&prog);
	parse_lines(&prog, "a = alloc 5; free a; reclaim 0; topup 1");
	assert_true(minimise(&prog, &ask));
	assert_int_equal(prog.nr, 1);
	/* the first question, the cut, what ran; then the world and none */
	assert_true(((struct bug *)ask.data)->asked < 12);
	prog_free(&prog);
}

/* ---- the order ---------------------------------------------------------- */

static void numbers_are_ordered_by_length_roundness_and_size(void **state)
{
	static const uint64_t rising[] = {0,   1,    9,	   10,	  20,
					  100, 4096, 5000, 10000, 4080};

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(rising) / sizeof(*rising); i++)
		if (minimise_value_order(rising[i], rising[i + 1]) >= 0)
			fail_msg("%" PRIu64 " is not before %" PRIu64,
				 rising[i], rising[i + 1]);
	assert_true(minimise_value_order(UINT64_MAX,
					 OP_ADDR(OP_TAG_PHYS, 0, 0)) < 0);
	assert_true(minimise_value_order(OP_ADDR(OP_TAG_PHYS, 1, 0),
					 OP_ADDR(OP_TAG_PHYS, 0, 8)) < 0);
}

static void what_is_tried_comes_before_the_number(void **state)
{
	static uint64_t values[VALUES_MAX];
	struct rng rng;

	(void)state;
	rng_seed(&rng, 1);
	for (unsigned int n = 0; n < 2000; n++) {
		uint64_t value = rng_next(&rng) >> (n % 64);
		uint32_t nr = minimise_values(value, 0, values);

		for (uint32_t i = 0; i < nr; i++) {
			assert_true(minimise_value_order(values[i], value) < 0);
			if (i)
				assert_true(minimise_value_order(values[i - 1],
								 values[i]) <
					    0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unneeded_operations_go_and_numbers_get_round),
		cmocka_unit_test(a_size_and_the_heap_shrink_together),
		cmocka_unit_test(two_amounts_become_one),
		cmocka_unit_test(cpus_that_are_needed_stay),
		cmocka_unit_test(places_move_together),
		cmocka_unit_test(slots_say_what_they_take),
		cmocka_unit_test(the_result_is_the_same_and_gives_itself),
		cmocka_unit_test(stopped_it_keeps_the_best_so_far),
		cmocka_unit_test(a_hint_is_taken),
		cmocka_unit_test(
			numbers_are_ordered_by_length_roundness_and_size),
		cmocka_unit_test(what_is_tried_comes_before_the_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
