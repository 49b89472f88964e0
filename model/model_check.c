/* SPDX-License-Identifier: GPL-2.0-only */
#include "model/model.h"

/* What can be read off the model, and whether it is sound. */

bool model_page_mapped(const struct model *m, uint32_t page)
{
	return page < m->map_top && (m->map[page / 64] >> page % 64 & 1);
}

uint32_t model_chunks_used(const struct model *m)
{
	uint32_t used = 0;

	for (uint32_t i = 0; i < m->nr; i++)
		used += m->chunk[i].used;
	return used;
}

static const char *check_chunk(const struct model *m, uint32_t i)
{
	const struct model_chunk *c = &m->chunk[i];
	uint64_t end = model_end(m, i), mapped = c->mark ? c->mark : end;
	uint64_t data = (uint64_t)c->addr + 16;
	uint32_t in_page = c->addr % m->page;

	if (i == 0 && c->addr != 0)
		return "the first chunk is not at the heap start";
	if (c->addr + 32ull > end)
		return "a chunk is below 32 bytes, or out of order";
	if (c->addr % 16 || (in_page && in_page < 32) || in_page + 16 > m->page)
		return "a header is not where it may be";
	if (c->mark && (c->mark % m->page || c->mark <= c->addr))
		return "a mark is not a page boundary above its header";
	if (c->mark && (c->mark >= end || end % m->page))
		return "a hole does not end at a page boundary above its mark";
	if (!c->used)
		return c->size ? "an unused chunk holds an object" : NULL;
	if (c->size < 16 || c->size % 16)
		return "an object's size is not a multiple of 16";
	if (data + c->size > mapped)
		return "an object does not lie on mapped pages";
	if (i + 1 == m->nr &&
	    (m->last_used < data + c->size || m->last_used > mapped))
		return "last_used is not between the tail's data and its mark";
	return NULL;
}

/* Is @page in one of the mapped runs? @i: a chunk that starts not above it. */
static bool should_be_mapped(const struct model *m, uint32_t page, uint32_t i)
{
	uint64_t start = (uint64_t)page * m->page, end = start + m->page;

	if (!m->nr)
		return start < m->first_unmapped;
	for (; i < m->nr && m->chunk[i].addr < end; i++) {
		uint64_t mark = m->chunk[i].mark;

		if (start < (mark ? mark : model_end(m, i)))
			return true;
	}
	return false;
}

const char *model_check(const struct model *m)
{
	uint32_t pages = (uint32_t)(m->size / m->page), mapped = 0, i = 0;
	const char *broken;

	for (uint32_t n = 0; n < m->nr; n++) {
		broken = check_chunk(m, n);
		if (broken)
			return broken;
	}
	if (!m->nr && m->first_unmapped % m->page)
		return "first_unmapped is not a page boundary";
	if (m->map_top > pages)
		return "a page above the heap was mapped";
	for (uint32_t page = 0; page < pages; page++) {
		uint64_t start = (uint64_t)page * m->page;
		bool is = model_page_mapped(m, page);

		while (i + 1 < m->nr && m->chunk[i + 1].addr <= start)
			i++;
		if (is != should_be_mapped(m, page, i))
			return is ? "a page outside the runs is mapped"
				  : "a page of a mapped run is not mapped";
		mapped += is;
	}
	if (mapped != m->mapped)
		return "the number of mapped pages is not the bitmap's";
	if ((uint64_t)m->host + m->spare + m->mapped != m->pool)
		return "a page was lost or made";
	return NULL;
}
