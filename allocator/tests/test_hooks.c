/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls in the middle of a call: what another CPU does at an unlock, and what
 * the host writes at the last moment before a donation. The call that is
 * interrupted must not notice but by what was done.
 */
#include "host_ops.h"

/* What the hook is to do, when, and what it saw. */
static struct {
	unsigned int calls; /* how often it was called */
	unsigned int at;    /* 0: at none */
	void (*act)(void);
} hook;

static void called(void *data)
{
	assert_ptr_equal(data, &hook);
	/* a crash here would not be the target's */
	assert_null(backend.out);
	if (++hook.calls == hook.at)
		hook.act();
}

static const struct heap_hooks at_unlock = {.unlock = called, .data = &hook};
static const struct heap_hooks at_donate = {.donate = called, .data = &hook};

static void hook_up(const struct heap_hooks *hooks, unsigned int at,
		    void (*act)(void))
{
	hook.calls = 0;
	hook.at = at;
	hook.act = act;
	heap_set_hooks(hooks);
}

static int boot_topped_up(void **state)
{
	(void)state;
	boot(false, 64);
	assert_int_equal(topup(10), 0);
	heap_begin(BOUND);

	return 0;
}

static uint64_t allocate(uint64_t bytes)
{
	uint64_t offset;
	bool got;

	returned(heap_alloc(bytes, &got, &offset));
	assert_true(got);

	return offset;
}

/* ---- unlock ------------------------------------------------------------- */

static void every_release_is_told(void **state)
{
	uint64_t offset;

	(void)state;
	hook_up(&at_unlock, 0, NULL);
	offset = allocate(100);
	assert_int_equal(hook.calls, 1);
	returned(heap_free(offset));
	assert_int_equal(hook.calls, 2);
	assert_int_equal(topup(1), 0);
	assert_int_equal(hook.calls, 3);
	assert_int_equal(create_vm(1), HANDLE);
	assert_int_equal(hook.calls, 5); /* the heap's, the table's */
	heap_set_hooks(NULL);
	allocate(100);
	assert_int_equal(hook.calls, 5);
}

static uint64_t nested_offset;

static void allocates_elsewhere(void)
{
	heap_set_cpu(1);
	nested_offset = allocate(200);
}

static void another_cpu_allocates_meanwhile(void **state)
{
	uint64_t offset;

	(void)state;
	hook_up(&at_unlock, 1, allocates_elsewhere);
	offset = allocate(100);
	assert_int_equal(hook.calls, 1); /* a nested call has no hooks */
	assert_int_equal(offset, 16);
	assert_int_equal(nested_offset, 16 + 112 + 16);
	assert_int_equal(backend.cpu, 0);
	returned(heap_free(offset));
	returned(heap_free(nested_offset));
	assert_int_equal(reclaimable(), 10);
}

static void fails_elsewhere(void)
{
	uint64_t offset;
	bool got;

	heap_set_cpu(1);
	returned(heap_alloc(UINT64_MAX, &got, &offset));
	assert_false(got);
}

static void an_errno_stays_on_its_cpu(void **state)
{
	int err;

	(void)state;
	hook_up(&at_unlock, 1, fails_elsewhere);
	allocate(100);
	returned(heap_errno(&err));
	assert_int_equal(err, 0);
	heap_set_cpu(1);
	returned(heap_errno(&err));
	assert_int_equal(err, -E2BIG);
}

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

/* ---- the record --------------------------------------------------------- */

static void allocates_with_a_record_of_its_own(void)
{
	struct heap_record record;
	uint64_t lo, hi;

	heap_begin(1000);
	allocates_elsewhere();
	heap_record(&record);
	assert_int_equal(record.calls_bound, 1000);
	assert_int_equal(record.unlocked, 1);
	heap_unlocked(0, &lo, &hi);
	assert_int_equal(lo, nested_offset);
	assert_int_equal(hi, nested_offset + 208);
	assert_int_equal(record.hvcs, 0);
	assert_int_equal(topup(1), 0);
	heap_record(&record);
	assert_int_equal(record.hvcs, 1);
	assert_int_equal(record.locks, 0);

	/* a second one; what the first did must not be lost either */
	heap_begin(1000);
	heap_record(&record);
	assert_int_equal(record.unlocked, 0);
}

