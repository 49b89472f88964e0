/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_ENGINE_H
#define HYPHEAP_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include "program/gen.h"

/* What the engines call, and what they offer: their names, not ours. */

/* LLVMFuzzerTestOneInput() - One input. Return: 0. Aborts on a finding. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * engine_profile - What the programs of this target are about: fresh ones, with
 * which the mutator begins, and goes on now and then, are of it.
 */
extern const enum profile engine_profile;

/* LLVMFuzzerInitialize() - Once, before the first input. Return: 0. */
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* LLVMFuzzerCustomMutator() - Mutate in place. Return: the new size. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
			       unsigned int seed);

/* LLVMFuzzerCustomCrossOver() - Mix two inputs. Return: the size of @out. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1,
				 const uint8_t *data2, size_t size2,
				 uint8_t *out, size_t max_out_size,
				 unsigned int seed);

/* LLVMFuzzerMutate() - libFuzzer's own byte mutations. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

#endif
