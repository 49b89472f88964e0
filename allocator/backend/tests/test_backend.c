/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fake EL2 memory: what it does, and what it refuses as the real one does.
 *
 *	physical  P0 P1 P2 ...        page n of the pool at BASE + n * page
 *	linear    L0 L1 L2 ...        where EL2 sees what it owns and has not
 *mapped private   [range 0] [range 1] where EL2 maps
 */
#include "allocator/backend/memory.h"
#include "scripts/lib/test.h"

#include <errno.h>
#include <string.h>

#define SHIFT 12u
#define PAGE (1ul << SHIFT)
#define POOL 8u

/* What the target would call for its loads and stores. */
void hyp_load8(uintptr_t at);
void hyp_store8(uintptr_t at);
void hyp_storeN(uintptr_t at, size_t bytes);
void *hyp_memset(void *to, int byte, size_t bytes);
void *hyp_memcpy(void *to, const void *from, size_t bytes);
void *hyp_memmove(void *to, const void *from, size_t bytes);
int hyp_memcmp(const void *a, const void *b, size_t bytes);

static jmp_buf out;

/* Does @call end in a panic, fault or hang? */
#define ENDS(call)                                                     \
	({                                                             \
		backend.stop.end = BACKEND_RUNNING;                    \
		if (!_setjmp(out)) {                                   \
			backend.out = &out;                            \
			backend.stack_top =                            \
				(uintptr_t)__builtin_frame_address(0); \
			call;                                          \
			backend.out = NULL;                            \
		}                                                      \
		backend.stop.end;                                      \
	})

static unsigned long pfn(uint32_t page)
{
	return backend_page_phys(page) >> SHIFT;
}

static unsigned long linear(uint32_t page)
{
	return backend_phys_to_virt(backend_page_phys(page));
}

static int fresh(void **state)
{
	(void)state;
	backend_reset(SHIFT, POOL, 4);
	backend_begin(1000000);

	return 0;
}

/* Page @page is EL2's, full of @byte, and mapped at the start of range 0. */
static unsigned long map_one(uint32_t page, int byte)
{
	unsigned long va;

	assert_int_equal(backend_reserve(4 * PAGE, &va), 0);
	assert_int_equal(backend_donate_hyp(pfn(page), 1), 0);
	hyp_memset((void *)linear(page), byte, PAGE);
	assert_int_equal(backend_map_range(va, backend_page_phys(page), PAGE),
			 0);

	return va;
}

static void converts_any_address(void **state)
{
	(void)state;
	for (uint32_t page = 0; page < POOL; page++) {
		unsigned long pa = backend_page_phys(page);

		assert_int_not_equal(pa, backend_phys_to_virt(pa));
		assert_int_equal(backend_virt_to_phys(backend_phys_to_virt(pa)),
				 pa);
		assert_int_equal(backend_phys_page(pa), page);
		assert_int_equal(backend_phys_page(pa + PAGE - 1), page);
	}
	/* an empty memcache's head, converted before it is looked at */
	assert_int_equal(backend_virt_to_phys(backend_phys_to_virt(0)), 0);
	assert_int_equal(backend_phys_page(0), -1);
	assert_int_equal(backend_phys_page(backend_page_phys(POOL)), -1);
}

static void donates_each_way_once(void **state)
{
	(void)state;
	assert_int_equal(backend_donate_host(pfn(1), 1), -EPERM);
	assert_int_equal(backend_donate_hyp(pfn(1), 1), 0);
	assert_int_equal(backend.host, POOL - 1);
	assert_int_equal(backend_donate_hyp(pfn(1), 1), -EPERM);
	assert_int_equal(backend_donate_host(pfn(1), 1), 0);
	assert_int_equal(backend.host, POOL);
}

static void donates_a_range_whole_or_not(void **state)
{
	(void)state;
	assert_int_equal(backend_donate_hyp(pfn(2), 1), 0);
	assert_int_equal(backend_donate_hyp(pfn(0), 4), -EPERM);
	assert_int_equal(backend.host, POOL - 1);
	assert_int_equal(backend_donate_hyp(pfn(3), 5), 0);
	assert_int_equal(backend.host, POOL - 6);
}

static void refuses_what_is_not_memory(void **state)
{
	(void)state;
	assert_int_equal(backend_donate_hyp(pfn(0) - 1, 1), -EPERM);
	assert_int_equal(backend_donate_hyp(pfn(POOL), 1), -EPERM);
	assert_int_equal(backend_donate_hyp(pfn(POOL - 1), 2), -EPERM);
	assert_int_equal(backend_donate_hyp(pfn(0), 0), -EINVAL);
	assert_int_equal(backend_donate_hyp(pfn(0), ~0ul), -EINVAL);
	assert_int_equal(backend_donate_hyp(~0ul, 1), -EINVAL);
	assert_int_equal(backend_donate_host(pfn(POOL), 1), -EPERM);
	assert_int_equal(backend.host, POOL);
}

