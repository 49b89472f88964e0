/* SPDX-License-Identifier: GPL-2.0-only */
#include "program_test.h"

/* The text form: read strictly, printed canonically, one text a program. */

static const struct {
	const char *text;
	struct op op;
} lines[] = {
	{"a = alloc 100", {OP_ALLOC, 0, 0, 100}},
	{"s26 = alloc 0", {OP_ALLOC, 0, 26, 0}},
	{"s4095 = alloc 18446744073709551615", {OP_ALLOC, 0, 4095, UINT64_MAX}},
	{"z = call alloc 5000", {OP_CALL, 0, 25, 5000}},
	{"free b", {OP_FREE, 0, 1, 0}},
	{"write s100", {OP_WRITE, 0, 100, 0}},
	{"topup 4", {OP_TOPUP, 0, 0, 4}},
	{"reclaim 1", {OP_RECLAIM, 0, 0, 1}},
	{"reclaim all", {OP_RECLAIM, 0, 0, UINT64_MAX}},
	{"cpu 1", {OP_CPU, 0, 0, 1}},
	{"fail map 2", {OP_FAIL, 0, 0, 2}},
	{"shrink 4294967296", {OP_SHRINK, 0, 0, 1ull << 32}},
	{"init 65536", {OP_INIT, INIT_PLAIN, 0, 65536}},
	{"init refused 0", {OP_INIT, INIT_REFUSED, 0, 0}},
	{"free! double a", {OP_MISUSE, MISUSE_DOUBLE, 0, 0}},
	{"free! stale b", {OP_MISUSE, MISUSE_STALE, 1, 0}},
	{"free! inside c", {OP_MISUSE, MISUSE_INSIDE, 2, 0}},
	{"free! misaligned d", {OP_MISUSE, MISUSE_MISALIGNED, 3, 0}},
	{"free! outside", {OP_MISUSE, MISUSE_OUTSIDE, 0, 0}},
	{"free! null", {OP_MISUSE, MISUSE_NULL, 0, 0}},
};

static void each_line_is_read_and_printed(void **state)
{
	char text[128], buf[OP_TEXT];
	uint64_t seen = 0;
	struct prog prog;
	uint32_t i;

	(void)state;
	prog_init(&prog);
	for (i = 0; i < COUNT(lines); i++) {
		snprintf(text, sizeof(text), "hypheap 1\n%s\n", lines[i].text);
		parsed(&prog, text);
		assert_int_equal(prog.nr, 1);
		assert_true(op_equal(&prog.ops[0], &lines[i].op));
		assert_string_equal(op_print(&lines[i].op, buf, sizeof(buf)),
				    lines[i].text);
		seen |= UINT64_C(1) << lines[i].op.kind;
	}
	assert_true(seen == prog_swarm_all());
	prog_free(&prog);
}

static void the_longest_line_fits(void **state)
{
	char buf[OP_TEXT];
	uint32_t i, sub;

	(void)state;
	for (i = 0; i < COUNT(all_kinds); i++)
		for (sub = 0; sub < 256; sub++) {
			struct op op = {all_kinds[i], (uint8_t)sub, 4095,
					UINT64_MAX - 1};

			op_fix(&op, 4);
			op_print(&op, buf, sizeof(buf));
			assert_true(strlen(buf) < OP_TEXT - 8);
			assert_null(strchr(buf, '?'));
		}
}

static void the_heap_line(void **state)
{
	struct prog prog;

	(void)state;
	prog_init(&prog);
	parsed(&prog, "hypheap 1\nheap vcpu=65535 vm=0 init=0 cpus=4 pool=4096 "
		      "page=65536 pages=2048\n");
	assert_int_equal(prog.world.heap_pages, 2048);
	assert_int_equal(prog.world.page_shift, 16);
	assert_int_equal(prog.world.pool_pages, 4096);
	assert_int_equal(prog.world.cpus, 4);
	assert_false(prog.world.init);
	assert_int_equal(prog.world.vm_size, 0);
	assert_int_equal(prog.world.vcpu_size, 65535);
	assert_true(prog.world.swarm == prog_swarm_all());

	parsed(&prog, "hypheap 1\nheap page=16384");
	assert_int_equal(prog.world.heap_pages, 16);
	assert_int_equal(prog.world.page_shift, 14);
	assert_int_equal(prog.world.pool_pages, 64);
	assert_int_equal(prog.world.cpus, 2);
	assert_true(prog.world.init);
	prog_free(&prog);
}

