/* SPDX-License-Identifier: GPL-2.0-only */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "asan.h"
#include "state.h"

/*
 * The world: who owns which page and where its bytes are. Every page that is
 * touched is put on a list, and a reset goes through that list only.
 */

struct backend backend;
uint8_t backend_allowed[ARENA_PAGES];
struct backend_page backend_pool[POOL_MAX];

static uint32_t behind[BACKEND_PRIVATE_MAX >> 12]; /* pool page + 1, 0 = none */
static uint64_t mapped_bits[BACKEND_PRIVATE_MAX >> 12 >> 6]; /* the same */
static uint32_t touched[POOL_MAX];
static uint32_t touched_nr;

static size_t page_bytes(void)
{
	return (size_t)1 << backend.shift;
}

static uint8_t *linear_bytes(uint32_t page)
{
	return backend.arena + ((uint64_t)page << backend.shift);
}

uint8_t *backend_private(uint64_t offset)
{
	return backend.arena + BACKEND_LINEAR_MAX + offset;
}

void backend_allow(uint64_t arena_page, bool allow)
{
	void *at = backend.arena + (arena_page << backend.shift);

	backend_allowed[arena_page] = allow;
	if (allow)
		ASAN_UNPOISON_MEMORY_REGION(at, page_bytes());
	else
		ASAN_POISON_MEMORY_REGION(at, page_bytes());
}

static void create_arena(void)
{
	void *at = mmap(NULL, ARENA_BYTES, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED) {
		perror("hypheap: no memory for the fake EL2 memory");
		exit(3);
	}
	backend.arena = at;
	ASAN_POISON_MEMORY_REGION(at, ARENA_BYTES);
	for (uint32_t i = 0; i < POOL_MAX; i++)
		backend_pool[i].flags = PAGE_HOST;
}

/* @behind_it: pool page + 1, or 0 for none */
static void set_behind(uint64_t private_page, uint32_t behind_it)
{
	const uint64_t bit = 1ull << (private_page % 64);

	behind[private_page] = behind_it;
	if (behind_it)
		mapped_bits[private_page / 64] |= bit;
	else
		mapped_bits[private_page / 64] &= ~bit;
}

static void touch(uint32_t page)
{
	if (backend_pool[page].flags & PAGE_TOUCHED)
		return;

	backend_pool[page].flags |= PAGE_TOUCHED;
	touched[touched_nr++] = page;
}

static void untouch_all(void)
{
	for (uint32_t i = 0; i < touched_nr; i++) {
		struct backend_page *page = &backend_pool[touched[i]];

		if (page->flags & PAGE_MAPPED) {
			set_behind(page->va_page, 0);
			backend_allow(private_to_arena_page(page->va_page),
				      false);
		}
		backend_allow(touched[i], false);
		page->flags = PAGE_HOST;
	}
	touched_nr = 0;
}

/* The same bytes are other pages from now on: none is known to be junk. */
static void new_generation(void)
{
	if (!++backend.generation) {
		for (uint32_t i = 0; i < POOL_MAX; i++)
			backend_pool[i].junk = 0;
		backend.generation = 1;
	}
}

void backend_reset(uint32_t page_shift, uint32_t pool, uint32_t cpus)
{
	if (!backend.arena)
		create_arena();

	assert(pool <= POOL_MAX);
	assert((uint64_t)pool << page_shift <= BACKEND_LINEAR_MAX);
	assert(cpus >= 1 && cpus <= BACKEND_CPUS_MAX);

	untouch_all();
	if (backend.shift != page_shift)
		new_generation();

	backend.shift = page_shift;
	backend.pool = pool;
	backend.cpus = cpus;
	backend.cpu = 0;
	backend.host = pool;
	backend.cached = 0;
	backend.mapped = 0;
	backend.fail_map = 0;
	backend.refuse_reserve = false;
	backend.ranges = 0;
	backend.private_used = 0;
	backend.locks = 0;
	backend_begin(0);
}

void backend_begin(uint64_t bound)
{
	struct backend_record *r = &backend.record;

	backend.calls_bound = bound;
	r->calls = 0;
	r->accesses = 0;
	r->stores = 0;
	r->unmap_lo = UINT64_MAX;
	r->unmap_hi = 0;
	r->unlocked_lo = UINT64_MAX;
	r->unlocked_hi = 0;
	r->unlocked_cache = false;
	r->unwiped = false;
	r->sanitizer = false;
}

/* ---- addresses ---------------------------------------------------------- */

unsigned long backend_phys_to_virt(unsigned long phys)
{
	return phys - BACKEND_PHYS_BASE + (unsigned long)backend.arena;
}

unsigned long backend_virt_to_phys(unsigned long virt)
{
	return virt - (unsigned long)backend.arena + BACKEND_PHYS_BASE;
}

uint64_t backend_page_phys(uint32_t page)
{
	return BACKEND_PHYS_BASE + ((uint64_t)page << backend.shift);
}

