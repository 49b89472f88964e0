/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/bitops.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/pfn.h>
#include <linux/sizes.h>

/* Numbers: kernel.c includes this. */

static void align(void)
{
	u32 narrow = 17;
	int negative = -17;

	EXPECT(ALIGN(0UL, 16) == 0 && ALIGN(1UL, 16) == 16);
	EXPECT(ALIGN(16UL, 16) == 16 && ALIGN(narrow, 16) == 32);
	EXPECT(ALIGN(negative, 16) == -16);
	EXPECT(ALIGN_DOWN(31UL, 16) == 16 && round_down(31UL, 16) == 16);
	EXPECT(round_up(17UL, 16) == 32);
	EXPECT(IS_ALIGNED(32UL, 16) && !IS_ALIGNED(40UL, 16));
	EXPECT(PTR_ALIGN((char *)17, 16) == (char *)32);
	EXPECT(PTR_ALIGN_DOWN((char *)17, 16) == (char *)16);
	EXPECT(PAGE_ALIGN(1UL) == PAGE_SIZE && PAGE_ALIGN(0UL) == 0);
	EXPECT(PAGE_ALIGN_DOWN(PAGE_SIZE + 1) == PAGE_SIZE);
	EXPECT(PAGE_ALIGNED(2 * PAGE_SIZE) && !PAGE_ALIGNED(8UL));
	EXPECT(offset_in_page(PAGE_SIZE + 3) == 3);
	EXPECT(PFN_UP(PAGE_SIZE + 1) == 2 && PFN_DOWN(PAGE_SIZE + 1) == 1);
	EXPECT(PFN_PHYS(3) == 3 * PAGE_SIZE && PHYS_PFN(3 * PAGE_SIZE) == 3);
	/* the result has the type of the number: here it wraps at 32 bits */
	narrow = U32_MAX;
	EXPECT(ALIGN(narrow, 16) == 0);
}

static void align_evaluates_once(void)
{
	unsigned long x = 17, a = 16;

	EXPECT_ONCE(2, ALIGN(COUNTED(x), COUNTED(a)) == 32);
	EXPECT_ONCE(2, ALIGN_DOWN(COUNTED(x), COUNTED(a)) == 16);
	EXPECT_ONCE(2, IS_ALIGNED(COUNTED(x), COUNTED(a)) == 0);
	EXPECT_ONCE(2, round_up(COUNTED(x), COUNTED(a)) == 32);
	EXPECT_ONCE(2, round_down(COUNTED(x), COUNTED(a)) == 16);
	EXPECT_ONCE(2, PTR_ALIGN(COUNTED((char *)x), COUNTED(a)) == (void *)32);
	EXPECT_ONCE(2, PTR_ALIGN_DOWN(COUNTED((char *)x), COUNTED(a)) ==
			       (void *)16);
	EXPECT_ONCE(1, PAGE_ALIGN(COUNTED(x)) == PAGE_SIZE);
	EXPECT_ONCE(1, PAGE_ALIGNED(COUNTED(x)) == 0);
}

/* They size arrays and initialise what is static. */
static char aligned_bytes[ALIGN(17, 16)];
static char divided_bytes[DIV_ROUND_UP(17, 16)];
static const unsigned long aligned_static = PAGE_ALIGN(17UL);

static void align_is_constant(void)
{
	EXPECT(sizeof(aligned_bytes) == 32 && sizeof(divided_bytes) == 2);
	EXPECT(aligned_static == PAGE_SIZE);
}

static void divide(void)
{
	unsigned long n = 33, zero = 0;
	int negative = -33;

	EXPECT(DIV_ROUND_UP(n, 16) == 3 && DIV_ROUND_UP(zero, 16) == 0);
	EXPECT(DIV_ROUND_UP(negative, 16) == -1);
	EXPECT(DIV_ROUND_UP_ULL(n, 16) == 3 && DIV_ROUND_DOWN_ULL(n, 16) == 2);
	EXPECT(DIV_ROUND_CLOSEST(n, 16) == 2 && DIV_ROUND_CLOSEST(40, 16) == 3);
	EXPECT(roundup(n, 10UL) == 40 && rounddown(n, 10) == 30);
	EXPECT(abs(negative) == 33 && abs(7) == 7);
}