static void forms_of_white_space(void **state)
{
	static const char *const same[] = {
		"hypheap 1\ntopup 4\na = alloc 0x10\nfree a\n",
		"hypheap 1;topup 4;a = alloc 0x10;free a",
		"hypheap 1\r\ntopup 4\r\na = alloc 16\r\nfree a\r\n",
		"# 1\n hypheap\t1 # 2\n;;topup 4;\t\na=alloc 16 #\n free a",
	};
	struct prog one, other;
	uint32_t i;

	(void)state;
	prog_init(&one);
	prog_init(&other);
	parsed(&one, same[0]);
	assert_int_equal(one.nr, 3);
	for (i = 1; i < COUNT(same); i++) {
		parsed(&other, same[i]);
		assert_true(prog_equal(&one, &other));
	}
	prog_free(&one);
	prog_free(&other);
}

static void canonical_text(void **state)
{
	static const char text[] = "hypheap 1\n"
				   "heap pages=16 page=4096 pool=64 cpus=2\n"
				   "# expect: pages/reclaim\n"
				   "topup 4\n"
				   "s26 = call alloc 100\n";
	static const char other[] = "hypheap 1\n"
				    "heap pages=9 page=65536 pool=0 cpus=1 "
				    "init=0 vm=1 vcpu=2\n";
	struct prog prog;
	size_t len;
	char *out;

	(void)state;
	prog_init(&prog);
	parsed(&prog, "#expect:\t pages/reclaim \t\nhypheap 1;topup 4;"
		      "s26 = call alloc 100");
	out = printed(&prog, &len);
	assert_string_equal(out, text);
	free(out);
	parsed(&prog, other);
	out = printed(&prog, &len);
	assert_string_equal(out, other);
	free(out);
	prog_free(&prog);
}

/* parse(print(p)) == p, but for the mask, which text does not have. */
static void round_trips(void **state)
{
	uint8_t data[PROG_HEADER + 50 * PROG_RECORD];
	struct prog prog, back;
	struct text_error err;
	struct rng rng;
	uint32_t i, at;
	size_t len;
	char *text;

	(void)state;
	prog_init(&prog);
	prog_init(&back);
	rng_seed(&rng, 2);
	for (i = 0; i < 3000; i++) {
		for (at = 0; at < sizeof(data); at++)
			data[at] = (uint8_t)rng_next(&rng);
		prog_decode(&prog, data, rng_below(&rng, sizeof(data) + 1));
		if (i % 2)
			snprintf(prog.expect, sizeof(prog.expect), "x/%u", i);
		text = printed(&prog, &len);
		if (prog_parse(&back, text, len, &err))
			fail_msg("%u:%u: %s\n%s", err.line, err.column,
				 err.what, text);
		prog.world.swarm = prog_swarm_all();
		assert_true(prog_equal(&prog, &back));
		assert_string_equal(prog.expect, back.expect);
		free(text);
	}
	prog_free(&prog);
	prog_free(&back);
}

