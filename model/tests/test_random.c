/* SPDX-License-Identifier: GPL-2.0-only */
#include "table.h"

#include <string.h>

/*
 * Random operations. After each one the model's invariants hold (section 3),
 * and what it says agrees with a list of objects that this test keeps itself.
 */

#define SLOTS 64u
#define OPS 600u
#define RUNS 300u
#define CHUNKS 256u /* at most */

struct object {
	uint64_t offset, size; /* size 0: none */
};

struct run {
	struct model *m;
	uint64_t random;
	struct object object[SLOTS];
	uint32_t pages; /* of the heap */
	uint32_t served, no_memory, too_big, freed, reclaimed, failed_map;
	/* the chunks when the model was last told to settle */
	struct model_chunk was[CHUNKS];
	uint32_t was_nr, same;
};

static uint64_t below(struct run *r, uint64_t limit)
{
	r->random ^= r->random << 13;
	r->random ^= r->random >> 7;
	r->random ^= r->random << 17;
	return r->random % limit;
}

static uint64_t some_size(struct run *r)
{
	uint64_t page = r->m->page;

	switch (below(r, 8)) {
	case 0:
		return below(r, 64);
	case 1:
		return page * (1 + below(r, 4)) + below(r, 97) - 48;
	case 2:
		return below(r, r->pages * page);
	case 3:
		return below(r, 64) ? below(r, 4 * page) : UINT64_MAX;
	default:
		return below(r, 3 * page);
	}
}

static void object_is_good(const struct run *r, uint32_t n)
{
	const struct object *o = &r->object[n];

	assert_int_equal(o->offset % 16, 0);
	assert_true(o->offset >= 16);
	assert_true(o->offset + o->size <= r->m->size);
	for (uint32_t i = 0; i < SLOTS; i++) {
		const struct object *other = &r->object[i];

		if (i == n || !other->size)
			continue;
		/* and a header between any two */
		assert_true(other->offset + other->size + 16 <= o->offset ||
			    o->offset + o->size + 16 <= other->offset);
	}
	for (uint64_t page = o->offset / r->m->page;
	     page <= (o->offset + o->size - 1) / r->m->page; page++)
		assert_true(model_page_mapped(r->m, (uint32_t)page));
}

static void try_alloc(struct run *r, uint32_t n)
{
	uint64_t bytes = some_size(r), armed = r->m->fail_map;
	unsigned int cpu = (unsigned int)below(r, MODEL_CPUS);
	uint32_t offset, need;
	int err = model_alloc(r->m, cpu, bytes, &offset);

	assert_int_equal(model_errno(r->m, cpu), err);
	need = model_need(r->m, cpu);
	if (!err) {
		r->object[n].offset = offset;
		r->object[n].size = (uint64_t)model_size(r->m, bytes);
		object_is_good(r, n);
		r->served++;
	} else if (err == -MODEL_ENOMEM && need) {
		assert_int_equal(r->m->spare, 0);
		assert_true(need <= r->pages);
		/* with that much it gets further */
		if (need <= r->m->host && below(r, 2))
			model_topup(r->m, need);
		r->no_memory++;
	} else if (err == -MODEL_ENOMEM) {
		assert_true(armed && !r->m->fail_map && r->m->spare);
		r->failed_map++;
	} else {
		assert_int_equal(err, -MODEL_E2BIG);
		assert_int_equal(need, 0);
		r->too_big++;
	}
}

static void try_free(struct run *r, uint32_t n)
{
	uint64_t offset = below(r, r->pages * (uint64_t)r->m->page + 64);
	bool live = false;

	if (r->object[n].size) {
		assert_true(model_free(r->m, r->object[n].offset));
		assert_false(model_free(r->m, r->object[n].offset));
		r->object[n].size = 0;
		r->freed++;
	}
	for (uint32_t i = 0; i < SLOTS; i++)
		live |= r->object[i].size && r->object[i].offset == offset;
	if (!live)
		assert_false(model_free(r->m, offset));
}

