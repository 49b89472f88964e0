/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypercalls past the host's kernel, while it works on: they may end its VMs,
 * make others under its nose, turn tracing on and off, share pages and give
 * them away. It must not fall over any of that, nor complain; what it believes
 * in vain to use stays in use.
 */
#include "host_ops.h"

static int boot_hostile(void **state)
{
	(void)state;
	boot(false, 64);
	assert_int_equal(topup(8), 0);

	return 0;
}

/* A VM past the kernel: page @kvm is shared with EL2, @pgd is the root's. */
static unsigned long raw_vm(uint32_t kvm, uint32_t pgd)
{
	if (heap_owner(phys(kvm)) == HEAP_HOST)
		assert_int_equal(raw1(HVC_SHARE, pfn(kvm), 0), 0);
	heap_host_write(kvm, 1);

	return raw1(HVC_INIT_VM, window(kvm), window(pgd));
}

static void census(uint32_t free)
{
	struct heap_pages pages;

	heap_pages(&pages);
	assert_int_equal(host_free(), free);
	assert_no_finding();
}

/* ---- VMs ---------------------------------------------------------------- */

static void its_vm_is_gone(void **state)
{
	(void)state;
	assert_int_equal(create_vm(2), HANDLE);
	assert_int_equal(create_vcpu(HANDLE, 0), 0);
	census(POOL - 8 - 3);
	assert_int_equal(raw1(HVC_TEARDOWN_VM, HANDLE, 0), 0);
	assert_int_equal(destroy_vm(HANDLE), -ENOENT);
	assert_int_equal(create_vcpu(HANDLE, 1), -ENOENT);
	census(POOL - 8 - 3);

	/* all three are the host's, and its kernel's still */
	uint32_t used = 0;
	for (uint32_t page = 0; page < POOL; page++)
		used += host_uses(page);
	assert_int_equal(used, 3);
	assert_int_equal(shared_pages(), 2);
}

static void its_handle_is_given_again(void **state)
{
	(void)state;
	assert_int_equal(create_vm(2), HANDLE);
	assert_int_equal(create_vcpu(HANDLE, 0), 0);
	assert_int_equal(raw1(HVC_TEARDOWN_VM, HANDLE, 0), 0);

	/* to itself: the first one's pages stay in use for good */
	assert_int_equal(create_vm(1), HANDLE);
	assert_int_equal(create_vcpu(HANDLE, 0), 0);
	census(POOL - 8 - 3 - 3);
	assert_int_equal(destroy_vm(HANDLE), 0);
	census(POOL - 8 - 3);
	assert_int_equal(destroy_vm(HANDLE), -ENOENT);
	census(POOL - 8 - 3);
}

/* It believes the stranger to be its own, and ends it. */
static void its_handle_is_given_to_a_stranger(void **state)
{
	(void)state;
	assert_int_equal(create_vm(2), HANDLE);
	assert_int_equal(create_vcpu(HANDLE, 0), 0);
	assert_int_equal(raw1(HVC_TEARDOWN_VM, HANDLE, 0), 0);
	assert_int_equal(raw_vm(60, 61), HANDLE);
	census(POOL - 8 - 3 - 2);
	assert_int_equal(destroy_vm(HANDLE), 0);

	/* both PGDs are the host's; page 60 is shared still */
	census(POOL - 8 - 1);
	assert_int_equal(heap_owner(phys(61)), HEAP_HOST);
	assert_int_equal(raw1(HVC_UNSHARE, pfn(60), 0), 0);
	census(POOL - 8);
	assert_no_leak();
}

static void it_ends_a_vm_that_it_does_not_know(void **state)
{
	(void)state;
	assert_int_equal(raw_vm(60, 61), HANDLE);
	assert_int_equal(create_vm(1), HANDLE + 1);
	assert_int_equal(create_vcpu(HANDLE, 0), 0);
	assert_int_equal(create_vcpu(HANDLE, 0), -EEXIST);
	census(POOL - 8 - 2 - 2);
	assert_int_equal(destroy_vm(HANDLE), 0);
	assert_int_equal(destroy_vm(HANDLE + 1), 0);
	assert_int_equal(raw1(HVC_UNSHARE, pfn(60), 0), 0);
	assert_no_leak();
}

