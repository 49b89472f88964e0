/* SPDX-License-Identifier: GPL-2.0-only */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "model/world_state.h"

/* The ledger: which objects of the heap belong to EL2's own clients. */

#define OBJECTS_FIRST 32u

static void append(struct world_object **list, uint32_t *nr, uint32_t *cap,
		   const struct world_object *object)
{
	if (*nr == *cap) {
		*cap = OBJECTS_FIRST + 2 * *nr;
		*list = realloc(*list, *cap * sizeof(**list));
		if (!*list)
			abort();
	}
	(*list)[(*nr)++] = *object;
}

void ledger_reset(struct world *w)
{
	w->objects = 0;
	w->nr_ended = 0;
}

void ledger_add(struct world *w, const struct world_object *object)
{
	append(&w->object, &w->objects, &w->objects_cap, object);
}

/* Number of the object at @offset; one is there. */
static uint32_t find(const struct world *w, uint32_t offset)
{
	uint32_t i = w->objects;

	while (i && w->object[i - 1].offset != offset)
		i--;
	assert(i);
	return i - 1;
}

void ledger_name(struct world *w, uint32_t offset, uint32_t handle)
{
	w->object[find(w, offset)].handle = handle;
}

void ledger_end(struct world *w, uint32_t offset)
{
	uint32_t i = find(w, offset);

	append(&w->ended, &w->nr_ended, &w->ended_cap, &w->object[i]);
	w->objects--;
	memmove(&w->object[i], &w->object[i + 1],
		(w->objects - i) * sizeof(*w->object));
}

uint32_t world_objects(const struct world *w)
{
	return w->objects;
}

const struct world_object *world_object(const struct world *w, uint32_t i)
{
	assert(i < w->objects);
	return &w->object[i];
}

static uint64_t reach(const struct world_object *object, uint32_t nr,
		      uint64_t at)
{
	uint64_t end = 0;

	for (uint32_t i = 0; i < nr; i++) {
		const struct world_object *o = &object[i];

		if (at >= o->offset && at - o->offset < o->size &&
		    o->offset + o->size > end)
			end = o->offset + o->size;
	}

	return end;
}

uint64_t world_owned_to(const struct world *w, uint64_t at)
{
	uint64_t end = reach(w->object, w->objects, at);
	uint64_t ended = reach(w->ended, w->nr_ended, at);

	return end > ended ? end : ended;
}
