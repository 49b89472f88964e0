/* SPDX-License-Identifier: GPL-2.0-only */
#include "motif_build.h"

/* Calls with arguments that no kernel makes, and structures written by hand. */

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static uint64_t odd_id(struct motif *m)
{
	static const uint64_t ids[] = {
		SELFTEST_ID, SELFTEST_ID, SELFTEST_ID,	  0,	      3,
		255,	     256,	  1ull << 32 | 1, UINT64_MAX,
	};

	return ids[motif_any(m, COUNT(ids))];
}

void motif_other_ids(struct motif *m)
{
	uint64_t id = odd_id(m);

	if (motif_percent(m, 60)) {
		motif_link(m, 2, 0);
		motif_call(m, OP_HVC_TOPUP, id, place_phys(m->page[0]), 2);
	}
	if (motif_percent(m, 60))
		motif_call(m, OP_HVC_RECLAIMABLE, id, 0, 0);
	motif_call(m, OP_HVC_RECLAIM, id, 1 + motif_any(m, 17), 0);
}

void motif_reclaims(struct motif *m)
{
	const uint64_t target[] = {
		0, 1, 17, UINT64_MAX, gen_pages(m->rng, &m->prog->world),
	};

	if (motif_percent(m, 40))
		motif_call(m, OP_HVC_RECLAIMABLE, HEAP_ID, 0, 0);
	motif_call(m, OP_HVC_RECLAIM,
		   motif_percent(m, 80) ? HEAP_ID : odd_id(m),
		   target[motif_any(m, COUNT(target))], 0);
	if (motif_percent(m, 40))
		motif_call(m, OP_HVC_RECLAIMABLE, HEAP_ID, 0, 0);
}

void motif_shares(struct motif *m)
{
	const uint64_t frames[] = {
		place_frame(m->page[0]),
		place_frame(m->page[0]),
		place_frame(m->taken),
		place_frame(m->prog->world.pool_pages),
		motif_any(m, 16),
		UINT64_C(1) << 52,
		UINT64_MAX,
	};
	uint64_t which = frames[motif_any(m, COUNT(frames))];
	uint32_t left = 1 + motif_any(m, 3);

	while (left--)
		motif_call(m,
			   motif_percent(m, 65) ? OP_HVC_SHARE : OP_HVC_UNSHARE,
			   which, 0, 0);
	if (motif_percent(m, 30))
		motif_topup(m, m->page[0], 1);
	motif_call(m, OP_HVC_UNSHARE, which, 0, 0);
}

/* The guest's pages: given twice, one that is not the host's, while it lives. */
void motif_guest_pages(struct motif *m)
{
	uint64_t page =
		place_frame(motif_percent(m, 70) ? m->page[0] : m->taken);

	motif_feed(m);
	motif_create_vm(m, 1 + motif_any(m, 2));
	motif_call(m, OP_HVC_DONATE_GUEST,
		   m->handle + (motif_percent(m, 15) ? 1 : 0), page, 0);
	if (motif_percent(m, 40))
		motif_call(m, OP_HVC_DONATE_GUEST, m->handle, page, 0);
	if (motif_percent(m, 40))
		motif_call(m, OP_HVC_SHARE, page, 0, 0);
	if (motif_percent(m, 40))
		motif_call(m, OP_HVC_RECLAIM_GUEST, page, 0, 0);
	motif_plain(m, OP_DESTROY, 0, m->vm, 0);
	if (motif_percent(m, 20))
		motif_create_vm(m, 1);
	motif_call(m, OP_HVC_RECLAIM_GUEST, page, 0, 0);
	if (motif_percent(m, 30))
		motif_call(m, OP_HVC_RECLAIM_GUEST, page, 0, 0);
}

void motif_unknown_calls(struct motif *m)
{
	motif_call(m,
		   (uint8_t)rng_range(m->rng, OP_HVC_RECLAIM_GUEST + 1,
				      UINT8_MAX),
		   gen_value(m->rng, m->prog), gen_value(m->rng, m->prog),
		   gen_value(m->rng, m->prog));
}

