/* SPDX-License-Identifier: GPL-2.0-only */
#include "program_test.h"

/* What generated programs look like, without running one. */

#define PROGRAMS 2000

static struct prog generate(uint64_t seed, struct gen_config config)
{
	struct rng rng;
	struct prog prog;

	prog_init(&prog);
	rng_seed(&rng, seed);
	prog_generate(&prog, &rng, &config);
	return prog;
}

/* xoshiro256** with splitmix64, as published: streams are the same anywhere. */
static void the_stream_is_pinned(void **state)
{
	static const uint64_t first[] = {
		11091344671253066420u, 13793997310169335082u,
		1900383378846508768u,  7684712102626143532u,
		13521403990117723737u, 18442103541295991498u,
	};
	struct rng rng;
	uint32_t seen = 0, i;

	(void)state;
	rng_seed(&rng, 0);
	assert_true(rng.s[0] == UINT64_C(0xe220a8397b1dcdaf));
	for (i = 0; i < COUNT(first); i++)
		assert_true(rng_next(&rng) == first[i]);
	assert_true(rng_below(&rng, 0) == 0);
	assert_true(rng_below(&rng, 1) == 0);
	for (i = 0; i < 200; i++) {
		uint64_t at = rng_below(&rng, 7);

		assert_true(at < 7);
		seen |= 1u << at;
	}
	assert_int_equal(seen, 0x7f);
}

static void same_seed_same_program(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 0; seed < 200; seed++) {
		struct gen_config config = {.ops = 64,
					    .uniform = seed % 5 == 0};
		struct prog a = generate(seed, config);
		struct prog b = generate(seed, config);
		struct prog other = generate(seed + 1000, config);

		assert_true(prog_equal(&a, &b));
		assert_false(prog_equal(&a, &other));
		prog_free(&a);
		prog_free(&b);
		prog_free(&other);
	}
}

/* A generator that is used again starts from nothing of the program before. */
static void no_memory_of_the_program_before(void **state)
{
	struct gen_config config = {.ops = 100};
	struct prog used = generate(1, config), fresh;
	struct rng rng;

	(void)state;
	rng_seed(&rng, 2);
	prog_generate(&used, &rng, &config);
	fresh = generate(2, config);
	assert_true(prog_equal(&used, &fresh));
	prog_free(&used);
	prog_free(&fresh);
}

static void programs_are_valid_and_as_asked(void **state)
{
	static const uint32_t shifts[] = {0, 12, 14, 16};
	static const uint32_t ops[] = {0, 1, 2, 3, 16, 64, 256, 3000};
	uint32_t i;

	(void)state;
	for (i = 0; i < 1600; i++) {
		struct gen_config config = {
			.ops = ops[i % COUNT(ops)],
			.page_shift = shifts[i / COUNT(ops) % COUNT(shifts)],
			.profile = (enum profile)(i % 4),
			.uniform = i % 7 == 0,
		};
		struct prog prog = generate(i, config);

		assert_valid(&prog);
		assert_int_equal(prog.nr, config.ops);
		if (config.page_shift)
			assert_int_equal(prog.world.page_shift,
					 config.page_shift);
		prog_free(&prog);
	}
}

/* The worlds: each field takes what it should, in about the share it should. */
static void worlds_vary(void **state)
{
	uint32_t tiny = 0, large = 0, small_pool = 0, late = 0, set_up = 0;
	uint32_t shift[17] = {0}, cpus[5] = {0}, i, at;

	(void)state;
	for (i = 0; i < PROGRAMS; i++) {
		struct prog prog = generate(i, (struct gen_config){.ops = 64});
		const struct prog_world *w = &prog.world;
		uint32_t inits = 0;

		tiny += w->heap_pages <= 3;
		large += w->heap_pages >= 128;
		small_pool += w->pool_pages < w->heap_pages;
		shift[w->page_shift]++;
		cpus[w->cpus]++;
		for (at = 0; at < prog.nr; at++)
			inits += prog.ops[at].kind == OP_INIT &&
				 prog.ops[at].sub == INIT_PLAIN &&
				 prog.ops[at].arg &&
				 prog.ops[at].arg <= UINT32_MAX;
		if (!w->init) {
			late++;
			set_up += inits > 0;
		}
		prog_free(&prog);
	}
	assert_in_range(tiny, PROGRAMS / 50, PROGRAMS / 5);
	assert_in_range(large, PROGRAMS / 50, PROGRAMS / 4);
	assert_in_range(small_pool, PROGRAMS / 5, PROGRAMS / 2);
	assert_true(shift[12] > PROGRAMS / 2);
	assert_true(shift[14] > PROGRAMS / 20 && shift[16] > PROGRAMS / 20);
	for (i = 1; i <= 4; i++)
		assert_true(cpus[i] > PROGRAMS / 10);
	assert_in_range(late, PROGRAMS / 100, PROGRAMS / 10);
	assert_true(set_up > late * 8 / 10);
}

