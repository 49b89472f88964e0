/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_SELFCHECK_LIES_H
#define HYPHEAP_SELFCHECK_LIES_H

#include "allocator/heap.h"
#include "allocator/lies.h"
#include "model/step.h"
#include "seam.h"

/* The functions that lie, between selfcheck.c and the files that have them. */

/* The live object lowest in the heap, before the operation of the lie. */
extern struct object lie_object;

#define LIE(oracle, of, levels, what, program, run, nth, function, tell) \
	extern __typeof__(__real_##function) tell;
#include "lies.def"
#undef LIE

#endif
