/* SPDX-License-Identifier: GPL-2.0-only */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "access.h"
#include "asan.h"
#include "state.h"

/*
 * The world: who owns which page and where its bytes are. Every page that is
 * touched is put on a list, and a reset goes through that list only.
 */

struct backend backend;
uint8_t backend_allowed[ARENA_PAGES];
uint8_t backend_ready[BACKEND_PRIVATE_MAX >> 6];
struct backend_page backend_pool[POOL_MAX];

#if HYPHEAP_ASAN
uintptr_t access_shadow;
#endif

uint32_t backend_behind[BACKEND_PRIVATE_MAX >> 12];
static uint64_t mapped_bits[BACKEND_PRIVATE_MAX >> 12 >> 6]; /* the same */
static uint64_t linear_poison;
static uint32_t touched[POOL_MAX];
static uint32_t touched_nr;

uint8_t *backend_private(uint64_t offset)
{
	return backend.arena + BACKEND_LINEAR_MAX + offset;
}

void backend_allow(uint64_t arena_page, const struct backend_page *page)
{
	if (backend.mmu && backend_allowed[arena_page] != (page != NULL))
		backend_mmu_allow(arena_page, page != NULL);
	backend_allowed[arena_page] = page != NULL;
	if (page && page->flags & PAGE_MAPPED)
		content_ready(page);
	if (page && backend.eager)
		content_need((uintptr_t)backend.arena +
				     (arena_page << backend.shift),
			     page_bytes());
}

static void create_arena(void)
{
	const size_t guard = backend.mmu ? BACKEND_MMU_GUARD : 0;
	const size_t bytes = ARENA_BYTES + BACKEND_LINEAR_MAX + 2 * guard;
	char *at = mmap(NULL, bytes + ARENA_ALIGN, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at != MAP_FAILED)
		at += guard + -((uintptr_t)at + guard) % ARENA_ALIGN;
	if (at == MAP_FAILED ||
	    (!backend.mmu &&
	     mprotect(at, ARENA_BYTES, PROT_READ | PROT_WRITE))) {
		perror("hypheap: no memory for the fake EL2 memory");
		exit(3);
	}
#if HYPHEAP_ASAN
	size_t scale;

	__asan_get_shadow_mapping(&scale, &access_shadow);
	assert(scale == 3);
#endif
	backend.arena = (uint8_t *)at;
	if (backend.mmu)
		backend_mmu_create();
	backend.window = (uintptr_t)backend_private(0);
	for (uint32_t i = 0; i < POOL_MAX; i++)
		backend_pool[i].flags = PAGE_HOST;
}

void backend_set_behind(uint64_t private_page, uint32_t behind_it)
{
	const uint64_t bit = 1ull << (private_page % 64);

	backend_behind[private_page] = behind_it;
	if (behind_it) {
		mapped_bits[private_page / 64] |= bit;
		if (backend.mapped_top <= private_page)
			backend.mapped_top = private_page + 1;
	} else {
		mapped_bits[private_page / 64] &= ~bit;
		memset(backend_ready + private_page * 64, 0, 64);
	}
}

/*
 * The arena is poison: what reaches a byte of it without a question to
 * content.c is not meant to. ASan's shadow of what has not been in use yet
 * costs time and memory; it is poisoned as the worlds grow. What lies beyond is
 * refused by backend_allowed[].
 */
void backend_poison_to(uint64_t *done, uint64_t base, uint64_t end)
{
	if (end <= *done)
		return;

	ASAN_POISON_MEMORY_REGION(backend.arena + base + *done, end - *done);
	*done = end;
}

void backend_touch(uint32_t page)
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
			backend_set_behind(page->va_page, 0);
			backend_allow(private_to_arena_page(page->va_page),
				      NULL);
		}
		backend_allow(touched[i], NULL);
		page->flags = PAGE_HOST;
		page->present = 0;
		page->zero = 0;
	}
	touched_nr = 0;
}

