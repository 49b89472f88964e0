/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_CHUNKS_H
#define HYPHEAP_CHUNKS_H

#include "model/model.h"

/*
 * What the parts of the model share: arithmetic on its chunks. Section numbers
 * are those of the allocator's specification. Addresses are offsets from the
 * heap start; a chunk's E is the next header or the heap end.
 */

#define HEADER 16u    /* bytes, and the alignment of everything */
#define SIZE_MIN 16u  /* smallest allocation */
#define CHUNK_MIN 32u /* smallest chunk: header and smallest allocation */

/* @page is a power of two */
static inline uint64_t page_down(const struct model *m, uint64_t x)
{
	return x & ~(uint64_t)(m->page - 1);
}

static inline uint64_t page_up(const struct model *m, uint64_t x)
{
	return page_down(m, x + m->page - 1);
}

/* ---- chunks, section 2 -------------------------------------------------- */

static inline bool is_tail(const struct model *m, uint32_t i)
{
	return i + 1 == m->nr;
}

static inline uint32_t data_of(const struct model *m, uint32_t i)
{
	return m->chunk[i].addr + HEADER;
}

static inline uint64_t end_of(const struct model *m, uint32_t i) /* E */
{
	return is_tail(m, i) ? m->size : m->chunk[i + 1].addr;
}

/* The mark, or E where there is no hole. */
static inline uint64_t mapped_end(const struct model *m, uint32_t i)
{
	return m->chunk[i].mark ? m->chunk[i].mark : end_of(m, i);
}

/* data + used_size */
static inline uint64_t used_end(const struct model *m, uint32_t i)
{
	if (!m->chunk[i].used)
		return data_of(m, i);
	return is_tail(m, i) ? m->last_used : mapped_end(m, i);
}

/* ---- the array ---------------------------------------------------------- */

/* chunk_changes() - Chunk @i is not, or no longer, as it was. */
static inline void chunk_changes(struct model *m, uint32_t i)
{
	const uint32_t behind = m->nr - 1 - i;

	if (m->same_first > i)
		m->same_first = i;
	if (m->same_last > behind)
		m->same_last = behind;
}

/* model_insert(), model_remove() - At index @i; those behind it move. */
void model_insert(struct model *m, uint32_t i, struct model_chunk c);
void model_remove(struct model *m, uint32_t i);

#endif
