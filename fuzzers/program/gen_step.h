/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_GEN_STEP_H
#define HYPHEAP_GEN_STEP_H

#include "gen_state.h"

/* One operation of a program in the making. */

enum pace { PACE_GROW, PACE_CHURN, PACE_SHRINK, PACES };

/**
 * struct gen - One program in the making.
 * @pace, @bytes, @objects: the phase, and the fill it aims at
 * @cap: sizes above it are mostly drawn again
 * @slots: slot numbers below this are used
 * @salt: which slots are cold: theirs are rarely freed
 */
struct gen {
	struct prog *prog;
	struct rng *rng;
	enum pace pace;
	uint64_t bytes;
	uint32_t objects;
	uint64_t cap;
	enum size_class sizes;
	uint32_t slots;
	uint32_t salt;
	struct gen_state st;
};

static inline bool gen_allowed(const struct gen *g, uint32_t kind)
{
	return g->prog->world.swarm >> kind & 1;
}

/* gen_step() - Append one operation. */
void gen_step(struct gen *g);

/* gen_kind() - Append one operation, mostly of this kind. */
void gen_kind(struct gen *g, uint8_t kind);

/* gen_emit() - Append this operation, brought into range. */
void gen_emit(struct gen *g, uint8_t kind, uint8_t sub, uint16_t slot,
	      uint64_t arg);

/* gen_client() - gen_kind() of one of create to hvc. */
void gen_client(struct gen *g, uint8_t kind);

/* gen_can_be_met() - Does such an operation lock, so that others can meet it? */
bool gen_can_be_met(uint8_t kind);

/* gen_deferred() - Append an operation that waits for the next one's unlock. */
void gen_deferred(struct gen *g);

/* gen_init() - Append an "init", mostly one that sets the heap up. */
void gen_init(struct gen *g);

/* A slot that is live, or empty, as far as the estimate knows. */
uint16_t gen_live_slot(struct gen *g);
uint16_t gen_empty_slot(struct gen *g);

#endif