static const struct {
	const char *text;
	uint32_t line;
	uint32_t column;
	const char *what; /* is in the message */
} wrong[] = {
	{"", 1, 1, "expected \"hypheap 1\" as the first line, found the end"},
	{"a = alloc 1", 1, 1, "as the first line, found \"a\""},
	{"# x\n\n  heap", 3, 3, "found \"heap\""},
	{"hypheap", 1, 8, "expected the version, a number"},
	{"hypheap one", 1, 9, "found \"one\""},
	{"hypheap 2", 1, 9, "version 2 is not known; this is version 1"},
	{"hypheap 1 2", 1, 11, "expected the end of the line, found \"2\""},
	{"hypheap 1\nhypheap 1", 2, 1, "once, in the first line"},
	{"hypheap 1\nx = alocc 1", 2, 5,
	 "unknown operation \"alocc\"; hypheap help ops lists them"},
	{"hypheap 1\n  halloc 1", 2, 3, "unknown operation \"halloc\""},
	{"hypheap 1\n= alloc 1", 2, 1, "unknown operation \"=\""},
	{"hypheap 1\n? 1", 2, 1, "unknown operation \"?\""},
	{"hypheap 1\ntopup 1; a = allo 1", 2, 14, "\"allo\""},
	{"hypheap 1\r\ntopup 1\r\n\tfreee a", 3, 2, "\"freee\""},
	{"hypheap 1\na =", 2, 4, "expected an operation, found the end of"},
	{"hypheap 1\na = \nfree a", 2, 5, "found the end of the line"},
	{"hypheap 1\na = = 1", 2, 5, "unknown operation \"=\""},
	{"hypheap 1\nalloc 1", 2, 1, "is written: SLOT = alloc BYTES"},
	{"hypheap 1\na = free a", 2, 5, "is written: free SLOT"},
	{"hypheap 1\nA = alloc 1", 2, 1,
	 "expected a slot, a to z or s26 to "
	 "s4095, found \"A\""},
	{"hypheap 1\nfree s25", 2, 6, "found \"s25\""},
	{"hypheap 1\nfree s4096", 2, 6, "found \"s4096\""},
	{"hypheap 1\nfree s026", 2, 6, "found \"s026\""},
	{"hypheap 1\nfree s2x", 2, 6, "found \"s2x\""},
	{"hypheap 1\nfree s99999999999", 2, 6, "found \"s99999999999\""},
	{"hypheap 1\nfree", 2, 5, "found the end of the text"},
	{"hypheap 1\nfree # x\n", 2, 9, "found the end of the line"},
	{"hypheap 1\nfree a b", 2, 8, "expected the end of the line"},
	{"hypheap 1\ntopup", 2, 6, "expected PAGES, a number"},
	{"hypheap 1\ntopup -1", 2, 7, "found \"-1\""},
	{"hypheap 1\ntopup 1k", 2, 7, "found \"1k\""},
	{"hypheap 1\ntopup 0x", 2, 7, "found \"0x\""},
	{"hypheap 1\ntopup 0xg", 2, 7, "found \"0xg\""},
	{"hypheap 1\ntopup all", 2, 7, "found \"all\""},
	{"hypheap 1\ntopup 18446744073709551616", 2, 7, "above 2^64 - 1"},
	{"hypheap 1\ntopup 0x10000000000000000", 2, 7, "above 2^64 - 1"},
	{"hypheap 1\nreclaim some", 2, 9, "found \"some\""},
	{"hypheap 1\na = call 100", 2, 10, "expected \"alloc\", found \"100\""},
	{"hypheap 1\ncpu 2", 2, 5,
	 "cpu 2 is out of range; it is 0 to 1 with "
	 "cpus=2"},
	{"hypheap 1\nheap cpus=1\ncpu 1", 3, 5, "it is 0 to 0 with cpus=1"},
	{"hypheap 1\nfail map 0", 2, 10, "N is from 1"},
	{"hypheap 1\nfail 2", 2, 6, "expected \"map\", found \"2\""},
	{"hypheap 1\ninit maybe 4", 2, 6, "found \"maybe\""},
	{"hypheap 1\ninit refused", 2, 13, "expected BYTES"},
	{"hypheap 1\nfree! triple a", 2, 7,
	 "double, stale, inside, "
	 "misaligned, outside, null"},
	{"hypheap 1\nfree! double", 2, 13, "expected a slot"},
	{"hypheap 1\nfree! null a", 2, 12, "expected the end of the line"},
	{"hypheap 1\nfree ! a", 2, 6, "found \"!\""},
	{"hypheap 1\nheap page=8192", 2, 11, "4096, 16384 or 65536"},
	{"hypheap 1\nheap page=99999999999999", 2, 11, "page=99999999999999"},
	{"hypheap 1\nheap pages=0", 2, 12, "it is 1 to 32768 with page=4096"},
	{"hypheap 1\nheap pages=2049 page=65536", 2, 12,
	 "pages=2049 is out of range; it is 1 to 2048 with page=65536"},
	{"hypheap 1\nheap pool=65536", 2, 11, "it is 0 to 65535"},
	{"hypheap 1\nheap cpus=5", 2, 11, "it is 1 to 4"},
	{"hypheap 1\nheap init=2", 2, 11, "it is 0 to 1"},
	{"hypheap 1\nheap vm=65536", 2, 9, "it is 0 to 65535"},
	{"hypheap 1\nheap pages=4294967297", 2, 12, "out of range"},
	{"hypheap 1\nheap pages=1 pages=1", 2, 14, "pages is said twice"},
	{"hypheap 1\nheap size=1", 2, 6, "unknown key \"size\""},
	{"hypheap 1\nheap pages 1", 2, 12, "expected \"=\", found \"1\""},
	{"hypheap 1\nheap pages=", 2, 12, "expected pages, a number"},
	{"hypheap 1\nheap\nheap", 3, 1, "stands once, before the first"},
	{"hypheap 1\ntopup 1\nheap pages=1", 3, 1, "stands once"},
	{"hypheap 1\n# expect:  \t", 2, 3, "names no signature"},
	{"hypheap 1\n# expect: a/b\n# expect: a/b", 3, 3, "a second"},
	{"hypheap 1\ntopup \001", 2, 7, "control character 0x01"},
	{"hypheap 1\n# \x7f", 2, 3, "control character 0x7f"},
	{"hypheap 1\nfree\va", 2, 5, "control character 0x0b"},
	{"hypheap 1\rfree a", 1, 10, "a carriage return that no line feed"},
	{"hypheap 1\r", 1, 10, "a carriage return that no line feed"},
	{"hypheap 1\nfr\xc3\xa9"
	 "e a",
	 2, 1,
	 "\"fr\\xc3\\xa9"
	 "e\""},
	{"hypheap 1\n\"\\ a", 2, 1, "\"\\x22\\x5c\""},
};

