/* SPDX-License-Identifier: GPL-2.0-only */
#include "allocator/heap.h"
#include "state.h"

#include <string.h>

/*
 * FNV-1a over everything a run shows: what was asked and what came of it, step
 * by step, then the heap as it is left. No address goes in, nothing that
 * depends on the compiler.
 */

#define FNV_OFFSET 0xcbf29ce484222325ull
#define FNV_PRIME 0x100000001b3ull

/* A byte 0 multiplies and no more, and most bytes are: so many in one step. */
#define FNV_PRIME_2 (FNV_PRIME * FNV_PRIME)
#define FNV_PRIME_4 (FNV_PRIME_2 * FNV_PRIME_2)
#define FNV_PRIME_7 (FNV_PRIME_4 * FNV_PRIME_2 * FNV_PRIME)
#define FNV_PRIME_8 (FNV_PRIME_4 * FNV_PRIME_4)

/* Little endian, whatever the machine. */
static uint64_t add(uint64_t hash, uint64_t value)
{
	if (value < 256)
		return (hash ^ value) * FNV_PRIME * FNV_PRIME_7;
	for (int i = 0; i < 8; i++)
		hash = (hash ^ (value >> 8 * i & 0xff)) * FNV_PRIME;

	return hash;
}

static uint64_t add_bytes(uint64_t hash, const uint8_t *p, size_t nr)
{
	size_t i = 0;

	while (i < nr) {
		uint64_t word = 1;

		if (nr - i >= sizeof(word))
			memcpy(&word, p + i, sizeof(word));
		if (!word) {
			hash *= FNV_PRIME_8;
			i += sizeof(word);
			continue;
		}
		hash = (hash ^ p[i++]) * FNV_PRIME;
	}

	return hash;
}

void digest_begin(struct run *run)
{
	run->hash = FNV_OFFSET;
}

/* What operations of the host show besides; no address of this machine. */
static uint64_t add_host(uint64_t hash, const struct step *step)
{
	const struct outcome *actual = &step->actual;

	hash = add(hash, (uint64_t)actual->ret);
	hash = add(hash, actual->left_head);
	hash = add(hash, actual->left_nr);
	hash = add(hash, (uint64_t)actual->no_such_call << 32 | actual->hvcs);

	return add(hash, step->after.guest);
}

/* What ran within the call. */
static uint64_t add_deferred(uint64_t hash, const struct step *step)
{
	for (uint32_t i = 0; i < step->deferred_nr; i++) {
		const struct deferred *d = &step->deferred[i];

		if (!d->came)
			continue;
		hash = add(hash, (uint64_t)i << 32 | d->op.slot);
		hash = add(hash, (uint64_t)d->actual.err);
		hash = add(hash, d->actual.err ? 0 : d->actual.offset);
		hash = add(hash, d->actual.need);
		hash = add(hash, d->actual.pages);
	}

	return hash;
}

void digest_step(struct run *run, const struct step *step)
{
	const struct outcome *actual = &step->actual;
	const struct census *c = &step->after;
	uint64_t hash = run->hash;

	hash = add(hash, (uint64_t)step->op.at << 40 |
				 (uint64_t)step->op.kind << 32 |
				 (uint64_t)step->op.sub << 16 | step->op.slot);
	hash = add(hash, step->op.arg);
	if (step->op.kind >= OP_CREATE)
		hash = add(add(hash, step->op.x[0]), step->op.x[1]);
	hash = add(hash, (uint64_t)actual->end << 32 | (uint32_t)actual->err);
	if (actual->end != STEP_DONE) {
		run->hash = hash;
		return;
	}

	hash = add(hash, actual->err ? 0 : actual->offset);
	hash = add(hash, actual->need);
	hash = add(hash, actual->pages);
	hash = add(hash, step->size);
	hash = add(hash, (uint64_t)c->host << 32 | c->spare);
	hash = add(hash, (uint64_t)c->mapped << 32 | c->hyp);
	hash = add(hash, (uint64_t)c->used << 32 | c->free);
	if (step->op.kind >= OP_CREATE)
		hash = add_host(hash, step);
	run->hash = add(add_deferred(hash, step), step->reclaimable);
}

static uint64_t add_objects(uint64_t hash, const struct run *run)
{
	for (uint32_t k = 0; k < twin_count(run->twin); k++) {
		const struct object object = twin_nth(run->twin, k);
		uint8_t piece[4096];

		hash = add(hash, object.offset);
		hash = add(hash, object.size);
		for (uint64_t at = 0; at < object.size; at += sizeof(piece)) {
			uint64_t nr = object.size - at;

			if (nr > sizeof(piece))
				nr = sizeof(piece);
			heap_read(object.offset + at, piece, nr);
			hash = add_bytes(hash, piece, nr);
		}
	}

	return hash;
}

/*
 * Chunks, page map, contents; after a panic or a fault there is none to trust,
 * and after a corruption no list of chunks.
 */
void digest_end(struct run *run)
{
	const uint32_t shift = run->prog->world.page_shift;
	const uint64_t pages = heap_bytes() >> shift;
	const struct walk *walk = &run->after;
	uint64_t hash = run->hash;

	if (run->ended)
		return;

	for (uint32_t i = 0; i < walk->nr && !run_damaged(run); i++) {
		const struct header *h = &walk->header[i];

		hash = add(hash, (uint64_t)h->next << 32 | h->prev);
		hash = add(hash, (uint64_t)h->unmapped << 32 | h->hash);
	}
	for (uint64_t page = 0; page < pages; page++) {
		int64_t behind = heap_page_at(page);

		if (behind >= 0)
			hash = add(add(hash, page), (uint64_t)behind);
	}
	run->hash = add_objects(hash, run);
}
