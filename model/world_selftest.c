/* SPDX-License-Identifier: GPL-2.0-only */
#include <assert.h>

#include "model/world_state.h"

/*
 * The heaps by the number that the host has for them, and the self test: its
 * sequence runs on a second model, which shares with the heap the countdown to
 * a mapping that fails and whoever waits for an unlock.
 */

#define FIRST 16u    /* offset of the first data */
#define STEP 32u     /* from one smallest chunk to the next */
#define SMALLEST 16u /* bytes */

/* An unlock of the private heap: what waits for it may use the heap. */
static void unlocked(void *data)
{
	struct world *w = data;

	w->heap->fail_map = w->selftest->fail_map;
	model_unlocked(w->heap);
	w->selftest->fail_map = w->heap->fail_map;
}

/* The private heap, for one use of it. */
static struct model *enter(struct world *w)
{
	w->selftest->unlock = unlocked;
	w->selftest->unlock_data = w;
	w->selftest->fail_map = w->heap->fail_map;
	return w->selftest;
}

static void leave(struct world *w)
{
	w->heap->fail_map = w->selftest->fail_map;
}

/* ---- the heaps by their number ------------------------------------------ */

void hyp_takes(struct world *w, uint64_t id, uint32_t pages)
{
	struct model *m = id == WORLD_HEAP ? w->heap : enter(w);

	assert(id == WORLD_HEAP || id == WORLD_SELFTEST);
	m->host += pages;
	m->pool += pages;
	model_topup(m, pages); /* just those */
	if (m != w->heap)
		leave(w);
}

uint32_t hyp_topup(struct world *w, uint64_t id, uint32_t pages)
{
	uint32_t taken = 0;

	while (taken < pages && !hyp_donates(w))
		taken++;
	hyp_takes(w, id, taken);
	return taken;
}

uint32_t hyp_reclaim(struct world *w, uint64_t id, uint64_t target)
{
	struct model *m = id == WORLD_HEAP ? w->heap : enter(w);
	uint32_t pages = (uint32_t)model_reclaim(m, target);

	assert(id == WORLD_HEAP || id == WORLD_SELFTEST);
	m->host -= pages;
	m->pool -= pages;
	if (m != w->heap)
		leave(w);
	return pages;
}

uint64_t hyp_reclaimable(struct world *w, uint64_t id)
{
	uint64_t pages = world_reclaimable(w, id);

	if (id == WORLD_HEAP || id == WORLD_SELFTEST)
		section_ends(w);
	return pages;
}

/* ---- the self test ------------------------------------------------------ */

struct run {
	struct world *w;
	struct model *m;
	unsigned int cpu;
	uint32_t list; /* pages reclaimed and not topped up again */
};

/* An allocation that must land at @offset. */
static bool lands(struct run *r, uint64_t bytes, uint32_t offset)
{
	uint32_t at = 0;

	return !model_alloc(r->m, r->cpu, bytes, &at) && at == offset;
}

static bool fails(struct run *r, uint64_t bytes, int err)
{
	uint32_t at;

	return model_alloc(r->m, r->cpu, bytes, &at) &&
	       model_errno(r->m, r->cpu) == err;
}

static bool frees(struct run *r, uint32_t offset)
{
	return model_free(r->m, offset);
}

static void reclaims(struct run *r)
{
	r->list += (uint32_t)model_reclaim(r->m, SELFTEST_PAGES);
}

/* The list again, page by page; false: a donation failed. */
static bool tops_up(struct run *r)
{
	uint32_t taken = 0;

	while (taken < r->list && !hyp_donates(r->w))
		taken++;
	model_topup(r->m, taken);
	r->list -= taken;
	return !r->list;
}

/* Sizes, rounding, the place of the first chunks, recycling. */
static bool sizes(struct run *r)
{
	const uint32_t second = FIRST + STEP + SMALLEST;
	bool a, b;

	if (!fails(r, (uint64_t)SELFTEST_PAGES * r->m->page, -MODEL_E2BIG) ||
	    !fails(r, UINT64_MAX, -MODEL_E2BIG))
		return false;
	if (!lands(r, 0, FIRST) || !frees(r, FIRST))
		return false;

	a = lands(r, 17, FIRST);
	b = lands(r, 0, second);
	return a && b && frees(r, FIRST) && lands(r, 17, FIRST) &&
	       frees(r, second) && frees(r, FIRST);
}

