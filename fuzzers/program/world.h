/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_WORLD_H
#define HYPHEAP_WORLD_H

#include "prog.h"

/* The fields of a world as the text form names them. */

enum world_key {
#define KEY(id, word, always, what) KEY_##id,
#include "world.def"
#undef KEY
	KEY_COUNT,
};

struct world_range {
	uint32_t lo;
	uint32_t hi;
};

/* world_key_word() - "pages", "page", ... */
const char *world_key_word(enum world_key key);
const char *world_key_what(enum world_key key);

/* world_key_always() - Does the heap line say @key when it has its default? */
bool world_key_always(enum world_key key);

/* world_key_range() - What @key may be; KEY_PAGE has three values in it. */
struct world_range world_key_range(enum world_key key, uint32_t page_shift);

uint32_t world_key_get(const struct prog_world *world, enum world_key key);

/* world_key_set() - @value: in range; a page in bytes. */
void world_key_set(struct prog_world *world, enum world_key key,
		   uint32_t value);

/* world_page_ok() - Is this many bytes a page size? */
bool world_page_ok(uint64_t bytes);

#endif
