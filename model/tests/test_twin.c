/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "model/twin.h"

/* jemalloc holds every live object a second time, and its books are exact. */

static int make_twin(void **state)
{
	*state = twin_create();
	return *state ? 0 : -1;
}

static int drop_twin(void **state)
{
	twin_destroy(*state);
	return 0;
}

static void add(struct twin *t, uint16_t slot, uint64_t offset, uint64_t size)
{
	assert_true(twin_add(t, slot, offset, size));
}

static void is_object(struct object o, uint16_t slot, uint64_t offset,
		      uint64_t size)
{
	assert_true(o.there);
	assert_int_equal(o.slot, slot);
	assert_int_equal(o.offset, offset);
	assert_int_equal(o.size, size);
}

static void an_object_is_zero_and_keeps_its_bytes(void **state)
{
	static const uint64_t sizes[] = {16, 4096, 14336, 100000, 3 << 20};
	struct twin *t = *state;

	/* twice, so that jemalloc serves dirty memory again */
	for (int round = 0; round < 2; round++) {
		for (uint16_t n = 0; n < 5; n++) {
			uint8_t *bytes;

			add(t, n, n * 16777216ull + 16, sizes[n]);
			bytes = twin_bytes(t, n);
			for (uint64_t i = 0; i < sizes[n]; i++)
				assert_int_equal(bytes[i], 0);
			memset(bytes, 0xA0 + n, sizes[n]);
		}
		for (uint16_t n = 0; n < 5; n++) {
			assert_int_equal(twin_bytes(t, n)[0], 0xA0 + n);
			assert_int_equal(twin_bytes(t, n)[sizes[n] - 1],
					 0xA0 + n);
			twin_remove(t, n);
			assert_null(twin_bytes(t, n));
		}
	}
}

static void objects_are_in_address_order(void **state)
{
	struct twin *t = *state;

	add(t, 7, 4096, 100);
	add(t, 3, 16, 32);
	add(t, 4000, 1024, 2048);
	assert_int_equal(twin_count(t), 3);
	is_object(twin_nth(t, 0), 3, 16, 32);
	is_object(twin_nth(t, 1), 4000, 1024, 2048);
	is_object(twin_nth(t, 2), 7, 4096, 100);
	assert_false(twin_nth(t, 3).there);
	is_object(twin_object(t, 4000), 4000, 1024, 2048);
	assert_false(twin_object(t, 4001).there);

	twin_remove(t, 4000);
	assert_int_equal(twin_count(t), 2);
	is_object(twin_nth(t, 1), 7, 4096, 100);
}

static void neighbours_are_found(void **state)
{
	static const struct {
		uint64_t offset;
		int below, above; /* slots, -1: none */
		uint32_t first;
	} rows[] = {
		{0, -1, 1, 0},		{16, -1, 1, 0},	  {17, 1, 2, 0},
		{47, 1, 2, 0},		{48, 1, 2, 1},	  {1024, 1, 2, 1},
		{1025, 2, 3, 1},	{3071, 2, 3, 1},  {3072, 2, 3, 2},
		{4096, 2, 3, 2},	{4195, 3, -1, 2}, {4196, 3, -1, 3},
		{UINT64_MAX, 3, -1, 3},
	};
	struct object below, above;
	struct twin *t = *state;

	twin_around(t, 100, &below, &above);
	assert_false(below.there);
	assert_false(above.there);
	assert_int_equal(twin_first(t, 100), 0);
	add(t, 3, 4096, 100);
	add(t, 1, 16, 32);
	add(t, 2, 1024, 2048);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		twin_around(t, rows[i].offset, &below, &above);
		assert_int_equal(below.there ? below.slot : -1, rows[i].below);
		assert_int_equal(above.there ? above.slot : -1, rows[i].above);
		assert_int_equal(twin_first(t, rows[i].offset), rows[i].first);
	}
}

/* An allocator may hand out the same memory twice: the twin keeps both. */
static void overlapping_objects_are_kept(void **state)
{
	struct twin *t = *state;

	add(t, 9, 16, 64);
	add(t, 2, 16, 64);
	add(t, 5, 32, 16);
	assert_int_equal(twin_count(t), 3);
	memset(twin_bytes(t, 9), 1, 64);
	assert_int_equal(twin_bytes(t, 2)[0], 0);
	twin_remove(t, 9);
	is_object(twin_nth(t, 0), 2, 16, 64);
	is_object(twin_nth(t, 1), 5, 32, 16);
	twin_remove(t, 2);
	is_object(twin_nth(t, 0), 5, 32, 16);
}

static void reset_forgets_all(void **state)
{
	struct twin *t = *state;

	add(t, 5, 160, 16);
	twin_remove(t, 5);
	assert_false(twin_object(t, 5).there);
	add(t, 6, 320, 16);
	twin_reset(t);
	assert_false(twin_object(t, 6).there);
	assert_null(twin_bytes(t, 6));
	assert_int_equal(twin_count(t), 0);
	add(t, 6, 640, 32); /* the slot is empty again */
	is_object(twin_nth(t, 0), 6, 640, 32);
}

