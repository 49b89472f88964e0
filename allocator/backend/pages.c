/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>

#include "asan.h"
#include "state.h"

/* How pages change hands and places: donation, private ranges, mapping. */

/* ---- ownership ---------------------------------------------------------- */

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

int backend_donate_hyp(unsigned long pfn, unsigned long nr)
{
	int64_t first = donation(pfn, nr);

	if (first < 0)
		return (int)first;

	for (uint64_t i = first; i < first + nr; i++)
		if ((backend_pool[i].flags & (PAGE_HOST | PAGE_SHARED)) !=
		    PAGE_HOST)
			return -EPERM;

	for (uint64_t i = first; i < first + nr; i++) {
		backend_touch(i);
		backend_pool[i].flags &= ~PAGE_HOST;
		backend_pool[i].flags |= PAGE_AS_WAS;
		backend.host--;
		backend_allow(i, true);
	}

	return 0;
}

/*
 * All zero but the link, and cleaned? Remember the first page that is not. A
 * page that EL2 never wrote to holds nothing but the host's own bytes.
 */
static void check_wiped(uint32_t page)
{
	struct backend_record *r = &backend.record;
	uint8_t *bytes = linear_bytes(page);
	size_t rest = page_bytes() - 8;
	size_t at = raw_nonzero(bytes + 8, rest);

	if (r->unwiped || (backend_pool[page].flags & PAGE_AS_WAS))
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
		backend_allow(i, false);
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
	backend_allow((uint64_t)page, true);

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
	backend_allow((uint64_t)page, false);

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

/* ---- the private range -------------------------------------------------- */

static uint64_t private_poison;

int backend_reserve(unsigned long size, unsigned long *va)
{
	const unsigned long page = page_bytes();
	struct backend_range *range;

	backend_count_call();
	if (!size)
		return -EINVAL;
	if (backend.refuse_reserve || backend.ranges == BACKEND_RANGES ||
	    backend.private_used + page > BACKEND_PRIVATE_MAX ||
	    size > BACKEND_PRIVATE_MAX - page - backend.private_used)
		return -ENOMEM;

	range = &backend.range[backend.ranges++];
	range->start = backend.private_used;
	range->size = (size + page - 1) & ~(page - 1);
	/* some page between two ranges stays unmapped */
	backend.private_used += range->size + page;
	backend.private_used = (backend.private_used + 64 * page - 1) &
			       ~(64 * page - 1);
	backend_poison_to(&private_poison, BACKEND_LINEAR_MAX,
			  backend.private_used);
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
	p->flags &= ~(PAGE_CLEAN | PAGE_AS_WAS);
	p->va_page = private_page;
	backend_set_behind(private_page, page + 1);
	backend.mapped++;
}

static void unmap_page(uint64_t private_page)
{
	uint32_t page = backend_behind[private_page] - 1;
	struct backend_page *p = &backend_pool[page];

	raw_copy(linear_bytes(page),
		 backend_private(private_page << backend.shift), page_bytes());
	backend_allow(private_to_arena_page(private_page), false);
	backend_allow(page, !(p->flags & PAGE_HOST));
	p->flags &= ~PAGE_MAPPED;
	p->junk = 0;
	backend_set_behind(private_page, 0);
	backend.mapped--;
}

int backend_map_range(unsigned long va, unsigned long phys, unsigned long size)
{
	uint64_t at, nr = size >> backend.shift;
	int64_t page = backend_phys_page(phys);

	backend_count_call();
	if ((phys & (page_bytes() - 1)) || !private_pages(va, size, &at))
		return -EINVAL;

	for (uint64_t i = 0; i < nr; i++) {
		const char *why = NULL;

		if (page < 0 || page + i >= backend.pool)
			why = "maps a page that is not memory";
		else if (backend_pool[page + i].flags & PAGE_HOST)
			why = "maps a page of the host";
		else if (backend_pool[page + i].flags & PAGE_MAPPED)
			why = "maps a page that is mapped already";
		else if (backend_behind[at + i])
			why = "maps where a page is mapped already";
		if (why)
			backend_panic("pkvm_map_private_va_range", NULL, 0,
				      why);
	}

	if (backend.fail_map && nr) {
		if (backend.fail_map <= nr) {
			backend.fail_map = 0;
			return -ENOMEM;
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
	if (!private_pages(va - offset, page_bytes(), &at) ||
	    !backend_behind[at])
		backend_panic("pkvm_private_va_range_pa", NULL, 0,
			      "looks up an address that is not mapped");

	return backend_page_phys(backend_behind[at] - 1) + offset;
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
		if (!backend_behind[at + i])
			backend_panic("pkvm_remove_mappings", NULL, 0,
				      "a page of the range is not mapped");

	for (uint64_t i = 0; i < nr; i++)
		unmap_page(at + i);
	if (nr && at < r->unmap_lo)
		r->unmap_lo = at;
	if (nr && at + nr > r->unmap_hi)
		r->unmap_hi = at + nr;
}