/* ---- structures written by hand ------------------------------------------ */

/* An address of @page, right in most cases. */
static uint64_t near(struct motif *m, uint32_t page)
{
	switch (motif_any(m, 24)) {
	case 0:
		return OP_ADDR(OP_TAG_EL2, page, 0);
	case 1:
		return OP_ADDR(OP_TAG_HOST, page, 1 + motif_any(m, 15));
	case 2:
		return OP_ADDR(OP_TAG_HOST, page, motif_page_bytes(m) - 8);
	case 3:
		return gen_value(m->rng, m->prog);
	default:
		return place_host(page);
	}
}

static uint64_t odd_vcpus(struct motif *m)
{
	const uint64_t nr[] = {
		0,
		motif_page_bytes(m) / 8,
		UINT64_C(1) << 29,
		UINT64_C(1) << 61,
		UINT64_MAX,
	};

	return motif_percent(m, 65) ? 1 + motif_any(m, 4)
				    : nr[motif_any(m, COUNT(nr))];
}

/* struct kvm in page[0], the PGD page[1], struct kvm_vcpu in page[2]. */
void motif_vm_by_hand(struct motif *m)
{
	uint32_t pgd = motif_percent(m, 80)   ? m->page[1]
		       : motif_percent(m, 50) ? m->page[0]
					      : m->taken;

	motif_feed(m);
	motif_poke(m, m->page[0], 0, odd_vcpus(m));
	if (motif_percent(m, 85))
		motif_call(m, OP_HVC_SHARE, place_frame(m->page[0]), 0, 0);
	motif_call(m, OP_HVC_INIT_VM, near(m, m->page[0]), near(m, pgd), 0);
	if (motif_percent(m, 30)) {
		motif_feed(m);
		motif_call(m, OP_HVC_INIT_VM, place_host(m->page[0]),
			   place_host(m->page[1]), 0);
	}
	if (motif_percent(m, 40))
		motif_topup(m, m->page[1], 1);
	if (motif_percent(m, 50))
		motif_call(m, OP_HVC_TEARDOWN_VM, m->handle, 0, 0);
	if (motif_percent(m, 30))
		motif_call(m, OP_HVC_UNSHARE, place_frame(m->page[0]), 0, 0);
}

/* Between the check and the use: another number of vCPUs. */
void motif_vm_rewritten(struct motif *m)
{
	motif_feed(m);
	motif_poke(m, m->page[0], 0, 1 + motif_any(m, 4));
	motif_call(m, OP_HVC_SHARE, place_frame(m->page[0]), 0, 0);
	motif_poke_at(m, (uint8_t)(1 + motif_any(m, 2)), m->page[0],
		      motif_percent(m, 50) ? 1u << motif_any(m, 12)
					   : odd_vcpus(m));
	motif_call(m, OP_HVC_INIT_VM, place_host(m->page[0]),
		   place_host(m->page[1]), 0);
	if (motif_percent(m, 80))
		motif_call(m, OP_HVC_TEARDOWN_VM, m->handle, 0, 0);
}

void motif_vcpu_by_hand(struct motif *m)
{
	uint64_t handle = motif_percent(m, 85) ? m->handle : gen_handle(m->rng);

	motif_feed(m);
	motif_create_vm(m, 1 + motif_any(m, 3));
	motif_poke(m, m->page[2], 0,
		   motif_percent(m, 85) ? motif_any(m, 3)
					: gen_value(m->rng, m->prog));
	if (motif_percent(m, 85))
		motif_call(m, OP_HVC_SHARE, place_frame(m->page[2]), 0, 0);
	motif_call(m, OP_HVC_INIT_VCPU, handle, near(m, m->page[2]), 0);
	if (motif_percent(m, 50)) {
		motif_feed(m);
		motif_call(m, OP_HVC_INIT_VCPU, handle, place_host(m->page[2]),
			   0);
	}
	if (motif_percent(m, 50))
		motif_plain(m, OP_DESTROY, 0, m->vm, 0);
}

