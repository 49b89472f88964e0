/* SPDX-License-Identifier: GPL-2.0-only */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "allocator/heap.h"
#include "run/run.h"

/*
 * An executor that runs nothing and says what a program tells it to say, so
 * that a test sees what the commands make of verdicts and of faults of the
 * harness. "shrink N" is the order; everything else is fine. FAKE_SHRINK=N in
 * the environment makes each shrink an order, for random programs.
 */

enum {
	ORDER_PAGES = 1001, /* verdict: pages */
	ORDER_PANIC = 1002, /* verdict: a panic in hyp_free */
	ORDER_END = 1003,   /* verdict on the whole program */
	ORDER_ABORT = 2001, /* the harness aborts */
	ORDER_SEGV = 2002,  /* the harness faults */
	ORDER_EXIT = 2003,  /* the harness gives up */
	ORDER_HANG = 2004,  /* the harness hangs */
	ORDER_LONG = 2005,  /* verdict: account, after a while */
};

struct run {
	const struct prog *prog;
	struct header header;
};

struct run *run_create(void)
{
	heap_catch_signals(); /* as the first program does */
	return calloc(1, sizeof(struct run));
}

void run_destroy(struct run *run)
{
	free(run);
}

static bool obey(struct step *step, struct verdict *v)
{
	volatile char *page;
	const char *every = getenv("FAKE_SHRINK");

	switch (every ? strtoull(every, NULL, 10) : step->op.arg) {
	case ORDER_PAGES:
		return verdict_fail(v, ORACLE_PAGES, step, "1 is lost");
	case ORDER_PANIC:
		step->actual.end = STEP_PANIC;
		step->function = "hyp_free";
		step->where = "alloc.c:12";
		verdict_fail(v, ORACLE_PANIC, step, "panic in hyp_free");
		strcpy(v->function, "hyp_free");
		return false;
	case ORDER_ABORT:
		abort();
	case ORDER_SEGV:
		page = mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0);
		*page = 1;
		return true;
	case ORDER_EXIT:
		exit(3);
	case ORDER_HANG:
		for (;;)
			pause();
	case ORDER_LONG:
		nanosleep(&(struct timespec){.tv_nsec = 30000000}, NULL);
		return verdict_fail(v, ORACLE_ACCOUNT, step, "it took long");
	default:
		return true;
	}
}

bool run_program(struct run *run, const struct prog *prog,
		 const struct run_config *config, struct run_result *result)
{
	bool holds = true, end = false;

	run->prog = prog;
	memset(result, 0, sizeof(*result));
	result->digest = 0x123;
	for (uint32_t i = 0; holds && i < prog->nr; i++) {
		struct step *step = &result->last;

		*step = (struct step){.number = i + 1,
				      .op = prog->ops[i],
				      .page = 4096,
				      .heap_bytes = 4096,
				      .exact = config->level == RUN_EXACT,
				      .function = "",
				      .where = "",
				      .what = ""};
		result->steps++;
		if (step->op.kind == OP_SHRINK) {
			holds = obey(step, &result->verdict);
			end |= step->op.arg == ORDER_END;
		}
		if (config->watch)
			config->watch(config->data, run, step);
	}
	if (holds && end)
		holds = verdict_fail(&result->verdict, ORACLE_ACCOUNT, NULL,
				     "books");
	return holds;
}

struct run_config run_config_full(void)
{
	return (struct run_config){.level = RUN_EXACT, .replay = true};
}

struct run_config run_config_fuzz(const struct prog *prog)
{
	(void)prog;
	return (struct run_config){.level = RUN_EXACT};
}

const struct prog *run_prog(const struct run *run)
{
	return run->prog;
}

uint32_t run_live(const struct run *run)
{
	(void)run;
	return 0;
}

struct object run_object(const struct run *run, uint32_t i)
{
	(void)run;
	(void)i;
	abort();
}

int64_t run_page_at(const struct run *run, uint64_t page)
{
	(void)run;
	(void)page;
	return -1;
}

const struct header *run_headers(const struct run *run, uint32_t *nr)
{
	*nr = 0;
	return &run->header;
}

const struct header *run_headers_before(const struct run *run, uint32_t *nr)
{
	return run_headers(run, nr);
}
