/* SPDX-License-Identifier: GPL-2.0-only */
#include "scripts/lib/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "run/json.h"
#include "run/trace.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* Results, trace lines and JSON, letter by letter. */

#define OP4(kind_, sub_, slot_, arg_)                                          \
	{                                                                      \
		.kind = (kind_), .sub = (sub_), .slot = (slot_), .arg = (arg_) \
	}

static const struct {
	struct op op;
	struct outcome actual;
	const char *function;
	const char *text;
} results[] = {
	{OP4(OP_ALLOC, 0, 0, 100), {.offset = 48}, "", "@48"},
	{OP4(OP_ALLOC, 0, 0, 100), {.offset = 0}, "", "@0"},
	{OP4(OP_CALL, 0, 0, 100),
	 {.offset = UINT64_MAX},
	 "",
	 "@18446744073709551615"},
	{OP4(OP_ALLOC, 0, 0, 100), {.err = -7}, "", "E2BIG"},
	{OP4(OP_ALLOC, 0, 0, 100), {.err = -7, .need = 3}, "", "E2BIG"},
	{OP4(OP_ALLOC, 0, 0, 100), {.err = -12}, "", "ENOMEM need=0"},
	{OP4(OP_CALL, 0, 0, 100), {.err = -12, .need = 3}, "", "ENOMEM need=3"},
	{OP4(OP_INIT, 0, 0, 0), {.err = -22}, "", "EINVAL"},
	{OP4(OP_INIT, 1, 0, 100), {.err = -12}, "", "ENOMEM"},
	{OP4(OP_INIT, 0, 0, 4096), {.err = 0}, "", "ok"},
	{OP4(OP_RECLAIM, 0, 0, 9), {.pages = 0}, "", "0 pages"},
	{OP4(OP_RECLAIM, 0, 0, 9), {.pages = 1}, "", "1 pages"},
	{OP4(OP_SHRINK, 0, 0, 9), {.pages = 12}, "", "12 pages"},
	{OP4(OP_TOPUP, 0, 0, 9), {.err = 0}, "", "ok"},
	{OP4(OP_TOPUP, 0, 0, 9), {.err = -1}, "", "EPERM"},
	{OP4(OP_FREE, 0, 0, 0), {.err = 0}, "", "ok"},
	{OP4(OP_WRITE, 0, 0, 0), {.err = 0}, "", "ok"},
	{OP4(OP_CPU, 0, 0, 1), {.err = 0}, "", "ok"},
	{OP4(OP_FAIL, 0, 0, 1), {.err = 0}, "", "ok"},
	{OP4(OP_MISUSE, MISUSE_NULL, 0, 0), {.err = 0}, "", "ok"},
	{OP4(OP_FREE, 0, 0, 0), {.end = STEP_SKIPPED}, "", "skipped"},
	{OP4(OP_FREE, 0, 0, 0),
	 {.end = STEP_PANIC},
	 "hyp_free",
	 "panic hyp_free"},
	{OP4(OP_FREE, 0, 0, 0), {.end = STEP_PANIC}, NULL, "panic ?"},
	{OP4(OP_FREE, 0, 0, 0), {.end = STEP_FAULT}, "hyp_free", "panic fault"},
	{OP4(OP_ALLOC, 0, 0, 0), {.end = STEP_HANG, .offset = 7}, "f", "hang"},
};

static void each_result_has_its_words(void **state)
{
	char buf[RESULT_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(results); i++) {
		struct step step = {.op = results[i].op,
				    .actual = results[i].actual,
				    .function = results[i].function};

		assert_string_equal(result_print(&step, buf, sizeof(buf)),
				    results[i].text);
	}
}

