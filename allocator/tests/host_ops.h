/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_TESTS_HOST_OPS_H
#define HYPHEAP_TESTS_HOST_OPS_H

/* What the host can do, for tests in which the hypervisor returns. */
#include "boot.h"

#define HANDLE VM_HANDLE_FIRST
#define TRIES 7u

/* A hypercall past the host's kernel. */
static inline struct regs raw(enum hvc nr, unsigned long x1, unsigned long x2,
			      unsigned long x3)
{
	struct regs regs = {.x = {HVC_BASE + nr, x1, x2, x3}};

	if (!host_hvc(regs.x))
		fail_msg("hypercall %u did not return: %s: %s", nr,
			 heap_stop()->function, heap_stop()->what);
	assert_int_equal(regs.x[0], SMCCC_RET_SUCCESS);

	return regs;
}

/* x1 of it */
static inline unsigned long raw1(enum hvc nr, unsigned long x1,
				 unsigned long x2)
{
	return raw(nr, x1, x2, 0).x[1];
}

static inline unsigned long pfn(uint32_t page)
{
	return phys(page) >> 12;
}

static inline void returned(bool did)
{
	if (!did)
		fail_msg("the hypervisor did not return: %s: %s",
			 heap_stop()->function, heap_stop()->what);
}

static inline long create_vm(uint64_t vcpus)
{
	struct host_loop loop;
	long ret;

	returned(host_create_vm(vcpus, TRIES, &loop, &ret));

	return ret;
}

static inline long create_vcpu(uint64_t handle, uint64_t idx)
{
	struct host_loop loop;
	long ret;

	returned(host_create_vcpu(handle, idx, TRIES, &loop, &ret));

	return ret;
}

static inline long destroy_vm(uint64_t handle)
{
	long ret;

	returned(host_destroy_vm(handle, &ret));

	return ret;
}

static inline long trace_load(uint32_t pages)
{
	struct host_loop loop;
	long ret;

	returned(host_trace_load(pages, TRIES, &loop, &ret));

	return ret;
}

static inline long trace_unload(void)
{
	long ret;

	returned(host_trace_unload(&ret));

	return ret;
}

static inline int topup(uint64_t pages)
{
	int err;

	returned(host_topup(pages, &err));

	return err;
}

static inline uint64_t shrink(void)
{
	uint64_t ret;

	returned(host_shrink(UINT64_MAX, &ret));

	return ret;
}

/* All of a heap's pages, past the kernel: it may have no shrinker. */
static inline void reclaim_all(unsigned long id)
{
	struct regs regs = raw(HVC_RECLAIM, id, ~0ul, 0);
	uint64_t pages;

	returned(host_take_list(regs.x[2], regs.x[3], &pages));
	assert_int_equal(pages, regs.x[3]);
}

static inline uint32_t shared_pages(void)
{
	uint32_t nr = 0;

	for (uint32_t page = 0; page < POOL; page++)
		nr += heap_owner(phys(page)) == HEAP_SHARED;

	return nr;
}

static inline void assert_no_finding(void)
{
	const struct host_finding *f = host_finding();

	if (f->what)
		fail_msg("%s page %u: %s", f->warning ? f->function : "finding",
			 f->page, f->what);
}

#endif