static void the_record_goes_on(void **state)
{
	struct heap_record alone, record;
	bool nested = false;
	uint64_t lo, hi;

	(void)state;
	allocate(96);
	heap_record(&alone);

	boot_topped_up(NULL);
	hook_up(&at_unlock, 1, allocates_with_a_record_of_its_own);
	allocate(96);
	heap_record(&record);
	assert_int_equal(record.calls, alone.calls);
	assert_int_equal(record.calls_bound, BOUND);
	assert_int_equal(record.hvcs, 0);
	assert_int_equal(record.locks, 0);

	/* but what was touched meanwhile was touched */
	assert_true(record.written > 0);
	for (uint32_t i = 0; i < record.written; i++) {
		heap_written(i, &lo, &hi);
		nested |= lo <= nested_offset && hi >= nested_offset + 208;
	}
	assert_true(nested);
	assert_int_equal(record.unlocked, 2);
	heap_unlocked(0, &lo, &hi);
	assert_int_equal(lo, nested_offset);
	heap_unlocked(1, &lo, &hi);
	assert_int_equal(lo, 16);
	assert_int_equal(hi, 16 + 96);
}

/* The outer call holds a lock all the while, which is not the other CPU's. */
static void looks_at_locks(void)
{
	struct heap_record record;

	heap_record(&record);
	assert_int_equal(record.locks, 1);
	heap_set_cpu(1);
	heap_record(&record);
	assert_int_equal(record.locks, 0);
	allocate(100);
	heap_record(&record);
	assert_int_equal(record.locks, 0);
}

static void locks_are_the_cpus_own(void **state)
{
	(void)state;
	/* tracing's lock, around the allocation */
	hook_up(&at_unlock, 1, looks_at_locks);
	assert_int_equal(trace_load(3), 0);
	assert_int_equal(hook.calls, 2);
}

/* ---- a nested call that does not return --------------------------------- */

static void frees_misaligned(void)
{
	uint64_t pages;

	heap_set_cpu(1);
	assert_false(heap_free(8));
	/* and then none does */
	assert_false(heap_reclaimable(&pages));
	assert_false(host_reclaim(1, &pages));
}

static void ends_with(bool did_return)
{
	assert_false(did_return);
	assert_int_equal(heap_stop()->end, HEAP_PANIC);
	assert_string_equal(heap_stop()->function, "heap_free");
	assert_false(backend.host_side);
	assert_null(backend.out);
}

static void a_panic_ends_all(void **state)
{
	struct host_loop loop;
	uint64_t offset;
	int err;
	bool got;
	long ret;

	hook_up(&at_unlock, 1, frees_misaligned);
	ends_with(heap_alloc(100, &got, &offset));
	assert_false(heap_alloc(100, &got, &offset));
	boot_topped_up(state);
	hook_up(&at_unlock, 1, frees_misaligned);
	ends_with(host_topup(1, &err));
	boot_topped_up(state);
	hook_up(&at_unlock, 2, frees_misaligned);
	ends_with(host_create_vm(1, TRIES, &loop, &ret));

	/* and a reset begins anew, without the hook */
	boot_topped_up(state);
	hook.calls = 0;
	allocate(100);
	assert_int_equal(hook.calls, 0);
	assert_int_equal(destroy_vm(HANDLE), -ENOENT);
}

static void calls_too_often(void)
{
	uint64_t offset;
	bool got;

	heap_begin(1);
	assert_false(heap_alloc(100, &got, &offset));
}

static void a_hang_ends_all(void **state)
{
	uint64_t offset;
	bool got;

	(void)state;
	hook_up(&at_unlock, 1, calls_too_often);
	assert_false(heap_alloc(100, &got, &offset));
	assert_int_equal(heap_stop()->end, HEAP_HANG);
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
		TEST(every_release_is_told),
		TEST(another_cpu_allocates_meanwhile),
		TEST(an_errno_stays_on_its_cpu),
		TEST(another_cpu_eats_the_topup),
		TEST(loops_nest),
		TEST(the_kernel_takes_what_is_its_own),
		TEST(the_kernel_leaves_what_comes_back),
		TEST(the_host_goes_on_where_it_was),
		TEST(sides_are_put_back),
		TEST(the_record_goes_on),
		TEST(locks_are_the_cpus_own),
		TEST(a_panic_ends_all),
		TEST(a_hang_ends_all),
		TEST(a_link_is_read_after_the_donation),
		TEST(the_page_is_the_hosts_until_then),
		TEST(a_descriptor_can_be_spoilt_until_then),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