static void masks_vary(void **state)
{
	uint32_t with[64] = {0}, missing = 0, distinct = 0, i, kind;
	uint64_t last = 0;

	(void)state;
	for (i = 0; i < PROGRAMS; i++) {
		struct prog prog = generate(i, (struct gen_config){.ops = 64});
		uint64_t swarm = prog.world.swarm;

		distinct += swarm != last;
		last = swarm;
		missing += !(swarm >> OP_ALLOC & 1) && !(swarm >> OP_CALL & 1);
		for (kind = 0; kind < 64; kind++)
			with[kind] += swarm >> kind & 1;
		prog_free(&prog);
	}
	assert_true(distinct > PROGRAMS / 2);
	assert_true(missing < PROGRAMS / 100);
	for (i = 0; i < COUNT(usual_kinds); i++) {
		assert_true(with[usual_kinds[i]] > PROGRAMS / 50);
		assert_true(with[usual_kinds[i]] < PROGRAMS);
	}
	assert_true(with[OP_MISUSE] < PROGRAMS / 5);
	assert_true(with[OP_INIT] < PROGRAMS / 5);
}

/*
 * If each allocation were served: how many are live at most, how many frees
 * find nothing, which share each kind has.
 */
static void programs_do_something(void **state)
{
	uint32_t share[64] = {0}, peaks[PROGRAMS] = {0}, idle = 0, i, at;
	uint32_t enough = 0, total = 0;

	(void)state;
	for (i = 0; i < PROGRAMS; i++) {
		struct prog prog = generate(i, (struct gen_config){.ops = 64});
		uint32_t live = 0;

		for (at = 0; at < prog.nr; at++) {
			enum op_slot slot = op_slot(&prog.ops[at]);

			share[prog.ops[at].kind]++;
			total++;
			live += slot == SLOT_EMPTY;
			idle += slot == SLOT_LIVE && !live;
			if (prog.ops[at].kind == OP_FREE && live)
				live--;
			if (live > peaks[i])
				peaks[i] = live;
		}
		enough += peaks[i] >= 8;
		prog_free(&prog);
	}
	assert_true(enough > PROGRAMS * 8 / 10);
	assert_true(idle < total / 1000);
	for (i = 0; i < COUNT(usual_kinds); i++)
		assert_true(share[usual_kinds[i]] > total / 2000);
	assert_true(share[OP_ALLOC] + share[OP_CALL] > total * 4 / 10);
	assert_true(share[OP_FREE] > total * 2 / 10);
	assert_true(share[OP_TOPUP] > total / 50);
}

/* Near a multiple of what the heap is made of, or near a power of two. */
static bool is_edge(uint64_t size, uint64_t page)
{
	uint64_t in_page = size % page;

	return in_page <= 64 || in_page >= page - 64 || size % 16 <= 1 ||
	       size % 16 == 15;
}

static void sizes_cluster(void **state)
{
	static const uint64_t musts[] = {0,    1,    8,	   15,	 16,   17,
					 24,   31,   32,   33,	 48,   4032,
					 4048, 4063, 4064, 4065, 4079, 4080,
					 4081, 4095, 4096, 4097, 4112, 4128,
					 4144, 8176, 8192};
	uint32_t seen[COUNT(musts)] = {0}, edge = 0, all = 0, huge = 0;
	uint32_t wide = 0, heap = 0, tiny = 0, i, at, k;

	(void)state;
	for (i = 0; i < PROGRAMS; i++) {
		struct prog prog = generate(
			i, (struct gen_config){.ops = 64, .page_shift = 12});

		for (at = 0; at < prog.nr; at++) {
			uint64_t size = prog.ops[at].arg, bytes;

			if (op_slot(&prog.ops[at]) != SLOT_EMPTY)
				continue;
			bytes = (uint64_t)prog.world.heap_pages << 12;
			all++;
			edge += is_edge(size, 4096);
			huge += size > bytes - 16;
			wide += size > UINT32_MAX;
			heap += size >= bytes - 32 && size <= bytes + 16;
			for (k = 0; k < COUNT(musts); k++)
				seen[k] += size == musts[k];
		}
		prog_free(&prog);
	}
	for (k = 0; k < COUNT(musts); k++)
		if (!seen[k])
			fail_msg("no allocation of %u bytes",
				 (uint32_t)musts[k]);
	/* The first eleven are those around the header and smallest chunk. */
	for (k = 0; k < 11; k++)
		tiny += seen[k];
	assert_true(tiny > all / 8);
	assert_true(edge > all / 2);
	assert_in_range(huge, all / 200, all / 12);
	assert_true(wide > 0 && heap > all / 1000);
}