static void keeps_a_mapped_page(void **state)
{
	(void)state;
	map_one(0, 1);
	assert_int_equal(backend_donate_host(pfn(0), 1), -EBUSY);
}

static void notices_what_was_not_wiped(void **state)
{
	(void)state;
	assert_int_equal(backend_donate_hyp(pfn(0), 1), 0);
	hyp_memset((void *)linear(0), 0, PAGE);
	hyp_memset((void *)(linear(0) + 100), 7, 1);
	backend_clean((void *)linear(0), PAGE);
	assert_int_equal(backend_donate_host(pfn(0), 1), 0);
	assert_true(backend.record.unwiped);
	assert_int_equal(backend.record.unwiped_page, 0);
	assert_int_equal(backend.record.unwiped_at, 100);
	assert_int_equal(backend.record.unwiped_byte, 7);
}

static void allows_the_link_of_a_wiped_page(void **state)
{
	const int list = 0;

	(void)state;
	assert_int_equal(backend_donate_hyp(pfn(0), 1), 0);
	hyp_memset((void *)linear(0), 0, PAGE);
	backend_clean((void *)linear(0), PAGE);
	backend_cache_push(&list, (void *)linear(0), ~0ul);
	assert_int_equal(backend_donate_host(pfn(0), 1), 0);
	assert_false(backend.record.unwiped);
	assert_int_equal(backend_host_read(0), ~0ul);
}

static void notices_what_was_not_cleaned(void **state)
{
	(void)state;
	assert_int_equal(backend_donate_hyp(pfn(0), 1), 0);
	hyp_memset((void *)linear(0), 0, PAGE);
	backend_clean((void *)linear(0), PAGE / 2);
	assert_int_equal(backend_donate_host(pfn(0), 1), 0);
	assert_true(backend.record.unwiped);
	assert_true(backend.record.unwiped_at == UINT64_MAX);

	/* cleaned too early is not clean */
	fresh(state);
	assert_int_equal(backend_donate_hyp(pfn(0), 1), 0);
	backend_clean((void *)linear(0), PAGE);
	hyp_memset((void *)linear(0), 0, PAGE);
	assert_int_equal(backend_donate_host(pfn(0), 1), 0);
	assert_true(backend.record.unwiped);
}

static void hands_out_junk(void **state)
{
	(void)state;
	for (uint32_t page = 0; page < 3; page++) {
		unsigned long va = 0;

		backend_host_junk(page);
		assert_int_equal(backend_reserve(PAGE, &va), 0);
		assert_int_equal(backend_donate_hyp(pfn(page), 1), 0);
		assert_int_equal(backend_map_range(va, backend_page_phys(page),
						   PAGE),
				 0);
		for (unsigned long i = 0; i < PAGE; i++)
			assert_int_not_equal(((uint8_t *)va)[i], 0);
	}
}

static void fills_with_junk_again(void **state)
{
	(void)state;
	/* wiped in one life, junk in the next */
	backend_host_junk(0);
	assert_int_equal(backend_donate_hyp(pfn(0), 1), 0);
	hyp_memset((void *)linear(0), 0, PAGE);
	fresh(state);
	backend_host_junk(0);
	assert_int_equal(backend_donate_hyp(pfn(0), 1), 0);
	assert_int_equal(raw_nonzero((void *)linear(0), PAGE), 0);
	assert_int_not_equal(((uint8_t *)linear(0))[PAGE - 1], 0);
}

static void moves_bytes_with_the_mapping(void **state)
{
	unsigned long va = map_one(3, 0x5a);

	(void)state;
	assert_int_equal(((uint8_t *)va)[PAGE - 1], 0x5a);
	assert_int_equal(backend_lookup(va + 5), backend_page_phys(3) + 5);
	assert_int_equal(backend_page_at(0), 3);
	((uint8_t *)va)[7] = 0x77;
	backend_unmap_range(va, va + PAGE);
	assert_int_equal(((uint8_t *)linear(3))[7], 0x77);
	assert_int_equal(backend_page_at(0), -1);
}

/* The first trap of section 10: the link is written before the unmap. */
static void pushes_a_page_that_is_still_mapped(void **state)
{
	const int mc = 0;
	unsigned long va = map_one(3, 0x5a);
	unsigned long link = 0x1234567890ul;

	(void)state;
	backend_cache_push(&mc, (void *)linear(3), link);
	assert_memory_equal((void *)va, &link, sizeof(link));
	backend_unmap_range(va, va + PAGE);
	assert_int_equal(backend_cache_pop(&mc, (void *)linear(3)), link);
}

