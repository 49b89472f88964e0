/* SPDX-License-Identifier: GPL-2.0-only */
#include "program_test.h"
#include "program/motif_host.h"
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

/* ---- lists of donated pages ---------------------------------------------- */

#define POOL 4096u

/**
 * struct memory - What a program has written so far, and done with pages.
 * @link: first word of each page that was poked, else 0
 * @state: of pages that hypercalls have moved
 */
struct memory {
	uint64_t link[POOL];
	enum { FREE, HYP, SHARED, GUEST } state[POOL];
	uint32_t pool;
	bool cache;
};

/* The rows of allocator.md, section 10, that are lists. */
enum row {
	ROW_GOOD,
	ROW_HYP,
	ROW_GUEST,
	ROW_SHARED,
	ROW_NO_MEMORY,
	ROW_UNALIGNED,
	ROW_CIRCLE,
	ROW_TWICE,
	ROW_MORE_THAN_LIST,
	ROW_LESS_THAN_LIST,
	ROW_WRAPS,
	ROW_WRAPS_EMPTY,
	ROW_GARBAGE,
	ROW_REWRITTEN,
	ROW_ID_SELFTEST,
	ROW_ID_UNKNOWN,
	ROWS,
};

static const char *const rows[ROWS] = {
	"good",		  "hyp",       "guest",
	"shared",	  "no memory", "unaligned",
	"circle",	  "twice",     "more than list",
	"less than list", "wraps",     "wraps, empty",
	"garbage",	  "rewritten", "selftest id",
	"unknown id",
};

/* Walk a list as EL2 would; what about it is not as it should be. */
static uint32_t walk(const struct memory *m, uint64_t at, uint64_t nr)
{
	bool seen[POOL] = {false};
	uint32_t found = 0, i;

	for (i = 0; i < nr && i < 64; i++) {
		uint32_t page = op_tag_page(at);

		if (!at)
			return found | 1u << ROW_MORE_THAN_LIST;
		if (op_tag(at) != OP_TAG_PHYS)
			return found |
			       (i ? 1u << ROW_GARBAGE : 1u << ROW_NO_MEMORY);
		if (page >= m->pool)
			return found | 1u << ROW_NO_MEMORY;
		if (op_tag_offset(at))
			found |= 1u << ROW_UNALIGNED;
		if (seen[page])
			return found |
			       (i > 1 ? 1u << ROW_CIRCLE : 1u << ROW_TWICE);
		seen[page] = true;
		if (m->state[page] == HYP)
			return found | (i ? 1u << ROW_HYP : 1u << ROW_TWICE);
		if (m->state[page] == SHARED)
			return found | 1u << ROW_SHARED;
		if (m->state[page] == GUEST)
			return found | 1u << ROW_GUEST;
		at = m->link[page];
	}
	if (at && op_tag(at) == OP_TAG_PHYS)
		found |= 1u << ROW_LESS_THAN_LIST;

	return found ? found : 1u << ROW_GOOD;
}

static uint32_t donate(struct memory *m, const struct op *op, bool rewritten)
{
	uint64_t at = op->x[0], nr = op->x[1];
	uint32_t found;

	if (op->arg == 2)
		return 1u << ROW_ID_SELFTEST;
	if (op->arg != 1)
		return 1u << ROW_ID_UNKNOWN;
	if (nr > UINT64_MAX - 8)
		return m->cache ? 1u << ROW_WRAPS : 1u << ROW_WRAPS_EMPTY;
	found = walk(m, at, nr);
	if (rewritten)
		found |= 1u << ROW_REWRITTEN;
	for (; nr && op_tag(at) == OP_TAG_PHYS; nr--) {
		uint32_t page = op_tag_page(at);

		if (page >= m->pool || op_tag_offset(at) ||
		    m->state[page] != FREE)
			break;
		m->state[page] = HYP;
		m->cache = true;
		at = m->link[page];
	}
	return found;
}

static void mark(struct memory *m, uint64_t frame, int from, int to)
{
	uint32_t page = op_tag_page(frame);

	if (op_tag(frame) == OP_TAG_FRAME && page < m->pool &&
	    (int)m->state[page] == from)
		m->state[page] = to;
}

/* The rows that one program has. */
static uint32_t rows_of(const struct prog *prog)
{
	static struct memory m;
	uint32_t found = 0, i;
	bool rewritten = false;

	memset(&m, 0, sizeof(m));
	m.pool = prog->world.pool_pages < POOL ? prog->world.pool_pages : POOL;
	for (i = 0; i < prog->nr; i++) {
		const struct op *op = &prog->ops[i];

		if (op->kind == OP_POKE && op->at) {
			rewritten = true;
			continue;
		}
		if (op->kind == OP_POKE && !op_tag_offset(op->arg) &&
		    op_tag_page(op->arg) < m.pool)
			m.link[op_tag_page(op->arg)] = op->x[0];
		if (op->kind == OP_TOPUP)
			m.cache = true;
		if (op->kind == OP_RECLAIM && op->arg == UINT64_MAX)
			m.cache = false;
		if (op->kind == OP_HVC && op->sub == OP_HVC_TOPUP)
			found |= donate(&m, op, rewritten);
		if (op->kind == OP_HVC && op->sub == OP_HVC_SHARE)
			mark(&m, op->arg, FREE, SHARED);
		if (op->kind == OP_HVC && op->sub == OP_HVC_UNSHARE)
			mark(&m, op->arg, SHARED, FREE);
		if (op->kind == OP_HVC && op->sub == OP_HVC_DONATE_GUEST)
			mark(&m, op->x[0], FREE, GUEST);
		rewritten = false;
	}
	return found;
}

