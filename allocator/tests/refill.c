// SPDX-License-Identifier: GPL-2.0-only
/*
 * An allocator of the older dialect, for tests of the harness: its pages come
 * from a cache that each CPU has of its own, objects are 8-aligned, and what a
 * VM gets can be charged to it.
 *
 * Chunks lie one behind the other from the start of the heap up to the top,
 * each with its header, and are in a list by address. The smallest free one
 * that is large enough is taken. Free neighbours become one, and a free chunk
 * at the top goes.
 */
#include <nvhe/alloc.h>
#include <nvhe/spinlock.h>
#include <asm/kvm_host.h>
#include <linux/atomic.h>
#include <linux/hash.h>
#include <linux/list.h>

#include "pages.h"

#define UNIT 8UL
#define CHECK_BITS 31

/**
 * struct chunk - Before its data.
 * @node: in the list, by address
 * @size: bytes of data
 * @used: is it in use?
 * @check: a hash of where it is, its size and that
 */
struct chunk {
	struct list_head node;
	u32 size;
	u32 used : 1;
	u32 check : CHECK_BITS;
	char data[];
};

static struct heap_pages_map map;
static LIST_HEAD(chunks);
static unsigned long top; /* offset of what no chunk has */
static DEFINE_HYP_SPINLOCK(lock);
static DEFINE_PER_CPU(struct kvm_hyp_memcache, cpu_cache);
static DEFINE_PER_CPU(int, last_error);
static DEFINE_PER_CPU(u8, missing_donations);

static unsigned long offset_of(const void *addr)
{
	return (unsigned long)addr - map.start;
}

static unsigned long chunk_end(const struct chunk *chunk)
{
	return offset_of(chunk->data) + chunk->size;
}

static u32 chunk_check(const struct chunk *chunk)
{
	u64 what = (u64)chunk->size << 32 | offset_of(chunk) << 1 | chunk->used;

	return hash_64(what, CHECK_BITS);
}

static void chunk_set(struct chunk *chunk, unsigned long size, bool used)
{
	chunk->size = size;
	chunk->used = used;
	chunk->check = chunk_check(chunk);
}

static struct chunk *chunk_checked(struct chunk *chunk)
{
	BUG_ON(chunk->check != chunk_check(chunk));

	return chunk;
}

/*
 * Map what is missing, as far as the cache of this CPU goes. What a byte can
 * ask for may not be all: so what there is stays mapped, or no call would get
 * further.
 */
static int get_pages(unsigned long from, unsigned long to)
{
	struct kvm_hyp_memcache *mc = this_cpu_ptr(&cpu_cache);
	int ret = pages_map(&map, mc, from, to);

	if (ret && !mc->nr_pages)
		this_cpu_write(missing_donations,
			       min(pages_missing(&map, from, to),
				   (unsigned long)U8_MAX));

	return ret;
}

static struct chunk *find_chunk(unsigned long size)
{
	struct chunk *chunk, *best = NULL;

	list_for_each_entry(chunk, &chunks, node)
	{
		chunk_checked(chunk);
		if (chunk->used || chunk->size < size)
			continue;
		if (!best || chunk->size < best->size)
			best = chunk;
	}

	return best;
}

/* The rest becomes a chunk if there is room for one with the least data. */
static int use_chunk(struct chunk *chunk, unsigned long size)
{
	unsigned long start = offset_of(chunk->data), old = chunk->size;
	bool split = old - size >= sizeof(*chunk) + UNIT;
	struct chunk *rest = (void *)chunk->data + size;
	int ret;

	if (!split)
		size = old;
	ret = get_pages(start, start + size + (split ? sizeof(*rest) : 0));
	if (ret)
		return ret;

	chunk_set(chunk, size, true);
	if (split) {
		chunk_set(rest, old - size - sizeof(*rest), false);
		list_add(&rest->node, &chunk->node);
	}

	return 0;
}

static struct chunk *append_chunk(unsigned long size, int *err)
{
	struct chunk *chunk = (void *)map.start + top;
	unsigned long end = top + sizeof(*chunk) + size;

	*err = end > map.size ? -E2BIG : get_pages(top, end);
	if (*err)
		return NULL;

	chunk_set(chunk, size, true);
	list_add_tail(&chunk->node, &chunks);
	top = end;

	return chunk;
}

static struct chunk *alloc_locked(unsigned long size, int *err)
{
	struct chunk *chunk;

	guard(hyp_spinlock)(&lock);

	chunk = find_chunk(size);
	if (!chunk)
		return append_chunk(size, err);

	*err = use_chunk(chunk, size);

	return *err ? NULL : chunk;
}

