/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_KVM_HOST_H
#define _ASM_KVM_HOST_H

#include <linux/types.h>
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/overflow.h>
#include <linux/percpu.h>
#include <linux/pfn.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <asm/barrier.h>
#include <asm/page.h>

#define HYP_MEMCACHE_ACCOUNT_STAGE2 BIT(1)
#define HYP_MEMCACHE_ACCOUNT_KMEMCG BIT(2)

struct pkvm_mapping;

/* A stack of pages; the first 8 bytes of each hold the address of the next. */
struct kvm_hyp_memcache {
	phys_addr_t head;
	unsigned long nr_pages;
	struct pkvm_mapping *mapping;
	unsigned long flags;
};

/*
 * The link is written through the backend, which knows where the page's bytes
 * are at the moment: a page may be pushed while it is still mapped.
 */
static inline __maybe_unused void
push_hyp_memcache(struct kvm_hyp_memcache *mc, phys_addr_t *page,
		  phys_addr_t (*to_pa)(void *virt))
{
	backend_cache_push(mc, page, mc->head);
	mc->head = to_pa(page);
	mc->nr_pages++;
}

static inline __maybe_unused void *
pop_hyp_memcache(struct kvm_hyp_memcache *mc, void *(*to_va)(phys_addr_t phys))
{
	void *page;

	if (!mc->nr_pages)
		return NULL;

	page = to_va(mc->head & PAGE_MASK);
	mc->head = backend_cache_pop(mc, page);
	mc->nr_pages--;

	return page;
}

#endif
