/* SPDX-License-Identifier: GPL-2.0-only */
#include "program_test.h"
#include "program/mutate.h"

/* Mutated and crossed programs: valid, bounded, reproducible, and different. */

#define ROUNDS 20000

static void generate(struct prog *prog, struct rng *rng, uint32_t ops)
{
	static const enum profile profiles[] = {PROFILE_HEAP, PROFILE_HOST};
	struct gen_config config = {
		.ops = ops,
		.profile = profiles[rng_below(rng, 2)],
	};

	prog_generate(prog, rng, &config);
}

static void always_changes_and_always_fits(void **state)
{
	static const uint32_t ops[] = {0, 1, 2, 8, 64, 300};
	struct prog prog, before;
	struct rng rng;
	uint32_t i;
	size_t max;

	(void)state;
	prog_init(&prog);
	prog_init(&before);
	rng_seed(&rng, 1);
	for (i = 0; i < ROUNDS; i++) {
		if (i % 40 == 0)
			generate(&prog, &rng, ops[i / 40 % COUNT(ops)]);
		max = PROG_HEADER + rng_below(&rng, 8 * 128);
		prog_copy(&before, &prog);
		prog_mutate(&prog, &rng, max);
		assert_false(prog_equal(&prog, &before));
		assert_true(prog_size(&prog) <= max);
		assert_valid(&prog);
	}
	prog_free(&prog);
	prog_free(&before);
}

/* No room for anything but a header, or not even that. */
static void no_room(void **state)
{
	struct prog prog, before;
	struct rng rng;
	size_t max;

	(void)state;
	prog_init(&prog);
	prog_init(&before);
	rng_seed(&rng, 2);
	for (max = 0; max < PROG_HEADER + 16; max++) {
		generate(&prog, &rng, 20);
		prog_copy(&before, &prog);
		prog_mutate(&prog, &rng, max);
		assert_false(prog_equal(&prog, &before));
		assert_true(prog.nr <= 1);
		if (max < PROG_HEADER + PROG_RECORD)
			assert_int_equal(prog.nr, 0);

		prog_copy(&before, &prog);
		prog_mutate(&prog, &rng, max);
		assert_false(prog_equal(&prog, &before));
		assert_valid(&prog);
	}
	prog_free(&prog);
	prog_free(&before);
}

static void same_seed_same_mutant(void **state)
{
	struct prog a, b;
	struct rng one, two;
	uint32_t i;

	(void)state;
	prog_init(&a);
	prog_init(&b);
	rng_seed(&one, 3);
	rng_seed(&two, 3);
	for (i = 0; i < 3000; i++) {
		prog_mutate(&a, &one, 2048);
		prog_mutate(&b, &two, 2048);
		assert_true(prog_equal(&a, &b));
	}
	assert_true(a.nr > 0);
	prog_free(&a);
	prog_free(&b);
}

static void each_mutation_is_chosen(void **state)
{
	uint32_t seen[MUTATIONS] = {0}, i;
	struct rng rng;

	(void)state;
	rng_seed(&rng, 4);
	for (i = 0; i < ROUNDS; i++)
		seen[mutation_choose(&rng)]++;
	for (i = 0; i < MUTATIONS; i++)
		if (seen[i] < ROUNDS / 400)
			fail_msg("%s: %u of %u", mutation_word(i), seen[i],
				 ROUNDS);
	assert_true(seen[MUTATE_ARG] > seen[MUTATE_TRUNCATE]);
}

/* Operations of @prog that are equal to @op. */
static uint32_t times(const struct prog *prog, const struct op *op)
{
	uint32_t i, nr = 0;

	for (i = 0; i < prog->nr; i++)
		nr += op_equal(&prog->ops[i], op);
	return nr;
}

static bool permuted(const struct prog *a, const struct prog *b)
{
	uint32_t i;

	if (a->nr != b->nr)
		return false;
	for (i = 0; i < a->nr; i++)
		if (times(a, &a->ops[i]) != times(b, &a->ops[i]))
			return false;
	return true;
}

static uint32_t differing(const struct prog *a, const struct prog *b)
{
	uint32_t i, nr = 0;

	for (i = 0; i < a->nr && i < b->nr; i++)
		nr += !op_equal(&a->ops[i], &b->ops[i]);
	return nr;
}

