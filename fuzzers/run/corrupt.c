/* SPDX-License-Identifier: GPL-2.0-only */
#include "allocator/heap.h"
#include "state.h"

#include <assert.h>
#include <string.h>

/*
 * Metadata corruption: real bytes of headers are changed, or bytes that a
 * client has no business with. The model is not told and goes on as if nothing
 * had happened; from then on each operation panics (detected), does what the
 * model says (harmless) or something else (missed).
 */

#define NOWHERE UINT64_MAX

static_assert(CORRUPT_SET_NEXT - CORRUPT_FLIP_NEXT == 4 &&
		      CORRUPT_SET_HASH - CORRUPT_SET_NEXT == 3,
	      "the fields of a header, in their order");

void corrupt_begin(struct run *run)
{
	run->damage = (struct damage){.end = DAMAGE_NONE};
	run->flip.alone = false;
	heap_damaged(false);
	run->corrupts = false;
	for (uint32_t i = 0; i < run->prog->nr && !run->corrupts; i++)
		run->corrupts = run->prog->ops[i].kind == OP_CORRUPT;
}

/* Does all of the range lie on mapped pages of the heap? */
static bool all_mapped(const struct run *run, uint64_t offset, uint64_t size)
{
	const uint32_t shift = run->prog->world.page_shift;
	const uint64_t heap = heap_bytes();

	if (offset > heap || size > heap - offset || !size)
		return false;
	for (uint64_t page = offset >> shift;
	     page <= (offset + size - 1) >> shift; page++)
		if (!heap_mapped(page))
			return false;

	return true;
}

void corrupt_note(struct run *run, uint16_t slot)
{
	struct slot *s = &run->slots.slot[slot];

	memset(s->header, 0, sizeof(s->header));
	if (s->offset >= HEADER && all_mapped(run, s->offset - HEADER, HEADER))
		heap_read(s->offset - HEADER, s->header, HEADER);
}

/* ---- which chunk -------------------------------------------------------- */

/**
 * struct chunk - A chunk to damage.
 * @header: its offset
 * @behind: where what follows begins: behind the object that is in it, or if
 *	    it is free at the next header; NOWHERE: with the heap
 * @old: the header to replay, NULL: none is known
 */
struct chunk {
	uint64_t header;
	uint64_t behind;
	const uint32_t *old;
};

/* The header that a freed object had where now is a free chunk. */
static const uint32_t *old_header(const struct run *run, uint64_t header)
{
	const struct slots *s = &run->slots;

	for (uint32_t slot = 0; slot < s->top * 64; slot++)
		if (s->freed[slot / 64] >> (slot % 64) & 1 &&
		    s->slot[slot].offset == header + HEADER)
			return s->slot[slot].header;

	return NULL;
}

/* The headers there are: the model's, or what can be walked without one. */
static uint32_t find_headers(struct run *run, const struct header **headers)
{
	const struct model *m = run->model;
	struct walk *walk = &run->after;
	const char *broken;
	uint64_t broken_at;

	*headers = walk->header;
	if (!run_exact(run) || run_missed(run))
		return heap_walk(walk->header, run->header_max, &broken,
				 &broken_at);

	for (uint32_t i = 0; i < m->nr; i++)
		walk->header[i] = (struct header){
			.offset = m->chunk[i].addr,
			.next = i + 1 < m->nr ? m->chunk[i + 1].addr -
							m->chunk[i].addr
					      : 0,
			.unmapped = m->chunk[i].used,
		};

	return m->nr;
}

/* The free chunk number *@n, modulo how many there are; *@n is then that. */
static bool free_chunk(struct run *run, uint16_t *n, struct chunk *chunk)
{
	const struct header *h;
	uint32_t nr = find_headers(run, &h), seen = 0, nth, i;

	for (i = 0; i < nr; i++)
		seen += !(h[i].unmapped & 1);
	if (!seen)
		return false;

	*n %= seen;
	nth = *n;
	for (i = 0; (h[i].unmapped & 1) || nth; i++)
		nth -= !(h[i].unmapped & 1);
	chunk->header = h[i].offset;
	chunk->behind = h[i].next ? (uint64_t)h[i].offset + h[i].next : NOWHERE;
	chunk->old = old_header(run, chunk->header);

	return true;
}

