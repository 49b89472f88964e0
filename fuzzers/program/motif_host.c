/* SPDX-License-Identifier: GPL-2.0-only */
#include <assert.h>

#include "gen_state.h"
#include "motif_host.h"

/*
 * What a hostile host tries, a builder for each row: lists of donated pages
 * that are not what they should be, calls with arguments that no kernel makes,
 * and structures written by hand. A list is a chain of host pages whose first
 * word is the address of the next.
 */

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define PAGES 6u
#define LOOK_BACK 256u
#define HANDLE_FIRST 0x1000u
#define VM_ENTRIES 16u

#define HEAP_ID 1u
#define SELFTEST_ID 2u

/**
 * struct host - A motif in the making.
 * @page: different ones, if the pool has that many; in most programs free still
 * @taken: one that EL2 has probably, since the host's kernel gives the first
 * @vm: a name of the program that is free, as far as one can tell
 * @handle: of the VM that is created next
 */
struct host {
	struct prog *prog;
	struct rng *rng;
	uint32_t page[PAGES];
	uint32_t taken;
	uint16_t vm;
	uint64_t handle;
};

static uint32_t any(struct host *h, uint32_t n)
{
	return (uint32_t)rng_below(h->rng, n);
}

static bool percent(struct host *h, uint32_t n)
{
	return rng_percent(h->rng, n);
}

static uint64_t phys(uint32_t page)
{
	return OP_ADDR(OP_TAG_PHYS, page, 0);
}

static uint64_t host_va(uint32_t page)
{
	return OP_ADDR(OP_TAG_HOST, page, 0);
}

static uint64_t frame(uint32_t page)
{
	return OP_ADDR(OP_TAG_FRAME, page, 0);
}

static uint64_t page_bytes(const struct host *h)
{
	return UINT64_C(1) << h->prog->world.page_shift;
}

/* ---- operations --------------------------------------------------------- */

static void emit(struct host *h, struct op op)
{
	if (!(h->prog->world.swarm >> op.kind & 1))
		return;
	op_fix(&op, h->prog->world.cpus);
	prog_add(h->prog, op);
}

static void poke(struct host *h, uint32_t page, uint32_t offset, uint64_t value)
{
	emit(h, (struct op){
			.kind = OP_POKE,
			.arg = OP_ADDR(OP_TAG_PHYS, page, offset),
			.x = {value, 0},
		});
}

static void poke_at(struct host *h, uint8_t at, uint32_t page, uint64_t value)
{
	emit(h, (struct op){
			.kind = OP_POKE,
			.at = at,
			.arg = phys(page),
			.x = {value, 0},
		});
}

static void call(struct host *h, uint8_t number, uint64_t x1, uint64_t x2,
		 uint64_t x3)
{
	emit(h, (struct op){
			.kind = OP_HVC,
			.sub = number,
			.arg = x1,
			.x = {x2, x3},
		});
}

static void topup(struct host *h, uint32_t head, uint64_t nr)
{
	call(h, OP_HVC_TOPUP, HEAP_ID, phys(head), nr);
}

static void plain(struct host *h, uint8_t kind, uint8_t sub, uint16_t slot,
		  uint64_t arg)
{
	emit(h, (struct op){
			.kind = kind,
			.sub = sub,
			.slot = slot,
			.arg = arg,
		});
}

static void create_vm(struct host *h, uint64_t vcpus)
{
	plain(h, OP_CREATE, CREATE_VM, h->vm, vcpus);
}

/* Pages for what the call after next may need. */
static void feed(struct host *h)
{
	if (percent(h, 70))
		plain(h, OP_TOPUP, 0, 0, rng_range(h->rng, 1, 6));
}

/* page[0] -> page[1] -> ... -> page[nr - 1] -> @last */
static void link_pages(struct host *h, uint32_t nr, uint64_t last)
{
	uint32_t i;

	for (i = 0; i + 1 < nr; i++)
		poke(h, h->page[i], 0, phys(h->page[i + 1]));
	poke(h, h->page[nr - 1], 0, last);
}

/* ---- lists --------------------------------------------------------------- */

static void good_list(struct host *h)
{
	uint32_t nr = 1 + any(h, 4);

	link_pages(h, nr, 0);
	topup(h, h->page[0], nr);
	if (percent(h, 30))
		call(h, OP_HVC_RECLAIM, HEAP_ID, nr, 0);
}