static void each_error_has_its_place(void **state)
{
	struct text_error err;
	struct prog prog;
	uint32_t i;

	(void)state;
	prog_init(&prog);
	for (i = 0; i < COUNT(wrong); i++) {
		int ret = prog_parse(&prog, wrong[i].text,
				     strlen(wrong[i].text), &err);

		if (ret != -1 || err.line != wrong[i].line ||
		    err.column != wrong[i].column ||
		    !strstr(err.what, wrong[i].what))
			fail_msg("%s\n-- expected %u:%u: %s\n-- found %d, "
				 "%u:%u: %s",
				 wrong[i].text, wrong[i].line, wrong[i].column,
				 wrong[i].what, ret, err.line, err.column,
				 err.what);
		assert_int_equal(prog.nr, 0);
		assert_string_equal(prog.expect, "");
		assert_int_equal(prog.world.heap_pages, 16);
	}
	prog_free(&prog);
}

static void nul_is_an_error_at_its_place(void **state)
{
	static const char text[] = "hypheap 1\nfree a\0\nfree b";
	struct text_error err;
	struct prog prog;

	(void)state;
	prog_init(&prog);
	assert_int_equal(prog_parse(&prog, text, sizeof(text) - 1, &err), -1);
	assert_int_equal(err.line, 2);
	assert_int_equal(err.column, 7);
	assert_non_null(strstr(err.what, "control character 0x00"));
	prog_free(&prog);
}

/* Put @s there, without its end. */
static void lay(char *at, const char *s)
{
	while (*s)
		*at++ = *s++;
}

static void long_tokens_are_shortened(void **state)
{
	static char text[1 << 20];
	struct text_error err;
	struct prog prog;
	size_t at;

	(void)state;
	prog_init(&prog);
	memset(text, 'x', sizeof(text));
	lay(text, "hypheap 1\n");
	assert_int_equal(prog_parse(&prog, text, sizeof(text), &err), -1);
	assert_non_null(strstr(err.what, "\"xxxxxxxxxxxxxxxxxxxxxxxx...\"; "
					 "hypheap help"));

	/* The worst: every byte escaped, in the longest message. */
	memset(text + 10, 0xff, sizeof(text) - 10);
	lay(text + 10, "free! ");
	assert_int_equal(prog_parse(&prog, text, sizeof(text), &err), -1);
	assert_true(strlen(err.what) < sizeof(err.what));
	assert_non_null(strstr(err.what, "\\xff...\"; free! has double"));

	/* A signature has an end too; one that just fits is taken. */
	at = (size_t)sprintf(text, "# expect: %0159d\nhypheap 1", 7);
	assert_int_equal(prog_parse(&prog, text, at, &err), 0);
	assert_int_equal(strlen(prog.expect), 159);
	at = (size_t)sprintf(text, "# expect: %0160d\nhypheap 1", 7);
	assert_int_equal(prog_parse(&prog, text, at, &err), -1);
	assert_non_null(strstr(err.what, "longer than 159"));
	assert_int_equal(err.column, 11);
	prog_free(&prog);
}

