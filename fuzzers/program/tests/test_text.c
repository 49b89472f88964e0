/* SPDX-License-Identifier: GPL-2.0-only */
#include "program_test.h"

/* The text form: read strictly, printed canonically, one text a program. */

#define A(tag, page, offset) OP_ADDR(OP_TAG_##tag, page, offset)

static const struct {
	const char *text;
	struct op op;
} lines[] = {
	{"a = alloc 100", {OP_ALLOC, 0, 0, .arg = 100}},
	{"s26 = alloc 0", {OP_ALLOC, 0, 26, .arg = 0}},
	{"s4095 = alloc 18446744073709551615",
	 {OP_ALLOC, 0, 4095, .arg = UINT64_MAX}},
	{"z = call alloc 5000", {OP_CALL, 0, 25, .arg = 5000}},
	{"free b", {OP_FREE, 0, 1, .arg = 0}},
	{"write s100", {OP_WRITE, 0, 100, .arg = 0}},
	{"topup 4", {OP_TOPUP, 0, 0, .arg = 4}},
	{"reclaim 1", {OP_RECLAIM, 0, 0, .arg = 1}},
	{"reclaim all", {OP_RECLAIM, 0, 0, .arg = UINT64_MAX}},
	{"cpu 1", {OP_CPU, 0, 0, .arg = 1}},
	{"fail map 2", {OP_FAIL, 0, 0, .arg = 2}},
	{"shrink 4294967296", {OP_SHRINK, 0, 0, .arg = 1ull << 32}},
	{"init 65536", {OP_INIT, INIT_PLAIN, 0, .arg = 65536}},
	{"init refused 0", {OP_INIT, INIT_REFUSED, 0, .arg = 0}},
	{"free! double a", {OP_MISUSE, MISUSE_DOUBLE, 0, .arg = 0}},
	{"free! stale b", {OP_MISUSE, MISUSE_STALE, 1, .arg = 0}},
	{"free! inside c", {OP_MISUSE, MISUSE_INSIDE, 2, .arg = 0}},
	{"free! misaligned d", {OP_MISUSE, MISUSE_MISALIGNED, 3, .arg = 0}},
	{"free! outside", {OP_MISUSE, MISUSE_OUTSIDE, 0, .arg = 0}},
	{"free! null", {OP_MISUSE, MISUSE_NULL, 0, .arg = 0}},
	{"free! below", {OP_MISUSE, MISUSE_BELOW, 0, .arg = 0}},
	{"corrupt a next ^ 0x10", {OP_CORRUPT, 0, 0, .arg = 0x10}},
	{"corrupt b prev ^ 0xffffffff", {OP_CORRUPT, 1, 1, .arg = UINT32_MAX}},
	{"corrupt c unmapped ^ 0x1", {OP_CORRUPT, 2, 2, .arg = 1}},
	{"corrupt free 2 hash ^ 0x80000000",
	 {OP_CORRUPT, 0x83, 2, .arg = 1u << 31}},
	{"corrupt a next = 48", {OP_CORRUPT, 4, 0, .arg = 48}},
	{"corrupt a prev = 0", {OP_CORRUPT, 5, 0, .arg = 0}},
	{"corrupt free 4095 unmapped = 1", {OP_CORRUPT, 0x86, 4095, .arg = 1}},
	{"corrupt s26 hash = 4294967295",
	 {OP_CORRUPT, 7, 26, .arg = UINT32_MAX}},
	{"corrupt free 0 zero", {OP_CORRUPT, 0x88, 0, .arg = 0}},
	{"corrupt a copy b", {OP_CORRUPT, 9, 0, .arg = 1}},
	{"corrupt free 3 copy free 4095",
	 {OP_CORRUPT, 0x89, 3, .arg = 0x10fff}},
	{"corrupt a replay", {OP_CORRUPT, 10, 0, .arg = 0}},
	{"corrupt a overflow 1", {OP_CORRUPT, 11, 0, .arg = 1}},
	{"corrupt a overflow 64 zero", {OP_CORRUPT, 12, 0, .arg = 64}},
	{"corrupt free 1 overflow 8", {OP_CORRUPT, 0x8b, 1, .arg = 8}},
	{"corrupt s4095 stale", {OP_CORRUPT, 13, 4095, .arg = 0}},
	{"shrink count", {OP_SHRINK, SHRINK_COUNT, .arg = 0}},
	{"fail donate 1", {OP_FAIL, FAIL_DONATE, .arg = 1}},
	{"fail page 3", {OP_FAIL, FAIL_PAGE, .arg = 3}},
	{"fail hvc 18446744073709551615",
	 {OP_FAIL, FAIL_HVC, .arg = UINT64_MAX}},
	{"create vm 0 2", {OP_CREATE, CREATE_VM, 0, .arg = 2}},
	{"create vm 31 18446744073709551615",
	 {OP_CREATE, CREATE_VM, 31, .arg = UINT64_MAX}},
	{"create vcpu 3 1", {OP_CREATE, CREATE_VCPU, 3, .arg = 1}},
	{"destroy vm 5", {OP_DESTROY, 0, 5, .arg = 0}},
	{"trace load 3", {OP_TRACE, TRACE_LOAD, .arg = 3}},
	{"trace load 4294967295", {OP_TRACE, TRACE_LOAD, .arg = UINT32_MAX}},
	{"trace unload", {OP_TRACE, TRACE_UNLOAD, .arg = 0}},
	{"selftest", {.kind = OP_SELFTEST}},
	{"deprivilege", {.kind = OP_DEPRIVILEGE}},
	{"poke p3 p4", {OP_POKE, .arg = A(PHYS, 3, 0), .x = {A(PHYS, 4, 0)}}},
	{"poke p0+8 7", {OP_POKE, .arg = A(PHYS, 0, 8), .x = {7}}},
	{"poke p16777215+65528 0xffffffffffffffff",
	 {OP_POKE, .arg = A(PHYS, 0xffffff, 65528), .x = {UINT64_MAX}}},
	{"poke p1 h2+65535",
	 {OP_POKE, .arg = A(PHYS, 1, 0), .x = {A(HOST, 2, 65535)}}},
	{"poke p1 e2+0x10000",
	 {OP_POKE, .arg = A(PHYS, 1, 0), .x = {A(EL2, 2, 65536)}}},
	{"poke p1 f9", {OP_POKE, .arg = A(PHYS, 1, 0), .x = {A(FRAME, 9, 0)}}},
	{"poke p1 0xa400000900000001",
	 {OP_POKE, .arg = A(PHYS, 1, 0), .x = {A(FRAME, 9, 1)}}},
	{"poke p1 0xa500000000000000",
	 {OP_POKE, .arg = A(PHYS, 1, 0), .x = {0xa5ull << 56}}},
	{"hvc finalize", {OP_HVC, 0, .arg = 0}},
	{"hvc topup 1 p5 3", {OP_HVC, 1, .arg = 1, .x = {A(PHYS, 5, 0), 3}}},
	{"hvc topup 0 0 0", {OP_HVC, 1, .arg = 0}},
	{"hvc reclaim 1 0xffffffffffffffff",
	 {OP_HVC, 2, .arg = 1, .x = {UINT64_MAX}}},
	{"hvc reclaimable 2", {OP_HVC, 3, .arg = 2}},
	{"hvc selftest", {OP_HVC, 4, .arg = 0}},
	{"hvc share f7", {OP_HVC, 5, .arg = A(FRAME, 7, 0)}},
	{"hvc unshare 0x10000", {OP_HVC, 6, .arg = 65536}},
	{"hvc init_vm h2 e3+8",
	 {OP_HVC, 7, .arg = A(HOST, 2, 0), .x = {A(EL2, 3, 8)}}},
	{"hvc init_vcpu 4096 h4",
	 {OP_HVC, 8, .arg = 4096, .x = {A(HOST, 4, 0)}}},
	{"hvc get_vm 4096", {OP_HVC, 9, .arg = 4096}},
	{"hvc put_vm 4096", {OP_HVC, 10, .arg = 4096}},
	{"hvc teardown_vm 4097", {OP_HVC, 11, .arg = 4097}},
	{"hvc tracing_load h1 88",
	 {OP_HVC, 12, .arg = A(HOST, 1, 0), .x = {88}}},
	{"hvc tracing_unload 0 0 1", {OP_HVC, 13, .x = {0, 1}}},
	{"hvc donate_guest 4096 f8",
	 {OP_HVC, 14, .arg = 4096, .x = {A(FRAME, 8, 0)}}},
	{"hvc reclaim_guest f8", {OP_HVC, 15, .arg = A(FRAME, 8, 0)}},
	{"hvc 16", {OP_HVC, 16, .arg = 0}},
	{"hvc 255 0 1", {OP_HVC, 255, .x = {1}}},
	{"at unlock 1: a = alloc 100", {OP_ALLOC, 0, 0, 1, .arg = 100}},
	{"at unlock 255: free b", {OP_FREE, 0, 1, 255, .arg = 0}},
	{"at unlock 2: topup 4", {OP_TOPUP, .at = 2, .arg = 4}},
	{"at unlock 3: reclaim all", {OP_RECLAIM, .at = 3, .arg = UINT64_MAX}},
	{"at unlock 4: shrink 8", {OP_SHRINK, .at = 4, .arg = 8}},
	{"at donate 2: poke p3 p4",
	 {OP_POKE, .at = 2, .arg = A(PHYS, 3, 0), .x = {A(PHYS, 4, 0)}}},
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

/* What is written in another way than it is printed. */
static void other_spellings(void **state)
{
	static const char *const same[][2] = {
		{"hvc 1 1 p5 3", "hvc topup 1 p5 3"},
		{"hvc topup", "hvc topup 0 0 0"},
		{"hvc 0x3 0x2", "hvc reclaimable 2"},
		{"poke p3+0 0xa100000400000008", "poke p3 p4+8"},
		{"poke p3+0x10 f4", "poke p3+16 f4"},
		{"at unlock 0x10 :free b", "at unlock 16: free b"},
		{"at\tunlock 1:a=alloc 1", "at unlock 1: a = alloc 1"},
	};
	char text[128], buf[OP_TEXT];
	struct prog prog;
	uint32_t i;

	(void)state;
	prog_init(&prog);
	for (i = 0; i < COUNT(same); i++) {
		snprintf(text, sizeof(text), "hypheap 1;%s", same[i][0]);
		parsed(&prog, text);
		assert_string_equal(op_print(&prog.ops[0], buf, sizeof(buf)),
				    same[i][1]);
	}
	prog_free(&prog);
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
	assert_true(prog.world.swarm == prog_swarm_usual());
	assert_false(prog.world.boot);

	parsed(&prog, "hypheap 1\nheap boot=1");
	assert_true(prog.world.boot && prog.world.init);
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
				    "init=0 boot=1 vm=1 vcpu=2\n"
				    "at unlock 3: free a\n"
				    "hvc init_vm h2 e3+8\n";
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
		/* Half of them with prefixes, and places in them. */
		for (at = PROG_HEADER; i % 2 && at < sizeof(data);
		     at += PROG_RECORD) {
			data[at] = (uint8_t)(rng_below(&rng, 3)
						     ? OP_PREFIX
						     : 13 + data[at] % 8);
			data[at + 7] = (uint8_t)(0xa0 + data[at + 7] % 6);
		}
		prog_decode(&prog, data, rng_below(&rng, sizeof(data) + 1));
		if (i % 2)
			snprintf(prog.expect, sizeof(prog.expect), "x/%u", i);
		text = printed(&prog, &len);
		if (prog_parse(&back, text, len, &err))
			fail_msg("%u:%u: %s\n%s", err.line, err.column,
				 err.what, text);
		prog.world.swarm = back.world.swarm;
		assert_true(prog_equal(&prog, &back));
		assert_string_equal(prog.expect, back.expect);
		free(text);
	}
	prog_free(&prog);
	prog_free(&back);
}

