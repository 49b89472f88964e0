/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_TWIN_H
#define HYPHEAP_TWIN_H

#include "model/step.h"

/*
 * The twin: every live object a second time, in an arena of jemalloc's own,
 * same size, same content. It is told what the allocator returned and what the
 * client wrote, never what the model thinks. Objects are kept in address
 * order, so that neighbours and the objects in a range are found at once.
 */

struct twin;

/* twin_create() - An arena that no clock purges. NULL: not to be had. */
struct twin *twin_create(void);
void twin_destroy(struct twin *t);

/*
 * twin_reset() - Frees what is still held; costs what is held. When the arena
 * keeps much of it, that goes back to the kernel.
 */
void twin_reset(struct twin *t);

/*
 * twin_add() - An object of @size > 0 bytes, all zero, at heap offset @offset.
 * The slot must be empty. Overlapping objects are accepted (the oracle judges).
 * Return: false if jemalloc has no memory for it (a fault of the harness).
 */
bool twin_add(struct twin *t, uint16_t slot, uint64_t offset, uint64_t size);
void twin_remove(struct twin *t, uint16_t slot); /* live */

/* twin_bytes() - The twin's bytes of a live slot, for the client to write too. */
uint8_t *twin_bytes(struct twin *t, uint16_t slot);

/* twin_overwrite() - The same, for who writes all of them. */
uint8_t *twin_overwrite(struct twin *t, uint16_t slot);
/* twin_blank() - Are they all 0, of an object that nobody has written to? */
bool twin_blank(const struct twin *t, uint16_t slot);

/* twin_object() - What is in the slot; not .there if it is empty. */
struct object twin_object(const struct twin *t, uint16_t slot);

/* twin_around() - The nearest that start below, and at or above, @offset. */
void twin_around(const struct twin *t, uint64_t offset, struct object *below,
		 struct object *above);

/* Objects in address order: the i-th of twin_count(). */
uint32_t twin_count(const struct twin *t);
struct object twin_nth(const struct twin *t, uint32_t i);

/*
 * twin_first() - Index of the first object that ends above @offset; count if
 * none. It takes objects to be disjoint: with overlap one that starts lower may
 * be missed. Overlap is a `place` verdict, and that ends the program.
 */
uint32_t twin_first(const struct twin *t, uint64_t offset);

/* twin_usable() - nallocx(): what jemalloc counts for @size bytes. */
uint64_t twin_usable(uint64_t size);

/* jemalloc's own word on what this twin holds: thread.allocatedp. */
uint64_t twin_bytes_held(const struct twin *t);
/* And by the arena's statistics (10 us): objects and bytes, small and large. */
void twin_arena(const struct twin *t, uint64_t *objects, uint64_t *bytes);

/* twin_footprint() - Bytes of the pages that jemalloc needs for them (10 us). */
uint64_t twin_footprint(const struct twin *t);

#endif
