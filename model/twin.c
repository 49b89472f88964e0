/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jemalloc/jemalloc.h>

#include "model/twin.h"

/*
 * The arena's free pages go back to the kernel when there are more than this,
 * not by a clock: after a program that held so much, and, as others leave some
 * in ever new places, when so much was written since the books were looked at
 * and they say so.
 */
#define PURGE_BYTES (32u << 20)

struct twin_slot {
	uint8_t *bytes; /* NULL: empty */
	bool blank;	/* all 0, and not written out */
	uint64_t offset;
	uint64_t size;
};

struct twin {
	struct twin_slot slot[OP_SLOTS];
	uint16_t order[OP_SLOTS]; /* live slots by (offset, slot) */
	uint32_t nr;
	uint64_t held;	    /* bytes of live objects that are written out */
	uint64_t held_most; /* since the last reset */
	uint64_t unseen;    /* those of programs since the last look */
	unsigned int arena;
	const uint64_t *allocated, *freed; /* jemalloc's, of this thread */
	uint64_t base;			   /* what they said at create */
};

static int arena_setting(unsigned int arena, const char *name, void *old,
			 size_t *old_size, void *new, size_t new_size)
{
	char path[64];

	snprintf(path, sizeof(path), name, arena);
	return mallctl(path, old, old_size, new, new_size);
}

/* No page is purged because time went by. */
static int arena_without_clock(unsigned int arena)
{
	ssize_t never = -1;
	int err = arena_setting(arena, "arena.%u.dirty_decay_ms", NULL, NULL,
				&never, sizeof(never));

	if (err)
		return err;
	return arena_setting(arena, "arena.%u.muzzy_decay_ms", NULL, NULL,
			     &never, sizeof(never));
}

static int arena_do(unsigned int arena, const char *name)
{
	return arena_setting(arena, name, NULL, NULL, NULL, 0);
}

static uint64_t arena_number(unsigned int arena, const char *name)
{
	uint64_t number = 0; /* size_t and uint64_t are the same here */
	size_t size = sizeof(number);

	if (arena_setting(arena, name, &number, &size, NULL, 0))
		return UINT64_MAX; /* no books: account must see it */
	return number;
}

/* Brings the books up to date, for arena_number(). */
static void update_books(void)
{
	uint64_t epoch = 1;

	mallctl("epoch", NULL, NULL, &epoch, sizeof(epoch));
}

/* Bytes of the arena's pages of a kind. */
static uint64_t pages_in(const struct twin *t, const char *name)
{
	uint64_t page = 0;
	size_t size = sizeof(page);

	update_books();
	mallctl("arenas.page", &page, &size, NULL, 0);

	return page * arena_number(t->arena, name);
}

static int read_pointer(const char *name, const uint64_t **pointer)
{
	size_t size = sizeof(*pointer);

	return mallctl(name, pointer, &size, NULL, 0);
}

/*
 * The arena that this thread, and so its cache, takes from; this jemalloc serves
 * twins alone. What is in the cache counts as freed, but not for the arena.
 */
static unsigned int bound;

static void flush(void)
{
	mallctl("thread.tcache.flush", NULL, NULL, NULL, 0);
}

static void bind_to(unsigned int arena)
{
	if (bound == arena)
		return;

	flush();
	if (!mallctl("thread.arena", NULL, NULL, &arena, sizeof(arena)))
		bound = arena;
}

struct twin *twin_create(void)
{
	struct twin *t = calloc(1, sizeof(*t));
	size_t size = sizeof(t->arena);

	if (!t)
		return NULL;
	if (mallctl("arenas.create", &t->arena, &size, NULL, 0))
		goto free_twin;
	if (arena_without_clock(t->arena) ||
	    read_pointer("thread.allocatedp", &t->allocated) ||
	    read_pointer("thread.deallocatedp", &t->freed))
		goto destroy_arena;
	t->base = *t->allocated - *t->freed;
	return t;

destroy_arena:
	arena_do(t->arena, "arena.%u.destroy");
free_twin:
	free(t);
	return NULL;
}

void twin_destroy(struct twin *t)
{
	if (!t)
		return;
	twin_reset(t);
	if (bound == t->arena)
		bind_to(0);
	arena_do(t->arena, "arena.%u.destroy");
	free(t);
}

/* ---- the objects in address order --------------------------------------- */

