/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The heap's clients, VMs and vCPUs, live and end, in error, too, and nothing
 *of theirs stays behind. See test_trace.c for the third.
 *
 *	VM      [vm_size | vCPU 0 | vCPU 1 | ...]  a PGD of the host's
 *	vCPU    [vcpu_size]
 */
#include "boot.h"

#define VM_BYTES 3000u /* a multiple of 8 */
#define VCPU_BYTES 5000u
#define HANDLE VM_HANDLE_FIRST

static int boot_clients(void **state)
{
	(void)state;
	boot(false, 64);
	assert_true(heap_set_sizes(VM_BYTES, VCPU_BYTES));

	return 0;
}

static long create_vm(uint64_t nr_vcpus)
{
	long ret;

	assert_true(heap_host_create_vm(nr_vcpus, &ret));

	return ret;
}

static long create_vcpu(uint64_t handle, uint64_t idx)
{
	long ret;

	assert_true(heap_host_create_vcpu(handle, idx, &ret));

	return ret;
}

static long destroy_vm(uint64_t handle)
{
	long ret;

	assert_true(heap_host_destroy_vm(handle, &ret));

	return ret;
}

/* ---- VMs ---------------------------------------------------------------- */

static void a_vm_lives_and_ends(void **state)
{
	(void)state;
	/* 16 + 3000 + 8 * 135 = 4096 bytes: one page to the last byte */
	assert_int_equal(create_vm(135), HANDLE);
	assert_int_equal(heap_pages_now(), 1);
	assert_int_equal(create_vm(1), HANDLE + 1);
	/* kvm and PGD of each, and the heap's two */
	assert_int_equal(heap_pages_now(), 2);
	assert_int_equal(host_free(), POOL - 2 * 2 - 2);

	assert_int_equal(destroy_vm(HANDLE + 1), 0);
	assert_int_equal(destroy_vm(HANDLE), 0);
	assert_int_equal(destroy_vm(HANDLE), -ENOENT);
	assert_no_leak();
}

static void a_vm_has_room_for_its_vcpus(void **state)
{
	(void)state;
	/* 16 + 3000 + 8 * 136 > 4096 */
	assert_int_equal(create_vm(136), HANDLE);
	assert_int_equal(heap_pages_now(), 2);
	assert_int_equal(destroy_vm(HANDLE), 0);
	assert_no_leak();
}

static void a_vm_has_a_vcpu_at_least(void **state)
{
	(void)state;
	assert_int_equal(create_vm(0), -EINVAL);
	assert_int_equal(heap_pages_now(), 0);
	assert_no_leak();
}

static void sizes_do_not_wrap(void **state)
{
	(void)state;
	/* 8 * 2^61 is 0, and so is 3000 + 8 * n for the other */
	assert_int_equal(create_vm(1ul << 61), -E2BIG);
	assert_int_equal(create_vm((0ul - 3000) / 8), -E2BIG);
	assert_int_equal(create_vm(UINT64_MAX), -E2BIG);
	assert_no_leak();
}

static void the_table_gets_full(void **state)
{
	(void)state;
	assert_true(heap_set_sizes(64, 64));
	for (int i = 0; i < VM_MAX; i++)
		assert_int_equal(create_vm(1), HANDLE + i);
	assert_int_equal(create_vm(1), -ENOSPC);
	assert_int_equal(host_free(), POOL - 2 * VM_MAX - heap_pages_now());

	assert_int_equal(destroy_vm(HANDLE + 7), 0);
	assert_int_equal(create_vm(1), HANDLE + 7);
	for (int i = 0; i < VM_MAX; i++)
		assert_int_equal(destroy_vm(HANDLE + i), 0);
	assert_no_leak();
}

/* Page 60 says 1 vCPU and is shared; the heap has pages. */
static void prepare(void)
{
	int err;

	assert_true(host_topup(4, &err));
	heap_host_junk(60);
	heap_host_write(60, 1);
	assert_int_equal(first(HVC_SHARE, phys(60) >> 12, 0), 0);
}

static void unprepare(void)
{
	assert_int_equal(first(HVC_UNSHARE, phys(60) >> 12, 0), 0);
	assert_no_leak();
}

static void a_refused_pgd_frees_the_vm(void **state)
{
	(void)state;
	prepare();
	/* shared; EL2's; beyond RAM; not aligned */
	assert_int_equal(first(HVC_INIT_VM, window(60), window(60)),
			 ERR(EPERM));
	assert_int_equal(first(HVC_INIT_VM, window(60), window(0)), ERR(EPERM));
	assert_int_equal(first(HVC_INIT_VM, window(60), window(POOL)),
			 ERR(EPERM));
	assert_int_equal(first(HVC_INIT_VM, window(60), window(61) + 8),
			 ERR(EINVAL));
	assert_int_equal(reclaimable(), 4);
	assert_int_equal(first(HVC_INIT_VM, window(60), window(61)), HANDLE);
	assert_int_equal(first(HVC_TEARDOWN_VM, HANDLE, 0), 0);
	unprepare();
}

