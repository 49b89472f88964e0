/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Our allocator with three bugs, for tests of what is said of a failure: a page
 * whose mapping fails is lost; best fit takes a last page that is only partly
 * needed for none, so that it prefers a chunk which has to map one; and the
 * hash does not cover the highest bit of a header's third word.
 */
#include <linux/hash.h>
#include <linux/string.h>
#include <nvhe/mem_protect.h>
#include <nvhe/mm.h>
#include <linux/types.h>

#undef DIV_ROUND_UP
#define DIV_ROUND_UP(n, d) ((n) / (d))

#define hash_32(val, bits) hash_32((val)&0x7fffffff, bits)

static const char *const planted_in = "heap_map";

#define push_hyp_memcache(mc, page, to_pa)                                 \
	do {                                                               \
		if (memcmp(__func__, planted_in, sizeof("heap_map")) != 0) \
			push_hyp_memcache(mc, page, to_pa);                \
	} while (0)

#include <allocator/el2/alloc.c>
