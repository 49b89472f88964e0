/* SPDX-License-Identifier: GPL-2.0-only */
#include "report_fake.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* Reports and drawings of runs that were never run. */

/* The last step of a run, before what matters is filled in. */
static struct step *last(uint32_t number)
{
	struct step *step = &result.last;

	*step = (struct step){.number = number,
			      .heap_bytes = 16 * 4096,
			      .page = 4096,
			      .pool = 8,
			      .exact = true,
			      .function = "",
			      .where = "",
			      .what = "",
			      .changed_at = STEP_NOWHERE};
	if (number)
		step->op = run.prog.ops[number - 1];
	return step;
}

/* ---- reports ------------------------------------------------------------ */

/* The design's own example: one page leaks in a reclaim. */
static void a_report_in_the_agreed_format(void **state)
{
	struct step *step;

	(void)state;
	program("heap pages=16 page=4096 pool=8 cpus=2\ntopup 4\na = alloc 100"
		"\nb = alloc 8192\nfree b\nreclaim 1\nwrite a\n");
	run.object[0] = (struct object){16, 112, 0, true};
	run.objects = 1;
	run.before[0] = (struct header){0, 0, 0, 12288 | 1, 0};
	run.after[0] = (struct header){0, 0, 0, 8192 | 1, 0};
	run.before_nr = run.after_nr = 1;
	step = last(5);
	step->before = (struct census){.host = 4, .spare = 1, .mapped = 3};
	step->after = (struct census){.host = 4, .mapped = 2, .hyp = 1};
	step->actual.pages = 1;
	verdict_fail(&result.verdict, ORACLE_PAGES, step,
		     "pool has 8 pages, found 7: host 4, spare 0, mapped 3");
	report("hypheap run corpus/regress/pages-reclaim.ops");

	assert_string_equal(text, "FAIL pages at op 5 of 6: reclaim 1\n"
				  "  pool has 8 pages, found 7: host 4, spare "
				  "0, mapped 3\n"
				  "  rule:    no page is lost or in two "
				  "places\n"
				  "  result:  1 pages\n"
				  "  before: host 4, spare 1, mapped 3        "
				  "heap: [+0 a used 112, mapped to 12288]\n"
				  "  after:  host 4, spare 0, mapped 2, "
				  "hyp 1        "
				  "heap: [+0 a used 112, mapped to 8192]\n"
				  "  world:   heap pages=16 page=4096 pool=8 "
				  "cpus=2\n"
				  "  program: topup 4; a = alloc 100; b = "
				  "alloc 8192; free b; "
				  "> reclaim 1\n"
				  "  replay:  hypheap run "
				  "corpus/regress/pages-reclaim.ops\n"
				  "  signature: pages/reclaim\n");
}

/*
 *	before [a][b][c]   free b (written free d)
 *	model  [a][ ][c]   after [a][b][c]
 */
static void a_report_of_shape_shows_both_lists(void **state)
{
	struct model_chunk chunk[] = {
		{0, 0, 16, true}, {32, 0, 0, false}, {64, 4096, 16, true}};
	struct model model = {
		.page = 4096, .host = 7, .mapped = 1, .chunk = chunk, .nr = 3};
	struct step *step;

	(void)state;
	program("a = alloc 16; b = alloc 16; c = alloc 16; free d\n");
	run.object[0] = (struct object){16, 16, 0, true};
	run.object[1] = (struct object){80, 16, 2, true};
	run.objects = 2;
	run.before[0] = run.after[0] = (struct header){0, 32, 0, 1, 0};
	run.before[1] = run.after[1] = (struct header){32, 32, 32, 1, 0};
	run.before[2] = run.after[2] =
		(struct header){64, 0, 32, (4096 - 64) | 1, 0};
	run.before_nr = run.after_nr = 3;
	step = last(4);
	step->op.slot = 1;
	step->model = &model;
	step->walk = run.after;
	step->walk_nr = 3;
	verdict_fail(&result.verdict, ORACLE_SHAPE, step, "used");
	report(NULL);

	has("FAIL shape at op 4 of 4: free b (written: free d)\n");
	has("heap: [+0 a used 16] [+32 b used 16] [+64 c used 16, mapped to "
	    "4096]\n  after:");
	has("heap: [+0 a used 16] [+32 ? used 16] [+64 c used 16, mapped to "
	    "4096]\n  expected:");
	has("  expected: host 7, spare 0, mapped 1      heap: [+0 a used 16] "
	    "[+32 free 16] [+64 c used 16, mapped to 4096]\n");
	has_not("replay:");
	has("  signature: shape/free\n");

	/* where the two are the same there is nothing to show */
	chunk[1] = (struct model_chunk){32, 0, 16, true};
	report(NULL);
	has_not("expected:");

	/* a walk that ends early is the same as far as it goes */
	run.after_nr = 2;
	step->walk_broken = "why";
	step->walk_broken_at = 64;
	report(NULL);
	has("[+32 ? used 16] then at +64: why\n  expected:");
	step->model = NULL;
}

