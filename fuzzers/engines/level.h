/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_LEVEL_H
#define HYPHEAP_LEVEL_H

#include "run/run.h"

/**
 * level_of_oracles() - Which oracles a fuzz target runs with.
 *
 * HYPHEAP_LEVEL=contract in the environment is for an allocator with a policy
 * of its own; exact, or nothing, for one that does what the model says. Any
 * other value ends the process with status 2: a target that quietly asked more
 * or less than it was told to would be worse than none. Read once.
 */
enum run_level level_of_oracles(void);

#endif
