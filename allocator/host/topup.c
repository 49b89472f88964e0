// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages for EL2's heaps, and back.
 */
#include <asm/kvm_host.h>
#include <asm/kvm_pkvm.h>
#include <linux/gfp.h>

#include "pkvm.h"

/*
 * Free the pages of a list that EL2 has given back. The harness looks at each
 * first, and a page that is not the host's ends the list.
 *
 * Return: how many pages there were.
 */
static unsigned long free_list(struct kvm_hyp_memcache *mc)
{
	unsigned long nr = 0;

	while (mc->nr_pages && backend_host_finds(mc->head)) {
		free_page(pop_hyp_memcache(mc, phys_to_virt));
		nr++;
	}

	return nr;
}

/* A list of @nr pages; if there are not as many, of none. */
static int make_list(struct kvm_hyp_memcache *mc, unsigned long nr)
{
	while (mc->nr_pages < nr) {
		void *page = __get_free_page();

		if (!page) {
			free_list(mc);
			return -ENOMEM;
		}
		push_hyp_memcache(mc, page, virt_to_phys);
	}

	return 0;
}

/**
 * pkvm_hyp_topup() - Donate pages to a heap.
 * @id: HYP_REQ_ALLOC or HYP_REQ_SELFTEST
 * @nr: pages
 *
 * What EL2 does not take is the host's again.
 *
 * Return: 0; -ENOMEM if the host has not got as many pages, and then none is
 * donated, or what EL2 says.
 */
int pkvm_hyp_topup(unsigned long id, unsigned long nr)
{
	struct kvm_hyp_memcache mc = {};
	struct kvm_cpu_context call = {.regs = {HVC_TOPUP, id}};
	int ret = make_list(&mc, nr);

	if (ret)
		return ret;

	call.regs[2] = mc.head;
	call.regs[3] = mc.nr_pages;
	ret = pkvm_hvc(&call);
	if (call.regs[0] == SMCCC_RET_SUCCESS) {
		mc.head = call.regs[2];
		mc.nr_pages = call.regs[3];
	}
	free_list(&mc);

	return ret;
}

/**
 * pkvm_hyp_reclaim() - Ask a heap for pages, in one hypercall.
 * @id: HYP_REQ_ALLOC or HYP_REQ_SELFTEST
 * @target: at most so many
 *
 * Return: how many came; 0 also if EL2 has no such heap: not every build of it
 * has the self test's.
 */
unsigned long pkvm_hyp_reclaim(unsigned long id, unsigned long target)
{
	struct kvm_cpu_context call = {.regs = {HVC_RECLAIM, id, target}};
	struct kvm_hyp_memcache mc = {};

	if (pkvm_hvc(&call))
		return 0;

	mc.head = call.regs[2];
	mc.nr_pages = call.regs[3];

	return free_list(&mc);
}

/** pkvm_hyp_reclaimable() - How many pages a heap could give back. */
unsigned long pkvm_hyp_reclaimable(unsigned long id)
{
	struct kvm_cpu_context call = {.regs = {HVC_RECLAIMABLE, id}};
	unsigned long pages = pkvm_hvc(&call);

	return call.regs[0] == SMCCC_RET_SUCCESS ? pages : 0;
}

/**
 * pkvm_selftest() - Let EL2 try its allocator, at boot.
 *
 * Whatever comes of it, the pages of the self test's heap are the host's again,
 * as far as the heap gives them back.
 *
 * Return: 0, -ENOMEM, or what EL2 says.
 */
long pkvm_selftest(void)
{
	struct kvm_cpu_context call = {.regs = {HVC_SELFTEST}};
	long ret = pkvm_call_hyp_req(&call);

	while (pkvm_hyp_reclaim(HYP_REQ_SELFTEST, PKVM_RECLAIM_BATCH))
		;

	return ret;
}
