/* SPDX-License-Identifier: GPL-2.0-only */
#include "program_test.h"

/* Operations one by one: words, ranges, places, equality. */

#define A(tag, page, offset) OP_ADDR(OP_TAG_##tag, page, offset)

static void places(void **state)
{
	uint64_t value = OP_ADDR(OP_TAG_EL2, 0xabcdef, 0x12345678);

	(void)state;
	assert_true(value == 0xa3abcdef12345678);
	assert_int_equal(op_tag(value), OP_TAG_EL2);
	assert_int_equal(op_tag_page(value), 0xabcdef);
	assert_int_equal(op_tag_offset(value), 0x12345678);
	assert_int_equal(op_tag(OP_ADDR(OP_TAG_FRAME, 3, 0)), OP_TAG_FRAME);
	assert_int_equal(op_tag(OP_ADDR(OP_TAG_FRAME, 3, 1)), 0);
	assert_int_equal(op_tag(OP_ADDR(OP_TAG_PHYS - 1, 3, 0)), 0);
	assert_int_equal(op_tag(OP_ADDR(OP_TAG_FRAME + 1, 3, 0)), 0);
	assert_int_equal(op_tag(0), 0);
	assert_int_equal(op_tag(UINT64_MAX), 0);
}

/* The fields of what the host does, brought into range. */
static void host_fields_come_into_range(void **state)
{
	static const struct {
		struct op op, fixed;
	} cases[] = {
		{{OP_CREATE, 3, 33, 9, 5, {1, 1}},
		 {OP_CREATE, CREATE_VCPU, 1, .arg = 5}},
		{{OP_DESTROY, 3, 4095, 9, 5, {1, 1}},
		 {OP_DESTROY, 0, 31, .arg = 0}},
		{{OP_TRACE, 2, 7, 9, 0x500000003, {1, 1}},
		 {OP_TRACE, TRACE_LOAD, .arg = 3}},
		{{OP_TRACE, 5, 7, 9, 3, {1, 1}},
		 {OP_TRACE, TRACE_UNLOAD, .arg = 0}},
		{{OP_SELFTEST, 5, 7, 9, 3, {1, 1}}, {.kind = OP_SELFTEST}},
		{{OP_DEPRIVILEGE, 5, 7, 9, 3, {1, 1}},
		 {.kind = OP_DEPRIVILEGE}},
		{{OP_POKE, 5, 7, 9, OP_ADDR(OP_TAG_HOST, 4, 0x1fffff), {6, 7}},
		 {OP_POKE, .at = 9, .arg = OP_ADDR(OP_TAG_PHYS, 4, 0xfff8),
		  .x = {6}}},
		{{OP_HVC, 255, 7, 9, 3, {6, 7}},
		 {OP_HVC, 255, 0, 0, 3, {6, 7}}},
		{{OP_SHRINK, 2, 7, 9, 3, {6, 7}},
		 {OP_SHRINK, .at = 9, .arg = 3}},
		{{OP_SHRINK, 3, 7, 9, 3, {6, 7}},
		 {OP_SHRINK, SHRINK_COUNT, .arg = 0}},
		{{OP_FAIL, 7, 7, 9, 3, {6, 7}}, {OP_FAIL, FAIL_HVC, .arg = 3}},
		{{OP_CALL, 7, 7, 9, 3, {6, 7}}, {OP_CALL, 0, 7, .arg = 3}},
		{{OP_RECLAIM, 7, 7, 9, 3, {6, 7}},
		 {OP_RECLAIM, .at = 9, .arg = 3}},
	};
	struct op op;
	uint32_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		op = cases[i].op;
		op_fix(&op, 4);
		if (!op_equal(&op, &cases[i].fixed))
			fail_msg("case %u", i);
		assert_false(op_equal(&op, &cases[i].op));
	}
}

/* Two operations differ if any field does. */
static void equality_looks_at_each_field(void **state)
{
	const struct op op = {OP_HVC, 1, 2, 3, 4, {5, 6}};
	struct op other[7] = {op, op, op, op, op, op, op};
	uint32_t i;

	(void)state;
	other[0].kind++;
	other[1].sub++;
	other[2].slot++;
	other[3].at++;
	other[4].arg++;
	other[5].x[0]++;
	other[6].x[1]++;
	assert_true(op_equal(&op, &op));
	for (i = 0; i < COUNT(other); i++)
		assert_false(op_equal(&op, &other[i]));
}

static void numbers_are_pinned(void **state)
{
	static const char *const words[] = {
		[1] = "alloc",	   [2] = "call",	 [3] = "free",
		[4] = "write",	   [5] = "topup",	 [6] = "reclaim",
		[7] = "cpu",	   [8] = "fail",	 [9] = "shrink",
		[10] = "init",	   [11] = "free!",	 [12] = "corrupt",
		[13] = "create",   [14] = "destroy",	 [15] = "trace",
		[16] = "selftest", [17] = "deprivilege", [18] = "poke",
		[19] = "hvc",
	};
	uint32_t i;

	(void)state;
	for (i = 1; i < COUNT(words); i++)
		assert_string_equal(op_word((uint8_t)i), words[i]);
	assert_string_equal(op_word(0), "?");
	assert_string_equal(op_word(255), "?");
}

/* Each number has one word, and the table of the calls has no gap. */
static void names_of_hypercalls(void **state)
{
	uint32_t i, j;

	(void)state;
	for (i = 0; i < 16; i++)
		for (j = 0; j < i; j++)
			assert_string_not_equal(hvc_word((uint8_t)i),
						hvc_word((uint8_t)j));
	for (; i < 256; i++)
		assert_null(hvc_word((uint8_t)i));
	assert_int_equal(hvc_registers(OP_HVC_TOPUP), 3);
	assert_int_equal(hvc_registers(255), 0);
}

static void the_longest_line_fits(void **state)
{
	const uint64_t wide = A(PHYS, 0xffffff, UINT32_MAX);
	char buf[OP_TEXT];
	uint32_t i, sub;

	(void)state;
	for (i = 0; i < 2 * COUNT(all_kinds); i++)
		for (sub = 0; sub < 256; sub++) {
			struct op op = {all_kinds[i / 2],
					(uint8_t)sub,
					4095,
					255,
					i % 2 ? wide : UINT64_MAX - 1,
					{wide, wide}};

			op_fix(&op, 4);
			op_print(&op, buf, sizeof(buf));
			assert_true(strlen(buf) < OP_TEXT - 8);
			assert_null(strchr(buf, '?'));
		}
}

static void slot_names(void **state)
{
	char buf[SLOT_TEXT];

	(void)state;
	assert_string_equal(slot_name(0, buf), "a");
	assert_string_equal(slot_name(25, buf), "z");
	assert_string_equal(slot_name(26, buf), "s26");
	assert_string_equal(slot_name(4095, buf), "s4095");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places),
		cmocka_unit_test(host_fields_come_into_range),
		cmocka_unit_test(equality_looks_at_each_field),
		cmocka_unit_test(numbers_are_pinned),
		cmocka_unit_test(names_of_hypercalls),
		cmocka_unit_test(the_longest_line_fits),
		cmocka_unit_test(slot_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
