/* SPDX-License-Identifier: GPL-2.0-only */
#include "asan.h"
#include "state.h"

#if HYPHEAP_ASAN

/*
 * Loops instead of memset() and memcpy(): those are ASan's and would complain
 * about poisoned pages. Built so that the compiler does not turn the loops back
 * into calls.
 */

typedef uint64_t word __attribute__((may_alias, aligned(1)));

UNSANITIZED void bytes_fill(void *to, uint8_t byte, size_t bytes)
{
	const uint64_t pattern = byte * 0x0101010101010101ull;
	uint8_t *p = to;
	size_t i = 0;

	for (; i + 8 <= bytes; i += 8)
		*(word *)(p + i) = pattern;
	for (; i < bytes; i++)
		p[i] = byte;
}

UNSANITIZED void bytes_copy(void *to, const void *from, size_t bytes)
{
	const uint8_t *q = from;
	uint8_t *p = to;
	size_t i = 0;

	for (; i + 8 <= bytes; i += 8)
		*(word *)(p + i) = *(const word *)(q + i);
	for (; i < bytes; i++)
		p[i] = q[i];
}

#else

#include <string.h>

typedef uint64_t word __attribute__((may_alias, aligned(1)));

void bytes_fill(void *to, uint8_t byte, size_t bytes)
{
	memset(to, byte, bytes);
}

void bytes_copy(void *to, const void *from, size_t bytes)
{
	memcpy(to, from, bytes);
}

#endif

UNSANITIZED size_t bytes_nonzero(const void *at, size_t bytes)
{
	const uint8_t *p = at;
	size_t i = 0;

	for (; i + 64 <= bytes; i += 64) {
		uint64_t any = 0;

		for (size_t k = 0; k < 64; k += 8)
			any |= *(const word *)(p + i + k);
		if (any)
			break;
	}
	while (i + 8 <= bytes && !*(const word *)(p + i))
		i += 8;
	while (i < bytes && !p[i])
		i++;

	return i;
}

UNSANITIZED size_t bytes_differ(const void *a, const void *b, size_t bytes)
{
	const uint8_t *p = a, *q = b;
	size_t i = 0;

	for (; i + 64 <= bytes; i += 64) {
		uint64_t any = 0;

		for (size_t k = 0; k < 64; k += 8)
			any |= *(const word *)(p + i + k) ^
			       *(const word *)(q + i + k);
		if (any)
			break;
	}
	while (i + 8 <= bytes &&
	       *(const word *)(p + i) == *(const word *)(q + i))
		i += 8;
	while (i < bytes && p[i] == q[i])
		i++;

	return i;
}
