/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_LOOK_H
#define HYPHEAP_LOOK_H

#include <stdint.h>

/* Where the heap lies in the private window; between heap.c and look.c. */
struct heap_extent {
	uint64_t start;
	uint64_t size; /* 0: no heap is set up */
};

struct heap_extent heap_extent(void);

#endif