static void list_with_hyp_page(struct host *h)
{
	uint32_t bad = h->taken;

	if (percent(h, 75)) {
		bad = h->page[2];
		topup(h, bad, 1);
	}
	link_pages(h, 2, phys(bad));
	topup(h, h->page[0], 2 + any(h, 3));
}

static void list_with_guest_page(struct host *h)
{
	feed(h);
	create_vm(h, 1);
	call(h, OP_HVC_DONATE_GUEST, h->handle, frame(h->page[2]), 0);
	link_pages(h, 2, phys(h->page[2]));
	topup(h, h->page[0], 3);
	if (percent(h, 50)) {
		call(h, OP_HVC_RECLAIM_GUEST, frame(h->page[2]), 0, 0);
		plain(h, OP_DESTROY, 0, h->vm, 0);
		call(h, OP_HVC_RECLAIM_GUEST, frame(h->page[2]), 0, 0);
	}
}

static void list_with_shared_page(struct host *h)
{
	uint32_t bad = any(h, 2);

	link_pages(h, 2, 0);
	call(h, OP_HVC_SHARE, frame(h->page[bad]), 0, 0);
	topup(h, h->page[0], 2);
	if (percent(h, 50)) {
		call(h, OP_HVC_UNSHARE, frame(h->page[bad]), 0, 0);
		topup(h, h->page[bad], 1);
	}
}

/* MMIO is below RAM, and there is nothing above it. */
static void list_out_of_memory(struct host *h)
{
	const uint64_t bad[] = {
		0,
		0x09000000,
		phys(h->prog->world.pool_pages),
		phys(OP_ADDR_PAGES - 1),
		UINT64_C(1) << (48 + any(h, 16)),
		~(page_bytes(h) - 1),
		UINT64_MAX,
	};
	uint64_t to = bad[any(h, COUNT(bad))];

	if (percent(h, 30)) {
		call(h, OP_HVC_TOPUP, HEAP_ID, to, 1 + any(h, 3));
		return;
	}
	link_pages(h, 1 + any(h, 2), to);
	topup(h, h->page[0], 3);
}

static void list_unaligned(struct host *h)
{
	static const uint16_t by[] = {1, 8, 16, 2048, 4088, 4095};
	uint64_t at = h->page[1];

	at = OP_ADDR(OP_TAG_PHYS, at, by[any(h, COUNT(by))]);
	if (percent(h, 50)) {
		call(h, OP_HVC_TOPUP, HEAP_ID, at, 1 + any(h, 2));
		return;
	}
	poke(h, h->page[0], 0, at);
	poke(h, h->page[1], 0, 0);
	topup(h, h->page[0], 2);
}

static void list_in_a_circle(struct host *h)
{
	uint32_t nr = 1 + any(h, 3);

	link_pages(h, nr, phys(h->page[any(h, nr)]));
	topup(h, h->page[0], nr + 1 + any(h, 4));
}

static void same_page_twice(struct host *h)
{
	topup(h, h->page[0], 1);
	if (percent(h, 30))
		plain(h, OP_RECLAIM, 0, 0, 1 + any(h, 3));
	topup(h, h->page[0], 1);
}

static void list_longer_than_said(struct host *h)
{
	uint32_t nr = 2 + any(h, 3);

	link_pages(h, nr, 0);
	topup(h, h->page[0], any(h, nr));
	if (percent(h, 40))
		topup(h, h->page[nr - 1], 1);
}

static void list_shorter_than_said(struct host *h)
{
	uint32_t nr = 1 + any(h, 3);

	link_pages(h, nr, 0);
	topup(h, h->page[0], nr + 1 + gen_log(h->rng, 10));
}

/* The count of the cache wraps, if there is a page in it. */
static void list_wraps(struct host *h)
{
	if (percent(h, 60))
		plain(h, OP_TOPUP, 0, 0, 1 + any(h, 4));
	else if (percent(h, 60))
		plain(h, OP_RECLAIM, 0, 0, UINT64_MAX);
	link_pages(h, 1 + any(h, 3), 0);
	topup(h, h->page[0], UINT64_MAX - any(h, 5));
}

static void garbage_links(struct host *h)
{
	uint32_t nr = 1 + any(h, 3);

	link_pages(h, nr, rng_next(h->rng));
	topup(h, h->page[0], nr + 1 + any(h, 3));
}

