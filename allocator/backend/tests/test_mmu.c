/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages that are really mapped: what EL2 may not touch faults by itself, and
 * two addresses of a page are the same memory. The accesses here are plain
 * ones, which no check of ours sees, unless they are made with hyp_...().
 */
#include "allocator/backend/asan.h"
#include "allocator/backend/state.h"
#include "allocator/heap.h"
#include "backend_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAPS_MAX 70000u /* more than vm.max_map_count, if that is as usual */

UNSANITIZED static __attribute__((noinline)) uint64_t load(uintptr_t at)
{
	return *(volatile uint64_t *)at;
}

UNSANITIZED static __attribute__((noinline)) void store(uintptr_t at,
							uint64_t value)
{
	*(volatile uint64_t *)at = value;
}

/* cmocka takes them over for each test. */
static void catch_signals(void **state)
{
	(void)state;
	heap_catch_signals();
}

static void an_unmapped_page_faults(void **state)
{
	unsigned long va = map_one(0, 1);

	catch_signals(state);
	assert_int_equal(ENDS(load(va)), BACKEND_RUNNING);
	assert_int_equal(ENDS(load(va + PAGE - 8)), BACKEND_RUNNING);
	assert_int_equal(ENDS(load(va + PAGE)), BACKEND_FAULT);
	assert_int_equal(ENDS(store(va + PAGE, 1)), BACKEND_FAULT);
	/* the linear map: of a mapped page, of the host's, of no memory */
	assert_int_equal(ENDS(load(linear(0))), BACKEND_FAULT);
	assert_int_equal(ENDS(load(linear(1))), BACKEND_FAULT);
	assert_int_equal(ENDS(load(linear(POOL))), BACKEND_FAULT);
	assert_int_equal(ENDS(load(backend_host_window())), BACKEND_FAULT);
	/* as far as a header's distance leads */
	assert_int_equal(ENDS(load(va + UINT32_MAX - 7)), BACKEND_FAULT);
	assert_int_equal(ENDS(load(va - UINT32_MAX)), BACKEND_FAULT);
	assert_int_equal(ENDS(load(0)), BACKEND_FAULT);

	backend_unmap_range(va, va + PAGE);
	assert_int_equal(ENDS(load(va)), BACKEND_FAULT);
	assert_int_equal(ENDS(load(linear(0))), BACKEND_RUNNING);
	assert_int_equal(backend_donate_host(pfn(0), 1), 0);
	assert_int_equal(ENDS(load(linear(0))), BACKEND_FAULT);
}

static void the_check_refuses_nothing(void **state)
{
	unsigned long va = map_one(0, 1);
	const uint64_t page = (va - (uintptr_t)backend.arena) >> SHIFT;

	catch_signals(state);
	assert_int_equal(ENDS(hyp_load8(va + PAGE)), BACKEND_RUNNING);
	assert_int_equal(ENDS(hyp_store8(linear(0))), BACKEND_RUNNING);
	assert_int_equal(ENDS(hyp_load8(0)), BACKEND_RUNNING);
	/* what the books forbid but the MMU does not is done */
	backend_allowed[page] = 0;
	assert_int_equal(ENDS(hyp_memset((void *)va, 5, 8)), BACKEND_RUNNING);
	backend_allowed[page] = 1;
	assert_int_equal(load(va), 0x0505050505050505);
}

#define FAULTS_WITH(access, words)                                   \
	do {                                                         \
		assert_int_equal(ENDS(access), BACKEND_FAULT);       \
		assert_non_null(strstr(backend.stop.what, (words))); \
	} while (0)

/* The same words as without an MMU: the check knew what was to come. */
static void a_fault_is_told_in_the_words_of_the_check(void **state)
{
	unsigned long va = map_one(0, 1);

	catch_signals(state);
	FAULTS_WITH((hyp_load8(va + PAGE), load(va + PAGE)), "8-byte load from "
							     "offset 4096 of "
							     "the private "
							     "range");
	FAULTS_WITH((hyp_store8(linear(0)), store(linear(0), 1)),
		    "8-byte store to pool page 0, the linear map of a mapped");
	FAULTS_WITH(hyp_memset((void *)linear(1), 0, 32), "32-byte store to "
							  "pool page 1, a page "
							  "of the host");
	FAULTS_WITH(hyp_memset((void *)~0xffful, 0, 8192), "8192-byte store to "
							   "a wild address");
	FAULTS_WITH((hyp_load8(8), load(8)), "wild address near NULL");
	/* not foreseen: only the signal is known */
	FAULTS_WITH(load(va + 2 * PAGE), "signal 11");
}

/*
 *	[ page 0 ][ nothing ]
 *	      ^^^^^^^^           nothing of it is written
 */
static void a_range_is_written_whole_or_not(void **state)
{
	unsigned long va = map_one(0, 1);

	catch_signals(state);
	assert_int_equal(ENDS(hyp_memset((void *)(va + PAGE - 16), 9, 32)),
			 BACKEND_FAULT);
	assert_int_equal(load(va + PAGE - 8), 0x0101010101010101);
	assert_int_equal(ENDS(hyp_memset((void *)(va + PAGE - 16), 9, 16)),
			 BACKEND_RUNNING);
	assert_int_equal(load(va + PAGE - 8), 0x0909090909090909);
}

