/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A step is judged by what it could have changed. Here the allocator writes far
 * from where it works (allocator/tests/stray.c), and is caught all the same: at
 * once if the access check sees the store, and by the whole look at the end if
 * nothing does.
 */
#include "allocator/heap.h"
#include "run_test.h"

#include <stdio.h>
#include <string.h>

/* @size strays; chunks before and behind it stay what they are. */
static void stray(const struct run_config *config, uint32_t size)
{
	struct text_error error;
	char text[256];

	snprintf(text, sizeof(text),
		 "hypheap 1\ntopup 8; a = alloc 100; write a; f = alloc 64; b "
		 "= alloc 200; "
		 "c = alloc 300; free b; d = alloc %u; e = alloc 16; free c",
		 size);
	if (prog_parse(&prog, text, strlen(text), &error))
		fail_msg("%u:%u: %s", error.line, error.column, error.what);
	run_program(run, &prog, config, &result);
}

static const struct run_config fuzz = {.level = RUN_EXACT};

static void assert_caught(uint32_t size, enum oracle oracle, uint32_t step)
{
	const struct run_config full = run_config_full();
	char text[VERDICT_TEXT];

	stray(&fuzz, size);
	assert_int_equal(result.verdict.oracle, oracle);
	assert_int_equal(result.verdict.step, step);
	memcpy(text, result.verdict.text, sizeof(text));

	/* who looks at everything says the same */
	stray(&full, size);
	assert_int_equal(result.verdict.oracle, oracle);
	if (step)
		assert_string_equal(result.verdict.text, text);
}

static void sound_sizes_hold(void **state)
{
	(void)state;
	assert_true(
		heap_page_sizes()); /* of the library that is linked first */
	stray(&fuzz, 1000);
	assert_int_equal(result.verdict.oracle, ORACLE_NONE);
}

static void a_seen_store_is_caught_at_once(void **state)
{
	(void)state;
	assert_caught(1008, ORACLE_SHAPE, 8);
	assert_caught(1009, ORACLE_CONTENT, 8);
}

static void an_unseen_store_is_caught_at_the_end(void **state)
{
	const struct run_config full = run_config_full();

	(void)state;
	stray(&fuzz, 1010);
	assert_int_equal(result.verdict.oracle, ORACLE_SHAPE);
#if defined(__clang__)
	assert_string_equal(result.verdict.word, "end");
#endif
	stray(&full, 1010); /* walks at each step */
	assert_int_equal(result.verdict.oracle, ORACLE_SHAPE);
	assert_int_equal(result.verdict.step, 8);
	assert_caught(1011, ORACLE_CONTENT, 0);
}

/* What the report shows of the heap is there, though nobody walked before. */
static void a_report_has_the_headers(void **state)
{
	const struct header *header;
	uint32_t nr;

	(void)state;
	stray(&fuzz, 1008);
	header = run_headers_before(run, &nr);
	assert_int_equal(nr, 4);
	assert_int_equal(header[1].prev, header[0].next);
	run_headers(run, &nr);
	assert_int_equal(nr, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sound_sizes_hold),
		cmocka_unit_test(a_seen_store_is_caught_at_once),
		cmocka_unit_test(an_unseen_store_is_caught_at_the_end),
		cmocka_unit_test(a_report_has_the_headers),
	};

	return cmocka_run_group_tests(tests, create, destroy);
}
