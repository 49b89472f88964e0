// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hypervisor's heap: variable-size allocations in a reserved VA range whose
 * pages are donated by the host and mapped on demand.
 *
 * The range is tiled by chunks. A chunk is a 16-byte header, its data, and at
 * its end at most one hole, a run of pages that are not mapped:
 *
 *	| header | data ............ | data, not mapped | header | data ...
 *	^ chunk                      ^ mark             ^ next chunk
 *
 * Headers lie in the heap itself and hold distances instead of pointers. A hash
 * over each header finds stray writes. Pages that are not mapped wait in a
 * cache; when it runs dry the allocation fails and the caller learns how many
 * pages the host has to donate before it tries again.
 */
#include <nvhe/alloc.h>
#include <nvhe/mem_protect.h>
#include <nvhe/mm.h>
#include <nvhe/spinlock.h>
#include <linux/build_bug.h>
#include <linux/hash.h>
#include <asm/kvm_host.h>
#include <linux/types.h>

#define MIN_ALLOC 16UL
#define CHUNK_USED 1U

/**
 * struct chunk_hdr - Header of a chunk.
 * @next: distance to the next header, 0 for the last
 * @prev: distance back to the previous header, 0 for the first
 * @unmapped: CHUNK_USED, plus the distance from the header to the first page
 *	      that is not mapped; 0 there if all is mapped up to the end
 * @hash: over the three words above
 * @data: what the caller gets
 */
struct chunk_hdr {
	u32 next;
	u32 prev;
	u32 unmapped;
	u32 hash;
	char data[] __aligned(16);
};

#define HDR_SIZE sizeof(struct chunk_hdr)
#define MIN_CHUNK (HDR_SIZE + MIN_ALLOC)

/**
 * struct hyp_allocator - One heap.
 * @lock: protects all below and every header
 * @mc: donated pages that are not mapped
 * @start: of the VA range, page aligned
 * @end: of the VA range, page aligned
 * @first_unmapped: while the chunk list is empty: pages below it are mapped
 * @last_used: while the tail is used: where its data ends
 * @head: first chunk, at @start, or NULL
 * @tail: last chunk, or NULL
 * @err: per CPU, of the last allocation that failed
 * @topup_needed: per CPU, pages to donate before it is tried again
 */
struct hyp_allocator {
	hyp_spinlock_t lock;
	struct kvm_hyp_memcache mc;
	unsigned long start;
	unsigned long end;
	unsigned long first_unmapped;
	unsigned long last_used;
	struct chunk_hdr *head;
	struct chunk_hdr *tail;
	int __percpu *err;
	u32 __percpu *topup_needed;
};

static DEFINE_PER_CPU(int, hyp_heap_errno);
static DEFINE_PER_CPU(u32, hyp_heap_topup_needed);

static struct hyp_allocator hyp_heap = {
	.lock = __HYP_SPIN_LOCK_UNLOCKED,
	.err = &hyp_heap_errno,
	.topup_needed = &hyp_heap_topup_needed,
};

/*
 * Headers: hash, list, hole.
 */

static u32 chunk_hash(const struct chunk_hdr *chunk)
{
	BUILD_BUG_ON(sizeof(struct chunk_hdr) != 16);
	BUILD_BUG_ON(offsetof(struct chunk_hdr, data) != 16);

	return hash_64(chunk->next | (u64)chunk->prev << 32, 32) ^
	       hash_32(chunk->unmapped, 32);
}

static void chunk_hash_update(struct chunk_hdr *chunk)
{
	chunk->hash = chunk_hash(chunk);
}

static void chunk_hash_validate(const struct chunk_hdr *chunk)
{
	WARN_ON(chunk->hash != chunk_hash(chunk));
}

static unsigned long chunk_addr(const struct chunk_hdr *chunk)
{
	return (unsigned long)chunk;
}

static unsigned long chunk_data(const struct chunk_hdr *chunk)
{
	return chunk_addr(chunk) + HDR_SIZE;
}

static bool chunk_is_used(const struct chunk_hdr *chunk)
{
	return chunk->unmapped & CHUNK_USED;
}

