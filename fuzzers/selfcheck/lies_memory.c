/* SPDX-License-Identifier: GPL-2.0-only */
#include "lies.h"

/* What becomes of pages, headers and books, and a second run that differs. */

/*
 * What is told once the allocator has said what is reclaimable: that is the
 * last it is asked before the heap is looked at.
 */
static bool reclaimable_before(enum heap_lie lie, uint64_t at, uint64_t *pages)
{
	return __real_heap_reclaimable(pages) && heap_lie(lie, at);
}

/* ---- pages --------------------------------------------------------------- */

int donates_nothing(unsigned long pfn, unsigned long nr)
{
	(void)pfn;
	(void)nr;

	return 0;
}

int maps_nothing(unsigned long va, unsigned long phys, unsigned long size)
{
	(void)va;
	(void)phys;
	(void)size;

	return 0;
}

int dirty(unsigned long pfn, unsigned long nr)
{
	heap_lie_dirty(pfn);

	return __real_backend_donate_host(pfn, nr);
}

void cleans_nothing(void *addr, unsigned long size)
{
	(void)addr;
	(void)size;
}

bool unmaps(uint64_t *pages)
{
	return reclaimable_before(LIE_UNMAPS, lie_object.offset, pages);
}

/* One that no live object lies on: of a large one that was just freed. */
bool moves(uint64_t *pages)
{
	return reclaimable_before(LIE_MOVES, 190000, pages);
}

bool loses_page(uint64_t *pages)
{
	return reclaimable_before(LIE_LOSES_PAGE, 0, pages);
}

bool caches_twice(uint64_t *pages)
{
	return reclaimable_before(LIE_CACHES_TWICE, lie_object.offset, pages);
}

bool keeps_lock(uint64_t *pages)
{
	return reclaimable_before(LIE_KEEPS_LOCK, 0, pages);
}

bool takes_page(uint64_t id, uint64_t pages, int *err)
{
	return __real_heap_host_topup(id, pages, err) &&
	       heap_lie(LIE_TAKES_PAGE, 0);
}

bool topup_less(uint64_t id, uint64_t pages, int *err)
{
	return __real_heap_host_topup(id, pages - 1, err);
}

bool gives_page(uint64_t id, uint64_t target, uint64_t *pages)
{
	return __real_heap_host_reclaim(id, target, pages) &&
	       heap_lie(LIE_GIVES_PAGE, 0);
}

bool promises_more(uint64_t *pages)
{
	bool returned = __real_heap_reclaimable(pages);

	*pages += 1;

	return returned;
}

/* ---- headers ------------------------------------------------------------- */

/* The first chunk's header, of which word @word is changed by @bits. */
static bool other_word(unsigned int word, uint32_t bits, uint64_t *pages)
{
	bool returned = __real_heap_reclaimable(pages);
	uint32_t value;

	__real_heap_read(sizeof(value) * word, &value, sizeof(value));
	value ^= bits;
	__real_heap_fill(sizeof(value) * word, &value, sizeof(value));

	return returned;
}

bool other_next(uint64_t *pages)
{
	return other_word(0, 16, pages);
}

bool other_prev(uint64_t *pages)
{
	return other_word(1, 16, pages);
}

bool other_mark(uint64_t *pages)
{
	return other_word(2, 4096, pages);
}

bool unused(uint64_t *pages)
{
	return other_word(2, 1, pages);
}

bool other_hash(uint64_t *pages)
{
	return other_word(3, 1, pages);
}

/* ---- the twin ------------------------------------------------------------ */

bool twin_adds_all(struct twin *t, uint16_t slot, uint64_t offset,
		   uint64_t size)
{
	(void)offset;
	(void)size;

	return __real_twin_add(t, slot, 16, heap_bytes() - 16);
}

bool twin_adds_nothing(struct twin *t, uint16_t slot, uint64_t offset,
		       uint64_t size)
{
	(void)t;
	(void)slot;
	(void)offset;
	(void)size;

	return true;
}

void twin_keeps(struct twin *t, uint16_t slot)
{
	(void)t;
	(void)slot;
}

uint64_t holds_more(const struct twin *t)
{
	return __real_twin_bytes_held(t) + 16;
}

void arena_has_more(const struct twin *t, uint64_t *objects, uint64_t *bytes)
{
	__real_twin_arena(t, objects, bytes);
	*objects += 1;
}

/* ---- the second time ----------------------------------------------------- */

int64_t other_page(uint64_t page)
{
	return __real_heap_page_at(page) + 1;
}

void reads_other(uint64_t offset, void *bytes, uint64_t size)
{
	__real_heap_read(offset, bytes, size);
	*(uint8_t *)bytes ^= 1;
}
