/* SPDX-License-Identifier: GPL-2.0-only */
#include "program_test.h"

/* Bytes and programs: any bytes are a program, and each has one byte form. */

static void decode_copy(struct prog *prog, const uint8_t *data, size_t len)
{
	/* In memory of exactly this size: a read past it is caught. */
	uint8_t *exact = malloc(len ? len : 1);

	assert_non_null(exact);
	if (len)
		memcpy(exact, data, len);
	prog_decode(prog, len ? exact : NULL, len);
	free(exact);
}

/* decode(x) is valid, encode(decode(x)) decodes to the same, and to itself. */
static void check_fixed_point(const uint8_t *data, size_t len)
{
	struct prog first, second;
	uint8_t *one, *two;
	size_t one_len, two_len;

	prog_init(&first);
	prog_init(&second);
	decode_copy(&first, data, len);
	assert_valid(&first);

	one = encoded(&first, &one_len);
	decode_copy(&second, one, one_len);
	assert_true(prog_equal(&first, &second));
	two = encoded(&second, &two_len);
	assert_int_equal(one_len, two_len);
	assert_memory_equal(one, two, one_len);

	free(one);
	free(two);
	prog_free(&first);
	prog_free(&second);
}

/* The layout is frozen: corpora are made of it. */
static void layout_is_pinned(void **state)
{
	static const uint8_t golden[] = {
		'H',  'Y',  'P',  1,	/* version */
		0x34, 0x12,		/* heap pages */
		1,			/* 16K */
		2,			/* 3 CPUs */
		0x56, 0x02,		/* pool pages */
		1,    0,		/* not set up */
		0x08, 0x07, 0x0a, 0x09, /* vm, vcpu */
		0x32, 0x0f, 0,	  0,
		0,    0,    0,	  0, /* swarm: 1 4 5 8 9 10 11 */
		0,    0,    0,	  0,
		0,    0,    0,	  0, /* reserved */
		1,    0,    0xff, 0x0f,
		0x64, 0,    0,	  0, /* s4095 = alloc 100 */
		255,  0,    0,	  0,
		0xef, 0xbe, 0xad, 0xde, /* high half */
		1,    0,    2,	  0,
		0x78, 0x56, 0x34, 0x12, /* c = alloc */
		4,    0,    3,	  0,
		0,    0,    0,	  0, /* write d */
		5,    0,    0,	  0,
		4,    0,    0,	  0, /* topup 4 */
		8,    0,    0,	  0,
		2,    0,    0,	  0, /* fail map 2 */
		10,   1,    0,	  0,
		0,    0,    1,	  0, /* init refused 65536 */
		11,   1,    1,	  0,
		0,    0,    0,	  0, /* free! stale b */
	};
	struct prog prog, back;
	uint8_t *bytes;
	size_t len;

	(void)state;
	prog_init(&prog);
	prog_init(&back);
	prog.world = (struct prog_world){
		.heap_pages = 0x1234,
		.page_shift = 14,
		.pool_pages = 0x256,
		.cpus = 3,
		.init = false,
		.vm_size = 0x708,
		.vcpu_size = 0x90a,
		.swarm = 0xf32,
	};
	prog_add(&prog, (struct op){OP_ALLOC, 0, 4095, .arg = 100});
	prog_add(&prog, (struct op){OP_ALLOC, 0, 2, .arg = 0xdeadbeef12345678});
	prog_add(&prog, (struct op){OP_WRITE, 0, 3, .arg = 0});
	prog_add(&prog, (struct op){OP_TOPUP, 0, 0, .arg = 4});
	prog_add(&prog, (struct op){OP_FAIL, 0, 0, .arg = 2});
	prog_add(&prog, (struct op){OP_INIT, INIT_REFUSED, 0, .arg = 65536});
	prog_add(&prog, (struct op){OP_MISUSE, MISUSE_STALE, 1, .arg = 0});

	bytes = encoded(&prog, &len);
	assert_int_equal(len, sizeof(golden));
	assert_memory_equal(bytes, golden, len);
	decode_copy(&back, golden, sizeof(golden));
	assert_true(prog_equal(&prog, &back));

	free(bytes);
	prog_free(&prog);
	prog_free(&back);
}

