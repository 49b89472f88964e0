/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "lies.h"

/* How a step ended, what it returned, what it handed out: truths and lies. */

/* ---- how it ended ------------------------------------------------------- */

static void ends(struct step *s, enum step_end end)
{
	s->actual.end = end;
	s->function = "hyp_free";
	s->where = "alloc.c:123";
	s->what = "read of 8\nbytes";
	s->calls = 101;
}

TELL(ends_in_fault, ends(s, STEP_FAULT))
TELL(ends_in_hang, ends(s, STEP_HANG))
TELL(ends_in_panic, ends(s, STEP_PANIC))
TELL(ends_well, s->actual.end = STEP_DONE)
TELL(ends_with_error, s->actual.end = STEP_DONE; s->actual.err = -22)

static void the_end(void **state)
{
	static const struct lie lies[] = {
		{"fault", good_free, ends_in_fault, ORACLE_FAULT,
		 "in hyp_free at alloc.c:123", "read of 8 bytes"},
		{"fault, contract", contract_alloc, ends_in_fault, ORACLE_FAULT,
		 "alloc.c:123", NULL},
		{"hang", good_free, ends_in_hang, ORACLE_HANG, "101", "100"},
		{"hang, contract", contract_alloc, ends_in_hang, ORACLE_HANG,
		 "101", "100"},
		{"hang instead of panic", good_panic, ends_in_hang, ORACLE_HANG,
		 "101", "100"},
		{"panic", good_free, ends_in_panic, ORACLE_PANIC,
		 "in hyp_free at alloc.c:123", "read of 8 bytes"},
		{"panic, contract", contract_alloc, ends_in_panic, ORACLE_PANIC,
		 "alloc.c:123", NULL},
		{"no panic", good_panic, ends_well, ORACLE_PANIC,
		 "must panic, but returned 0", NULL},
		{"no panic, an error", good_panic, ends_with_error,
		 ORACLE_PANIC, "must panic, but returned -EINVAL", NULL},
		{"no panic, contract", contract_panic, ends_well, ORACLE_PANIC,
		 "must panic, but returned 0", NULL},
	};

	(void)state;
	LIES(lies);
}

/* A fault is as good as the panic that was due. */
static void a_due_panic_may_be_a_fault(void **state)
{
	struct verdict v = {.oracle = ORACLE_NONE};
	struct step s;

	(void)state;
	good_panic(&s);
	s.actual.end = STEP_FAULT;
	assert_true(oracle_judge(&s, &v));
	assert_int_equal(v.oracle, ORACLE_NONE);
}

/* ---- damaged headers ---------------------------------------------------- */

static void flipped(struct step *s)
{
	s->corrupted = true;
	s->flip_due = true;
	s->flip_at = 160;
	s->flip_field = "unmapped";
	s->flip_bit = 31;
}

TELL(flip_unseen, flipped(s))
TELL(flip_and_error, flipped(s); s->actual.err = -22)
TELL(flip_and_hang, flipped(s); ends(s, STEP_HANG))

/* Even if all else is as if nothing had happened. */
static void a_flipped_bit_must_be_found(void **state)
{
	static const struct lie lies[] = {
		{"alloc", good_alloc, flip_unseen, ORACLE_PANIC,
		 "bit 31 of unmapped of the chunk at +160 was flipped",
		 "returned 0"},
		{"free", good_free, flip_unseen, ORACLE_PANIC, "must panic",
		 "+160"},
		{"reclaim, with an error", good_reclaim, flip_and_error,
		 ORACLE_PANIC, "must panic", "returned -EINVAL"},
		{"hang", good_free, flip_and_hang, ORACLE_HANG, "101", "100"},
	};

	(void)state;
	LIES(lies);
}

/* With damage that nobody must find, and that is found. */
static void damage_may_be_found(void **state)
{
	static const enum step_end found[] = {STEP_PANIC, STEP_FAULT};
	struct verdict v = {.oracle = ORACLE_NONE};
	struct step s;

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(found) / sizeof(*found); i++) {
		good_alloc(&s);
		if (i >= 2)
			flipped(&s);
		s.corrupted = true;
		ends(&s, found[i % 2]);
		assert_true(oracle_judge(&s, &v));
	}

	/* no list of chunks, and at contract level no number of pages */
	good_alloc(&s);
	s.corrupted = true;
	s.walk_broken = "not a header";
	assert_true(oracle_judge(&s, &v));
	contract_reclaim(&s);
	s.corrupted = true;
	s.reclaimable_before = 99;
	assert_true(oracle_judge(&s, &v));
	assert_int_equal(v.oracle, ORACLE_NONE);
}

