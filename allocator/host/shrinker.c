// SPDX-License-Identifier: GPL-2.0-only
/*
 * The shrinker: when memory is short, the host asks EL2's heaps for pages that
 * they do not use.
 */
#include <asm/kvm_host.h>
#include <asm/kvm_pkvm.h>

#include "pkvm.h"

static const u8 heap_ids[] = {HYP_REQ_ALLOC, HYP_REQ_SELFTEST};

static bool registered;

/**
 * pkvm_deprivilege_host() - The last step of the boot.
 *
 * Only after it does the shrinker work: until then EL2 has not taken over and
 * the heaps' pages are where they are needed.
 *
 * Return: 0, or what EL2 says.
 */
int pkvm_deprivilege_host(void)
{
	struct kvm_cpu_context call = {.regs = {HVC_FINALIZE}};
	int ret = pkvm_hvc(&call);

	if (!ret)
		registered = true;

	return ret;
}

/**
 * hyp_shrinker_count() - Pages that a scan could free, SHRINK_EMPTY if none.
 */
unsigned long hyp_shrinker_count(struct shrink_control *sc)
{
	unsigned long pages = 0;
	int i;

	(void)sc;
	if (!registered)
		return SHRINK_EMPTY;

	for (i = 0; i < (int)ARRAY_SIZE(heap_ids); i++)
		pages += pkvm_hyp_reclaimable(heap_ids[i]);

	return pages ? pages : SHRINK_EMPTY;
}

/* Batches, so that EL2 does not work with interrupts off for long. */
static unsigned long reclaim_batches(u8 id, unsigned long target)
{
	unsigned long freed = 0;

	while (freed < target) {
		unsigned long pages = pkvm_hyp_reclaim(
			id, min(target - freed, PKVM_RECLAIM_BATCH));

		if (!pages)
			break;
		freed += pages;
	}

	return freed;
}

/**
 * hyp_shrinker_scan() - Free pages.
 * @sc: nr_to_scan: how many at most; nr_scanned comes back as 0
 *
 * Return: how many were freed; SHRINK_STOP if none.
 */
unsigned long hyp_shrinker_scan(struct shrink_control *sc)
{
	unsigned long freed = 0;
	int i;

	sc->nr_scanned = 0;
	if (!registered)
		return SHRINK_STOP;

	for (i = 0; i < (int)ARRAY_SIZE(heap_ids); i++)
		if (freed < sc->nr_to_scan)
			freed += reclaim_batches(heap_ids[i],
						 sc->nr_to_scan - freed);

	return freed ? freed : SHRINK_STOP;
}
