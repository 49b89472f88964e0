/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls in the middle of a call: what another CPU does at an unlock. The call
 * that is interrupted must not notice but by what was done; and if one of them
 * does not return, neither does it.
 */
#include "hook.h"

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
	heap_begin(0);
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

int main(void)
{
#define TEST(test) cmocka_unit_test_setup(test, boot_topped_up)
	const struct CMUnitTest tests[] = {
		TEST(every_release_is_told),
		TEST(another_cpu_allocates_meanwhile),
		TEST(an_errno_stays_on_its_cpu),
		TEST(the_record_goes_on),
		TEST(locks_are_the_cpus_own),
		TEST(a_panic_ends_all),
		TEST(a_hang_ends_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
