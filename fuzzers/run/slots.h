/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_SLOTS_H
#define HYPHEAP_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "program/op.h"

/*
 * What the program's slots hold at run time. Finding the next slot in a state
 * costs a look at a few words, a reset what was used.
 */

#define SLOT_WORDS (OP_SLOTS / 64)

struct slot {
	uint64_t offset;    /* of the object in it, or of the last one */
	uint64_t size;	    /* rounded */
	uint32_t header[4]; /* when it was handed out; if anything corrupts */
};

struct slots {
	struct slot slot[OP_SLOTS];
	uint64_t live[SLOT_WORDS];  /* an object is in it */
	uint64_t freed[SLOT_WORDS]; /* one was, and it is free now */
	uint32_t top;		    /* words in use */
	uint32_t nr;		    /* live */
};

void slots_reset(struct slots *s);
bool slots_live(const struct slots *s, uint16_t slot);
void slots_put(struct slots *s, uint16_t slot, uint64_t offset, uint64_t size);
void slots_drop(struct slots *s, uint16_t slot);

/* slots_next() - From @slot on, cyclic: the first that is live, empty or freed;
 * -1 if none is. */
int slots_next_live(const struct slots *s, uint16_t slot);
int slots_next_empty(const struct slots *s, uint16_t slot);
int slots_next_freed(const struct slots *s, uint16_t slot);

#endif
