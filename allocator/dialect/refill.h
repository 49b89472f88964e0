/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DIALECT_REFILL_H
#define _DIALECT_REFILL_H

#include <linux/types.h>
#include <asm/kvm_host.h>

/*
 * <nvhe/alloc.h> for an alloc.c of the older dialect. Two of its functions have
 * names that mean another type to the rest of the hypervisor: they get symbols
 * of their own, by which refill.c calls them. What the code calls itself, and
 * a panic tells, stays what it is.
 */
#define REFILL_SYMBOL(name) __asm__("refill_" #name)

void *hyp_alloc(size_t size);
void hyp_free(void *addr);
void *hyp_alloc_account(size_t size, struct kvm *host_kvm);
void hyp_free_account(void *addr, struct kvm *host_kvm);
int hyp_alloc_errno(void);
int hyp_alloc_init(size_t size);
int hyp_alloc_refill(struct kvm_hyp_memcache *host_mc);
u8 hyp_alloc_missing_donations(void);
int hyp_alloc_reclaimable(void) REFILL_SYMBOL(hyp_alloc_reclaimable);
void hyp_alloc_reclaim(struct kvm_hyp_memcache *host_mc, int target)
	REFILL_SYMBOL(hyp_alloc_reclaim);

/* refill.c has it. */
u32 hyp_alloc_topup_needed(void);

#endif