static void somebody_uses_its_vm(void **state)
{
	(void)state;
	assert_int_equal(create_vm(1), HANDLE);
	assert_int_equal(raw1(HVC_GET_VM, HANDLE, 0), 0);
	assert_int_equal(destroy_vm(HANDLE), -EBUSY);
	census(POOL - 8 - 2);
	assert_int_equal(raw1(HVC_PUT_VM, HANDLE, 0), 0);
	assert_int_equal(destroy_vm(HANDLE), 0);
	assert_no_leak();
}

static void its_vm_gets_a_vcpu_and_a_page(void **state)
{
	(void)state;
	assert_int_equal(create_vm(2), HANDLE);
	assert_int_equal(raw1(HVC_SHARE, pfn(60), 0), 0);
	heap_host_write(60, 1);
	assert_int_equal(raw1(HVC_INIT_VCPU, HANDLE, window(60)), 0);
	assert_int_equal(raw1(HVC_UNSHARE, pfn(60), 0), 0);
	assert_int_equal(raw1(HVC_DONATE_GUEST, HANDLE, pfn(60)), 0);
	assert_int_equal(create_vcpu(HANDLE, 1), -EEXIST);
	census(POOL - 8 - 2 - 1);
	assert_int_equal(destroy_vm(HANDLE), 0);
	census(POOL - 8 - 1);
	assert_int_equal(raw1(HVC_RECLAIM_GUEST, pfn(60), 0), 0);
	assert_no_leak();
}

/* What it shares is unshared: it cannot unshare it again, and says so. */
static void what_it_shares_is_unshared(void **state)
{
	uint32_t kvm = 0;

	(void)state;
	assert_int_equal(create_vm(1), HANDLE);
	while (heap_owner(phys(kvm)) != HEAP_SHARED)
		kvm++;
	assert_int_equal(raw1(HVC_UNSHARE, pfn(kvm), 0), 0);
	assert_int_equal(destroy_vm(HANDLE), 0);
	assert_true(host_finding()->warning);
	assert_string_equal(host_finding()->function, "free_shared_page");
	host_begin();
	/* and leaks it */
	census(POOL - 8 - 1);
}

/* ---- tracing ------------------------------------------------------------ */

/* A descriptor in page @desc, of 2 CPUs with 3 pages each. Return: x1. */
static unsigned long raw_trace(uint32_t desc)
{
	static const unsigned long valid[] = {
		2, 3ul << 32, 1, 2, 3, 3ul << 32 | 1, 1, 2, 3};

	for (uint32_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++)
		assert_true(heap_poke(desc, 8 * i, valid[i]));

	return raw1(HVC_TRACING_LOAD, window(desc), PAGE);
}

static void tracing_is_on_already(void **state)
{
	(void)state;
	assert_int_equal(raw_trace(60), 0);
	assert_int_equal(trace_load(3), -EBUSY);
	census(POOL - 8);
	/* it turns off what it did not turn on, and frees what it has not */
	assert_int_equal(trace_unload(), 0);
	assert_int_equal(trace_unload(), -ENODEV);
	assert_no_leak();
}

static void tracing_is_off_already(void **state)
{
	(void)state;
	assert_int_equal(trace_load(3), 0);
	census(POOL - 8 - 7);
	assert_int_equal(raw1(HVC_TRACING_UNLOAD, 0, 0), 0);
	assert_int_equal(trace_unload(), -ENODEV);
	census(POOL - 8 - 7);

	/* on again: those pages stay in use for good */
	assert_int_equal(trace_load(4), 0);
	census(POOL - 8 - 7 - 9);
	assert_int_equal(trace_unload(), 0);
	census(POOL - 8 - 7);
	assert_int_equal(trace_unload(), -ENODEV);
	census(POOL - 8 - 7);
}

static void tracing_is_somebody_elses_meanwhile(void **state)
{
	(void)state;
	assert_int_equal(trace_load(3), 0);
	assert_int_equal(raw1(HVC_TRACING_UNLOAD, 0, 0), 0);
	assert_int_equal(raw_trace(60), 0);
	assert_int_equal(trace_unload(), 0);
	assert_no_leak();
}

