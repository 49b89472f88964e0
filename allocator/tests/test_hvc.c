/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypercalls, register by register: what each returns, how it refuses, and what
 * a hostile host can and cannot do with a top-up.
 *
 * The tests make their lists by hand from pages 0, 1, 2 ... of the pool, which
 * the host's books know nothing of.
 */
#include "boot.h"

static void unknown_calls_change_x0_only(void **state)
{
	static const unsigned long numbers[] = {0,
						1,
						HVC_BASE - 1,
						HVC_BASE + HVC_NR,
						HVC_BASE + HVC_ALLOC - 1,
						HVC_BASE + HVC_ALLOC + 1,
						~0ul};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct regs regs;

		for (int r = 0; r < HVC_REGS; r++)
			regs.x[r] = 100 + r;
		regs.x[0] = numbers[i];
		assert_true(heap_hvc(regs.x));
		assert_int_equal(regs.x[0], SMCCC_RET_NOT_SUPPORTED);
		for (int r = 1; r < HVC_REGS; r++)
			assert_int_equal(regs.x[r], 100 + r);
	}
}

static void every_call_is_served(void **state)
{
	(void)state;
	for (unsigned long nr = 0; nr < HVC_NR; nr++) {
		struct regs regs = {.x = {HVC_BASE + nr}};

		boot(true, 16);
		assert_true(heap_hvc(regs.x));
		assert_int_equal(regs.x[0], SMCCC_RET_SUCCESS);
	}
}

static void gives_up_privileges_once(void **state)
{
	(void)state;
	assert_regs(hvc(HVC_FINALIZE, 0, 0, 0), 0, 0, 0);
	assert_regs(hvc(HVC_FINALIZE, 0, 0, 0), ERR(EBUSY), 0, 0);
}

/* ---- allocation and requests -------------------------------------------- */

static void alloc_asks_for_what_it_lacks(void **state)
{
	struct regs regs;
	int err;
	uint32_t need;

	(void)state;
	/* 16 + 5008 bytes: two pages */
	assert_regs(hvc(HVC_ALLOC, 5000, 7, 7), ERR(ENOMEM),
		    request(HYP_REQ_ALLOC, 2), ONES);

	/* the handler has read and cleared both */
	assert_true(heap_errno(&err));
	assert_int_equal(err, 0);
	assert_true(heap_topup_needed(&need));
	assert_int_equal(need, 0);

	heap_host_write(0, 0);
	heap_host_write(1, phys(0));
	assert_regs(hvc(HVC_TOPUP, HYP_REQ_ALLOC, phys(1), 2), 0, 0, 0);
	regs = hvc(HVC_ALLOC, 5000, 7, 7);
	assert_regs(regs, 0, NO_REQUEST, ONES);
	assert_int_equal(regs.x[4], (uintptr_t)backend_private(0) + 16);
}

static void numbers_travel_lowest_byte_first(void **state)
{
	(void)state;
	boot(false, 0x1000);
	/* 0x123 pages and 16 bytes of header less */
	assert_regs(hvc(HVC_ALLOC, 0x123 * PAGE - 16, 7, 7), ERR(ENOMEM),
		    0xffffff0000012301, ONES);
}

static void no_request_without_enomem(void **state)
{
	(void)state;
	assert_regs(hvc(HVC_ALLOC, 16 * PAGE, 1, 1), ERR(E2BIG), NO_REQUEST,
		    ONES);
	assert_regs(hvc(HVC_ALLOC, ~0ul, 1, 1), ERR(E2BIG), NO_REQUEST, ONES);
}

static void no_request_without_need(void **state)
{
	(void)state;
	heap_host_write(0, 0);
	hvc(HVC_TOPUP, HYP_REQ_ALLOC, phys(0), 1);
	heap_fail_map(1);
	assert_regs(hvc(HVC_ALLOC, 16, 1, 1), ERR(ENOMEM), NO_REQUEST, ONES);
}

/* A need that nobody read stays on its CPU until the next -ENOMEM there. */
static void need_is_the_cpus_own(void **state)
{
	uint64_t offset;
	bool got;

	(void)state;
	heap_set_cpu(1);
	assert_true(heap_alloc(5000, &got, &offset));
	assert_false(got);

	heap_set_cpu(0);
	heap_host_write(0, 0);
	hvc(HVC_TOPUP, HYP_REQ_ALLOC, phys(0), 1);
	heap_fail_map(1);
	assert_regs(hvc(HVC_ALLOC, 16, 1, 1), ERR(ENOMEM), NO_REQUEST, ONES);

	heap_set_cpu(1);
	assert_regs(hvc(HVC_ALLOC, ~0ul, 1, 1), ERR(E2BIG), NO_REQUEST, ONES);
	heap_fail_map(1);
	assert_regs(hvc(HVC_ALLOC, 16, 1, 1), ERR(ENOMEM),
		    request(HYP_REQ_ALLOC, 2), ONES);
	heap_fail_map(1);
	assert_regs(hvc(HVC_ALLOC, 16, 1, 1), ERR(ENOMEM), NO_REQUEST, ONES);
}