static void chunk_set_used(struct chunk_hdr *chunk, bool used)
{
	if (used)
		chunk->unmapped |= CHUNK_USED;
	else
		chunk->unmapped &= ~CHUNK_USED;
	chunk_hash_update(chunk);
}

/* Neighbours; the header that is reached is checked. */
static struct chunk_hdr *chunk_next(const struct chunk_hdr *chunk)
{
	struct chunk_hdr *next;

	if (!chunk->next)
		return NULL;

	next = (struct chunk_hdr *)(chunk_addr(chunk) + chunk->next);
	chunk_hash_validate(next);

	return next;
}

static struct chunk_hdr *chunk_prev(const struct chunk_hdr *chunk)
{
	struct chunk_hdr *prev;

	if (!chunk->prev)
		return NULL;

	prev = (struct chunk_hdr *)(chunk_addr(chunk) - chunk->prev);
	chunk_hash_validate(prev);

	return prev;
}

/* Where the chunk ends: at the next header, or with the heap. */
static unsigned long chunk_end(const struct hyp_allocator *heap,
			       const struct chunk_hdr *chunk)
{
	return chunk->next ? chunk_addr(chunk) + chunk->next : heap->end;
}

static bool chunk_has_hole(const struct chunk_hdr *chunk)
{
	return chunk->unmapped & ~CHUNK_USED;
}

/* The first address that is not mapped: where the hole starts, or the end. */
static unsigned long chunk_mark(const struct hyp_allocator *heap,
				const struct chunk_hdr *chunk)
{
	if (chunk_has_hole(chunk))
		return chunk_addr(chunk) + (chunk->unmapped & ~CHUNK_USED);

	return chunk_end(heap, chunk);
}

static void chunk_set_mark(const struct hyp_allocator *heap,
			   struct chunk_hdr *chunk, unsigned long mark)
{
	chunk->unmapped &= CHUNK_USED;
	if (mark != chunk_end(heap, chunk))
		chunk->unmapped |= mark - chunk_addr(chunk);
	chunk_hash_update(chunk);
}

static unsigned long chunk_data_size(const struct hyp_allocator *heap,
				     const struct chunk_hdr *chunk)
{
	return chunk_end(heap, chunk) - chunk_data(chunk);
}

static unsigned long chunk_mapped_size(const struct hyp_allocator *heap,
				       const struct chunk_hdr *chunk)
{
	return chunk_mark(heap, chunk) - chunk_data(chunk);
}

/* Behind what is in use. The size that was asked for is kept of no chunk. */
static unsigned long chunk_used_end(const struct hyp_allocator *heap,
				    const struct chunk_hdr *chunk)
{
	if (!chunk_is_used(chunk))
		return chunk_data(chunk);

	return chunk->next ? chunk_mark(heap, chunk) : heap->last_used;
}

/* Point two chunks at each other; either may be missing. */
static void chunk_link(struct chunk_hdr *prev, struct chunk_hdr *next)
{
	u32 distance = prev && next ? chunk_addr(next) - chunk_addr(prev) : 0;

	if (prev) {
		prev->next = distance;
		chunk_hash_update(prev);
	}
	if (next) {
		next->prev = distance;
		chunk_hash_update(next);
	}
}

/*
 * Mapping.
 */

/*
 * Map a chunk up to @end, and what is below it; without a chunk, the empty
 * list's range. Page by page: the mark follows each of them, so that a mapping
 * which fails half-way keeps what it got.
 */
static int heap_map(struct hyp_allocator *heap, struct chunk_hdr *chunk,
		    unsigned long end)
{
	unsigned long mark = chunk ? chunk_mark(heap, chunk)
				   : heap->first_unmapped;

	while (mark < end) {
		void *page = pop_hyp_memcache(&heap->mc, hyp_phys_to_virt);
		int ret;

		if (!page) {
			*this_cpu_ptr(heap->topup_needed) =
				(PAGE_ALIGN(end) - mark) >> PAGE_SHIFT;
			return -ENOMEM;
		}

		ret = pkvm_map_private_va_range(
			(void *)mark, hyp_virt_to_phys(page), PAGE_SIZE);
		if (ret) {
			push_hyp_memcache(&heap->mc, page, hyp_virt_to_phys);
			return ret;
		}

		mark += PAGE_SIZE;
		if (chunk)
			chunk_set_mark(heap, chunk, mark);
		else
			heap->first_unmapped = mark;
	}

	return 0;
}