static void divide_evaluates_once(void)
{
	unsigned long n = 33, d = 16;
	int negative = -3;

	EXPECT_ONCE(2, DIV_ROUND_UP(COUNTED(n), COUNTED(d)) == 3);
	EXPECT_ONCE(2, DIV_ROUND_CLOSEST(COUNTED(n), COUNTED(d)) == 2);
	EXPECT_ONCE(2, roundup(COUNTED(n), COUNTED(d)) == 48);
	EXPECT_ONCE(2, rounddown(COUNTED(n), COUNTED(d)) == 32);
	EXPECT_ONCE(1, abs(COUNTED(negative)) == 3);
}

static void min_and_max(void)
{
	size_t size = 5;
	u32 narrow = 7;
	int a = -1, b = 2;

	EXPECT(min(a, b) == -1 && max(a, b) == 2);
	/* a constant that is not negative may be compared with anything */
	EXPECT(min(size, 16) == 5 && max(size, 16) == 16);
	EXPECT(min(size, narrow) == 5 && max(narrow, size) == 7);
	EXPECT(min3(3, 1, 2) == 1 && max3(3, 1, 2) == 3);
	EXPECT(min_t(u8, 257, 2) == 1 && max_t(int, size, b) == 5);
	EXPECT(clamp(9, 1, 5) == 5 && clamp(-9, 1, 5) == 1 &&
	       clamp(3, 1, 5) == 3);
	EXPECT(clamp_t(u32, size, 1, 4) == 4 && clamp_val(narrow, 8, 9) == 8);
	EXPECT(min_not_zero(0, 3) == 3 && min_not_zero(4, 0) == 4 &&
	       min_not_zero(4, 3) == 3);
	EXPECT(MIN(1, 2) == 1 && MAX(1, 2) == 2);
	swap(a, b);
	EXPECT(a == 2 && b == -1);
}

static void min_and_max_evaluate_once(void)
{
	int a = 1, b = 2, c = 3, *at = &a;

	EXPECT_ONCE(2, min(COUNTED(a), COUNTED(b)) == 1);
	EXPECT_ONCE(2, max(COUNTED(a), COUNTED(b)) == 2);
	EXPECT_ONCE(3, min3(COUNTED(a), COUNTED(b), COUNTED(c)) == 1);
	EXPECT_ONCE(3, max3(COUNTED(a), COUNTED(b), COUNTED(c)) == 3);
	EXPECT_ONCE(2, min_t(u8, COUNTED(a), COUNTED(b)) == 1);
	EXPECT_ONCE(3, clamp(COUNTED(c), COUNTED(a), COUNTED(b)) == 2);
	EXPECT_ONCE(3, clamp_t(u8, COUNTED(c), COUNTED(a), COUNTED(b)) == 2);
	EXPECT_ONCE(2, min_not_zero(COUNTED(a), COUNTED(b)) == 1);
	evaluated = 0;
	swap(*COUNTED(at), b);
	EXPECT(evaluated == 1 && a == 2 && b == 1);
}

static void powers_of_two(void)
{
	unsigned long n = 4097;

	EXPECT(is_power_of_2(1) && is_power_of_2(4096));
	EXPECT(!is_power_of_2(0) && !is_power_of_2(n));
	EXPECT(ilog2(n) == 12 && ilog2(4096) == 12 && ilog2(1) == 0);
	EXPECT(roundup_pow_of_two(n) == 8192 && roundup_pow_of_two(8) == 8);
	EXPECT(rounddown_pow_of_two(n) == 4096);
	EXPECT(order_base_2(n) == 13 && order_base_2(1) == 0 &&
	       order_base_2(4096) == 12);
	EXPECT_ONCE(1, ilog2(COUNTED(n)) == 12);
}

static void bits(void)
{
	EXPECT(BIT(3) == 8 && BIT_ULL(40) == 1ULL << 40);
	EXPECT(GENMASK(7, 4) == 0xf0 && GENMASK(63, 0) == ~0UL);
	EXPECT(BITS_TO_LONGS(65) == 2 && BITS_PER_TYPE(u16) == 16);
	EXPECT(fls(0) == 0 && fls(1) == 1 && fls(0x80000000) == 32);
	EXPECT(fls64(0) == 0 && fls64(1ULL << 40) == 41);
	EXPECT(ffs(0) == 0 && ffs(8) == 4);
	EXPECT(__ffs(8) == 3 && __fls(12) == 3);
	EXPECT(hweight32(0xf0f0) == 8 && hweight64(~0ULL) == 64);
	EXPECT(upper_32_bits(5ULL << 32 | 7) == 5 &&
	       lower_32_bits(5ULL << 32 | 7) == 7);
}