static void nothing_is_the_default_world(void **state)
{
	struct prog prog, other;

	(void)state;
	prog_init(&prog);
	prog_init(&other);
	decode_copy(&prog, NULL, 0);
	assert_true(prog_equal(&prog, &other));
	assert_int_equal(prog.world.heap_pages, 16);
	assert_int_equal(prog.world.page_shift, 12);
	assert_int_equal(prog.world.pool_pages, 64);
	assert_int_equal(prog.world.cpus, 2);
	assert_true(prog.world.init);
	assert_true(prog.world.swarm == prog_swarm_usual());

	/* What AFL++ starts from: only the heap's pages are in it. */
	decode_copy(&prog, (const uint8_t *)"input\n", 6);
	other.world.heap_pages = '\n' << 8 | 't';
	assert_true(prog_equal(&prog, &other));
	check_fixed_point((const uint8_t *)"input\n", 6);

	prog_free(&prog);
	prog_free(&other);
}

static void any_bytes_are_a_program(void **state)
{
	uint8_t data[32 + 8 * 40 + 7];
	struct rng rng;
	uint32_t i;
	size_t len, at;

	(void)state;
	rng_seed(&rng, 1);
	for (i = 0; i < 20000; i++) {
		len = i < sizeof(data) ? i : rng_below(&rng, sizeof(data) + 1);
		for (at = 0; at < len; at++)
			data[at] = (uint8_t)rng_next(&rng);
		/* Half of them with numbers that mean something. */
		for (at = 32; i % 2 && at < len; at += 8)
			data[at] = (uint8_t)(rng_below(&rng, 5)
						     ? rng_below(&rng, 21)
						     : 255);
		check_fixed_point(data, len);
	}
}

static void a_short_tail_is_ignored(void **state)
{
	struct prog whole, part;
	uint8_t *bytes;
	size_t len, cut;
	uint32_t i;

	(void)state;
	prog_init(&whole);
	prog_init(&part);
	parsed(&whole, "hypheap 1\nheap pages=300 pool=7 cpus=4 vm=9\n"
		       "topup 4\na = alloc 100\nb = alloc 0x100000000\n"
		       "free a\ncpu 3");
	bytes = encoded(&whole, &len);
	for (cut = 0; cut <= len; cut++) {
		decode_copy(&part, bytes, cut);
		assert_true(part.nr <= whole.nr);
		if (cut < PROG_HEADER)
			assert_int_equal(part.nr, 0);
		for (i = 0; i < part.nr; i++)
			assert_true(op_equal(&part.ops[i], &whole.ops[i]));
		/* b's prefix stands alone in the middle: 5 records, 6 before */
		if (cut == PROG_HEADER + 3 * PROG_RECORD)
			assert_int_equal(part.nr, 2);
		if (cut == PROG_HEADER + 4 * PROG_RECORD + 7)
			assert_int_equal(part.nr, 3);
	}
	assert_int_equal(part.nr, 5);
	free(bytes);
	prog_free(&whole);
	prog_free(&part);
}

/* Header of the default world, then records. */
static void decode_records(struct prog *prog, uint64_t swarm,
			   const uint8_t (*records)[8], size_t nr)
{
	uint8_t data[PROG_HEADER + 16 * PROG_RECORD];
	struct prog empty;

	assert_true(nr <= 16);
	prog_init(&empty);
	empty.world.swarm = swarm;
	assert_int_equal(prog_encode(&empty, data, sizeof(data)), PROG_HEADER);
	memcpy(data + PROG_HEADER, records, nr * PROG_RECORD);
	decode_copy(prog, data, PROG_HEADER + nr * PROG_RECORD);
}

static void prefixes_widen_the_next_record(void **state)
{
	static const uint8_t records[][8] = {
		{255, 6, 9, 9, 1, 0, 0, 0}, /* overridden by the next */
		{255, 0, 0, 0, 2, 0, 0, 0},
		{OP_TOPUP, 0, 0, 0, 5, 0, 0, 0},
		{OP_TOPUP, 0, 0, 0, 6, 0, 0, 0}, /* has none */
		{255, 0, 0, 0, 3, 0, 0, 0},
		{OP_FREE, 0, 1, 0, 7, 0, 0, 0}, /* takes no number */
		{255, 0, 0, 0, 0, 0, 0, 0},	/* of zero */
		{OP_RECLAIM, 0, 0, 0, 8, 0, 0, 0},
		{255, 0, 0, 0, 4, 0, 0, 0}, /* without a record */
	};
	struct prog prog;

	(void)state;
	prog_init(&prog);
	decode_records(&prog, prog_swarm_all(), records, COUNT(records));
	assert_int_equal(prog.nr, 4);
	assert_true(prog.ops[0].arg == 0x200000005);
	assert_true(prog.ops[1].arg == 6);
	assert_true(prog.ops[2].kind == OP_FREE && prog.ops[2].arg == 0);
	assert_true(prog.ops[3].arg == 8);
	assert_int_equal(prog_size(&prog), PROG_HEADER + 5 * PROG_RECORD);
	prog_free(&prog);
}