/* Does what this mutation did look like it? */
static bool looks_right(enum mutation mutation, const struct prog *old,
			const struct prog *now)
{
	switch (mutation) {
	case MUTATE_INSERT:
		return now->nr == old->nr + 1;
	case MUTATE_DELETE:
		return now->nr == old->nr - 1;
	case MUTATE_DELETE_RANGE:
	case MUTATE_TRUNCATE:
		return now->nr < old->nr;
	case MUTATE_DUPLICATE:
		return now->nr > old->nr && now->nr <= 2 * old->nr;
	case MUTATE_MOVE:
		return permuted(now, old);
	case MUTATE_SWAP:
		return permuted(now, old) && differing(now, old) <= 2;
	case MUTATE_REPLACE:
	case MUTATE_KIND:
	case MUTATE_ARG:
	case MUTATE_SLOT:
		return now->nr == old->nr && differing(now, old) <= 1;
	case MUTATE_RENAME:
		return now->nr == old->nr;
	case MUTATE_PHASE:
		return now->nr >= old->nr && now->nr <= old->nr + 32;
	case MUTATE_MOTIF:
		return now->nr >= old->nr;
	case MUTATE_WORLD:
	case MUTATE_SWARM:
		return now->nr <= old->nr + 1;
	case MUTATIONS:
		break;
	}
	return false;
}

static void each_mutation_does_its_own(void **state)
{
	uint32_t changed, i, m;
	struct prog old, now;
	struct rng rng;

	(void)state;
	prog_init(&old);
	prog_init(&now);
	rng_seed(&rng, 5);
	for (m = 0; m < MUTATIONS; m++) {
		changed = 0;
		for (i = 0; i < 1000; i++) {
			generate(&old, &rng, 20);
			prog_copy(&now, &old);
			if (!mutation_apply(&now, &rng, m)) {
				assert_true(prog_equal(&now, &old));
				continue;
			}
			assert_valid(&now);
			if (!looks_right(m, &old, &now))
				fail_msg("%s, round %u", mutation_word(m), i);
			changed += !prog_equal(&now, &old);
		}
		if (changed < 200)
			fail_msg("%s changed %u of 1000", mutation_word(m),
				 changed);
	}
	prog_free(&old);
	prog_free(&now);
}

/* On the empty program each either says that it cannot or stays valid. */
static void mutations_of_nothing(void **state)
{
	struct prog prog;
	struct rng rng;
	uint32_t i, m, n;

	(void)state;
	prog_init(&prog);
	rng_seed(&rng, 6);
	for (m = 0; m < MUTATIONS; m++)
		for (i = 0; i < 200; i++) {
			prog_clear(&prog);
			for (n = i % 3; n; n--)
				prog_add(&prog, (struct op){.kind = OP_FREE});
			mutation_apply(&prog, &rng, m);
			assert_valid(&prog);
		}
	prog_free(&prog);
}

/* Sizes wander to where bugs live: from 100 to a page's edge and to the top. */
static void sizes_are_nudged(void **state)
{
	uint32_t near = 0, edge = 0, wide = 0, i;
	struct prog prog;
	struct rng rng;

	(void)state;
	prog_init(&prog);
	rng_seed(&rng, 7);
	for (i = 0; i < 5000; i++) {
		uint64_t size;

		prog_clear(&prog);
		prog_add(&prog, (struct op){OP_ALLOC, 0, 0, .arg = 100});
		assert_true(mutation_apply(&prog, &rng, MUTATE_ARG));
		size = prog.ops[0].arg;
		near += size >= 68 && size <= 132;
		edge += size >= 4096 - 64 && size <= 4096 + 64;
		wide += size >= 15 * 4096;
	}
	assert_in_range(near, 2000, 4500);
	assert_in_range(edge, 200, 2000);
	assert_in_range(wide, 10, 1000);
	prog_free(&prog);
}