/* ---- reclaim ------------------------------------------------------------ */

static void reclaims_into_a_list(void **state)
{
	struct regs regs;

	(void)state;
	heap_host_write(0, 0);
	heap_host_write(1, phys(0));
	heap_host_write(2, phys(1));
	assert_regs(hvc(HVC_TOPUP, HYP_REQ_ALLOC, phys(2), 3), 0, 0, 0);
	assert_int_equal(spare(), 3);
	regs = hvc(HVC_RECLAIMABLE, HYP_REQ_ALLOC, 8, 9);
	assert_regs(regs, 3, 8, 9);

	assert_regs(hvc(HVC_RECLAIM, HYP_REQ_ALLOC, 0, 5), 0, 0, 0);
	assert_int_equal(spare(), 3);

	/* the cache is a stack: page 0 went in last, page 2 first */
	assert_regs(hvc(HVC_RECLAIM, HYP_REQ_ALLOC, 2, 5), 0, phys(1), 2);
	assert_true(heap_host_owns(1));
	assert_int_equal(heap_host_read(1), phys(0));
	assert_int_equal(heap_host_read(0), 0);
	assert_regs(hvc(HVC_RECLAIM, HYP_REQ_ALLOC, ~0ul, 5), 0, phys(2), 1);
	assert_regs(hvc(HVC_RECLAIM, HYP_REQ_ALLOC, ~0ul, 5), 0, 0, 0);
	assert_regs(hvc(HVC_RECLAIMABLE, HYP_REQ_ALLOC, 0, 0), 0, 0, 0);
	assert_all_back();
}

static void refuses_unknown_heaps(void **state)
{
	static const unsigned long ids[] = {0, 3, 255, 1ul << 32 | 1, ~0ul};

	(void)state;
	heap_host_write(0, 0);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		assert_regs(hvc(HVC_TOPUP, ids[i], phys(0), 1), ERR(EINVAL),
			    phys(0), 1);
		assert_regs(hvc(HVC_RECLAIM, ids[i], 1, 7), ERR(EINVAL), 0, 0);
		assert_int_equal(hvc(HVC_RECLAIMABLE, ids[i], 0, 0).x[1], 0);
	}
	assert_all_back();
}

/* ---- the self test ------------------------------------------------------ */

static void selftest_asks_for_its_pages(void **state)
{
	(void)state;
	assert_regs(hvc(HVC_SELFTEST, 0, 7, 7), ERR(ENOMEM),
		    request(HYP_REQ_SELFTEST, 6), ONES);
	heap_host_write(0, 0);
	assert_regs(hvc(HVC_TOPUP, HYP_REQ_SELFTEST, phys(0), 1), 0, 0, 0);
	assert_int_equal(hvc(HVC_RECLAIMABLE, HYP_REQ_SELFTEST, 0, 0).x[1], 1);
	assert_int_equal(hvc(HVC_RECLAIMABLE, HYP_REQ_ALLOC, 0, 0).x[1], 0);
	assert_regs(hvc(HVC_SELFTEST, 0, 7, 7), ERR(ENOMEM),
		    request(HYP_REQ_SELFTEST, 5), ONES);
	assert_regs(hvc(HVC_RECLAIM, HYP_REQ_SELFTEST, 9, 7), 0, phys(0), 1);
}

static void selftest_is_refused_to_a_running_host(void **state)
{
	(void)state;
	assert_regs(hvc(HVC_SELFTEST, 0, 7, 7), ERR(EPERM), NO_REQUEST, ONES);
}

/* ---- a hostile host's top-up -------------------------------------------- */

/* Page 0 is good, what it links to is not: it stays with the host. */
static void second_is_refused(unsigned long second)
{
	const uint32_t before = spare();

	heap_host_write(0, second);
	assert_regs(hvc(HVC_TOPUP, HYP_REQ_ALLOC, phys(0), 2), ERR(ENOMEM),
		    second & ~(PAGE - 1), 1);
	assert_int_equal(spare(), before + 1);
	hvc(HVC_RECLAIM, HYP_REQ_ALLOC, 1, 0);
}

