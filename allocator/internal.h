/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_HEAP_INTERNAL_H
#define HYPHEAP_HEAP_INTERNAL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ops.h"

/* Between heap.c, hcall.c, look.c and signals.c. */

/* Where the heap lies in the private window. */
struct heap_extent {
	uint64_t start;
	uint64_t size; /* 0: no heap is set up */
};

struct heap_extent heap_extent(void);

const struct heap_ops *heap_ops(void); /* of the target in use */

/*
 * heap_use() - From the next heap_reset() on, whatever the page size, a target
 * whose accesses are not checked; NULL: no longer.
 */
void heap_use(const struct heap_ops *unchecked);

/* What goes into a call, and what comes out. */
struct call {
	uint64_t arg, arg2;
	uint64_t ret, ret2;
	unsigned long *regs;
};

/*
 * heap_guarded() - Run @body with the target, as EL2 or as the host; false if
 * it did not return. May be called from a hook, in the middle of another call.
 */
bool heap_guarded(bool host, void (*body)(struct call *), struct call *call);

/* Changes with each call into the target: a watchdog sees whether one is stuck.
 */
extern volatile sig_atomic_t heap_calls_begun;

extern bool heap_damage; /* see heap_damaged() */

#endif
