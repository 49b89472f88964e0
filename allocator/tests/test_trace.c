/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracing: one array in the heap, from load to unload.
 *
 *	[40 bytes | 40 bytes | ...]	one for each page of the CPUs' buffers
 */
#include "boot.h"

static long load(uint32_t nr_pages)
{
	long ret;

	assert_true(heap_host_tracing_load(nr_pages, &ret));

	return ret;
}

static long unload(void)
{
	long ret;

	assert_true(heap_host_tracing_unload(&ret));

	return ret;
}

static void tracing_goes_on_and_off(void **state)
{
	(void)state;
	assert_int_equal(unload(), -ENODEV);
	assert_int_equal(load(5), 0);
	/* 40 * 10 bytes; a descriptor and the buffers of 2 CPUs */
	assert_int_equal(heap_pages_now(), 1);
	assert_int_equal(host_free(), POOL - 1 - 1 - 10);
	assert_int_equal(load(5), -EBUSY);
	assert_int_equal(unload(), 0);
	assert_int_equal(unload(), -ENODEV);
	assert_int_equal(reclaimable(), 1);
	assert_int_equal(load(3), 0);
	assert_int_equal(unload(), 0);
	assert_no_leak();
}

static void a_buffer_has_three_pages_at_least(void **state)
{
	(void)state;
	assert_int_equal(load(2), -EINVAL);
	assert_int_equal(load(0), -EINVAL);
	assert_int_equal(load(1000), -E2BIG);
	assert_int_equal(load(40), -ENOMEM); /* pages that the host has not */
	assert_int_equal(heap_pages_now(), 0);
	assert_no_leak();
}

/* A descriptor of two CPUs with 3 pages each, in page 60. */
static const unsigned long valid[] = {
	2,	   /* CPUs */
	3ul << 32, /* CPU 0 has 3 pages */
	1,
	2,
	3,	       /* them */
	3ul << 32 | 1, /* CPU 1 */
	1,
	2,
	3,
};

#define WORDS (sizeof(valid) / sizeof(valid[0]))

/* Load @valid with word @at changed to @value; the last page it is given. */
static unsigned long load_with(size_t at, unsigned long value)
{
	unsigned long words[WORDS];
	struct regs regs;

	memcpy(words, valid, sizeof(words));
	if (at < WORDS)
		words[at] = value;
	heap_host_junk(60);
	raw_copy((void *)backend_phys_to_virt(phys(60)), words, sizeof(words));
	regs = hvc(HVC_TRACING_LOAD, window(60), PAGE, 0);

	/* in any case it comes back as it was */
	assert_true(heap_host_owns(60));
	assert_int_equal(raw_differ((void *)backend_phys_to_virt(phys(60)),
				    words, sizeof(words)),
			 sizeof(words));
	if (!regs.x[1])
		assert_int_equal(first(HVC_TRACING_UNLOAD, 0, 0), 0);

	return regs.x[1];
}

static void a_descriptor_must_be_valid(void **state)
{
	int err;

	(void)state;
	assert_true(host_topup(5, &err)); /* 40 * 509 bytes are the most */
	assert_int_equal(load_with(WORDS, 0), 0);
	assert_int_equal(load_with(0, 0), ERR(EINVAL));
	assert_int_equal(load_with(0, 1), ERR(EINVAL));
	assert_int_equal(load_with(0, 3), ERR(EINVAL));
	/* which CPU, how many pages */
	assert_int_equal(load_with(1, 3ul << 32 | 1), ERR(EINVAL));
	assert_int_equal(load_with(5, 3ul << 32), ERR(EINVAL));
	assert_int_equal(load_with(5, 3ul << 32 | 2), ERR(EINVAL));
	assert_int_equal(load_with(1, 2ul << 32), ERR(EINVAL));
	assert_int_equal(load_with(5, 2ul << 32 | 1), ERR(EINVAL));
	/* 24 + 8 words of the second CPU's begin behind 48 bytes */
	assert_int_equal(load_with(5, 506ul << 32 | 1), 0);
	assert_int_equal(load_with(5, 507ul << 32 | 1), ERR(EINVAL));
	assert_int_equal(load_with(5, 0xfffffffful << 32 | 1), ERR(EINVAL));
	assert_int_equal(load_with(1, 0xfffffffful << 32), ERR(EINVAL));
	/* the first CPU's pages leave no room for the second one */
	assert_int_equal(load_with(1, 510ul << 32), ERR(EINVAL));
	assert_no_leak();
}

/* A valid one, but not at the start of its page, or not whole pages. */
static void a_descriptor_is_whole_pages(void **state)
{
	int err;

	(void)state;
	assert_true(host_topup(1, &err));
	assert_int_equal(load_with(WORDS, 0), 0);
	assert_int_equal(first(HVC_TRACING_LOAD, window(60), PAGE + 100),
			 ERR(EINVAL));
	assert_int_equal(first(HVC_TRACING_LOAD, window(60), 100), ERR(EINVAL));
	assert_int_equal(first(HVC_TRACING_LOAD, window(60), 0), ERR(EINVAL));
	raw_copy((void *)(backend_phys_to_virt(phys(60)) + 8), valid,
		 sizeof(valid));
	assert_int_equal(first(HVC_TRACING_LOAD, window(60) + 8, PAGE),
			 ERR(EINVAL));
	assert_no_leak();
}

static void a_descriptor_must_be_the_hosts(void **state)
{
	int err;

	(void)state;
	assert_true(host_topup(1, &err));
	assert_int_equal(first(HVC_TRACING_LOAD, window(60), ~(PAGE - 1)),
			 ERR(EINVAL));
	assert_int_equal(first(HVC_TRACING_LOAD, window(0), PAGE), ERR(EPERM));
	assert_int_equal(first(HVC_TRACING_LOAD, window(63), 2 * PAGE),
			 ERR(EPERM));
	assert_int_equal(first(HVC_SHARE, phys(60) >> 12, 0), 0);
	assert_int_equal(first(HVC_TRACING_LOAD, window(60), PAGE), ERR(EPERM));
	assert_int_equal(first(HVC_UNSHARE, phys(60) >> 12, 0), 0);
	assert_no_leak();
}

static void the_array_is_of_40_bytes_a_page(void **state)
{
	(void)state;
	heap_host_junk(60);
	raw_fill((void *)backend_phys_to_virt(phys(60)), 0, PAGE);
	raw_copy((void *)backend_phys_to_virt(phys(60)), valid, sizeof(valid));
	/* 3 + 99 pages: 4080 bytes, and the header: one page */
	heap_host_write(60, 2);
	raw_copy((void *)(backend_phys_to_virt(phys(60)) + 40),
		 &(unsigned long){99ul << 32 | 1}, 8);
	assert_regs(hvc(HVC_TRACING_LOAD, window(60), PAGE, 7), ERR(ENOMEM),
		    request(HYP_REQ_ALLOC, 1), ONES);
	raw_copy((void *)(backend_phys_to_virt(phys(60)) + 40),
		 &(unsigned long){100ul << 32 | 1}, 8);
	assert_regs(hvc(HVC_TRACING_LOAD, window(60), PAGE, 7), ERR(ENOMEM),
		    request(HYP_REQ_ALLOC, 2), ONES);
	assert_no_leak();
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup(test, boot_running)
	const struct CMUnitTest tests[] = {
		TEST(tracing_goes_on_and_off),
		TEST(a_buffer_has_three_pages_at_least),
		TEST(a_descriptor_must_be_valid),
		TEST(a_descriptor_is_whole_pages),
		TEST(a_descriptor_must_be_the_hosts),
		TEST(the_array_is_of_40_bytes_a_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
