/* SPDX-License-Identifier: GPL-2.0-only */
#include "program_test.h"
#include "program/mutate.h"

/* Programs of the host: what is in them, and that both forms say all of it. */

#define PROGRAMS 2000

static void generate(struct prog *prog, uint64_t seed, enum profile profile)
{
	struct gen_config config = {.ops = 64, .profile = profile};
	struct rng rng;

	rng_seed(&rng, seed);
	prog_generate(prog, &rng, &config);
}

static bool is_host_kind(uint8_t kind)
{
	return kind >= OP_CREATE && kind <= OP_HVC;
}

static void shares_of_kinds(void **state)
{
	uint32_t with[64] = {0}, total = 0, ops = 0, boot = 0, none = 0, i, at;
	uint32_t fails[FAIL_KINDS] = {0}, counts = 0, calls[256] = {0};
	struct prog prog;

	(void)state;
	prog_init(&prog);
	for (i = 0; i < PROGRAMS; i++) {
		uint32_t before = ops;

		generate(&prog, i, PROFILE_HOST);
		assert_valid(&prog);
		boot += prog.world.boot;
		for (at = 0; at < prog.nr; at++) {
			const struct op *op = &prog.ops[at];

			ops += is_host_kind(op->kind);
			with[op->kind]++;
			if (op->kind == OP_FAIL)
				fails[op->sub]++;
			if (op->kind == OP_SHRINK)
				counts += op->sub;
			if (op->kind == OP_HVC)
				calls[op->sub]++;
		}
		none += ops == before;
		total += prog.nr;
	}
	assert_in_range(boot, PROGRAMS / 5, PROGRAMS / 2);
	assert_in_range(ops, total / 5, total * 3 / 5);
	assert_true(none < PROGRAMS / 20);
	for (i = OP_CREATE; i <= OP_HVC; i++)
		assert_true(with[i] > total / 1000);
	for (i = 0; i < FAIL_KINDS; i++)
		assert_true(fails[i] > with[OP_FAIL] / 10);
	assert_true(counts > with[OP_SHRINK] / 10);
	for (i = 0; i <= OP_HVC_RECLAIM_GUEST; i++)
		if (calls[i] < 20)
			fail_msg("hvc %s: %u", hvc_word((uint8_t)i), calls[i]);
	for (at = 0, i = OP_HVC_RECLAIM_GUEST + 1; i < 256; i++)
		at += calls[i];
	assert_true(at > 20);
	prog_free(&prog);
}

static void arguments_of_clients(void **state)
{
	uint32_t vms = 0, few = 0, none = 0, huge = 0, traces = 0, small = 0;
	uint32_t live_vcpus = 0, vcpus = 0, i, at;
	struct prog prog;

	(void)state;
	prog_init(&prog);
	for (i = 0; i < PROGRAMS; i++) {
		uint32_t named = 0;

		generate(&prog, i, PROFILE_HOST);
		for (at = 0; at < prog.nr; at++) {
			const struct op *op = &prog.ops[at];

			if (op->kind == OP_TRACE && op->sub == TRACE_LOAD) {
				traces++;
				small += op->arg <= 8;
			}
			if (op->kind != OP_CREATE)
				continue;
			if (op->sub == CREATE_VM) {
				vms++;
				few += op->arg >= 1 && op->arg <= 4;
				none += op->arg == 0;
				huge += op->arg > 1024;
				named |= 1u << op->slot;
			} else {
				vcpus++;
				live_vcpus += named >> op->slot & 1;
			}
		}
	}
	assert_true(few > vms * 6 / 10);
	assert_in_range(none, vms / 100, vms / 5);
	assert_in_range(huge, vms / 200, vms / 5);
	assert_true(small > traces * 9 / 10 && small < traces);
	assert_true(live_vcpus > vcpus * 8 / 10);
	prog_free(&prog);
}

