/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_SELFCHECK_SEAM_H
#define HYPHEAP_SELFCHECK_SEAM_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A thin layer between the executor and heap.h, and between the allocator and
 * the backend: each function of seam.def, as it is or as somebody tells it.
 */

struct twin;
struct model;
struct heap_config;

/* What is told instead; NULL: what is so. */
struct seam {
#define SEAM(type, name, params, args) type(*name) params;
#include "seam.def"
#undef SEAM
};

/* What it is really. */
#define SEAM(type, name, params, args) type __real_##name params;
#include "seam.def"
#undef SEAM

enum seam_function {
#define SEAM(type, name, params, args) SEAM_##name,
#include "seam.def"
#undef SEAM
	SEAM_FUNCTIONS
};

#define SEAM_EACH 0xffffffffu

/**
 * seam_lie() - From now on, tell it otherwise.
 * @lie: functions that lie; it stays the caller's
 * @run: in the n-th run of a program from now, from 1
 * @op: in that operation of the program, from 1; 0: while the heap is set up
 * @nth: when the function is called for the n-th time in it, from 1, or each
 *	 time: SEAM_EACH
 */
void seam_lie(const struct seam *lie, unsigned int run, unsigned int op,
	      unsigned int nth);

/*
 * seam_truth() - No more lies.
 *
 * Return: how often there was one since seam_lie().
 */
unsigned int seam_truth(void);

#endif
