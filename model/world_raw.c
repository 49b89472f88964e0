/* SPDX-License-Identifier: GPL-2.0-only */
#include <assert.h>
#include <string.h>

#include "model/world_state.h"

/*
 * Hypercalls that nobody in the host's kernel would make, with whatever is in
 * the registers. EL2 believes none of it; the harness alone avoids what would
 * pull a page from under the kernel's feet. So each first looks, then changes.
 */

/* x1 and what goes with it; the pages that came back are free. */
static struct world_result done(struct world *w, struct reply reply)
{
	host_gets(w, reply.pages);
	return (struct world_result){
		.ret = reply.ret,
		.need = reply.need,
		.panics = reply.panics,
		.hvcs = 1,
	};
}

static struct world_result returns(int64_t ret)
{
	return (struct world_result){.ret = ret, .hvcs = 1};
}

static void begins(struct world *w)
{
	w->blocked = false;
	w->hvcs++;
}

/* Nothing of it may happen. */
static struct world_result blocked(struct world *w)
{
	w->blocked = true;
	w->hvcs--;
	while (w->nr_moved)
		w->moved[w->moved_list[--w->nr_moved]] = false;
	return (struct world_result){.ret = 0};
}

/* ---- pages by their address --------------------------------------------- */

/* 0, or -EINVAL: no frame numbers at all. */
static int check_range(const struct world *w, uint64_t pfn, uint64_t nr)
{
	const uint64_t limit = (1ull << WORLD_PHYS_BITS) / w->config.page;

	return !nr || nr > limit || pfn > limit - nr ? -MODEL_EINVAL : 0;
}

static bool aligned(const struct world *w, uint64_t x)
{
	return !(x & (w->config.page - 1));
}

/* Number of the page at @phys, which is memory. */
static uint32_t page_at(const struct world *w, uint64_t phys)
{
	uint64_t page = (phys - w->config.base) / w->config.page;

	assert(phys >= w->config.base && page < w->config.pool);
	return (uint32_t)page;
}

static void move(struct world *w, uint64_t phys)
{
	uint32_t page = page_at(w, phys);

	if (w->moved[page])
		return;
	w->moved[page] = true;
	w->moved_list[w->nr_moved++] = page;
}

static bool moved(const struct world *w, uint64_t phys)
{
	return w->moved[page_at(w, phys)];
}

/* May the host give @nr pages from @pfn on? 0, -EINVAL or -EPERM. */
static int check_pages(const struct world *w, uint64_t pfn, uint64_t nr,
		       const struct world_memory *mem)
{
	int err = check_range(w, pfn, nr);

	if (err)
		return err;
	if (nr > w->config.pool)
		return -WORLD_EPERM;
	for (uint64_t i = 0; i < nr; i++) {
		uint64_t phys = (pfn + i) * w->config.page;

		if (mem->owner(mem->data, phys) != WORLD_HOST || moved(w, phys))
			return -WORLD_EPERM;
	}
	return 0;
}

/* Is one of them, which are the host's, in use by its kernel? */
static bool in_use(const struct world *w, uint64_t pfn, uint64_t nr,
		   const struct world_memory *mem)
{
	for (uint64_t i = 0; i < nr; i++)
		if (mem->uses(mem->data, (pfn + i) * w->config.page))
			return true;
	return false;
}

/*
 * A donation of @nr pages from @pfn on: 0 or its error. A fault hits only where
 * nothing else is wrong; and what may not happen is no donation.
 */
static int donate(struct world *w, uint64_t pfn, uint64_t nr,
		  const struct world_memory *mem)
{
	int err;

	if (mem->donating)
		mem->donating(mem->data);
	err = check_pages(w, pfn, nr, mem);
	if (!err && in_use(w, pfn, nr, mem))
		w->blocked = true;
	else if (!err)
		err = hyp_donates(w);
	for (uint64_t i = 0; !err && i < nr; i++)
		move(w, (pfn + i) * w->config.page);
	return err;
}

/* ---- the heaps ---------------------------------------------------------- */

struct world_result world_raw_finalize(struct world *w)
{
	begins(w);
	return returns(hyp_finalize(w));
}

/*
 * refill_memcache(), section 10: a page is EL2's before its link is read. The
 * look: which pages of the list it would take, and what is left of that.
 */