static void try_reclaim(struct run *r)
{
	uint64_t had = model_reclaimable(r->m);
	uint64_t target = below(r, 4) ? below(r, r->pages + 1) : UINT64_MAX;
	uint64_t due = target < had ? target : had;
	uint32_t host = r->m->host;

	assert_int_equal(model_reclaim(r->m, target), due);
	assert_int_equal(r->m->host, host + due);
	assert_int_equal(model_reclaimable(r->m), had - due);
	r->reclaimed += (uint32_t)due;
}

static void settle(struct run *r)
{
	assert_true(r->m->nr <= CHUNKS);
	memcpy(r->was, r->m->chunk, r->m->nr * sizeof(*r->was));
	r->was_nr = r->m->nr;
	model_settle(r->m);
	assert_int_equal(r->m->same_first, r->was_nr);
	assert_int_equal(r->m->same_last, r->was_nr);
}

/* What the model says is as it was is as it was. */
static void same_is_same(struct run *r)
{
	const struct model *m = r->m;

	assert_true(m->same_first <= m->nr && m->same_first <= r->was_nr);
	assert_true(m->same_last <= m->nr && m->same_last <= r->was_nr);
	for (uint32_t i = 0; i < m->same_first; i++)
		assert_memory_equal(&m->chunk[i], &r->was[i],
				    sizeof(r->was[i]));
	for (uint32_t i = 1; i <= m->same_last; i++)
		assert_memory_equal(&m->chunk[m->nr - i],
				    &r->was[r->was_nr - i], sizeof(r->was[i]));
	r->same += m->same_first + m->same_last;
	if (below(r, 2))
		settle(r);
}

static void step(struct run *r)
{
	uint32_t n = (uint32_t)below(r, SLOTS);
	uint32_t used = 0;
	const char *broken;

	switch (below(r, 16)) {
	case 0:
		model_topup(r->m, below(r, 8));
		break;
	case 1:
		try_reclaim(r);
		break;
	case 2:
		if (!below(r, 4))
			model_fail_map(r->m, 1 + below(r, 4));
		break;
	default:
		if (r->object[n].size)
			try_free(r, n);
		else
			try_alloc(r, n);
	}
	broken = model_check(r->m);
	if (broken)
		fail_msg("%s", broken);
	for (uint32_t i = 0; i < SLOTS; i++)
		used += r->object[i].size != 0;
	assert_int_equal(model_chunks_used(r->m), used);
	same_is_same(r);
}

static void run_all(struct model *m, uint32_t page)
{
	struct run r = {.m = m, .random = 0x9E3779B97F4A7C15ull ^ page};

	for (uint32_t n = 0; n < RUNS; n++) {
		uint32_t pool = 1 + (uint32_t)below(&r, 80);

		for (uint32_t i = 0; i < SLOTS; i++)
			r.object[i].size = 0;
		r.pages = 1 + (uint32_t)below(&r, 64);
		world(m, page, r.pages, pool, (uint32_t)below(&r, pool + 1));
		settle(&r);
		for (uint32_t i = 0; i < OPS; i++)
			step(&r);
	}
	/* each kind of end was met, many times */
	assert_true(r.served > 10000);
	assert_true(r.freed > 5000);
	assert_true(r.no_memory > 1000);
	assert_true(r.too_big > 1000);
	assert_true(r.reclaimed > 1000);
	assert_true(r.failed_map > 100);
	/* and most of a list is as it was */
	assert_true(r.same > RUNS * OPS);
}

static void on_4k_pages(void **state)
{
	run_all(*state, 4 * K);
}

static void on_16k_pages(void **state)
{
	run_all(*state, 16 * K);
}

static void on_64k_pages(void **state)
{
	run_all(*state, 64 * K);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		model_test(on_4k_pages),
		model_test(on_16k_pages),
		model_test(on_64k_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
