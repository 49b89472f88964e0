/* SPDX-License-Identifier: GPL-2.0-only */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "model/chunks.h"

/* The reference model: the heap as the hypervisor sees it. */

#define CHUNKS_FIRST 256u
#define PAGE_MIN 4096u
#define MAP_WORDS (MODEL_HEAP_BYTES_MAX / PAGE_MIN / 64u)

_Static_assert(MAP_WORDS * 64u * PAGE_MIN == MODEL_HEAP_BYTES_MAX, "bitmap");

/* ---- the world ---------------------------------------------------------- */

struct model *model_create(void)
{
	struct model *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->map = calloc(MAP_WORDS, sizeof(*m->map));
	m->chunk = calloc(CHUNKS_FIRST, sizeof(*m->chunk));
	m->cap = CHUNKS_FIRST;
	if (!m->map || !m->chunk) {
		model_destroy(m);
		return NULL;
	}
	model_reset(m, PAGE_MIN, 0);
	return m;
}

void model_destroy(struct model *m)
{
	if (!m)
		return;
	free(m->chunk);
	free(m->map);
	free(m);
}

void model_reset(struct model *m, uint32_t page, uint32_t pool)
{
	struct model fresh = {.page = page, .host = pool, .pool = pool};

	assert(page >= PAGE_MIN && !(page & (page - 1)));
	memset(m->map, 0, (m->map_top + 63) / 64 * sizeof(*m->map));
	fresh.map = m->map;
	fresh.chunk = m->chunk;
	fresh.cap = m->cap;
	*m = fresh;
}

/* Section 1. The private VA range of this world holds MODEL_HEAP_BYTES_MAX. */
int model_init(struct model *m, uint64_t bytes, int refused)
{
	if (!bytes || bytes > UINT32_MAX ||
	    page_up(m, bytes) > UINT32_MAX) /* in unbounded integers */
		return -MODEL_EINVAL;
	if (refused)
		return refused;
	if (page_up(m, bytes) > MODEL_HEAP_BYTES_MAX)
		return -MODEL_ENOMEM;
	assert(!m->size); /* a second time it is never set up */
	m->size = page_up(m, bytes);
	return 0;
}

/* ---- chunks, section 2 -------------------------------------------------- */

uint64_t model_end(const struct model *m, uint32_t i)
{
	assert(i < m->nr);
	return end_of(m, i);
}

void model_insert(struct model *m, uint32_t i, struct model_chunk c)
{
	assert(i <= m->nr);
	if (m->nr == m->cap) {
		m->cap = CHUNKS_FIRST + 2 * m->nr;
		m->chunk = realloc(m->chunk, m->cap * sizeof(*m->chunk));
		if (!m->chunk)
			abort();
	}
	memmove(&m->chunk[i + 1], &m->chunk[i],
		(m->nr - i) * sizeof(*m->chunk));
	m->chunk[i] = c;
	m->nr++;
	chunk_changes(m, i);
}

void model_remove(struct model *m, uint32_t i)
{
	assert(i < m->nr);
	chunk_changes(m, i);
	m->nr--;
	memmove(&m->chunk[i], &m->chunk[i + 1],
		(m->nr - i) * sizeof(*m->chunk));
}

void model_settle(struct model *m)
{
	m->same_first = m->nr;
	m->same_last = m->nr;
}

/* ---- where a header may go, section 4 ----------------------------------- */

static uint64_t chunk_start(const struct model *m, uint64_t x)
{
	uint64_t in_page = x % m->page;

	if (page_up(m, x) - x < HEADER) /* also when on it */
		return page_up(m, x);
	return in_page < CHUNK_MIN ? x - in_page + CHUNK_MIN : x;
}

