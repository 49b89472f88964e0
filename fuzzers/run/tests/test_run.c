/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The executor: what operations come to, which slot they take, that a run
 * depends on its program only, and that each of the three (allocator, model,
 * twin) is caught when it alone lies.
 */
#include "allocator/heap.h"
#include "allocator/host/host.h"
#include "run_test.h"

#include <errno.h>
#include <string.h>

static void parse(const char *heap, const char *ops)
{
	char text[2048];
	struct text_error error;

	snprintf(text, sizeof(text), "hypheap 1\nheap %s\n%s\n", heap, ops);
	if (prog_parse(&prog, text, strlen(text), &error))
		fail_msg("%u:%u: %s", error.line, error.column, error.what);
}

static bool holds(const char *heap, const char *ops)
{
	const struct run_config config = run_config_full();

	parse(heap, ops);

	return run_program(run, &prog, &config, &result);
}

static void assert_holds(const char *heap, const char *ops)
{
	if (!holds(heap, ops))
		fail_msg("%s: %s says: %s", ops,
			 oracle_name(result.verdict.oracle),
			 result.verdict.text);
}

/* ---- what operations come to -------------------------------------------- */

/*
 * A map that fails half-way keeps what it mapped.
 *
 *	before [a ][  ][  ]   alloc b: page 1 mapped, page 2 refused
 *	after  [a ][**][  ]   page 1 stays behind a's mark, the next try succeeds
 */
static void alloc_keeps_a_partial_map(void **state)
{
	(void)state;
	assert_holds("pages=16", "topup 4; a = alloc 100; fail map 2; b = "
				 "alloc 8192");
	assert_int_equal(result.last.actual.err, -ENOMEM);
	assert_int_equal(result.last.actual.need, 0);
	assert_int_equal(result.last.after.mapped, 2);
}

static void call_tops_up_what_is_asked_for(void **state)
{
	(void)state;
	assert_holds("pages=16 pool=8", "a = call alloc 12288");
	assert_int_equal(result.last.actual.err, 0);
	assert_int_equal(result.last.actual.offset, 16);
	assert_int_equal(result.last.tries, 2);
	assert_int_equal(result.last.after.host, 4);
	assert_int_equal(result.last.after.mapped, 4);
}

static void call_gives_up_when_the_host_is_short(void **state)
{
	(void)state;
	assert_holds("pages=16 pool=3", "a = call alloc 12288");
	assert_int_equal(result.last.actual.err, -ENOMEM);
	assert_int_equal(result.last.actual.need, 4);
	assert_int_equal(result.last.after.host, 3);
}

static void shrink_goes_in_batches(void **state)
{
	(void)state;
	assert_holds("pages=64 pool=64", "topup 40; shrink 33");
	assert_int_equal(result.last.actual.pages, 33);
	assert_int_equal(result.last.after.host, 64 - 7);
}

static void init_refuses_bad_sizes(void **state)
{
	static const struct {
		const char *op;
		int err;
	} cases[] = {
		{"init 0", -EINVAL},
		{"init 4294967296", -EINVAL},
		{"init 4294967295", -EINVAL}, /* rounds up to 2^32 */
		{"init 18446744073709551615", -EINVAL},
		{"init refused 4096", -ENOMEM},
		{"init 4294963200", -ENOMEM}, /* fits, but not in the range */
		{"init 4096", 0},
		{"init 1", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_holds("init=0", cases[i].op);
		assert_int_equal(result.last.actual.end, STEP_DONE);
		assert_int_equal(result.last.actual.err, cases[i].err);
	}
}

static void nobody_sets_a_heap_up_twice(void **state)
{
	(void)state;
	assert_holds("init=1", "init 4096");
	assert_int_equal(result.last.actual.end, STEP_SKIPPED);
	assert_holds("init=1", "init 0");
	assert_int_equal(result.last.actual.err, -EINVAL);
}

static void the_api_works_before_init(void **state)
{
	(void)state;
	assert_holds("init=0 pool=8", "a = alloc 16");
	assert_int_equal(result.last.actual.err, -E2BIG);
	assert_holds("init=0 pool=8", "topup 3; reclaim 2");
	assert_int_equal(result.last.actual.pages, 2);
	assert_int_equal(result.last.reclaimable, 1);
	assert_holds("init=0 pool=8", "topup 3; init 8192; a = alloc 16");
	assert_int_equal(result.last.actual.offset, 16);
	assert_holds("init=0", "free! outside");
	assert_int_equal(result.last.actual.end, STEP_PANIC);
	assert_holds("init=0", "free! null");
	assert_int_equal(result.last.actual.end, STEP_DONE);
}

static void misuse_panics(void **state)
{
	static const char *const kinds[] = {"double a", "inside a",
					    "misaligned a", "outside"};
	char ops[96];

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		snprintf(ops, sizeof(ops),
			 "topup 1; a = alloc 64; write a; free! %s; topup 1",
			 kinds[i]);
		assert_holds("pages=4", ops);
		assert_int_equal(result.last.actual.end, STEP_PANIC);
		assert_int_equal(result.steps, 4); /* it ends the program */
	}
}