static void damage_excuses_nothing_else(void **state)
{
	struct verdict v = {.oracle = ORACLE_NONE};
	struct step s;

	(void)state;
	good_reclaim(&s);
	s.corrupted = true;
	s.reclaimable_before = 2;
	assert_false(oracle_judge(&s, &v));
	assert_int_equal(v.oracle, ORACLE_PROMISE);
	good_alloc(&s);
	s.corrupted = true;
	ends(&s, STEP_HANG);
	assert_false(oracle_judge(&s, &v));
	assert_int_equal(v.oracle, ORACLE_HANG);
}

/* ---- what it returned --------------------------------------------------- */

TELL(other_err, s->actual.err = -MODEL_E2BIG)
TELL(other_need_err, s->actual.err = -22)
TELL(err_for_success, s->expect.err = -MODEL_ENOMEM; s->expect.need = 77)
TELL(odd_err, s->actual.err = -95)
TELL(other_offset, s->actual.offset = 176)
TELL(other_need, s->actual.need = 7)
TELL(other_pages, s->actual.pages = 2)
TELL(pages_expected, s->expect.pages = 4)
TELL(errno_left, s->left_err = -12)
TELL(need_left, s->left_need = 3)

static void the_result_is_the_models(void **state)
{
	static const struct lie lies[] = {
		{"err of alloc", good_alloc, other_err, ORACLE_RESULT,
		 "expected 0", "got -E2BIG"},
		{"err of free", good_free, other_err, ORACLE_RESULT,
		 "expected 0", "got -E2BIG"},
		{"served, but refused", good_alloc, err_for_success,
		 ORACLE_RESULT, "expected -ENOMEM", "need 77"},
		{"err of a failure", good_too_big, other_need_err,
		 ORACLE_RESULT, "expected -E2BIG", "got -EINVAL"},
		{"unknown errno", good_alloc, odd_err, ORACLE_RESULT,
		 "errno -95", NULL},
		{"offset of alloc", good_alloc, other_offset, ORACLE_RESULT,
		 "expected +144", "got +176"},
		{"offset of call", good_call, other_offset, ORACLE_RESULT,
		 "expected +144", "got +176"},
		{"need of call", good_no_memory, other_need, ORACLE_RESULT,
		 "for 6 pages", "asked for 7"},
		{"need of alloc", good_too_big, other_need, ORACLE_RESULT,
		 "for 0 pages", "asked for 7"},
		{"errno left", good_alloc, errno_left, ORACLE_RESULT,
		 "must be clear", "are -ENOMEM and 0"},
		{"need left", good_no_memory, need_left, ORACLE_RESULT,
		 "must be clear", "and 3"},
		{"pages of reclaim", good_reclaim, other_pages, ORACLE_RESULT,
		 "expected 3", "got 2"},
		{"pages of shrink", good_shrink, pages_expected, ORACLE_RESULT,
		 "expected 4", "got 5"},
	};

	(void)state;
	LIES(lies);
}

TELL(too_big, s->op.arg = 16369)
TELL(far_too_big, s->op.arg = UINT64_MAX)
TELL(no_heap, s->heap_bytes = 0)
TELL(no_request, s->actual.need = 0)
TELL(too_big_no_memory, s->op.arg = 16369)
TELL(strange_err, s->actual.err = -22)

static void the_result_keeps_the_contract(void **state)
{
	static const struct lie lies[] = {
		{"above heap - 16", contract_alloc, too_big, ORACLE_RESULT,
		 "16369 bytes in a heap of 16384", "got 0 at +144"},
		{"SIZE_MAX", contract_alloc, far_too_big, ORACLE_RESULT,
		 "18446744073709551615", "must be -E2BIG"},
		{"before init", contract_alloc, no_heap, ORACLE_RESULT,
		 "heap of 0", "must be -E2BIG"},
		{"-ENOMEM for too much", contract_no_memory, too_big_no_memory,
		 ORACLE_RESULT, "16369", "got -ENOMEM"},
		{"no request", contract_no_memory, no_request, ORACLE_RESULT,
		 "-ENOMEM with need 0", NULL},
		{"another error", contract_no_memory, strange_err,
		 ORACLE_RESULT, "-E2BIG or -ENOMEM", "got -EINVAL"},
	};

	(void)state;
	LIES(lies);
}

