/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_FEEDBACK_H
#define HYPHEAP_FEEDBACK_H

#include <stdint.h>

/**
 * feedback_cells() - Where the engine looks for features of state.
 *
 * FEATURES_NR bytes that the engine clears before each input and reads after
 * it, as it does with its own counters of edges: for libFuzzer and for AFL++.
 *
 * Return: NULL with HYPHEAP_FEATURES=off in the environment, to compare with,
 * and where AFL++ has not numbered the cells one after the other (it was told
 * to instrument only a part, AFL_INST_RATIO).
 */
uint8_t *feedback_cells(void);

#endif
