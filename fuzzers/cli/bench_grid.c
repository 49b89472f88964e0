/* SPDX-License-Identifier: GPL-2.0-only */
#include "bench.h"

#include <inttypes.h>
#include <stdlib.h>

#include "program/gen.h"

/* Programs of one length, so many live objects and a heap so large. */

#define PAGE 4096u
#define OPS_A_ROUND 20000u /* at least, so that a round can be measured */
#define PROGRAMS 64u

/* Sizes of which @live fit into half of the heap; most are small. */
static uint64_t size_of(struct rng *rng, uint32_t live, uint32_t pages)
{
	uint64_t most = (uint64_t)pages * PAGE / live;

	if (most > 2 * PAGE)
		most = 2 * PAGE;
	if (most < 32)
		most = 32;

	return rng_below(rng, 4) ? 16 + rng_below(rng, most / 4)
				 : 16 + rng_below(rng, most - 16);
}

static void add(struct prog *prog, uint8_t kind, uint16_t slot, uint64_t arg)
{
	prog_add(prog, (struct op){.kind = kind, .slot = slot, .arg = arg});
}

void bench_program(struct prog *prog, uint64_t seed, uint32_t ops,
		   uint32_t live, uint32_t pages)
{
	struct rng rng;
	bool *full = calloc(live, sizeof(*full));
	uint32_t filled = 0;

	if (!full)
		abort();
	rng_seed(&rng, seed);
	prog->world.heap_pages = pages;
	prog->world.pool_pages = pages < 60000 ? pages + 64 : pages;
	prog->world.cpus = 1;
	if (ops)
		add(prog, OP_TOPUP, 0, live * 2 < pages ? live * 2 : pages);
	while (prog->nr < ops) {
		uint16_t slot = (uint16_t)rng_below(&rng, live);

		if (!rng_below(&rng, 32)) {
			add(prog, OP_RECLAIM, 0, 2);
			add(prog, OP_TOPUP, 0, 2);
		} else if (full[slot] && filled * 8 > live * 7) {
			add(prog, OP_FREE, slot, 0);
			full[slot] = false;
			filled--;
		} else {
			while (full[slot])
				slot = (uint16_t)((slot + 1u) % live);
			add(prog, OP_ALLOC, slot, size_of(&rng, live, pages));
			full[slot] = true;
			filled++;
		}
	}
	prog->nr = ops;
	free(full);
}

/* How many times @way all oracles cost. */
static void print_times(const struct bench *b, enum bench_way way)
{
	if (way < b->first)
		printf(" %6s", "-");
	else
		printf(" %6.2f", b->median[BENCH_ALL] / b->median[way]);
}

/* One row of a table. */
static bool row(const struct bench_table *t, uint32_t ops, uint32_t live,
		uint32_t pages)
{
	struct prog programs[PROGRAMS];
	const enum bench_way first = t->first;
	struct json *j = t->j;
	uint64_t nr = ops ? 1 + OPS_A_ROUND / ops : PROGRAMS;
	struct bench b = {
		.run = t->run,
		.programs = programs,
		.first = first,
		.rounds = t->rounds,
		.ask = t->ask,
	};
	bool holds;

	b.nr = nr < PROGRAMS ? nr : PROGRAMS;
	for (uint64_t i = 0; i < b.nr; i++) {
		prog_init(&programs[i]);
		bench_program(&programs[i], i, ops, live, pages);
	}
	holds = bench_run(&b);
	for (uint64_t i = 0; i < b.nr; i++)
		prog_free(&programs[i]);
	if (!holds)
		return false;

	if (j) {
		json_object(j, NULL);
		json_number(j, "ops_each", ops);
		json_number(j, "live", live);
		json_number(j, "heap_pages", pages);
		bench_json(j, &b);
		json_end(j);
		return true;
	}
	printf("%6" PRIu32 " %5" PRIu32 " %6" PRIu32, ops, live, pages);
	for (enum bench_way way = 0; way < first; way++)
		printf(" %8s", "-");
	for (enum bench_way way = first; way < BENCH_WAYS; way++)
		printf(" %8.0f",
		       1e9 * b.median[way] / (double)(ops ? b.ops : b.nr));
	printf(" ");
	print_times(&b, BENCH_BARE);
	print_times(&b, BENCH_CHECKS);
	printf("  %4.0f\n", 100 * (b.highest[BENCH_ALL] - b.lowest[BENCH_ALL]) /
				    b.median[BENCH_ALL]);

	return true;
}

static void head(struct json *j)
{
	if (j)
		return;

	printf("ns an operation, resets included; ops 0: ns a reset\n"
	       "%6s %5s %6s",
	       "ops", "live", "pages");
	for (enum bench_way way = 0; way < BENCH_WAYS; way++)
		printf(" %8s", bench_names[way]);
	printf("  %6s %6s  %s\n", "/bare", "/checks", "spread %");
}

bool bench_grid(const struct bench_table *t)
{
	static const uint32_t lengths[] = {0, 8, 64, 256, 4096};
	static const uint32_t lives[] = {8, 64, 256};
	static const uint32_t heaps[] = {16, 1024};

	head(t->j);
	for (int h = 0; h < 2; h++)
		for (int n = 0; n < 5; n++)
			for (int k = 0; k < 3; k++) {
				/* too short to get there */
				if (k && lengths[n] < lives[k])
					continue;
				if (!row(t, lengths[n], lives[k], heaps[h]))
					return false;
			}

	return true;
}

bool bench_row(const struct bench_table *t, uint32_t ops, uint32_t live,
	       uint32_t pages)
{
	head(t->j);
	return row(t, ops, live, pages);
}

bool bench_growth(const struct bench_table *t)
{
	static const uint32_t lives[] = {16, 64, 256, 1024, 4096};
	static const uint32_t heaps[] = {256, 1024, 4096, 32768};

	head(t->j);
	for (int k = 0; k < 5; k++)
		if (!row(t, 16384, lives[k], 4096))
			return false;
	for (int h = 0; h < 4; h++)
		if (!row(t, 4096, 64, heaps[h]))
			return false;

	return true;
}
