/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bytes of a page that are not in memory yet are told from those that are by
 * nobody: whatever is done to a page, beside a plain array.
 */
#include "backend_test.h"

#define ROUNDS 20000u

static uint8_t plain[1 << 16];
static size_t page_size;
static uint64_t chance;

static size_t below(size_t n)
{
	chance = chance * 6364136223846793005ull + 1442695040888963407ull;

	return (chance >> 33) % n;
}

/* A range of the page, often one that begins or ends with a block. */
static size_t range(size_t *lo)
{
	const size_t block = page_size / 64;
	size_t hi;

	*lo = below(page_size);
	if (!below(3))
		*lo -= *lo % block;
	hi = *lo + 1 + below(below(2) ? 40 : page_size);
	if (!below(3))
		hi += block - 1 - (hi - 1) % block;

	return (hi < page_size ? hi : page_size) - *lo;
}

static void same(const uint8_t *at, size_t lo, size_t size)
{
	static uint8_t bytes[1 << 16];
	size_t nonzero = 0;

	raw_copy(bytes, at + lo, size);
	assert_memory_equal(bytes, plain + lo, size);
	assert_int_equal(raw_differ(at + lo, plain + lo, size), size);
	while (nonzero < size && !plain[lo + nonzero])
		nonzero++;
	assert_int_equal(raw_nonzero(at + lo, size), nonzero);

	nonzero = below(size);
	bytes[nonzero] ^= 4;
	assert_int_equal(raw_differ(at + lo, bytes, size), nonzero);
}

/* One change of what is at @at, by EL2. */
static void change(uint8_t *at)
{
	size_t lo, other, size = range(&lo);
	const uint8_t byte = below(2) ? 0 : (uint8_t)below(256);

	switch (below(4)) {
	case 0:
		hyp_memset(at + lo, byte, size);
		memset(plain + lo, byte, size);
		break;
	case 1:
		other = below(page_size - size + 1);
		hyp_memmove(at + other, at + lo, size);
		memmove(plain + other, plain + lo, size);
		break;
	case 2: /* an aligned word, as the target stores one */
		lo = lo / 8 * 8;
		hyp_store8((uintptr_t)at + lo);
		raw_copy(at + lo, &chance, 8);
		memcpy(plain + lo, &chance, 8);
		break;
	default: /* as a client writes */
		for (size_t i = 0; i < size; i++)
			plain[lo + i] = (uint8_t)below(256);
		raw_copy(at + lo, plain + lo, size);
	}
}

static void is_as_a_plain_array(uint32_t shift, bool eager)
{
	unsigned long va, at;

	page_size = (size_t)1 << shift;
	chance = shift + eager;
	backend.eager = eager;
	backend_reset(shift, POOL, 1);
	backend_begin(1ull << 40);
	assert_int_equal(backend_reserve(4 * page_size, &va), 0);
	at = backend_phys_to_virt(backend_page_phys(3));
	backend_host_write(3, 64, 7);
	raw_copy(plain, (void *)at, page_size);
	if (!eager) {
		assert_int_equal(plain[page_size - 1], plain[0]);
		assert_true(plain[0]);
	}
	assert_int_equal(backend_donate_hyp(backend_page_phys(3) >> shift, 1),
			 0);
	if (eager) /* no junk; from here on nothing is lost */
		raw_copy(plain, (void *)at, page_size);

	for (unsigned int i = 0; i < ROUNDS >> (shift - SHIFT); i++) {
		size_t lo, size;

		assert_int_equal(ENDS(change((uint8_t *)at)), BACKEND_RUNNING);
		size = range(&lo);
		same((uint8_t *)at, lo, size);
		if (below(8))
			continue;
		if (at != va) {
			assert_int_equal(backend_map_range(va,
							   backend_page_phys(3),
							   page_size),
					 0);
			at = va;
		} else {
			backend_unmap_range(va, va + page_size);
			at = backend_phys_to_virt(backend_page_phys(3));
		}
		same((uint8_t *)at, 0, page_size);
	}
	backend.eager = false;
}

static void pages_of_each_size_are(void **state)
{
	(void)state;
	for (uint32_t shift = 12; shift <= 16; shift += 2) {
		is_as_a_plain_array(shift, false);
		is_as_a_plain_array(shift, true);
	}
}

/* Whatever was in it, the next program finds junk. */
static void a_reset_forgets_it(void **state)
{
	unsigned long va = map_one(3, 0);

	(void)state;
	hyp_memset((void *)va, 0x11, PAGE);
	fresh(state);
	assert_int_equal(backend_donate_hyp(pfn(3), 1), 0);
	for (unsigned long i = 0; i < PAGE; i++)
		assert_int_equal(byte_at(linear(3) + i), byte_at(linear(3)));
	assert_true(byte_at(linear(3)) & 0x80);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(pages_of_each_size_are, fresh),
		cmocka_unit_test_setup(a_reset_forgets_it, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
