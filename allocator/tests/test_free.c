/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What no allocation ever returned is refused for where it is, before a byte
 * around it is looked at: a header there would be the caller's, or a fault.
 *
 *	        start                       end
 *	  |  below |header|a ...|  hole  ...  |  above
 */
#include "boot.h"

static void refused(uint64_t offset)
{
	uint64_t at;
	bool got;

	boot(false, 2);
	assert_int_equal(heap_alloc(16, &got, &at), true);
	heap_free(offset);
	assert_int_equal(heap_stop()->end, HEAP_PANIC);
	assert_string_equal(heap_stop()->function, "heap_free");
}

static void below_the_first_object(void **state)
{
	(void)state;
	refused(0);
	refused(-16ul);
	refused(-32ul);
	refused(-PAGE);
}

static void behind_the_heap(void **state)
{
	(void)state;
	refused(2 * PAGE);
	refused(2 * PAGE + 16);
	refused(3 * PAGE);
}

static void not_a_multiple_of_16(void **state)
{
	(void)state;
	for (uint64_t offset = 1; offset < 16; offset++)
		refused(16 + offset);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(below_the_first_object),
		cmocka_unit_test(behind_the_heap),
		cmocka_unit_test(not_a_multiple_of_16),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
