/* SPDX-License-Identifier: GPL-2.0-only */
#include <assert.h>

#include "model/world_state.h"

/*
 * What the host's kernel does about the heaps, hypercall by hypercall:
 * section 11 of the allocator's specification.
 */

bool kernel_calls(struct world *w, struct world_result *r)
{
	r->hvcs++;
	w->hvcs++;
	if (!fault_hits(w, WORLD_FAIL_HVC))
		return true;
	r->warned = true;
	return false;
}

bool kernel_takes(struct world *w)
{
	if (fault_hits(w, WORLD_FAIL_PAGE) || !w->heap->host)
		return false;
	host_gives(w, 1);
	w->used++;
	return true;
}

void kernel_frees(struct world *w, uint32_t pages)
{
	assert(w->used >= pages);
	w->used -= pages;
	host_gets(w, pages);
}

/* ---- top-up ------------------------------------------------------------- */

/* A list of @nr pages, or of none. */
static bool make_list(struct world *w, uint64_t nr)
{
	uint32_t got = 0;

	while (got < nr && kernel_takes(w))
		got++;
	if (got == nr)
		return true;
	kernel_frees(w, got);
	return false;
}

/* pkvm_hyp_topup() */
static int64_t kernel_tops_up(struct world *w, struct world_result *r,
			      uint64_t id, uint64_t nr)
{
	uint32_t taken, pages = (uint32_t)nr;

	if (!make_list(w, nr))
		return -MODEL_ENOMEM;
	if (!kernel_calls(w, r)) {
		kernel_frees(w, pages);
		return WORLD_REFUSED;
	}
	/* those it takes are in use no more when it is done */
	w->used -= pages;
	taken = hyp_topup(w, id, pages);
	w->used += pages - taken;
	kernel_frees(w, pages - taken);
	return taken < pages ? -MODEL_ENOMEM : 0;
}

struct world_result world_topup(struct world *w, uint64_t pages)
{
	struct world_result r = {.ret = 0};

	if (pages > w->heap->host)
		pages = w->heap->host;
	r.ret = kernel_tops_up(w, &r, WORLD_HEAP, pages);
	return r;
}

/* ---- reclaim ------------------------------------------------------------ */

uint64_t kernel_reclaims(struct world *w, struct world_result *r, uint64_t id,
			 uint64_t target)
{
	uint32_t pages;

	if (!kernel_calls(w, r))
		return 0;
	pages = hyp_reclaim(w, id, target);
	host_gets(w, pages);
	return pages;
}

struct world_result world_reclaim(struct world *w, uint64_t target)
{
	struct world_result r = {.ret = 0};

	r.pages = kernel_reclaims(w, &r, WORLD_HEAP, target);
	return r;
}

/* ---- the shrinker ------------------------------------------------------- */

struct world_result world_shrink(struct world *w, uint64_t target)
{
	struct world_result r = {.ret = -1};

	if (!w->shrinker)
		return r;

	for (uint64_t id = WORLD_HEAP; id <= WORLD_SELFTEST; id++) {
		while (r.pages < target) {
			uint64_t left = target - r.pages;
			uint64_t got = kernel_reclaims(
				w, &r, id,
				left < KERNEL_BATCH ? left : KERNEL_BATCH);

			if (!got)
				break;
			r.pages += got;
		}
	}
	if (r.pages)
		r.ret = (int64_t)r.pages;
	return r;
}

struct world_result world_count(struct world *w)
{
	struct world_result r = {.ret = -1};
	uint64_t pages = 0;

	if (!w->shrinker)
		return r;

	for (uint64_t id = WORLD_HEAP; id <= WORLD_SELFTEST; id++)
		if (kernel_calls(w, &r))
			pages += hyp_reclaimable(w, id);
	if (pages)
		r.ret = (int64_t)pages;
	return r;
}

struct world_result world_deprivilege(struct world *w)
{
	struct world_result r = {.ret = WORLD_REFUSED};

	if (!kernel_calls(w, &r))
		return r;
	r.ret = hyp_finalize(w);
	if (!r.ret)
		w->shrinker = true;
	return r;
}

/* ---- the request loop --------------------------------------------------- */

void kernel_loops(struct world *w, struct world_result *r, unsigned int tries,
		  uint64_t id, struct reply (*call)(struct world *w, void *arg),
		  void *arg)
{
	assert(tries);
	for (;;) {
		struct reply reply;

		r->tries++;
		if (!kernel_calls(w, r)) {
			r->ret = WORLD_REFUSED;
			r->need = 0;
			return;
		}
		reply = call(w, arg);
		r->ret = reply.ret;
		r->need = reply.need;
		r->panics = reply.panics;
		if (reply.panics || !reply.need || r->tries == tries)
			return;
		r->ret = kernel_tops_up(w, r, id, reply.need);
		if (r->ret)
			return;
	}
}

struct alloc_call {
	unsigned int cpu;
	uint64_t bytes;
	uint32_t *offset;
};

static struct reply alloc_call(struct world *w, void *arg)
{
	struct alloc_call *call = arg;

	return hyp_alloc(w, call->cpu, call->bytes, call->offset);
}

struct world_result world_call_alloc(struct world *w, unsigned int cpu,
				     uint64_t bytes, unsigned int tries,
				     uint32_t *offset)
{
	struct alloc_call call = {.cpu = cpu, .bytes = bytes, .offset = offset};
	struct world_result r = {.ret = 0};

	kernel_loops(w, &r, tries, WORLD_HEAP, alloc_call, &call);
	return r;
}
