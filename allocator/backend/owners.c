/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>

#include "asan.h"
#include "state.h"

/*
 * Whose a page is: the host's, the hypervisor's or a guest's.
 */

/* Common to both directions. Return: first pool page, or a negative error. */
static int64_t donation(unsigned long pfn, unsigned long nr)
{
	const unsigned long base = BACKEND_PHYS_BASE >> backend.shift;
	const unsigned long limit = 1ul << (48 - backend.shift);

	backend_count_call();
	if (!nr || nr > limit || pfn > limit - nr)
		return -EINVAL;
	if (pfn < base || pfn - base >= backend.pool ||
	    nr > backend.pool - (pfn - base))
		return -EPERM;

	return (int64_t)(pfn - base);
}

/* May the host give [@first, +@nr) away? */
static bool hosts_alone(uint64_t first, unsigned long nr)
{
	for (uint64_t i = first; i < first + nr; i++)
		if ((backend_pool[i].flags & (PAGE_HOST | PAGE_SHARED)) !=
		    PAGE_HOST)
			return false;

	return true;
}

int backend_donate_hyp(unsigned long pfn, unsigned long nr)
{
	int64_t first;

	if (backend.hooks.donate)
		backend_run_hook(backend.hooks.donate);

	first = donation(pfn, nr);
	if (first < 0)
		return (int)first;
	if (!hosts_alone(first, nr))
		return -EPERM;
	if (backend_is_due(&backend.fail_donate))
		return -ENOMEM;

	for (uint64_t i = first; i < first + nr; i++) {
		backend_touch(i);
		backend_pool[i].flags &= ~PAGE_HOST;
		backend_pool[i].flags |= PAGE_AS_WAS;
		backend.host--;
		backend_allow(i, &backend_pool[i]);
	}

	return 0;
}

/*
 * All zero but the link, and cleaned? Remember the first page that is not. A
 * page that EL2 never wrote to holds nothing but the host's own bytes. Of an
 * allocator whose accesses are not checked nobody asks it.
 */
static void check_wiped(uint32_t page)
{
	struct backend_record *r = &backend.record;
	size_t at;

	if (r->unwiped || backend.eager ||
	    (backend_pool[page].flags & PAGE_AS_WAS))
		return;

	at = content_nonzero(&backend_pool[page], 8, page_bytes());
	if (at != page_bytes()) {
		r->unwiped_at = at;
		raw_copy(&r->unwiped_byte, linear_bytes(page) + at, 1);
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
		if (backend_pool[i].flags & (PAGE_HOST | PAGE_GUEST))
			return -EPERM;
		if (backend_pool[i].flags & PAGE_MAPPED)
			return -EBUSY;
	}

	for (uint64_t i = first; i < first + nr; i++) {
		check_wiped(i);
		if (backend_pool[i].flags & PAGE_CACHED)
			backend.cached--;
		backend_pool[i].flags &=
			~(PAGE_CACHED | PAGE_CLEAN | PAGE_AS_WAS);
		backend_pool[i].flags |= PAGE_HOST;
		backend.host++;
		backend_allow(i, NULL);
	}

	return 0;
}

int backend_share_hyp(unsigned long pfn)
{
	int64_t page = donation(pfn, 1);

	if (page < 0)
		return (int)page;
	if ((backend_pool[page].flags & (PAGE_HOST | PAGE_SHARED)) != PAGE_HOST)
		return -EPERM;

	backend_touch((uint32_t)page);
	backend_pool[page].flags |= PAGE_SHARED;
	backend_allow((uint64_t)page, &backend_pool[page]);

	return 0;
}

int backend_unshare_hyp(unsigned long pfn)
{
	int64_t page = donation(pfn, 1);

	if (page < 0)
		return (int)page;
	if (!(backend_pool[page].flags & PAGE_SHARED))
		return -EPERM;

	backend_pool[page].flags &= ~PAGE_SHARED;
	backend_allow((uint64_t)page, NULL);

	return 0;
}

int backend_shared(unsigned long phys, unsigned long size)
{
	const uint64_t memory = (uint64_t)backend.pool << backend.shift;
	const uint64_t at = phys - BACKEND_PHYS_BASE;

	backend_count_call();
	if (at >= memory || !size || size > memory - at)
		return 0;

	for (uint64_t page = at >> backend.shift;
	     page <= (at + size - 1) >> backend.shift; page++)
		if (!(backend_pool[page].flags & PAGE_SHARED))
			return 0;

	return 1;
}

/* ---- guests ------------------------------------------------------------- */

int backend_donate_guest(unsigned long pfn, unsigned int handle)
{
	int64_t page = donation(pfn, 1);
	struct backend_page *p;

	if (page < 0)
		return (int)page;
	if (!hosts_alone((uint64_t)page, 1))
		return -EPERM;

	/* what the guest writes there: it is not to reach the host again */
	backend_host_junk((uint32_t)page);
	p = &backend_pool[page];
	p->flags &= ~PAGE_HOST;
	p->flags |= PAGE_GUEST;
	p->guest = handle;
	backend.host--;
	backend.guest++;

	return 0;
}

long backend_guest(unsigned long pfn)
{
	int64_t page = donation(pfn, 1);

	if (page < 0)
		return page;
	if (!(backend_pool[page].flags & PAGE_GUEST))
		return -EPERM;

	return backend_pool[page].guest;
}

int backend_take_guest(unsigned long pfn)
{
	long handle = backend_guest(pfn);
	uint32_t page;

	if (handle < 0)
		return (int)handle;

	page = (uint32_t)backend_phys_page(pfn << backend.shift);
	backend_pool[page].flags &= ~(PAGE_GUEST | PAGE_CLEAN | PAGE_AS_WAS);
	backend.guest--;
	backend_allow(page, &backend_pool[page]);

	return 0;
}

const char *backend_page_state(uint32_t page)
{
	const uint16_t flags = backend_pool[page].flags;

	if (flags & PAGE_HOST)
		return "a page of the host";
	if (flags & PAGE_GUEST)
		return "a page of a guest";

	return flags & PAGE_MAPPED ? "the linear map of a mapped page"
				   : "a page of the hypervisor";
}
