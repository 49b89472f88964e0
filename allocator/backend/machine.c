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

/* The same for the host's code: a page of its own, by its address of it. */
static struct backend_page *host_link_page(uintptr_t at, bool store,
					   uintptr_t pc)
{
	const uint64_t offset = at - backend_host_window();

	backend_host_bytes(at, 8, store, pc); /* refuses what is not there */
	if (offset & (page_bytes() - 1))
		backend_refuse(at, 8, store, pc);

	return &backend_pool[offset >> backend.shift];
}

void backend_cache_push(const void *mc, void *page, unsigned long link)
{
	const uintptr_t at = (uintptr_t)page;
	struct backend_page *p;

	if (backend.host_side) {
		content_set_link(host_link_page(at, true, PC), link);
		return;
	}

	p = link_page(mc, at, true, PC);
	content_set_link(p, link);
	p->flags &= ~PAGE_AS_WAS;
	if (p->flags & PAGE_MAPPED) {
		uint64_t offset = (uint64_t)p->va_page << backend.shift;

		backend_note_store(offset, offset + sizeof(link));
	}
	if (!(p->flags & PAGE_CACHED))
		backend.cached++;
	p->flags |= PAGE_CACHED;
}

unsigned long backend_cache_pop(const void *mc, void *page)
{
	const uintptr_t at = (uintptr_t)page;
	struct backend_page *p;

	if (backend.host_side)
		return content_link(host_link_page(at, false, PC));

	p = link_page(mc, at, false, PC);
	if (p->flags & PAGE_CACHED)
		backend.cached--;
	p->flags &= ~PAGE_CACHED;

	return content_link(p);
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