/* Each of the six has its place; those that the kind does not use go. */
static void prefixes_of_all_sorts(void **state)
{
	static const uint8_t records[][8] = {
		{255, 5, 0, 0, 3, 1, 0, 0}, /* at: the low 8 bits */
		{255, 4, 0, 0, 8, 0, 0, 0},
		{255, 3, 0, 0, 7, 0, 0, 0},
		{255, 8, 0, 0, 6, 0, 0, 0}, /* 8 is 2 */
		{255, 1, 0, 0, 5, 0, 0, 0},
		{255, 0, 0, 0, 4, 0, 0, 0},
		{OP_HVC, 2, 9, 9, 1, 0, 0, 0},
		{OP_HVC, 2, 0, 0, 1, 0, 0, 0}, /* has none of them */
		{255, 11, 0, 0, 9, 0, 0, 0},   /* 11 is 5 */
		{255, 1, 0, 0, 5, 0, 0, 0},
		{255, 3, 0, 0, 5, 0, 0, 0},
		{OP_ALLOC, 0, 0, 0, 1, 0, 0, 0},
		{255, 5, 0, 0, 9, 0, 0, 0},
		{255, 3, 0, 0, 5, 0, 0, 0},
		{255, 1, 0, 0, 6, 0, 0, 0},
		{OP_POKE, 0, 0, 0, 8, 0, 0, 0},
	};
	static const uint8_t golden[] = {
		255, 0, 0, 0, 4, 0, 0, 0, 255, 1, 0, 0, 5, 0, 0, 0,
		255, 2, 0, 0, 6, 0, 0, 0, 255, 3, 0, 0, 7, 0, 0, 0,
		255, 4, 0, 0, 8, 0, 0, 0, 19,  2, 0, 0, 1, 0, 0, 0,
		19,  2, 0, 0, 1, 0, 0, 0, 255, 5, 0, 0, 9, 0, 0, 0,
		1,   0, 0, 0, 1, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 161,
		255, 1, 0, 0, 6, 0, 0, 0, 255, 5, 0, 0, 9, 0, 0, 0,
		18,  0, 0, 0, 8, 0, 0, 0,
	};
	struct prog prog;
	uint8_t *bytes;
	size_t len;

	(void)state;
	prog_init(&prog);
	decode_records(&prog, prog_swarm_all(), records, COUNT(records));
	assert_int_equal(prog.nr, 4);
	assert_true(prog.ops[0].arg == 0x400000001);
	assert_true(prog.ops[0].x[0] == 0x600000005);
	assert_true(prog.ops[0].x[1] == 0x800000007);
	assert_int_equal(prog.ops[0].at, 0);
	assert_true(op_equal(&prog.ops[1], &(struct op){OP_HVC, 2, .arg = 1}));
	assert_true(op_equal(&prog.ops[2],
			     &(struct op){OP_ALLOC, .at = 9, .arg = 1}));
	assert_true(op_equal(&prog.ops[3],
			     &(struct op){OP_POKE, .at = 9,
					  .arg = OP_ADDR(OP_TAG_PHYS, 0, 8),
					  .x = {6}}));

	/* Back in order, without those that are 0 or mean nothing. */
	bytes = encoded(&prog, &len);
	assert_int_equal(len, PROG_HEADER + sizeof(golden));
	assert_memory_equal(bytes + PROG_HEADER, golden, sizeof(golden));
	free(bytes);
	prog_free(&prog);
}