static void refuses_a_bad_mapping(void **state)
{
	unsigned long va;

	(void)state;
	assert_int_equal(backend_reserve(2 * PAGE, &va), 0);
	assert_int_equal(backend_donate_hyp(pfn(0), 4), 0);
	assert_int_equal(backend_map_range(va + 16, backend_page_phys(0), PAGE),
			 -EINVAL);
	assert_int_equal(backend_map_range(va, backend_page_phys(0) + 16, PAGE),
			 -EINVAL);
	assert_int_equal(backend_map_range(va, backend_page_phys(0), 16),
			 -EINVAL);
	assert_int_equal(backend_map_range(va - PAGE, backend_page_phys(0),
					   PAGE),
			 -EINVAL);
	assert_int_equal(backend_map_range(va + 2 * PAGE, backend_page_phys(0),
					   PAGE),
			 -EINVAL);
	assert_int_equal(backend_map_range(va, backend_page_phys(0), 3 * PAGE),
			 -EINVAL);
	assert_int_equal(backend.mapped, 0);
}

static void panics_at_a_mapping_that_cannot_be(void **state)
{
	unsigned long va = map_one(0, 1);

	(void)state;
	assert_int_equal(
		ENDS(backend_map_range(va + PAGE, backend_page_phys(1), PAGE)),
		BACKEND_PANIC); /* the host's */
	assert_int_equal(
		ENDS(backend_map_range(va + PAGE, backend_page_phys(0), PAGE)),
		BACKEND_PANIC); /* mapped already */
	assert_int_equal(ENDS(backend_map_range(va + PAGE,
						backend_page_phys(POOL), PAGE)),
			 BACKEND_PANIC); /* no memory */
	assert_int_equal(backend_donate_hyp(pfn(1), 1), 0);
	assert_int_equal(
		ENDS(backend_map_range(va, backend_page_phys(1), PAGE)),
		BACKEND_PANIC); /* something is there */
	assert_int_equal(ENDS(backend_lookup(va + PAGE)), BACKEND_PANIC);
	assert_int_equal(ENDS(backend_unmap_range(va, va + 2 * PAGE)),
			 BACKEND_PANIC);
	assert_int_equal(ENDS(backend_unmap_range(va + PAGE, va)),
			 BACKEND_PANIC);
	assert_int_equal(backend.mapped, 1);
}

static void fails_the_nth_mapping_once(void **state)
{
	unsigned long va;

	(void)state;
	assert_int_equal(backend_reserve(4 * PAGE, &va), 0);
	assert_int_equal(backend_donate_hyp(pfn(0), 4), 0);
	backend.fail_map = 2;
	assert_int_equal(backend_map_range(va, backend_page_phys(0), PAGE), 0);
	assert_int_equal(backend_map_range(va + PAGE, backend_page_phys(1),
					   PAGE),
			 -ENOMEM);
	assert_int_equal(backend.mapped, 1);
	assert_int_equal(
		backend_map_range(va + PAGE, backend_page_phys(1), PAGE), 0);
}

static void reserves_ranges_apart(void **state)
{
	unsigned long a, b, c;

	(void)state;
	assert_int_equal(backend_reserve(0, &a), -EINVAL);
	assert_int_equal(backend_reserve(3 * PAGE, &a), 0);
	assert_int_equal(backend_reserve(PAGE, &b), 0);
	assert_true(b >= a + 4 * PAGE);
	assert_int_equal(backend_reserve(BACKEND_PRIVATE_MAX, &c), -ENOMEM);
	assert_int_equal(backend_reserve(~0ul, &c), -ENOMEM);
	backend.refuse_reserve = true;
	assert_int_equal(backend_reserve(PAGE, &c), -ENOMEM);
}

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

	(void)state;
	for (int i = 0; i < 16; i++)
		va[i] = i;
	hyp_memmove(va + 4, va, 16);
	assert_int_equal(va[4], 0);
	assert_int_equal(va[19], 15);
	hyp_memmove(va, va + 4, 16);
	assert_int_equal(va[0], 0);
	assert_int_equal(va[15], 15);
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
	static const struct {
		int mc, host_list;
	} mcs;
	const int on_stack = 0;

	(void)state;
	backend_begin(1000);
	backend_lock(&lock, "test");
	hyp_store8(va);
	assert_int_equal(r->unlocked_hi, 0);
	backend_unlock(&lock, "test");
	hyp_load8(va + 40);
	assert_int_equal(r->unlocked_lo, 40);
	assert_int_equal(r->unlocked_hi, 48);

	assert_int_equal(backend_donate_hyp(pfn(1), 1), 0);
	backend.data = (uintptr_t)&mcs;
	backend.data_end = (uintptr_t)(&mcs + 1);
	backend.host_list = &mcs.host_list;
	backend_cache_push(&mcs.host_list, (void *)linear(1), 0);
	assert_false(r->unlocked_cache);
	backend_cache_push(&on_stack, (void *)linear(1), 0);
	assert_false(r->unlocked_cache);
	backend_cache_push(&mcs.mc, (void *)linear(1), 0);
	assert_true(r->unlocked_cache);
	backend.data = 0;
	backend.data_end = 0;
	backend.host_list = NULL;
}