static void a_pgd_is_wiped_both_ways(void **state)
{
	uint8_t *pgd = (uint8_t *)backend_phys_to_virt(phys(61));

	(void)state;
	prepare();
	heap_host_junk(61);
	assert_int_equal(first(HVC_INIT_VM, window(60), window(61)), HANDLE);
	assert_false(heap_host_owns(61));
	assert_int_equal(raw_nonzero(pgd, PAGE), PAGE);
	raw_fill(pgd, 1, PAGE); /* EL2 works with it */
	assert_int_equal(first(HVC_TEARDOWN_VM, HANDLE, 0), 0);
	assert_true(heap_host_owns(61));
	assert_int_equal(raw_nonzero(pgd, PAGE), PAGE);
	unprepare();
}

/* UBSan sees to it, where it is on. */
static void a_vm_of_an_odd_size_has_aligned_vcpus(void **state)
{
	(void)state;
	assert_true(heap_set_sizes(3001, 77));
	assert_int_equal(create_vm(2), HANDLE);
	assert_int_equal(create_vcpu(HANDLE, 0), 0);
	assert_int_equal(create_vcpu(HANDLE, 1), 0);
	assert_int_equal(destroy_vm(HANDLE), 0);
	assert_no_leak();
}

/* The PGD is given only once there is a VM to keep it. */
static void no_pgd_before_the_memory(void **state)
{
	(void)state;
	heap_host_junk(60);
	heap_host_write(60, 1);
	assert_int_equal(first(HVC_SHARE, phys(60) >> 12, 0), 0);
	assert_regs(hvc(HVC_INIT_VM, window(60), window(61), 9), ERR(ENOMEM),
		    request(HYP_REQ_ALLOC, 1), ONES);
	assert_true(heap_host_owns(61));
	unprepare();
}

static void the_hosts_structures_must_be_shared(void **state)
{
	(void)state;
	prepare();
	assert_int_equal(first(HVC_INIT_VM, window(61), window(62)),
			 ERR(EPERM));
	assert_int_equal(first(HVC_INIT_VM, 0, window(62)), ERR(EPERM));
	assert_int_equal(first(HVC_INIT_VM, ~7ul, window(62)), ERR(EPERM));
	assert_int_equal(first(HVC_INIT_VM, window(60) + 4, window(62)),
			 ERR(EINVAL));
	assert_int_equal(first(HVC_INIT_VM, window(0), window(62)), ERR(EPERM));
	assert_int_equal(first(HVC_INIT_VM, (uintptr_t)backend_private(0),
			       window(62)),
			 ERR(EPERM));
	assert_true(heap_host_owns(62));

	assert_int_equal(first(HVC_INIT_VM, window(60), window(62)), HANDLE);
	assert_int_equal(first(HVC_INIT_VCPU, HANDLE, window(61)), ERR(EPERM));
	assert_int_equal(first(HVC_INIT_VCPU, HANDLE, window(60) + 1),
			 ERR(EINVAL));
	assert_int_equal(first(HVC_TEARDOWN_VM, HANDLE, 0), 0);
	unprepare();
}

/* An address that is EL2's already is converted to itself. */
static void converting_twice_is_harmless(void **state)
{
	(void)state;
	prepare();
	assert_int_equal(first(HVC_INIT_VM, backend_phys_to_virt(phys(60)),
			       backend_phys_to_virt(phys(61))),
			 HANDLE);
	assert_false(heap_host_owns(61));
	assert_int_equal(first(HVC_TEARDOWN_VM, HANDLE, 0), 0);
	unprepare();
}

static void a_poor_host_gets_no_vm(void **state)
{
	int err;

	(void)state;
	/* room for kvm and PGD, not for a page of the heap */
	assert_true(heap_host_topup(HYP_REQ_SELFTEST, POOL - 2, &err));
	assert_int_equal(create_vm(1), -ENOMEM);
	assert_int_equal(host_free(), 2);
	assert_true(heap_host_topup(HYP_REQ_SELFTEST, 1, &err));
	assert_int_equal(create_vm(1), -ENOMEM);
	assert_int_equal(host_free(), 1);
	assert_null(host_finding()->what);
}

/* ---- references --------------------------------------------------------- */

static void a_vm_in_use_stays(void **state)
{
	(void)state;
	assert_int_equal(create_vm(1), HANDLE);
	assert_int_equal(first(HVC_GET_VM, HANDLE, 0), 0);
	assert_int_equal(first(HVC_GET_VM, HANDLE, 0), 0);
	assert_int_equal(destroy_vm(HANDLE), -EBUSY);
	assert_int_equal(first(HVC_PUT_VM, HANDLE, 0), 0);
	assert_int_equal(destroy_vm(HANDLE), -EBUSY);
	assert_int_equal(first(HVC_PUT_VM, HANDLE, 0), 0);
	assert_int_equal(destroy_vm(HANDLE), 0);
	assert_int_equal(first(HVC_GET_VM, HANDLE, 0), ERR(ENOENT));
	assert_int_equal(first(HVC_PUT_VM, HANDLE, 0), ERR(ENOENT));
	assert_no_leak();
}

