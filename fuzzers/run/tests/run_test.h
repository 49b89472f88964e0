/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_RUN_TEST_H
#define HYPHEAP_RUN_TEST_H

#include "run/state.h"
#include "scripts/lib/test.h"

/* An executor for a group of tests, a program, and what came of it. */

static struct run *run;
static struct prog prog;
static struct run_result result;

static int create(void **state)
{
	(void)state;
	run = run_create();
	prog_init(&prog);

	return run ? 0 : -1;
}

static int destroy(void **state)
{
	(void)state;
	run_destroy(run);
	prog_free(&prog);

	return 0;
}

#endif
