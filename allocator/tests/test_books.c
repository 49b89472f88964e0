/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's books find out an EL2 that loses, keeps or steals pages, at the
 * operation that did it; and the request loop tells of each client alike.
 */
#include "host_ops.h"

static void (*el2)(unsigned long *regs);

/* EL2 as it is, but that @lie is told the registers after it. */
static void (*lie)(unsigned long nr, unsigned long *regs);

static void lies(unsigned long *regs)
{
	const unsigned long nr = regs[0] - HVC_BASE;

	el2(regs);
	lie(nr, regs);
}

static int boot_topped_up(void **state)
{
	(void)state;
	boot(false, 64);
	assert_int_equal(topup(8), 0);

	return 0;
}

static void tell(void (*what)(unsigned long nr, unsigned long *regs))
{
	lie = what;
	el2 = backend.vector;
	backend.vector = lies;
}

static void assert_found(uint32_t page, const char *what)
{
	const struct host_finding *f = host_finding();

	assert_non_null(f->what);
	assert_string_equal(f->what, what);
	assert_int_equal(f->page, page);
	assert_false(f->warning);
}

/* ---- findings ----------------------------------------------------------- */

static void one_page_less(unsigned long nr, unsigned long *regs)
{
	if (nr == HVC_RECLAIM && regs[3])
		regs[3]--;
}

/* The list is 5 6 7 from its head, or the like: its last page is not said. */
static void finds_a_page_on_no_list(void **state)
{
	uint64_t pages;

	(void)state;
	tell(one_page_less);
	assert_true(host_reclaim(3, &pages));
	assert_int_equal(pages, 2);
	assert_string_equal(host_finding()->what, "is the host's again but on "
						  "no list of it");
	assert_int_equal(heap_owner(phys(host_finding()->page)), HEAP_HOST);
	assert_true(host_uses(host_finding()->page));
}

static void steals(unsigned long nr, unsigned long *regs)
{
	(void)nr;
	(void)regs;
	if (heap_host_owns(60))
		assert_int_equal(backend_donate_hyp(pfn(60), 1), 0);
}

static void finds_a_page_that_was_stolen(void **state)
{
	uint64_t ret;

	(void)state;
	tell(steals);
	assert_true(host_count(&ret));
	assert_found(60, "was never donated, but the hypervisor has it");
}

static uint32_t taken;

static void takes_a_page_in_use(unsigned long nr, unsigned long *regs)
{
	(void)regs;
	if (nr != HVC_RECLAIMABLE || heap_owner(phys(taken)) != HEAP_SHARED)
		return;
	assert_int_equal(backend_unshare_hyp(pfn(taken)), 0);
	assert_int_equal(backend_donate_hyp(pfn(taken), 1), 0);
}

static void finds_that_a_page_in_use_was_taken(void **state)
{
	uint64_t ret;

	(void)state;
	assert_int_equal(create_vm(1), HANDLE);
	for (taken = 0; heap_owner(phys(taken)) != HEAP_SHARED; taken++)
		assert_true(taken < POOL);
	tell(takes_a_page_in_use);
	assert_true(host_count(&ret));
	assert_found(0, "or another that the host's kernel uses was taken "
			"from it");
}

static unsigned long old_head;

static void gives_the_first_again(unsigned long nr, unsigned long *regs)
{
	if (nr != HVC_RECLAIM)
		return;
	if (old_head) {
		regs[2] = old_head;
		regs[3] = 1;
	}
	old_head = regs[2];
}

static void finds_what_came_back_twice(void **state)
{
	uint64_t pages;
	uint32_t page;

	(void)state;
	old_head = 0;
	tell(gives_the_first_again);
	assert_true(host_reclaim(1, &pages));
	assert_no_finding();
	page = (uint32_t)heap_phys_page(old_head);
	assert_true(host_reclaim(1, &pages));
	assert_found(page, "came back to the host twice");
}

static void shares_what_it_gives(unsigned long nr, unsigned long *regs)
{
	if (nr == HVC_RECLAIM && regs[3])
		assert_int_equal(backend_share_hyp(regs[2] >> 12), 0);
}