static void refuses_a_page_of_el2(void **state)
{
	(void)state;
	heap_host_write(5, 0);
	hvc(HVC_TOPUP, HYP_REQ_ALLOC, phys(5), 1);
	assert_regs(hvc(HVC_TOPUP, HYP_REQ_ALLOC, phys(5), 1), ERR(ENOMEM),
		    phys(5), 1);
	assert_int_equal(spare(), 1);
	second_is_refused(phys(5));
}

static void refuses_a_shared_page(void **state)
{
	(void)state;
	assert_int_equal(hvc(HVC_SHARE, phys(5) >> 12, 0, 0).x[1], 0);
	second_is_refused(phys(5));
	assert_int_equal(hvc(HVC_UNSHARE, phys(5) >> 12, 0, 0).x[1], 0);
	heap_host_write(5, 0);
	assert_regs(hvc(HVC_TOPUP, HYP_REQ_ALLOC, phys(5), 1), 0, 0, 0);
}

static void refuses_what_is_no_memory(void **state)
{
	(void)state;
	second_is_refused(phys(POOL));		 /* beyond RAM */
	second_is_refused(phys(0) - PAGE);	 /* before it: a device */
	second_is_refused(0);			 /* longer than the list */
	second_is_refused(~0ul);		 /* garbage */
	second_is_refused(0xdeadbeefdeadbeeful); /* garbage */
	second_is_refused(1ul << 52 | phys(1));	 /* garbage */
	assert_all_back();
}

static void refuses_an_unaligned_head(void **state)
{
	(void)state;
	heap_host_write(0, 0);
	assert_regs(hvc(HVC_TOPUP, HYP_REQ_ALLOC, phys(0) + 8, 1), ERR(ENOMEM),
		    phys(0) + 8, 1);
	assert_all_back();
}

static void masks_an_unaligned_link(void **state)
{
	(void)state;
	heap_host_write(0, phys(1) + 0x123);
	heap_host_write(1, 0);
	assert_regs(hvc(HVC_TOPUP, HYP_REQ_ALLOC, phys(0), 2), 0, 0, 0);
	assert_int_equal(spare(), 2);
}

static void refuses_a_cycle(void **state)
{
	(void)state;
	heap_host_write(0, phys(1));
	heap_host_write(1, phys(0));
	assert_regs(hvc(HVC_TOPUP, HYP_REQ_ALLOC, phys(0), 9), ERR(ENOMEM),
		    phys(0), 7);
	assert_int_equal(spare(), 2);
}

static void refuses_the_same_page_twice(void **state)
{
	(void)state;
	heap_host_write(0, phys(0));
	assert_regs(hvc(HVC_TOPUP, HYP_REQ_ALLOC, phys(0), 2), ERR(ENOMEM),
		    phys(0), 1);
	assert_int_equal(spare(), 1);
}

static void takes_no_more_than_was_said(void **state)
{
	(void)state;
	heap_host_write(0, phys(1));
	heap_host_write(1, phys(2));
	heap_host_write(2, 0);
	assert_regs(hvc(HVC_TOPUP, HYP_REQ_ALLOC, phys(0), 1), 0, phys(1), 0);
	assert_int_equal(spare(), 1);
	assert_true(heap_host_owns(1));
	assert_regs(hvc(HVC_TOPUP, HYP_REQ_ALLOC, phys(1), 0), 0, phys(1), 0);
	assert_int_equal(spare(), 1);
}

static void a_count_that_wraps_donates_nothing(void **state)
{
	(void)state;
	heap_host_write(0, 0);
	heap_host_write(1, 0);
	hvc(HVC_TOPUP, HYP_REQ_ALLOC, phys(0), 1);
	assert_regs(hvc(HVC_TOPUP, HYP_REQ_ALLOC, phys(1), ~0ul), 0, phys(1),
		    ~0ul);
	assert_int_equal(spare(), 1);

	/* while the cache is empty nothing wraps */
	hvc(HVC_RECLAIM, HYP_REQ_ALLOC, 1, 0);
	assert_regs(hvc(HVC_TOPUP, HYP_REQ_ALLOC, phys(1), ~0ul), ERR(ENOMEM),
		    0, ~0ul - 1);
	assert_int_equal(spare(), 1);
}

static const struct {
	uint32_t page;
	unsigned long link;
} * rewrite;
static void (*el2)(unsigned long *regs);
static bool rewritten;

/* Another CPU of the host's, just after the hypercall has taken the page. */
static void rewrites_the_link(unsigned long *regs)
{
	el2(regs);
	rewritten = heap_host_owns(rewrite->page);
	if (rewritten)
		heap_host_write(rewrite->page, rewrite->link);
}

