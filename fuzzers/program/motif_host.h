/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_MOTIF_HOST_H
#define HYPHEAP_MOTIF_HOST_H

#include "gen.h"

/* Short sequences of a host, most of them of a hostile one. */

/* host_motifs() - How many there are. */
uint32_t host_motifs(void);

/* host_motif_word() - What the @nth is about. */
const char *host_motif_word(uint32_t nth);

/* host_motif_kinds() - The kinds it cannot do without, as a swarm mask. */
uint64_t host_motif_kinds(uint32_t nth);

/**
 * host_motif_apply() - Append the @nth, bound to pages and names drawn anew.
 *
 * Only kinds of the swarm mask come into the program.
 */
void host_motif_apply(struct prog *prog, struct rng *rng, uint32_t nth);

/**
 * host_motif_add() - Append one of those that the swarm mask allows.
 *
 * Return: false if it allows none.
 */
bool host_motif_add(struct prog *prog, struct rng *rng);

#endif