static void finds_a_page_freed_while_shared(void **state)
{
	uint64_t pages;

	(void)state;
	tell(shares_what_it_gives);
	assert_true(host_reclaim(1, &pages));
	assert_string_equal(host_finding()->what, "was freed while EL2 may use "
						  "it");
}

static void says_no_success(unsigned long nr, unsigned long *regs)
{
	if (nr == HVC_UNSHARE)
		regs[0] = SMCCC_RET_NOT_SUPPORTED;
}

/* A warning is forgotten with its operation, and gives way to a finding. */
static void a_warning_is_less_than_a_finding(void **state)
{
	uint64_t ret;

	(void)state;
	assert_int_equal(create_vm(1), HANDLE);
	tell(says_no_success);
	assert_int_equal(destroy_vm(HANDLE), 0);
	assert_true(host_finding()->warning);
	assert_string_equal(host_finding()->function, "pkvm_hvc");
	backend.vector = el2;
	tell(steals);
	assert_true(host_count(&ret));
	assert_found(60, "was never donated, but the hypervisor has it");
	host_begin();
	assert_found(60, "was never donated, but the hypervisor has it");
}

/* ---- the request loop --------------------------------------------------- */

static void assert_loop(const struct host_loop *loop, unsigned int tries,
			int err)
{
	assert_int_equal(loop->tries, tries);
	assert_int_equal(loop->err, err);
	assert_int_equal(loop->need, 0);
	assert_false(loop->stuck);
}

static void tells_of_each_client(void **state)
{
	struct host_loop loop;
	long ret;

	(void)state;
	boot(true, 64);
	/* the last try before the one that succeeded had no memory */
	returned(host_selftest(TRIES, &loop, &ret));
	assert_int_equal(ret, 0);
	assert_loop(&loop, 2, -ENOMEM);
	returned(host_create_vm(1, TRIES, &loop, &ret));
	assert_int_equal(ret, HANDLE);
	assert_loop(&loop, 2, -ENOMEM);
	returned(host_create_vm(1, TRIES, &loop, &ret));
	returned(host_create_vm(0, TRIES, &loop, &ret));
	assert_int_equal(ret, -EINVAL);
	assert_loop(&loop, 1, -EINVAL);
	returned(host_create_vcpu(HANDLE, 0, TRIES, &loop, &ret));
	assert_int_equal(ret, 0);
	assert_loop(&loop, 2, -ENOMEM);
	returned(host_create_vcpu(HANDLE, 1, TRIES, &loop, &ret));
	assert_int_equal(ret, -EINVAL);
	assert_int_equal(loop.err, -EINVAL);
	returned(host_trace_load(3, TRIES, &loop, &ret));
	assert_int_equal(ret, 0);
	assert_int_equal(loop.need, 0);
	returned(host_trace_load(3, TRIES, &loop, &ret));
	assert_int_equal(ret, -EBUSY);
	assert_loop(&loop, 1, -EBUSY);
}

static void tells_what_a_poor_host_lacks(void **state)
{
	struct host_loop loop;
	long ret;

	(void)state;
	assert_int_equal(topup(UINT64_MAX), 0);
	returned(host_create_vm(1, TRIES, &loop, &ret));
	assert_int_equal(ret, -ENOMEM);
	/* it had no page to share: nobody was called */
	assert_loop(&loop, 0, -ENOMEM);

	boot(false, 64);
	returned(host_create_vm(300000, TRIES, &loop, &ret));
	assert_int_equal(ret, -E2BIG);
	returned(host_create_vm(32000, TRIES, &loop, &ret));
	assert_int_equal(ret, -ENOMEM);
	assert_int_equal(loop.tries, 1);
	assert_int_equal(loop.need, 64); /* of the 62 that are left */
	assert_all_back();
}

static void is_bounded_for_each_client(void **state)
{
	struct host_loop loop;
	long ret;

	(void)state;
	boot(false, 64);
	returned(host_create_vm(1, 1, &loop, &ret));
	assert_int_equal(ret, -ENOMEM);
	assert_int_equal(loop.tries, 1);
	assert_int_equal(loop.need, 1);
	assert_all_back();
}