/* ---- pages -------------------------------------------------------------- */

static void what_is_shared_it_does_not_take(void **state)
{
	(void)state;
	assert_int_equal(raw1(HVC_SHARE, pfn(8), 0), 0);
	assert_int_equal(raw1(HVC_SHARE, pfn(63), 0), 0);
	census(POOL - 8 - 2);
	assert_int_equal(topup(UINT64_MAX), 0);
	census(0);
	assert_int_equal(heap_owner(phys(8)), HEAP_SHARED);
	assert_int_equal(raw1(HVC_UNSHARE, pfn(8), 0), 0);
	census(1);
	assert_int_equal(topup(2), 0);
	assert_int_equal(heap_owner(phys(8)), HEAP_HYP);
	assert_int_equal(raw1(HVC_UNSHARE, pfn(63), 0), 0);
	assert_no_leak();
}

/* Lost and found, on and off the stack of returned pages. */
static void a_page_is_shared_again_and_again(void **state)
{
	uint64_t pages;

	(void)state;
	assert_true(host_reclaim(8, &pages));
	for (int i = 0; i < 10; i++) {
		assert_int_equal(raw1(HVC_SHARE, pfn(3), 0), 0);
		assert_int_equal(raw1(HVC_SHARE, pfn(40), 0), 0);
		assert_int_equal(topup(i), 0);
		assert_int_equal(raw1(HVC_UNSHARE, pfn(3), 0), 0);
		assert_true(host_reclaim(8, &pages));
		assert_int_equal(raw1(HVC_UNSHARE, pfn(40), 0), 0);
		census(POOL - (i > 8 ? i - 8 : 0));
		assert_true(host_reclaim(8, &pages));
	}
	assert_int_equal(topup(UINT64_MAX), 0);
	assert_int_equal(spare(), POOL);
	assert_no_leak();
}

/* What was given past it comes back by its own reclaim, and the reverse. */
static void pages_change_hands(void **state)
{
	struct regs regs;
	uint64_t pages;

	(void)state;
	heap_host_write(50, phys(51));
	heap_host_write(51, 0);
	assert_regs(raw(HVC_TOPUP, HYP_REQ_ALLOC, phys(50), 2), 0, 0, 0);
	census(POOL - 8 - 2);
	assert_true(host_reclaim(4, &pages));
	assert_int_equal(pages, 4);
	census(POOL - 6);

	regs = raw(HVC_RECLAIM, HYP_REQ_ALLOC, 3, 0);
	assert_int_equal(regs.x[3], 3);
	assert_true(host_take_list(regs.x[2], regs.x[3], &pages));
	assert_int_equal(pages, 3);
	census(POOL - 3);
	assert_no_leak();
}

static void a_list_ends_where_it_ends(void **state)
{
	uint64_t pages;

	(void)state;
	heap_host_write(50, phys(51));
	heap_host_write(51, phys(50));
	assert_true(host_take_list(phys(50), 9, &pages));
	assert_int_equal(pages, 2);
	assert_int_equal(host_finding()->page, 50);
}

static void privileges_are_gone_already(void **state)
{
	int err;
	uint64_t ret;

	(void)state;
	boot(true, 64);
	assert_int_equal(raw1(HVC_FINALIZE, 0, 0), 0);
	assert_true(host_deprivilege(&err));
	assert_int_equal(err, -EBUSY);
	assert_int_equal(topup(3), 0);
	assert_true(host_count(&ret));
	assert_int_equal(ret, HOST_SHRINK_EMPTY);
	census(POOL - 3);
	assert_no_leak();
}

/* ---- all of it ---------------------------------------------------------- */

static uint64_t seed;

static uint32_t draw(uint32_t below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;

	return (uint32_t)(seed >> 33) % below;
}

/* A page that no kernel code uses, or POOL. */
static uint32_t a_page(enum heap_owner owner)
{
	for (int i = 0; i < 50; i++) {
		uint32_t page = draw(POOL);

		if (heap_owner(phys(page)) == owner && !host_uses(page))
			return page;
	}

	return POOL;
}