/* The second and third of four, alone again. */
static bool splits(struct run *r)
{
	bool second = lands(r, 0, FIRST + STEP);
	bool third = lands(r, 0, FIRST + 2 * STEP);

	return second && third;
}

/* Four small chunks, merged forwards, split, merged backwards and both ways. */
static bool merges(struct run *r)
{
	const uint32_t c[] = {FIRST, FIRST + STEP, FIRST + 2 * STEP,
			      FIRST + 3 * STEP};

	for (int i = 0; i < 4; i++)
		if (!lands(r, 0, c[i]))
			return false;

	return frees(r, c[2]) && frees(r, c[1]) &&
	       lands(r, STEP + SMALLEST, c[1]) && frees(r, c[1]) && splits(r) &&
	       frees(r, c[1]) && frees(r, c[2]) &&
	       lands(r, STEP + SMALLEST, c[1]) && frees(r, c[1]) && splits(r) &&
	       frees(r, c[0]) && frees(r, c[2]) && frees(r, c[1]) &&
	       lands(r, 2 * STEP + SMALLEST, c[0]) && frees(r, c[3]) &&
	       frees(r, c[0]);
}

/* Pages go to a list and come back from it. */
static bool lists(struct run *r)
{
	const uint64_t page = r->m->page, bytes[] = {0, 2 * page, 0, page};
	uint32_t at[4];
	bool all = true;

	/* whatever was mapped before, every page is in the cache now */
	reclaims(r);
	if (!tops_up(r))
		return false;
	for (int i = 0; i < 4; i++)
		all &= !model_alloc(r->m, r->cpu, bytes[i], &at[i]);
	if (!all || !frees(r, at[3]))
		return false;

	reclaims(r);
	if (r->list != 3 || !frees(r, at[1]))
		return false;
	reclaims(r);
	if (r->list != 4 || !fails(r, page, -MODEL_ENOMEM) ||
	    !model_need(r->m, r->cpu))
		return false;

	return tops_up(r) && lands(r, page, at[1]) && frees(r, at[0]) &&
	       frees(r, at[1]) && frees(r, at[2]) &&
	       lands(r, SELFTEST_PAGES * page - FIRST, FIRST) &&
	       frees(r, FIRST);
}

/* Whatever is mapped, in use or not, goes back to the cache. */
static void clear(struct world *w)
{
	const uint64_t bytes = (uint64_t)SELFTEST_PAGES * w->config.page;
	struct model *m = w->selftest;
	const uint32_t pages = m->pool;

	assert(!m->host);
	model_reset(m, w->config.page, 0);
	m->pool = pages;
	m->spare = pages;
	model_init(m, bytes, 0);
	enter(w);
	model_unlocked(m);
}

struct reply hyp_selftest(struct world *w, unsigned int cpu)
{
	const uint64_t bytes = (uint64_t)SELFTEST_PAGES * w->config.page;
	struct run run = {.w = w, .m = w->selftest, .cpu = cpu};
	struct reply r = {.ret = 0};

	if (!w->privileged) {
		r.ret = -WORLD_EPERM;
		return r;
	}
	enter(w);
	if (w->selftest->size) /* what the last run has left */
		clear(w);
	if (w->selftest->spare < SELFTEST_PAGES) {
		r.ret = -MODEL_ENOMEM;
		r.need = SELFTEST_PAGES - w->selftest->spare;
		leave(w);
		return r;
	}
	if (!w->selftest->size)
		model_init(w->selftest, bytes, 0);
	if (!sizes(&run) || !merges(&run) || !lists(&run)) {
		tops_up(&run);
		leave(w);
		clear(w);
		r.ret = -MODEL_EINVAL;
	}
	leave(w);
	return r;
}

/*
 * With exactly its pages nothing is on the list when a mapping fails, and a
 * donation that fails is made again. With more, it could fail for good.
 */
bool world_selftest_predictable(const struct world *w)
{
	return !w->fail[WORLD_FAIL_DONATE] ||
	       w->selftest->pool <= SELFTEST_PAGES;
}

static struct reply selftest_call(struct world *w, void *arg)
{
	return hyp_selftest(w, *(unsigned int *)arg);
}

struct world_result world_selftest(struct world *w, unsigned int cpu,
				   unsigned int tries)
{
	struct world_result r = {.ret = 0};

	kernel_loops(w, &r, tries, WORLD_SELFTEST, selftest_call, &cpu);
	while (kernel_reclaims(w, &r, WORLD_SELFTEST, KERNEL_BATCH))
		;
	return r;
}
