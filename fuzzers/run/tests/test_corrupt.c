/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Corruption: which bytes change, what each kind comes to, which flipped bits
 * must be found, and that a miss is no verdict but a number.
 */
#include "allocator/heap.h"
#include "run_test.h"

#include <string.h>

/* Three chunks of 32 bytes: headers at 0, 32 and 64. */
#define ABC "topup 3; a = alloc 16; b = alloc 16; c = alloc 16; "

static bool holds(const char *ops, const struct run_config *config)
{
	char text[1024];
	struct text_error error;

	snprintf(text, sizeof(text), "hypheap 1\nheap pages=16\n%s\n", ops);
	if (prog_parse(&prog, text, strlen(text), &error))
		fail_msg("%u:%u: %s", error.line, error.column, error.what);

	return run_program(run, &prog, config, &result);
}

static void assert_comes_to(const char *ops, enum damage_kind kind,
			    enum damage_end end)
{
	const struct run_config config = run_config_full();

	if (!holds(ops, &config))
		fail_msg("%s: %s says: %s", ops,
			 oracle_name(result.verdict.oracle),
			 result.verdict.text);
	if (result.damage.kind != kind || result.damage.end != end)
		fail_msg("%s: %s, %s at op %u", ops,
			 damage_word(result.damage.kind),
			 damage_end_word(result.damage.end),
			 result.damage.step);
}

static void assert_skipped(const char *ops)
{
	const struct run_config config = run_config_full();

	assert_true(holds(ops, &config));
	if (result.last.actual.end != STEP_SKIPPED || result.damage.nr)
		fail_msg("%s: the last one is not skipped", ops);
}

/* ---- which bytes -------------------------------------------------------- */

static uint32_t words[4];
static uint64_t look_at;

static void look(void *data, const struct run *r, const struct step *step)
{
	(void)data;
	(void)r;
	if (step->op.kind == OP_CORRUPT)
		heap_read(look_at, words, sizeof(words));
}

static void assert_header(const char *damage, uint64_t at, uint32_t next,
			  uint32_t prev, uint32_t unmapped)
{
	struct run_config config = run_config_full();
	char ops[256];

	config.watch = look;
	look_at = at;
	snprintf(ops, sizeof(ops), ABC "%s", damage);
	assert_true(holds(ops, &config));
	assert_int_equal(result.damage.nr, 1);
	assert_int_equal(words[0], next);
	assert_int_equal(words[1], prev);
	assert_int_equal(words[2], unmapped);
}

static void changes_the_bytes_it_says(void **state)
{
	(void)state;
	assert_header("corrupt b next ^ 0x11", 32, 32 ^ 0x11, 32, 1);
	assert_header("corrupt b prev = 7", 32, 32, 7, 1);
	assert_header("corrupt c unmapped ^ 1", 64, 0, 32, 4096 - 64);
	assert_header("corrupt b zero", 32, 0, 0, 0);
	assert_header("corrupt b copy a", 32, 32, 0, 1);
	assert_header("corrupt b replay", 32, 0, 32, (4096 - 32) | 1);
	assert_header("free b; corrupt free 3 hash = 0", 32, 32, 32, 0);
	assert_header("free b; corrupt free 0 copy c", 32, 0, 32,
		      (4096 - 64) | 1);
	assert_header("free b; corrupt free 0 replay", 32, 0, 32,
		      (4096 - 32) | 1);
	assert_header("corrupt a overflow 8 zero", 32, 0, 0, 1);
	assert_header("free b; corrupt free 0 overflow 16 zero", 64, 0, 0, 0);
}

/* An overflow into the neighbour's data is the client's new content. */
static void overflow_reaches_the_next_object(void **state)
{
	(void)state;
	assert_comes_to(ABC "write a; write b; corrupt a overflow 64; free b",
			DAMAGE_OVERFLOW_64, DAMAGE_DETECTED);
	assert_comes_to(ABC "write a; write b; corrupt a overflow 64",
			DAMAGE_OVERFLOW_64, DAMAGE_HARMLESS);
	assert_comes_to("topup 1; a = alloc 64; free a; b = alloc 16; c = "
			"alloc 16; corrupt a stale; free b",
			DAMAGE_STALE, DAMAGE_DETECTED);
}

static void skips_what_cannot_be_done(void **state)
{
	(void)state;
	assert_skipped("corrupt a zero");
	assert_skipped(ABC "corrupt free 0 zero");
	assert_skipped(ABC "corrupt a next = 32");
	assert_skipped(ABC "corrupt a copy a");
	assert_skipped("topup 1; a = alloc 4080; corrupt a overflow 1");
	assert_skipped("topup 2; a = alloc 16; free a; corrupt free 0 "
		       "overflow 1");
	assert_skipped("topup 2; a = alloc 5000; free a; reclaim all; corrupt "
		       "a stale");
	assert_skipped(ABC "corrupt a stale");
}

/* ---- what it comes to --------------------------------------------------- */