/*
 * Creating chunks.
 */

/*
 * The next place for a header at or after @addr, a multiple of 16. It either
 * begins a page or leaves room for a whole chunk before it, so that reclaim can
 * always put a header at the page boundary below.
 */
static unsigned long chunk_start(unsigned long addr)
{
	if (PAGE_ALIGNED(addr))
		return addr;

	return max(addr, PAGE_ALIGN_DOWN(addr) + MIN_CHUNK);
}

/*
 * Create an unused chunk at @addr, mapped at least up to @end, between @prev
 * (NULL: in the empty list) and what follows it. It takes over prev's hole.
 * There is room for it: behind what prev uses, up to where prev ends, and not
 * within prev's hole.
 */
static struct chunk_hdr *chunk_create(struct hyp_allocator *heap,
				      struct chunk_hdr *prev,
				      unsigned long addr, unsigned long end)
{
	struct chunk_hdr *chunk = (struct chunk_hdr *)addr;
	struct chunk_hdr *next = NULL;
	unsigned long mark;
	int ret;

	ret = heap_map(heap, prev, end);
	if (ret)
		return ERR_PTR(ret);

	mark = heap->first_unmapped;
	if (prev) {
		mark = chunk_mark(heap, prev);
		next = chunk_next(prev);
		chunk_set_mark(heap, prev, chunk_end(heap, prev));
	}

	*chunk = (struct chunk_hdr){};
	chunk_link(prev, chunk);
	chunk_link(chunk, next);
	chunk_set_mark(heap, chunk, mark);

	if (!prev)
		heap->head = chunk;
	if (!next) {
		heap->tail = chunk;
		heap->last_used = end;
	}

	return chunk;
}

/*
 * Allocation.
 */

static unsigned long chunk_missing_pages(const struct hyp_allocator *heap,
					 const struct chunk_hdr *chunk,
					 unsigned long size)
{
	unsigned long mapped = min(chunk_mapped_size(heap, chunk), size);

	return DIV_ROUND_UP(size - mapped, PAGE_SIZE);
}

/*
 * Best fit: fewest pages to map, then the smallest, then the lowest. Walks the
 * whole list, which also checks every header but the first.
 */
static struct chunk_hdr *heap_find(const struct hyp_allocator *heap,
				   unsigned long size)
{
	struct chunk_hdr *chunk, *best = NULL;
	unsigned long best_missing = ULONG_MAX, best_size = ULONG_MAX;

	for (chunk = heap->head; chunk; chunk = chunk_next(chunk)) {
		unsigned long data_size = chunk_data_size(heap, chunk);
		unsigned long missing;

		if (chunk_is_used(chunk) || data_size < size)
			continue;

		missing = chunk_missing_pages(heap, chunk, size);
		if (missing > best_missing ||
		    (missing == best_missing && data_size >= best_size))
			continue;

		best = chunk;
		best_missing = missing;
		best_size = data_size;
	}

	return best;
}

/* May what an unused chunk has from @addr on become a chunk of its own? */
static bool chunk_may_split(const struct hyp_allocator *heap,
			    const struct chunk_hdr *chunk, unsigned long addr)
{
	return addr + MIN_CHUNK <= chunk_end(heap, chunk) &&
	       addr <= chunk_mark(heap, chunk);
}

/* Put an allocation into an unused chunk; what is left over is split off. */
static int chunk_recycle(struct hyp_allocator *heap, struct chunk_hdr *chunk,
			 unsigned long size)
{
	unsigned long end = chunk_data(chunk) + size;
	unsigned long split = chunk_start(end);
	struct chunk_hdr *rest;

	if (!chunk->next) {
		heap->last_used = end;
	} else if (chunk_may_split(heap, chunk, split)) {
		rest = chunk_create(heap, chunk, split, split + MIN_CHUNK);
		return IS_ERR(rest) ? PTR_ERR(rest) : 0;
	}

	return heap_map(heap, chunk, end);
}