int64_t backend_phys_page(uint64_t phys)
{
	uint64_t page = (phys - BACKEND_PHYS_BASE) >> backend.shift;

	return phys >= BACKEND_PHYS_BASE && page < backend.pool ? (int64_t)page
								: -1;
}

/* ---- looking at pages from outside -------------------------------------- */

uint8_t backend_page_flags(uint32_t page)
{
	return backend_pool[page].flags;
}

uint32_t backend_pages_nowhere(void)
{
	uint32_t nr = 0;

	for (uint32_t i = 0; i < touched_nr; i++)
		nr += !(backend_pool[touched[i]].flags &
			(PAGE_HOST | PAGE_MAPPED | PAGE_CACHED));

	return nr;
}

int64_t backend_page_at(uint64_t private_page)
{
	if (private_page >= BACKEND_PRIVATE_MAX >> backend.shift)
		return -1;

	return (int64_t)behind[private_page] - 1;
}

const uint64_t *backend_mapped_words(uint64_t private_page)
{
	assert(private_page % 64 == 0);

	return mapped_bits + private_page / 64;
}

/* Never 0, and not the same in neighbouring pages. */
static uint8_t junk_byte(uint32_t page)
{
	return 0x80 | page % 127;
}

void backend_host_junk(uint32_t page)
{
	struct backend_page *p = &backend_pool[page];

	assert(p->flags & PAGE_HOST);
	if (p->junk == backend.generation)
		return;

	raw_fill(linear_bytes(page), junk_byte(page), page_bytes());
	p->junk = backend.generation;
}

void backend_host_write(uint32_t page, uint64_t value)
{
	assert(backend_pool[page].flags & PAGE_HOST);
	raw_copy(linear_bytes(page), &value, sizeof(value));
}

uint64_t backend_host_read(uint32_t page)
{
	uint64_t value;

	assert(backend_pool[page].flags & PAGE_HOST);
	raw_copy(&value, linear_bytes(page), sizeof(value));

	return value;
}

/* ---- ownership ---------------------------------------------------------- */

/* Common to both directions. Return: first pool page, or a negative error. */
static int64_t donation(unsigned long pfn, unsigned long nr)
{
	const unsigned long base = BACKEND_PHYS_BASE >> backend.shift;
	const unsigned long limit = 1ul << (48 - backend.shift);

	backend_count_call();
	if (!nr || nr > limit || pfn > limit - nr)
		return -22; /* EINVAL */
	if (pfn < base || pfn - base >= backend.pool ||
	    nr > backend.pool - (pfn - base))
		return -1; /* EPERM */

	return (int64_t)(pfn - base);
}

int backend_donate_hyp(unsigned long pfn, unsigned long nr)
{
	int64_t first = donation(pfn, nr);

	if (first < 0)
		return (int)first;

	for (uint64_t i = first; i < first + nr; i++)
		if (!(backend_pool[i].flags & PAGE_HOST))
			return -1; /* EPERM */

	for (uint64_t i = first; i < first + nr; i++) {
		touch(i);
		backend_pool[i].flags &= ~PAGE_HOST;
		backend.host--;
		backend_allow(i, true);
	}

	return 0;
}

/* All zero but the link, and cleaned? Remember the first page that is not. */
static void check_wiped(uint32_t page)
{
	struct backend_record *r = &backend.record;
	uint8_t *bytes = linear_bytes(page);
	size_t rest = page_bytes() - 8;
	size_t at = raw_nonzero(bytes + 8, rest);

	if (r->unwiped)
		return;

	if (at != rest) {
		r->unwiped_at = 8 + at;
		raw_copy(&r->unwiped_byte, bytes + 8 + at, 1);
	} else if (!(backend_pool[page].flags & PAGE_CLEAN)) {
		r->unwiped_at = UINT64_MAX;
	} else {
		return;
	}
	r->unwiped = true;
	r->unwiped_page = page;
}

int backend_donate_host(unsigned long pfn, unsigned long nr)
{
	int64_t first = donation(pfn, nr);

	if (first < 0)
		return (int)first;

	for (uint64_t i = first; i < first + nr; i++) {
		if (backend_pool[i].flags & PAGE_HOST)
			return -1; /* EPERM */
		if (backend_pool[i].flags & PAGE_MAPPED)
			return -16; /* EBUSY */
	}

	for (uint64_t i = first; i < first + nr; i++) {
		check_wiped(i);
		if (backend_pool[i].flags & PAGE_CACHED)
			backend.cached--;
		backend_pool[i].flags &= ~(PAGE_CACHED | PAGE_CLEAN);
		backend_pool[i].flags |= PAGE_HOST;
		backend.host++;
		backend_allow(i, false);
	}

	return 0;
}

/* ---- the private range -------------------------------------------------- */

