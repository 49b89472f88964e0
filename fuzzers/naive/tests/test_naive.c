/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The naive harness really calls the allocator: what it leaves behind is what
 * its calls come to, each input begins anew, and an allocator that panics ends
 * the process.
 */
#include "scripts/lib/test.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "allocator/heap.h"
#include "engines/engine.h"

#define PAGES 64u
#define AT_FIRST 32u

enum { ALLOC = 0, FREE = 3, TOPUP = 6, RECLAIM = 7 };

#define CALL(which, slot, number) (which), (slot), (number)&255, (number) >> 8

#define RUN(...)                                                  \
	do {                                                      \
		const uint8_t data[] = {__VA_ARGS__};             \
		(void)LLVMFuzzerTestOneInput(data, sizeof(data)); \
	} while (0)

static void assert_pages(uint32_t host, uint32_t spare, uint32_t mapped)
{
	struct heap_pages pages;

	heap_pages(&pages);
	assert_int_equal(pages.host, host);
	assert_int_equal(pages.spare, spare);
	assert_int_equal(pages.mapped, mapped);
}

static void begins_anew(void **state)
{
	(void)state;
	(void)LLVMFuzzerTestOneInput(NULL, 0);
	assert_pages(PAGES - AT_FIRST, AT_FIRST, 0);
	RUN(CALL(ALLOC, 0, 4000), CALL(ALLOC, 1, 4000));
	assert_pages(PAGES - AT_FIRST, AT_FIRST - 2, 2);
	/* three bytes are no call */
	RUN(ALLOC, 0, 0);
	assert_pages(PAGES - AT_FIRST, AT_FIRST, 0);
}

static void each_byte_counts(void **state)
{
	(void)state;
	RUN(CALL(TOPUP, 0, 3));
	assert_pages(PAGES - AT_FIRST - 3, AT_FIRST + 3, 0);
	RUN(CALL(ALLOC, 0, 4000), CALL(ALLOC, 1, 4000), CALL(FREE, 1, 0),
	    CALL(FREE, 9, 0), CALL(RECLAIM, 0, 7));
	assert_pages(PAGES - AT_FIRST + 7, AT_FIRST - 1 - 7, 1);
	/* a slot that is free takes what it is given; a full one loses it */
	RUN(CALL(ALLOC, 5, 4000), CALL(ALLOC, 5, 4000), CALL(FREE, 5, 0),
	    CALL(RECLAIM, 0, 7));
	assert_pages(PAGES - AT_FIRST + 7, AT_FIRST - 1 - 7, 1);
}

/* The bit of the first chunk's hash is flipped; its free must notice. */
static void a_panic_is_the_end(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (!child) {
		(void)close(STDERR_FILENO);
		RUN(CALL(ALLOC, 0, 100), CALL(ALLOC, 1, 1008),
		    CALL(FREE, 0, 0));
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(begins_anew),
		cmocka_unit_test(each_byte_counts),
		cmocka_unit_test(a_panic_is_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
