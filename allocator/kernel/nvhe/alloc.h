/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NVHE_ALLOC_H
#define _NVHE_ALLOC_H

#include <linux/types.h>
#include <asm/kvm_host.h>

/* An alloc.c of the older dialect sees its own names; see allocator/dialect. */
#if defined(HYP_ALLOC_UNIT) && defined(HYP_ALLOC_REFILL)
#include <allocator/dialect/refill.h>
#else

/* What the rest of the hypervisor calls. */
void *hyp_alloc(size_t size);
void hyp_free(void *addr);
int hyp_alloc_errno(void);
u32 hyp_alloc_topup_needed(void);
int hyp_alloc_init(size_t size);
int hyp_alloc_topup(struct kvm_hyp_memcache *host_mc);
unsigned long hyp_alloc_reclaimable(void);
void hyp_alloc_reclaim(struct kvm_hyp_memcache *host_mc, unsigned long target);

/* The self test's own heap, and the test. */
int hyp_alloc_selftest(void);
int hyp_alloc_selftest_topup(struct kvm_hyp_memcache *host_mc);
u32 hyp_alloc_selftest_topup_needed(void);
unsigned long hyp_alloc_selftest_reclaimable(void);
void hyp_alloc_selftest_reclaim(struct kvm_hyp_memcache *host_mc,
				unsigned long target);

#endif
#endif
