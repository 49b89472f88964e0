/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TESTS_PAGES_H
#define _TESTS_PAGES_H

#include <nvhe/mem_protect.h>
#include <nvhe/mm.h>
#include <linux/bitops.h>

/*
 * For allocators of another policy: which pages of the heap are mapped is kept
 * in a bitmap, and a page goes from a cache into the heap and back.
 */

#define HEAP_MAX SZ_128M
#define HEAP_PAGES (HEAP_MAX >> PAGE_SHIFT)

struct heap_pages_map {
	unsigned long start;
	unsigned long size;
	DECLARE_BITMAP(mapped, HEAP_PAGES);
};

/* Reserve the range. Return: 0, -EINVAL for what cannot be, or an error. */
static int pages_init(struct heap_pages_map *map, size_t size)
{
	unsigned long start;
	int ret;

	if (!size || size > HEAP_MAX)
		return -EINVAL;

	size = PAGE_ALIGN(size);
	ret = pkvm_alloc_private_va_range(size, &start);
	if (ret)
		return ret;

	map->start = start;
	map->size = size;

	return 0;
}

static bool page_mapped(const struct heap_pages_map *map, unsigned long offset)
{
	return test_bit(offset >> PAGE_SHIFT, map->mapped);
}

/* Pages of [@from, @to) that are not mapped. */
static unsigned long pages_missing(const struct heap_pages_map *map,
				   unsigned long from, unsigned long to)
{
	unsigned long nr = 0;

	for (from = PAGE_ALIGN_DOWN(from); from < to; from += PAGE_SIZE)
		nr += !page_mapped(map, from);

	return nr;
}

/* Map what is missing of [@from, @to); what has been mapped stays on an error. */
static int pages_map(struct heap_pages_map *map, struct kvm_hyp_memcache *mc,
		     unsigned long from, unsigned long to)
{
	for (from = PAGE_ALIGN_DOWN(from); from < to; from += PAGE_SIZE) {
		void *page;
		int ret;

		if (page_mapped(map, from))
			continue;

		page = pop_hyp_memcache(mc, hyp_phys_to_virt);
		if (!page)
			return -ENOMEM;
		ret = pkvm_map_private_va_range((void *)map->start + from,
						hyp_virt_to_phys(page),
						PAGE_SIZE);
		if (ret) {
			push_hyp_memcache(mc, page, hyp_virt_to_phys);
			return ret;
		}
		__set_bit(from >> PAGE_SHIFT, map->mapped);
	}

	return 0;
}

/* Mapped pages that lie whole in [@from, @to). */
static unsigned long pages_within(const struct heap_pages_map *map,
				  unsigned long from, unsigned long to)
{
	unsigned long nr = 0;

	for (from = PAGE_ALIGN(from); from + PAGE_SIZE <= to; from += PAGE_SIZE)
		nr += page_mapped(map, from);

	return nr;
}

/* Unmap up to @target of them, from the top, into @mc. Return: how many. */
static unsigned long pages_unmap(struct heap_pages_map *map,
				 struct kvm_hyp_memcache *mc,
				 unsigned long from, unsigned long to,
				 unsigned long target)
{
	unsigned long at = PAGE_ALIGN_DOWN(to), nr = 0;

	while (nr < target && at >= PAGE_ALIGN(from) + PAGE_SIZE) {
		void *va;
		phys_addr_t pa;

		at -= PAGE_SIZE;
		if (!page_mapped(map, at))
			continue;

		va = (void *)map->start + at;
		pa = pkvm_private_va_range_pa(va);
		pkvm_remove_mappings(va, va + PAGE_SIZE);
		__clear_bit(at >> PAGE_SHIFT, map->mapped);
		push_hyp_memcache(mc, hyp_phys_to_virt(pa), hyp_virt_to_phys);
		nr++;
	}

	return nr;
}

/* Up to @target pages of a cache go to the host, wiped. Return: how many. */
static unsigned long pages_drain(struct kvm_hyp_memcache *mc,
				 struct kvm_hyp_memcache *host_mc,
				 unsigned long target)
{
	unsigned long nr = 0;

	while (nr < target && mc->nr_pages) {
		void *page = pop_hyp_memcache(mc, hyp_phys_to_virt);

		memset(page, 0, PAGE_SIZE);
		kvm_flush_dcache_to_poc(page, PAGE_SIZE);
		push_hyp_memcache(host_mc, page, hyp_virt_to_phys);
		WARN_ON(__pkvm_hyp_donate_host(hyp_virt_to_pfn(page), 1));
		nr++;
	}

	return nr;
}

#endif
