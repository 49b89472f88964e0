/* SPDX-License-Identifier: GPL-2.0-only */
#include <assert.h>

#include "motif_build.h"
#include "motif_host.h"

/*
 * What a host does in a few operations, most of it hostile: what all builders
 * append with, and the table of them.
 */

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define LOOK_BACK 256u
#define HANDLE_FIRST 0x1000u
#define VM_ENTRIES 8u

void motif_emit(struct motif *m, struct op op)
{
	if (!(m->prog->world.swarm >> op.kind & 1))
		return;
	op_fix(&op, m->prog->world.cpus);
	prog_add(m->prog, op);
}

void motif_poke(struct motif *m, uint32_t page, uint32_t offset, uint64_t value)
{
	motif_emit(m, (struct op){
			      .kind = OP_POKE,
			      .arg = OP_ADDR(OP_TAG_PHYS, page, offset),
			      .x = {value, 0},
		      });
}

void motif_poke_at(struct motif *m, uint8_t at, uint32_t page, uint64_t value)
{
	motif_emit(m, (struct op){
			      .kind = OP_POKE,
			      .at = at,
			      .arg = place_phys(page),
			      .x = {value, 0},
		      });
}

void motif_call(struct motif *m, uint8_t number, uint64_t x1, uint64_t x2,
		uint64_t x3)
{
	motif_emit(m, (struct op){
			      .kind = OP_HVC,
			      .sub = number,
			      .arg = x1,
			      .x = {x2, x3},
		      });
}

void motif_topup(struct motif *m, uint32_t head, uint64_t nr)
{
	motif_call(m, OP_HVC_TOPUP, HEAP_ID, place_phys(head), nr);
}

void motif_plain(struct motif *m, uint8_t kind, uint8_t sub, uint16_t slot,
		 uint64_t arg)
{
	motif_emit(m, (struct op){
			      .kind = kind,
			      .sub = sub,
			      .slot = slot,
			      .arg = arg,
		      });
}

void motif_create_vm(struct motif *m, uint64_t vcpus)
{
	motif_plain(m, OP_CREATE, CREATE_VM, m->vm, vcpus);
}

/* Pages for what the call after next may need. */
void motif_feed(struct motif *m)
{
	if (motif_percent(m, 70))
		motif_plain(m, OP_TOPUP, 0, 0, rng_range(m->rng, 1, 6));
}

/* page[0] -> page[1] -> ... -> page[nr - 1] -> @last */
void motif_link(struct motif *m, uint32_t nr, uint64_t last)
{
	uint32_t i;

	for (i = 0; i + 1 < nr; i++)
		motif_poke(m, m->page[i], 0, place_phys(m->page[i + 1]));
	motif_poke(m, m->page[nr - 1], 0, last);
}

/* ---- the table ----------------------------------------------------------- */

#define BIT(id) (UINT64_C(1) << OP_##id)

