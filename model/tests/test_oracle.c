/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "lies.h"

/* How a step ended and what it returned: truths and lies. */

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

TELL(other_handle, s->actual.ret = 4097)
TELL(no_handle, s->actual.ret = -17)
TELL(ret_left, s->actual.ret = 1)
TELL(ret_zero, s->actual.ret = 0)
TELL(other_left, s->actual.left_nr = 1)
TELL(no_left, s->actual.left_nr = 0)
TELL(other_head, s->actual.left_head = 0x4000004000)
TELL(a_list, s->actual.left_head = 0x4000004000)
TELL(a_call_more, s->actual.hvcs++)
TELL(a_call_less, s->actual.hvcs--)
TELL(there_is_one, s->actual.no_such_call = false)
TELL(there_is_none, s->actual.no_such_call = true)

static void warn(struct step *s)
{
	s->actual.warned = true;
	s->warned = "ret";
	s->warned_function = "free_shared_page";
}

static void warn_nowhere(struct step *s)
{
	s->actual.warned = true;
}

static void no_warning(struct step *s)
{
	s->actual.warned = false;
	s->warned = NULL;
	s->warned_function = NULL;
}

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
		{"offset of free", good_free, other_offset, ORACLE_RESULT,
		 "expected +0", NULL},
		{"offset of a failure", good_too_big, other_offset,
		 ORACLE_RESULT, "expected +0", NULL},
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
		{"pages of free", good_free, other_pages, ORACLE_RESULT,
		 "expected 0 pages", "got 2"},
		{"need of create", good_create_fails, other_need, ORACLE_RESULT,
		 "-ENOMEM must ask for 6", "asked for 7"},
		{"need of success", good_create, other_need, ORACLE_RESULT,
		 "4096 must ask for 0", "asked for 7"},
	};

	(void)state;
	LIES(lies);
}

static void the_host_hears_what_the_model_says(void **state)
{
	static const struct lie lies[] = {
		{"handle", good_create, other_handle, ORACLE_RESULT,
		 "expected 4096", "returned 4097"},
		{"no handle", good_create, no_handle, ORACLE_RESULT,
		 "expected 4096", "returned -EEXIST"},
		{"a handle", good_create_fails, other_handle, ORACLE_RESULT,
		 "expected -ENOMEM", "returned 4097"},
		{"none used", good_free, ret_left, ORACLE_RESULT, "expected 0",
		 "returned 1"},
		{"shrink", good_shrink, ret_zero, ORACLE_RESULT, "expected 5",
		 "returned 0"},
		{"x1", good_hvc_topup, ret_zero, ORACLE_RESULT,
		 "expected -ENOMEM", "returned 0"},
		{"x3", good_hvc_topup, other_left, ORACLE_RESULT,
		 "expected 2 pages on the list", "got 1"},
		{"x3 of reclaim", good_hvc_reclaim, no_left, ORACLE_RESULT,
		 "expected 3 pages on the list", "got 0"},
		{"x2", good_hvc_topup, other_head, ORACLE_RESULT,
		 "must start at 0x4000003000", "starts at 0x4000004000"},
		{"x2 of another call", good_create, a_list, ORACLE_RESULT,
		 "must start at 0x0", "starts at 0x4000004000"},
		{"x0", good_no_such_call, there_is_one, ORACLE_RESULT,
		 "must say that there is no such call", "says such a"},
		{"no x0", good_hvc_topup, there_is_none, ORACLE_RESULT,
		 "must say that there is such a call", "says no such"},
		{"one call more", good_create, a_call_more, ORACLE_RESULT,
		 "expected 4 hypercalls", "saw 5"},
		{"one call less", good_shrink, a_call_less, ORACLE_RESULT,
		 "expected 3 hypercalls", "saw 2"},
		{"a call of none", good_free, a_call_more, ORACLE_RESULT,
		 "expected 0 hypercalls", "saw 1"},
		{"warning", good_create, warn, ORACLE_RESULT,
		 "the host's code warned in free_shared_page: ret", NULL},
		{"a mere warning", good_free, warn_nowhere, ORACLE_RESULT,
		 "warned", NULL},
		{"no warning", good_refused, no_warning, ORACLE_RESULT,
		 "must warn, but did not", NULL},
		{"warning, contract", contract_create_fails, warn,
		 ORACLE_RESULT, "warned in free_shared_page: ret", NULL},
	};
	struct verdict v = {.oracle = ORACLE_NONE};
	struct step s;

	(void)state;
	LIES(lies);

	/* where no model says what, a fault may have been what was refused */
	contract_refused(&s);
	assert_true(oracle_judge(&s, &v));
	no_warning(&s);
	assert_true(oracle_judge(&s, &v));
	good_hvc_reclaim(&s); /* in any order */
	s.actual.left_head = 8;
	assert_true(oracle_judge(&s, &v));
	assert_int_equal(v.oracle, ORACLE_NONE);
}

TELL(too_big, s->op.arg = 16369)
TELL(far_too_big, s->op.arg = UINT64_MAX)
TELL(no_heap, s->heap_bytes = 0)
TELL(no_request, s->actual.need = 0)
TELL(too_big_no_memory, s->op.arg = 16369)
TELL(strange_err, s->actual.err = -22)
TELL(refused_unasked, s->actual.err = -1)

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
		{"refused for nothing", contract_no_memory, refused_unasked,
		 ORACLE_RESULT, "-E2BIG or -ENOMEM", "got -EPERM"},
		{"no request of a client", contract_create_fails, no_request,
		 ORACLE_RESULT, "-ENOMEM with need 0", NULL},
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
	s.actual.err = -1; /* a call of the loop's */
	assert_true(oracle_judge(&s, &v));
	contract_no_memory(&s);
	s.actual.need = 999;
	assert_true(oracle_judge(&s, &v));
	contract_create_fails(&s);
	s.actual.ret = -17;
	s.actual.hvcs = 9;
	assert_true(oracle_judge(&s, &v));
	contract_create_fails(&s); /* EL2 was not even asked */
	s.actual.need = 0;
	s.tries = 0;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_end),
		cmocka_unit_test(a_due_panic_may_be_a_fault),
		cmocka_unit_test(a_flipped_bit_must_be_found),
		cmocka_unit_test(damage_may_be_found),
		cmocka_unit_test(damage_excuses_nothing_else),
		cmocka_unit_test(the_result_is_the_models),
		cmocka_unit_test(the_host_hears_what_the_model_says),
		cmocka_unit_test(the_result_keeps_the_contract),
		cmocka_unit_test(the_contract_leaves_room),
	};

	return cmocka_run_group_tests(tests, make_truth, drop_truth);
}
