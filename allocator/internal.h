/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_HEAP_INTERNAL_H
#define HYPHEAP_HEAP_INTERNAL_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* Between heap.c, look.c and signals.c. */

/* Where the heap lies in the private window. */
struct heap_extent {
	uint64_t start;
	uint64_t size; /* 0: no heap is set up */
};

struct heap_extent heap_extent(void);

/* Changes with each call into the target: a watchdog sees whether one is stuck.
 */
extern volatile sig_atomic_t heap_calls_begun;

extern bool heap_damage; /* see heap_damaged() */

#endif