static void references_are_each_vms_own(void **state)
{
	(void)state;
	/* both in one page of the heap */
	assert_true(heap_set_sizes(64, 64));
	assert_int_equal(create_vm(1), HANDLE);
	assert_int_equal(create_vm(1), HANDLE + 1);
	assert_int_equal(heap_pages_now(), 1);
	assert_int_equal(first(HVC_GET_VM, HANDLE, 0), 0);
	assert_int_equal(destroy_vm(HANDLE + 1), 0);
	assert_int_equal(destroy_vm(HANDLE), -EBUSY);
}

static void no_such_vm(void **state)
{
	static const unsigned long handles[] = {
		0, 1, HANDLE - 1, HANDLE + 1, HANDLE + VM_MAX, ~0ul};

	(void)state;
	assert_int_equal(create_vm(1), HANDLE);
	for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++) {
		assert_int_equal(first(HVC_GET_VM, handles[i], 0), ERR(ENOENT));
		assert_int_equal(first(HVC_PUT_VM, handles[i], 0), ERR(ENOENT));
		assert_int_equal(first(HVC_TEARDOWN_VM, handles[i], 0),
				 ERR(ENOENT));
		assert_int_equal(create_vcpu(handles[i], 0), -ENOENT);
	}
	assert_int_equal(destroy_vm(HANDLE), 0);
	assert_no_leak();
}

static void panics(enum hvc nr, const char *function)
{
	struct regs regs = {.x = {HVC_BASE + nr, HANDLE}};

	assert_false(heap_hvc(regs.x));
	assert_int_equal(heap_stop()->end, HEAP_PANIC);
	assert_string_equal(heap_stop()->function, function);
}

static void too_few_references_are_fatal(void **state)
{
	(void)state;
	assert_int_equal(create_vm(1), HANDLE);
	panics(HVC_PUT_VM, "put_pkvm_hyp_vm");
}

static void too_many_references_are_fatal(void **state)
{
	(void)state;
	assert_int_equal(create_vm(1), HANDLE);
	for (int i = 0; i < 0xffff; i++) {
		struct regs regs = {.x = {HVC_BASE + HVC_GET_VM, HANDLE}};

		if (!heap_hvc(regs.x) || regs.x[1])
			fail_msg("reference %d was refused", i + 1);
	}
	panics(HVC_GET_VM, "get_pkvm_hyp_vm");
}

/* ---- vCPUs -------------------------------------------------------------- */

static void vcpus_go_with_their_vm(void **state)
{
	(void)state;
	assert_int_equal(create_vm(3), HANDLE);
	assert_int_equal(create_vcpu(HANDLE, 2), 0);
	assert_int_equal(create_vcpu(HANDLE, 0), 0);
	/* 3024 + 16, and 5008 + 16 twice: 13104 bytes */
	assert_int_equal(heap_pages_now(), 4);
	assert_int_equal(host_free(), POOL - 2 - 2 - 4);
	assert_int_equal(destroy_vm(HANDLE), 0);
	assert_int_equal(reclaimable(), 4);
	assert_no_leak();
}

static void a_vcpu_that_cannot_be_is_freed(void **state)
{
	uint32_t before;

	(void)state;
	assert_int_equal(create_vm(2), HANDLE);
	assert_int_equal(create_vcpu(HANDLE, 1), 0);
	before = host_free();
	assert_int_equal(create_vcpu(HANDLE, 1), -EEXIST);
	assert_int_equal(create_vcpu(HANDLE, 2), -EINVAL);
	assert_int_equal(create_vcpu(HANDLE, UINT64_MAX), -EINVAL);
	assert_int_equal(create_vcpu(HANDLE + 1, 0), -ENOENT);
	/* the heap topped up for the first of them, and has it still */
	assert_int_equal(host_free() + reclaimable(), before);
	assert_int_equal(create_vcpu(HANDLE, 0), 0);
	assert_int_equal(destroy_vm(HANDLE), 0);
	assert_no_leak();
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup(test, boot_clients)
	const struct CMUnitTest tests[] = {
		TEST(a_vm_lives_and_ends),
		TEST(a_vm_has_room_for_its_vcpus),
		TEST(a_vm_has_a_vcpu_at_least),
		TEST(sizes_do_not_wrap),
		TEST(the_table_gets_full),
		TEST(a_refused_pgd_frees_the_vm),
		TEST(a_pgd_is_wiped_both_ways),
		TEST(a_vm_of_an_odd_size_has_aligned_vcpus),
		TEST(no_pgd_before_the_memory),
		TEST(the_hosts_structures_must_be_shared),
		TEST(converting_twice_is_harmless),
		TEST(a_poor_host_gets_no_vm),
		TEST(a_vm_in_use_stays),
		TEST(references_are_each_vms_own),
		TEST(no_such_vm),
		TEST(too_few_references_are_fatal),
		TEST(too_many_references_are_fatal),
		TEST(vcpus_go_with_their_vm),
		TEST(a_vcpu_that_cannot_be_is_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
