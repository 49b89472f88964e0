/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "allocator/heap.h"
#include "allocator/host/host.h"
#include "engines/engine.h"
#include "engines/stats.h"

/*
 * The harness that one writes in an afternoon, to compare speeds with: bytes
 * become calls of the allocator, a fresh world each time, and nobody looks at
 * what comes of it but the sanitizers. Four bytes a call: which, the slot, and
 * a number, low byte first.
 *
 * With NAIVE_UNCHECKED the allocator is as the compiler makes it, without a
 * check of any access; without it, it is the one that our fuzz targets have.
 */

#define CALLS_MAX 64u
#define CALL_BYTES 4u
#define SLOTS 64u
#define PAGES 64u /* of the heap, and the host's */
#define PAGES_AT_FIRST 32u
#define PAGES_MOST 8u /* by a call */
#define BYTES_MOST 4096u

static uint64_t object_at[SLOTS]; /* 0: the slot is empty */

static bool begin(void)
{
	static const struct heap_config config = {
		.page_shift = 12,
		.pool_pages = PAGES,
		.cpus = 1,
	};
	int err;

#ifdef NAIVE_UNCHECKED
	heap_bare(true);
#endif
	memset(object_at, 0, sizeof(object_at));
	heap_reset(&config);
	host_reset(PAGES);
	heap_begin(UINT64_MAX / 2);

	return heap_init((uint64_t)PAGES << 12, &err) &&
	       host_topup(PAGES_AT_FIRST, &err);
}

/* Return: whether the call returned. */
static bool call(uint8_t which, uint64_t *at, uint64_t number)
{
	uint64_t was = *at, pages;
	bool got;
	int err;

	switch (which % 8) {
	case 6:
		return host_topup(number % PAGES_MOST, &err);
	case 7:
		return host_reclaim(number % PAGES_MOST, &pages);
	case 0:
	case 1:
	case 2: /* what the slot had is lost */
		if (!heap_alloc(number % BYTES_MOST, &got, at))
			return false;
		if (!got)
			*at = 0;
		return true;
	default:
		*at = 0;
		return was ? heap_free(was) : heap_free_null();
	}
}

/* The target: up to CALLS_MAX calls. Aborts if one does not return. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t nr = 0;

	if (!begin())
		abort();
	for (; nr < CALLS_MAX && size >= CALL_BYTES; nr++) {
		const uint64_t number = data[2] | (uint64_t)data[3] << 8;

		if (!call(data[0], &object_at[data[1] % SLOTS], number))
			abort();
		data += CALL_BYTES;
		size -= CALL_BYTES;
	}
	stats_count(1, nr);

	return 0;
}
