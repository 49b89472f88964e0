/* SPDX-License-Identifier: GPL-2.0-only */
#include "program_test.h"

/* What is wrong in a text, and where: line, column, what would be right. */

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
	{"hypheap 1\nfail 2", 2, 6,
	 "unknown fault \"2\"; fail has map, donate, page, hvc"},
	{"hypheap 1\nfail hvc 0", 2, 10, "fail hvc 0 fails nothing"},
	{"hypheap 1\nfail donate", 2, 12, "expected N, a number"},
	{"hypheap 1\nshrink counts", 2, 8, "expected PAGES"},
	{"hypheap 1\nshrink count 1", 2, 14, "expected the end of the line"},
	{"hypheap 1\ncreate", 2, 7, "expected \"vm\" or \"vcpu\""},
	{"hypheap 1\ncreate cpu 1 1", 2, 8, "found \"cpu\""},
	{"hypheap 1\ncreate vm 32 1", 2, 11,
	 "N 32 is out of range; it is 0 to 31"},
	{"hypheap 1\ncreate vm 1", 2, 12, "expected VCPUS, a number"},
	{"hypheap 1\ncreate vcpu 1", 2, 14, "expected INDEX, a number"},
	{"hypheap 1\ncreate vm a 1", 2, 11, "expected N, a number"},
	{"hypheap 1\na = create vm 1 1", 2, 5, "is written: create vm N"},
	{"hypheap 1\ndestroy 1", 2, 9, "expected \"vm\", found \"1\""},
	{"hypheap 1\ndestroy vm 99", 2, 12, "it is 0 to 31"},
	{"hypheap 1\ndestroy vm 1 1", 2, 14, "expected the end of the line"},
	{"hypheap 1\ntrace 3", 2, 7, "expected \"load\" or \"unload\""},
	{"hypheap 1\ntrace load", 2, 11, "expected PAGES"},
	{"hypheap 1\ntrace load 4294967296", 2, 12, "it is 0 to 4294967295"},
	{"hypheap 1\ntrace unload 1", 2, 14, "expected the end of the line"},
	{"hypheap 1\nselftest 1", 2, 10, "expected the end of the line"},
	{"hypheap 1\ndeprivilege now", 2, 13, "expected the end of the line"},
	{"hypheap 1\npoke", 2, 5, "expected ADDRESS, a number or a place"},
	{"hypheap 1\npoke 5 5", 2, 6, "pN or pN+OFFSET, found \"5\""},
	{"hypheap 1\npoke h5 5", 2, 6, "pN or pN+OFFSET, found \"h5\""},
	{"hypheap 1\npoke 0xa100000000000000 5", 2, 6, "pN or pN+OFFSET"},
	{"hypheap 1\npoke p5", 2, 8, "expected VALUE, a number or a place"},
	{"hypheap 1\npoke p5+4 1", 2, 6, "offset 4; it is a multiple of 8"},
	{"hypheap 1\npoke p5+65536 1", 2, 6, "a multiple of 8 below 65536"},
	{"hypheap 1\npoke p5 1 2", 2, 11, "expected the end of the line"},
	{"hypheap 1\npoke p 1", 2, 6, "found \"p\""},
	{"hypheap 1\npoke p05 1", 2, 6, "\"p05\" is no page"},
	{"hypheap 1\npoke p5x 1", 2, 6, "\"p5x\" is no page; it is written p"},
	{"hypheap 1\npoke p16777216 1", 2, 6, "it is 0 to 16777215"},
	{"hypheap 1\npoke p99999999999999999999 1", 2, 6, "out of range"},
	{"hypheap 1\npoke p5+ 1", 2, 9, "expected OFFSET, a number"},
	{"hypheap 1\npoke p5+x 1", 2, 9, "expected OFFSET, a number"},
	{"hypheap 1\npoke p5 +8 1", 2, 9, "found \"+8\""},
	{"hypheap 1\npoke p5 h1+4294967296", 2, 12, "it is 0 to 4294967295"},
	{"hypheap 1\npoke p5 f1+8", 2, 12, "a frame has no offset"},
	{"hypheap 1\npoke p5 g1", 2, 9, "(pN, hN, eN, fN), found \"g1\""},
	{"hypheap 1\npoke p5 18446744073709551616", 2, 9, "above 2^64 - 1"},
	{"hypheap 1\nhvc", 2, 4, "expected a hypercall, NAME or NUMBER"},
	{"hypheap 1\nhvc top_up", 2, 5, "found \"top_up\"; hypheap help ops"},
	{"hypheap 1\nhvc = 1", 2, 1, "expected a slot"},
	{"hypheap 1\nhvc 256", 2, 5,
	 "NUMBER 256 is out of range; it is 0 to 255"},
	{"hypheap 1\nhvc 1x", 2, 5, "expected NUMBER, a number"},
	{"hypheap 1\nhvc share g7", 2, 11, "expected X1, a number or a place"},
	{"hypheap 1\nhvc topup 1 -1", 2, 13, "expected X2, a number or"},
	{"hypheap 1\nhvc topup 1 2 p", 2, 15, "expected X3"},
	{"hypheap 1\nhvc topup 1 2 3 4", 2, 17, "expected the end of the line"},
	{"hypheap 1\nhvc topup 1 p1:", 2, 15, "expected X3"},
	{"hypheap 1\nat", 2, 3, "expected \"unlock\" or \"donate\""},
	{"hypheap 1\nat free 1: free a", 2, 4, "found \"free\""},
	{"hypheap 1\nat = alloc 1", 2, 4, "found \"=\""},
	{"hypheap 1\nat unlock: free a", 2, 10, "expected N, a number"},
	{"hypheap 1\nat unlock 0: free a", 2, 11, "it is 1 to 255"},
	{"hypheap 1\nat unlock 256: free a", 2, 11, "it is 1 to 255"},
	{"hypheap 1\nat unlock 1 free a", 2, 13,
	 "expected \":\", found \"free\""},
	{"hypheap 1\nat unlock 1:\nfree a", 2, 13, "expected an operation"},
	{"hypheap 1\nat unlock 1: at unlock 1: free a", 2, 14,
	 "unknown operation"},
	{"hypheap 1\nat unlock 1: cpu 1", 2, 14, "cpu is not deferred so"},
	{"hypheap 1\nat unlock 1: a = call alloc 1", 2, 18,
	 "at unlock has alloc"},
	{"hypheap 1\nat unlock 1: shrink count", 2, 14,
	 "reclaim, shrink PAGES"},
	{"hypheap 1\nat unlock 1: poke p1 1", 2, 14, "at donate has poke"},
	{"hypheap 1\nat donate 1: free a", 2, 14, "free is not deferred so"},
	{"hypheap 1\na = at unlock 1: alloc 1", 2, 5,
	 "unknown operation \"at\""},
	{"hypheap 1\nheap boot=2", 2, 11, "it is 0 to 1"},
	{"hypheap 1\ncorrupt", 2, 8, "expected a slot"},
	{"hypheap 1\ncorrupt a", 2, 10, "unknown damage the end of"},
	{"hypheap 1\ncorrupt a size ^ 1", 2, 11,
	 "unknown damage \"size\"; corrupt has next, prev,"},
	{"hypheap 1\ncorrupt a next", 2, 15, "expected \"=\""},
	{"hypheap 1\ncorrupt a next + 1", 2, 16, "found \"+\""},
	{"hypheap 1\ncorrupt a next ^ 0", 2, 18, "it is 1 to 4294967295"},
	{"hypheap 1\ncorrupt a hash = 4294967296", 2, 18, "VALUE"},
	{"hypheap 1\ncorrupt free 4096 zero", 2, 14, "it is 0 to 4095"},
	{"hypheap 1\ncorrupt free zero", 2, 14, "expected N, a number"},
	{"hypheap 1\ncorrupt free 1 stale", 2, 16, "corrupt SLOT stale"},
	{"hypheap 1\ncorrupt a copy 3", 2, 16, "expected a slot"},
	{"hypheap 1\ncorrupt a overflow 2", 2, 20, "1, 8, 16 or 64"},
	{"hypheap 1\ncorrupt a overflow 8 one", 2, 22, "expected the end"},
	{"hypheap 1\ninit maybe 4", 2, 6, "found \"maybe\""},
	{"hypheap 1\ninit refused", 2, 13, "expected BYTES"},
	{"hypheap 1\nfree! triple a", 2, 7,
	 "double, stale, inside, "
	 "misaligned, outside, below, null"},
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_error_has_its_place),
		cmocka_unit_test(nul_is_an_error_at_its_place),
		cmocka_unit_test(long_tokens_are_shortened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