static void tells_of_a_try_that_was_refused(void **state)
{
	struct host_loop loop;
	uint64_t offset;
	bool got;

	(void)state;
	boot(false, 64);
	heap_fail_hvc(3);
	returned(host_call_alloc(5000, TRIES, &loop, &got, &offset));
	assert_false(got);
	assert_loop(&loop, 2, -1);
	host_begin();
	assert_no_leak();
}

/* ---- what the host reads and writes ------------------------------------- */

/* The same in each run, whatever the run before has done. */
static void pages_are_junk_until_written(void **state)
{
	uint64_t junk[2][2], value;

	for (int run = 0; run < 3; run++) {
		boot_topped_up(state);
		for (uint32_t i = 0; i < 2; i++) {
			assert_true(heap_peek(40, 8 * i, &value));
			assert_int_not_equal(value, 0);
			if (!run)
				junk[0][i] = value;
			assert_int_equal(value, junk[0][i]);
		}
		assert_true(heap_poke(40, run ? 0 : 8, 7));
		assert_true(heap_peek(40, run ? 0 : 8, &value));
		assert_int_equal(value, 7);
		assert_true(heap_peek(40, run ? 8 : 0, &value));
		assert_int_equal(value, junk[0][run ? 1 : 0]);

		/* nor does EL2 see it: the link of a page that nobody wrote */
		value = raw(HVC_TOPUP, HYP_REQ_ALLOC, phys(41), 1).x[2];
		if (!run)
			junk[1][0] = value;
		assert_int_not_equal(value, 0);
		assert_int_equal(value, junk[1][0]);
		assert_int_equal(raw1(HVC_RECLAIM, HYP_REQ_ALLOC, 1), 0);
	}
}

static void a_place_behind_the_page_is_the_nexts(void **state)
{
	uint64_t value;

	(void)state;
	assert_true(heap_poke(40, 2 * PAGE + 16, 99));
	assert_true(heap_peek(42, 16, &value));
	assert_int_equal(value, 99);
	assert_false(heap_poke(POOL - 1, PAGE, 99));
	assert_false(heap_poke(POOL, 0, 99));
	assert_false(heap_poke(UINT32_MAX, 0, 99));
	assert_int_equal(heap_page_phys(42), phys(0) + 42 * PAGE);
	assert_int_equal(heap_page_host(42), backend_host_window() + 42 * PAGE);
	assert_int_equal(heap_page_el2(42), backend_phys_to_virt(phys(42)));
}

static void a_page_has_one_owner(void **state)
{
	uint32_t hyp = 0;

	(void)state;
	for (uint32_t page = 0; page < POOL; page++)
		hyp += heap_owner(phys(page)) == HEAP_HYP;
	assert_int_equal(hyp, 8);
	assert_int_equal(heap_owner(phys(40) + 4095), HEAP_HOST);
	assert_int_equal(raw1(HVC_SHARE, pfn(40), 0), 0);
	assert_int_equal(heap_owner(phys(40)), HEAP_SHARED);
	assert_int_equal(heap_owner(0), HEAP_NOT_MEMORY);
	assert_int_equal(heap_owner(phys(POOL)), HEAP_NOT_MEMORY);
	assert_int_equal(heap_owner(~0ul), HEAP_NOT_MEMORY);
	assert_int_equal(heap_owner(window(40)), HEAP_NOT_MEMORY);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup(test, boot_topped_up)
	const struct CMUnitTest tests[] = {
		TEST(finds_a_page_on_no_list),
		TEST(finds_a_page_that_was_stolen),
		TEST(finds_that_a_page_in_use_was_taken),
		TEST(finds_what_came_back_twice),
		TEST(finds_a_page_freed_while_shared),
		TEST(a_warning_is_less_than_a_finding),
		TEST(tells_of_each_client),
		TEST(tells_what_a_poor_host_lacks),
		TEST(is_bounded_for_each_client),
		TEST(tells_of_a_try_that_was_refused),
		TEST(pages_are_junk_until_written),
		TEST(a_place_behind_the_page_is_the_nexts),
		TEST(a_page_has_one_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
