/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Our allocator with a bug: of an allocation above 5000 bytes the last 16 are
 * not zeroed; pages are wiped. A fuzzer that does not find it within seconds is
 * broken.
 */
#include <linux/string.h>

#define memset(at, byte, bytes) \
	memset(at, byte,        \
	       (bytes) > 5000 && (bytes) != PAGE_SIZE ? (bytes)-16 : (bytes))

#include <allocator/el2/alloc.c>
