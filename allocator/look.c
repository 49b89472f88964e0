/* SPDX-License-Identifier: GPL-2.0-only */
#include "heap.h"

#include <assert.h>
#include <string.h>

#include "backend/memory.h"
#include "internal.h"
#include "model/step.h"

/* The heap from outside: pages, headers, bytes. Nothing here calls the target. */

uint64_t heap_bytes(void)
{
	return heap_extent().size;
}

void heap_pages(struct heap_pages *pages)
{
	uint32_t seen =
		backend.host + backend.cached + backend.mapped + backend.guest;

	pages->host = backend.host;
	pages->spare = backend.cached;
	pages->mapped = backend.mapped;
	pages->guest = backend.guest;
	pages->hyp = seen < backend.pool ? backend.pool - seen : 0;
}

static uint8_t *heap_at(uint64_t offset)
{
	return backend_private(heap_extent().start + offset);
}

int64_t heap_page_at(uint64_t page)
{
	const struct heap_extent heap = heap_extent();

	if (page >= heap.size >> backend.shift)
		return -1;

	return backend_page_at((heap.start >> backend.shift) + page);
}

bool heap_mapped(uint64_t page)
{
	return heap_page_at(page) >= 0;
}

const uint64_t *heap_map(void)
{
	return backend_mapped_words(heap_extent().start >> backend.shift);
}

uint64_t heap_map_top(void)
{
	const struct heap_extent heap = heap_extent();
	const uint64_t first = heap.start >> backend.shift;
	const uint64_t pages = heap.size >> backend.shift;

	if (backend.mapped_top <= first)
		return 0;

	return backend.mapped_top - first < pages ? backend.mapped_top - first
						  : pages;
}

/* ---- CPUs and armed faults ---------------------------------------------- */

void heap_set_cpu(uint32_t cpu)
{
	assert(cpu < backend.cpus);
	backend_set_cpu(cpu);
}

void heap_fail_map(uint64_t n)
{
	backend.fail_map = n;
}

void heap_fail_donate(uint64_t n)
{
	backend.fail_donate = n;
}

void heap_fail_page(uint64_t n)
{
	backend.fail_page = n;
}

void heap_fail_hvc(uint64_t n)
{
	backend.fail_hvc = n;
}

bool heap_fault_armed(void)
{
	return backend.fail_map || backend.fail_donate || backend.fail_page ||
	       backend.fail_hvc;
}

void heap_set_hooks(const struct heap_hooks *hooks)
{
	backend.hooks = (struct backend_hooks){.data = NULL};
	if (hooks)
		backend.hooks = (struct backend_hooks){
			.unlock = hooks->unlock,
			.donate = hooks->donate,
			.data = hooks->data,
		};
}

void heap_refuse_reserve(bool refuse)
{
	backend.refuse_reserve = refuse;
}

/* ---- headers ------------------------------------------------------------ */

static const char *why_not_a_header(uint64_t offset, uint64_t size)
{
	if (offset % 16)
		return "a header that is not 16-aligned";
	if (offset >= size || size - offset < 16)
		return "a header outside the heap";
	if (!heap_mapped(offset >> backend.shift))
		return "a header on a page that is not mapped";

	return NULL;
}

uint32_t heap_walk(struct header *out, uint32_t max, const char **broken,
		   uint64_t *broken_at)
{
	const uint64_t size = heap_bytes();
	uint64_t offset = 0;
	uint32_t nr = 0;

	*broken = NULL;
	if (!size || !heap_mapped(0))
		return 0;

	for (;;) {
		*broken = why_not_a_header(offset, size);
		if (!*broken && nr == max)
			*broken = "more headers than the heap can hold";
		if (*broken) {
			*broken_at = offset;
			return nr;
		}

		heap_header(offset, &out[nr]);
		offset += out[nr].next;
		if (!out[nr++].next)
			return nr;
	}
}

bool heap_header(uint64_t offset, struct header *out)
{
	uint32_t words[4];

	if (!heap_mapped(offset >> backend.shift))
		return false;

	raw_copy(words, heap_at(offset), sizeof(words));
	*out = (struct header){
		.offset = (uint32_t)offset,
		.next = words[0],
		.prev = words[1],
		.unmapped = words[2],
		.hash = words[3],
	};

	return true;
}

/* ---- bytes -------------------------------------------------------------- */

/* Length of the piece of [offset, offset + size) that lies on one page. */
static uint64_t piece(uint64_t offset, uint64_t size)
{
	uint64_t page = 1ull << backend.shift;
	uint64_t rest = page - (offset & (page - 1));

	return size < rest ? size : rest;
}