/* [a] -> [b] -> nothing; either may be no page at all. */
static void raw_list(uint32_t a, uint32_t b)
{
	if (b < POOL)
		heap_host_write(b, 0);
	if (a < POOL)
		heap_host_write(a, phys(b));
}

static void raw_step(void)
{
	const uint32_t page = a_page(HEAP_HOST);
	const uint32_t shared = a_page(HEAP_SHARED);
	const unsigned long handle = HANDLE + draw(4);
	uint64_t pages;
	struct regs regs;

	switch (draw(12)) {
	case 0:
		raw1(HVC_SHARE, pfn(page), 0);
		break;
	case 1:
		raw1(HVC_UNSHARE, pfn(shared), 0);
		break;
	case 2:
		if (shared < POOL)
			raw_vm(shared, page);
		break;
	case 3:
		if (shared < POOL)
			heap_host_write(shared, draw(3));
		raw1(HVC_INIT_VCPU, handle, window(shared));
		break;
	case 4:
	case 5:
		raw1(HVC_TEARDOWN_VM, handle, 0);
		break;
	case 6:
		raw_list(page, a_page(HEAP_HOST));
		raw(HVC_TOPUP, 1 + draw(2), phys(page), draw(4));
		break;
	case 7:
		regs = raw(HVC_RECLAIM, 1 + draw(2), draw(9), 0);
		assert_true(host_take_list(regs.x[2], regs.x[3], &pages));
		assert_int_equal(pages, regs.x[3]);
		break;
	case 8:
		if (heap_owner(phys(60)) == HEAP_HOST && !host_uses(60))
			raw_trace(60);
		break;
	case 9:
		raw1(HVC_TRACING_UNLOAD, 0, 0);
		break;
	case 10:
		raw1(HVC_DONATE_GUEST, handle, pfn(page));
		break;
	default:
		raw1(HVC_RECLAIM_GUEST, pfn(a_page(HEAP_GUEST)), 0);
	}
}

static void kernel_step(void)
{
	const unsigned long handle = HANDLE + draw(4);
	uint64_t ret;

	switch (draw(8)) {
	case 0:
		create_vm(1 + draw(3));
		break;
	case 1:
		create_vcpu(handle, draw(3));
		break;
	case 2:
		destroy_vm(handle);
		break;
	case 3:
		trace_load(3 + draw(3));
		break;
	case 4:
		trace_unload();
		break;
	case 5:
		topup(draw(6));
		break;
	case 6:
		assert_true(host_reclaim(draw(6), &ret));
		break;
	default:
		shrink();
	}
}

static void no_program_upsets_it(void **state)
{
	(void)state;
	for (uint64_t run = 1; run <= 300; run++) {
		seed = run;
		boot(false, 64);
		assert_true(heap_set_sizes(64, 500));
		for (int i = 0; i < 150; i++) {
			struct heap_pages pages;

			heap_begin(BOUND);
			if (draw(2))
				raw_step();
			else
				kernel_step();
			if (host_finding()->what)
				fail_msg("run %u, step %d: page %u %s",
					 (unsigned)run, i, host_finding()->page,
					 host_finding()->what);
			heap_pages(&pages);
			assert_int_equal(pages.host + pages.spare +
						 pages.mapped + pages.guest +
						 pages.hyp,
					 POOL);
		}
	}
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup(test, boot_hostile)
	const struct CMUnitTest tests[] = {
		TEST(its_vm_is_gone),
		TEST(its_handle_is_given_again),
		TEST(its_handle_is_given_to_a_stranger),
		TEST(it_ends_a_vm_that_it_does_not_know),
		TEST(somebody_uses_its_vm),
		TEST(its_vm_gets_a_vcpu_and_a_page),
		TEST(what_it_shares_is_unshared),
		TEST(tracing_is_on_already),
		TEST(tracing_is_off_already),
		TEST(tracing_is_somebody_elses_meanwhile),
		TEST(what_is_shared_it_does_not_take),
		TEST(a_page_is_shared_again_and_again),
		TEST(pages_change_hands),
		TEST(a_list_ends_where_it_ends),
		TEST(privileges_are_gone_already),
		TEST(no_program_upsets_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