static const struct {
	const char *word;
	uint64_t kinds;
	uint16_t weight;
	void (*build)(struct motif *m);
} motifs[] = {
	{"good list", BIT(POKE) | BIT(HVC), 8, motif_good_list},
	{"hyp page", BIT(POKE) | BIT(HVC), 5, motif_list_with_hyp_page},
	{"guest page", BIT(POKE) | BIT(HVC) | BIT(CREATE), 5,
	 motif_list_with_guest_page},
	{"shared page", BIT(POKE) | BIT(HVC), 5, motif_list_with_shared_page},
	{"out of memory", BIT(POKE) | BIT(HVC), 5, motif_list_out_of_memory},
	{"unaligned", BIT(POKE) | BIT(HVC), 4, motif_list_unaligned},
	{"circle", BIT(POKE) | BIT(HVC), 5, motif_list_in_a_circle},
	{"twice", BIT(HVC), 4, motif_same_page_twice},
	{"longer", BIT(POKE) | BIT(HVC), 5, motif_list_longer_than_said},
	{"shorter", BIT(POKE) | BIT(HVC), 5, motif_list_shorter_than_said},
	{"wraps", BIT(POKE) | BIT(HVC), 5, motif_list_wraps},
	{"garbage", BIT(POKE) | BIT(HVC), 5, motif_garbage_links},
	{"rewritten", BIT(POKE) | BIT(HVC), 6, motif_rewritten_link},
	{"under the kernel", BIT(POKE), 4, motif_rewritten_under_the_kernel},
	{"ids", BIT(HVC), 4, motif_other_ids},
	{"reclaims", BIT(HVC), 6, motif_reclaims},
	{"shares", BIT(HVC), 5, motif_shares},
	{"guest pages", BIT(HVC) | BIT(CREATE), 5, motif_guest_pages},
	{"unknown", BIT(HVC), 2, motif_unknown_calls},
	{"vm", BIT(POKE) | BIT(HVC), 8, motif_vm_by_hand},
	{"vm rewritten", BIT(POKE) | BIT(HVC), 5, motif_vm_rewritten},
	{"vcpu", BIT(POKE) | BIT(HVC) | BIT(CREATE), 6, motif_vcpu_by_hand},
	{"references", BIT(HVC) | BIT(CREATE), 6, motif_references},
	{"trace", BIT(POKE) | BIT(HVC), 20, motif_trace_by_hand},
	{"client", BIT(CREATE), 8, motif_client_life},
	{"client in need", BIT(CREATE) | BIT(FAIL), 8, motif_client_in_need},
	{"race", BIT(RECLAIM) | BIT(CALL), 8, motif_race},
	{"many VMs", BIT(CREATE), 1, motif_many_vms},
	{"trace twice", BIT(TRACE), 3, motif_trace_twice},
	{"end of boot", BIT(DEPRIVILEGE), 4, motif_end_of_boot},
};

uint32_t host_motifs(void)
{
	return COUNT(motifs);
}

const char *host_motif_word(uint32_t nth)
{
	assert(nth < COUNT(motifs));
	return motifs[nth].word;
}

uint64_t host_motif_kinds(uint32_t nth)
{
	assert(nth < COUNT(motifs));
	return motifs[nth].kinds;
}

/* Different pages, one beside the other: most often of the upper half. */
static void pick_pages(struct motif *m)
{
	uint32_t pool = m->prog->world.pool_pages, i;
	uint32_t from = motif_percent(m, 85) ? pool / 2 : 0, room = pool - from;
	uint32_t step = motif_percent(m, 50) ? 1 : room - 1, at;

	if (!room)
		room = MOTIF_PAGES;
	at = motif_any(m, room);
	for (i = 0; i < MOTIF_PAGES; i++)
		m->page[i] = from + (at + i * step) % room;
	m->taken = motif_any(m, pool < 8 ? pool + 1 : 8);
}

/* The VMs that the last operations make and end give a name and a handle. */
static void pick_vm(struct motif *m)
{
	const struct prog *prog = m->prog;
	uint32_t live = 0, i;

	i = prog->nr > LOOK_BACK ? prog->nr - LOOK_BACK : 0;
	for (; i < prog->nr; i++) {
		const struct op *op = &prog->ops[i];

		live += op->kind == OP_CREATE && op->sub == CREATE_VM;
		live -= op->kind == OP_DESTROY && live;
	}
	m->vm = (uint16_t)(motif_percent(m, 70) ? live % OP_VMS
						: motif_any(m, 4));
	m->handle = HANDLE_FIRST + (live < VM_ENTRIES ? live : 0);
}

void host_motif_apply(struct prog *prog, struct rng *rng, uint32_t nth)
{
	struct motif m = {.prog = prog, .rng = rng};

	assert(nth < COUNT(motifs));
	pick_pages(&m);
	pick_vm(&m);
	motifs[nth].build(&m);
}

bool host_motif_add(struct prog *prog, struct rng *rng)
{
	uint16_t weight[COUNT(motifs)];
	bool of_host = prog_of_host(prog->world.swarm);
	uint32_t sum = 0, i;

	for (i = 0; i < COUNT(motifs); i++) {
		bool can = of_host && !(motifs[i].kinds & ~prog->world.swarm);

		weight[i] = can ? motifs[i].weight : 0;
		sum += weight[i];
	}
	if (!sum)
		return false;
	host_motif_apply(prog, rng, rng_weighted(rng, weight, COUNT(motifs)));

	return true;
}
