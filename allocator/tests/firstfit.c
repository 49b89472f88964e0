// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another allocator of this interface, for tests of the harness: first fit, and
 * no header beside an object. What is in use stands in a table at the top of
 * the heap, sorted by address, which grows downwards:
 *
 *	| object | object |  gap  | object |      ...      | entry 2 1 0 |
 *	^ start                                              table  end ^
 *
 * A gap is what lies between two entries, so that nothing is ever merged or
 * stranded: every page that no object and no entry touches can be reclaimed.
 * An allocation takes all pages it needs or none.
 */
#include <nvhe/alloc.h>
#include <nvhe/spinlock.h>
#include <asm/kvm_host.h>
#include <linux/minmax.h>

#include "pages.h"

#define UNIT 16UL

struct entry {
	u32 offset;
	u32 size;
};

static struct heap_pages_map map;
static struct kvm_hyp_memcache cache;
static unsigned long entries;
static DEFINE_HYP_SPINLOCK(lock);
static DEFINE_PER_CPU(int, last_error);
static DEFINE_PER_CPU(u32, pages_needed);

static unsigned long table_at(unsigned long nr)
{
	return map.size - nr * sizeof(struct entry);
}

/* The i-th by address; the table is turned upside down. */
static struct entry *entry(unsigned long i)
{
	return (struct entry *)(map.start + table_at(i + 1));
}

static unsigned long entry_end(unsigned long i)
{
	return (unsigned long)entry(i)->offset + entry(i)->size;
}

/* Where the gap before entry @i begins. */
static unsigned long gap_start(unsigned long i)
{
	return i ? entry_end(i - 1) : 0;
}

/* Where it ends: at the entry, or the last one at the table of @nr entries. */
static unsigned long gap_end(unsigned long i, unsigned long nr)
{
	if (i < entries)
		return entry(i)->offset;

	return ALIGN_DOWN(table_at(nr), UNIT);
}

/* The index that the first object of @size gets that fits, and its place. */
static int find_gap(unsigned long size, unsigned long *index,
		    unsigned long *offset)
{
	unsigned long i;

	if (gap_start(entries) > table_at(entries + 1))
		return -E2BIG;

	for (i = 0; i <= entries; i++) {
		unsigned long start = gap_start(i);
		unsigned long end = gap_end(i, entries + 1);

		if (start > end || end - start < size)
			continue;

		*index = i;
		*offset = start;
		return 0;
	}

	return -E2BIG;
}

/* The pages of the object and of the table with one entry more. */
static int get_pages(unsigned long offset, unsigned long size)
{
	unsigned long table = table_at(entries + 1);
	unsigned long need = pages_missing(&map, offset, offset + size);
	int ret;

	/* The last page of the object may be the first one of the table */
	if (PAGE_ALIGN(offset + size) > table)
		need += pages_missing(&map, PAGE_ALIGN(offset + size),
				      map.size);
	else
		need += pages_missing(&map, table, map.size);

	if (need > cache.nr_pages) {
		this_cpu_write(pages_needed, need - cache.nr_pages);
		return -ENOMEM;
	}

	ret = pages_map(&map, &cache, table, map.size);

	return ret ?: pages_map(&map, &cache, offset, offset + size);
}

static void insert(unsigned long index, unsigned long offset, size_t size)
{
	unsigned long i;

	for (i = entries++; i > index; i--)
		*entry(i) = *entry(i - 1);
	*entry(index) = (struct entry){.offset = offset, .size = size};
}

static void *alloc_locked(size_t size, int *err)
{
	unsigned long index, offset;

	guard(hyp_spinlock)(&lock);

	*err = find_gap(size, &index, &offset);
	if (!*err)
		*err = get_pages(offset, size);
	if (*err)
		return NULL;

	insert(index, offset, size);

	return (void *)map.start + offset;
}

void *hyp_alloc(size_t size)
{
	void *addr = NULL;
	int err = -E2BIG;

	if (map.size && size <= map.size - UNIT) {
		size = ALIGN(max(size, UNIT), UNIT);
		addr = alloc_locked(size, &err);
	}
	if (addr)
		memset(addr, 0, size);
	else
		this_cpu_write(last_error, err);

	return addr;
}

/* By halves; the number of entries if there is none at @offset. */
static unsigned long find_entry(unsigned long offset)
{
	unsigned long low = 0, high = entries;

	while (low < high) {
		unsigned long middle = low + (high - low) / 2;

		if (entry(middle)->offset < offset)
			low = middle + 1;
		else
			high = middle;
	}

	return low < entries && entry(low)->offset == offset ? low : entries;
}

void hyp_free(void *addr)
{
	unsigned long i;

	if (!addr)
		return;

	guard(hyp_spinlock)(&lock);

	i = find_entry((unsigned long)addr - map.start);
	BUG_ON(i == entries);
	for (entries--; i < entries; i++)
		*entry(i) = *entry(i + 1);
}

int hyp_alloc_errno(void)
{
	return this_cpu_xchg(last_error, 0);
}

u32 hyp_alloc_topup_needed(void)
{
	return this_cpu_xchg(pages_needed, 0);
}

int hyp_alloc_init(size_t size)
{
	return pages_init(&map, size);
}

int hyp_alloc_topup(struct kvm_hyp_memcache *host_mc)
{
	guard(hyp_spinlock)(&lock);

	return refill_memcache(&cache, cache.nr_pages + host_mc->nr_pages,
			       host_mc);
}

/* The last gap goes up to the table. */
unsigned long hyp_alloc_reclaimable(void)
{
	unsigned long i, pages;

	guard(hyp_spinlock)(&lock);

	pages = cache.nr_pages;
	for (i = 0; i <= entries; i++)
		pages += pages_within(&map, gap_start(i), gap_end(i, entries));

	return pages;
}

void hyp_alloc_reclaim(struct kvm_hyp_memcache *host_mc, unsigned long target)
{
	unsigned long i;

	guard(hyp_spinlock)(&lock);

	target -= pages_drain(&cache, host_mc, target);
	if (!target)
		return;

	for (i = entries + 1; i--;)
		target -= pages_unmap(&map, &cache, gap_start(i),
				      gap_end(i, entries), target);
	pages_drain(&cache, host_mc, ULONG_MAX);
}