/* Each row comes, and so often that a campaign of minutes meets it often. */
static void hostile_lists(void **state)
{
	uint32_t seen[ROWS] = {0}, i, row;
	struct prog prog;

	(void)state;
	prog_init(&prog);
	for (i = 0; i < PROGRAMS; i++) {
		uint32_t found;

		generate(&prog, i, PROFILE_HOST);
		found = rows_of(&prog);
		for (row = 0; row < ROWS; row++)
			seen[row] += found >> row & 1;
	}
	for (row = 0; row < ROWS; row++)
		if (seen[row] < PROGRAMS / 250)
			fail_msg("%s: in %u of %u", rows[row], seen[row],
				 PROGRAMS);
	prog_free(&prog);
}

/* ---- the motifs ---------------------------------------------------------- */

/* Valid, of kinds that are allowed, and something if what it needs is there. */
static void each_motif_keeps_to_the_mask(void **state)
{
	static const uint32_t pools[] = {0, 1, 5, 6, 7, 64, 65535};
	struct prog prog;
	struct rng rng;
	uint32_t nth, i;

	(void)state;
	prog_init(&prog);
	rng_seed(&rng, 1);
	for (nth = 0; nth < host_motifs(); nth++)
		for (i = 0; i < 400; i++) {
			prog_clear(&prog);
			prog.world.pool_pages = pools[i % COUNT(pools)];
			prog.world.cpus = 1 + i % 4;
			prog.world.swarm =
				host_motif_kinds(nth) |
				(i % 2 ? prog_swarm_host()
				       : rng_next(&rng) & prog_swarm_host());
			host_motif_apply(&prog, &rng, nth);
			assert_valid(&prog);
			if (!prog.nr)
				fail_msg("%s: nothing", host_motif_word(nth));
			assert_in_range(prog.nr, 1, 64);

			/* Without what it needs it writes less, never else. */
			prog_clear(&prog);
			prog.world.swarm = 1u << OP_ALLOC;
			host_motif_apply(&prog, &rng, nth);
			assert_int_equal(prog.nr, 0);
		}
	prog_free(&prog);
}

static void a_motif_that_the_mask_allows(void **state)
{
	struct prog prog;
	struct rng rng;

	(void)state;
	prog_init(&prog);
	rng_seed(&rng, 2);
	prog.world.swarm = prog_swarm_usual();
	assert_false(host_motif_add(&prog, &rng));
	assert_int_equal(prog.nr, 0);
	prog.world.swarm = 1u << OP_TRACE;
	assert_true(host_motif_add(&prog, &rng));
	assert_int_equal(prog.ops[0].kind, OP_TRACE);
	prog_free(&prog);
}

/* What tracing_load finds wrong: each is written, and a good one too. */
static void descriptors(void **state)
{
	uint32_t good = 0, cpus = 0, order = 0, few = 0, longer = 0, align = 0;
	struct prog prog;
	struct rng rng;
	uint32_t nth, i, at;

	(void)state;
	prog_init(&prog);
	rng_seed(&rng, 3);
	for (nth = 0; strcmp(host_motif_word(nth), "trace"); nth++)
		;
	for (i = 0; i < 1000; i++) {
		uint64_t word[512] = {0}, bytes = 0, offset = 8;
		bool bad = false;

		prog_clear(&prog);
		prog.world.cpus = 1 + i % 4;
		prog.world.swarm = prog_swarm_host();
		host_motif_apply(&prog, &rng, nth);
		for (at = 0; at < prog.nr; at++) {
			const struct op *op = &prog.ops[at];

			if (op->kind == OP_POKE)
				word[op_tag_offset(op->arg) / 8] = op->x[0];
			if (op->kind == OP_HVC &&
			    op->sub == OP_HVC_TRACING_LOAD)
				bytes = op->x[0];
		}
		if ((uint32_t)word[0] != prog.world.cpus)
			bad = ++cpus;
		if (bytes % 4096)
			bad = ++align;
		for (at = 0; at < prog.world.cpus && !bad; at++) {
			uint64_t ring = word[offset / 8], pages = ring >> 32;

			offset += 8 + 8 * pages;
			if ((uint32_t)ring != at)
				bad = ++order;
			else if (pages < 3)
				bad = ++few;
			else if (offset > bytes)
				bad = ++longer;
		}
		good += !bad;
	}
	assert_true(good > 100 && cpus > 20 && order > 20 && few > 20 &&
		    longer > 20 && align > 20);
	prog_free(&prog);
}

/* ---- whole programs ------------------------------------------------------ */

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
		cmocka_unit_test(hostile_lists),
		cmocka_unit_test(each_motif_keeps_to_the_mask),
		cmocka_unit_test(a_motif_that_the_mask_allows),
		cmocka_unit_test(descriptors),
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