/* The chunk of the object in *@slot or the next; *@slot is then that. */
static bool live_chunk(const struct run *run, uint16_t *slot,
		       struct chunk *chunk)
{
	int taken = slots_next_live(&run->slots, *slot);
	const struct slot *s;

	if (taken < 0)
		return false;

	*slot = (uint16_t)taken;
	s = &run->slots.slot[taken];
	chunk->header = s->offset - HEADER;
	chunk->behind = s->offset + s->size;
	chunk->old = s->header;

	return true;
}

static bool find_chunk(struct run *run, uint16_t *slot, bool free,
		       struct chunk *chunk)
{
	return free ? free_chunk(run, slot, chunk)
		    : live_chunk(run, slot, chunk);
}

/* ---- changing bytes ----------------------------------------------------- */

/* Live objects that lie there have the new content: it was a client's doing. */
static void tell_twin(struct run *run, uint64_t lo, uint64_t hi)
{
	if (run_twinless(run))
		return;

	for (uint32_t k = twin_first(run->twin, lo); k < twin_count(run->twin);
	     k++) {
		struct object object = twin_nth(run->twin, k);
		uint64_t from = object.offset > lo ? object.offset : lo;
		uint64_t to = object.offset + object.size;

		if (object.offset >= hi)
			break;
		if (to > hi)
			to = hi;
		if (from < to)
			heap_read(from,
				  twin_bytes(run->twin, object.slot) +
					  (from - object.offset),
				  to - from);
	}
}

/* Return: false if not all of it is mapped or nothing would change. */
static bool change(struct run *run, uint64_t offset, const void *bytes,
		   uint64_t size)
{
	uint8_t is;

	if (!all_mapped(run, offset, size) ||
	    heap_differ(offset, bytes, size, &is) == size)
		return false;

	heap_fill(offset, bytes, size);
	tell_twin(run, offset, offset + size);

	return true;
}

static bool overflow(struct run *run, const struct op *op, uint64_t offset)
{
	uint8_t bytes[64] = {0};

	assert(op->arg <= sizeof(bytes));
	if (corrupt_kind(op) == CORRUPT_OVERFLOW)
		exec_pattern(run, bytes, op->arg);

	return change(run, offset, bytes, op->arg);
}

/* All of the freed object, as its client once wrote it. */
static bool write_stale(struct run *run, const struct op *op)
{
	const struct slot *s = &run->slots.slot[op->slot];
	uint8_t bytes[4096];

	if (!all_mapped(run, s->offset, s->size))
		return false;

	for (uint64_t at = 0; at < s->size; at += sizeof(bytes)) {
		uint64_t nr = s->size - at;

		if (nr > sizeof(bytes))
			nr = sizeof(bytes);
		exec_pattern(run, bytes, nr);
		heap_fill(s->offset + at, bytes, nr);
	}
	tell_twin(run, s->offset, s->offset + s->size);

	return true;
}

static bool copy_header(struct run *run, struct op *op, uint32_t *words)
{
	const bool free = op->arg & CORRUPT_COPY_FREE;
	uint16_t slot = op->arg & (OP_SLOTS - 1);
	struct chunk from;

	if (!find_chunk(run, &slot, free, &from) ||
	    !all_mapped(run, from.header, HEADER))
		return false;

	op->arg = slot | (free ? CORRUPT_COPY_FREE : 0);
	heap_read(from.header, words, HEADER);

	return true;
}

/* The words that a header is to have; they come as they are. */
static bool new_header(struct run *run, struct op *op,
		       const struct chunk *chunk, uint32_t *words)
{
	const enum corrupt kind = corrupt_kind(op);

	switch (kind) {
	case CORRUPT_FLIP_NEXT:
	case CORRUPT_FLIP_PREV:
	case CORRUPT_FLIP_UNMAPPED:
	case CORRUPT_FLIP_HASH:
		words[kind - CORRUPT_FLIP_NEXT] ^= (uint32_t)op->arg;
		return true;
	case CORRUPT_SET_NEXT:
	case CORRUPT_SET_PREV:
	case CORRUPT_SET_UNMAPPED:
	case CORRUPT_SET_HASH:
		words[kind - CORRUPT_SET_NEXT] = (uint32_t)op->arg;
		return true;
	case CORRUPT_ZERO:
		memset(words, 0, HEADER);
		return true;
	case CORRUPT_COPY:
		return copy_header(run, op, words);
	case CORRUPT_REPLAY:
		if (chunk->old)
			memcpy(words, chunk->old, HEADER);
		return chunk->old;
	default:
		return false;
	}
}