void *hyp_alloc(size_t size)
{
	struct chunk *chunk = NULL;
	int err = -E2BIG;

	if (size <= map.size) {
		size = ALIGN(max(size, UNIT), UNIT);
		chunk = alloc_locked(size, &err);
	}
	if (!chunk) {
		this_cpu_write(last_error, err);
		return NULL;
	}

	return memset(chunk->data, 0, size);
}

static void merge_with_next(struct chunk *chunk)
{
	struct chunk *next;

	if (list_is_last(&chunk->node, &chunks))
		return;

	next = chunk_checked(list_next_entry(chunk, node));
	if (next->used)
		return;

	list_del(&next->node);
	chunk_set(chunk, chunk_end(next) - offset_of(chunk->data), false);
}

static void free_locked(struct chunk *chunk)
{
	BUG_ON(!chunk->used);
	chunk_set(chunk, chunk->size, false);
	merge_with_next(chunk);
	if (!list_is_first(&chunk->node, &chunks)) {
		struct chunk *prev =
			chunk_checked(list_prev_entry(chunk, node));

		if (!prev->used) {
			merge_with_next(prev);
			chunk = prev;
		}
	}
	if (list_is_last(&chunk->node, &chunks)) {
		top = offset_of(chunk);
		list_del(&chunk->node);
	}
}

void hyp_free(void *addr)
{
	unsigned long offset = offset_of(addr);

	if (!addr)
		return;

	BUG_ON(!IS_ALIGNED(offset, UNIT));

	guard(hyp_spinlock)(&lock);

	BUG_ON(offset < sizeof(struct chunk) || offset >= top);
	free_locked(chunk_checked(addr - sizeof(struct chunk)));
}

/* Bytes of data of a chunk in use. */
static unsigned long charge_of(void *addr)
{
	guard(hyp_spinlock)(&lock);

	return chunk_checked(addr - sizeof(struct chunk))->size;
}

void *hyp_alloc_account(size_t size, struct kvm *host_kvm)
{
	void *addr = hyp_alloc(size);

	if (addr)
		atomic64_add(charge_of(addr),
			     &host_kvm->stat.protected_hyp_mem);

	return addr;
}

void hyp_free_account(void *addr, struct kvm *host_kvm)
{
	if (addr)
		atomic64_sub(charge_of(addr),
			     &host_kvm->stat.protected_hyp_mem);
	hyp_free(addr);
}

int hyp_alloc_errno(void)
{
	return this_cpu_xchg(last_error, 0);
}

u8 hyp_alloc_missing_donations(void)
{
	return this_cpu_xchg(missing_donations, 0);
}

int hyp_alloc_init(size_t size)
{
	return pages_init(&map, size);
}

/* Into the cache of the CPU that runs. */
int hyp_alloc_refill(struct kvm_hyp_memcache *host_mc)
{
	struct kvm_hyp_memcache *mc = this_cpu_ptr(&cpu_cache);

	guard(hyp_spinlock)(&lock);

	return refill_memcache(mc, mc->nr_pages + host_mc->nr_pages, host_mc);
}

/* Pages within the data of free chunks and above the top; and all caches. */
int hyp_alloc_reclaimable(void)
{
	unsigned long pages;
	struct chunk *chunk;
	unsigned int cpu;

	guard(hyp_spinlock)(&lock);

	pages = pages_within(&map, top, map.size);
	list_for_each_entry(chunk, &chunks,
			    node) if (!chunk_checked(chunk)->used) pages +=
		pages_within(&map, offset_of(chunk->data), chunk_end(chunk));
	for (cpu = 0; cpu < hyp_nr_cpus; cpu++)
		pages += per_cpu_ptr(&cpu_cache, cpu)->nr_pages;

	return pages;
}

void hyp_alloc_reclaim(struct kvm_hyp_memcache *host_mc, int target)
{
	struct kvm_hyp_memcache *mc = this_cpu_ptr(&cpu_cache);
	unsigned long left = max(target, 0);
	struct chunk *chunk;
	unsigned int cpu;

	guard(hyp_spinlock)(&lock);

	for (cpu = 0; cpu < hyp_nr_cpus; cpu++)
		left -= pages_drain(per_cpu_ptr(&cpu_cache, cpu), host_mc,
				    left);
	if (!left)
		return;

	left -= pages_unmap(&map, mc, top, map.size, left);
	list_for_each_entry_reverse(chunk, &chunks,
				    node) if (!chunk_checked(chunk)->used)
		left -= pages_unmap(&map, mc, offset_of(chunk->data),
				    chunk_end(chunk), left);
	pages_drain(mc, host_mc, ULONG_MAX);
}