/* Whatever comes is read or refused; what is read can be printed and read. */
static void broken_text(void **state)
{
	static const char start[] = "hypheap 1\nheap pages=16 page=4096\n# "
				    "expect: a/b\ntopup 4\n"
				    "a = alloc 100\nb = call alloc 0x20; free "
				    "b\nreclaim all\n"
				    "fail map 2\ninit refused 7\nfree! double "
				    "a\ncpu 1\nat unlock 1: free b\n"
				    "create vm 1 2\npoke p3+8 h4\n"
				    "hvc topup 1 p3 4\ntrace unload\n";
	static const char likely[] = " \n;=#0159abszx!\r\t:^\0\xff"
				     "phef+";
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
			assert_true(err.line <= 19 && err.column <= len + 1);
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
#define HVC(id, number, word, registers, what) " " word " ", what,
#include "program/hvc.def"
#undef HVC
#define KEY(id, word, always, what) "  " word " ", what,
#include "program/world.def"
#undef KEY
		"hypheap 1\n",	"# expect: SIGNATURE", "s4095",
		"default 16\n", "at unlock N: ",       "at donate N: ",
		"pN, its",
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

/* Text says no mask: it is that of a program's kinds and the usual ones. */
static void the_mask_of_a_text(void **state)
{
	struct prog prog;

	(void)state;
	prog_init(&prog);
	parsed(&prog, "hypheap 1\na = alloc 1\n");
	assert_true(prog.world.swarm == prog_swarm_usual());
	parsed(&prog, "hypheap 1\na = alloc 1\ncorrupt a zero\n");
	assert_true(prog.world.swarm ==
		    (prog_swarm_usual() | UINT64_C(1) << OP_CORRUPT));
	parsed(&prog, "hypheap 1\nselftest\nfail donate 1\nshrink count");
	assert_true(prog.world.swarm ==
		    (prog_swarm_usual() | UINT64_C(1) << OP_SELFTEST));
	assert_true(prog_swarm_usual() == 0xffe);
	assert_true(prog_swarm_host() == 0xfeffe);
	assert_true(prog_swarm_all() == 0xffffe);
	assert_false(prog_of_host(0x1fff));
	assert_true(prog_of_host(1u << 13) && prog_of_host(1u << 19));
	prog_free(&prog);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line_is_read_and_printed),
		cmocka_unit_test(other_spellings),
		cmocka_unit_test(the_heap_line),
		cmocka_unit_test(forms_of_white_space),
		cmocka_unit_test(canonical_text),
		cmocka_unit_test(round_trips),
		cmocka_unit_test(broken_text),
		cmocka_unit_test(a_large_text),
		cmocka_unit_test(grammar_names_everything),
		cmocka_unit_test(the_mask_of_a_text),
		cmocka_unit_test(what_is_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