static void worlds_are_changed(void **state)
{
	uint32_t heap = 0, pool = 0, page = 0, cpus = 0, init = 0, vm = 0, i;
	struct prog prog, before;
	struct rng rng;

	(void)state;
	prog_init(&prog);
	prog_init(&before);
	parsed(&before, "hypheap 1\nheap pages=30000 cpus=4\ncpu 3");
	rng_seed(&rng, 8);
	for (i = 0; i < 2000; i++) {
		prog_copy(&prog, &before);
		assert_true(mutation_apply(&prog, &rng, MUTATE_WORLD));
		assert_valid(&prog);
		heap += prog.world.heap_pages != before.world.heap_pages;
		pool += prog.world.pool_pages != before.world.pool_pages;
		page += prog.world.page_shift != before.world.page_shift;
		cpus += prog.world.cpus != before.world.cpus;
		init += !prog.world.init;
		vm += prog.world.vm_size != before.world.vm_size;
	}
	assert_true(heap > 100 && pool > 100 && page > 50 && cpus > 50 &&
		    init > 50 && vm > 50);
	prog_free(&prog);
	prog_free(&before);
}

/* a's operations carry even numbers in order, b's odd ones. */
static void numbered(struct prog *prog, uint32_t nr, uint32_t odd)
{
	uint32_t i;

	prog_clear(prog);
	for (i = 0; i < nr; i++)
		prog_add(prog, (struct op){OP_TOPUP, 0, 0, .arg = 2 * i + odd});
}

static void crossing_mixes(void **state)
{
	uint32_t mixed = 0, i, at;
	struct prog a, b, out;
	struct rng rng;

	(void)state;
	prog_init(&a);
	prog_init(&b);
	prog_init(&out);
	rng_seed(&rng, 9);
	numbered(&a, 60, 0);
	numbered(&b, 60, 1);
	a.world.heap_pages = 77;
	a.world.swarm = UINT64_C(1) << OP_TOPUP | UINT64_C(1) << OP_FREE;
	b.world.swarm = UINT64_C(1) << OP_TOPUP | UINT64_C(1) << OP_CPU;

	for (i = 0; i < 2000; i++) {
		uint32_t from[2] = {0, 0};
		uint64_t last[2] = {0, 0};

		prog_cross(&out, &a, &b, &rng, 4096);
		assert_valid(&out);
		assert_int_equal(out.world.heap_pages, 77);
		assert_true(out.world.swarm == (a.world.swarm | b.world.swarm));
		for (at = 0; at < out.nr; at++) {
			uint64_t arg = out.ops[at].arg + 2;

			assert_true(arg > last[arg % 2]);
			last[arg % 2] = arg;
			from[arg % 2]++;
		}
		mixed += from[0] && from[1];
	}
	assert_true(mixed > 1700);
	prog_free(&a);
	prog_free(&b);
	prog_free(&out);
}

static void crossing_fits_and_repeats(void **state)
{
	struct prog a, b, out, again;
	struct rng rng, copy;
	uint32_t i;
	size_t max;

	(void)state;
	prog_init(&a);
	prog_init(&b);
	prog_init(&out);
	prog_init(&again);
	rng_seed(&rng, 10);
	for (i = 0; i < 3000; i++) {
		generate(&a, &rng, (uint32_t)rng_below(&rng, 40));
		generate(&b, &rng, (uint32_t)rng_below(&rng, 40));
		max = rng_below(&rng, 600);
		copy = rng;
		prog_cross(&out, &a, &b, &rng, max);
		assert_valid(&out);
		assert_int_equal(out.world.cpus, a.world.cpus);
		if (max < PROG_HEADER)
			assert_int_equal(out.nr, 0);
		else
			assert_true(prog_size(&out) <= max);
		prog_cross(&again, &a, &b, &copy, max);
		assert_true(prog_equal(&out, &again));
	}
	prog_free(&a);
	prog_free(&b);
	prog_free(&out);
	prog_free(&again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(always_changes_and_always_fits),
		cmocka_unit_test(no_room),
		cmocka_unit_test(same_seed_same_mutant),
		cmocka_unit_test(each_mutation_is_chosen),
		cmocka_unit_test(each_mutation_does_its_own),
		cmocka_unit_test(mutations_of_nothing),
		cmocka_unit_test(sizes_are_nudged),
		cmocka_unit_test(worlds_are_changed),
		cmocka_unit_test(crossing_mixes),
		cmocka_unit_test(crossing_fits_and_repeats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