/* Whatever comes is read or refused; what is read can be printed and read. */
static void broken_text(void **state)
{
	static const char start[] = "hypheap 1\nheap pages=16 page=4096\n# "
				    "expect: a/b\ntopup 4\n"
				    "a = alloc 100\nb = call alloc 0x20; free "
				    "b\nreclaim all\n"
				    "fail map 2\ninit refused 7\nfree! double "
				    "a\ncpu 1\n";
	static const char likely[] = " \n;=#0159abszx!\r\t:^\0\xff";
	char text[sizeof(start)], *out;
	struct prog prog, back;
	struct text_error err;
	struct rng rng;
	uint32_t i, n, good = 0, bad = 0;
	size_t len;

	(void)state;
	prog_init(&prog);
	prog_init(&back);
	rng_seed(&rng, 3);
	for (i = 0; i < 30000; i++) {
		memcpy(text, start, sizeof(start));
		for (n = (uint32_t)rng_below(&rng, 4); n; n--)
			text[rng_below(&rng, sizeof(start) - 1)] =
				likely[rng_below(&rng, sizeof(likely) - 1)];
		len = i % 3 ? sizeof(start) - 1
			    : rng_below(&rng, sizeof(start));
		if (prog_parse(&prog, text, len, &err)) {
			assert_true(err.line >= 1 && err.column >= 1);
			assert_true(err.line <= 14 && err.column <= len + 1);
			assert_true(err.what[0] != '\0');
			bad++;
			continue;
		}
		good++;
		assert_valid(&prog);
		out = printed(&prog, &len);
		parsed(&back, out);
		assert_true(prog_equal(&prog, &back));
		free(out);
	}
	assert_true(good > 1000 && bad > 1000);
	prog_free(&prog);
	prog_free(&back);
}

/* Work grows with the text's length, not with its square. */
static void a_large_text(void **state)
{
	const size_t len = 16u << 20, lines_in = (len - 10) / 16;
	char *text = malloc(len);
	struct text_error err;
	struct prog prog;
	size_t i;

	(void)state;
	assert_non_null(text);
	prog_init(&prog);
	lay(text, "hypheap 1\n");
	for (i = 0; i < lines_in; i++)
		lay(text + 10 + 16 * i, "a=alloc 12 #..;\n");
	assert_int_equal(prog_parse(&prog, text, 10 + 16 * lines_in, &err), 0);
	assert_int_equal(prog.nr, lines_in);

	/* One line of it all, with the error at the end. */
	for (i = 10; i < len; i++)
		text[i] = ';';
	lay(text + len - 3, "bad");
	assert_int_equal(prog_parse(&prog, text, len, &err), -1);
	assert_int_equal(err.line, 2);
	assert_int_equal(err.column, len - 10 - 2);
	free(text);
	prog_free(&prog);
}

static void grammar_names_everything(void **state)
{
	char *text = NULL;
	size_t len, i;
	FILE *out = open_memstream(&text, &len);
	static const char *const also[] = {
#define OP(id, number, word, slot, grammar, what) grammar, what,
#include "program/ops.def"
#undef OP
#define KEY(id, word, always, what) "  " word " ", what,
#include "program/world.def"
#undef KEY
		"hypheap 1\n",
		"# expect: SIGNATURE",
		"s4095",
		"default 16\n",
	};

	(void)state;
	assert_non_null(out);
	prog_print_grammar(out);
	assert_int_equal(fclose(out), 0);
	for (i = 0; i < COUNT(also); i++)
		if (!strstr(text, also[i]))
			fail_msg("no \"%s\" in\n%s", also[i], text);
	free(text);
}

static bool is_text(const char *name, const char *data)
{
	return prog_is_text(name, (const uint8_t *)data, strlen(data));
}

static void what_is_text(void **state)
{
	(void)state;
	assert_true(is_text("x", "hypheap 1\n"));
	assert_true(is_text("x", "\n \t\r\n  hypheap 2"));
	assert_true(is_text(NULL, "\n# anything"));
	assert_true(is_text("dir/case.ops", "\1\2\3"));
	assert_true(is_text(".ops", ""));
	assert_false(is_text("x", ""));
	assert_false(is_text("x", " \n"));
	assert_false(is_text("x", "HYP\1"));
	assert_false(is_text("x", "hyphea"));
	assert_false(is_text("ops", "input\n"));
	assert_false(is_text("x.ops.bin", "topup 4\n"));
	assert_false(prog_is_text("x", NULL, 0));
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
		cmocka_unit_test(each_line_is_read_and_printed),
		cmocka_unit_test(the_longest_line_fits),
		cmocka_unit_test(the_heap_line),
		cmocka_unit_test(forms_of_white_space),
		cmocka_unit_test(canonical_text),
		cmocka_unit_test(round_trips),
		cmocka_unit_test(each_error_has_its_place),
		cmocka_unit_test(nul_is_an_error_at_its_place),
		cmocka_unit_test(long_tokens_are_shortened),
		cmocka_unit_test(broken_text),
		cmocka_unit_test(a_large_text),
		cmocka_unit_test(grammar_names_everything),
		cmocka_unit_test(what_is_text),
		cmocka_unit_test(slot_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
