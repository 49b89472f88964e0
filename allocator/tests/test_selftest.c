/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The allocator's own self test, as the kernel runs it at boot: it asks for six
 * pages first, and then passes; at every page size, and as often as one likes.
 * Whatever goes wrong in it, all its pages come back.
 */
#include "boot.h"

#define PAGES 6u

static uint32_t shift = 12;

static int boot_machine(void **state)
{
	const struct heap_config config = {
		.page_shift = shift, .pool_pages = POOL, .cpus = 1};

	(void)state;
	heap_reset(&config);
	host_boot(POOL);
	heap_begin(BOUND);

	return 0;
}

/* @nr pages from page @first on, as a list in the host's pages. */
static unsigned long host_pages(uint32_t first_page, uint32_t nr)
{
	unsigned long head = 0;

	for (uint32_t page = first_page; page < first_page + nr; page++) {
		heap_host_junk(page);
		heap_host_write(page, head);
		head = phys(page);
	}

	return head;
}

static void give(uint32_t first_page, uint32_t nr)
{
	struct regs regs = {.x = {HVC_BASE + HVC_TOPUP, HYP_REQ_SELFTEST,
				  host_pages(first_page, nr), nr}};

	assert_true(host_hvc(regs.x));
	assert_int_equal(regs.x[0], SMCCC_RET_SUCCESS);
	assert_int_equal(regs.x[1], 0);
}

/* All of them, to the last, in one call; and the heap holds no more. */
static void assert_gives_back(uint32_t nr)
{
	struct regs regs = {
		.x = {HVC_BASE + HVC_RECLAIM, HYP_REQ_SELFTEST, ~0ul}};
	uint64_t pages;

	assert_int_equal(first(HVC_RECLAIMABLE, HYP_REQ_SELFTEST, 0), nr);
	assert_true(host_hvc(regs.x));
	assert_int_equal(regs.x[3], nr);
	assert_true(host_take_list(regs.x[2], regs.x[3], &pages));
	assert_int_equal(pages, nr);
	assert_all_back();
}

static void selftest(uint32_t page_shift)
{
	shift = page_shift;
	boot_machine(NULL);
	shift = 12;

	give(0, 2);
	assert_regs(hvc(HVC_SELFTEST, 0, 0, 0), ERR(ENOMEM),
		    request(HYP_REQ_SELFTEST, 4), ONES);
	give(2, 4);
	assert_regs(hvc(HVC_SELFTEST, 0, 0, 0), 0, NO_REQUEST, ONES);
	assert_gives_back(PAGES);
}

static void passes_with_4k_pages(void **state)
{
	(void)state;
	selftest(12);
}

static void passes_with_16k_pages(void **state)
{
	(void)state;
	selftest(14);
}

static void passes_with_64k_pages(void **state)
{
	(void)state;
	selftest(16);
}

/* With the pages that the run before has left mapped. */
static void passes_again_and_again(void **state)
{
	(void)state;
	give(0, PAGES);
	for (int i = 0; i < 20; i++)
		assert_int_equal(first(HVC_SELFTEST, 0, 0), 0);
	assert_gives_back(PAGES);
}

/* Pages that it does not count on make it fail, and come back, too. */
static void fails_with_too_many_pages(void **state)
{
	(void)state;
	give(0, PAGES + 1);
	assert_int_equal(first(HVC_SELFTEST, 0, 0), ERR(EINVAL));
	assert_gives_back(PAGES + 1);
}

static void loses_nothing(void (*arm)(uint64_t n), uint64_t most)
{
	uint64_t n;

	for (n = 1;; n++) {
		boot_machine(NULL);
		give(0, PAGES);
		arm(n);
		if (!first(HVC_SELFTEST, 0, 0))
			break;
		assert_false(heap_fault_armed());
		assert_gives_back(PAGES);

		/* and the next run of it finds nothing in its way */
		give(0, PAGES);
		assert_int_equal(first(HVC_SELFTEST, 0, 0), 0);
		assert_gives_back(PAGES);
	}
	/* as many points as it can fail at */
	assert_int_equal(n - 1, most);
}

/*
 * The page of the small ones; all are given up, then 4 for [0] [2 pages] [0]
 * [1 page]; 1 of the 2 that reclaim took; and the 3 that the last one lacks.
 */
static void loses_nothing_when_a_mapping_fails(void **state)
{
	(void)state;
	loses_nothing(heap_fail_map, 9);
}

/* 6 pages of its list at first, then 4 of it. */
static void loses_nothing_when_a_donation_fails(void **state)
{
	(void)state;
	loses_nothing(heap_fail_donate, 10);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup(test, boot_machine)
	const struct CMUnitTest tests[] = {
		TEST(passes_with_4k_pages),
		TEST(passes_with_16k_pages),
		TEST(passes_with_64k_pages),
		TEST(passes_again_and_again),
		TEST(fails_with_too_many_pages),
		TEST(loses_nothing_when_a_mapping_fails),
		TEST(loses_nothing_when_a_donation_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
