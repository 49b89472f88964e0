/* SPDX-License-Identifier: GPL-2.0-only */
#include "motif_build.h"

/* Lists of donated pages that are not what they should be. */

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

void motif_good_list(struct motif *m)
{
	uint32_t nr = 1 + motif_any(m, 4);

	motif_link(m, nr, 0);
	motif_topup(m, m->page[0], nr);
	if (motif_percent(m, 30))
		motif_call(m, OP_HVC_RECLAIM, HEAP_ID, nr, 0);
}

void motif_list_with_hyp_page(struct motif *m)
{
	uint32_t bad = m->taken;

	if (motif_percent(m, 75)) {
		bad = m->page[2];
		motif_topup(m, bad, 1);
	}
	motif_link(m, 2, place_phys(bad));
	motif_topup(m, m->page[0], 2 + motif_any(m, 3));
}

void motif_list_with_guest_page(struct motif *m)
{
	motif_feed(m);
	motif_create_vm(m, 1);
	motif_call(m, OP_HVC_DONATE_GUEST, m->handle, place_frame(m->page[2]),
		   0);
	motif_link(m, 2, place_phys(m->page[2]));
	motif_topup(m, m->page[0], 3);
	if (motif_percent(m, 50)) {
		motif_call(m, OP_HVC_RECLAIM_GUEST, place_frame(m->page[2]), 0,
			   0);
		motif_plain(m, OP_DESTROY, 0, m->vm, 0);
		motif_call(m, OP_HVC_RECLAIM_GUEST, place_frame(m->page[2]), 0,
			   0);
	}
}

void motif_list_with_shared_page(struct motif *m)
{
	uint32_t bad = motif_any(m, 2);

	motif_link(m, 2, 0);
	motif_call(m, OP_HVC_SHARE, place_frame(m->page[bad]), 0, 0);
	motif_topup(m, m->page[0], 2);
	if (motif_percent(m, 50)) {
		motif_call(m, OP_HVC_UNSHARE, place_frame(m->page[bad]), 0, 0);
		motif_topup(m, m->page[bad], 1);
	}
}

/* MMIO is below RAM, and there is nothing above it. */
void motif_list_out_of_memory(struct motif *m)
{
	const uint64_t bad[] = {
		0,
		0x09000000,
		place_phys(m->prog->world.pool_pages),
		place_phys(OP_ADDR_PAGES - 1),
		UINT64_C(1) << (48 + motif_any(m, 16)),
		~(motif_page_bytes(m) - 1),
		UINT64_MAX,
	};
	uint64_t to = bad[motif_any(m, COUNT(bad))];

	if (motif_percent(m, 30)) {
		motif_call(m, OP_HVC_TOPUP, HEAP_ID, to, 1 + motif_any(m, 3));
		return;
	}
	motif_link(m, 1 + motif_any(m, 2), to);
	motif_topup(m, m->page[0], 3);
}

void motif_list_unaligned(struct motif *m)
{
	static const uint16_t by[] = {1, 8, 16, 2048, 4088, 4095};
	uint64_t at = m->page[1];

	at = OP_ADDR(OP_TAG_PHYS, at, by[motif_any(m, COUNT(by))]);
	if (motif_percent(m, 50)) {
		motif_call(m, OP_HVC_TOPUP, HEAP_ID, at, 1 + motif_any(m, 2));
		return;
	}
	motif_poke(m, m->page[0], 0, at);
	motif_poke(m, m->page[1], 0, 0);
	motif_topup(m, m->page[0], 2);
}

void motif_list_in_a_circle(struct motif *m)
{
	uint32_t nr = 1 + motif_any(m, 3);

	motif_link(m, nr, place_phys(m->page[motif_any(m, nr)]));
	motif_topup(m, m->page[0], nr + 1 + motif_any(m, 4));
}

void motif_same_page_twice(struct motif *m)
{
	motif_topup(m, m->page[0], 1);
	if (motif_percent(m, 30))
		motif_plain(m, OP_RECLAIM, 0, 0, 1 + motif_any(m, 3));
	motif_topup(m, m->page[0], 1);
}

void motif_list_longer_than_said(struct motif *m)
{
	uint32_t nr = 2 + motif_any(m, 3);

	motif_link(m, nr, 0);
	motif_topup(m, m->page[0], motif_any(m, nr));
	if (motif_percent(m, 40))
		motif_topup(m, m->page[nr - 1], 1);
}

void motif_list_shorter_than_said(struct motif *m)
{
	uint32_t nr = 1 + motif_any(m, 3);

	motif_link(m, nr, 0);
	motif_topup(m, m->page[0], nr + 1 + gen_log(m->rng, 10));
}

/* The count of the cache wraps, if there is a page in it. */
void motif_list_wraps(struct motif *m)
{
	if (motif_percent(m, 60))
		motif_plain(m, OP_TOPUP, 0, 0, 1 + motif_any(m, 4));
	else if (motif_percent(m, 60))
		motif_plain(m, OP_RECLAIM, 0, 0, UINT64_MAX);
	motif_link(m, 1 + motif_any(m, 3), 0);
	motif_topup(m, m->page[0], UINT64_MAX - motif_any(m, 5));
}

void motif_garbage_links(struct motif *m)
{
	uint32_t nr = 1 + motif_any(m, 3);

	motif_link(m, nr, rng_next(m->rng));
	motif_topup(m, m->page[0], nr + 1 + motif_any(m, 3));
}

/* Between the check and the use: the host writes as late as it can. */
void motif_rewritten_link(struct motif *m)
{
	uint32_t nr = 2 + motif_any(m, 2);
	uint64_t to =
		place_phys(m->page[motif_percent(m, 50) ? 0 : MOTIF_PAGES - 1]);

	if (motif_percent(m, 25))
		to = motif_percent(m, 50) ? place_phys(m->taken)
					  : rng_next(m->rng);
	motif_link(m, nr, 0);
	motif_poke_at(m, (uint8_t)(1 + motif_any(m, 3)),
		      m->page[motif_any(m, nr)], to);
	motif_topup(m, m->page[0], nr + motif_any(m, 2));
}

/* The same under the honest kernel's top-up, which takes the lowest pages. */
void motif_rewritten_under_the_kernel(struct motif *m)
{
	motif_poke_at(m, gen_at(m->rng), motif_any(m, 8),
		      motif_percent(m, 60) ? place_phys(m->page[0])
					   : gen_value(m->rng, m->prog));
	if (motif_percent(m, 50))
		motif_plain(m, OP_TOPUP, 0, 0, 1 + motif_any(m, 6));
	else
		motif_plain(m, OP_CALL, 0, gen_slot(m->rng, m->prog),
			    motif_page_bytes(m) * (1 + motif_any(m, 4)));
}
