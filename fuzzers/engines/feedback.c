/* SPDX-License-Identifier: GPL-2.0-only */
#include "feedback.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "run/features.h"

/* What libFuzzer finds by the name of its section. */
static uint8_t libfuzzer_cells[FEATURES_NR]
	__attribute__((section("__libfuzzer_extra_counters"), used));

/*
 * What AFL++ takes for edges: each has a guard in this section, and when the
 * program starts the runtime writes into each the place in its map that is the
 * edge's. An engine that has no such section leaves them 0.
 */
static uint32_t afl_cells[FEATURES_NR]
	__attribute__((section("__sancov_guards"), used));

/* AFL++'s map; it moves when the runtime is told where it is shared. */
extern uint8_t *__afl_area_ptr __attribute__((weak));

static bool features_are_off(void)
{
	const char *value = getenv("HYPHEAP_FEATURES");

	return value && !strcmp(value, "off");
}

uint8_t *feedback_cells(void)
{
	static int off = -1;

	if (off < 0)
		off = features_are_off();
	if (off)
		return NULL;
	if (!&__afl_area_ptr)
		return libfuzzer_cells;
	if (!afl_cells[0] ||
	    afl_cells[FEATURES_NR - 1] - afl_cells[0] != FEATURES_NR - 1)
		return NULL;

	return __afl_area_ptr + afl_cells[0];
}