static uint32_t walk_list(struct world *w, struct world_result *r,
			  uint64_t cached, const struct world_memory *mem)
{
	const uint64_t wanted = cached + r->left_nr; /* it wraps */
	const uint64_t page = w->config.page;
	uint32_t taken = 0;

	while (cached + taken < wanted) {
		uint64_t head = r->left_head;

		if (!aligned(w, head) || donate(w, head / page, 1, mem)) {
			r->ret = -MODEL_ENOMEM;
			break;
		}
		if (w->blocked)
			break;
		r->left_head = mem->word(mem->data, head) & ~(page - 1);
		r->left_nr--;
		taken++;
	}
	return taken;
}

struct world_result world_raw_topup(struct world *w, uint64_t id, uint64_t head,
				    uint64_t nr, const struct world_memory *mem)
{
	struct world_result r = {.left_head = head, .left_nr = nr, .hvcs = 1};
	const uint64_t armed = w->fail[WORLD_FAIL_DONATE];
	struct model *m = id == WORLD_HEAP ? w->heap : w->selftest;
	uint32_t taken;

	begins(w);
	if (id != WORLD_HEAP && id != WORLD_SELFTEST) {
		r.ret = -MODEL_EINVAL;
		return r;
	}
	taken = walk_list(w, &r, m->spare, mem);
	if (w->blocked) {
		w->fail[WORLD_FAIL_DONATE] = armed;
		return blocked(w);
	}
	host_gives(w, taken);
	hyp_takes(w, id, taken);
	return r;
}

struct world_result world_raw_reclaim(struct world *w, uint64_t id,
				      uint64_t target)
{
	struct world_result r = {.hvcs = 1};

	begins(w);
	if (id != WORLD_HEAP && id != WORLD_SELFTEST) {
		r.ret = -MODEL_EINVAL;
		return r;
	}
	r.left_nr = hyp_reclaim(w, id, target);
	r.any_head = r.left_nr;
	r.pages = r.left_nr;
	host_gets(w, (uint32_t)r.left_nr);
	return r;
}

struct world_result world_raw_reclaimable(struct world *w, uint64_t id)
{
	begins(w);
	return returns((int64_t)hyp_reclaimable(w, id));
}

struct world_result world_raw_selftest(struct world *w, unsigned int cpu)
{
	begins(w);
	return done(w, hyp_selftest(w, cpu));
}

/* ---- sharing ------------------------------------------------------------ */

struct world_result world_raw_share(struct world *w, uint64_t pfn,
				    const struct world_memory *mem)
{
	int err = check_pages(w, pfn, 1, mem);

	begins(w);
	if (err)
		return returns(err);
	if (in_use(w, pfn, 1, mem))
		return blocked(w);
	move(w, pfn * w->config.page);
	host_gives(w, 1);
	w->lost++;
	return returns(0);
}

struct world_result world_raw_unshare(struct world *w, uint64_t pfn,
				      const struct world_memory *mem)
{
	const uint64_t phys = pfn * w->config.page;
	int err = check_range(w, pfn, 1);

	begins(w);
	if (err)
		return returns(err);
	if (mem->owner(mem->data, phys) != WORLD_SHARED)
		return returns(-WORLD_EPERM);
	if (in_use(w, pfn, 1, mem))
		return blocked(w);
	move(w, phys);
	assert(w->lost);
	w->lost--;
	host_gets(w, 1);
	return returns(0);
}

/* ---- VMs ---------------------------------------------------------------- */

/* Can EL2 read the host's struct at @phys, a number? 0 or an error. */
static int check_shared(uint64_t phys, const struct world_memory *mem)
{
	if (phys % 8)
		return -MODEL_EINVAL;
	return mem->owner(mem->data, phys) == WORLD_SHARED ? 0 : -WORLD_EPERM;
}

static int donate_pgd(struct world *w, const struct pgd *pgd)
{
	if (!aligned(w, pgd->phys))
		return -MODEL_EINVAL;
	/* another CPU had it at the allocator's unlock */
	if (!w->heap->host &&
	    pgd->mem->owner(pgd->mem->data, pgd->phys) == WORLD_HOST)
		return -WORLD_EPERM;
	return donate(w, pgd->phys / w->config.page, 1, pgd->mem);
}

struct world_result world_raw_init_vm(struct world *w, unsigned int cpu,
				      uint64_t kvm, uint64_t pgd,
				      const struct world_memory *mem)
{
	const struct pgd root = {.donate = donate_pgd, .phys = pgd, .mem = mem};
	const uint64_t pfn = pgd / w->config.page;
	int err = check_shared(kvm, mem);

	begins(w);
	if (err)
		return returns(err);
	/* before the allocation, as that cannot be taken back */
	if (aligned(w, pgd) && !check_pages(w, pfn, 1, mem) &&
	    in_use(w, pfn, 1, mem))
		return blocked(w);
	return done(w, hyp_init_vm(w, cpu, mem->word(mem->data, kvm), &root));
}