static void a_stale_free_panics_or_faults(void **state)
{
	(void)state;
	assert_holds("pages=4", "topup 2; a = alloc 64; b = alloc 16; free a; "
				"free! stale a");
	assert_int_equal(result.last.actual.end, STEP_PANIC);
	assert_holds("pages=4", "topup 2; a = alloc 64; free a; reclaim all; "
				"free! stale a");
	assert_int_equal(result.last.actual.end, STEP_FAULT);
	/* ABA: a live object starts there again */
	assert_holds("pages=4", "topup 2; a = alloc 64; free a; b = alloc 64; "
				"free! stale a");
	assert_int_equal(result.last.actual.end, STEP_SKIPPED);
}

/* ---- slots -------------------------------------------------------------- */

static void takes_the_next_slot_in_the_right_state(void **state)
{
	(void)state;
	assert_holds("pages=4", "topup 1; a = alloc 16; a = alloc 16");
	assert_int_equal(result.last.op.slot, 1);
	assert_holds("pages=4", "topup 1; s70 = alloc 16; free s71");
	assert_int_equal(result.last.op.slot, 70);
	assert_holds("pages=4", "free a");
	assert_int_equal(result.last.actual.end, STEP_SKIPPED);
	assert_holds("pages=4", "topup 1; a = alloc 16; free! inside a");
	assert_int_equal(result.last.actual.end, STEP_SKIPPED);
	assert_holds("pages=4", "topup 1; a = alloc 16; b = alloc 48; free! "
				"inside a");
	assert_int_equal(result.last.op.slot, 1);
}

static void a_failed_allocation_leaves_its_slot_empty(void **state)
{
	(void)state;
	assert_holds("pages=4 pool=0", "a = alloc 16; write a");
	assert_int_equal(result.last.actual.end, STEP_SKIPPED);
}

/* ---- nothing but the program decides ------------------------------------ */

static void digests_depend_on_the_program_only(void **state)
{
	const char *ops = "topup 9; a = alloc 100; b = alloc 8192; write a; "
			  "cpu 1; free b; c = call alloc 20000; reclaim 2; "
			  "shrink 1";
	uint64_t digest;

	(void)state;
	assert_holds("pages=16", ops);
	digest = result.digest;
	assert_holds("pages=900 pool=3000 page=65536", "a = call alloc "
						       "9999999; write a");
	assert_int_not_equal(result.digest, digest);
	holds("pages=16", "topup 1; a = alloc 64; free! double a");
	assert_holds("pages=16", ops);
	assert_true(result.digest == digest);
	assert_holds("pages=16 pool=63", ops);
	assert_false(result.digest == digest);
}

static void the_digest_covers_contents(void **state)
{
	uint64_t digest;

	(void)state;
	assert_holds("pages=4", "topup 1; a = alloc 16; b = alloc 16; write a");
	digest = result.digest;
	assert_holds("pages=4", "topup 1; a = alloc 16; b = alloc 16; write b");
	assert_false(result.digest == digest);
}