/* Between the check and the use: the host writes as late as it can. */
static void rewritten_link(struct host *h)
{
	uint32_t nr = 2 + any(h, 2);
	uint64_t to = phys(h->page[percent(h, 50) ? 0 : PAGES - 1]);

	if (percent(h, 25))
		to = percent(h, 50) ? phys(h->taken) : rng_next(h->rng);
	link_pages(h, nr, 0);
	poke_at(h, (uint8_t)(1 + any(h, 3)), h->page[any(h, nr)], to);
	topup(h, h->page[0], nr + any(h, 2));
}

/* The same under the honest kernel's top-up, which takes the lowest pages. */
static void rewritten_under_the_kernel(struct host *h)
{
	poke_at(h, gen_at(h->rng), any(h, 8),
		percent(h, 60) ? phys(h->page[0]) : gen_value(h->rng, h->prog));
	if (percent(h, 50))
		plain(h, OP_TOPUP, 0, 0, 1 + any(h, 6));
	else
		plain(h, OP_CALL, 0, gen_slot(h->rng, h->prog),
		      page_bytes(h) * (1 + any(h, 4)));
}

/* ---- other calls --------------------------------------------------------- */

static uint64_t odd_id(struct host *h)
{
	static const uint64_t ids[] = {
		SELFTEST_ID, SELFTEST_ID, SELFTEST_ID,	  0,	      3,
		255,	     256,	  1ull << 32 | 1, UINT64_MAX,
	};

	return ids[any(h, COUNT(ids))];
}

static void other_ids(struct host *h)
{
	uint64_t id = odd_id(h);

	if (percent(h, 60)) {
		link_pages(h, 2, 0);
		call(h, OP_HVC_TOPUP, id, phys(h->page[0]), 2);
	}
	if (percent(h, 60))
		call(h, OP_HVC_RECLAIMABLE, id, 0, 0);
	call(h, OP_HVC_RECLAIM, id, 1 + any(h, 17), 0);
}

static void reclaims(struct host *h)
{
	const uint64_t target[] = {
		0, 1, 17, UINT64_MAX, gen_pages(h->rng, &h->prog->world),
	};

	if (percent(h, 40))
		call(h, OP_HVC_RECLAIMABLE, HEAP_ID, 0, 0);
	call(h, OP_HVC_RECLAIM, percent(h, 80) ? HEAP_ID : odd_id(h),
	     target[any(h, COUNT(target))], 0);
	if (percent(h, 40))
		call(h, OP_HVC_RECLAIMABLE, HEAP_ID, 0, 0);
}

static void shares(struct host *h)
{
	const uint64_t frames[] = {
		frame(h->page[0]), frame(h->page[0]),
		frame(h->taken),   frame(h->prog->world.pool_pages),
		any(h, 16),	   UINT64_C(1) << 52,
		UINT64_MAX,
	};
	uint64_t which = frames[any(h, COUNT(frames))];
	uint32_t left = 1 + any(h, 3);

	while (left--)
		call(h, percent(h, 65) ? OP_HVC_SHARE : OP_HVC_UNSHARE, which,
		     0, 0);
	if (percent(h, 30))
		topup(h, h->page[0], 1);
	call(h, OP_HVC_UNSHARE, which, 0, 0);
}

/* The guest's pages: given twice, one that is not the host's, while it lives. */
static void guest_pages(struct host *h)
{
	uint64_t page = frame(percent(h, 70) ? h->page[0] : h->taken);

	feed(h);
	create_vm(h, 1 + any(h, 2));
	call(h, OP_HVC_DONATE_GUEST, h->handle + (percent(h, 15) ? 1 : 0), page,
	     0);
	if (percent(h, 40))
		call(h, OP_HVC_DONATE_GUEST, h->handle, page, 0);
	if (percent(h, 40))
		call(h, OP_HVC_SHARE, page, 0, 0);
	if (percent(h, 40))
		call(h, OP_HVC_RECLAIM_GUEST, page, 0, 0);
	plain(h, OP_DESTROY, 0, h->vm, 0);
	if (percent(h, 20))
		create_vm(h, 1);
	call(h, OP_HVC_RECLAIM_GUEST, page, 0, 0);
	if (percent(h, 30))
		call(h, OP_HVC_RECLAIM_GUEST, page, 0, 0);
}

static void unknown_calls(struct host *h)
{
	call(h, (uint8_t)rng_range(h->rng, OP_HVC_RECLAIM_GUEST + 1, UINT8_MAX),
	     gen_value(h->rng, h->prog), gen_value(h->rng, h->prog),
	     gen_value(h->rng, h->prog));
}

/* ---- structures written by hand ------------------------------------------ */