/* Put an allocation behind all others. */
static struct chunk_hdr *heap_append(struct hyp_allocator *heap,
				     unsigned long size)
{
	struct chunk_hdr *tail = heap->tail;
	unsigned long addr = heap->start, end;

	if (tail)
		addr = chunk_start(chunk_used_end(heap, tail));

	end = addr + HDR_SIZE + size;
	if (end > heap->end)
		return ERR_PTR(-E2BIG);

	return chunk_create(heap, tail, addr, end);
}

/* Return: 0 and the size to reserve, or -E2BIG. */
static int heap_round_size(const struct hyp_allocator *heap, size_t *size)
{
	unsigned long heap_size = heap->end - heap->start;

	if (*size > U32_MAX)
		return -E2BIG;

	*size = max(ALIGN(*size, MIN_ALLOC), MIN_ALLOC);

	return *size + HDR_SIZE > heap_size ? -E2BIG : 0;
}

static void *heap_alloc(struct hyp_allocator *heap, size_t size)
{
	struct chunk_hdr *chunk;
	int ret;

	ret = heap_round_size(heap, &size);
	if (ret)
		goto err;

	scoped_guard (hyp_spinlock, &heap->lock) {
		chunk = heap_find(heap, size);
		if (chunk) {
			ret = chunk_recycle(heap, chunk, size);
		} else {
			chunk = heap_append(heap, size);
			ret = IS_ERR(chunk) ? PTR_ERR(chunk) : 0;
		}
		if (!ret)
			chunk_set_used(chunk, true);
	}
	if (ret)
		goto err;

	memset(chunk->data, 0, size);

	return chunk->data;

err:
	*this_cpu_ptr(heap->err) = ret;

	return NULL;
}

/*
 * Free.
 */

/* Let @prev swallow @chunk, which follows it. Return: whether it did. */
static bool chunk_absorb(struct hyp_allocator *heap, struct chunk_hdr *prev,
			 struct chunk_hdr *chunk)
{
	unsigned long mark;

	if (!prev || !chunk)
		return false;
	if (chunk_is_used(chunk) || chunk_has_hole(prev))
		return false;
	if (chunk->next && chunk_is_used(prev))
		return false;

	mark = chunk_mark(heap, chunk);
	if (!chunk->next) {
		heap->tail = prev;
		heap->last_used = chunk_addr(chunk);
	}
	chunk_link(prev, chunk_next(chunk));
	chunk_set_mark(heap, prev, mark);

	return true;
}

static void heap_free(struct hyp_allocator *heap, void *addr)
{
	unsigned long data = (unsigned long)addr;
	struct chunk_hdr *chunk, *prev;

	if (!addr)
		return;

	WARN_ON(!IS_ALIGNED(data, MIN_ALLOC));
	WARN_ON(data < heap->start + HDR_SIZE || data >= heap->end);
	chunk = (struct chunk_hdr *)(data - HDR_SIZE);

	guard(hyp_spinlock)(&heap->lock);

	chunk_hash_validate(chunk);
	WARN_ON(!chunk_is_used(chunk));

	prev = chunk_prev(chunk);
	chunk_set_used(chunk, false);
	chunk_absorb(heap, chunk, chunk_next(chunk));
	chunk_absorb(heap, prev, chunk);
}

/*
 * Reclaim.
 */

/**
 * struct page_range - Mapped pages that nothing lives on.
 * @start: page aligned
 * @end: page aligned; not above @start if there are none
 */
struct page_range {
	unsigned long start;
	unsigned long end;
};

static unsigned long range_pages(const struct page_range *range)
{
	return (range->end - min(range->start, range->end)) >> PAGE_SHIFT;
}

/* What can be taken from a chunk while its header stays, or with the header. */
static struct page_range chunk_reclaimable(const struct hyp_allocator *heap,
					   const struct chunk_hdr *chunk)
{
	struct page_range range = {
		.start = PAGE_ALIGN(chunk_used_end(heap, chunk)),
		.end = PAGE_ALIGN_DOWN(chunk_mark(heap, chunk)),
	};

	if (!chunk->next && !chunk->prev && !chunk_is_used(chunk))
		range.start = chunk_addr(chunk);

	return range;
}