static void fields_come_into_range(void **state)
{
	static const uint8_t records[][8] = {
		{OP_ALLOC, 7, 0x05, 0x10, 1, 0, 0, 0}, /* slot 4101 */
		{OP_FAIL, 4, 9, 9, 0, 0, 0, 0},
		{OP_CPU, 0, 0, 0, 7, 0, 0, 0}, /* of 2 CPUs */
		{OP_INIT, 2, 4, 0, 9, 0, 0, 0},
		{OP_MISUSE, MISUSE_BELOW + MISUSE_INSIDE, 3, 0, 1, 0, 0, 0},
		{OP_MISUSE, MISUSE_OUTSIDE, 3, 0, 1, 0, 0, 0},
		{OP_TOPUP, 1, 1, 1, 1, 0, 0, 0},
		{OP_WRITE, 1, 1, 0, 1, 0, 0, 0},
		{OP_CORRUPT, CORRUPT_KINDS + 1, 1, 0, 0, 0, 0, 0},
		{OP_CORRUPT, 0x80 | CORRUPT_COPY, 2, 0, 0xff, 0xff, 0xff, 0xff},
		{OP_CORRUPT, CORRUPT_OVERFLOW, 2, 0, 16, 0, 0, 0},
		{OP_CORRUPT, CORRUPT_OVERFLOW, 2, 0, 2, 0, 0, 0},
		{OP_CORRUPT, 0x80 | CORRUPT_STALE, 2, 0x10, 2, 0, 0, 0},
	};
	static const struct op expected[] = {
		{OP_ALLOC, 0, 5, .arg = 1},
		{OP_FAIL, 0, 0, .arg = 1},
		{OP_CPU, 0, 0, .arg = 1},
		{OP_INIT, INIT_PLAIN, 0, .arg = 9},
		{OP_MISUSE, MISUSE_INSIDE, 3, .arg = 0},
		{OP_MISUSE, MISUSE_OUTSIDE, 0, .arg = 0},
		{OP_TOPUP, 0, 0, .arg = 1},
		{OP_WRITE, 0, 1, .arg = 0},
		{OP_CORRUPT, CORRUPT_FLIP_PREV, 1, .arg = 1},
		{OP_CORRUPT, 0x80 | CORRUPT_COPY, 2, .arg = 0x10fff},
		{OP_CORRUPT, CORRUPT_OVERFLOW, 2, .arg = 16},
		{OP_CORRUPT, CORRUPT_OVERFLOW, 2, .arg = 16},
		{OP_CORRUPT, CORRUPT_STALE, 2, .arg = 0},
	};
	struct prog prog;
	uint32_t i;

	(void)state;
	prog_init(&prog);
	decode_records(&prog, prog_swarm_all(), records, COUNT(records));
	assert_int_equal(prog.nr, COUNT(expected));
	for (i = 0; i < prog.nr; i++)
		assert_true(op_equal(&prog.ops[i], &expected[i]));
	prog_free(&prog);
}

static void the_header_comes_into_range(void **state)
{
	uint8_t data[PROG_HEADER];
	struct prog prog;
	size_t len;

	(void)state;
	prog_init(&prog);
	len = prog_encode(&prog, data, sizeof(data));
	assert_int_equal(len, PROG_HEADER);

	data[4] = data[5] = 0;	    /* no heap */
	data[6] = 5;		    /* page size 5 % 3: 64K */
	data[7] = 6;		    /* 7 CPUs: 3 */
	data[8] = data[9] = 0xff;   /* more pages than 256 MiB */
	memset(data + 16, 0, 8);    /* an empty mask */
	memset(data + 24, 0xa5, 8); /* reserved */
	decode_copy(&prog, data, len);
	assert_valid(&prog);
	assert_int_equal(prog.world.heap_pages, 1);
	assert_int_equal(prog.world.page_shift, 16);
	assert_int_equal(prog.world.cpus, 3);
	assert_true(prog.world.swarm == prog_swarm_usual());
	assert_int_equal(prog_encode(&prog, data, sizeof(data)), PROG_HEADER);
	assert_memory_equal(data + 24, "\0\0\0\0\0\0\0\0", 8);

	/* Set up or not, booted or not: two bits, the others mean nothing. */
	data[10] = 0xfc;
	decode_copy(&prog, data, len);
	assert_true(prog.world.init && !prog.world.boot);
	data[10] = 0xfe;
	decode_copy(&prog, data, len);
	assert_true(prog.world.init && prog.world.boot);
	assert_int_equal(prog_encode(&prog, data, sizeof(data)), PROG_HEADER);
	assert_int_equal(data[10], 2);

	/* Bits that no kind has go; the others stay. */
	data[16] = 0x09; /* 0: none; 3: free */
	data[17] = 0;
	data[23] = 0x80;
	decode_copy(&prog, data, len);
	assert_true(prog.world.swarm == UINT64_C(1) << OP_FREE);
	prog_free(&prog);
}

