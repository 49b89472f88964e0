/* SPDX-License-Identifier: GPL-2.0-only */
/* What the target does besides: accesses, locks, calls, and the record of it. */
#include "backend_test.h"

static void refuses_every_forbidden_access(void **state)
{
	unsigned long va = map_one(0, 1);

	(void)state;
	assert_int_equal(ENDS(hyp_load8(va)), BACKEND_RUNNING);
	assert_int_equal(ENDS(hyp_load8(va + PAGE)), BACKEND_FAULT);
	assert_int_equal(ENDS(hyp_load8(va + PAGE - 4)), BACKEND_FAULT);
	assert_int_equal(ENDS(hyp_storeN(va, PAGE + 1)), BACKEND_FAULT);
	assert_int_equal(ENDS(hyp_store8(linear(0))), BACKEND_FAULT);
	assert_non_null(strstr(backend.stop.what, "linear map of a mapped"));
	assert_int_equal(ENDS(hyp_load8(linear(1))), BACKEND_FAULT);
	assert_non_null(strstr(backend.stop.what, "page of the host"));
	assert_int_equal(ENDS(hyp_load8(linear(POOL))), BACKEND_FAULT);
	assert_int_equal(ENDS(hyp_load8(0)), BACKEND_FAULT);
	assert_int_equal(ENDS(hyp_load8(~0ul - 7)), BACKEND_FAULT);
	assert_int_equal(ENDS(hyp_load8((uintptr_t)&backend)), BACKEND_FAULT);
	assert_int_equal(ENDS(hyp_memset((void *)linear(1), 0, 1)),
			 BACKEND_FAULT);
	assert_int_equal(ENDS(hyp_memcpy((void *)va, (void *)linear(1), 1)),
			 BACKEND_FAULT);
	assert_int_equal(ENDS(hyp_memcpy((void *)linear(1), (void *)va, 1)),
			 BACKEND_FAULT);
	assert_int_equal(ENDS(hyp_memmove((void *)va, (void *)linear(1), 1)),
			 BACKEND_FAULT);
	assert_int_equal(ENDS(hyp_memcmp((void *)va, (void *)linear(1), 1)),
			 BACKEND_FAULT);
}

static void moves_and_compares(void **state)
{
	uint8_t *va = (uint8_t *)map_one(0, 0);
	uint8_t bytes[16];

	(void)state;
	for (int i = 0; i < 16; i++)
		bytes[i] = i;
	raw_copy(va, bytes, sizeof(bytes));
	hyp_memmove(va + 4, va, 16);
	assert_int_equal(byte_at((unsigned long)va + 4), 0);
	assert_int_equal(byte_at((unsigned long)va + 19), 15);
	hyp_memmove(va, va + 4, 16);
	assert_int_equal(byte_at((unsigned long)va + 0), 0);
	assert_int_equal(byte_at((unsigned long)va + 15), 15);
	assert_true(hyp_memcmp(va, va + 1, 4) < 0);
	assert_int_equal(hyp_memcmp(va, va, 4), 0);
}

static void remembers_what_was_written(void **state)
{
	unsigned long va = map_one(0, 1);
	const struct backend_record *r = &backend.record;

	(void)state;
	backend_begin(1000);
	hyp_store8(va + 64);
	assert_int_equal(r->stores, 1);
	assert_int_equal(r->store[0].lo, 64);
	assert_int_equal(r->store[0].hi, 72);
	hyp_store8(va + 72); /* next to it: joined */
	assert_int_equal(r->stores, 1);
	assert_int_equal(r->store[0].hi, 80);
	hyp_store8(va + 1024);
	assert_int_equal(r->stores, 2);
	for (uint32_t i = 0; i < 2 * BACKEND_STORES; i++)
		hyp_store8(va + (i % 2) * 2048);
	assert_true(r->stores > BACKEND_STORES); /* anything may be written */
}