static bool change_header(struct run *run, struct op *op,
			  const struct chunk *chunk)
{
	uint32_t words[4];

	if (!all_mapped(run, chunk->header, HEADER))
		return false;
	heap_read(chunk->header, words, HEADER);

	return new_header(run, op, chunk, words) &&
	       change(run, chunk->header, words, HEADER);
}

/* ---- what was done ------------------------------------------------------ */

static bool one_bit(const struct op *op)
{
	return corrupt_kind(op) <= CORRUPT_FLIP_HASH &&
	       !(op->arg & (op->arg - 1));
}

static enum damage_kind kind_of(const struct op *op)
{
	const enum corrupt kind = corrupt_kind(op);

	if (kind <= CORRUPT_FLIP_HASH)
		return one_bit(op) ? DAMAGE_FLIP_NEXT + kind : DAMAGE_BITS;
	if (kind <= CORRUPT_SET_HASH)
		return DAMAGE_SET;

	switch (kind) {
	case CORRUPT_ZERO:
		return DAMAGE_ZERO;
	case CORRUPT_COPY:
		return DAMAGE_COPY;
	case CORRUPT_REPLAY:
		return DAMAGE_REPLAY;
	case CORRUPT_OVERFLOW:
		return op->arg == 1    ? DAMAGE_OVERFLOW_1
		       : op->arg == 8  ? DAMAGE_OVERFLOW_8
		       : op->arg == 16 ? DAMAGE_OVERFLOW_16
				       : DAMAGE_OVERFLOW_64;
	case CORRUPT_OVERFLOW_ZERO:
		return DAMAGE_OVERFLOW_ZERO;
	default:
		return DAMAGE_STALE;
	}
}

static void note(struct run *run, const struct op *op, uint64_t header,
		 bool free)
{
	struct damage *d = &run->damage;
	struct flip *flip = &run->flip;

	heap_damaged(true);
	flip->alone = !d->nr && one_bit(op);
	if (flip->alone) {
		flip->at = (uint32_t)header;
		flip->word = corrupt_kind(op) - CORRUPT_FLIP_NEXT;
		flip->bit = (unsigned int)__builtin_ctzll(op->arg);
		heap_read(header, flip->left, HEADER);
	}

	if (d->nr++) {
		d->kind = DAMAGE_SEVERAL;
		return;
	}
	d->kind = kind_of(op);
	d->free = free;
	d->end = DAMAGE_HARMLESS;
}

/* Does a live object lie there? */
static bool over_object(const struct run *run, uint64_t offset)
{
	struct object object;

	if (run_twinless(run))
		return false;
	object = twin_nth(run->twin, twin_first(run->twin, offset));

	return object.there && object.offset <= offset;
}

bool corrupt_exec(struct run *run, struct step *step)
{
	struct op *op = &step->op;
	const bool free = op->sub & CORRUPT_FREE;
	struct chunk chunk = {.header = NOWHERE};
	bool done;

	if (corrupt_kind(op) == CORRUPT_STALE) {
		uint64_t offset = run->slots.slot[op->slot].offset;

		if (!write_stale(run, op))
			return false;
		note(run, op, NOWHERE, !over_object(run, offset));
		return true;
	}

	if (!find_chunk(run, &op->slot, free, &chunk))
		return false;
	if (corrupt_kind(op) == CORRUPT_OVERFLOW ||
	    corrupt_kind(op) == CORRUPT_OVERFLOW_ZERO)
		done = overflow(run, op, chunk.behind);
	else
		done = change_header(run, op, &chunk);
	if (done)
		note(run, op, chunk.header, free);

	return done;
}