/* ---- each of the three lies alone --------------------------------------- */

struct lie {
	uint32_t after; /* step */
	void (*tell)(struct run *run);
};

static void tell(void *data, const struct run *r, const struct step *step)
{
	const struct lie *lie = data;

	(void)r;
	if (step->number == lie->after)
		lie->tell(run);
}

static void told(void (*how)(struct run *), bool without_twin)
{
	struct lie lie = {.after = 5, .tell = how};
	struct run_config config = run_config_full();

	parse("pages=16 pool=32", "topup 8; a = alloc 100; b = alloc 5000; "
				  "write a; write b; c = alloc 16; free b; "
				  "reclaim all");
	config.watch = tell;
	config.data = &lie;
	config.without_twin = without_twin;
	/* the second time nobody lies, which replay would see */
	config.replay = !without_twin;
	run_program(run, &prog, &config, &result);
}

static void caught(void (*how)(struct run *), enum oracle oracle)
{
	told(how, false);
	if (result.verdict.oracle != oracle)
		fail_msg("expected %s, got %s: %s", oracle_name(oracle),
			 oracle_name(result.verdict.oracle),
			 result.verdict.text);
}

static void spoil_object(struct run *r)
{
	const uint8_t byte = 0x42;
	uint8_t old;

	heap_read(r->slots.slot[0].offset, &old, 1);
	old ^= byte;
	heap_fill(r->slots.slot[0].offset, &old, 1);
}

static void spoil_header(struct run *r)
{
	uint32_t prev;

	(void)r;
	heap_read(132, &prev, sizeof(prev)); /* of b's header, at +128 */
	prev ^= 16;
	heap_fill(132, &prev, sizeof(prev));
}

static void steal_page(struct run *r)
{
	(void)r;
	/* the books still say that it is the hypervisor's */
	host_reset(30);
}

static void model_says_used(struct run *r)
{
	r->model->chunk[0].used = false;
}

static void model_misplaces_a_page(struct run *r)
{
	r->model->host--;
	r->model->spare++;
}

static void model_forgets_a_mapping(struct run *r)
{
	r->model->map[0] ^= 1;
}

static void model_shrinks_an_object(struct run *r)
{
	r->model->chunk[0].size -= 64;
}

static void twin_writes(struct run *r)
{
	twin_bytes(r->twin, 0)[99] ^= 1;
}

static void twin_loses_an_object(struct run *r)
{
	twin_remove(r->twin, 0);
}

static void catches_the_allocator(void **state)
{
	(void)state;
	caught(spoil_object, ORACLE_CONTENT);
	/* b's header lies on the way of the next allocation */
	caught(spoil_header, ORACLE_PANIC);
	caught(steal_page, ORACLE_OWNER);
}

static void catches_the_model(void **state)
{
	(void)state;
	caught(model_says_used, ORACLE_RESULT);
	caught(model_misplaces_a_page, ORACLE_OWNER);
	caught(model_forgets_a_mapping, ORACLE_OWNER);
	caught(model_shrinks_an_object, ORACLE_ACCOUNT);
}

static void catches_the_twin(void **state)
{
	(void)state;
	caught(twin_writes, ORACLE_CONTENT);
	caught(twin_loses_an_object, ORACLE_ACCOUNT);
}

/* Its word is left out, and nothing else is. */
static void without_the_twin_only_it_can_lie(void **state)
{
	(void)state;
	told(twin_writes, true);
	assert_int_equal(result.verdict.oracle, ORACLE_NONE);
	told(twin_loses_an_object, true);
	assert_int_equal(result.verdict.oracle, ORACLE_NONE);
	told(spoil_object, true);
	assert_int_equal(result.verdict.oracle, ORACLE_NONE);
	told(spoil_header, true);
	assert_int_equal(result.verdict.oracle, ORACLE_PANIC);
	told(model_misplaces_a_page, true);
	assert_int_equal(result.verdict.oracle, ORACLE_OWNER);
}

