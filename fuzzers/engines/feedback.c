/* SPDX-License-Identifier: GPL-2.0-only */
#include "feedback.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "run/features.h"

/* What libFuzzer finds by the name of its section, clears and reads. */
static uint8_t cells[FEATURES_NR] __attribute__((section("__libfuzzer_extra_"
							 "counters"),
						 used, aligned(8)));

/*
 * AFL++, as any engine that counts by guards: when the program starts it writes
 * into each guard in this section which place in its map is the edge's. Another
 * engine has nothing to do with the section, and leaves them 0.
 */
static uint32_t guards[FEATURES_NR]
	__attribute__((section("__sancov_guards"), used));

/* The engine's: an edge was passed. */
void __sanitizer_cov_trace_pc_guard(uint32_t *guard) __attribute__((weak));

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

	return off ? NULL : cells;
}

void feedback_tell(void)
{
	if (!guards[0] || !__sanitizer_cov_trace_pc_guard)
		return;

	for (uint32_t i = 0; i < FEATURES_NR; i += 8) {
		uint64_t eight;

		memcpy(&eight, cells + i, 8);
		if (!eight)
			continue;
		for (uint32_t k = i; k < i + 8; k++)
			if (cells[k])
				__sanitizer_cov_trace_pc_guard(&guards[k]);
		memset(cells + i, 0, 8);
	}
}