/* A new object stands where the list in question has it. */
static void a_misplaced_object_is_named_in_both_lists(void **state)
{
	struct model_chunk chunk[] = {{0, 0, 16, true}, {32, 0, 0, false}};
	struct model model = {.page = 4096, .chunk = chunk, .nr = 2};
	struct step *step;

	(void)state;
	program("a = alloc 16\n");
	run.before[0] = (struct header){0, 32, 0, 0, 0};
	run.before[1] = run.after[1] = (struct header){32, 0, 32, 0, 0};
	run.after[0] = (struct header){0, 32, 0, 0, 0};
	run.after[1].unmapped = 1;
	run.before_nr = run.after_nr = 2;
	step = last(1);
	step->size = 16;
	step->model = &model;
	step->actual.offset = 48;
	step->expect.offset = 16;
	verdict_fail(&result.verdict, ORACLE_RESULT, step,
		     "expected +16, got +48");
	report(NULL);
	has("  result:  @48\n");
	has("before: host 0, spare 0, mapped 0        heap: [+0 free 16] "
	    "[+32 free 65488]\n");
	has("after:  host 0, spare 0, mapped 0        heap: [+0 free 16] "
	    "[+32 a used 16]\n");
	has("heap: [+0 a used 16] [+32 free 65488]\n");

	/* the same if the step was judged and the object is live */
	run.object[0] = (struct object){48, 16, 0, true};
	run.objects = 1;
	report(NULL);
	has("heap: [+0 free 16] [+32 free 65488]\n  after:");
	has("heap: [+0 free 16] [+32 a used 16]\n  expected:");
	has("heap: [+0 a used 16] [+32 free 65488]\n  world:");
	step->model = NULL;
}

static void a_panic_says_where(void **state)
{
	struct step *step;

	(void)state;
	program("a = alloc 16; free a\n");
	step = last(2);
	step->actual.end = STEP_PANIC;
	step->function = "hyp_free";
	step->where = "alloc.c:321";
	step->what = "bad hash";
	verdict_fail(&result.verdict, ORACLE_PANIC, step, "a panic");
	snprintf(result.verdict.function, sizeof(result.verdict.function),
		 "hyp_free");
	report(NULL);
	has("  rule:    a panic if and only if one is due\n");
	has("  where:   hyp_free at alloc.c:321: bad hash\n");
	has("  result:  panic hyp_free\n");
	has("  signature: panic/free@hyp_free\n");
	has("heap: no chunk\n");

	/* not twice */
	verdict_fail(&result.verdict, ORACLE_PANIC, step,
		     "panic in hyp_free at alloc.c:321: bad hash");
	report(NULL);
	has_not("where:");
}

static void a_verdict_on_the_whole_program(void **state)
{
	(void)state;
	program("a = alloc 16; free a\n");
	last(2);
	verdict_fail(&result.verdict, ORACLE_ACCOUNT, NULL, "1 and 2");
	report(NULL);
	has("FAIL account at the end of 2 ops\n  1 and 2\n");
	has("  program: a = alloc 16; free a\n");
	has_not("before:");
	has("  after:");
	has("  signature: account/end\n");

	snprintf(result.verdict.word, sizeof(result.verdict.word), "init");
	report(NULL);
	has("FAIL account before op 1 of 2: init\n");
}