static void remembers_what_was_not_locked(void **state)
{
	unsigned long va = map_one(0, 1);
	const struct backend_record *r = &backend.record;
	unsigned int lock = 0;
	static const int mc;
	const int on_stack = 0;

	(void)state;
	backend_begin(1000);
	backend_lock(&lock, "test");
	hyp_store8(va);
	assert_int_equal(r->unlocked_nr, 0);
	backend_unlock(&lock, "test");
	hyp_load8(va + 40);
	assert_int_equal(r->unlocked_nr, 1);
	assert_int_equal(r->unlocked[0].lo, 40);
	assert_int_equal(r->unlocked[0].hi, 48);

	assert_int_equal(backend_donate_hyp(pfn(1), 1), 0);
	backend.data = (uintptr_t)&mc;
	backend.data_end = (uintptr_t)(&mc + 1);
	backend_cache_push(&on_stack, (void *)linear(1), 0);
	assert_false(r->unlocked_cache);
	backend_cache_push(&mc, (void *)linear(1), 0);
	assert_true(r->unlocked_cache);
	backend.data = 0;
	backend.data_end = 0;
}

/* One range each; adjacent ones are one, and too many are one. */
static void remembers_each_range_that_was_not_locked(void **state)
{
	unsigned long va = map_one(0, 1);
	const struct backend_record *r = &backend.record;

	(void)state;
	backend_begin(1000);
	hyp_load8(va + 64);
	hyp_load8(va + 128);
	hyp_load8(va + 72);  /* adjacent to the first */
	hyp_load8(va + 124); /* overlaps the second */
	assert_int_equal(r->unlocked_nr, 2);
	assert_int_equal(r->unlocked[0].lo, 64);
	assert_int_equal(r->unlocked[0].hi, 80);
	assert_int_equal(r->unlocked[1].lo, 124);
	assert_int_equal(r->unlocked[1].hi, 136);

	for (uint32_t i = 2; i < BACKEND_UNLOCKED; i++)
		hyp_load8(va + 128 + i * 64);
	assert_int_equal(r->unlocked_nr, BACKEND_UNLOCKED);
	hyp_load8(va + 4000);
	assert_int_equal(r->unlocked_nr, 1);
	assert_int_equal(r->unlocked[0].lo, 64);
	assert_int_equal(r->unlocked[0].hi, 4008);
}

/* What another CPU holds protects nothing here. */
static void locks_are_the_cpus_own(void **state)
{
	unsigned long va = map_one(0, 1);
	unsigned int lock = 0, other = 0;

	(void)state;
	backend_begin(1000);
	backend_lock(&lock, "test");
	hyp_load8(va);
	assert_int_equal(backend.record.unlocked_nr, 0);
	backend_set_cpu(1);
	hyp_load8(va);
	assert_int_equal(backend.record.unlocked_nr, 1);
	backend_lock(&other, "test");
	hyp_load8(va + 512);
	assert_int_equal(backend.record.unlocked_nr, 1);
	backend_unlock(&other, "test");
	assert_int_equal(backend.locks, 0);
	backend_set_cpu(0);
	hyp_load8(va + 512);
	assert_int_equal(backend.record.unlocked_nr, 1);
	backend_unlock(&lock, "test");
}

static void locks_know_their_holder(void **state)
{
	unsigned int lock = 0;

	(void)state;
	backend_lock(&lock, "test");
	assert_int_equal(lock, 1);
	assert_int_equal(backend.locks, 1);
	assert_int_equal(ENDS(backend_lock(&lock, "test")), BACKEND_HANG);
	backend_set_cpu(1);
	assert_int_equal(ENDS(backend_lock(&lock, "test")), BACKEND_PANIC);
	assert_int_equal(ENDS(backend_unlock(&lock, "test")), BACKEND_PANIC);
	backend_set_cpu(0);
	backend_unlock(&lock, "test");
	assert_int_equal(ENDS(backend_unlock(&lock, "test")), BACKEND_PANIC);
}

static void counts_interface_calls(void **state)
{
	(void)state;
	backend_begin(3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ENDS(backend_count_call()), BACKEND_RUNNING);
	assert_int_equal(ENDS(backend_count_call()), BACKEND_HANG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(refuses_every_forbidden_access, fresh),
		cmocka_unit_test_setup(moves_and_compares, fresh),
		cmocka_unit_test_setup(remembers_what_was_written, fresh),
		cmocka_unit_test_setup(remembers_what_was_not_locked, fresh),
		cmocka_unit_test_setup(remembers_each_range_that_was_not_locked,
				       fresh),
		cmocka_unit_test_setup(locks_are_the_cpus_own, fresh),
		cmocka_unit_test_setup(locks_know_their_holder, fresh),
		cmocka_unit_test_setup(counts_interface_calls, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
