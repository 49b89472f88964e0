/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>

#include "lies.h"

/* What an allocation, a free or a call of the host's comes to. */

/* ---- allocations that go wrong on the way -------------------------------- */

/* An allocation that does @lie first. */
static bool alloc_after(enum heap_lie lie, uint64_t at, uint64_t bytes,
			bool *got, uint64_t *offset)
{
	return heap_lie(lie, at) && __real_heap_alloc(bytes, got, offset);
}

#define ALLOC_AFTER(name, lie)                                         \
	bool name(uint64_t bytes, bool *got, uint64_t *offset)         \
	{                                                              \
		return alloc_after(lie, lie_object.offset, bytes, got, \
				   offset);                            \
	}

ALLOC_AFTER(loads_wild, LIE_LOADS_WILD)
ALLOC_AFTER(loads_host, LIE_LOADS_HOST)
ALLOC_AFTER(loads_unmapped, LIE_LOADS_UNMAPPED)
ALLOC_AFTER(stores_linear, LIE_STORES_LINEAR)
ALLOC_AFTER(signals, LIE_SIGNALS)
ALLOC_AFTER(reports, LIE_REPORTS)
ALLOC_AFTER(calls_on, LIE_CALLS_ON)
ALLOC_AFTER(loads_on, LIE_LOADS_ON)
ALLOC_AFTER(locks_twice, LIE_LOCKS_TWICE)
ALLOC_AFTER(sleeps, LIE_SLEEPS)
ALLOC_AFTER(panics, LIE_PANICS)
ALLOC_AFTER(stores, LIE_STORES)
ALLOC_AFTER(loads_unlocked, LIE_LOADS_UNLOCKED)
ALLOC_AFTER(cache_unlocked, LIE_CACHE_UNLOCKED)

/* ---- what an allocation returns ------------------------------------------ */

/* An allocation that comes back as if it were at @where. */
#define ALLOC_AT(name, where)                                          \
	bool name(uint64_t bytes, bool *got, uint64_t *offset)         \
	{                                                              \
		bool returned = __real_heap_alloc(bytes, got, offset); \
                                                                       \
		*offset = (where);                                     \
                                                                       \
		return returned;                                       \
	}

ALLOC_AT(elsewhere, *offset + 16)
ALLOC_AT(misaligned, *offset + 8)
ALLOC_AT(outside, heap_bytes())
ALLOC_AT(overlaps, lie_object.offset)

bool gets_nothing(uint64_t bytes, bool *got, uint64_t *offset)
{
	bool returned = __real_heap_alloc(bytes, got, offset);

	*got = false;

	return returned;
}

bool gets_anything(uint64_t bytes, bool *got, uint64_t *offset)
{
	(void)bytes;
	*got = true;
	*offset = 16;

	return true;
}

static void stain(uint64_t offset)
{
	const uint8_t byte = 0x5a;

	__real_heap_fill(offset, &byte, 1);
}

bool stains_first(uint64_t bytes, bool *got, uint64_t *offset)
{
	bool returned = __real_heap_alloc(bytes, got, offset);

	stain(*offset);

	return returned;
}

bool stains_last(uint64_t bytes, bool *got, uint64_t *offset)
{
	bool returned = __real_heap_alloc(bytes, got, offset);

	stain(*offset + bytes - 1);

	return returned;
}

bool stains_object(uint64_t bytes, bool *got, uint64_t *offset)
{
	stain(lie_object.offset + 1);

	return __real_heap_alloc(bytes, got, offset);
}

bool invalid(int *err)
{
	bool returned = __real_heap_errno(err);

	*err = -EINVAL;

	return returned;
}

bool needs_nothing(uint32_t *pages)
{
	bool returned = __real_heap_topup_needed(pages);

	*pages = 0;

	return returned;
}

bool needs_more(uint32_t *pages)
{
	bool returned = __real_heap_topup_needed(pages);

	*pages += 1;

	return returned;
}

/* ---- through the request loop -------------------------------------------- */

bool call_invalid(uint64_t bytes, int *err, bool *got, uint64_t *offset)
{
	bool returned = __real_heap_host_alloc(bytes, err, got, offset);

	*got = false;
	*err = -EINVAL;

	return returned;
}

bool call_stains_last(uint64_t bytes, int *err, bool *got, uint64_t *offset)
{
	bool returned = __real_heap_host_alloc(bytes, err, got, offset);

	stain(*offset + bytes - 1);

	return returned;
}

/* One try more, which asks for the same: of an object alone in 64 pages. */
bool gets_stuck(uint64_t bytes, int *err, bool *got, uint64_t *offset)
{
	const uint64_t page = heap_bytes() / 64;

	return __real_heap_host_alloc(bytes, err, got, offset) &&
	       heap_lie(LIE_RETRIES, (16 + bytes + page - 1) / page);
}

/* Now and then without a request, or it would be stuck. */
bool loops(uint64_t bytes, int *err, bool *got, uint64_t *offset)
{
	(void)bytes;
	*got = false;
	*err = -ENOMEM;
	*offset = 0;
	for (unsigned int i = 0; i < 16; i++)
		if (!heap_lie(LIE_RETRIES, i & 1))
			return false;

	return true;
}

/* ---- frees and the client's writes --------------------------------------- */

bool frees_nothing(uint64_t offset)
{
	(void)offset;

	return true;
}

void fills_nothing(uint64_t offset, const void *bytes, uint64_t size)
{
	(void)offset;
	(void)bytes;
	(void)size;
}

/* ---- what the host's calls return ---------------------------------------- */

bool reclaims_more(uint64_t id, uint64_t target, uint64_t *pages)
{
	bool returned = __real_heap_host_reclaim(id, target, pages);

	*pages += 1;

	return returned;
}

bool shrinks_more(uint64_t target, uint64_t *ret, uint64_t *scanned)
{
	bool returned = __real_heap_host_scan(target, ret, scanned);

	*ret += 1;

	return returned;
}

bool other_handle(uint64_t nr_vcpus, long *ret)
{
	bool returned = __real_heap_host_create_vm(nr_vcpus, ret);

	*ret += 1;

	return returned;
}

bool other_register(unsigned long *regs)
{
	bool returned = __real_heap_hvc(regs);

	regs[1] += 1;

	return returned;
}

bool topup_refused(uint64_t id, uint64_t pages, int *err)
{
	bool returned = __real_heap_host_topup(id, pages, err);

	*err = -EPERM;

	return returned;
}

bool topup_warns(uint64_t id, uint64_t pages, int *err)
{
	return __real_heap_host_topup(id, pages, err) && heap_lie(LIE_WARNS, 0);
}