static void contract_level_says_what_is_off(void **state)
{
	(void)state;
	program("a = alloc 16\n");
	last(1)->exact = false;
	verdict_fail(&result.verdict, ORACLE_LOCK, &result.last, "x");
	report(NULL);
	has("  level:   contract, nothing is predicted; shape is off\n");
	result.last.exact = true;
	report(NULL);
	has_not("level:");
}

static void long_lists_are_cut_around_what_matters(void **state)
{
	char ops[1024] = "";
	uint32_t i;

	(void)state;
	for (i = 1; i <= 50; i++)
		snprintf(ops + strlen(ops), sizeof(ops) - strlen(ops),
			 "topup %" PRIu32 ";", i);
	program(ops);
	for (i = 0; i < 20; i++)
		run.before[i] = run.after[i] =
			(struct header){32 * i, 32, 32, 0, 0};
	run.after[12].unmapped = 1;
	run.before_nr = run.after_nr = 20;
	last(48);
	verdict_fail(&result.verdict, ORACLE_LOCK, &result.last, "x");
	report(NULL);
	has("heap: (9 chunks before) [+288 free 16] ");
	has(" [+384 ? used 16] ");
	has("[+576 free 16] (1 chunks behind)\n");
	has("topup 6; ... (8 ops left out) ...; topup 15; ");
	has("; topup 47; > topup 48\n");
	has_not("topup 14;");
	has_not("topup 49");

	last(40);
	verdict_fail(&result.verdict, ORACLE_LOCK, &result.last, "x");
	report(NULL);
	has_not("left out");
	has("; > topup 40\n");
}

/* ---- drawings ----------------------------------------------------------- */

/* Headers without a hash get the right one. */
static void drawing(unsigned int columns, bool colour)
{
	size_t size;
	FILE *out = to_text(&size);

	for (uint32_t i = 0; i < run.after_nr; i++)
		if (!run.after[i].hash)
			run.after[i].hash = header_hash(&run.after[i]);
	draw_heap(out, &run, &result.last, columns, colour);
	assert_int_equal(fclose(out), 0);
}

/*
 *	page 0  [a 16][slack 16]   [free .........]
 *	page 1  free, to its mark  page 2 not mapped
 *	page 3  [s60 4080, its page not mapped]
 */
static void small_heap(void)
{
	struct step *step = last(0);

	run.object[0] = (struct object){16, 16, 0, true};
	run.object[1] = (struct object){3 * 4096 + 16, 4080, 60, true};
	run.objects = 2;
	run.after[0] = (struct header){0, 48, 0, 1, 0};
	run.after[1] = (struct header){48, 3 * 4096 - 48, 48, 2 * 4096 - 48, 0};
	run.after[2] = (struct header){3 * 4096, 0, 3 * 4096 - 48, 1, 0};
	run.after_nr = 3;
	run.mapped = 0x0b;
	step->heap_bytes = 4 * 4096;
	step->after = (struct census){
		.host = 4, .spare = 2, .mapped = 3, .used = 2, .free = 1};
}

static void each_page_is_a_row(void **state)
{
	(void)state;
	small_heap();
	drawing(30, false);
	assert_string_equal(text, "heap of 4 pages of 4096 bytes: 3 mapped, 2 "
				  "chunks used, 1 "
				  "free\n"
				  "      0 |#a=#................|\n"
				  "      1 |....................|\n"
				  "      2  not mapped\n"
				  "      3 |#@@@@@@@@@@@@@@@@@@@|\n"
				  "  spare ++ 2 pages\n"
				  "   host oooo 4 pages\n");
}

static void what_contradicts_itself_is_seen(void **state)
{
	(void)state;
	small_heap();
	run.mapped = 0x04; /* all but what should be */
	result.last.after.hyp = 1;
	result.last.walk_broken = "why";
	result.last.walk_broken_at = 77;
	drawing(30, false);
	has("      0 |!!!!!!!!!!!!!!!!!!!!|\n");
	has("      2 |~~~~~~~~~~~~~~~~~~~~|\n");
	has("the chunks end at +77: why\n");
	has("    hyp * 1 pages\n");

	run.mapped = 0x0f;
	run.objects = 0;
	drawing(30, false);
	has("      0 |#?#.");
	has("      3 |#???");
}