/* ---- levels ------------------------------------------------------------- */

static void holds_at_contract_level(void **state)
{
	struct run_config config = run_config_full();

	(void)state;
	config.level = RUN_CONTRACT;
	parse("pages=16 pool=32", "topup 3; a = alloc 100; b = alloc 5000; "
				  "write a; c = call alloc 9000; free b; fail "
				  "map 1; d = alloc 20000; reclaim all; free! "
				  "double a");
	assert_true(run_program(run, &prog, &config, &result));
	assert_int_equal(result.last.actual.end, STEP_PANIC);
}

static void runs_bare(void **state)
{
	const struct run_config config = {.level = RUN_BARE};

	(void)state;
	parse("pages=16 pool=32", "topup 3; a = alloc 100; write a; c = call "
				  "alloc 9000; free a; reclaim all");
	assert_true(run_program(run, &prog, &config, &result));
	assert_int_equal(result.steps, 6);
	assert_int_equal(result.last.actual.pages, 0);
}

/* As a fuzz target runs them: one after the other, and nobody watches. */
static void what_a_program_left_does_not_show(void **state)
{
	enum { WORLDS = 2, NR = 10 };
	static const char *const worlds[WORLDS] = {
		"pages=16",
		"pages=16 init=0",
	};
	static const char *const ops[NR / WORLDS] = {
		"topup 4; a = alloc 16; b = alloc 16; c = alloc 16; free a",
		"topup 4; a = alloc 9000; free! outside",
		"free! outside",
		"a = alloc 16",
		"topup 2; shrink 1",
	};

	(void)state;
	for (uint32_t i = 0; i < NR * NR * 2; i++) {
		const uint32_t n = i % 2 ? i / 2 % NR : i / 2 / NR;
		struct run_config config;

		parse(worlds[n % WORLDS], ops[n / WORLDS]);
		config = run_config_fuzz(&prog);
		config.replay = false;
		if (!run_program(run, &prog, &config, &result))
			fail_msg("program %u, run %u: %s", n, i,
				 result.verdict.text);
	}
}

static void replays_one_fuzz_program_in_64(void **state)
{
	uint32_t replays = 0;

	(void)state;
	for (int i = 0; i < 6400; i++) {
		char ops[64];

		snprintf(ops, sizeof(ops), "topup 1; a = alloc %d", i);
		parse("pages=4", ops);
		replays += run_config_fuzz(&prog).replay;
		assert_int_equal(run_config_fuzz(&prog).replay,
				 run_config_fuzz(&prog).slow_books);
	}
	assert_in_range(replays, 50, 150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alloc_keeps_a_partial_map),
		cmocka_unit_test(call_tops_up_what_is_asked_for),
		cmocka_unit_test(call_gives_up_when_the_host_is_short),
		cmocka_unit_test(shrink_goes_in_batches),
		cmocka_unit_test(init_refuses_bad_sizes),
		cmocka_unit_test(nobody_sets_a_heap_up_twice),
		cmocka_unit_test(the_api_works_before_init),
		cmocka_unit_test(misuse_panics),
		cmocka_unit_test(a_stale_free_panics_or_faults),
		cmocka_unit_test(takes_the_next_slot_in_the_right_state),
		cmocka_unit_test(a_failed_allocation_leaves_its_slot_empty),
		cmocka_unit_test(digests_depend_on_the_program_only),
		cmocka_unit_test(the_digest_covers_contents),
		cmocka_unit_test(catches_the_allocator),
		cmocka_unit_test(catches_the_model),
		cmocka_unit_test(catches_the_twin),
		cmocka_unit_test(without_the_twin_only_it_can_lie),
		cmocka_unit_test(holds_at_contract_level),
		cmocka_unit_test(runs_bare),
		cmocka_unit_test(what_a_program_left_does_not_show),
		cmocka_unit_test(replays_one_fuzz_program_in_64),
	};

	return cmocka_run_group_tests(tests, create, destroy);
}
