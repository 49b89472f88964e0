/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages of guests: the host gives them, nobody else has them, and they come
 * back wiped once the guest's VM has ended.
 *
 *	host --donate_guest--> guest --(teardown) reclaim_guest--> host
 */
#include "host_ops.h"

static int boot_with_a_vm(void **state)
{
	(void)state;
	boot(false, 64);
	assert_int_equal(create_vm(1), HANDLE);

	return 0;
}

static void census(uint32_t guest, uint32_t hyp)
{
	struct heap_pages pages;

	heap_pages(&pages);
	assert_int_equal(pages.guest, guest);
	assert_int_equal(pages.hyp, hyp);
	assert_int_equal(pages.host + pages.spare + pages.mapped + guest + hyp,
			 POOL);
}

static void a_page_goes_and_comes_back(void **state)
{
	const uint8_t *bytes = (void *)heap_page_el2(60);

	(void)state;
	census(0, 1); /* the PGD */
	assert_int_equal(raw1(HVC_DONATE_GUEST, HANDLE, pfn(60)), 0);
	assert_int_equal(heap_owner(phys(60)), HEAP_GUEST);
	census(1, 1);
	/* the guest has written to it */
	assert_int_equal(raw_nonzero(bytes, PAGE), 0);

	assert_int_equal(raw1(HVC_RECLAIM_GUEST, pfn(60), 0), ERR(EBUSY));
	assert_int_equal(destroy_vm(HANDLE), 0);
	assert_int_equal(heap_owner(phys(60)), HEAP_GUEST);
	assert_int_equal(raw1(HVC_RECLAIM_GUEST, pfn(60), 0), 0);
	assert_int_equal(heap_owner(phys(60)), HEAP_HOST);
	assert_int_equal(raw_nonzero(bytes, PAGE), PAGE);
	assert_int_equal(raw1(HVC_RECLAIM_GUEST, pfn(60), 0), ERR(EPERM));
	census(0, 0);
	assert_no_leak();
}

static void only_a_vm_gets_a_page(void **state)
{
	(void)state;
	assert_int_equal(raw1(HVC_DONATE_GUEST, HANDLE + 1, pfn(60)),
			 ERR(ENOENT));
	assert_int_equal(raw1(HVC_DONATE_GUEST, 0, pfn(60)), ERR(ENOENT));
	assert_int_equal(raw1(HVC_DONATE_GUEST, ~0ul, pfn(60)), ERR(ENOENT));
	/* that first, whatever the page is */
	assert_int_equal(raw1(HVC_DONATE_GUEST, 0, ~0ul), ERR(ENOENT));
	assert_int_equal(heap_owner(phys(60)), HEAP_HOST);
}

static void only_what_is_the_hosts_alone(void **state)
{
	(void)state;
	assert_int_equal(topup(1), 0);
	assert_int_equal(raw1(HVC_SHARE, pfn(60), 0), 0);
	assert_int_equal(raw1(HVC_DONATE_GUEST, HANDLE, pfn(60)), ERR(EPERM));
	assert_int_equal(raw1(HVC_DONATE_GUEST, HANDLE, pfn(61)), 0);
	assert_int_equal(raw1(HVC_DONATE_GUEST, HANDLE, pfn(61)), ERR(EPERM));
	assert_int_equal(raw1(HVC_DONATE_GUEST, HANDLE, pfn(POOL)), ERR(EPERM));
	assert_int_equal(raw1(HVC_DONATE_GUEST, HANDLE, pfn(0) - 1),
			 ERR(EPERM));
	assert_int_equal(raw1(HVC_DONATE_GUEST, HANDLE, ~0ul), ERR(EINVAL));
	for (uint32_t page = 0; page < POOL; page++)
		if (heap_owner(phys(page)) == HEAP_HYP)
			assert_int_equal(raw1(HVC_DONATE_GUEST, HANDLE,
					      pfn(page)),
					 ERR(EPERM));
	census(1, 1);
}