/* An address of @page, right in most cases. */
static uint64_t near(struct host *h, uint32_t page)
{
	switch (any(h, 12)) {
	case 0:
		return OP_ADDR(OP_TAG_EL2, page, 0);
	case 1:
		return OP_ADDR(OP_TAG_HOST, page, 1 + any(h, 15));
	case 2:
		return OP_ADDR(OP_TAG_HOST, page, page_bytes(h) - 8);
	case 3:
		return gen_value(h->rng, h->prog);
	default:
		return host_va(page);
	}
}

static uint64_t odd_vcpus(struct host *h)
{
	const uint64_t nr[] = {
		0,
		page_bytes(h) / 8,
		UINT64_C(1) << 29,
		UINT64_C(1) << 61,
		UINT64_MAX,
	};

	return percent(h, 65) ? 1 + any(h, 4) : nr[any(h, COUNT(nr))];
}

/* struct kvm in page[0], the PGD page[1], struct kvm_vcpu in page[2]. */
static void vm_by_hand(struct host *h)
{
	uint32_t pgd = percent(h, 80)	? h->page[1]
		       : percent(h, 50) ? h->page[0]
					: h->taken;

	feed(h);
	poke(h, h->page[0], 0, odd_vcpus(h));
	if (percent(h, 85))
		call(h, OP_HVC_SHARE, frame(h->page[0]), 0, 0);
	call(h, OP_HVC_INIT_VM, near(h, h->page[0]), near(h, pgd), 0);
	if (percent(h, 30)) {
		feed(h);
		call(h, OP_HVC_INIT_VM, host_va(h->page[0]),
		     host_va(h->page[1]), 0);
	}
	if (percent(h, 40))
		topup(h, h->page[1], 1);
	if (percent(h, 50))
		call(h, OP_HVC_TEARDOWN_VM, h->handle, 0, 0);
	if (percent(h, 30))
		call(h, OP_HVC_UNSHARE, frame(h->page[0]), 0, 0);
}

static void vcpu_by_hand(struct host *h)
{
	uint64_t handle = percent(h, 85) ? h->handle : gen_handle(h->rng);

	feed(h);
	create_vm(h, 1 + any(h, 3));
	poke(h, h->page[2], 0,
	     percent(h, 85) ? any(h, 3) : gen_value(h->rng, h->prog));
	if (percent(h, 85))
		call(h, OP_HVC_SHARE, frame(h->page[2]), 0, 0);
	call(h, OP_HVC_INIT_VCPU, handle, near(h, h->page[2]), 0);
	if (percent(h, 50)) {
		feed(h);
		call(h, OP_HVC_INIT_VCPU, handle, host_va(h->page[2]), 0);
	}
	if (percent(h, 50))
		plain(h, OP_DESTROY, 0, h->vm, 0);
}

