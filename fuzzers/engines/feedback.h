/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_FEEDBACK_H
#define HYPHEAP_FEEDBACK_H

#include <stdint.h>

/*
 * Features of state for an engine, beside its own counters of edges: libFuzzer
 * reads the cells where they are and clears them itself; AFL++ takes them for
 * edges, and hears of them when the input is over.
 *
 *	uint8_t *cells = feedback_cells();
 *	(run one input, which marks cells)
 *	feedback_tell();
 */

/**
 * feedback_cells() - Where the features of an input are marked.
 *
 * Return: FEATURES_NR bytes, or NULL with HYPHEAP_FEATURES=off in the
 * environment, to compare with.
 */
uint8_t *feedback_cells(void);

/* feedback_tell() - An input is over: tell an engine that does not look itself.
 */
void feedback_tell(void);

#endif
