/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "program/gen.h"
#include "engines/afl_mutator.h"

#include "scripts/lib/test.h"

/*
 * AFL++'s interface called as afl-fuzz calls it: trimming is a loop of trim, a
 * run, post_trim, while the number returned is below that of init_trim.
 */

#define BYTES_MAX (AFL_INPUT_MAX + 4096)

static uint8_t input[BYTES_MAX], other[BYTES_MAX];

static size_t generate(uint8_t *out, size_t max, uint64_t seed, uint32_t ops)
{
	struct gen_config config = {.ops = ops, .profile = PROFILE_HEAP};
	struct prog prog;
	struct rng rng;
	size_t size;

	rng_seed(&rng, seed);
	prog_init(&prog);
	prog_generate(&prog, &rng, &config);
	size = prog_encode(&prog, out, max);
	prog_free(&prog);

	return size;
}

static bool canonical(const uint8_t *data, size_t size)
{
	static uint8_t again[BYTES_MAX];
	struct prog prog;
	bool same;

	prog_init(&prog);
	prog_decode(&prog, data, size);
	same = prog_encode(&prog, again, sizeof(again)) == size &&
	       !memcmp(again, data, size);
	prog_free(&prog);

	return same;
}

static uint32_t count(const uint8_t *data, size_t size, uint8_t kind,
		      uint32_t *ops)
{
	uint32_t n = 0, i;
	struct prog prog;

	prog_init(&prog);
	prog_decode(&prog, data, size);
	for (i = 0; i < prog.nr; i++)
		n += prog.ops[i].kind == kind;
	*ops = prog.nr;
	prog_free(&prog);

	return n;
}

/* What a trimming must keep: this many allocations and this many frees. */
struct keep {
	uint32_t allocs;
	uint32_t frees;
};

static bool keeps(const uint8_t *data, size_t size, const struct keep *keep,
		  uint32_t *ops)
{
	return count(data, size, OP_ALLOC, ops) >= keep->allocs &&
	       count(data, size, OP_FREE, ops) >= keep->frees;
}

/* afl-fuzz's loop. Fails if it does not end or a try grows. */
static size_t trim(void *mutator, uint8_t *data, size_t size,
		   const struct keep *keep, uint32_t *runs)
{
	int32_t most = afl_custom_init_trim(mutator, data, size);
	int32_t at = 0, before;

	assert_in_range(most, 0, AFL_TRIM_STEPS);
	for (*runs = 0; at < most; ++*runs) {
		uint8_t *smaller = NULL;
		size_t bytes = afl_custom_trim(mutator, &smaller);
		uint32_t ops;
		bool good;

		assert_non_null(smaller);
		assert_in_range(bytes, 1, size);
		good = keeps(smaller, bytes, keep, &ops);
		if (good) {
			memcpy(data, smaller, bytes);
			size = bytes;
		}
		before = at;
		at = afl_custom_post_trim(mutator, good);
		assert_true(at > before && at <= most);
	}
	return size;
}

static void the_target_says_what_its_programs_are_about(void **state)
{
	static const char host[] = "afl-fuzz\0-i\0fuzz_heap\0--\0/b/fuzz_host";
	static const char none[] = "fuzz_hosts\0x/fuzz_hos\0";
	static const char corrupt[] = "./fuzz_corrupt";

	(void)state;
	assert_int_equal(afl_profile(host, sizeof(host)), PROFILE_HOST);
	assert_int_equal(afl_profile(host, sizeof(host) - 1), PROFILE_HOST);
	assert_int_equal(afl_profile(host, sizeof(host) - 2), PROFILE_HEAP);
	assert_int_equal(afl_profile(none, sizeof(none)), PROFILE_HEAP);
	assert_int_equal(afl_profile(corrupt, sizeof(corrupt)),
			 PROFILE_CORRUPT);
	assert_int_equal(afl_profile("", 0), PROFILE_HEAP);
}

static void fuzz_makes_canonical_programs_of_any_bytes(void **state)
{
	void *m = afl_custom_init(NULL, 1);
	int changed = 0, spliced = 0, i;

	(void)state;
	for (i = 0; i < 2000; i++) {
		size_t size = generate(input, sizeof(input), i, i % 40);
		size_t more = generate(other, sizeof(other), ~i, i % 50);
		uint8_t *out = NULL;
		size_t bytes;

		if (i % 8 == 0)
			size = i % 48; /* cut off anywhere, also to nothing */
		if (i % 16 == 1)
			memset(input, i, size);
		bytes = afl_custom_fuzz(m, input, size, &out,
					i % 3 ? other : NULL, more, 4096);
		assert_non_null(out);
		assert_in_range(bytes, PROG_HEADER, 4096);
		assert_true(canonical(out, bytes));
		changed += bytes != size || memcmp(out, input, size) != 0;
		spliced += !!strstr(afl_custom_describe(m, 64), "splice");
	}
	assert_in_range(changed, 1990, 2000);
	assert_in_range(spliced, 100, 400);
	afl_custom_deinit(m);
}

static void fuzz_stays_within_its_bounds(void **state)
{
	void *m = afl_custom_init(NULL, 2);
	size_t size = generate(input, sizeof(input), 3, 1100), most = 0, max;

	(void)state;
	assert_true(size > AFL_INPUT_MAX);
	for (max = 1; max < 1u << 20; max = max * 3 / 2 + 1) {
		uint8_t *out;
		size_t bytes =
			afl_custom_fuzz(m, input, size, &out, other, 100, max);

		assert_in_range(bytes, 1, max);
		if (bytes > most)
			most = bytes;
	}
	assert_in_range(most, PROG_HEADER + PROG_RECORD, AFL_INPUT_MAX);
	afl_custom_deinit(m);
}

