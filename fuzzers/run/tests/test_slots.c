/* SPDX-License-Identifier: GPL-2.0-only */
/* Slots: which is the next in a state, cyclic, and what a reset leaves. */
#include "run/slots.h"
#include "scripts/lib/test.h"

static struct slots s;

static int fresh(void **state)
{
	(void)state;
	slots_reset(&s);

	return 0;
}

static void finds_the_next_live_one(void **state)
{
	(void)state;
	assert_int_equal(slots_next_live(&s, 0), -1);
	slots_put(&s, 70, 16, 32);
	slots_put(&s, 4095, 64, 32);
	assert_int_equal(slots_next_live(&s, 0), 70);
	assert_int_equal(slots_next_live(&s, 70), 70);
	assert_int_equal(slots_next_live(&s, 71), 4095);
	slots_drop(&s, 4095);
	assert_int_equal(slots_next_live(&s, 71), 70); /* round the end */
	assert_int_equal(s.nr, 1);
}

static void finds_the_next_empty_one(void **state)
{
	(void)state;
	assert_int_equal(slots_next_empty(&s, 4095), 4095);
	slots_put(&s, 4095, 16, 32);
	assert_int_equal(slots_next_empty(&s, 4095), 0);
	for (uint32_t i = 0; i < OP_SLOTS - 1; i++)
		slots_put(&s, i, 16, 32);
	assert_int_equal(slots_next_empty(&s, 5), -1);
	slots_drop(&s, 5);
	assert_int_equal(slots_next_empty(&s, 6), 5);
}

static void remembers_what_was_freed(void **state)
{
	(void)state;
	assert_int_equal(slots_next_freed(&s, 0), -1);
	slots_put(&s, 3, 48, 64);
	assert_int_equal(slots_next_freed(&s, 0), -1);
	slots_drop(&s, 3);
	assert_int_equal(slots_next_freed(&s, 4), 3);
	assert_int_equal(s.slot[3].offset, 48);
	slots_put(&s, 3, 96, 64);
	assert_int_equal(slots_next_freed(&s, 0), -1);
}

static void forgets_all_in_a_reset(void **state)
{
	slots_put(&s, 1000, 48, 64);
	slots_put(&s, 2, 48, 64);
	slots_drop(&s, 2);
	fresh(state);
	assert_int_equal(slots_next_live(&s, 0), -1);
	assert_int_equal(slots_next_freed(&s, 0), -1);
	assert_int_equal(slots_next_empty(&s, 1000), 1000);
	assert_int_equal(s.nr, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(finds_the_next_live_one, fresh),
		cmocka_unit_test_setup(finds_the_next_empty_one, fresh),
		cmocka_unit_test_setup(remembers_what_was_freed, fresh),
		cmocka_unit_test_setup(forgets_all_in_a_reset, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