struct world_result world_raw_init_vcpu(struct world *w, unsigned int cpu,
					uint64_t handle, uint64_t vcpu,
					const struct world_memory *mem)
{
	int err = check_shared(vcpu, mem);

	begins(w);
	if (err)
		return returns(err);
	return done(w,
		    hyp_init_vcpu(w, cpu, handle, mem->word(mem->data, vcpu)));
}

struct world_result world_raw_get_vm(struct world *w, uint64_t handle)
{
	begins(w);
	return done(w, hyp_get_vm(w, handle));
}

struct world_result world_raw_put_vm(struct world *w, uint64_t handle)
{
	begins(w);
	return done(w, hyp_put_vm(w, handle));
}

struct world_result world_raw_teardown_vm(struct world *w, uint64_t handle)
{
	begins(w);
	return done(w, hyp_teardown_vm(w, handle));
}

/* ---- the trace ---------------------------------------------------------- */

/* Pages of all CPUs by the descriptor at @desc; 0: it is not valid. */
static uint64_t count_pages(const struct world *w, uint64_t desc,
			    uint64_t bytes, const struct world_memory *mem)
{
	uint64_t at = 8, pages = 0;

	if ((uint32_t)mem->word(mem->data, desc) != w->config.cpus)
		return 0;

	for (uint32_t cpu = 0; cpu < w->config.cpus; cpu++) {
		uint64_t ring, nr;

		if (bytes - at < 8)
			return 0;
		ring = mem->word(mem->data, desc + at);
		nr = ring >> 32;
		at += 8;
		if ((uint32_t)ring != cpu || nr < TRACE_MIN_PAGES ||
		    nr > (bytes - at) / 8)
			return 0;
		at += 8 * nr;
		pages += nr;
	}
	return pages;
}

struct world_result world_raw_tracing_load(struct world *w, unsigned int cpu,
					   uint64_t desc, uint64_t bytes,
					   const struct world_memory *mem)
{
	const uint64_t pfn = desc / w->config.page;
	const uint64_t nr = bytes / w->config.page;
	struct reply r;
	int err;

	begins(w);
	if (!aligned(w, desc) || !aligned(w, bytes))
		return returns(-MODEL_EINVAL);
	err = donate(w, pfn, nr, mem);
	if (w->blocked)
		return blocked(w);
	if (err)
		return returns(err);

	host_gives(w, (uint32_t)nr);
	w->hyp += (uint32_t)nr;
	r = hyp_tracing_load(w, cpu, count_pages(w, desc, bytes, mem));
	w->hyp -= (uint32_t)nr;
	r.pages += (uint32_t)nr;
	return done(w, r);
}

struct world_result world_raw_tracing_unload(struct world *w)
{
	begins(w);
	return done(w, hyp_tracing_unload(w));
}

/* ---- guests ------------------------------------------------------------- */

struct world_result world_raw_donate_guest(struct world *w, uint64_t handle,
					   uint64_t pfn,
					   const struct world_memory *mem)
{
	const uint64_t phys = pfn * w->config.page;
	int err = hyp_find_vm(w, handle) ? check_pages(w, pfn, 1, mem)
					 : -WORLD_ENOENT;

	begins(w);
	if (!err && in_use(w, pfn, 1, mem))
		return blocked(w);
	if (!err) {
		move(w, phys);
		w->guest[page_at(w, phys)] = (uint16_t)handle;
		w->guests++;
		host_gives(w, 1);
	}
	section_ends(w);
	return returns(err);
}

struct world_result world_raw_reclaim_guest(struct world *w, uint64_t pfn,
					    const struct world_memory *mem)
{
	const uint64_t phys = pfn * w->config.page;
	int err = check_range(w, pfn, 1);
	struct reply r = {.ret = 0};

	begins(w);
	if (!err && mem->owner(mem->data, phys) != WORLD_GUEST)
		err = -WORLD_EPERM;
	if (!err && hyp_find_vm(w, w->guest[page_at(w, phys)]))
		err = -WORLD_EBUSY;
	if (!err) {
		move(w, phys);
		w->guests--;
		r.pages = 1;
	}
	section_ends(w);
	r.ret = err;
	return done(w, r);
}
