/* SPDX-License-Identifier: GPL-2.0-only */
#include "slots.h"

#include <assert.h>
#include <string.h>

void slots_reset(struct slots *s)
{
	memset(s->live, 0, s->top * sizeof(s->live[0]));
	memset(s->freed, 0, s->top * sizeof(s->freed[0]));
	s->top = 0;
	s->nr = 0;
}

bool slots_live(const struct slots *s, uint16_t slot)
{
	return s->live[slot / 64] >> (slot % 64) & 1;
}

void slots_put(struct slots *s, uint16_t slot, uint64_t offset, uint64_t size)
{
	const uint32_t word = slot / 64;
	const uint64_t bit = 1ull << (slot % 64);

	assert(slot < OP_SLOTS && !slots_live(s, slot));
	s->slot[slot].offset = offset;
	s->slot[slot].size = size;
	s->live[word] |= bit;
	s->freed[word] &= ~bit;
	if (s->top <= word)
		s->top = word + 1;
	s->nr++;
}

void slots_drop(struct slots *s, uint16_t slot)
{
	const uint64_t bit = 1ull << (slot % 64);

	assert(slots_live(s, slot));
	s->live[slot / 64] &= ~bit;
	s->freed[slot / 64] |= bit;
	s->nr--;
}

/* The first set bit of @words ^ @flip at or after @slot, cyclic, or -1. */
static int next(const uint64_t *words, uint64_t flip, uint16_t slot)
{
	const uint32_t first = slot / 64;
	uint64_t word = (words[first] ^ flip) & ~0ull << (slot % 64);

	for (uint32_t i = 0; i <= SLOT_WORDS; i++) {
		uint32_t at = (first + i) % SLOT_WORDS;

		if (i)
			word = words[at] ^ flip;
		if (word)
			return (int)(at * 64) + __builtin_ctzll(word);
	}

	return -1;
}

int slots_next_live(const struct slots *s, uint16_t slot)
{
	return s->nr ? next(s->live, 0, slot) : -1;
}

int slots_next_empty(const struct slots *s, uint16_t slot)
{
	return s->nr < OP_SLOTS ? next(s->live, ~0ull, slot) : -1;
}

int slots_next_freed(const struct slots *s, uint16_t slot)
{
	return next(s->freed, 0, slot);
}