/* Short ones come out long, mostly, and what was long no shorter for it. */
static void most_inputs_are_long(void **state)
{
	void *m = afl_custom_init(NULL, 3);
	unsigned int full = 0, i;
	struct prog prog;

	(void)state;
	prog_init(&prog);
	for (i = 0; i < 800; i++) {
		size_t size =
			generate(input, sizeof(input), i, i % 2 ? 20 : 900);
		uint8_t *out;
		size_t bytes = afl_custom_fuzz(m, input, size, &out, NULL, 0,
					       AFL_INPUT_MAX);

		prog_decode(&prog, out, bytes);
		if (i % 2) {
			assert_in_range(bytes, PROG_HEADER, AFL_LONG_MAX);
			full += bytes > AFL_LONG_MAX * 3 / 4;
		} else {
			full += prog.nr > AFL_OPS;
		}
	}
	assert_in_range(full, 600, 790);
	prog_free(&prog);
	afl_custom_deinit(m);
}

static void same_seed_same_inputs(void **state)
{
	void *a = afl_custom_init(NULL, 7), *b = afl_custom_init(NULL, 7);
	size_t size = generate(input, sizeof(input), 1, 30);
	int i;

	(void)state;
	for (i = 0; i < 100; i++) {
		uint8_t *out_a, *out_b;
		size_t bytes =
			afl_custom_fuzz(a, input, size, &out_a, NULL, 0, 4096);

		assert_int_equal(bytes, afl_custom_fuzz(b, input, size, &out_b,
							NULL, 0, 4096));
		assert_memory_equal(out_a, out_b, bytes);
	}
	afl_custom_deinit(a);
	afl_custom_deinit(b);
}

static void describe_fits(void **state)
{
	void *m = afl_custom_init(NULL, 7);
	size_t size = generate(input, sizeof(input), 1, 30), max;
	uint8_t *out;

	(void)state;
	/* Before the first mutation there is nothing to say, and it says that. */
	assert_string_equal(afl_custom_describe(m, 64), "");
	afl_custom_fuzz(m, input, size, &out, NULL, 0, 4096);
	assert_memory_equal(afl_custom_describe(m, 64), "hypheap-mutate-", 15);
	for (max = 40; max; max--)
		assert_in_range(strlen(afl_custom_describe(m, max)), 0, max);
	afl_custom_deinit(m);
}

/* 100 operations of which 3 + 2 matter: those alone are left. */
static void trim_leaves_what_matters(void **state)
{
	const struct keep keep = {.allocs = 3, .frees = 2};
	void *m = afl_custom_init(NULL, 1);
	uint32_t seed, ops, runs;

	(void)state;
	for (seed = 0; seed < 200; seed++) {
		size_t size = generate(input, sizeof(input), seed, 100);

		if (!keeps(input, size, &keep, &ops))
			continue;
		size = trim(m, input, size, &keep, &runs);
		assert_true(keeps(input, size, &keep, &ops));
		assert_int_equal(ops, keep.allocs + keep.frees);
		assert_true(canonical(input, size));
		/* and there it stays */
		assert_int_equal(trim(m, input, size, &keep, &runs), size);
	}
	afl_custom_deinit(m);
}

static void trim_stops_when_nothing_may_go(void **state)
{
	const struct keep keep = {.allocs = UINT32_MAX};
	void *m = afl_custom_init(NULL, 1);
	uint32_t ops, runs;

	(void)state;
	for (ops = 0; ops <= 1000; ops = 2 * ops + 1) {
		size_t size = generate(input, sizeof(input), 5, ops);

		memcpy(other, input, size);
		assert_int_equal(trim(m, input, size, &keep, &runs), size);
		assert_memory_equal(input, other, size);
		assert_in_range(runs, 0, AFL_TRIM_STEPS);
	}
	afl_custom_deinit(m);
}

static void trim_may_take_all_operations(void **state)
{
	const struct keep keep = {0};
	void *m = afl_custom_init(NULL, 1);
	uint32_t ops, runs;

	(void)state;
	for (ops = 1; ops <= 1000; ops = 2 * ops + 1) {
		size_t size = generate(input, sizeof(input), 5, ops);

		size = trim(m, input, size, &keep, &runs);
		assert_int_equal(size, PROG_HEADER);
		assert_in_range(runs, 1, 16);
	}
	afl_custom_deinit(m);
}

/* "input\n" as a program has a header, so it is longer than it was. */
static void trim_never_grows(void **state)
{
	void *m = afl_custom_init(NULL, 1);
	size_t size;

	(void)state;
	for (size = 0; size < PROG_HEADER + PROG_RECORD; size++) {
		memset(input, 'x', size);
		assert_int_equal(afl_custom_init_trim(m, input, size), 0);
	}
	afl_custom_deinit(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_target_says_what_its_programs_are_about),
		cmocka_unit_test(fuzz_makes_canonical_programs_of_any_bytes),
		cmocka_unit_test(fuzz_stays_within_its_bounds),
		cmocka_unit_test(most_inputs_are_long),
		cmocka_unit_test(same_seed_same_inputs),
		cmocka_unit_test(describe_fits),
		cmocka_unit_test(trim_leaves_what_matters),
		cmocka_unit_test(trim_stops_when_nothing_may_go),
		cmocka_unit_test(trim_may_take_all_operations),
		cmocka_unit_test(trim_never_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