static unsigned long heap_reclaimable(struct hyp_allocator *heap)
{
	struct chunk_hdr *chunk;
	unsigned long pages;

	guard(hyp_spinlock)(&heap->lock);

	pages = heap->mc.nr_pages;
	for (chunk = heap->head; chunk; chunk = chunk_next(chunk)) {
		struct page_range range = chunk_reclaimable(heap, chunk);

		pages += range_pages(&range);
	}

	return pages;
}

static void heap_unmap(struct hyp_allocator *heap,
		       const struct page_range *range)
{
	unsigned long va;

	for (va = range->start; va < range->end; va += PAGE_SIZE) {
		phys_addr_t pa = pkvm_private_va_range_pa((void *)va);

		push_hyp_memcache(&heap->mc, hyp_phys_to_virt(pa),
				  hyp_virt_to_phys);
	}

	pkvm_remove_mappings((void *)range->start, (void *)range->end);
}

/* Unmap up to @target pages from the top of what a chunk can spare. */
static unsigned long chunk_reclaim(struct hyp_allocator *heap,
				   struct chunk_hdr *chunk,
				   unsigned long target)
{
	struct page_range range = chunk_reclaimable(heap, chunk);
	unsigned long pages = min(range_pages(&range), target);

	range.start = range.end - (pages << PAGE_SHIFT);

	/*
	 * A hole ends where a chunk starts. What lies between the hole to be
	 * and the next header becomes a chunk of its own; header placement
	 * leaves room for it.
	 */
	if (range.end != chunk_mark(heap, chunk))
		WARN_ON(IS_ERR(chunk_create(heap, chunk, range.end,
					    range.end + MIN_CHUNK)));

	heap_unmap(heap, &range);

	if (range.start == heap->start) {
		/* The last chunk goes with its header */
		heap->head = NULL;
		heap->tail = NULL;
		heap->first_unmapped = heap->start;
	} else {
		chunk_set_mark(heap, chunk, range.start);
	}

	return pages;
}

/* The chunk that can spare most pages, the highest of several. */
static struct chunk_hdr *heap_find_reclaimable(const struct hyp_allocator *heap)
{
	struct chunk_hdr *chunk, *best = NULL;
	unsigned long best_pages = 1;

	for (chunk = heap->head; chunk; chunk = chunk_next(chunk)) {
		struct page_range range = chunk_reclaimable(heap, chunk);

		if (range_pages(&range) < best_pages)
			continue;

		best = chunk;
		best_pages = range_pages(&range);
	}

	return best;
}

/* Hand pages of the cache to the host, wiped. */
static void heap_drain(struct hyp_allocator *heap,
		       struct kvm_hyp_memcache *host_mc, unsigned long target)
{
	while (target--) {
		void *page = pop_hyp_memcache(&heap->mc, hyp_phys_to_virt);

		if (!page)
			break;

		memset(page, 0, PAGE_SIZE);
		kvm_flush_dcache_to_poc(page, PAGE_SIZE);
		push_hyp_memcache(host_mc, page, hyp_virt_to_phys);
		WARN_ON(__pkvm_hyp_donate_host(hyp_virt_to_pfn(page), 1));
	}
}

static void heap_reclaim(struct hyp_allocator *heap,
			 struct kvm_hyp_memcache *host_mc, unsigned long target)
{
	unsigned long left = target;

	guard(hyp_spinlock)(&heap->lock);

	while (left) {
		struct chunk_hdr *chunk = heap_find_reclaimable(heap);

		if (!chunk)
			break;

		left -= chunk_reclaim(heap, chunk, left);
	}

	heap_drain(heap, host_mc, target);
}

/*
 * Set-up, top-up and what a CPU learns of its last failure.
 */