/* Operations wait for one that locks, mostly for its first unlocks. */
static void deferred_operations(void **state)
{
	uint32_t kinds[64] = {0}, first = 0, deferred = 0, met = 0, i, at;
	uint32_t total = 0;
	struct prog prog;

	(void)state;
	prog_init(&prog);
	for (i = 0; i < PROGRAMS; i++) {
		generate(&prog, i, PROFILE_HOST);
		total += prog.nr;
		for (at = 0; at + 1 < prog.nr; at++) {
			const struct op *op = &prog.ops[at];
			const struct op *next = op + 1;

			if (!op->at)
				continue;
			deferred++;
			first += op->at <= 4;
			kinds[op->kind]++;
			met += next->kind != OP_WRITE && next->kind != OP_CPU &&
			       next->kind != OP_FAIL &&
			       next->kind != OP_MISUSE && next->kind != OP_INIT;
		}
	}
	assert_in_range(deferred, total / 50, total / 5);
	assert_in_range(first, deferred * 8 / 10, deferred - 1);
	assert_true(met > deferred * 9 / 10);
	assert_true(kinds[OP_ALLOC] && kinds[OP_FREE] && kinds[OP_TOPUP] &&
		    kinds[OP_RECLAIM] && kinds[OP_SHRINK] && kinds[OP_POKE]);
	prog_free(&prog);
}

/* The host's kernel takes pages from 0 up; hostile ones are mostly above. */
static void pages_are_mostly_free(void **state)
{
	uint32_t upper = 0, lower = 0, beyond = 0, i, at;
	struct prog prog;

	(void)state;
	prog_init(&prog);
	for (i = 0; i < PROGRAMS; i++) {
		generate(&prog, i, PROFILE_HOST);
		for (at = 0; at < prog.nr; at++) {
			uint32_t pool = prog.world.pool_pages, page;

			if (prog.ops[at].kind != OP_POKE)
				continue;
			page = op_tag_page(prog.ops[at].arg);
			upper += page >= pool / 2 && page < pool;
			lower += page < pool / 2;
			beyond += page >= pool;
		}
	}
	assert_true(upper > 3 * lower);
	assert_true(lower > beyond && beyond > 0);
	prog_free(&prog);
}

/* The other profiles have none of it, but for "text", which has all. */
static void not_in_other_profiles(void **state)
{
	static const enum profile without[] = {PROFILE_HEAP, PROFILE_CORRUPT};
	uint64_t seen = 0;
	struct prog prog;
	uint32_t i, at;

	(void)state;
	prog_init(&prog);
	for (i = 0; i < PROGRAMS; i++) {
		generate(&prog, i, without[i % 2]);
		assert_false(prog_of_host(prog.world.swarm));
		assert_false(prog.world.boot);
		for (at = 0; at < prog.nr; at++) {
			assert_int_equal(prog.ops[at].at, 0);
			if (prog.ops[at].kind == OP_FAIL ||
			    prog.ops[at].kind == OP_SHRINK)
				assert_int_equal(prog.ops[at].sub, 0);
		}
		generate(&prog, i, PROFILE_TEXT);
		for (at = 0; at < prog.nr; at++)
			seen |= UINT64_C(1) << prog.ops[at].kind;
	}
	assert_true(seen == prog_swarm_all());
	prog_free(&prog);
}

/* Text and bytes say the whole of it. */
static void check_forms(const struct prog *prog)
{
	struct text_error err;
	size_t len, text_len;
	struct prog back;
	uint8_t *bytes;
	char *text;

	prog_init(&back);
	bytes = encoded(prog, &len);
	prog_decode(&back, bytes, len);
	assert_true(prog_equal(prog, &back));
	text = printed(prog, &text_len);
	if (prog_parse(&back, text, text_len, &err))
		fail_msg("%u:%u: %s\n%s", err.line, err.column, err.what, text);
	back.world.swarm = prog->world.swarm;
	assert_true(prog_equal(prog, &back));
	free(bytes);
	free(text);
	prog_free(&back);
}

static void both_forms_say_it_all(void **state)
{
	struct prog prog;
	struct rng rng;
	uint32_t i;

	(void)state;
	prog_init(&prog);
	rng_seed(&rng, 4);
	for (i = 0; i < PROGRAMS; i++) {
		if (i % 8 == 0)
			generate(&prog, i,
				 i % 16 ? PROFILE_HOST : PROFILE_TEXT);
		else
			prog_mutate(&prog, &rng, 8192);
		assert_valid(&prog);
		check_forms(&prog);
	}
	prog_free(&prog);
}

/* ---- mutants ------------------------------------------------------------- */

