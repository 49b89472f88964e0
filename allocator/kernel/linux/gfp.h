/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_GFP_H
#define _LINUX_GFP_H

#include <asm/kvm_host.h>

/* The host's pages: physical addresses, and its window on them. */

static inline __maybe_unused void *phys_to_virt(phys_addr_t phys)
{
	return (void *)(phys - BACKEND_PHYS_BASE + backend_host_window());
}

static inline __maybe_unused phys_addr_t virt_to_phys(void *addr)
{
	return (unsigned long)addr - backend_host_window() + BACKEND_PHYS_BASE;
}

#define virt_to_pfn(addr) (virt_to_phys(addr) >> PAGE_SHIFT)

/* A page full of what was in it before, or NULL. */
static inline __maybe_unused void *__get_free_page(void)
{
	unsigned long phys = backend_host_alloc();

	return phys ? phys_to_virt(phys) : NULL;
}

static inline __maybe_unused void free_page(void *addr)
{
	backend_host_free(virt_to_phys(addr));
}

/* Whoever took the page has it for good, or until free_page(). */
static inline __maybe_unused void keep_page(void *addr)
{
	backend_host_keep(virt_to_phys(addr));
}

static inline __maybe_unused void *get_zeroed_page(void)
{
	void *page = __get_free_page();

	if (page)
		memset(page, 0, PAGE_SIZE);

	return page;
}

#endif
