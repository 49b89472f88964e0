/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocators that are not ours, through the seam: firstfit.c (another policy)
 * and refill.c (the older dialect); this file is linked with each. Their
 * statics are restored, their dialect's numbers are true, what they are charged
 * with is right.
 */
#include "allocator/heap.h"
#include "allocator/host/host.h"
#include "allocator/internal.h"
#include "scripts/lib/test.h"

#include <string.h>

#define HEAP_PAGES 16u
#define POOL 32u

static void set_up(void)
{
	const struct heap_config config = {
		.page_shift = 12, .pool_pages = POOL, .cpus = 4};
	int err;

	heap_reset(&config);
	host_reset(POOL);
	heap_begin(100000);
	host_begin();
	assert_true(heap_init(HEAP_PAGES << 12, &err));
	assert_int_equal(err, 0);
	heap_catch_signals(); /* cmocka has its own for each test */
}

static void topup(uint64_t pages)
{
	int err;

	assert_true(host_topup(pages, &err));
	assert_int_equal(err, 0);
}

static uint64_t alloc(uint64_t bytes)
{
	uint64_t offset;
	bool got;

	assert_true(heap_alloc(bytes, &got, &offset));
	assert_true(got);

	return offset;
}

static uint64_t reclaimable(void)
{
	uint64_t pages;

	assert_true(heap_reclaimable(&pages));

	return pages;
}

static bool older(void)
{
	return !strcmp(heap_traits()->name, "refill");
}

/* Leaves something in every static that they have, on two CPUs. */
static uint64_t use(void)
{
	uint64_t sum, offset;
	uint32_t need = 0;
	bool got;
	int err;

	topup(3);
	sum = alloc(100);
	heap_set_cpu(1);
	topup(2);
	sum = sum * 31 + alloc(5000);
	sum = sum * 31 + reclaimable();
	assert_true(heap_alloc(32768, &got, &offset));
	assert_false(got);
	heap_set_cpu(0);
	/* of the other CPU */
	assert_true(heap_errno(&err) && heap_topup_needed(&need));
	assert_int_equal(err, 0);
	assert_int_equal(need, 0);
	heap_set_cpu(1);
	assert_true(heap_errno(&err));
	assert_int_equal(err, -12);

	return sum;
}

static void a_reset_restores_all(void **state)
{
	uint64_t first;

	(void)state;
	set_up();
	first = use();
	for (int i = 0; i < 3; i++) {
		uint32_t need;

		set_up();
		assert_int_equal(reclaimable(), 0);
		heap_set_cpu(1);
		assert_true(heap_topup_needed(&need));
		assert_int_equal(need, 0);
		heap_set_cpu(0);
		assert_int_equal(use(), first);
	}
}

static void the_numbers_are_those_of_the_dialect(void **state)
{
	const struct heap_traits *traits = heap_traits();
	uint64_t a, b;

	(void)state;
	set_up();
	topup(4);
	a = alloc(1);
	b = alloc(1);
	assert_int_equal(a % traits->align, 0);
	assert_int_equal(b % traits->align, 0);
	assert_true(b - a >= traits->smallest);
	if (older()) {
		assert_int_equal(traits->align, 8);
		assert_int_equal(traits->smallest, 8);
		assert_int_equal(traits->target_max, 0x7fffffff);
		assert_int_equal(traits->need_max, 255);
		assert_int_equal(a % 16, 8);
	} else {
		assert_string_equal(traits->name, "topup");
		assert_int_equal(traits->align, 16);
		assert_int_equal(traits->target_max, UINT64_MAX);
		assert_int_equal(traits->need_max, UINT32_MAX);
	}
}

/* A target that an int does not hold is as many pages as there are. */
static void a_target_beyond_int_is_no_error(void **state)
{
	uint64_t a, pages;

	(void)state;
	set_up();
	topup(6);
	a = alloc(5000);
	assert_true(heap_free(a));
	assert_int_equal(reclaimable(), 6);
	assert_true(host_reclaim(UINT64_MAX, &pages));
	assert_int_equal(pages, 6);
	assert_int_equal(reclaimable(), 0);
}

/* More than 255 pages are missing, and u8 says how many. */
static void a_need_that_no_byte_holds_is_the_most(void **state)
{
	const struct heap_config config = {
		.page_shift = 12, .pool_pages = POOL, .cpus = 1};
	uint64_t offset;
	uint32_t need;
	bool got;
	int err;

	(void)state;
	heap_reset(&config);
	host_reset(POOL);
	heap_begin(100000);
	assert_true(heap_init(1000ul << 12, &err));
	assert_true(heap_alloc(700ul << 12, &got, &offset));
	assert_false(got);
	assert_true(heap_topup_needed(&need));
	if (older())
		assert_int_equal(need, 255);
	else
		assert_int_equal(need, 701); /* and a page of the table */
}

static long charge_of_two(void)
{
	const struct heap_ops_account *account = &heap_ops()->account;
	void *a, *b;

	a = account->alloc(100);
	b = account->alloc(3);
	if (!a || !b || account->charge() != 104 + 8)
		return -1;
	account->free(a);
	if (account->charge() != 8)
		return -2;
	account->free(b);
	account->free(NULL);
	if (account->alloc(1ul << 30) || account->charge())
		return -3;

	return account->charge();
}

static void do_charge(struct call *call)
{
	call->ret = (uint64_t)charge_of_two();
}

static void a_vm_is_charged(void **state)
{
	struct call call = {.arg = 0};

	(void)state;
	set_up();
	if (!older()) {
		assert_null(heap_ops()->account.alloc);
		return;
	}
	topup(2);
	assert_true(heap_guarded(false, do_charge, &call));
	assert_int_equal((int64_t)call.ret, 0);
}

static void misuse_panics(uint64_t (*what)(uint64_t offset))
{
	uint64_t a;

	set_up();
	topup(3);
	a = alloc(100);
	alloc(100);
	assert_false(heap_free(what(a)));
	assert_int_equal(heap_stop()->end, HEAP_PANIC);
}

static uint64_t inside(uint64_t offset)
{
	return offset + 16;
}

static uint64_t misaligned(uint64_t offset)
{
	return offset + heap_traits()->align / 2;
}

static uint64_t outside(uint64_t offset)
{
	(void)offset;

	return HEAP_PAGES << 12;
}

static uint64_t again(uint64_t offset)
{
	assert_true(heap_free(offset));

	return offset;
}

static void misuse_of_free_panics(void **state)
{
	(void)state;
	misuse_panics(inside);
	misuse_panics(misaligned);
	misuse_panics(outside);
	misuse_panics(again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reset_restores_all),
		cmocka_unit_test(the_numbers_are_those_of_the_dialect),
		cmocka_unit_test(a_target_beyond_int_is_no_error),
		cmocka_unit_test(a_need_that_no_byte_holds_is_the_most),
		cmocka_unit_test(a_vm_is_charged),
		cmocka_unit_test(misuse_of_free_panics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