static void bitmaps(void)
{
	DECLARE_BITMAP(map, 130) = {};
	unsigned long bit, sum = 0;

	EXPECT(sizeof(map) == 24 && find_first_bit(map, 130) == 130);
	__set_bit(129, map);
	set_bit(64, map);
	EXPECT(test_bit(129, map) && test_bit(64, map) && !test_bit(63, map));
	EXPECT(find_first_bit(map, 130) == 64);
	EXPECT(find_next_bit(map, 130, 65) == 129);
	EXPECT(find_next_bit(map, 129, 65) == 129);
	EXPECT(find_first_zero_bit(map, 130) == 0);
	EXPECT(find_next_zero_bit(map, 130, 64) == 65);
	for_each_set_bit(bit, map, 130) sum += bit;
	EXPECT(sum == 64 + 129);
	EXPECT(test_and_set_bit(64, map) && !test_and_set_bit(65, map));
	EXPECT(test_and_clear_bit(64, map) && !test_and_clear_bit(64, map));
	clear_bit(129, map);
	EXPECT(find_first_bit(map, 130) == 65);
}

static void sizes_and_limits(void)
{
	EXPECT(SZ_4K == 4096 && SZ_1M == 1 << 20 && SZ_128M == 1 << 27);
	EXPECT(SZ_4G == 1UL << 32);
	EXPECT(U8_MAX == 255 && U16_MAX == 65535 && U32_MAX == 4294967295U);
	EXPECT(S8_MIN == -128 && INT_MAX == 2147483647 && INT_MIN < 0);
	EXPECT(LONG_MIN < 0 && ULONG_MAX == ~0UL && SIZE_MAX == ULONG_MAX);
	EXPECT(sizeof(u8) == 1 && sizeof(u16) == 2 && sizeof(u32) == 4 &&
	       sizeof(u64) == 8 && sizeof(phys_addr_t) == 8);
	EXPECT(PAGE_SIZE == 1UL << PAGE_SHIFT && PAGE_MASK == ~(PAGE_SIZE - 1));
}

static void overflow(void)
{
	struct {
		u32 nr;
		u64 member[];
	} *p = NULL;
	size_t sum;
	u8 narrow;

	EXPECT(size_add(SIZE_MAX, 1) == SIZE_MAX && size_add(1, 2) == 3);
	EXPECT(size_mul(SIZE_MAX, 2) == SIZE_MAX && size_mul(4, 5) == 20);
	EXPECT(size_sub(1, 2) == SIZE_MAX && size_sub(3, 1) == 2 &&
	       size_sub(SIZE_MAX, 1) == SIZE_MAX);
	EXPECT(struct_size(p, member, 2) == sizeof(*p) + 16);
	EXPECT(struct_size(p, member, SIZE_MAX / 4) == SIZE_MAX);
	EXPECT(flex_array_size(p, member, 3) == 24);
	EXPECT(array_size(3, 4) == 12 && array3_size(2, 3, 4) == 24);
	EXPECT(check_add_overflow(SIZE_MAX, (size_t)1, &sum) && !sum);
	EXPECT(!check_sub_overflow((size_t)3, (size_t)1, &sum) && sum == 2);
	EXPECT(check_mul_overflow(16, 16, &narrow) && !narrow);
}

static void hashes(void)
{
	/* the products of section 9 of the specification */
	EXPECT(hash_32(1, 32) == 0x61C88647);
	EXPECT(hash_32(0, 32) == 0 && hash_32(1, 8) == 0x61);
	EXPECT(hash_64(1, 32) == 0x61C88646);
	EXPECT(hash_64(1, 8) == 0x61 && hash_64(0, 32) == 0);
	EXPECT(hash_long(3, 16) == hash_64(3, 16));
	EXPECT(hash_ptr((void *)3, 16) == hash_64(3, 16));
	EXPECT(hash32_ptr((void *)(5UL << 32 | 1)) == 4);
}
