/* SPDX-License-Identifier: GPL-2.0-only */
#include "run/fuzz.h"

#include "engine.h"
#include "feedback.h"
#include "level.h"
#include "stats.h"

const enum profile engine_profile = PROFILE_CORRUPT;

/* The target: as fuzz_heap, of programs that may damage the metadata. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t ops = fuzz_one(data, size, engine_profile, level_of_oracles(),
				feedback_cells());

	feedback_tell();
	stats_count(1, ops);

	return 0;
}