static void locks_know_their_holder(void **state)
{
	unsigned int lock = 0;

	(void)state;
	backend_lock(&lock, "test");
	assert_int_equal(lock, 1);
	assert_int_equal(backend.locks, 1);
	assert_int_equal(ENDS(backend_lock(&lock, "test")), BACKEND_HANG);
	backend.cpu = 1;
	assert_int_equal(ENDS(backend_lock(&lock, "test")), BACKEND_PANIC);
	assert_int_equal(ENDS(backend_unlock(&lock, "test")), BACKEND_PANIC);
	backend.cpu = 0;
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

static void counts_pages_by_state(void **state)
{
	const int mc = 0;

	(void)state;
	map_one(0, 1);
	assert_int_equal(backend_donate_hyp(pfn(1), 2), 0);
	backend_cache_push(&mc, (void *)linear(1), 0);
	assert_int_equal(backend.host, POOL - 3);
	assert_int_equal(backend.mapped, 1);
	assert_int_equal(backend.cached, 1);
	assert_int_equal(backend_pages_nowhere(), 1); /* page 2 */
	assert_int_equal(backend_mapped_words(0)[0], 1);
}

static void resets_what_was_touched(void **state)
{
	unsigned long va = map_one(0, 1);

	(void)state;
	assert_int_equal(backend_donate_hyp(pfn(5), 1), 0);
	fresh(state);
	assert_int_equal(backend.host, POOL);
	assert_int_equal(backend.mapped, 0);
	assert_int_equal(backend_mapped_words(0)[0], 0);
	assert_int_equal(ENDS(hyp_load8(va)), BACKEND_FAULT);
	assert_int_equal(ENDS(hyp_load8(linear(5))), BACKEND_FAULT);
	for (uint32_t page = 0; page < POOL; page++)
		assert_int_equal(backend_page_flags(page), PAGE_HOST);
}

static void changes_the_page_size(void **state)
{
	(void)state;
	backend_host_junk(0);
	backend_reset(16, 4, 1);
	backend_begin(1000);
	backend_host_junk(3);
	assert_int_equal(backend_donate_hyp(backend_page_phys(3) >> 16, 1), 0);
	assert_int_not_equal(
		((uint8_t *)backend_phys_to_virt(backend_page_phys(3)))[65535],
		0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(converts_any_address, fresh),
		cmocka_unit_test_setup(donates_each_way_once, fresh),
		cmocka_unit_test_setup(donates_a_range_whole_or_not, fresh),
		cmocka_unit_test_setup(refuses_what_is_not_memory, fresh),
		cmocka_unit_test_setup(keeps_a_mapped_page, fresh),
		cmocka_unit_test_setup(notices_what_was_not_wiped, fresh),
		cmocka_unit_test_setup(allows_the_link_of_a_wiped_page, fresh),
		cmocka_unit_test_setup(notices_what_was_not_cleaned, fresh),
		cmocka_unit_test_setup(hands_out_junk, fresh),
		cmocka_unit_test_setup(fills_with_junk_again, fresh),
		cmocka_unit_test_setup(moves_bytes_with_the_mapping, fresh),
		cmocka_unit_test_setup(pushes_a_page_that_is_still_mapped,
				       fresh),
		cmocka_unit_test_setup(refuses_a_bad_mapping, fresh),
		cmocka_unit_test_setup(panics_at_a_mapping_that_cannot_be,
				       fresh),
		cmocka_unit_test_setup(fails_the_nth_mapping_once, fresh),
		cmocka_unit_test_setup(reserves_ranges_apart, fresh),
		cmocka_unit_test_setup(refuses_every_forbidden_access, fresh),
		cmocka_unit_test_setup(moves_and_compares, fresh),
		cmocka_unit_test_setup(remembers_what_was_written, fresh),
		cmocka_unit_test_setup(remembers_what_was_not_locked, fresh),
		cmocka_unit_test_setup(locks_know_their_holder, fresh),
		cmocka_unit_test_setup(counts_interface_calls, fresh),
		cmocka_unit_test_setup(counts_pages_by_state, fresh),
		cmocka_unit_test_setup(resets_what_was_touched, fresh),
		cmocka_unit_test_setup(changes_the_page_size, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