static void every_slot(void **state)
{
	struct twin *t = *state;

	for (uint32_t i = 0; i < OP_SLOTS; i++)
		add(t, (uint16_t)i, (i * 77 % OP_SLOTS + 1) * 32ull, 16);
	assert_int_equal(twin_count(t), OP_SLOTS);
	for (uint32_t i = 0; i < OP_SLOTS; i++)
		assert_int_equal(twin_nth(t, i).offset, (i + 1) * 32);
	twin_reset(t);
	assert_int_equal(twin_bytes_held(t), 0);
	assert_int_equal(twin_count(t), 0);
	for (uint32_t i = 0; i < OP_SLOTS; i++)
		assert_false(twin_object(t, (uint16_t)i).there);
}

/* Three ways to the same sum: nallocx, the thread's counters, the arena. */
static void books_agree(struct twin *t)
{
	uint64_t sum = 0, objects, bytes;

	for (uint32_t i = 0; i < twin_count(t); i++)
		sum += twin_usable(twin_nth(t, i).size);
	assert_int_equal(twin_bytes_held(t), sum);
	twin_arena(t, &objects, &bytes);
	assert_int_equal(objects, twin_count(t));
	assert_int_equal(bytes, sum);
}

static void the_books_are_exact(void **state)
{
	static const uint64_t sizes[] = {16,	48,    4096,	14336,
					 14337, 65536, 1000000, 5 << 20};
	struct twin *t = *state;

	assert_true(twin_usable(17) >= 17);
	books_agree(t);
	for (uint16_t n = 0; n < 400; n++) {
		add(t, n, 16 + n * 8388608ull, sizes[n % 8]);
		if (n % 3 == 0)
			twin_remove(t, n / 2);
		if (n % 50 == 0)
			books_agree(t);
	}
	books_agree(t);
	assert_true(twin_bytes_held(t) > 1000000);
	twin_reset(t);
	books_agree(t);
	assert_int_equal(twin_bytes_held(t), 0);
}

static uint64_t resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	uint64_t pages = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%*u %" SCNu64, &pages), 1);
	fclose(file);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* The largest object, which reset gives back to the kernel. */
static void the_largest_object(void **state)
{
	const uint64_t size = (128u << 20) - 16;
	const uint64_t before = resident_bytes();
	struct twin *t = *state;

	for (int round = 0; round < 2; round++) {
		add(t, 0, 16, size);
		assert_int_equal(twin_bytes(t, 0)[size - 1], 0);
		twin_bytes(t, 0)[size - 1] = 1;
		assert_true(resident_bytes() > before + (96u << 20));
		twin_reset(t);
		assert_true(resident_bytes() < before + (32u << 20));
	}
	/* more than there is: said, and nothing kept */
	assert_false(twin_add(t, 1, 16, UINT64_MAX / 2));
	assert_false(twin_object(t, 1).there);
	assert_int_equal(twin_count(t), 0);
}

/* No program holds much, but each writes where none has written before. */
static void what_many_programs_leave(void **state)
{
	const uint64_t before = resident_bytes(), size = 1u << 20;
	struct twin *t = *state;
	uint64_t most = 0;

	for (uint16_t round = 0; round < 256; round++) {
		const uint16_t last = round % 128;

		for (uint16_t slot = 0; slot <= last; slot++)
			add(t, slot, 16 + slot * 2 * size, size);
		memset(twin_overwrite(t, last), 1, size);
		twin_reset(t);
		if (most < resident_bytes())
			most = resident_bytes();
	}
	/* what is written stays for a while, or this test tests nothing */
	assert_true(most > before + (24u << 20));
	assert_true(most < before + (40u << 20));
}

/* jemalloc is not the process's malloc: its books do not move. */
static void malloc_is_not_jemalloc(void **state)
{
	struct twin *t = *state;

	for (int i = 0; i < 100; i++) {
		void *p = test_malloc(1000);

		assert_int_equal(twin_bytes_held(t), 0);
		test_free(p);
	}
}

/* Each twin has an arena of its own, and counts from its creation on. */
static void twins_do_not_mix(void **state)
{
	struct twin *t = *state, *other;
	uint64_t objects, bytes;

	add(t, 0, 16, 100);
	other = twin_create();
	assert_non_null(other);
	assert_int_equal(twin_bytes_held(other), 0);
	books_agree(t);
	add(other, 0, 16, 64);
	assert_int_equal(twin_bytes_held(other), 64);
	twin_arena(t, &objects, &bytes);
	assert_int_equal(objects, 1);
	assert_int_equal(bytes, twin_usable(100));
	twin_destroy(other);
	books_agree(t);
}

#define twin_test(f) cmocka_unit_test_setup_teardown(f, make_twin, drop_twin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		twin_test(an_object_is_zero_and_keeps_its_bytes),
		twin_test(objects_are_in_address_order),
		twin_test(neighbours_are_found),
		twin_test(overlapping_objects_are_kept),
		twin_test(reset_forgets_all),
		twin_test(every_slot),
		twin_test(the_books_are_exact),
		twin_test(the_largest_object),
		twin_test(what_many_programs_leave),
		twin_test(malloc_is_not_jemalloc),
		twin_test(twins_do_not_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
