/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_BITOPS_H
#define _LINUX_BITOPS_H

#include <linux/bits.h>
#include <linux/types.h>

/* Bits count from 0; fls() and ffs() from 1, and 0 is: there is none. */
static inline __maybe_unused int fls64(u64 x)
{
	return x ? 64 - __builtin_clzll(x) : 0;
}

static inline __maybe_unused int fls(unsigned int x)
{
	return x ? 32 - __builtin_clz(x) : 0;
}

static inline __maybe_unused int ffs(int x)
{
	return __builtin_ffs(x);
}

/* There must be one. */
static inline __maybe_unused unsigned long __ffs(unsigned long x)
{
	return __builtin_ctzl(x);
}

static inline __maybe_unused unsigned long __fls(unsigned long x)
{
	return 63 - __builtin_clzl(x);
}

static inline __maybe_unused unsigned int hweight32(unsigned int x)
{
	return __builtin_popcount(x);
}

static inline __maybe_unused unsigned int hweight64(u64 x)
{
	return __builtin_popcountll(x);
}

#define hweight_long(x) hweight64(x)

/* Of an array of longs. CPUs take turns here, so that __set_bit() is atomic. */
static inline __maybe_unused bool test_bit(unsigned long nr,
					   const unsigned long *addr)
{
	return addr[BIT_WORD(nr)] >> (nr % BITS_PER_LONG) & 1;
}

static inline __maybe_unused void __set_bit(unsigned long nr,
					    unsigned long *addr)
{
	addr[BIT_WORD(nr)] |= BIT_MASK(nr);
}

static inline __maybe_unused void __clear_bit(unsigned long nr,
					      unsigned long *addr)
{
	addr[BIT_WORD(nr)] &= ~BIT_MASK(nr);
}

static inline __maybe_unused bool __test_and_set_bit(unsigned long nr,
						     unsigned long *addr)
{
	bool was = test_bit(nr, addr);

	__set_bit(nr, addr);

	return was;
}

static inline __maybe_unused bool __test_and_clear_bit(unsigned long nr,
						       unsigned long *addr)
{
	bool was = test_bit(nr, addr);

	__clear_bit(nr, addr);

	return was;
}

#define set_bit(nr, addr) __set_bit(nr, addr)
#define clear_bit(nr, addr) __clear_bit(nr, addr)
#define test_and_set_bit(nr, addr) __test_and_set_bit(nr, addr)
#define test_and_clear_bit(nr, addr) __test_and_clear_bit(nr, addr)

/* The first bit from @nr on that is @set, or @size. */
static inline __maybe_unused unsigned long __find_bit(const unsigned long *addr,
						      unsigned long size,
						      unsigned long nr,
						      bool set)
{
	while (nr < size && test_bit(nr, addr) != set)
		nr++;

	return nr < size ? nr : size;
}

#define find_first_bit(addr, size) __find_bit(addr, size, 0, true)
#define find_first_zero_bit(addr, size) __find_bit(addr, size, 0, false)
#define find_next_bit(addr, size, nr) __find_bit(addr, size, nr, true)
#define find_next_zero_bit(addr, size, nr) __find_bit(addr, size, nr, false)
#define for_each_set_bit(nr, addr, size)                       \
	for ((nr) = find_first_bit(addr, size); (nr) < (size); \
	     (nr) = find_next_bit(addr, size, (nr) + 1))
#define DECLARE_BITMAP(name, bits) unsigned long name[BITS_TO_LONGS(bits)]

#endif