/* EL2 follows the link of a page that it owns by then: see test_host.c, too. */
static void a_link_cannot_change_after_donation(void **state)
{
	const __typeof__(*rewrite) late = {.page = 0, .link = phys(POOL)};
	unsigned long head;

	(void)state;
	heap_host_write(0, 0);
	rewrite = &late;
	el2 = backend.vector;
	backend.vector = rewrites_the_link;
	hvc(HVC_TOPUP, HYP_REQ_ALLOC, phys(0), 1);
	assert_false(rewritten);
	head = hvc(HVC_RECLAIM, HYP_REQ_ALLOC, 1, 0).x[2];
	assert_int_equal(head, phys(0));
	assert_true(rewritten); /* it is the host's again */
}

/* Of two pages, EL2 takes one. */
static void takes_one_of_two(unsigned long *regs)
{
	const bool two = regs[0] == HVC_BASE + HVC_TOPUP && regs[3] == 2;

	regs[3] -= two;
	el2(regs);
	regs[3] += two;
}

static void a_try_that_maps_a_page_is_not_stuck(void **state)
{
	struct host_loop loop;
	uint64_t offset;
	bool got;

	(void)state;
	el2 = backend.vector;
	backend.vector = takes_one_of_two;
	assert_true(host_call_alloc(5000, 7, &loop, &got, &offset));
	assert_true(got);
	assert_int_equal(loop.tries, 3);
	assert_false(loop.stuck);
	assert_int_equal(host_free(), POOL - 2);
	assert_null(host_finding()->what);
}

/* An EL2 without the self test. */
static void knows_one_heap_only(unsigned long *regs)
{
	if (regs[1] == HYP_REQ_SELFTEST)
		regs[1] = 99;
	el2(regs);
}

static void a_heap_that_is_not_there_brings_no_page(void **state)
{
	uint64_t pages;
	int err;

	(void)state;
	el2 = backend.vector;
	backend.vector = knows_one_heap_only;
	assert_true(host_topup(3, &err));
	assert_true(host_shrink(10, &pages));
	assert_int_equal(pages, 3);
	assert_true(heap_host_topup(HYP_REQ_SELFTEST, 3, &err));
	assert_int_equal(err, -EINVAL);
	assert_all_back();
}

static void takes_more_than_it_asked_for(void **state)
{
	(void)state;
	for (uint32_t page = 0; page < 40; page++)
		heap_host_write(page, page ? phys(page - 1) : 0);
	assert_regs(hvc(HVC_TOPUP, HYP_REQ_ALLOC, phys(39), 40), 0, 0, 0);
	assert_int_equal(hvc(HVC_RECLAIMABLE, HYP_REQ_ALLOC, 0, 0).x[1], 40);
	assert_int_equal(hvc(HVC_RECLAIM, HYP_REQ_ALLOC, ~0ul, 0).x[3], 40);
	assert_all_back();
}

int main(void)
{
#define RUNNING(test) cmocka_unit_test_setup(test, boot_running)
#define PRIVILEGED(test) cmocka_unit_test_setup(test, boot_privileged)
	const struct CMUnitTest tests[] = {
		RUNNING(unknown_calls_change_x0_only),
		PRIVILEGED(every_call_is_served),
		PRIVILEGED(gives_up_privileges_once),
		RUNNING(alloc_asks_for_what_it_lacks),
		RUNNING(numbers_travel_lowest_byte_first),
		RUNNING(no_request_without_enomem),
		RUNNING(no_request_without_need),
		RUNNING(need_is_the_cpus_own),
		RUNNING(reclaims_into_a_list),
		RUNNING(refuses_unknown_heaps),
		PRIVILEGED(selftest_asks_for_its_pages),
		RUNNING(selftest_is_refused_to_a_running_host),
		RUNNING(refuses_a_page_of_el2),
		RUNNING(refuses_a_shared_page),
		RUNNING(refuses_what_is_no_memory),
		RUNNING(refuses_an_unaligned_head),
		RUNNING(masks_an_unaligned_link),
		RUNNING(refuses_a_cycle),
		RUNNING(refuses_the_same_page_twice),
		RUNNING(takes_no_more_than_was_said),
		RUNNING(a_count_that_wraps_donates_nothing),
		RUNNING(a_link_cannot_change_after_donation),
		RUNNING(a_try_that_maps_a_page_is_not_stuck),
		RUNNING(a_heap_that_is_not_there_brings_no_page),
		RUNNING(takes_more_than_it_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