void backend_reset(uint32_t page_shift, uint32_t pool, uint32_t cpus)
{
	if (!backend.arena)
		create_arena();

	assert(pool <= POOL_MAX);
	assert((uint64_t)pool << page_shift <= BACKEND_LINEAR_MAX);
	assert(cpus >= 1 && cpus <= BACKEND_CPUS_MAX);

	untouch_all();
	backend_poison_to(&linear_poison, 0, (uint64_t)pool << page_shift);
	backend.shift = page_shift;
	backend.block_shift = page_shift - 6;
	backend.pool = pool;
	backend.cpus = cpus;
	backend.cpu = 0;
	backend.host = pool;
	backend.cached = 0;
	backend.mapped = 0;
	backend.guest = 0;
	backend.fail_map = 0;
	backend.fail_donate = 0;
	backend.fail_page = 0;
	backend.fail_hvc = 0;
	backend.refuse_reserve = false;
	backend.ranges = 0;
	backend.private_used = 0;
	backend.mapped_top = 0;
	backend.locks = 0;
	memset(backend.locks_of, 0, sizeof(backend.locks_of));
	backend.ended = false;
	backend.nested = false;
	backend.hooks = (struct backend_hooks){.data = NULL};
	backend_enter(false);
	backend_begin(0);
	if (backend.mmu)
		backend_mmu_reset();
}

void backend_begin(uint64_t bound)
{
	backend.calls_bound = bound;
	backend.accesses_bound = INT64_MAX;
	if (bound <= INT64_MAX / ACCESSES_PER_CALL)
		backend.accesses_bound = bound * ACCESSES_PER_CALL;
	backend.accesses_left = (int64_t)backend.accesses_bound;
	backend_record_begins();
}

void backend_enter(bool host)
{
	uintptr_t end;

	/* only EL2's accesses are bounded */
	if (host && !backend.host_side) {
		backend.el2_left = backend.accesses_left;
		backend.accesses_left = INT64_MAX;
	} else if (!host && backend.host_side) {
		backend.accesses_left = backend.el2_left;
	}
	backend.host_side = host;
	backend_set_plain();
	backend.own = host ? backend.host_data : backend.data;
	end = host ? backend.host_data_end : backend.data_end;
	backend.own_bytes = end - backend.own > 16 ? end - backend.own - 15 : 0;
}

/* ---- addresses ---------------------------------------------------------- */

unsigned long backend_phys_to_virt(unsigned long phys)
{
	return phys - BACKEND_PHYS_BASE + (unsigned long)backend.arena;
}

/* Of what is in no window the arithmetic would depend on where those are. */
unsigned long backend_virt_to_phys(unsigned long virt)
{
	const unsigned long offset = virt - (unsigned long)backend.arena;

	if (offset >= ARENA_BYTES)
		return BACKEND_PHYS_NONE | (virt & 0xffff);

	return offset + BACKEND_PHYS_BASE;
}

uint64_t backend_page_phys(uint32_t page)
{
	return BACKEND_PHYS_BASE + ((uint64_t)page << backend.shift);
}

unsigned long backend_host_window(void)
{
	return (unsigned long)backend.arena + HOST_WINDOW;
}

int64_t backend_phys_page(uint64_t phys)
{
	uint64_t page = (phys - BACKEND_PHYS_BASE) >> backend.shift;

	return phys >= BACKEND_PHYS_BASE && page < backend.pool ? (int64_t)page
								: -1;
}

/* ---- looking at pages from outside -------------------------------------- */

uint16_t backend_page_flags(uint32_t page)
{
	return backend_pool[page].flags;
}

uint32_t backend_pages_nowhere(void)
{
	uint32_t nr = 0;

	for (uint32_t i = 0; i < touched_nr; i++)
		nr += !(backend_pool[touched[i]].flags &
			(PAGE_HOST | PAGE_MAPPED | PAGE_CACHED | PAGE_GUEST));

	return nr;
}

int64_t backend_page_at(uint64_t private_page)
{
	if (private_page >= BACKEND_PRIVATE_MAX >> backend.shift)
		return -1;

	return (int64_t)backend_behind[private_page] - 1;
}

const uint64_t *backend_mapped_words(uint64_t private_page)
{
	assert(private_page % 64 == 0);

	return mapped_bits + private_page / 64;
}

void backend_host_write(uint32_t page, uint64_t offset, uint64_t value)
{
	assert(backend_pool[page].flags & PAGE_HOST);
	assert(offset % 8 == 0 && offset < page_bytes());
	raw_copy(linear_bytes(page) + offset, &value, sizeof(value));
}

uint64_t backend_host_read(uint32_t page, uint64_t offset)
{
	uint64_t value;

	assert(backend_pool[page].flags & PAGE_HOST);
	assert(offset % 8 == 0 && offset < page_bytes());
	raw_copy(&value, linear_bytes(page) + offset, sizeof(value));

	return value;
}
