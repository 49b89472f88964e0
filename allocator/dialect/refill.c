// SPDX-License-Identifier: GPL-2.0-only
/*
 * An allocator of the older dialect, as the rest of the hypervisor calls one.
 */
#include <nvhe/alloc.h>

int hyp_alloc_refill(struct kvm_hyp_memcache *host_mc);
u8 hyp_alloc_missing_donations(void);
int refill_hyp_alloc_reclaimable(void);
void refill_hyp_alloc_reclaim(struct kvm_hyp_memcache *host_mc, int target);

int hyp_alloc_topup(struct kvm_hyp_memcache *host_mc)
{
	return hyp_alloc_refill(host_mc);
}

u32 hyp_alloc_topup_needed(void)
{
	return hyp_alloc_missing_donations();
}

unsigned long hyp_alloc_reclaimable(void)
{
	return refill_hyp_alloc_reclaimable();
}

void hyp_alloc_reclaim(struct kvm_hyp_memcache *host_mc, unsigned long target)
{
	refill_hyp_alloc_reclaim(host_mc, min(target, (unsigned long)INT_MAX));
}