/* What another policy may do that the model would not. */
static void the_contract_leaves_room(void **state)
{
	struct verdict v = {.oracle = ORACLE_NONE};
	struct step s;

	(void)state;
	contract_too_big(&s);
	s.op.arg = 16; /* out of VA sooner */
	assert_true(oracle_judge(&s, &v));
	contract_alloc(&s);
	s.op.arg = 16368;
	assert_true(oracle_result(&s, &v));
	contract_no_memory(&s);
	s.actual.need = 0;
	s.fault_armed = true;
	assert_true(oracle_judge(&s, &v));
	contract_no_memory(&s);
	s.actual.need = 999;
	assert_true(oracle_judge(&s, &v));
	contract_reclaim(&s);
	s.after.host = 0; /* its own way to spread the pages */
	s.after.spare = 8;
	s.after.mapped = 0;
	s.unlike_page = 1;
	s.walk_broken = "not a header";
	assert_true(oracle_judge(&s, &v));
	assert_int_equal(v.oracle, ORACLE_NONE);
}

/* ---- the new object ----------------------------------------------------- */

static void at(struct step *s, uint64_t offset)
{
	s->actual.offset = offset;
	s->expect.offset = offset;
}

TELL(misaligned, at(s, 152))
TELL(at_0, at(s, 0))
TELL(at_the_end, at(s, 16384))
TELL(over_the_end, at(s, 16368); s->size = 32; s->above.there = false)
TELL(far_away, at(s, UINT64_MAX - 15))
TELL(huge, s->size = UINT64_MAX - 100)
TELL(on_below, at(s, 112))
TELL(on_above, s->size = 5040)
TELL(same_as_above, at(s, 5168))

static void the_place(void **state)
{
	static const struct lie lies[] = {
		{"alignment", good_alloc, misaligned, ORACLE_PLACE, "+152",
		 "8 more"},
		{"alignment, contract", contract_alloc, misaligned,
		 ORACLE_PLACE, "+152", "8 more"},
		{"below 16", good_alloc, at_0, ORACLE_PLACE, "+0, 16 bytes",
		 "[16, 16384)"},
		{"the end", good_alloc, at_the_end, ORACLE_PLACE,
		 "+16384, 16 bytes", "[16, 16384)"},
		{"over the end", good_call, over_the_end, ORACLE_PLACE,
		 "+16368, 32 bytes", "[16, 16384)"},
		{"far away", good_alloc, far_away, ORACLE_PLACE,
		 "+18446744073709551600", "[16, 16384)"},
		{"a huge size", good_alloc, huge, ORACLE_PLACE,
		 "+144, 18446744073709551515 bytes", "[16, 16384)"},
		{"over the one below", good_alloc, on_below, ORACLE_PLACE,
		 "+112, 16 bytes", "a at +16, 112 bytes"},
		{"over the one above", good_call, on_above, ORACLE_PLACE,
		 "+144, 5040 bytes", "b at +5168, 16 bytes"},
		{"served twice", contract_alloc, same_as_above, ORACLE_PLACE,
		 "+5168, 16 bytes", "b at +5168, 16 bytes"},
	};
	struct verdict v = {.oracle = ORACLE_NONE};
	struct step s;

	(void)state;
	LIES(lies);

	/* right up to both neighbours, and the whole heap */
	good_alloc(&s);
	at(&s, 128);
	s.size = 5168 - 128;
	assert_true(oracle_judge(&s, &v));
	at(&s, 16);
	s.size = 16368;
	s.below.there = false;
	s.above.there = false;
	assert_true(oracle_judge(&s, &v));
}

static void dirty(struct step *s, uint64_t byte)
{
	s->nonzero = byte;
	s->nonzero_byte = 0x5a;
}

TELL(dirty_first, dirty(s, 0))
TELL(dirty_last, dirty(s, 15))

static void the_zeros(void **state)
{
	static const struct lie lies[] = {
		{"first byte", good_alloc, dirty_first, ORACLE_ZEROED,
		 "byte 0 of the 16", "must be 0, is 0x5a"},
		{"last byte, contract", contract_alloc, dirty_last,
		 ORACLE_ZEROED, "byte 15 of the 16", "at +144"},
	};
	struct verdict v = {.oracle = ORACLE_NONE};
	struct step s;

	(void)state;
	LIES(lies);
	good_too_big(&s); /* nothing was handed out */
	dirty_first(&s);
	assert_true(oracle_judge(&s, &v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_end),
		cmocka_unit_test(a_due_panic_may_be_a_fault),
		cmocka_unit_test(a_flipped_bit_must_be_found),
		cmocka_unit_test(damage_may_be_found),
		cmocka_unit_test(damage_excuses_nothing_else),
		cmocka_unit_test(the_result_is_the_models),
		cmocka_unit_test(the_result_keeps_the_contract),
		cmocka_unit_test(the_contract_leaves_room),
		cmocka_unit_test(the_place),
		cmocka_unit_test(the_zeros),
	};

	return cmocka_run_group_tests(tests, make_truth, drop_truth);
}
