/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One of two allocators that scripts/compare-alloc runs side by side: random
 * programs, an operation at a time. After each it tells what came of it and
 * waits for a line: "next", or "skip" for the program that follows.
 *
 * Allocations go through the request loop: an allocator that needs more pages
 * then asks for more, instead of failing, so that both have the same objects.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allocator/heap.h"
#include "program/gen.h"
#include "program/op.h"
#include "run/run.h"
#include "run/trace.h"

#define LINE 64
#define PAGE_WORDS (HEAP_BYTES_MAX / 4096 / 64)

struct side {
	uint64_t index; /* of the program */
	bool skipped;	/* the rest of it is of no interest */
};

static void fail(const char *words)
{
	fprintf(stderr, "hypheap_lockstep: %s\n", words);
	exit(2);
}

/* "next" or "skip"; the end of the input ends us. */
static bool told_to_go_on(void)
{
	char line[LINE];

	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		exit(0);

	return !strcmp(line, "next\n");
}

/* Mapped pages with no byte of an object on them that reclaim cannot have. */
static uint64_t stranded(const struct run *run, const struct step *step)
{
	static uint64_t busy[PAGE_WORDS];
	const uint32_t live = run_live(run);
	uint64_t with = 0, reclaimable;

	memset(busy, 0, sizeof(busy));
	for (uint32_t i = 0; i < live; i++) {
		const struct object object = run_object(run, i);
		uint64_t page = object.offset / step->page;

		for (; page * step->page < object.offset + object.size; page++)
			busy[page / 64] |= UINT64_C(1) << page % 64;
	}
	for (uint32_t i = 0; i < PAGE_WORDS; i++)
		with += (uint64_t)__builtin_popcountll(busy[i]);

	reclaimable = step->reclaimable - step->after.spare;
	if (step->after.mapped < with + reclaimable)
		return 0;

	return step->after.mapped - with - reclaimable;
}

static void tell(void *data, const struct run *run, const struct step *step)
{
	const struct census *c = &step->after;
	struct side *side = data;
	char result[RESULT_TEXT], text[OP_TEXT];
	uint64_t bytes = 0;

	if (side->skipped)
		return;

	for (uint32_t i = 0; i < run_live(run); i++)
		bytes += run_object(run, i).size;
	printf("op\t%" PRIu32 "\t%s\t%s\t%" PRIu32 "\t%" PRIu64 "\t%" PRIu32
	       "\t%" PRIu32 "\t%" PRIu64 "\t%u\t%" PRIu64 "\n",
	       step->number, op_print(&step->op, text, sizeof(text)),
	       result_print(step, result, sizeof(result)), run_live(run), bytes,
	       c->mapped, c->spare, stranded(run, step),
	       step->tries > 1 ? step->tries - 1 : 0, run_footprint(run));
	side->skipped = !told_to_go_on();
}

/* With an arena of jemalloc's that nothing has been in before. */
static void run_one(struct prog *prog, struct side *side)
{
	const struct run_config config = {
		.level = RUN_CONTRACT, .watch = tell, .data = side};
	struct run *run = run_create();
	struct run_result result;
	char signature[SIGNATURE_TEXT] = "";

	if (!run)
		fail("no memory");
	for (uint32_t i = 0; i < prog->nr; i++)
		if (prog->ops[i].kind == OP_ALLOC)
			prog->ops[i].kind = OP_CALL;

	side->skipped = false;
	printf("program\t%" PRIu64 "\t%" PRIu32 "\t%u\n", side->index,
	       prog->world.heap_pages, 1u << prog->world.page_shift);
	if (!run_program(run, prog, &config, &result))
		verdict_signature(&result.verdict, signature,
				  sizeof(signature));
	printf("end\t%s\n", *signature ? signature : "holds");
	fflush(stdout);
	run_destroy(run);
}

static uint64_t number(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 0);

	if (!*text || *end)
		fail("usage: hypheap_lockstep SEED RUNS OPS heap|host PAGE");

	return value;
}

int main(int argc, char **argv)
{
	struct side side = {.index = 0};
	struct gen_config gen = {.profile = PROFILE_HEAP};
	struct prog prog;
	struct rng rng;
	uint64_t runs, page;

	if (argc != 6)
		fail("usage: hypheap_lockstep SEED RUNS OPS heap|host PAGE");
	runs = number(argv[2]);
	gen.ops = (uint32_t)number(argv[3]);
	if (!strcmp(argv[4], "host"))
		gen.profile = PROFILE_HOST;
	page = number(argv[5]);
	if (!(page & heap_page_sizes()) || page & (page - 1))
		fail("PAGE is none that the allocator was built for");
	gen.page_shift = (uint32_t)__builtin_ctzll(page);

	prog_init(&prog);
	for (; side.index < runs; side.index++) {
		rng_seed(&rng, number(argv[1]));
		rng_seed(&rng, rng_next(&rng) + side.index);
		prog_clear(&prog);
		prog_generate(&prog, &rng, &gen);
		run_one(&prog, &side);
	}
	prog_free(&prog);

	return 0;
}