/* A program becomes one of the host by its parents alone, and stays one. */
static void the_host_comes_from_parents(void **state)
{
	struct prog heap, host, mixed;
	struct rng rng;
	uint32_t i, at;

	(void)state;
	prog_init(&heap);
	prog_init(&host);
	prog_init(&mixed);
	rng_seed(&rng, 5);
	for (i = 0; i < 4000; i++) {
		if (i % 20 == 0) {
			generate(&heap, i, PROFILE_HEAP);
			generate(&host, i, PROFILE_HOST);
		}
		prog_mutate(&heap, &rng, 4096);
		assert_false(prog_of_host(heap.world.swarm));
		for (at = 0; at < heap.nr; at++)
			assert_false(heap.ops[at].at ||
				     (heap.ops[at].sub &&
				      (heap.ops[at].kind == OP_FAIL ||
				       heap.ops[at].kind == OP_SHRINK)));
		prog_mutate(&host, &rng, 4096);
		assert_true(prog_of_host(host.world.swarm));
		assert_false(host.world.swarm >> OP_CORRUPT & 1);
		prog_cross(&mixed, &heap, &host, &rng, 4096);
		assert_true(prog_of_host(mixed.world.swarm));
	}
	prog_free(&heap);
	prog_free(&host);
	prog_free(&mixed);
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* A place moves to the next page, or a little within it; "at" by small steps. */
static void fields_are_nudged(void **state)
{
	uint32_t pages = 0, offsets = 0, values = 0, tags = 0, ats = 0, i;
	uint32_t calls = 0, x3 = 0;
	const uint64_t start = OP_ADDR(OP_TAG_PHYS, 40, 64);
	struct prog prog, now;
	struct rng rng;

	(void)state;
	prog_init(&prog);
	prog_init(&now);
	rng_seed(&rng, 6);
	parsed(&prog, "hypheap 1\nat donate 3: poke p40+64 p40+64");
	for (i = 0; i < 5000; i++) {
		const struct op *op;

		prog_copy(&now, &prog);
		assert_true(mutation_apply(&now, &rng, MUTATE_ARG));
		assert_valid(&now);
		op = &now.ops[0];
		ats += op->at == 2 || op->at == 4;
		pages += distance(op_tag_page(op->arg), 40) == 1;
		offsets += op->arg != start && op_tag_page(op->arg) == 40 &&
			   distance(op_tag_offset(op->arg), 64) <= 16;
		values += op->x[0] != start;
		tags += op->x[0] == OP_ADDR(OP_TAG_HOST, 40, 64);
	}
	assert_true(ats > 300 && pages > 200 && offsets > 100 && values > 500 &&
		    tags > 30);

	parsed(&prog, "hypheap 1\nhvc topup 1 p40 2");
	for (i = 0; i < 5000; i++) {
		prog_copy(&now, &prog);
		assert_true(mutation_apply(&now, &rng, MUTATE_ARG));
		assert_valid(&now);
		calls += now.ops[0].sub != OP_HVC_TOPUP;
		x3 += now.ops[0].x[1] != 2;
	}
	assert_true(calls > 100 && x3 > 100);
	prog_free(&prog);
	prog_free(&now);
}

/* A host's program is given a host's motifs, and its boot is flipped. */
static void motifs_and_boot(void **state)
{
	uint32_t pokes = 0, calls = 0, widened = 0, boots = 0, i, at;
	struct prog prog, now;
	struct rng rng;

	(void)state;
	prog_init(&prog);
	prog_init(&now);
	rng_seed(&rng, 7);
	parsed(&prog, "hypheap 1\ncreate vm 0 1");
	for (i = 0; i < 2000; i++) {
		prog_copy(&now, &prog);
		mutation_apply(&now, &rng, MUTATE_MOTIF);
		assert_valid(&now);
		widened += now.world.swarm != prog.world.swarm;
		for (at = 0; at < now.nr; at++) {
			pokes += now.ops[at].kind == OP_POKE;
			calls += now.ops[at].kind == OP_HVC;
		}
		prog_copy(&now, &prog);
		mutation_apply(&now, &rng, MUTATE_WORLD);
		boots += now.world.boot;
	}
	assert_true(pokes > 500 && calls > 500 && widened > 200);
	assert_true(boots > 50);
	prog_free(&prog);
	prog_free(&now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_of_kinds),
		cmocka_unit_test(arguments_of_clients),
		cmocka_unit_test(deferred_operations),
		cmocka_unit_test(pages_are_mostly_free),
		cmocka_unit_test(not_in_other_profiles),
		cmocka_unit_test(both_forms_say_it_all),
		cmocka_unit_test(the_host_comes_from_parents),
		cmocka_unit_test(fields_are_nudged),
		cmocka_unit_test(motifs_and_boot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