/* May a chunk be created at @addr behind @prev, with data ending at @end? */
static int may_create(const struct model *m, uint32_t prev, uint64_t addr,
		      uint64_t end)
{
	const struct model_chunk *p = &m->chunk[prev];

	if (end > m->size)
		return -MODEL_E2BIG;
	if (end > end_of(m, prev) || addr < used_end(m, prev) ||
	    addr != chunk_start(m, addr) || (p->mark && addr > p->mark))
		return -MODEL_EINVAL;
	return 0;
}

/* ---- mapping, section 5 ------------------------------------------------- */

/* One page after the other; what is mapped when it fails stays mapped. */
static int map_from(struct model *m, unsigned int cpu, uint32_t *mark,
		    uint64_t end)
{
	while (*mark < end) {
		uint32_t page = *mark / m->page;

		if (!m->spare) {
			m->cpu[cpu].need =
				(uint32_t)((page_up(m, end) - *mark) / m->page);
			return -MODEL_ENOMEM;
		}
		if (m->fail_map && --m->fail_map == 0)
			return -MODEL_ENOMEM; /* need untouched, page kept */
		m->spare--;
		m->mapped++;
		m->map[page / 64] |= 1ull << page % 64;
		if (m->map_top <= page)
			m->map_top = page + 1;
		*mark += m->page;
	}
	return 0;
}

/* Map chunk @i up to @end, which is not above its E. */
static int map_chunk(struct model *m, unsigned int cpu, uint32_t i,
		     uint64_t end)
{
	struct model_chunk *c = &m->chunk[i];
	int err;

	assert(end <= end_of(m, i));
	if (!c->mark)
		return 0;
	chunk_changes(m, i);
	err = map_from(m, cpu, &c->mark, end);
	if (c->mark == end_of(m, i))
		c->mark = 0; /* no hole any more */
	return err;
}

/* ---- creating a chunk, section 4 ---------------------------------------- */

/* The first chunk of an empty list. */
static int create_first(struct model *m, unsigned int cpu, uint64_t end)
{
	struct model_chunk c = {.addr = 0};
	int err = map_from(m, cpu, &m->first_unmapped, end);

	if (err)
		return err;
	if (m->first_unmapped < m->size)
		c.mark = m->first_unmapped;
	model_insert(m, 0, c);
	m->last_used = (uint32_t)end;
	return 0;
}

/* An unused chunk behind @prev: maps with prev's mark, takes prev's hole. */
static int create_after(struct model *m, unsigned int cpu, uint32_t prev,
			uint64_t addr, uint64_t end)
{
	struct model_chunk c = {.addr = (uint32_t)addr};
	int err = may_create(m, prev, addr, end);

	if (!err)
		err = map_chunk(m, cpu, prev, end);
	if (err)
		return err;
	c.mark = m->chunk[prev].mark;
	m->chunk[prev].mark = 0; /* map_chunk() has told of the change */
	model_insert(m, prev + 1, c);
	if (is_tail(m, prev + 1))
		m->last_used = (uint32_t)end;
	return 0;
}

/* ---- allocation, section 6 ---------------------------------------------- */

int64_t model_size(const struct model *m, uint64_t bytes)
{
	uint64_t size = bytes < SIZE_MIN ? SIZE_MIN : bytes;

	if (size > UINT32_MAX)
		return -MODEL_E2BIG;
	size = (size + HEADER - 1) / HEADER * HEADER;
	if (size + HEADER > m->size) /* also before init: its size is 0 */
		return -MODEL_E2BIG;
	return (int64_t)size;
}

/* The unused chunk to take for @size bytes; m->nr if none is large enough. */
static uint32_t best_fit(const struct model *m, uint64_t size)
{
	uint64_t best_missing = 0, best_size = 0;
	uint32_t best = m->nr;

	for (uint32_t i = 0; i < m->nr; i++) {
		uint64_t data_size, mapped, missing;

		if (m->chunk[i].used)
			continue;
		data_size = end_of(m, i) - data_of(m, i);
		if (data_size < size)
			continue;
		mapped = mapped_end(m, i) - data_of(m, i);
		missing = mapped < size ? page_up(m, size - mapped) : 0;
		if (best == m->nr || missing < best_missing ||
		    (missing == best_missing && data_size < best_size)) {
			best = i;
			best_missing = missing;
			best_size = data_size;
		}
	}
	return best;
}