static int heap_init(struct hyp_allocator *heap, size_t size)
{
	unsigned long start;
	int ret;

	/* What would wrap becomes 0 */
	size = PAGE_ALIGN(size);
	if (!size || size > U32_MAX)
		return -EINVAL;

	ret = pkvm_alloc_private_va_range(size, &start);
	if (ret)
		return ret;

	heap->start = start;
	heap->end = start + size;
	heap->first_unmapped = start;

	return 0;
}

static int heap_topup(struct hyp_allocator *heap,
		      struct kvm_hyp_memcache *host_mc)
{
	guard(hyp_spinlock)(&heap->lock);

	return refill_memcache(&heap->mc, heap->mc.nr_pages + host_mc->nr_pages,
			       host_mc);
}

static int heap_errno(const struct hyp_allocator *heap)
{
	int *err = this_cpu_ptr(heap->err);
	int ret = *err;

	*err = 0;

	return ret;
}

static u32 heap_topup_needed(const struct hyp_allocator *heap)
{
	u32 *needed = this_cpu_ptr(heap->topup_needed);
	u32 pages = *needed;

	*needed = 0;

	return pages;
}

/**
 * hyp_alloc() - Allocate memory from the hypervisor's heap.
 * @size: bytes; 16 are the least
 *
 * Return: the memory, 16-byte aligned and zeroed, or NULL; then
 * hyp_alloc_errno() says why and, if it is -ENOMEM, hyp_alloc_topup_needed()
 * how many pages the host must donate before another try (0: that won't help).
 */
void *hyp_alloc(size_t size)
{
	return heap_alloc(&hyp_heap, size);
}

/**
 * hyp_free() - Free memory from hyp_alloc().
 * @addr: what it returned, or NULL
 *
 * Anything else is fatal.
 */
void hyp_free(void *addr)
{
	heap_free(&hyp_heap, addr);
}

/**
 * hyp_alloc_errno() - Why this CPU's last failed allocation failed.
 *
 * Return: a negative error, once; then 0 until another allocation fails.
 */
int hyp_alloc_errno(void)
{
	return heap_errno(&hyp_heap);
}

/**
 * hyp_alloc_topup_needed() - Pages this CPU's last failed allocation lacked.
 *
 * Return: pages, once; then 0 until another allocation lacks some.
 */
u32 hyp_alloc_topup_needed(void)
{
	return heap_topup_needed(&hyp_heap);
}

/**
 * hyp_alloc_init() - Reserve the VA range of the heap; nothing is mapped.
 * @size: bytes, rounded up to pages
 *
 * Return: 0; -EINVAL if the size is 0 or does not fit 32-bit distances; or the
 * error with which the range was refused.
 */
int hyp_alloc_init(size_t size)
{
	return heap_init(&hyp_heap, size);
}

/**
 * hyp_alloc_topup() - Take the pages of a host's list into the cache.
 * @host_mc: the list; what was not taken is left in it
 *
 * Return: 0, or -ENOMEM if a page was refused or the list was short.
 */
int hyp_alloc_topup(struct kvm_hyp_memcache *host_mc)
{
	return heap_topup(&hyp_heap, host_mc);
}

/**
 * hyp_alloc_reclaimable() - How many pages hyp_alloc_reclaim() could give back.
 */
unsigned long hyp_alloc_reclaimable(void)
{
	return heap_reclaimable(&hyp_heap);
}

/**
 * hyp_alloc_reclaim() - Give pages back to the host.
 * @host_mc: the list they are added to, each wiped but for its link
 * @target: at most this many
 */
void hyp_alloc_reclaim(struct kvm_hyp_memcache *host_mc, unsigned long target)
{
	heap_reclaim(&hyp_heap, host_mc, target);
}

#ifdef CONFIG_NVHE_EL2_DEBUG

/*
 * The self test runs at boot on a heap of its own.
 */

#define SELFTEST_PAGES 6UL

static DEFINE_PER_CPU(int, selftest_errno);
static DEFINE_PER_CPU(u32, selftest_topup_needed);

static struct hyp_allocator selftest_heap = {
	.lock = __HYP_SPIN_LOCK_UNLOCKED,
	.err = &selftest_errno,
	.topup_needed = &selftest_topup_needed,
};