/* A VM that somebody uses stays; each use ends once. */
static void references(struct host *h)
{
	uint32_t uses = 1 + any(h, 3), i;

	feed(h);
	create_vm(h, 1);
	for (i = 0; i < uses; i++)
		call(h, OP_HVC_GET_VM, h->handle, 0, 0);
	if (percent(h, 50))
		call(h, OP_HVC_TEARDOWN_VM, h->handle, 0, 0);
	else
		plain(h, OP_DESTROY, 0, h->vm, 0);
	for (i = 0; i < uses; i++)
		call(h, OP_HVC_PUT_VM, h->handle, 0, 0);
	if (percent(h, 50))
		call(h, OP_HVC_TEARDOWN_VM, h->handle, 0, 0);
	/* Of a VM that there is not: one that there is would be the end. */
	if (percent(h, 20))
		call(h, OP_HVC_PUT_VM, h->handle + 8 + any(h, 16), 0, 0);
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
static void trace_by_hand(struct host *h)
{
	uint32_t cpus = h->prog->world.cpus, cpu, at = 8, wrong = any(h, cpus);
	uint32_t fault = percent(h, 40) ? TRACE_FAULTS : any(h, TRACE_FAULTS);
	uint64_t bytes = page_bytes(h) * (percent(h, 85) ? 1 : any(h, 3));
	uint64_t desc = near(h, h->page[0]);

	feed(h);
	poke(h, h->page[0], 0,
	     fault == TRACE_CPUS ? cpus + 1 - 2 * any(h, 2) : cpus);
	for (cpu = 0; cpu < cpus; cpu++) {
		uint32_t says = cpu, pages = 3 + any(h, 3), i;

		if (fault == TRACE_ORDER && cpu == wrong)
			says = cpu ? cpu - 1 : 1 + any(h, 4);
		if (fault == TRACE_FEW && cpu == wrong)
			pages = any(h, 3);
		if (fault == TRACE_LONG && cpu == wrong)
			pages = percent(h, 50) ? UINT32_MAX - any(h, 3)
					       : page_bytes(h) / 8 - any(h, 4);
		poke(h, h->page[0], at, says | (uint64_t)pages << 32);
		at += 8;
		for (i = 0; i < pages && i < 8; i++, at += 8)
			if (percent(h, 20))
				poke(h, h->page[0], at, host_va(h->page[1]));
		if (pages >= 8)
			break;
	}
	if (fault == TRACE_ALIGN)
		bytes += percent(h, 50) ? 8 : page_bytes(h) / 2;
	if (fault == TRACE_FOREIGN)
		desc = host_va(h->taken);
	call(h, OP_HVC_TRACING_LOAD, desc, bytes, 0);
	if (percent(h, 60))
		call(h, OP_HVC_TRACING_UNLOAD, 0, 0, 0);
}

/* ---- clients, and faults in what they need ------------------------------- */

static void client_life(struct host *h)
{
	uint32_t vcpus = 1 + any(h, 4), i;

	create_vm(h, vcpus);
	for (i = 0; i < vcpus; i++)
		plain(h, OP_CREATE, CREATE_VCPU, h->vm, i);
	if (percent(h, 30))
		plain(h, OP_CREATE, CREATE_VCPU, h->vm, any(h, 2 * vcpus));
	if (percent(h, 80))
		plain(h, OP_DESTROY, 0, h->vm, 0);
	if (percent(h, 30))
		plain(h, OP_RECLAIM, 0, 0, UINT64_MAX);
}

/* What the host's kernel counts on fails, and then does not. */
static void client_in_need(struct host *h)
{
	uint8_t fault = (uint8_t)any(h, FAIL_KINDS);
	uint32_t nth = 1 + any(h, 4), i;

	for (i = 0; i < 2; i++) {
		if (!i)
			plain(h, OP_FAIL, fault, 0, nth);
		switch (any(h, 5)) {
		case 0:
			plain(h, OP_TRACE, TRACE_LOAD, 0, 3 + any(h, 3));
			break;
		case 1:
			plain(h, OP_CREATE, CREATE_VCPU, h->vm, i);
			break;
		case 2:
			plain(h, OP_DESTROY, 0, h->vm, 0);
			break;
		default:
			create_vm(h, 1 + any(h, 2));
			break;
		}
	}
}

static void trace_twice(struct host *h)
{
	plain(h, OP_TRACE, TRACE_LOAD, 0, 3 + any(h, 3));
	plain(h, OP_TRACE, percent(h, 50) ? TRACE_LOAD : TRACE_UNLOAD, 0, 3);
	if (percent(h, 50))
		plain(h, OP_RECLAIM, 0, 0, UINT64_MAX);
	plain(h, OP_TRACE, TRACE_UNLOAD, 0, 0);
}

/* Before and after: the self test is refused, the shrinker works. */
static void end_of_boot(struct host *h)
{
	if (percent(h, 80))
		plain(h, OP_SELFTEST, 0, 0, 0);
	if (percent(h, 40))
		call(h, OP_HVC_RECLAIM, SELFTEST_ID, 1 + any(h, 7), 0);
	plain(h, OP_SHRINK, percent(h, 50) ? SHRINK_COUNT : SHRINK_SCAN, 0, 8);
	/* Twice is refused. */
	if (percent(h, 25))
		call(h, OP_HVC_FINALIZE, 0, 0, 0);
	plain(h, OP_DEPRIVILEGE, 0, 0, 0);
	plain(h, OP_SHRINK, percent(h, 50) ? SHRINK_COUNT : SHRINK_SCAN, 0, 8);
	if (percent(h, 50))
		plain(h, OP_SELFTEST, 0, 0, 0);
	else
		call(h, OP_HVC_SELFTEST, 0, 0, 0);
}

/* Another CPU takes or eats what this one was given, between two locks. */
static void race(struct host *h)
{
	struct op op = {
		.kind = percent(h, 60) ? OP_RECLAIM : OP_ALLOC,
		.at = gen_at(h->rng),
		.slot = gen_slot(h->rng, h->prog),
		.arg = 1 + any(h, 4),
	};

	if (op.kind == OP_ALLOC)
		op.arg = page_bytes(h) * any(h, 3) + any(h, 64);
	if (percent(h, 40))
		plain(h, OP_RECLAIM, 0, 0, UINT64_MAX);
	emit(h, op);
	if (percent(h, 30)) {
		op.at = gen_at(h->rng);
		emit(h, op);
	}
	if (percent(h, 40))
		create_vm(h, 1 + any(h, 2));
	plain(h, OP_CALL, 0, gen_slot(h->rng, h->prog),
	      page_bytes(h) * (1 + any(h, 3)));
}

/* ---- the table ----------------------------------------------------------- */

#define BIT(id) (UINT64_C(1) << OP_##id)

static const struct {
	const char *word;
	uint64_t kinds;
	uint16_t weight;
	void (*build)(struct host *h);
} motifs[] = {
	{"good list", BIT(POKE) | BIT(HVC), 8, good_list},
	{"hyp page", BIT(POKE) | BIT(HVC), 5, list_with_hyp_page},
	{"guest page", BIT(POKE) | BIT(HVC) | BIT(CREATE), 5,
	 list_with_guest_page},
	{"shared page", BIT(POKE) | BIT(HVC), 5, list_with_shared_page},
	{"out of memory", BIT(POKE) | BIT(HVC), 5, list_out_of_memory},
	{"unaligned", BIT(POKE) | BIT(HVC), 4, list_unaligned},
	{"circle", BIT(POKE) | BIT(HVC), 5, list_in_a_circle},
	{"twice", BIT(HVC), 4, same_page_twice},
	{"longer", BIT(POKE) | BIT(HVC), 5, list_longer_than_said},
	{"shorter", BIT(POKE) | BIT(HVC), 5, list_shorter_than_said},
	{"wraps", BIT(POKE) | BIT(HVC), 5, list_wraps},
	{"garbage", BIT(POKE) | BIT(HVC), 5, garbage_links},
	{"rewritten", BIT(POKE) | BIT(HVC), 6, rewritten_link},
	{"under the kernel", BIT(POKE), 4, rewritten_under_the_kernel},
	{"ids", BIT(HVC), 4, other_ids},
	{"reclaims", BIT(HVC), 6, reclaims},
	{"shares", BIT(HVC), 5, shares},
	{"guest pages", BIT(HVC) | BIT(CREATE), 5, guest_pages},
	{"unknown", BIT(HVC), 2, unknown_calls},
	{"vm", BIT(POKE) | BIT(HVC), 8, vm_by_hand},
	{"vcpu", BIT(POKE) | BIT(HVC) | BIT(CREATE), 6, vcpu_by_hand},
	{"references", BIT(HVC) | BIT(CREATE), 6, references},
	{"trace", BIT(POKE) | BIT(HVC), 8, trace_by_hand},
	{"client", BIT(CREATE), 8, client_life},
	{"client in need", BIT(CREATE) | BIT(FAIL), 8, client_in_need},
	{"race", BIT(RECLAIM) | BIT(CALL), 8, race},
	{"trace twice", BIT(TRACE), 3, trace_twice},
	{"end of boot", BIT(DEPRIVILEGE), 2, end_of_boot},
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
static void pick_pages(struct host *h)
{
	uint32_t pool = h->prog->world.pool_pages, i;
	uint32_t from = percent(h, 85) ? pool / 2 : 0, room = pool - from;
	uint32_t step = percent(h, 50) ? 1 : room - 1, at;

	if (!room)
		room = PAGES;
	at = any(h, room);
	for (i = 0; i < PAGES; i++)
		h->page[i] = from + (at + i * step) % room;
	h->taken = any(h, pool < 8 ? pool + 1 : 8);
}

/* The VMs that the last operations make and end give a name and a handle. */
static void pick_vm(struct host *h)
{
	const struct prog *prog = h->prog;
	uint32_t live = 0, i;

	i = prog->nr > LOOK_BACK ? prog->nr - LOOK_BACK : 0;
	for (; i < prog->nr; i++) {
		const struct op *op = &prog->ops[i];

		live += op->kind == OP_CREATE && op->sub == CREATE_VM;
		live -= op->kind == OP_DESTROY && live;
	}
	h->vm = (uint16_t)(percent(h, 70) ? live % OP_VMS : any(h, 4));
	h->handle = HANDLE_FIRST + (live < VM_ENTRIES ? live : 0);
}

void host_motif_apply(struct prog *prog, struct rng *rng, uint32_t nth)
{
	struct host h = {.prog = prog, .rng = rng};

	assert(nth < COUNT(motifs));
	pick_pages(&h);
	pick_vm(&h);
	motifs[nth].build(&h);
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