/* By a sign, where it is, and in words. */
static void damaged_headers_are_seen(void **state)
{
	(void)state;
	small_heap();
	run.after[1].hash = 7;
	drawing(30, false);
	has("      0 |#a=&................|\n");
	has("\ndamaged: the header at +48: its hash is 0x00000007, its words "
	    "give 0x");
	run.after[1].hash = 0;
	drawing(30, false);
	has_not("damaged");

	/* where there are more pieces than cells, too */
	last(0)->heap_bytes = 4096;
	for (uint32_t i = 0; i < 24; i++)
		run.after[i] = (struct header){32 * i, 32, 32, i & 1, 0};
	run.after_nr = 24;
	run.objects = 0;
	run.mapped = 1;
	for (uint32_t i = 8; i < 16; i++)
		run.after[i].hash = 7;
	drawing(26, false);
	has("      0 |%&%????");
	has("\ndamaged: the header at +352: ");
	has("\nand 4 more\n");
	has_not("damaged: the header at +384: ");
}

/* 128 chunks of 32 bytes do not fit: cells say what is in all of them. */
static void crowded_pages_say_so(void **state)
{
	uint32_t i;

	(void)state;
	last(0)->heap_bytes = 4096;
	for (i = 0; i < 24; i++)
		run.after[i] = (struct header){32 * i, 32, 32, i & 1, 0};
	run.after[23].next = 0;
	run.after_nr = 24;
	run.mapped = 1;
	drawing(26, false);
	/* 256 bytes a cell: six of them hold eight chunks each */
	has("      0 |%%%?????????????|\n");
}

static void wide_and_narrow_terminals(void **state)
{
	const unsigned int columns[] = {0, 1, 20, 26, 50, 80, 139, 1000};
	char *line;

	(void)state;
	for (size_t i = 0; i < COUNT(columns); i++) {
		small_heap();
		result.last.after.host = 1000;
		drawing(columns[i], false);
		strtok(text, "\n");
		while ((line = strtok(NULL, "\n"))) {
			size_t length = strlen(line);

			assert_true(length <= 138);
			if (length > columns[i] && columns[i] >= 50)
				fail_msg("%u: %s", columns[i], line);
		}
	}
}

static void big_heaps_share_rows(void **state)
{
	(void)state;
	last(0)->heap_bytes = 64 * 4096;
	run.after[0] = (struct header){0, 0, 0, 8192, 0};
	run.after_nr = 1;
	run.mapped = 3;
	drawing(31, false);
	/* 4 pages a row */
	has("    0-3 |#..........          |\n");
	has("   4-63  not mapped\n");
}

static void colour_changes_no_sign(void **state)
{
	char plain[4096], *from, *to;

	(void)state;
	small_heap();
	drawing(60, false);
	assert_null(strchr(text, '\033'));
	snprintf(plain, sizeof(plain), "%s", text);
	drawing(60, true);
	assert_non_null(strchr(text, '\033'));
	for (from = to = text; *from; from++) {
		if (*from == '\033')
			from += strcspn(from, "m");
		else
			*to++ = *from;
	}
	*to = '\0';
	assert_string_equal(text, plain);
}

static void nothing_run_nothing_drawn(void **state)
{
	(void)state;
	drawing(80, false);
	assert_string_equal(text, "nothing to draw: no operation was run\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_report_in_the_agreed_format),
		TEST(a_report_of_shape_shows_both_lists),
		TEST(a_misplaced_object_is_named_in_both_lists),
		TEST(a_panic_says_where),
		TEST(a_verdict_on_the_whole_program),
		TEST(contract_level_says_what_is_off),
		TEST(long_lists_are_cut_around_what_matters),
		TEST(each_page_is_a_row),
		TEST(what_contradicts_itself_is_seen),
		TEST(crowded_pages_say_so),
		TEST(wide_and_narrow_terminals),
		TEST(big_heaps_share_rows),
		TEST(colour_changes_no_sign),
		TEST(damaged_headers_are_seen),
		TEST(nothing_run_nothing_drawn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
