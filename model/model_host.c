/* SPDX-License-Identifier: GPL-2.0-only */
#include "model/chunks.h"

/* What the host asks of the heap: top-up, reclaim. */

void model_topup(struct model *m, uint64_t pages)
{
	uint32_t given = pages < m->host ? (uint32_t)pages : m->host;

	m->host -= given;
	m->spare += given;
	model_unlocked(m);
}

/* ---- reclaim, section 8 ------------------------------------------------- */

/* Where the reclaimable pages of a chunk end. */
static uint64_t range_end(const struct model *m, uint32_t i)
{
	return page_down(m, mapped_end(m, i));
}

static inline uint64_t range_bytes(const struct model *m, uint32_t i)
{
	uint64_t start;

	if (m->chunk[i].used && !is_tail(m, i))
		return 0;
	/* An unused one keeps its header, unless it is the sole chunk. */
	if (m->nr == 1 && !m->chunk[i].used)
		start = 0;
	else
		start = page_up(m, used_end(m, i));
	return start < range_end(m, i) ? range_end(m, i) - start : 0;
}

uint64_t model_reclaimable(const struct model *m)
{
	uint64_t bytes = 0;

	/* of used ones only the tail, most often: most chunks are used */
	for (uint32_t i = 0; i < m->nr; i++)
		if (!m->chunk[i].used || is_tail(m, i))
			bytes += range_bytes(m, i);
	return bytes / m->page + m->spare;
}

static void unmap(struct model *m, uint64_t from, uint64_t to)
{
	for (; from < to; from += m->page) {
		uint64_t page = from / m->page;

		m->map[page / 64] &= ~(1ull << page % 64);
		m->mapped--;
		m->spare++;
	}
}

/* Take @bytes from the top of chunk @i's range. */
static void take(struct model *m, uint32_t i, uint64_t bytes)
{
	uint64_t to = range_end(m, i), from = to - bytes;

	unmap(m, from, to);
	if (from == 0) {
		model_remove(m, i); /* it is the sole chunk */
		m->first_unmapped = 0;
		return;
	}
	if (!is_tail(m, i) && !m->chunk[i].mark && end_of(m, i) != to) {
		struct model_chunk c = {.addr = (uint32_t)to};

		model_insert(m, i + 1, c);
	}
	chunk_changes(m, i);
	m->chunk[i].mark = (uint32_t)from;
}

uint64_t model_reclaim(struct model *m, uint64_t pages)
{
	uint64_t left = pages, drained;

	while (left) {
		uint64_t most = 0;
		uint32_t best = 0;

		for (uint32_t i = 0; i < m->nr; i++) {
			uint64_t bytes = range_bytes(m, i);

			if (bytes && bytes >= most) { /* ties: the highest */
				most = bytes;
				best = i;
			}
		}
		if (!most)
			break;
		if (left < most / m->page)
			most = left * m->page;
		take(m, best, most);
		left -= most / m->page;
	}
	drained = pages < m->spare ? pages : m->spare;
	m->spare -= (uint32_t)drained;
	m->pool -= (uint32_t)drained; /* on a list, and nobody's */
	model_unlocked(m);
	m->pool += (uint32_t)drained;
	m->host += (uint32_t)drained;
	return drained;
}