/* A VM that somebody uses stays; each use ends once. */
void motif_references(struct motif *m)
{
	uint32_t uses = 1 + motif_any(m, 3), i;

	motif_feed(m);
	motif_create_vm(m, 1);
	for (i = 0; i < uses; i++)
		motif_call(m, OP_HVC_GET_VM, m->handle, 0, 0);
	if (motif_percent(m, 50))
		motif_call(m, OP_HVC_TEARDOWN_VM, m->handle, 0, 0);
	else
		motif_plain(m, OP_DESTROY, 0, m->vm, 0);
	for (i = 0; i < uses; i++)
		motif_call(m, OP_HVC_PUT_VM, m->handle, 0, 0);
	if (motif_percent(m, 50))
		motif_call(m, OP_HVC_TEARDOWN_VM, m->handle, 0, 0);
	/* Of a VM that there is not: one that there is would be the end. */
	if (motif_percent(m, 20))
		motif_call(m, OP_HVC_PUT_VM, m->handle + 8 + motif_any(m, 16),
			   0, 0);
}

enum trace_fault {
	TRACE_CPUS,    /* not as many as there are */
	TRACE_ORDER,   /* not from 0 up */
	TRACE_FEW,     /* fewer than 3 pages */
	TRACE_LONG,    /* longer than the bytes that are given */
	TRACE_ALIGN,   /* not whole pages */
	TRACE_FOREIGN, /* in a page that is not the host's */
	TRACE_FAULTS,
};

/*
 * A descriptor in page[0]: the CPUs; of each its number, how many pages, and
 * the pages, which nobody looks at.
 */
void motif_trace_by_hand(struct motif *m)
{
	uint32_t cpus = m->prog->world.cpus, cpu, at = 8,
		 wrong = motif_any(m, cpus);
	uint32_t fault = motif_percent(m, 40) ? TRACE_FAULTS
					      : motif_any(m, TRACE_FAULTS);
	uint64_t bytes = motif_page_bytes(m) *
			 (motif_percent(m, 85) ? 1 : motif_any(m, 3));
	uint64_t desc = near(m, m->page[0]);

	motif_feed(m);
	motif_poke(m, m->page[0], 0,
		   fault == TRACE_CPUS ? cpus + 1 - 2 * motif_any(m, 2) : cpus);
	for (cpu = 0; cpu < cpus; cpu++) {
		uint32_t says = cpu, pages = 3 + motif_any(m, 3), i;

		if (fault == TRACE_ORDER && cpu == wrong)
			says = cpu ? cpu - 1 : 1 + motif_any(m, 4);
		if (fault == TRACE_FEW && cpu == wrong)
			pages = motif_any(m, 3);
		if (fault == TRACE_LONG && cpu == wrong)
			pages = motif_percent(m, 50)
					? UINT32_MAX - motif_any(m, 3)
					: motif_page_bytes(m) / 8 -
						  motif_any(m, 4);
		motif_poke(m, m->page[0], at, says | (uint64_t)pages << 32);
		at += 8;
		for (i = 0; i < pages && i < 8; i++, at += 8)
			if (motif_percent(m, 20))
				motif_poke(m, m->page[0], at,
					   place_host(m->page[1]));
		if (pages >= 8)
			break;
	}
	if (fault == TRACE_ALIGN)
		bytes += motif_percent(m, 50) ? 8 : motif_page_bytes(m) / 2;
	if (fault == TRACE_FOREIGN)
		desc = place_host(m->taken);
	motif_call(m, OP_HVC_TRACING_LOAD, desc, bytes, 0);
	if (motif_percent(m, 60))
		motif_call(m, OP_HVC_TRACING_UNLOAD, 0, 0, 0);
}
