/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>

#include "asan.h"
#include "state.h"

/* Where pages are at EL2: private ranges, mapping. See owners.c for whose. */

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

	if (backend.mmu)
		backend_mmu_map(private_page, page);
	else
		content_move(p, backend_private(private_page << backend.shift),
			     linear_bytes(page));
	backend_allow(page, NULL);
	p->flags |= PAGE_MAPPED;
	p->flags &= ~(PAGE_CLEAN | PAGE_AS_WAS);
	p->va_page = private_page;
	backend_set_behind(private_page, page + 1);
	backend_allow(private_to_arena_page(private_page), p);
	backend.mapped++;
}

static void unmap_page(uint64_t private_page)
{
	uint32_t page = backend_behind[private_page] - 1;
	struct backend_page *p = &backend_pool[page];

	if (!backend.mmu)
		content_move(p, linear_bytes(page),
			     backend_private(private_page << backend.shift));
	backend_allow(private_to_arena_page(private_page), NULL);
	p->flags &= ~PAGE_MAPPED;
	backend_set_behind(private_page, 0);
	backend_allow(page, p->flags & PAGE_HOST ? NULL : p);
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
		else if (backend_pool[page + i].flags & PAGE_GUEST)
			why = "maps a page of a guest";
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
