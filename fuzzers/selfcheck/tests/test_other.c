/* SPDX-License-Identifier: GPL-2.0-only */
#include "allocator/heap.h"
#include "scripts/lib/test.h"
#include "selfcheck/selfcheck.h"

/*
 * An allocator with another placement policy (tests/firstfit.c): what needs a
 * prediction is off, and all else is seen all the same.
 */

static struct run *run;

static struct selfcheck_result tell(const struct lie *lie,
				    enum selfcheck_level level, bool other)
{
	return selfcheck_tell(run, lie, level, 4096, other);
}

static void contract_lies_are_caught(void **state)
{
	const struct lie *lies;
	size_t nr;

	(void)state;
	heap_catch_signals(); /* cmocka takes them over in each test */
	lies = selfcheck_lies(&nr);
	for (size_t i = 0; i < nr; i++) {
		struct selfcheck_result r =
			tell(&lies[i], SELFCHECK_CONTRACT, true);
		bool there = lies[i].levels & 1u << SELFCHECK_CONTRACT;

		if (r.end != (there ? SELFCHECK_CAUGHT : SELFCHECK_OFF))
			fail_msg("%s: %s (%s)", lies[i].what,
				 selfcheck_end_name(r.end), r.got);
	}
}

/* Off, and not missed; but only where it is known to be another policy. */
static void exact_lies_are_off(void **state)
{
	unsigned int off = 0;
	const struct lie *lies;
	size_t nr;

	(void)state;
	heap_catch_signals(); /* cmocka takes them over in each test */
	lies = selfcheck_lies(&nr);
	for (size_t i = 0; i < nr; i++) {
		struct selfcheck_result r =
			tell(&lies[i], SELFCHECK_EXACT, true);

		if (!(lies[i].levels & 1u << SELFCHECK_EXACT) ||
		    r.end == SELFCHECK_CAUGHT)
			continue; /* a program of one object holds, too */
		assert_int_equal(r.end, SELFCHECK_OFF);
		assert_memory_equal(r.got, "result/", 7);
		r = tell(&lies[i], SELFCHECK_EXACT, false);
		assert_int_equal(r.end, SELFCHECK_UNTRUE);
		assert_memory_equal(r.got, "result/", 7);
		off++;
	}
	assert_true(off > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(contract_lies_are_caught),
		cmocka_unit_test(exact_lies_are_off),
	};
	int failed;

	run = run_create();
	if (!run || !(heap_page_sizes() & 4096))
		return 1;
	heap_watchdog(10);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	run_destroy(run);

	return failed;
}
