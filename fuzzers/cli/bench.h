/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_BENCH_H
#define HYPHEAP_BENCH_H

#include "program/prog.h"
#include "run/json.h"
#include "run/run.h"

/*
 * Measuring: the same programs in several ways, in turns, so that what else the
 * machine does hits all alike; CPU time of this process.
 */

enum bench_way {
	BENCH_BARE,	/* allocator and backend, no check of any access */
	BENCH_CHECKS,	/* each access is checked */
	BENCH_EXECUTOR, /* by the executor, which notes what it sees */
	BENCH_MODEL,	/* the model predicts */
	BENCH_TWIN,	/* jemalloc has a twin of each object */
	BENCH_ALL,	/* all oracles judge: what a fuzz target does */
	BENCH_WAYS
};

extern const char *const bench_names[BENCH_WAYS];

/**
 * struct bench - What is measured.
 * @programs, @nr: in each way, once a round
 * @level: of BENCH_ALL: RUN_EXACT, or RUN_CONTRACT, where there is no model
 * @first: the first way; the two before BENCH_EXECUTOR want programs of
 *	   bench_plain() with pages of 4096 bytes
 * @rounds: in which all ways take turns
 * @ask: without the executor, too, the allocator is asked after each operation
 *	 what it could give back
 * @ops: that a round has, after bench_run()
 * @median, @lowest, @highest: seconds of a round
 */
struct bench {
	struct run *run;
	const struct prog *programs;
	uint64_t nr;
	enum run_level level;
	enum bench_way first;
	unsigned int rounds;
	bool ask;
	uint64_t ops;
	double median[BENCH_WAYS], lowest[BENCH_WAYS], highest[BENCH_WAYS];
};

/* bench_next() - The way that is measured after @way; BENCH_WAYS: none. */
enum bench_way bench_next(const struct bench *b, enum bench_way way);

/* bench_plain() - Has it nothing but alloc, free, topup and reclaim? */
bool bench_plain(const struct prog *prog);

/* bench_run() - Return: false if a program does not hold; it is reported. */
bool bench_run(struct bench *b);

/* bench_json() - A member for each way, and the ratio of the last to the first.
 */
void bench_json(struct json *j, const struct bench *b);

/**
 * bench_program() - A program that keeps about @live objects.
 * @ops: with those that lead there
 * @pages: of the heap, of 4096 bytes each
 */
void bench_program(struct prog *prog, uint64_t seed, uint32_t ops,
		   uint32_t live, uint32_t pages);

/**
 * struct bench_table - How a table, or a row of one, is measured.
 * @rounds, @first, @ask: as in struct bench; ways before @first are not measured
 * @j: where to, or NULL: printed
 */
struct bench_table {
	struct run *run;
	unsigned int rounds;
	enum bench_way first;
	bool ask;
	struct json *j;
};

/*
 * bench_grid(), bench_growth() - Tables over lengths, objects and heaps.
 * bench_row() - A row of those: programs of bench_program().
 *
 * Return: false if a program does not hold.
 */
bool bench_grid(const struct bench_table *t);
bool bench_growth(const struct bench_table *t);
bool bench_row(const struct bench_table *t, uint32_t ops, uint32_t live,
	       uint32_t pages);

#endif
