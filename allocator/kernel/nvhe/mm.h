/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NVHE_MM_H
#define _NVHE_MM_H

#include <nvhe/mem_protect.h>

static inline __maybe_unused int
pkvm_alloc_private_va_range(size_t size, unsigned long *haddr)
{
	unsigned long va = 0;
	int ret = backend_reserve(size, &va);

	if (!ret)
		*haddr = va;

	return ret;
}

static inline __maybe_unused int
pkvm_map_private_va_range(void *va, phys_addr_t phys, size_t size)
{
	return backend_map_range((unsigned long)va, phys, size);
}

static inline __maybe_unused phys_addr_t pkvm_private_va_range_pa(void *va)
{
	return backend_lookup((unsigned long)va);
}

static inline __maybe_unused void pkvm_remove_mappings(void *from, void *to)
{
	backend_unmap_range((unsigned long)from, (unsigned long)to);
}

/*
 * Take the page at the head of the host's list. It is donated first; only then
 * is its link read, because until then the host can change it.
 */
static inline __maybe_unused void *
admit_host_page(struct kvm_hyp_memcache *host_mc)
{
	phys_addr_t head = host_mc->head;

	if (!host_mc->nr_pages || !PAGE_ALIGNED(head))
		return NULL;
	if (__pkvm_host_donate_hyp(hyp_phys_to_pfn(head), 1))
		return NULL;

	return pop_hyp_memcache(host_mc, hyp_phys_to_virt);
}

/**
 * refill_memcache() - Fill @mc up to @min_pages from the host's list.
 *
 * Works on a copy of the list's head, which is written back also on error, so
 * that the host learns what was not taken.
 *
 * Return: 0, or -ENOMEM when the list ends or a page is refused.
 */
static inline __maybe_unused int
refill_memcache(struct kvm_hyp_memcache *mc, unsigned long min_pages,
		struct kvm_hyp_memcache *host_mc)
{
	struct kvm_hyp_memcache list = *host_mc;
	int ret = 0;

	while (mc->nr_pages < min_pages) {
		phys_addr_t *page = admit_host_page(&list);

		if (!page) {
			ret = -ENOMEM;
			break;
		}
		list.head &= PAGE_MASK;
		push_hyp_memcache(mc, page, hyp_virt_to_phys);
	}

	*host_mc = list;

	return ret;
}

#endif
