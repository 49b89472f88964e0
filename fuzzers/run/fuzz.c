/* SPDX-License-Identifier: GPL-2.0-only */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#include "report.h"
#include "run.h"

static bool corrupts(const struct prog *prog)
{
	for (uint32_t i = 0; i < prog->nr; i++)
		if (prog->ops[i].kind == OP_CORRUPT)
			return true;

	return false;
}

/* Which file it will be only the engine knows; without an option is the
 * default. */
static const char *replay_line(enum run_level level)
{
	return level == RUN_CONTRACT ? "hypheap run --oracle=contract FILE"
				     : "hypheap run FILE";
}

uint32_t fuzz_one(const uint8_t *data, size_t size, enum profile profile,
		  enum run_level level, uint8_t *cells)
{
	static struct run *run;
	static struct prog prog;
	struct run_result result;
	struct run_config config;

	if (!run) {
		run = run_create();
		prog_init(&prog);
	}
	if (!run) {
		fprintf(stderr, "HARNESS BUG: no memory for the model or the "
				"twin\n");
		exit(3);
	}

	prog_decode(&prog, data, size);
	if (profile != PROFILE_CORRUPT && corrupts(&prog))
		return 0;
	config = run_config_fuzz(&prog);
	config.level = level;
	config.cells = cells;
	if (!run_program(run, &prog, &config, &result)) {
		report_failure(stderr, run, &result, replay_line(level));
		abort();
	}

	return result.steps;
}
