/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_MOTIF_BUILD_H
#define HYPHEAP_MOTIF_BUILD_H

#include "gen_state.h"

/*
 * What the builders of a host's motifs share. A list is a chain of host pages
 * whose first word is the physical address of the next.
 */

#define MOTIF_PAGES 6u

#define HEAP_ID 1u
#define SELFTEST_ID 2u

/**
 * struct motif - A motif in the making.
 * @page: different ones, if the pool has that many; in most programs free still
 * @taken: one that EL2 has probably, since the host's kernel gives the first
 * @vm: a name of the program that is free, as far as one can tell
 * @handle: of the VM that is created next
 */
struct motif {
	struct prog *prog;
	struct rng *rng;
	uint32_t page[MOTIF_PAGES];
	uint32_t taken;
	uint16_t vm;
	uint64_t handle;
};

static inline uint32_t motif_any(struct motif *m, uint32_t n)
{
	return (uint32_t)rng_below(m->rng, n);
}

static inline bool motif_percent(struct motif *m, uint32_t n)
{
	return rng_percent(m->rng, n);
}

static inline uint64_t motif_page_bytes(const struct motif *m)
{
	return UINT64_C(1) << m->prog->world.page_shift;
}

static inline uint64_t place_phys(uint32_t page)
{
	return OP_ADDR(OP_TAG_PHYS, page, 0);
}

static inline uint64_t place_host(uint32_t page)
{
	return OP_ADDR(OP_TAG_HOST, page, 0);
}

static inline uint64_t place_frame(uint32_t page)
{
	return OP_ADDR(OP_TAG_FRAME, page, 0);
}

/* motif_emit() - Append @op, brought into range, if the mask has its kind. */
void motif_emit(struct motif *m, struct op op);

/* The rest are motif_emit() of a certain kind. */
void motif_poke(struct motif *m, uint32_t page, uint32_t offset,
		uint64_t value);
void motif_poke_at(struct motif *m, uint8_t at, uint32_t page, uint64_t value);
void motif_call(struct motif *m, uint8_t number, uint64_t x1, uint64_t x2,
		uint64_t x3);
void motif_topup(struct motif *m, uint32_t head, uint64_t nr);
void motif_plain(struct motif *m, uint8_t kind, uint8_t sub, uint16_t slot,
		 uint64_t arg);
void motif_create_vm(struct motif *m, uint64_t vcpus);

/* motif_feed() - Mostly some pages for what comes next. */
void motif_feed(struct motif *m);

/* motif_link() - page[0] -> page[1] -> ... -> page[nr - 1] -> @last */
void motif_link(struct motif *m, uint32_t nr, uint64_t last);

/* The builders, by what they are about; see the table in motif_host.c. */
void motif_good_list(struct motif *m);
void motif_list_with_hyp_page(struct motif *m);
void motif_list_with_guest_page(struct motif *m);
void motif_list_with_shared_page(struct motif *m);
void motif_list_out_of_memory(struct motif *m);
void motif_list_unaligned(struct motif *m);
void motif_list_in_a_circle(struct motif *m);
void motif_same_page_twice(struct motif *m);
void motif_list_longer_than_said(struct motif *m);
void motif_list_shorter_than_said(struct motif *m);
void motif_list_wraps(struct motif *m);
void motif_garbage_links(struct motif *m);
void motif_rewritten_link(struct motif *m);
void motif_rewritten_under_the_kernel(struct motif *m);
void motif_other_ids(struct motif *m);
void motif_reclaims(struct motif *m);
void motif_shares(struct motif *m);
void motif_guest_pages(struct motif *m);
void motif_unknown_calls(struct motif *m);
void motif_vm_by_hand(struct motif *m);
void motif_vm_rewritten(struct motif *m);
void motif_vcpu_by_hand(struct motif *m);
void motif_references(struct motif *m);
void motif_trace_by_hand(struct motif *m);
void motif_client_life(struct motif *m);
void motif_client_in_need(struct motif *m);
void motif_race(struct motif *m);
void motif_many_vms(struct motif *m);
void motif_trace_twice(struct motif *m);
void motif_end_of_boot(struct motif *m);

#endif
