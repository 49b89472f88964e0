/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages of the fake EL2 memory: owners, places, bytes, and what is refused. */
#include "backend_test.h"

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
	/* what is in no window is no memory, wherever the windows are */
	assert_int_equal(backend_virt_to_phys(0x1234),
			 BACKEND_PHYS_NONE | 0x1234);
	assert_int_equal(backend_phys_page(BACKEND_PHYS_NONE), -1);
	/* an empty memcache's head, converted before it is looked at */
	assert_int_equal(backend_phys_page(
				 backend_virt_to_phys(backend_phys_to_virt(0))),
			 -1);
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
	assert_int_equal(backend_host_read(0, 0), ~0ul);
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
			assert_int_not_equal(byte_at(va + i), 0);
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
	assert_int_not_equal(byte_at(linear(0) + PAGE - 1), 0);
}

static void moves_bytes_with_the_mapping(void **state)
{
	unsigned long va = map_one(3, 0x5a);

	(void)state;
	assert_int_equal(byte_at(va + PAGE - 1), 0x5a);
	assert_int_equal(backend_lookup(va + 5), backend_page_phys(3) + 5);
	assert_int_equal(backend_page_at(0), 3);
	raw_fill((void *)(va + 7), 0x77, 1);
	backend_unmap_range(va, va + PAGE);
	assert_int_equal(byte_at(linear(3) + 7), 0x77);
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
	assert_int_equal(raw_differ((void *)va, &link, sizeof(link)),
			 sizeof(link));
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

	/* of a range that fails at its second page nothing stays */
	backend.fail_map = 2;
	assert_int_equal(backend_map_range(va + 2 * PAGE, backend_page_phys(2),
					   2 * PAGE),
			 -ENOMEM);
	assert_int_equal(backend.mapped, 2);
	assert_int_equal(backend_map_range(va + 2 * PAGE, backend_page_phys(2),
					   2 * PAGE),
			 0);
	assert_int_equal(backend.mapped, 4);
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

/* A link is the first word of its page, whatever is left of the address. */
static void links_begin_a_page(void **state)
{
	const int mc = 0;

	(void)state;
	assert_int_equal(backend_donate_hyp(pfn(1), 1), 0);
	backend_cache_push(&mc, (void *)linear(1), 0);
	for (unsigned long off = 1; off < PAGE; off *= 8) {
		assert_int_equal(ENDS(backend_cache_push(
					 &mc, (void *)(linear(1) + off), 0)),
				 BACKEND_FAULT);
		assert_int_equal(
			ENDS(backend_cache_pop(&mc, (void *)(linear(1) + off))),
			BACKEND_FAULT);
	}
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
		byte_at(backend_phys_to_virt(backend_page_phys(3)) + 65535), 0);
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
		cmocka_unit_test_setup(counts_pages_by_state, fresh),
		cmocka_unit_test_setup(links_begin_a_page, fresh),
		cmocka_unit_test_setup(resets_what_was_touched, fresh),
		cmocka_unit_test_setup(changes_the_page_size, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