static void reclaim_takes_nothing_else(void **state)
{
	(void)state;
	assert_int_equal(raw1(HVC_RECLAIM_GUEST, pfn(60), 0), ERR(EPERM));
	assert_int_equal(raw1(HVC_RECLAIM_GUEST, pfn(POOL), 0), ERR(EPERM));
	assert_int_equal(raw1(HVC_RECLAIM_GUEST, ~0ul, 0), ERR(EINVAL));
	for (uint32_t page = 0; page < POOL; page++)
		if (heap_owner(phys(page)) == HEAP_HYP)
			assert_int_equal(raw1(HVC_RECLAIM_GUEST, pfn(page), 0),
					 ERR(EPERM));
	census(0, 1);
}

/* Neither the host nor EL2's heap gets at it. */
static void a_page_of_a_guest_is_nobody_elses(void **state)
{
	uint64_t value;

	(void)state;
	heap_host_write(59, phys(60));
	assert_int_equal(raw1(HVC_DONATE_GUEST, HANDLE, pfn(60)), 0);
	assert_regs(raw(HVC_TOPUP, HYP_REQ_ALLOC, phys(59), 2), ERR(ENOMEM),
		    phys(60), 1);
	assert_int_equal(raw1(HVC_SHARE, pfn(60), 0), ERR(EPERM));
	assert_int_equal(raw1(HVC_UNSHARE, pfn(60), 0), ERR(EPERM));
	assert_int_equal(raw1(HVC_TRACING_LOAD, window(60), PAGE), ERR(EPERM));
	assert_false(heap_poke(60, 0, 1));
	assert_false(heap_peek(60, 0, &value));
	assert_false(heap_host_owns(60));
	census(1, 1);
}

/* The handle lives again, and so the old guest's page is not to be had. */
static void a_handle_that_is_reused_counts_as_living(void **state)
{
	(void)state;
	assert_int_equal(raw1(HVC_DONATE_GUEST, HANDLE, pfn(60)), 0);
	assert_int_equal(destroy_vm(HANDLE), 0);
	assert_int_equal(create_vm(1), HANDLE);
	assert_int_equal(raw1(HVC_RECLAIM_GUEST, pfn(60), 0), ERR(EBUSY));
	assert_int_equal(destroy_vm(HANDLE), 0);
	assert_int_equal(raw1(HVC_RECLAIM_GUEST, pfn(60), 0), 0);
	assert_no_leak();
}

static void pages_are_each_vms_own(void **state)
{
	(void)state;
	assert_int_equal(create_vm(1), HANDLE + 1);
	assert_int_equal(raw1(HVC_DONATE_GUEST, HANDLE, pfn(60)), 0);
	assert_int_equal(raw1(HVC_DONATE_GUEST, HANDLE + 1, pfn(61)), 0);
	assert_int_equal(destroy_vm(HANDLE), 0);
	assert_int_equal(raw1(HVC_RECLAIM_GUEST, pfn(61), 0), ERR(EBUSY));
	assert_int_equal(raw1(HVC_RECLAIM_GUEST, pfn(60), 0), 0);
	assert_int_equal(destroy_vm(HANDLE + 1), 0);
	assert_int_equal(raw1(HVC_RECLAIM_GUEST, pfn(61), 0), 0);
	assert_no_leak();
}

static void a_reset_forgets_guests(void **state)
{
	assert_int_equal(raw1(HVC_DONATE_GUEST, HANDLE, pfn(60)), 0);
	boot_with_a_vm(state);
	census(0, 1);
	assert_int_equal(heap_owner(phys(60)), HEAP_HOST);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup(test, boot_with_a_vm)
	const struct CMUnitTest tests[] = {
		TEST(a_page_goes_and_comes_back),
		TEST(only_a_vm_gets_a_page),
		TEST(only_what_is_the_hosts_alone),
		TEST(reclaim_takes_nothing_else),
		TEST(a_page_of_a_guest_is_nobody_elses),
		TEST(a_handle_that_is_reused_counts_as_living),
		TEST(pages_are_each_vms_own),
		TEST(a_reset_forgets_guests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
