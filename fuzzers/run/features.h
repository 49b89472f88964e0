/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_FEATURES_H
#define HYPHEAP_FEATURES_H

#include <stdint.h>

#include "model/step.h"

/*
 * What state a step was in, coarsely, for an engine that else sees only where
 * the code went: the same code over a heap of another shape is worth keeping,
 * too. A feature is the number of a cell, 0 to FEATURES_NR - 1.
 *
 * A cell is about one of these, each in few levels:
 * - sequence: the operation before, and whether it failed, this one, its outcome
 * - shape: used and free chunks, holes, pages in the cache; about what it was
 * - change: what it did to chunks, pages and cache, and its outcome
 * - place: where in its page a new object begins and ends
 */

#define FEATURES_NR 4096u
#define FEATURES_OF_A_STEP 4u

/**
 * features_of() - The cells of a step.
 * @before: what features_next() returned for the last step; 0 at first
 * @cell: of which that many are filled in
 *
 * A pure function: of the step's facts, and never of an address or of what was
 * run before the program. A skipped operation has none.
 *
 * Return: how many, at most FEATURES_OF_A_STEP.
 */
unsigned int features_of(const struct step *step, uint32_t before,
			 uint16_t cell[FEATURES_OF_A_STEP]);

/* features_next() - What the next step's @before is, given this one's. */
uint32_t features_next(const struct step *step, uint32_t before);

/**
 * features_note() - Mark the cells of a step.
 * @cells: FEATURES_NR bytes; those of the step become 1
 * @before: as in features_of(); moves on
 */
void features_note(uint8_t *cells, const struct step *step, uint32_t *before);

#endif