/* How many live objects come before (@offset, @slot). */
static uint32_t rank(const struct twin *t, uint64_t offset, uint32_t slot)
{
	uint32_t low = 0, high = t->nr;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		uint16_t at = t->order[mid];
		uint64_t its = t->slot[at].offset;

		if (its < offset || (its == offset && at < slot))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool twin_add(struct twin *t, uint16_t slot, uint64_t offset, uint64_t size)
{
	struct twin_slot *s = &t->slot[slot];
	uint32_t i = rank(t, offset, slot);
	uint8_t *bytes;

	bind_to(t->arena);
	bytes = mallocx(size, 0);
	if (!bytes)
		return false;
	*s = (struct twin_slot){bytes, true, offset, size};
	memmove(&t->order[i + 1], &t->order[i],
		(t->nr - i) * sizeof(*t->order));
	t->order[i] = slot;
	t->nr++;
	return true;
}

void twin_remove(struct twin *t, uint16_t slot)
{
	struct twin_slot *s = &t->slot[slot];
	uint32_t i = rank(t, s->offset, slot);

	t->nr--;
	memmove(&t->order[i], &t->order[i + 1],
		(t->nr - i) * sizeof(*t->order));
	if (!s->blank)
		t->held -= s->size;
	dallocx(s->bytes, 0);
	s->bytes = NULL;
	s->blank = false;
}

static bool much_is_kept(struct twin *t)
{
	if (t->held_most > PURGE_BYTES)
		return true;

	t->unseen += t->held_most;
	if (t->unseen <= PURGE_BYTES)
		return false;
	t->unseen = 0;

	return pages_in(t, "stats.arenas.%u.pdirty") > PURGE_BYTES;
}

void twin_reset(struct twin *t)
{
	for (uint32_t i = 0; i < t->nr; i++) {
		struct twin_slot *s = &t->slot[t->order[i]];

		dallocx(s->bytes, 0);
		s->bytes = NULL;
		s->blank = false;
	}
	t->nr = 0;
	t->held = 0;
	if (much_is_kept(t)) {
		flush();
		arena_do(t->arena, "arena.%u.purge");
	}
	t->held_most = 0;
}

uint8_t *twin_bytes(struct twin *t, uint16_t slot)
{
	if (t->slot[slot].blank)
		memset(twin_overwrite(t, slot), 0, t->slot[slot].size);

	return t->slot[slot].bytes;
}

uint8_t *twin_overwrite(struct twin *t, uint16_t slot)
{
	struct twin_slot *s = &t->slot[slot];

	if (s->blank)
		t->held += s->size;
	if (t->held_most < t->held)
		t->held_most = t->held;
	s->blank = false;

	return s->bytes;
}

bool twin_blank(const struct twin *t, uint16_t slot)
{
	return t->slot[slot].blank;
}

struct object twin_object(const struct twin *t, uint16_t slot)
{
	const struct twin_slot *s = &t->slot[slot];
	struct object none = {.there = false};

	if (!s->bytes)
		return none;
	return (struct object){s->offset, s->size, slot, true};
}

uint32_t twin_count(const struct twin *t)
{
	return t->nr;
}

struct object twin_nth(const struct twin *t, uint32_t i)
{
	struct object none = {.there = false};

	return i < t->nr ? twin_object(t, t->order[i]) : none;
}

void twin_around(const struct twin *t, uint64_t offset, struct object *below,
		 struct object *above)
{
	const uint32_t i = rank(t, offset, 0);

	*below = twin_nth(t, i - 1);
	*above = twin_nth(t, i);
}

uint32_t twin_first(const struct twin *t, uint64_t offset)
{
	uint32_t i = rank(t, offset, OP_SLOTS); /* those that start above it */

	while (i) {
		const struct twin_slot *s = &t->slot[t->order[i - 1]];

		if (s->size <= offset - s->offset)
			break;
		i--;
	}
	return i;
}

/* ---- jemalloc's books --------------------------------------------------- */

uint64_t twin_usable(uint64_t size)
{
	return nallocx(size, 0);
}

uint64_t twin_bytes_held(const struct twin *t)
{
	return *t->allocated - *t->freed - t->base;
}

void twin_arena(const struct twin *t, uint64_t *objects, uint64_t *bytes)
{
	unsigned int a = t->arena;

	_Static_assert(sizeof(size_t) == sizeof(uint64_t), "arena_number()");
	flush();
	update_books();
	*objects = arena_number(a, "stats.arenas.%u.small.nmalloc") -
		   arena_number(a, "stats.arenas.%u.small.ndalloc") +
		   arena_number(a, "stats.arenas.%u.large.nmalloc") -
		   arena_number(a, "stats.arenas.%u.large.ndalloc");
	*bytes = arena_number(a, "stats.arenas.%u.small.allocated") +
		 arena_number(a, "stats.arenas.%u.large.allocated");
}

uint64_t twin_footprint(const struct twin *t)
{
	return pages_in(t, "stats.arenas.%u.pactive");
}
