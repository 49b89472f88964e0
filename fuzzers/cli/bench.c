/* SPDX-License-Identifier: GPL-2.0-only */
#include "bench.h"

#include <stdlib.h>
#include <time.h>

#include "allocator/heap.h"
#include "allocator/host/host.h"
#include "run/report.h"

const char *const bench_names[BENCH_WAYS] = {
	[BENCH_BARE] = "bare",	       [BENCH_CHECKS] = "checks",
	[BENCH_EXECUTOR] = "executor", [BENCH_MODEL] = "model",
	[BENCH_TWIN] = "twin",	       [BENCH_ALL] = "all",
};

/* Of this process: what else the machine does is not in it. */
static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---- without the executor ------------------------------------------------ */

bool bench_plain(const struct prog *prog)
{
	for (uint32_t i = 0; i < prog->nr; i++)
		if (prog->ops[i].kind != OP_ALLOC &&
		    prog->ops[i].kind != OP_FREE &&
		    prog->ops[i].kind != OP_TOPUP &&
		    prog->ops[i].kind != OP_RECLAIM)
			return false;

	return true;
}

static uint64_t object_at[OP_SLOTS]; /* 0: the slot is empty */

/* Return: whether the call returned. */
static bool plain_op(const struct op *op)
{
	uint64_t *at = &object_at[op->slot], offset, pages;
	bool got;
	int err;

	switch (op->kind) {
	case OP_ALLOC:
		if (*at)
			return true;
		if (!heap_alloc(op->arg, &got, &offset))
			return false;
		*at = got ? offset : 0;
		return true;
	case OP_FREE:
		offset = *at;
		*at = 0;
		return !offset || heap_free(offset);
	case OP_TOPUP:
		return host_topup(op->arg, &err);
	default:
		return host_reclaim(op->arg, &pages);
	}
}

/* Straight from the program to the allocator. Return: operations begun. */
static uint64_t run_plain(const struct prog *prog, bool bare, bool ask)
{
	const struct heap_config config = {
		.page_shift = prog->world.page_shift,
		.pool_pages = prog->world.pool_pages,
		.cpus = prog->world.cpus,
	};
	uint64_t pages;
	uint32_t i;
	int err;

	heap_bare(bare);
	heap_reset(&config);
	host_reset(prog->world.pool_pages);
	heap_begin(1ull << 40);
	if (prog->world.init && !heap_init((uint64_t)prog->world.heap_pages
						   << prog->world.page_shift,
					   &err))
		abort();
	for (i = 0; i < prog->nr; i++)
		if (!plain_op(&prog->ops[i]) ||
		    (ask && !heap_reclaimable(&pages)))
			abort();
	for (i = 0; i < prog->nr; i++)
		object_at[prog->ops[i].slot] = 0;
	heap_bare(false);

	return prog->nr;
}

/* ---- rounds -------------------------------------------------------------- */

enum bench_way bench_next(const struct bench *b, enum bench_way way)
{
	return b->level == RUN_CONTRACT && way == BENCH_EXECUTOR ? BENCH_ALL
								 : way + 1;
}

static struct run_config config_of(const struct bench *b, enum bench_way way,
				   const struct prog *prog)
{
	static const enum run_level levels[BENCH_WAYS] = {
		[BENCH_EXECUTOR] = RUN_BARE,
		[BENCH_MODEL] = RUN_MODEL,
		[BENCH_TWIN] = RUN_TWIN,
	};
	struct run_config config = {.level = levels[way]};

	if (way != BENCH_ALL)
		return config;

	/* of no operations all programs are one, which is the 1 in 64 */
	if (prog->nr)
		config = run_config_fuzz(prog);
	config.level = b->level;

	return config;
}

static bool run_round(struct bench *b, enum bench_way way, double *time)
{
	struct run_result result;
	const double began = cpu_seconds();

	b->ops = 0;
	for (uint64_t i = 0; i < b->nr; i++) {
		const struct prog *prog = &b->programs[i];
		struct run_config config;

		if (way < BENCH_EXECUTOR) {
			b->ops += run_plain(prog, way == BENCH_BARE, b->ask);
			continue;
		}
		config = config_of(b, way, prog);
		if (!run_program(b->run, prog, &config, &result)) {
			report_failure(stderr, b->run, &result, NULL);
			return false;
		}
		b->ops += result.steps;
	}
	*time = cpu_seconds() - began;

	return true;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const double *times, unsigned int nr)
{
	return nr % 2 ? times[nr / 2] : (times[nr / 2 - 1] + times[nr / 2]) / 2;
}

bool bench_run(struct bench *b)
{
	double *times = calloc((size_t)BENCH_WAYS * b->rounds, sizeof(*times));
	double warm_up;
	bool holds = true;

	if (!times)
		abort();
	for (enum bench_way way = b->first; way < BENCH_WAYS && holds;
	     way = bench_next(b, way))
		holds = run_round(b, way, &warm_up);
	for (unsigned int i = 0; i < b->rounds && holds; i++)
		for (enum bench_way way = b->first; way < BENCH_WAYS && holds;
		     way = bench_next(b, way))
			holds = run_round(b, way, &times[way * b->rounds + i]);
	for (enum bench_way way = b->first; way < BENCH_WAYS && holds;
	     way = bench_next(b, way)) {
		double *of = times + (size_t)way * b->rounds;

		qsort(of, b->rounds, sizeof(*of), by_size);
		b->median[way] = median(of, b->rounds);
		b->lowest[way] = of[0];
		b->highest[way] = of[b->rounds - 1];
	}
	free(times);

	return holds;
}

void bench_json(struct json *j, const struct bench *b)
{
	const double ops = (double)b->ops;

	for (enum bench_way way = b->first; way < BENCH_WAYS;
	     way = bench_next(b, way)) {
		json_object(j, bench_names[way]);
		json_number(j, "ops", b->ops);
		json_real(j, "programs_per_second",
			  (double)b->nr / b->median[way]);
		json_real(j, "ns_per_program",
			  1e9 * b->median[way] / (double)b->nr);
		if (b->ops) {
			json_real(j, "ops_per_second", ops / b->median[way]);
			json_real(j, "ns_per_op", 1e9 * b->median[way] / ops);
			json_real(j, "ns_per_op_lowest",
				  1e9 * b->lowest[way] / ops);
			json_real(j, "ns_per_op_highest",
				  1e9 * b->highest[way] / ops);
		}
		json_end(j);
	}
	json_real(j, "ratio", b->median[BENCH_ALL] / b->median[b->first]);
}