int backend_reserve(unsigned long size, unsigned long *va)
{
	const unsigned long page = page_bytes();
	struct backend_range *range;

	backend_count_call();
	if (!size)
		return -22; /* EINVAL */
	if (backend.refuse_reserve || backend.ranges == BACKEND_RANGES ||
	    backend.private_used + page > BACKEND_PRIVATE_MAX ||
	    size > BACKEND_PRIVATE_MAX - page - backend.private_used)
		return -12; /* ENOMEM */

	range = &backend.range[backend.ranges++];
	range->start = backend.private_used;
	range->size = (size + page - 1) & ~(page - 1);
	/* some page between two ranges stays unmapped */
	backend.private_used += range->size + page;
	backend.private_used = (backend.private_used + 64 * page - 1) &
			       ~(64 * page - 1);
	*va = (unsigned long)backend_private(range->start);

	return 0;
}

/* Is [@va, +@size) page aligned and inside one range? Gives its first page. */
static bool private_pages(unsigned long va, unsigned long size,
			  uint64_t *private_page)
{
	uint64_t offset = va - (unsigned long)backend_private(0);

	if ((va | size) & (page_bytes() - 1))
		return false;

	for (uint32_t i = 0; i < backend.ranges; i++) {
		const struct backend_range *r = &backend.range[i];

		if (offset >= r->start && offset - r->start <= r->size &&
		    size <= r->size - (offset - r->start)) {
			*private_page = offset >> backend.shift;
			return true;
		}
	}

	return false;
}

static void map_page(uint64_t private_page, uint32_t page)
{
	struct backend_page *p = &backend_pool[page];

	backend_allow(private_to_arena_page(private_page), true);
	raw_copy(backend_private(private_page << backend.shift),
		 linear_bytes(page), page_bytes());
	backend_allow(page, false);
	p->flags |= PAGE_MAPPED;
	p->flags &= ~PAGE_CLEAN;
	p->va_page = private_page;
	set_behind(private_page, page + 1);
	backend.mapped++;
}

static void unmap_page(uint64_t private_page)
{
	uint32_t page = behind[private_page] - 1;
	struct backend_page *p = &backend_pool[page];

	raw_copy(linear_bytes(page),
		 backend_private(private_page << backend.shift), page_bytes());
	backend_allow(private_to_arena_page(private_page), false);
	backend_allow(page, !(p->flags & PAGE_HOST));
	p->flags &= ~PAGE_MAPPED;
	p->junk = 0;
	set_behind(private_page, 0);
	backend.mapped--;
}

int backend_map_range(unsigned long va, unsigned long phys, unsigned long size)
{
	uint64_t at, nr = size >> backend.shift;
	int64_t page = backend_phys_page(phys);

	backend_count_call();
	if ((phys & (page_bytes() - 1)) || !private_pages(va, size, &at))
		return -22; /* EINVAL */

	for (uint64_t i = 0; i < nr; i++) {
		const char *why = NULL;

		if (page < 0 || page + i >= backend.pool)
			why = "maps a page that is not memory";
		else if (backend_pool[page + i].flags & PAGE_HOST)
			why = "maps a page of the host";
		else if (backend_pool[page + i].flags & PAGE_MAPPED)
			why = "maps a page that is mapped already";
		else if (behind[at + i])
			why = "maps where a page is mapped already";
		if (why)
			backend_panic("pkvm_map_private_va_range", NULL, 0,
				      why);
	}

	if (backend.fail_map && nr) {
		if (backend.fail_map <= nr) {
			backend.fail_map = 0;
			return -12; /* ENOMEM */
		}
		backend.fail_map -= nr;
	}

	for (uint64_t i = 0; i < nr; i++)
		map_page(at + i, page + i);

	return 0;
}

unsigned long backend_lookup(unsigned long va)
{
	uint64_t at, offset = va & (page_bytes() - 1);

	backend_count_call();
	if (!private_pages(va - offset, page_bytes(), &at) || !behind[at])
		backend_panic("pkvm_private_va_range_pa", NULL, 0,
			      "looks up an address that is not mapped");

	return backend_page_phys(behind[at] - 1) + offset;
}

void backend_unmap_range(unsigned long from, unsigned long to)
{
	struct backend_record *r = &backend.record;
	uint64_t at, nr;

	backend_count_call();
	if (from > to || !private_pages(from, to - from, &at))
		backend_panic("pkvm_remove_mappings", NULL, 0,
			      "the range is not one of whole private pages");

	nr = (to - from) >> backend.shift;
	for (uint64_t i = 0; i < nr; i++)
		if (!behind[at + i])
			backend_panic("pkvm_remove_mappings", NULL, 0,
				      "a page of the range is not mapped");

	for (uint64_t i = 0; i < nr; i++)
		unmap_page(at + i);
	if (nr && at < r->unmap_lo)
		r->unmap_lo = at;
	if (nr && at + nr > r->unmap_hi)
		r->unmap_hi = at + nr;
}
