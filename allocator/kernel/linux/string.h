/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_STRING_H
#define _LINUX_STRING_H

#include <linux/types.h>

/*
 * In the linked target these names lead to the backend's checked versions
 * (hyp_memset and so on, backend/access.c), as do the calls that the compiler
 * makes of structure copies.
 */
void *memset(void *to, int byte, size_t bytes);
void *memcpy(void *to, const void *from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

/* memzero_explicit() - As memset(), and no compiler leaves it out. */
static inline __maybe_unused void memzero_explicit(void *to, size_t bytes)
{
	memset(to, 0, bytes);
	__asm__ volatile("" : : "r"(to) : "memory");
}

/* memchr_inv() - The first byte that is not @byte, or NULL. */
static inline __maybe_unused void *memchr_inv(const void *from, int byte,
					      size_t bytes)
{
	const unsigned char *at = from;

	for (; bytes; at++, bytes--)
		if (*at != (unsigned char)byte)
			return (void *)at;

	return NULL;
}

#endif