void heap_fill(uint64_t offset, const void *bytes, uint64_t size)
{
	const uint8_t *from = bytes;

	while (size) {
		uint64_t n = piece(offset, size);

		if (heap_mapped(offset >> backend.shift))
			raw_copy(heap_at(offset), from, n);
		offset += n;
		from += n;
		size -= n;
	}
}

void heap_read(uint64_t offset, void *bytes, uint64_t size)
{
	uint8_t *to = bytes;

	memset(to, 0, size);
	while (size) {
		uint64_t n = piece(offset, size);

		if (heap_mapped(offset >> backend.shift))
			raw_copy(to, heap_at(offset), n);
		offset += n;
		to += n;
		size -= n;
	}
}

uint64_t heap_nonzero(uint64_t offset, uint64_t size, uint8_t *byte)
{
	uint64_t done = 0;

	while (done < size) {
		uint64_t n = piece(offset + done, size - done);

		if (heap_mapped((offset + done) >> backend.shift)) {
			uint64_t at = raw_nonzero(heap_at(offset + done), n);

			if (at < n) {
				raw_copy(byte, heap_at(offset + done + at), 1);
				return done + at;
			}
		}
		done += n;
	}

	return size;
}

uint64_t heap_differ(uint64_t offset, const void *bytes, uint64_t size,
		     uint8_t *actual)
{
	const uint8_t *expect = bytes;
	uint64_t done = 0;

	while (done < size) {
		uint64_t n = piece(offset + done, size - done);

		if (heap_mapped((offset + done) >> backend.shift)) {
			uint64_t at = raw_differ(heap_at(offset + done),
						 expect + done, n);

			if (at < n) {
				raw_copy(actual, heap_at(offset + done + at),
					 1);
				return done + at;
			}
		}
		done += n;
	}

	return size;
}

bool heap_damage;

void heap_damaged(bool damaged)
{
	heap_damage = damaged;
}

/* ---- pages of memory ---------------------------------------------------- */

void heap_host_junk(uint32_t page)
{
	backend_host_junk(page);
}

void heap_host_write(uint32_t page, uint64_t value)
{
	backend_host_write(page, 0, value);
}

uint64_t heap_host_read(uint32_t page)
{
	return backend_host_read(page, 0);
}

bool heap_host_owns(uint32_t page)
{
	return backend_page_flags(page) & PAGE_HOST;
}

enum heap_owner heap_owner(uint64_t phys)
{
	int64_t page = backend_phys_page(phys);
	uint16_t flags;

	if (page < 0)
		return HEAP_NOT_MEMORY;

	flags = backend_page_flags((uint32_t)page);
	if (flags & PAGE_HOST)
		return flags & PAGE_SHARED ? HEAP_SHARED : HEAP_HOST;

	return flags & PAGE_GUEST ? HEAP_GUEST : HEAP_HYP;
}

/* The page that @offset bytes behind the start of @page lie in, if the host's. */
static bool hosts_place(uint32_t *page, uint32_t *offset)
{
	const uint64_t at = *page + (uint64_t)(*offset >> backend.shift);

	assert(*offset % 8 == 0);
	if (at >= backend.pool || !heap_host_owns((uint32_t)at))
		return false;

	*page = (uint32_t)at;
	*offset &= (1u << backend.shift) - 1;

	return true;
}

bool heap_poke(uint32_t page, uint32_t offset, uint64_t value)
{
	if (!hosts_place(&page, &offset))
		return false;

	backend_host_write(page, offset, value);

	return true;
}

bool heap_peek(uint32_t page, uint32_t offset, uint64_t *value)
{
	if (!hosts_place(&page, &offset))
		return false;

	*value = backend_host_read(page, offset);

	return true;
}

uint64_t heap_page_phys(uint32_t page)
{
	return backend_page_phys(page);
}

uint64_t heap_page_host(uint32_t page)
{
	return backend_page_phys(page) - BACKEND_PHYS_BASE +
	       backend_host_window();
}

uint64_t heap_page_el2(uint32_t page)
{
	return backend_phys_to_virt(backend_page_phys(page));
}

uint64_t heap_phys_behind(uint64_t address)
{
	const uint64_t offset = address - backend_host_window();

	if (offset < BACKEND_LINEAR_MAX)
		return BACKEND_PHYS_BASE + offset;

	return backend_virt_to_phys(address);
}

uint64_t heap_portable(uint64_t word)
{
	/* a count that began as an address may have gone below the first */
	const uint64_t first = heap_page_el2(0) - (1u << 20);
	const uint64_t end = heap_page_host(0) + BACKEND_LINEAR_MAX;

	if (word < first || word >= end)
		return word;

	return BACKEND_PHYS_NONE | (word - first);
}

int64_t heap_phys_page(uint64_t phys)
{
	return backend_phys_page(phys);
}
