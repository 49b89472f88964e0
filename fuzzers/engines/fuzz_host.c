/* SPDX-License-Identifier: GPL-2.0-only */
#include "run/fuzz.h"

#include "engine.h"
#include "stats.h"

/*
 * The target: as fuzz_heap, begun with programs of the whole: clients,
 * requests, the shrinker, several CPUs, and a host that is hostile.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	stats_count(1, fuzz_one(data, size, PROFILE_HOST));
	return 0;
}