static void every_flip_is_found_where_it_must(void **state)
{
	static const char *const field[] = {"next", "prev", "unmapped", "hash"};
	static const char *const meets[] = {
		"d = alloc 16", "d = call alloc 100", "free b",	  "free c",
		"free a",	"reclaim 1",	      "shrink 1",
	};
	char ops[256];

	(void)state;
	for (uint32_t i = 0; i < 4 * 32; i++) {
		for (uint32_t k = 0; k < sizeof(meets) / sizeof(*meets); k++) {
			snprintf(ops, sizeof(ops),
				 ABC "corrupt b %s ^ 0x%x; %s", field[i / 32],
				 1u << i % 32, meets[k]);
			assert_comes_to(
				ops,
				(enum damage_kind)(DAMAGE_FLIP_NEXT + i / 32),
				DAMAGE_DETECTED);
			assert_true(result.last.flip_due);
			assert_int_equal(result.damage.step, 6);
		}
	}
}

/* What need not look at it, and the first header, which no walk checks. */
static void nobody_must_find_it_there(void **state)
{
	static const char *const ops[] = {
		ABC "corrupt b next ^ 1; topup 1; cpu 1; write b; free! null",
		ABC "corrupt b next ^ 1; d = alloc 65536; d = call alloc "
		    "18446744073709551615",
		ABC "corrupt b next ^ 1; reclaim 0; shrink 0; fail map 1",
		ABC "corrupt a hash ^ 1; d = alloc 16; free c; reclaim 1",
		ABC "d = alloc 16; corrupt a hash ^ 1; free d; free c",
		ABC "d = alloc 16; corrupt d hash ^ 1; free b",
	};

	(void)state;
	for (uint32_t i = 0; i < sizeof(ops) / sizeof(*ops); i++) {
		assert_comes_to(ops[i], DAMAGE_FLIP_NEXT + (i < 3 ? 0 : 3),
				DAMAGE_HARMLESS);
		assert_false(result.last.flip_due);
	}
	assert_comes_to(ABC "corrupt a hash ^ 1; free b", DAMAGE_FLIP_HASH,
			DAMAGE_DETECTED);
	assert_true(result.last.flip_due);
}

/* Section 12: A, B, C = 16; zero B's header; free A: nothing panics. */
static void an_all_zero_header_is_missed(void **state)
{
	(void)state;
	assert_comes_to(ABC "corrupt b zero; free a", DAMAGE_ZERO,
			DAMAGE_HARMLESS);
	assert_comes_to(ABC "corrupt a overflow 16 zero; free a; d = alloc 48",
			DAMAGE_OVERFLOW_ZERO, DAMAGE_MISSED);
	assert_int_equal(result.damage.step, 7);
	/* only survival from there on, and the same each time */
	assert_comes_to(ABC "write a; corrupt b zero; free a; d = alloc 48; "
			    "write d; free c; free d; e = alloc 5000; reclaim "
			    "all; f = call alloc 100; free! double e",
			DAMAGE_ZERO, DAMAGE_MISSED);
	assert_int_equal(result.damage.step, 8);
}

static void several_are_counted_as_such(void **state)
{
	(void)state;
	assert_comes_to(ABC "corrupt b next ^ 1; corrupt b next ^ 1; free b",
			DAMAGE_SEVERAL, DAMAGE_HARMLESS);
	assert_int_equal(result.damage.nr, 2);
}

static void other_levels(void **state)
{
	struct run_config config = run_config_full();

	(void)state;
	config.level = RUN_CONTRACT;
	assert_true(
		holds(ABC "free b; corrupt free 0 hash ^ 1; free a", &config));
	assert_int_equal(result.damage.end, DAMAGE_DETECTED);
	assert_true(holds(ABC "corrupt b zero; free a; reclaim 1; topup 1",
			  &config));
	config = (struct run_config){.level = RUN_BARE};
	assert_true(holds(ABC "corrupt b zero; free a; corrupt c stale; write "
			      "c; free c",
			  &config));
}

/* ---- an allocator that does not look ------------------------------------ */

/* The damage is mended behind the executor's back. */
static void mend(void *data, const struct run *r, const struct step *step)
{
	struct run *mine = data;

	(void)r;
	if (step->op.kind != OP_CORRUPT)
		return;
	heap_read(32, words, sizeof(words));
	words[0] ^= 1;
	heap_fill(32, words, sizeof(words));
	memcpy(mine->flip.left, words, sizeof(words));
}

static void an_unfound_flip_is_a_failure(void **state)
{
	static const char *const meets[] = {"d = alloc 16", "free c",
					    "reclaim 1"};
	struct run_config config = run_config_full();
	char ops[256];

	(void)state;
	config.watch = mend;
	config.data = run;
	for (uint32_t i = 0; i < sizeof(meets) / sizeof(*meets); i++) {
		snprintf(ops, sizeof(ops), ABC "corrupt b next ^ 1; %s",
			 meets[i]);
		assert_false(holds(ops, &config));
		assert_int_equal(result.verdict.oracle, ORACLE_PANIC);
		assert_non_null(strstr(result.verdict.text, "bit 0 of next of "
							    "the chunk at "
							    "+32"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_the_bytes_it_says),
		cmocka_unit_test(overflow_reaches_the_next_object),
		cmocka_unit_test(skips_what_cannot_be_done),
		cmocka_unit_test(every_flip_is_found_where_it_must),
		cmocka_unit_test(nobody_must_find_it_there),
		cmocka_unit_test(an_all_zero_header_is_missed),
		cmocka_unit_test(several_are_counted_as_such),
		cmocka_unit_test(other_levels),
		cmocka_unit_test(an_unfound_flip_is_a_failure),
	};

	return cmocka_run_group_tests(tests, create, destroy);
}
