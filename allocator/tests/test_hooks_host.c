/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What another CPU of the host's does in the middle of a call: its kernel goes
 * on as if nothing had been, and what it writes to a page counts until EL2 has
 * the page.
 */
#include "hook.h"

/* ---- in the middle of what the host's kernel does ----------------------- */

static uint64_t nested_pages;

static void takes_all_pages(void)
{
	heap_set_cpu(1);
	returned(host_reclaim(UINT64_MAX, &nested_pages));
}

/* The top-up is gone before the next try; the loop asks and gives again. */
static void another_cpu_eats_the_topup(void **state)
{
	struct host_loop loop;
	uint64_t offset;
	bool got;

	(void)state;
	boot(false, 64);
	hook_up(&at_unlock, 2, takes_all_pages);
	returned(host_call_alloc(5000, TRIES, &loop, &got, &offset));
	assert_true(got);
	assert_int_equal(loop.tries, 3);
	assert_int_equal(nested_pages, 2);
	assert_int_equal(host_free(), POOL - 2);
	returned(heap_free(offset));
	assert_no_leak();
}

static struct host_loop nested_loop;

static void calls_elsewhere(void)
{
	uint64_t offset;
	bool got;

	heap_set_cpu(1);
	returned(host_call_alloc(9000, TRIES, &nested_loop, &got, &offset));
	assert_true(got);
}

static void loops_nest(void **state)
{
	struct host_loop loop;
	uint64_t offset;
	bool got;

	(void)state;
	boot(false, 64);
	hook_up(&at_unlock, 1, calls_elsewhere);
	returned(host_call_alloc(5000, TRIES, &loop, &got, &offset));
	assert_true(got);
	assert_int_equal(nested_loop.tries, 2);
	assert_int_equal(loop.tries, 2);
	assert_int_equal(loop.err, -ENOMEM);
}

static void tops_up(void)
{
	heap_set_cpu(1);
	assert_int_equal(topup(3), 0);
}

/* What a raw hypercall is just taking the kernel does not take for its own. */
static void the_kernel_takes_what_is_its_own(void **state)
{
	(void)state;
	boot(false, 64);
	heap_host_write(1, 0);
	hook_up(&at_unlock, 1, tops_up);
	assert_regs(raw(HVC_TOPUP, HYP_REQ_ALLOC, phys(1), 1), 0, 0, 0);
	assert_int_equal(spare(), 4);
	assert_int_equal(host_free(), POOL - 4);
	assert_no_leak();
}

/* Nor what one is just giving back: it is on a list that is not the kernel's. */
static void the_kernel_leaves_what_comes_back(void **state)
{
	struct regs regs;
	uint64_t pages;

	(void)state;
	boot(false, 64);
	/* page 0 has been used, and comes next */
	assert_int_equal(topup(1), 0);
	returned(host_reclaim(1, &pages));
	heap_host_write(0, 0);
	raw(HVC_TOPUP, HYP_REQ_ALLOC, phys(0), 1);

	hook_up(&at_unlock, 1, tops_up);
	regs = raw(HVC_RECLAIM, HYP_REQ_ALLOC, 1, 0);
	assert_int_equal(regs.x[2], phys(0));
	assert_int_equal(heap_owner(phys(0)), HEAP_HOST);
	returned(host_take_list(regs.x[2], regs.x[3], &pages));
	assert_int_equal(pages, 1);
	assert_int_equal(host_free(), POOL - 3);
	assert_no_leak();
}

static void shrinks_and_tops_up(void)
{
	heap_set_cpu(1);
	assert_true(shrink() > 0);
	assert_int_equal(topup(3), 0);
}

/* At each release in the life of a VM: the kernel's code goes on unharmed. */
static void the_host_goes_on_where_it_was(void **state)
{
	unsigned int releases = 0;

	(void)state;
	for (unsigned int at = 0; at <= releases; at++) {
		boot_topped_up(NULL);
		hook_up(&at_unlock, at, shrinks_and_tops_up);
		assert_int_equal(create_vm(2), HANDLE);
		assert_int_equal(create_vcpu(HANDLE, 1), 0);
		assert_int_equal(trace_load(3), 0);
		assert_int_equal(trace_unload(), 0);
		assert_int_equal(destroy_vm(HANDLE), 0);
		heap_set_hooks(NULL);
		if (!at)
			releases = hook.calls;
		assert_true(hook.calls >= at);
		assert_no_leak();
	}
	assert_true(releases >= 10);
}

