/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_FUZZ_H
#define HYPHEAP_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "program/gen.h"
#include "run.h"

/**
 * fuzz_one() - A fuzz target's whole work on one input.
 * @profile: PROFILE_HEAP: a program that corrupts is not run, since what comes
 *	     of damage is another target's question; PROFILE_CORRUPT: all are
 * @level: RUN_EXACT or RUN_CONTRACT
 * @cells: as in struct run_config, or NULL
 *
 * Decodes, runs with all oracles and returns if the program holds. If not, it
 * prints the report on stderr and aborts, so that the engine keeps the input.
 *
 * Return: operations run.
 */
uint32_t fuzz_one(const uint8_t *data, size_t size, enum profile profile,
		  enum run_level level, uint8_t *cells);

#endif