static int reuse(struct model *m, unsigned int cpu, uint32_t i, uint64_t size)
{
	uint64_t end = data_of(m, i) + size;
	uint64_t split = chunk_start(m, end);

	if (is_tail(m, i)) { /* never split; last_used is set before mapping */
		m->last_used = (uint32_t)end;
		return map_chunk(m, cpu, i, end);
	}
	/* judged before mapping */
	if (may_create(m, i, split, split + CHUNK_MIN))
		return map_chunk(m, cpu, i, end); /* the whole chunk */
	return create_after(m, cpu, i, split, split + CHUNK_MIN);
}

static int append(struct model *m, unsigned int cpu, uint64_t size)
{
	uint64_t addr = chunk_start(m, used_end(m, m->nr - 1));

	return create_after(m, cpu, m->nr - 1, addr, addr + HEADER + size);
}

/* Under the lock. */
static int alloc_locked(struct model *m, unsigned int cpu, uint64_t size,
			uint32_t *offset)
{
	uint32_t i = 0;
	int err;

	if (!m->nr) {
		err = create_first(m, cpu, HEADER + size);
	} else {
		i = best_fit(m, size);
		err = i < m->nr ? reuse(m, cpu, i, size) : append(m, cpu, size);
	}
	if (err)
		return err;
	chunk_changes(m, i);
	m->chunk[i].used = true;
	m->chunk[i].size = (uint32_t)size;
	*offset = data_of(m, i);
	return 0;
}

int model_alloc(struct model *m, unsigned int cpu, uint64_t bytes,
		uint32_t *offset)
{
	int64_t size = model_size(m, bytes);
	int err;

	assert(cpu < MODEL_CPUS);
	if (size < 0) {
		m->cpu[cpu].err = (int)size;
		return (int)size;
	}
	err = alloc_locked(m, cpu, (uint64_t)size, offset);
	if (err)
		m->cpu[cpu].err = err;
	model_unlocked(m);
	return err;
}

int model_errno(struct model *m, unsigned int cpu)
{
	int err;

	assert(cpu < MODEL_CPUS);
	err = m->cpu[cpu].err;
	m->cpu[cpu].err = 0;
	return err;
}

uint32_t model_need(struct model *m, unsigned int cpu)
{
	uint32_t need;

	assert(cpu < MODEL_CPUS);
	need = m->cpu[cpu].need;
	m->cpu[cpu].need = 0;
	return need;
}

/* ---- free, section 7 ---------------------------------------------------- */

/* @prev absorbs the chunk behind it, if it may. */
static void absorb(struct model *m, uint32_t prev)
{
	struct model_chunk *p = &m->chunk[prev], *c = p + 1;

	if (is_tail(m, prev))
		return;
	if (c->used || p->mark || (p->used && !is_tail(m, prev + 1)))
		return;
	if (p->used)
		m->last_used = c->addr;
	chunk_changes(m, prev);
	p->mark = c->mark;
	model_remove(m, prev + 1);
}

bool model_free(struct model *m, uint64_t offset)
{
	uint32_t low = 0, high = m->nr;

	while (low < high) { /* the first chunk whose data is not below */
		uint32_t mid = low + (high - low) / 2;

		if (data_of(m, mid) < offset)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == m->nr || data_of(m, low) != offset || !m->chunk[low].used)
		return false;
	chunk_changes(m, low);
	m->chunk[low].used = false;
	m->chunk[low].size = 0;
	absorb(m, low);
	if (low)
		absorb(m, low - 1);
	model_unlocked(m);
	return true;
}

void model_unlocked(struct model *m)
{
	if (m->unlock)
		m->unlock(m->unlock_data);
}

void model_fail_map(struct model *m, uint64_t n)
{
	m->fail_map = n;
}