/* EL2 goes on as itself, and the host's code after it as the host. */
static void sides_are_put_back(void **state)
{
	(void)state;
	hook_up(&at_unlock, 1, shrinks_and_tops_up);
	allocate(100);
	assert_false(backend.host_side);
	assert_null(backend.out);
	hook_up(&at_unlock, 1, shrinks_and_tops_up);
	assert_int_equal(topup(4), 0);
	assert_false(backend.host_side);
	assert_null(backend.out);
	assert_no_finding();
}

/* ---- donate ------------------------------------------------------------- */

static void links_elsewhere(void)
{
	assert_true(heap_poke(20, 0, phys(22)));
}

static void links_to_nothing(void)
{
	assert_true(heap_poke(20, 0, phys(POOL)));
}

/* EL2 reads the link of a page only once the host cannot change it. */
static void a_link_is_read_after_the_donation(void **state)
{
	(void)state;
	heap_host_write(20, phys(21));
	heap_host_write(22, phys(23));
	hook_up(&at_donate, 1, links_elsewhere);
	assert_regs(raw(HVC_TOPUP, HYP_REQ_ALLOC, phys(20), 2), 0, phys(23), 0);
	assert_int_equal(hook.calls, 2);
	assert_int_equal(heap_owner(phys(21)), HEAP_HOST);
	assert_int_equal(heap_owner(phys(22)), HEAP_HYP);

	boot_topped_up(NULL);
	heap_host_write(20, phys(21));
	hook_up(&at_donate, 1, links_to_nothing);
	assert_regs(raw(HVC_TOPUP, HYP_REQ_ALLOC, phys(20), 2), ERR(ENOMEM),
		    phys(POOL), 1);
	assert_int_equal(hook.calls, 2); /* also told of one that is refused */
	assert_int_equal(heap_owner(phys(21)), HEAP_HOST);
}

static void finds_it_gone(void)
{
	assert_false(heap_poke(20, 0, 1));
}

static void the_page_is_the_hosts_until_then(void **state)
{
	(void)state;
	heap_host_write(20, phys(21));
	hook_up(&at_donate, 2, finds_it_gone);
	raw(HVC_TOPUP, HYP_REQ_ALLOC, phys(20), 2);
	assert_int_equal(hook.calls, 2);
}

/* What the host writes to a descriptor once EL2 has it, it does not write. */
static void spoils_the_descriptor(void)
{
	assert_true(heap_poke(60, 0, 77));
}

static void a_descriptor_can_be_spoilt_until_then(void **state)
{
	static const unsigned long valid[] = {
		2, 3ul << 32, 1, 2, 3, 3ul << 32 | 1, 1, 2, 3};

	(void)state;
	for (uint32_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++)
		assert_true(heap_poke(60, 8 * i, valid[i]));
	hook_up(&at_donate, 1, spoils_the_descriptor);
	assert_int_equal(raw1(HVC_TRACING_LOAD, window(60), PAGE), ERR(EINVAL));
	assert_int_equal(heap_host_read(60), 77);
	heap_host_write(60, 2);
	hook_up(&at_donate, 2, spoils_the_descriptor);
	assert_int_equal(raw1(HVC_TRACING_LOAD, window(60), PAGE), 0);
	assert_int_equal(hook.calls, 1);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup(test, boot_topped_up)
	const struct CMUnitTest tests[] = {
		TEST(another_cpu_eats_the_topup),
		TEST(loops_nest),
		TEST(the_kernel_takes_what_is_its_own),
		TEST(the_kernel_leaves_what_comes_back),
		TEST(the_host_goes_on_where_it_was),
		TEST(sides_are_put_back),
		TEST(a_link_is_read_after_the_donation),
		TEST(the_page_is_the_hosts_until_then),
		TEST(a_descriptor_can_be_spoilt_until_then),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