/* Does an allocation of @size land @offset bytes into the heap? */
static void *selftest_alloc_at(struct hyp_allocator *heap, size_t size,
			       unsigned long offset)
{
	void *addr = heap_alloc(heap, size);

	return (unsigned long)addr == heap->start + offset ? addr : NULL;
}

static int selftest_fails(struct hyp_allocator *heap, size_t size, int err)
{
	if (heap_alloc(heap, size) || heap_errno(heap) != err)
		return -EINVAL;

	return 0;
}

/* Sizes, rounding, and the place of the first chunks. */
static int selftest_sizes(struct hyp_allocator *heap)
{
	void *a, *b;

	if (selftest_fails(heap, SELFTEST_PAGES * PAGE_SIZE, -E2BIG) ||
	    selftest_fails(heap, SIZE_MAX, -E2BIG))
		return -EINVAL;

	a = selftest_alloc_at(heap, 0, HDR_SIZE);
	if (!a)
		return -EINVAL;
	heap_free(heap, a);

	a = selftest_alloc_at(heap, 17, HDR_SIZE);
	b = selftest_alloc_at(heap, 0, HDR_SIZE + 32 + HDR_SIZE);
	if (!a || !b)
		return -EINVAL;

	/* The place of the first is taken again */
	heap_free(heap, a);
	a = selftest_alloc_at(heap, 17, HDR_SIZE);
	if (!a)
		return -EINVAL;

	heap_free(heap, b);
	heap_free(heap, a);

	return 0;
}

/* Four small chunks, merged forwards, split, merged backwards and both ways. */
static int selftest_merges(struct hyp_allocator *heap)
{
	unsigned long first = HDR_SIZE, step = MIN_CHUNK;
	void *c[4], *big;
	int i;

	for (i = 0; i < 4; i++) {
		c[i] = selftest_alloc_at(heap, 0, first + i * step);
		if (!c[i])
			return -EINVAL;
	}

	/* Forwards: [free 1][free 2] hold one of 48 bytes */
	heap_free(heap, c[2]);
	heap_free(heap, c[1]);
	big = selftest_alloc_at(heap, step + MIN_ALLOC, first + step);
	if (!big)
		return -EINVAL;

	/* Split: the same room in two again */
	heap_free(heap, big);
	c[1] = selftest_alloc_at(heap, 0, first + step);
	c[2] = selftest_alloc_at(heap, 0, first + 2 * step);
	if (!c[1] || !c[2])
		return -EINVAL;

	/* Backwards */
	heap_free(heap, c[1]);
	heap_free(heap, c[2]);
	big = selftest_alloc_at(heap, step + MIN_ALLOC, first + step);
	if (!big)
		return -EINVAL;
	heap_free(heap, big);

	/* Three at once: the middle one last */
	c[1] = selftest_alloc_at(heap, 0, first + step);
	c[2] = selftest_alloc_at(heap, 0, first + 2 * step);
	if (!c[1] || !c[2])
		return -EINVAL;
	heap_free(heap, c[0]);
	heap_free(heap, c[2]);
	heap_free(heap, c[1]);
	big = selftest_alloc_at(heap, 2 * step + MIN_ALLOC, first);
	if (!big)
		return -EINVAL;

	heap_free(heap, c[3]);
	heap_free(heap, big);

	return 0;
}

/* Pages go to @list and come back from it. */
static int selftest_reclaim(struct hyp_allocator *heap,
			    struct kvm_hyp_memcache *list)
{
	void *a, *b, *c, *d, *old;

	/* Whatever was mapped before, every page is in the cache now */
	heap_reclaim(heap, list, SELFTEST_PAGES);
	if (heap_topup(heap, list))
		return -EINVAL;

	a = heap_alloc(heap, 0);
	b = heap_alloc(heap, 2 * PAGE_SIZE);
	c = heap_alloc(heap, 0);
	d = heap_alloc(heap, PAGE_SIZE);
	if (!a || !b || !c || !d)
		return -EINVAL;

	heap_free(heap, d);
	heap_reclaim(heap, list, SELFTEST_PAGES);
	if (list->nr_pages != 3)
		return -EINVAL;

