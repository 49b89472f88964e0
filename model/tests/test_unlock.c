/* SPDX-License-Identifier: GPL-2.0-only */
#include "table.h"

/*
 * The ends of the sections under the allocator's lock: one call each, when all
 * is done but what is not done under it.
 */

struct watch {
	struct model *m;
	uint32_t calls;
	/* as it was at the last */
	uint32_t nr, spare, host, pool;
};

static void look(void *data)
{
	struct watch *w = data;

	w->calls++;
	w->nr = w->m->nr;
	w->spare = w->m->spare;
	w->host = w->m->host;
	w->pool = w->m->pool;
	assert_null(model_check(w->m));
}

static void watch(struct watch *w, struct model *m)
{
	*w = (struct watch){.m = m};
	m->unlock = look;
	m->unlock_data = w;
}

static void each_section_ends_once(void **state)
{
	struct model *m = *state;
	uint32_t offset;
	struct watch w;

	world(m, 4096, 16, 8, 0);
	watch(&w, m);
	model_topup(m, 3);
	assert_int_equal(w.calls, 1);
	assert_int_equal(w.spare, 3);
	model_topup(m, 0);
	assert_int_equal(w.calls, 2);
	assert_int_equal(model_alloc(m, 0, 100, &offset), 0);
	assert_int_equal(w.calls, 3);
	assert_int_equal(w.nr, 1);
	assert_int_equal(model_alloc(m, 0, 20000, &offset), -MODEL_ENOMEM);
	assert_int_equal(w.calls, 4);
	assert_int_equal(w.spare, 0);
	/* before the lock is taken, or the hypervisor is dead */
	assert_int_equal(model_alloc(m, 0, 65521, &offset), -MODEL_E2BIG);
	assert_int_equal(model_alloc(m, 0, UINT64_MAX, &offset), -MODEL_E2BIG);
	assert_false(model_free(m, 32));
	assert_int_equal(w.calls, 4);
	assert_true(model_free(m, 16));
	assert_int_equal(w.calls, 5);
	assert_int_equal(model_reclaim(m, 0), 0);
	assert_int_equal(w.calls, 6);
	/* an oracle's questions are none */
	model_reclaimable(m);
	model_errno(m, 0);
	model_need(m, 0);
	assert_int_equal(w.calls, 6);
	model_unlocked(m);
	assert_int_equal(w.calls, 7);
}

/* What is reclaimed is on a list then. */
static void reclaimed_pages_are_on_the_way(void **state)
{
	struct model *m = *state;
	struct watch w;

	world(m, 4096, 16, 8, 5);
	watch(&w, m);
	assert_int_equal(model_reclaim(m, 2), 2);
	assert_int_equal(w.calls, 1);
	assert_int_equal(w.spare, 3);
	assert_int_equal(w.host, 3);
	assert_int_equal(w.pool, 6);
	expect_pages(m, 5, 3, 0);
	assert_int_equal(m->pool, 8);
}

static void takes_the_rest(void *data)
{
	struct model *m = data;
	uint32_t offset;

	m->unlock = NULL;
	assert_int_equal(model_alloc(m, 1, 16, &offset), 0);
	assert_int_equal(offset, 48);
	assert_true(model_free(m, 16));
}

/* The offset is that of the call's own object, whatever happened since. */
static void the_heap_changes_meanwhile(void **state)
{
	struct model *m = *state;
	uint32_t offset = 0;

	world(m, 4096, 16, 8, 5);
	m->unlock = takes_the_rest;
	m->unlock_data = m;
	assert_int_equal(model_alloc(m, 0, 16, &offset), 0);
	assert_int_equal(offset, 16);
	expect_heap(m, "0 free, 32 used 16 >4096", "#");
}

static void a_reset_forgets_who_is_called(void **state)
{
	struct model *m = *state;
	struct watch w;

	world(m, 4096, 16, 8, 0);
	watch(&w, m);
	world(m, 4096, 16, 8, 5);
	assert_int_equal(w.calls, 0);
	assert_null(m->unlock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		model_test(each_section_ends_once),
		model_test(reclaimed_pages_are_on_the_way),
		model_test(the_heap_changes_meanwhile),
		model_test(a_reset_forgets_who_is_called),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