/* A number the mask lacks becomes the n-th that it has, n modulo their count. */
static void the_mask_rules(void **state)
{
	static const uint8_t in[] = {OP_FREE, OP_TOPUP, OP_SHRINK};
	uint64_t swarm = UINT64_C(1) << OP_FREE | UINT64_C(1) << OP_TOPUP |
			 UINT64_C(1) << OP_SHRINK;
	uint8_t record[1][8] = {{0}};
	struct prog prog;
	uint32_t number;

	(void)state;
	prog_init(&prog);
	for (number = 0; number < 255; number++) {
		bool has = number < 64 && (swarm >> number & 1);

		record[0][0] = (uint8_t)number;
		decode_records(&prog, swarm, record, 1);
		assert_int_equal(prog.nr, 1);
		assert_int_equal(prog.ops[0].kind,
				 has ? number : in[number % 3]);
	}
	prog_free(&prog);
}

static void versions(void **state)
{
	static const uint8_t two[] = {'H', 'Y', 'P', 2, 5, 0};
	struct prog prog;
	uint8_t data[PROG_HEADER];

	(void)state;
	prog_init(&prog);
	assert_int_equal(prog_encode(&prog, data, sizeof(data)), PROG_HEADER);
	assert_int_equal(prog_version(data, sizeof(data)), 1);
	assert_int_equal(prog_version(two, sizeof(two)), 2);
	assert_int_equal(prog_version(two, 3), 1); /* the missing byte is 1 */
	assert_int_equal(prog_version(two, 2), -1);
	assert_int_equal(prog_version((const uint8_t *)"hyp\1", 4), -1);
	assert_int_equal(prog_version(NULL, 0), -1);
	data[3] = 9;
	prog_set_version(data, 3);
	assert_int_equal(prog_version(data, sizeof(data)), 9);
	prog_set_version(data, sizeof(data));
	assert_int_equal(prog_version(data, sizeof(data)), 1);
	data[0] = 'h'; /* no version there */
	data[3] = 9;
	prog_set_version(data, sizeof(data));
	assert_int_equal(data[3], 9);

	/* Decoded as version 1 all the same. */
	decode_copy(&prog, two, sizeof(two));
	assert_int_equal(prog.world.heap_pages, 5);
	prog_free(&prog);
}

static void encoding_never_splits_an_operation(void **state)
{
	uint8_t out[PROG_HEADER + 8 * PROG_RECORD], *whole;
	struct prog prog, back;
	size_t max, len, whole_len;

	(void)state;
	prog_init(&prog);
	prog_init(&back);
	parsed(&prog, "hypheap 1\ntopup 4\na = alloc 0x700000001\nfree a\n"
		      "reclaim all");
	whole = encoded(&prog, &whole_len);
	assert_int_equal(whole_len, PROG_HEADER + 6 * PROG_RECORD);

	for (max = 0; max <= sizeof(out); max++) {
		static const uint8_t ops_at[] = {0, 1, 1, 2, 3, 3, 4, 4, 4};
		size_t records;

		memset(out, 0xee, sizeof(out));
		len = prog_encode(&prog, out, max);
		assert_true(len <= max);
		if (max < PROG_HEADER) {
			assert_int_equal(len, 0);
			continue;
		}
		records = (max - PROG_HEADER) / PROG_RECORD;
		assert_memory_equal(out, whole, len);
		if (len < sizeof(out))
			assert_int_equal(out[len], 0xee);
		prog_decode(&back, out, len);
		assert_int_equal(back.nr, ops_at[records]);
	}
	free(whole);
	prog_free(&prog);
	prog_free(&back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout_is_pinned),
		cmocka_unit_test(nothing_is_the_default_world),
		cmocka_unit_test(any_bytes_are_a_program),
		cmocka_unit_test(a_short_tail_is_ignored),
		cmocka_unit_test(prefixes_widen_the_next_record),
		cmocka_unit_test(prefixes_of_all_sorts),
		cmocka_unit_test(fields_come_into_range),
		cmocka_unit_test(the_header_comes_into_range),
		cmocka_unit_test(the_mask_rules),
		cmocka_unit_test(versions),
		cmocka_unit_test(encoding_never_splits_an_operation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