	old = b;
	heap_free(heap, b);
	heap_reclaim(heap, list, SELFTEST_PAGES);
	if (list->nr_pages != 4)
		return -EINVAL;

	if (selftest_fails(heap, PAGE_SIZE, -ENOMEM) ||
	    !heap_topup_needed(heap))
		return -EINVAL;
	if (heap_topup(heap, list))
		return -EINVAL;

	b = heap_alloc(heap, PAGE_SIZE);
	if (b != old)
		return -EINVAL;

	heap_free(heap, a);
	heap_free(heap, b);
	heap_free(heap, c);

	a = selftest_alloc_at(heap, SELFTEST_PAGES * PAGE_SIZE - HDR_SIZE,
			      HDR_SIZE);
	if (!a)
		return -EINVAL;
	heap_free(heap, a);

	return 0;
}

/* Whatever is mapped, in use or not, goes back to the cache. */
static void selftest_clear(struct hyp_allocator *heap)
{
	struct page_range range = {heap->start, heap->first_unmapped};
	struct chunk_hdr *chunk, *next;

	guard(hyp_spinlock)(&heap->lock);

	if (!heap->head)
		heap_unmap(heap, &range);

	/* Run by run: a run ends with a hole, or with the heap */
	for (chunk = heap->head; chunk; chunk = next) {
		next = chunk_next(chunk);
		if (next && !chunk_has_hole(chunk))
			continue;

		range.end = chunk_mark(heap, chunk);
		heap_unmap(heap, &range);
		range.start = (unsigned long)next;
	}

	heap->head = NULL;
	heap->tail = NULL;
	heap->first_unmapped = heap->start;
}

/* All the steps; what they leave mapped if one fails is of no use any more. */
static int selftest_run(struct hyp_allocator *heap)
{
	struct kvm_hyp_memcache list = {};
	int ret;

	ret = selftest_sizes(heap);
	if (!ret)
		ret = selftest_merges(heap);
	if (!ret)
		ret = selftest_reclaim(heap, &list);
	if (!ret)
		return 0;

	heap_topup(heap, &list);
	selftest_clear(heap);

	return ret;
}

/**
 * hyp_alloc_selftest() - Try the allocator on a private heap of 6 pages.
 *
 * Whatever comes of it, reclaim gives all its pages back.
 *
 * Return: 0; -ENOMEM if its cache does not hold 6 pages yet, and then
 * hyp_alloc_selftest_topup_needed() says how many are missing; -EINVAL if the
 * allocator does not do what it should; or the error of setting it up.
 */
int hyp_alloc_selftest(void)
{
	struct hyp_allocator *heap = &selftest_heap;
	int ret;

	/* What the last run has left, if nobody has reclaimed it */
	if (heap->start)
		selftest_clear(heap);

	if (heap->mc.nr_pages < SELFTEST_PAGES) {
		*this_cpu_ptr(heap->topup_needed) =
			SELFTEST_PAGES - heap->mc.nr_pages;
		return -ENOMEM;
	}

	if (!heap->start) {
		ret = heap_init(heap, SELFTEST_PAGES * PAGE_SIZE);
		if (ret)
			return ret;
	}

	return selftest_run(heap);
}

/** hyp_alloc_selftest_topup() - hyp_alloc_topup() of the self test's heap. */
int hyp_alloc_selftest_topup(struct kvm_hyp_memcache *host_mc)
{
	return heap_topup(&selftest_heap, host_mc);
}

/** hyp_alloc_selftest_topup_needed() - Pages that the self test lacked. */
u32 hyp_alloc_selftest_topup_needed(void)
{
	return heap_topup_needed(&selftest_heap);
}

/** hyp_alloc_selftest_reclaimable() - Pages that the self test left behind. */
unsigned long hyp_alloc_selftest_reclaimable(void)
{
	return heap_reclaimable(&selftest_heap);
}

/** hyp_alloc_selftest_reclaim() - Give the self test's pages back. */
void hyp_alloc_selftest_reclaim(struct kvm_hyp_memcache *host_mc,
				unsigned long target)
{
	heap_reclaim(&selftest_heap, host_mc, target);
}

#endif
