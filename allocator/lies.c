/* SPDX-License-Identifier: GPL-2.0-only */
#include "lies.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>

#include "backend/state.h"
#include "internal.h"

/* What the compiler makes of each load and store of the target. */
void hyp_load8(uintptr_t at);
void hyp_store1(uintptr_t at);
void hyp_store8(uintptr_t at);
void __ubsan_on_report(void);

#define STAIN 0x5au

static unsigned int lock; /* 0 after each lie that returns, but KEEPS_LOCK */

static uintptr_t heap_address(uint64_t offset)
{
	return (uintptr_t)backend_private(heap_extent().start + offset);
}

static uintptr_t page_address(uint64_t offset)
{
	return heap_address(offset & ~(uint64_t)(page_bytes() - 1));
}

/* The highest page of the heap behind which nothing is; there must be one. */
static uintptr_t unmapped_page(void)
{
	const struct heap_extent heap = heap_extent();

	for (uint64_t at = heap.start + heap.size; at > heap.start;) {
		at -= page_bytes();
		if (!backend_behind[at >> backend.shift])
			return (uintptr_t)backend_private(at);
	}

	assert(!"no page of the heap to lie about");
	return 0;
}

/* The linear address of a page in the cache; there must be one. */
static void *cached_page(void)
{
	for (uint32_t page = 0; page < backend.pool; page++)
		if (backend_page_flags(page) & PAGE_CACHED)
			return linear_bytes(page);

	assert(!"no page in the cache to lie about");
	return NULL;
}

static unsigned long pfn_of(const void *linear)
{
	return backend_virt_to_phys((unsigned long)linear) >> backend.shift;
}

/* ---- calls that do not return ------------------------------------------- */

static void panics(struct call *call)
{
	(void)call;
	backend_panic(LIE_FUNCTION, __FILE__, __LINE__, "BUG_ON(selfcheck)");
}

static void loads_wild(struct call *call)
{
	(void)call;
	hyp_load8(8);
}

static void loads_host(struct call *call)
{
	(void)call;
	hyp_load8((uintptr_t)linear_bytes(backend.pool - 1));
}

static void loads_unmapped(struct call *call)
{
	(void)call;
	hyp_load8(unmapped_page());
}

static void stores_linear(struct call *call)
{
	unsigned long phys = backend_lookup(page_address(call->arg));

	hyp_store8(backend_phys_to_virt(phys));
}

static void signals(struct call *call)
{
	(void)call;
	(void)raise(SIGSEGV);
}

static void reports(struct call *call)
{
	(void)call;
	__ubsan_on_report();
}

static void calls_on(struct call *call)
{
	(void)call;
	for (;;)
		backend_count_call();
}

static void loads_on(struct call *call)
{
	for (;;)
		hyp_load8(page_address(call->arg));
}

static void locks_twice(struct call *call)
{
	(void)call;
	backend_lock(&lock, LIE_FUNCTION);
	backend_lock(&lock, LIE_FUNCTION);
}

/* It bites when it comes a second time and nothing has been called since. */
static void sleeps(struct call *call)
{
	(void)call;
	(void)raise(SIGALRM);
	(void)raise(SIGALRM);
}

/* ---- heap memory -------------------------------------------------------- */

static void stores(struct call *call)
{
	const uintptr_t at = heap_address(call->arg);

	backend_lock(&lock, LIE_FUNCTION);
	hyp_store1(at);
	raw_fill((void *)at, STAIN, 1);
	backend_unlock(&lock, LIE_FUNCTION);
}

static void unmaps(struct call *call)
{
	const uintptr_t at = page_address(call->arg);

	backend_unmap_range(at, at + page_bytes());
}

static void moves(struct call *call)
{
	const uintptr_t at = page_address(call->arg);
	const unsigned long phys = backend_lookup(at);

	backend_unmap_range(at, at + page_bytes());
	backend_map_range(unmapped_page(), phys, page_bytes());
}

static void loads_unlocked(struct call *call)
{
	hyp_load8(heap_address(call->arg));
}

/* ---- locks and the cache ------------------------------------------------ */

static void cache_unlocked(struct call *call)
{
	const void *mc = (const void *)backend.data; /* the target's, any */
	void *page = cached_page();

	(void)call;
	backend_cache_push(mc, page, backend_cache_pop(mc, page));
}

static void keeps_lock(struct call *call)
{
	(void)call;
	backend_lock(&lock, LIE_FUNCTION);
}

/* ---- pages -------------------------------------------------------------- */

static void loses_page(struct call *call)
{
	(void)call;
	(void)backend_cache_pop(NULL, cached_page());
}

static void caches_twice(struct call *call)
{
	unsigned long phys = backend_lookup(page_address(call->arg));
	void *page = (void *)backend_phys_to_virt(phys);

	backend_cache_push(NULL, page, 0);
}

static void gives_page(struct call *call)
{
	(void)call;
	(void)backend_donate_host(pfn_of(cached_page()), 1);
}

static void takes_page(struct call *call)
{
	(void)call;
	(void)backend_donate_hyp(pfn_of(linear_bytes(backend.pool - 1)), 1);
}

/* ---- the host's kernel -------------------------------------------------- */

static void warns(struct call *call)
{
	(void)call;
	backend_host_warn(LIE_FUNCTION, "WARN_ON(selfcheck)");
}

static void retries(struct call *call)
{
	(void)backend_host_retry(-ENOMEM, (unsigned int)call->arg);
}

bool heap_lie(enum heap_lie lie, uint64_t at)
{
	static void (*const bodies[])(struct call *) = {
		[LIE_PANICS] = panics,
		[LIE_LOADS_WILD] = loads_wild,
		[LIE_LOADS_HOST] = loads_host,
		[LIE_LOADS_UNMAPPED] = loads_unmapped,
		[LIE_STORES_LINEAR] = stores_linear,
		[LIE_SIGNALS] = signals,
		[LIE_REPORTS] = reports,
		[LIE_CALLS_ON] = calls_on,
		[LIE_LOADS_ON] = loads_on,
		[LIE_LOCKS_TWICE] = locks_twice,
		[LIE_SLEEPS] = sleeps,
		[LIE_STORES] = stores,
		[LIE_UNMAPS] = unmaps,
		[LIE_MOVES] = moves,
		[LIE_LOADS_UNLOCKED] = loads_unlocked,
		[LIE_CACHE_UNLOCKED] = cache_unlocked,
		[LIE_KEEPS_LOCK] = keeps_lock,
		[LIE_LOSES_PAGE] = loses_page,
		[LIE_CACHES_TWICE] = caches_twice,
		[LIE_GIVES_PAGE] = gives_page,
		[LIE_TAKES_PAGE] = takes_page,
		[LIE_WARNS] = warns,
		[LIE_RETRIES] = retries,
	};
	struct call call = {.arg = at};

	lock = 0;

	return heap_guarded(lie == LIE_WARNS || lie == LIE_RETRIES, bodies[lie],
			    &call);
}

void heap_lie_dirty(unsigned long pfn)
{
	int64_t page = backend_phys_page(pfn << backend.shift);

	assert(page >= 0);
	backend_pool[page].flags &= ~PAGE_AS_WAS;
	raw_fill(linear_bytes((uint32_t)page) + page_bytes() - 1, STAIN, 1);
}