static void a_long_function_is_cut_not_overrun(void **state)
{
	char name[2 * RESULT_TEXT], buf[RESULT_TEXT + 1];
	struct step step = {.op = OP4(OP_FREE, 0, 0, 0),
			    .actual = {.end = STEP_PANIC},
			    .function = name};

	(void)state;
	memset(name, 'f', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	buf[RESULT_TEXT] = '~';
	result_print(&step, buf, RESULT_TEXT);
	assert_int_equal(strlen(buf), RESULT_TEXT - 1);
	assert_int_equal(buf[RESULT_TEXT], '~');
}

static void errors_have_their_kernel_names(void **state)
{
	char buf[32];

	(void)state;
	assert_string_equal(errno_name(-7, buf, sizeof(buf)), "E2BIG");
	assert_string_equal(errno_name(-12, buf, sizeof(buf)), "ENOMEM");
	assert_string_equal(errno_name(-16, buf, sizeof(buf)), "EBUSY");
	assert_string_equal(errno_name(-22, buf, sizeof(buf)), "EINVAL");
	assert_string_equal(errno_name(-5000, buf, sizeof(buf)), "errno -5000");
	assert_string_equal(errno_name(12, buf, sizeof(buf)), "errno 12");
	assert_string_equal(errno_name(INT32_MIN, buf, sizeof(buf)), "errno "
								     "-21474836"
								     "48");
}

/* What @print writes, in memory that the caller frees. */
static char *written(void (*print)(FILE *out, const void *data),
		     const void *data)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	print(out, data);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void print_step(FILE *out, const void *data)
{
	trace_step(out, data);
}

static void print_digest(FILE *out, const void *data)
{
	trace_digest(out, *(const uint64_t *)data);
}

static void a_line_has_four_columns(void **state)
{
	struct step step = {.number = 7,
			    .op = OP4(OP_ALLOC, 0, 27, 100),
			    .actual = {.offset = 16},
			    .function = "",
			    .after = {.host = 60,
				      .spare = 3,
				      .mapped = 1,
				      .used = 2,
				      .free = 4}};
	char *text = written(print_step, &step);

	(void)state;
	assert_string_equal(text, "7\ts27 = alloc 100\t@16\thost=60 spare=3 "
				  "mapped=1 used=2 free=4\n");
	free(text);
}

static void a_page_elsewhere_adds_a_fifth(void **state)
{
	struct step step = {.number = 1,
			    .op = OP4(OP_RECLAIM, 0, 0, UINT64_MAX),
			    .function = "",
			    .after = {.host = 63, .hyp = 1}};
	char *text = written(print_step, &step);

	(void)state;
	assert_string_equal(text, "1\treclaim all\t0 pages\thost=63 spare=0 "
				  "mapped=0 used=0 free=0\thyp=1\n");
	free(text);
}

static void the_digest_has_16_digits(void **state)
{
	const uint64_t digest = 0xabc;
	char *text = written(print_digest, &digest);

	(void)state;
	assert_string_equal(text, "digest 0000000000000abc\n");
	free(text);
}

/* ---- JSON --------------------------------------------------------------- */

static void print_document(FILE *out, const void *data)
{
	struct json j;

	(void)data;
	json_begin(&j, out);
	json_object(&j, NULL);
	json_string(&j, "a", "x");
	json_string(&j, "none", NULL);
	json_number(&j, "max", UINT64_MAX);
	json_signed(&j, "min", INT64_MIN);
	json_bool(&j, "yes", true);
	json_real(&j, "real", 0.5);
	json_real(&j, "nan", NAN);
	json_hex(&j, "hex", 0xabc);
	json_array(&j, "empty");
	json_end(&j);
	json_array(&j, "some");
	json_number(&j, NULL, 1);
	json_object(&j, NULL);
	json_end(&j);
	json_string(&j, NULL, "");
	json_end(&j);
	json_end(&j);
	json_string(&j, NULL, "next");
}

static void a_document_a_line(void **state)
{
	char *text = written(print_document, NULL);

	(void)state;
	assert_string_equal(text, "{\"a\": \"x\", \"none\": null, "
				  "\"max\": 18446744073709551615, "
				  "\"min\": -9223372036854775808, \"yes\": "
				  "true, "
				  "\"real\": 0.5, \"nan\": null, "
				  "\"hex\": \"0000000000000abc\", \"empty\": "
				  "[], "
				  "\"some\": [1, {}, \"\"]}\n\"next\"\n");
	free(text);
}

static const struct {
	const char *text, *json;
} strings[] = {
	{"", "\"\""},
	{"a\"b\\c", "\"a\\\"b\\\\c\""},
	{"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
	{"\001\037\177", "\"\\u0001\\u001f\\u007f\""},
	{"/", "\"/\""},
	{"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa9\xe2\x82\xac\xf0"
						 "\x9f\x98\x80\""},
	/* a stray continuation, overlong forms, half a pair, cut short */
	{"a\x80z", "\"a\\ufffdz\""},
	{"\xc0\xaf", "\"\\ufffd\\ufffd\""},
	{"\xe0\x80\xaf", "\"\\ufffd\\ufffd\\ufffd\""},
	{"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},
	{"\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
	{"\xff", "\"\\ufffd\""},
	{"\xe2\x82", "\"\\ufffd\\ufffd\""},
};

static void print_text(FILE *out, const void *data)
{
	struct json j;

	json_begin(&j, out);
	json_string(&j, NULL, data);
}

static void strings_are_escaped(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(strings); i++) {
		char *text = written(print_text, strings[i].text);

		assert_int_equal(text[strlen(text) - 1], '\n');
		text[strlen(text) - 1] = '\0';
		assert_string_equal(text, strings[i].json);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_result_has_its_words),
		cmocka_unit_test(a_long_function_is_cut_not_overrun),
		cmocka_unit_test(errors_have_their_kernel_names),
		cmocka_unit_test(a_line_has_four_columns),
		cmocka_unit_test(a_page_elsewhere_adds_a_fifth),
		cmocka_unit_test(the_digest_has_16_digits),
		cmocka_unit_test(a_document_a_line),
		cmocka_unit_test(strings_are_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
