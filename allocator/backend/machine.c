/* SPDX-License-Identifier: GPL-2.0-only */
#include "asan.h"
#include "state.h"

/*
 * The parts of the machine that are not pages: CPUs, locks, memcaches, cache
 * maintenance.
 */

#define PC ((uintptr_t)__builtin_return_address(0))

/* ---- CPUs and locks ----------------------------------------------------- */

void backend_set_cpu(uint32_t cpu)
{
	backend.locks_of[backend.cpu] = backend.locks;
	backend.locks = backend.locks_of[cpu];
	backend.cpu = cpu;
	backend_set_plain();
}

UNSANITIZED unsigned int backend_cpu(void)
{
	return backend.cpu;
}

UNSANITIZED unsigned int backend_cpus(void)
{
	return backend.cpus;
}

UNSANITIZED void backend_lock(unsigned int *holder, const char *function)
{
	backend_count_call();
	if (*holder == backend.cpu + 1)
		backend_hang("takes a lock that this CPU holds already", PC);
	if (*holder)
		backend_panic(function, NULL, 0,
			      "takes a lock that a stopped CPU holds");
	*holder = backend.cpu + 1;
	backend.locks++;
	backend_set_plain();
}

UNSANITIZED void backend_unlock(unsigned int *holder, const char *function)
{
	backend_count_call();
	if (*holder != backend.cpu + 1 || !backend.locks)
		backend_panic(function, NULL, 0,
			      "drops a lock that this CPU does not hold");
	*holder = 0;
	backend.locks--;
	backend_set_plain();
	if (backend.hooks.unlock)
		backend_run_hook(backend.hooks.unlock);
}

/* ---- memcaches and cache maintenance ------------------------------------ */

/*
 * The page that a memcache link lies in, by the linear address the hypervisor
 * has for it: the page's own, for a link is its first word. A fault if it may
 * not have it.
 */
static struct backend_page *link_page(const void *mc, uintptr_t at, bool store,
				      uintptr_t pc)
{
	const uint64_t offset = at - (uintptr_t)backend.arena;
	const uint64_t page = offset >> backend.shift;

	backend_count_call();
	if (offset >= BACKEND_LINEAR_MAX || page >= backend.pool ||
	    offset & ((1ul << backend.shift) - 1) ||
	    (backend_pool[page].flags & (PAGE_HOST | PAGE_GUEST)))
		backend_refuse(at, 8, store, pc);
	if (!backend.locks &&
	    (uintptr_t)mc - backend.data < backend.data_end - backend.data)
		backend.record.unlocked_cache = true;

	return &backend_pool[page];
}

/* Where the first 8 bytes of a page are now. */
static uint8_t *link_bytes(const struct backend_page *page)
{
	if (page->flags & PAGE_MAPPED)
		return backend_private((uint64_t)page->va_page
				       << backend.shift);

	return linear_bytes((uint32_t)(page - backend_pool));
}

void backend_cache_push(const void *mc, void *page, unsigned long link)
{
	struct backend_page *p;
	uint8_t *bytes;

	if (backend.host_side) {
		raw_copy(backend_host_bytes((uintptr_t)page, sizeof(link), true,
					    PC),
			 &link, sizeof(link));
		return;
	}

	p = link_page(mc, (uintptr_t)page, true, PC);
	bytes = link_bytes(p);

	raw_copy(bytes, &link, sizeof(link));
	p->flags &= ~PAGE_AS_WAS;
	if (p->flags & PAGE_MAPPED) {
		uint64_t offset = bytes - backend_private(0);

		backend_note_store(offset, offset + sizeof(link));
	}
	if (!(p->flags & PAGE_CACHED))
		backend.cached++;
	p->flags |= PAGE_CACHED;
}

unsigned long backend_cache_pop(const void *mc, void *page)
{
	struct backend_page *p;
	unsigned long link;

	if (backend.host_side) {
		raw_copy(&link,
			 backend_host_bytes((uintptr_t)page, sizeof(link),
					    false, PC),
			 sizeof(link));
		return link;
	}

	p = link_page(mc, (uintptr_t)page, false, PC);
	raw_copy(&link, link_bytes(p), sizeof(link));
	if (p->flags & PAGE_CACHED)
		backend.cached--;
	p->flags &= ~PAGE_CACHED;

	return link;
}

void backend_clean(void *addr, unsigned long size)
{
	const uint64_t offset = (uintptr_t)addr - (uintptr_t)backend.arena;
	const uint64_t bytes = 1ul << backend.shift;

	backend_count_call();
	if (offset >= BACKEND_LINEAR_MAX)
		return;

	for (uint64_t at = (offset + bytes - 1) & ~(bytes - 1);
	     at + bytes <= offset + size; at += bytes)
		if (at >> backend.shift < backend.pool)
			backend_pool[at >> backend.shift].flags |= PAGE_CLEAN;
}
