/* SPDX-License-Identifier: GPL-2.0-only */
#include "program_test.h"
#include "program/motif_host.h"

/* What a hostile host tries: the short sequences, and that programs have them. */

#define PROGRAMS 2000

static void generate(struct prog *prog, uint64_t seed, enum profile profile)
{
	struct gen_config config = {.ops = 64, .profile = profile};
	struct rng rng;

	rng_seed(&rng, seed);
	prog_generate(prog, &rng, &config);
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
			prog.world.swarm = 1u << OP_WRITE;
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
	for (nth = 0; strcmp(host_motif_word(nth), "trace") != 0; nth++)
		;
	for (i = 0; i < 1000; i++) {
		uint64_t word[1024 + 8] = {0}, bytes = 0, offset = 8;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_lists),
		cmocka_unit_test(each_motif_keeps_to_the_mask),
		cmocka_unit_test(a_motif_that_the_mask_allows),
		cmocka_unit_test(descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