/* A free that panics ends the program: only at the end, and not too often. */
static void misuse_comes_last(void **state)
{
	uint32_t subs[MISUSE_KINDS] = {0}, with = 0, i, at;

	(void)state;
	for (i = 0; i < PROGRAMS; i++) {
		struct prog prog = generate(i, (struct gen_config){.ops = 64});
		bool any = false;

		for (at = 0; at < prog.nr; at++) {
			const struct op *op = &prog.ops[at];

			if (op->kind != OP_MISUSE)
				continue;
			subs[op->sub]++;
			if (op->sub == MISUSE_NULL)
				continue;
			assert_true(at + 3 >= prog.nr);
			any = true;
		}
		with += any;
		prog_free(&prog);
	}
	assert_in_range(with, PROGRAMS / 25, PROGRAMS * 3 / 25);
	for (i = 0; i < MISUSE_KINDS; i++)
		assert_true(subs[i] > 5);
}

static void long_programs_stay_in_bounds(void **state)
{
	uint32_t large = 0, i, at;

	(void)state;
	for (i = 0; i < 30; i++) {
		struct prog prog =
			generate(i, (struct gen_config){.ops = 20000});
		uint32_t live = 0, peak = 0;

		assert_valid(&prog);
		assert_true(prog.world.swarm >> OP_FREE & 1);
		large += prog.world.heap_pages > 64;
		for (at = 0; at < prog.nr; at++) {
			live += op_slot(&prog.ops[at]) == SLOT_EMPTY &&
				prog.ops[at].arg < 1u << 20;
			if (prog.ops[at].kind == OP_FREE && live)
				live--;
			peak = live > peak ? live : peak;
		}
		assert_true(peak < 2 * OP_SLOTS);
		prog_free(&prog);
	}
	assert_true(large > 15);
}

/* Corruption is in the programs that are about it, in no others. */
static void corruption_where_it_belongs(void **state)
{
	static const enum profile others[] = {PROFILE_HEAP, PROFILE_HOST};
	uint32_t kinds[256] = {0}, with = 0, early = 0, i, at;

	(void)state;
	for (i = 0; i < PROGRAMS; i++) {
		struct gen_config config = {.ops = 64,
					    .profile = PROFILE_CORRUPT};
		struct prog prog = generate(i, config);
		uint32_t nr = 0, allocs = 0;

		assert_valid(&prog);
		for (at = 0; at < prog.nr; at++) {
			const struct op *op = &prog.ops[at];

			allocs += op_slot(op) == SLOT_EMPTY;
			if (op->kind != OP_CORRUPT)
				continue;
			early += !nr && allocs < 3;
			kinds[op->sub]++;
			nr++;
		}
		with += nr > 0;
		prog_free(&prog);

		config.profile = others[i % 2];
		config.uniform = i % 3 == 0;
		prog = generate(i, config);
		assert_false(prog.world.swarm >> OP_CORRUPT & 1);
		assert_valid(&prog);
		prog_free(&prog);
	}
	assert_true(with > PROGRAMS * 95 / 100);
	assert_true(early < PROGRAMS / 8);
	for (i = 0; i < CORRUPT_KINDS; i++) {
		assert_true(kinds[i] > 5);
		if (i != CORRUPT_STALE)
			assert_true(kinds[i | CORRUPT_FREE] > 5);
	}
}

/* The naive one: kinds alike, a fixed choice of worlds, any size. */
static void uniform_is_uniform(void **state)
{
	uint32_t share[64] = {0}, i, at, mean = 64 * 500;

	(void)state;
	for (i = 0; i < 500; i++) {
		struct prog prog = generate(
			i, (struct gen_config){.ops = 64, .uniform = true});

		assert_true(prog.world.swarm == prog_swarm_usual());
		for (at = 0; at < prog.nr; at++)
			share[prog.ops[at].kind]++;
		prog_free(&prog);
	}
	mean /= (uint32_t)__builtin_popcountll(prog_swarm_usual());
	for (i = 0; i < COUNT(usual_kinds); i++)
		assert_in_range(share[usual_kinds[i]], mean * 9 / 10,
				mean * 11 / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_stream_is_pinned),
		cmocka_unit_test(same_seed_same_program),
		cmocka_unit_test(no_memory_of_the_program_before),
		cmocka_unit_test(programs_are_valid_and_as_asked),
		cmocka_unit_test(worlds_vary),
		cmocka_unit_test(masks_vary),
		cmocka_unit_test(programs_do_something),
		cmocka_unit_test(sizes_cluster),
		cmocka_unit_test(misuse_comes_last),
		cmocka_unit_test(long_programs_stay_in_bounds),
		cmocka_unit_test(corruption_where_it_belongs),
		cmocka_unit_test(uniform_is_uniform),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