static void aliases_are_the_same_memory(void **state)
{
	unsigned long va = map_one(0, 1);
	const volatile uint64_t *page = (uint64_t *)backend_mmu_bytes(0);
	static const int mc;

	catch_signals(state);
	store(va + 64, 0x1234);
	assert_int_equal(page[8], 0x1234); /* nothing was copied in between */
	/* the link, by the linear map, while the page is still mapped */
	backend_cache_push(&mc, (void *)linear(0), 0x5678);
	assert_int_equal(load(va), 0x5678);
	store(va, 0x9abc);
	assert_int_equal(backend_cache_pop(&mc, (void *)linear(0)), 0x9abc);

	backend_unmap_range(va, va + PAGE);
	assert_int_equal(load(linear(0) + 64), 0x1234);
	store(linear(0) + 64, 0x4321);
	assert_int_equal(
		backend_map_range(va + PAGE, backend_page_phys(0), PAGE), 0);
	assert_int_equal(load(va + PAGE + 64), 0x4321);
}

static void a_reset_takes_all_away(void **state)
{
	unsigned long va = map_one(3, 7);
	uint64_t junk;

	catch_signals(state);
	fresh(state);
	assert_int_equal(ENDS(load(va)), BACKEND_FAULT);
	assert_int_equal(ENDS(load(linear(3))), BACKEND_FAULT);
	junk = backend_host_read(3, 64);
	assert_int_not_equal(junk, 0x0707070707070707);
	assert_int_equal(junk & 0xff, backend_junk_byte(3));
	/* EL2 finds it, too, first here and then without a look before */
	assert_int_equal(backend_donate_hyp(pfn(3), 1), 0);
	assert_int_equal(load(linear(3) + 64), junk);
	assert_int_equal(backend_donate_hyp(pfn(4), 1), 0);
	assert_int_equal(load(linear(4) + 64) & 0xff, backend_junk_byte(4));
}

static void larger_pages_are_several_of_ours(void **state)
{
	catch_signals(state);
	for (uint32_t shift = 14; shift <= 16; shift += 2) {
		const unsigned long page = 1ul << shift;
		unsigned long va;

		backend_reset(shift, POOL, 1);
		backend_begin(1000000);
		assert_int_equal(backend_reserve(4 * page, &va), 0);
		assert_int_equal(va % page, 0);
		assert_int_equal(
			backend_donate_hyp(backend_page_phys(2) >> shift, 1),
			0);
		assert_int_equal(
			backend_map_range(va, backend_page_phys(2), page), 0);
		/* ENDS() may come back by a jump */
		for (volatile unsigned long at = 0; at < page; at += 4096)
			assert_int_equal(ENDS(store(va + at, at)),
					 BACKEND_RUNNING);
		assert_int_equal(ENDS(load(va + page)), BACKEND_FAULT);
		backend_unmap_range(va, va + page);
		for (unsigned long at = 0; at < page; at += 4096)
			assert_int_equal(load(backend_phys_to_virt(
						      backend_page_phys(2)) +
					      at),
					 at);
	}
}

/* Runs @body in a child. Return: its exit status, what it said in @words. */
static int in_child(void (*body)(void), char *words, size_t size)
{
	int ends[2], status;
	size_t nr = 0;
	ssize_t got;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (!child) {
		dup2(ends[1], STDERR_FILENO);
		body();
		_exit(0);
	}
	close(ends[1]);
	while ((got = read(ends[0], words + nr, size - 1 - nr)) > 0)
		nr += (size_t)got;
	words[nr] = 0;
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* EL2 may touch the page, and yet it faults: that is no fault of EL2's. */
static void hide_what_is_allowed(void)
{
	unsigned long va = map_one(0, 1);

	mprotect((void *)va, PAGE, PROT_NONE);
	ENDS(load(va));
}

static void a_fault_that_is_not_due_is_our_own(void **state)
{
	char words[512];

	catch_signals(state);
	assert_int_equal(in_child(hide_what_is_allowed, words, sizeof(words)),
			 3);
	assert_non_null(strstr(words, "HARNESS BUG"));
}

/* Every second page is another mapping, until there can be no more. */
static void use_up_all_mappings(void)
{
	char *at = mmap(NULL, MAPS_MAX * PAGE, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	for (uint32_t i = 0; i < MAPS_MAX; i += 2)
		if (mprotect(at + i * PAGE, PAGE, PROT_READ))
			break;
	backend_donate_hyp(pfn(1), 1);
	backend_donate_hyp(pfn(3), 1);
	backend_donate_hyp(pfn(5), 1);
}

static bool mappings_are_few(void)
{
	FILE *file = fopen("/proc/sys/vm/max_map_count", "r");
	unsigned long max = 0;

	if (file && fscanf(file, "%lu", &max) != 1)
		max = 0;
	if (file)
		fclose(file);

	return max && max < MAPS_MAX;
}

static void too_many_mappings_are_one_line(void **state)
{
	char words[512];

	catch_signals(state);
	if (!mappings_are_few()) {
		print_message("vm.max_map_count is too large to reach\n");
		skip();
	}
	assert_int_equal(in_child(use_up_all_mappings, words, sizeof(words)),
			 3);
	assert_non_null(strstr(words, "vm.max_map_count"));
	assert_ptr_equal(strchr(words, '\n'), strrchr(words, '\n'));
}

static int begin(void **state)
{
	char why[256];

	(void)state;
	if (backend_use_mmu(why, sizeof(why))) {
		print_error("%s\n", why);
		return -1;
	}

	return 0;
}

#define TEST(function) cmocka_unit_test_setup(function, fresh)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_unmapped_page_faults),
		TEST(the_check_refuses_nothing),
		TEST(a_fault_is_told_in_the_words_of_the_check),
		TEST(a_range_is_written_whole_or_not),
		TEST(aliases_are_the_same_memory),
		TEST(a_reset_takes_all_away),
		TEST(larger_pages_are_several_of_ours),
		TEST(a_fault_that_is_not_due_is_our_own),
		TEST(too_many_mappings_are_one_line),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
