/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_STATS_H
#define HYPHEAP_STATS_H

#include <stdint.h>

/* How much a fuzz target has run, for whoever watches it from outside. */

/**
 * struct stats - The file that HYPHEAP_STATS_FILE names, in host byte order.
 * @programs: inputs run
 * @ops: operations run in them
 */
struct stats {
	uint64_t programs;
	uint64_t ops;
	uint64_t reserved[6];
};

/**
 * stats_count() - Add to the counters.
 *
 * Without HYPHEAP_STATS_FILE in the environment, or if that file cannot be
 * mapped (which is said once on stderr), this does nothing. The file is
 * created if need be and added to if it exists. One process at a time.
 */
void stats_count(uint64_t programs, uint64_t ops);

#endif
