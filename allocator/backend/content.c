/* SPDX-License-Identifier: GPL-2.0-only */
#include "state.h"

#include <assert.h>
#include <string.h>

#include "asan.h"

/*
 * What is in the pages. A page is born as junk, is wiped as a whole, and of the
 * bytes in between a program touches few: headers, the objects it writes. So a
 * page is of 64 blocks, and the bytes of a block come into memory when somebody
 * is about to look at them one by one; until then they are all junk or all 0,
 * which costs a bit. Every look goes through here: the target's accesses by
 * content_need(), which the access check calls, all others by raw_...().
 *
 * With backend.mmu all bytes are always in memory: each page there is junk once
 * somebody looks at it (mmu.c), and here is nothing to be done.
 */

#define BLOCKS 64u

typedef uint64_t word __attribute__((may_alias, aligned(1)));

static uint32_t page_nr(const struct backend_page *page)
{
	return (uint32_t)(page - backend_pool);
}

static uint8_t junk_byte(const struct backend_page *page)
{
	return backend_junk_byte(page_nr(page));
}

static size_t block_bytes(void)
{
	return (size_t)1 << backend.block_shift;
}

/* Bits [@first, @end); @first < @end <= 64 */
static uint64_t bits(size_t first, size_t end)
{
	return ~0ull >> (BLOCKS - (end - first)) << first;
}

/* The blocks that [@lo, @hi) touches. */
static uint64_t touched_by(size_t lo, size_t hi)
{
	return bits(lo >> backend.block_shift,
		    ((hi - 1) >> backend.block_shift) + 1);
}

/* The blocks that lie in [@lo, @hi) as a whole. */
static uint64_t whole_in(size_t lo, size_t hi)
{
	const size_t first = (lo + block_bytes() - 1) >> backend.block_shift;
	const size_t end = hi >> backend.block_shift;

	return first < end ? bits(first, end) : 0;
}

static uint64_t arena_page(const struct backend_page *page)
{
	return page->flags & PAGE_MAPPED ? private_to_arena_page(page->va_page)
					 : page_nr(page);
}

static uint8_t *bytes_of(const struct backend_page *page)
{
	return backend.arena + (arena_page(page) << backend.shift);
}

void content_ready(const struct backend_page *page)
{
	uint8_t *ready = backend_ready + (uint64_t)page->va_page * BLOCKS;

	memset(ready, backend.mmu, BLOCKS);
	for (uint64_t left = page->present; left; left &= left - 1)
		ready[__builtin_ctzll(left)] = 1;
}

/* The page has changed: a reset must look at it, and EL2 finds what is there. */
static void changed(struct backend_page *page)
{
	backend_touch(page_nr(page));
	if (page->flags & PAGE_MAPPED)
		content_ready(page);
}

/* Is block @n all 0, though not in memory? Else, if it is not, it is junk. */
static uint8_t byte_of(const struct backend_page *page, unsigned int n)
{
	return page->zero >> n & 1 ? 0 : junk_byte(page);
}

/* How many blocks from @n on, before @end, are like it? */
static unsigned int alike(const struct backend_page *page, unsigned int n,
			  unsigned int end)
{
	const bool present = page->present >> n & 1;
	uint64_t other = ~0ull << n;

	other &= present ? ~page->present
			 : page->present | (page->zero >> n & 1 ? ~page->zero
								: page->zero);
	if (other && (unsigned int)__builtin_ctzll(other) < end)
		end = __builtin_ctzll(other);

	return end - n;
}

/* Most are of 64 bytes, for which no call is needed. */
UNSANITIZED static inline void fill_block(uint8_t *at, uint8_t byte)
{
	const uint64_t pattern = byte * 0x0101010101010101ull;
	word *to = (word *)at;

	if (backend.block_shift > 6) {
		bytes_fill(at, byte, block_bytes());
		return;
	}
	for (unsigned int i = 0; i < 8; i++)
		to[i] = pattern;
}

/* Blocks of @mask come into memory. */
static __attribute__((noinline)) void bring(struct backend_page *page,
					    uint64_t mask)
{
	uint8_t *at = bytes_of(page);

	mask &= ~page->present;
	page->present |= mask;
	changed(page);
	if (backend.eager)
		return; /* whatever is there: nobody looks for junk */
	for (; mask; mask &= mask - 1) {
		unsigned int n = __builtin_ctzll(mask);

		fill_block(at + n * block_bytes(), byte_of(page, n));
	}
}

static inline void need(struct backend_page *page, uint64_t mask)
{
	if (mask & ~page->present)
		bring(page, mask);
}

/* [@lo, @hi) is going to be written as a whole. */
static void need_edges(struct backend_page *page, size_t lo, size_t hi)
{
	const uint64_t whole = whole_in(lo, hi);

	need(page, touched_by(lo, hi) & ~whole);
	if (whole & ~page->present) {
		page->present |= whole;
		changed(page);
	}
}

/* Where it is: with backend.mmu in the harness's window, and always there. */
static word *link_of(const struct backend_page *page)
{
	return (word *)(backend.mmu ? backend_mmu_bytes(page_nr(page))
				    : bytes_of(page));
}

UNSANITIZED void content_set_link(struct backend_page *page, uint64_t link)
{
	if (!backend.mmu)
		need(page, 1);
	*link_of(page) = link;
}

UNSANITIZED uint64_t content_link(const struct backend_page *page)
{
	if (!backend.mmu && !(page->present & 1))
		return byte_of(page, 0) * 0x0101010101010101ull;

	return *link_of(page);
}

/* ---- a piece of a page --------------------------------------------------- */

void content_move(const struct backend_page *page, uint8_t *to,
		  const uint8_t *from)
{
	unsigned int n = 0;

	for (uint64_t left = page->present; left; left &= ~0ull << n) {
		size_t at, size;

		n = __builtin_ctzll(left);
		at = n << backend.block_shift;
		size = (size_t)alike(page, n, BLOCKS) << backend.block_shift;
		bytes_copy(to + at, from + at, size);
		n += size >> backend.block_shift;
		if (n == BLOCKS)
			break;
	}
}

size_t content_nonzero(const struct backend_page *page, size_t lo, size_t hi)
{
	/* not in memory and 0: nothing to be seen */
	uint64_t left = touched_by(lo, hi) & (page->present | ~page->zero);

	if (backend.mmu)
		return lo + bytes_nonzero(backend_mmu_bytes(page_nr(page)) + lo,
					  hi - lo);

	for (; left; left &= left - 1) {
		unsigned int n = __builtin_ctzll(left);
		size_t at = n << backend.block_shift;
		size_t end = at + block_bytes();

		if (at < lo)
			at = lo;
		if (end > hi)
			end = hi;
		if (page->present >> n & 1)
			at += bytes_nonzero(bytes_of(page) + at, end - at);
		if (at < end)
			return at;
	}

	return hi;
}

/* All bytes 0: of few blocks that are in memory already they are written. */
static void wipe(struct backend_page *page, size_t lo, size_t hi)
{
	uint64_t whole = whole_in(lo, hi);
	uint64_t edges = touched_by(lo, hi) & ~whole;

	if (backend.eager ||
	    (hi - lo <= 8 * block_bytes() && !(whole & ~page->present))) {
		need_edges(page, lo, hi);
		bytes_fill(bytes_of(page) + lo, 0, hi - lo);
		return;
	}

	for (; edges; edges &= edges - 1) {
		unsigned int n = __builtin_ctzll(edges);
		size_t at = n << backend.block_shift;
		size_t end = at + block_bytes();

		if (!(page->present >> n & 1) && (page->zero >> n & 1))
			continue;
		need(page, 1ull << n);
		if (at < lo)
			at = lo;
		if (end > hi)
			end = hi;
		bytes_fill(bytes_of(page) + at, 0, end - at);
	}
	page->present &= ~whole;
	page->zero |= whole;
	changed(page);
}

static void fill(struct backend_page *page, size_t lo, size_t hi, uint8_t byte)
{
	if (!byte) {
		wipe(page, lo, hi);
		return;
	}

	need_edges(page, lo, hi);
	bytes_fill(bytes_of(page) + lo, byte, hi - lo);
}

/* Run by run of blocks that are alike. */
static size_t differ(const struct backend_page *page, size_t lo, size_t hi,
		     const uint8_t *expect)
{
	const unsigned int end_block = ((hi - 1) >> backend.block_shift) + 1;
	const uint8_t *bytes = bytes_of(page);
	size_t at = lo;

	while (at < hi) {
		unsigned int n = at >> backend.block_shift;
		size_t end = (size_t)(n + alike(page, n, end_block))
			     << backend.block_shift;
		uint8_t byte;

		if (end > hi)
			end = hi;
		if (page->present >> n & 1) {
			at += bytes_differ(bytes + at, expect + (at - lo),
					   end - at);
		} else if (!(byte = byte_of(page, n))) {
			at += bytes_nonzero(expect + (at - lo), end - at);
		} else {
			while (at < end && expect[at - lo] == byte)
				at++;
		}
		if (at < end)
			return at;
	}

	return hi;
}

static void copy_out(const struct backend_page *page, size_t lo, size_t hi,
		     uint8_t *to)
{
	const unsigned int end_block = ((hi - 1) >> backend.block_shift) + 1;

	for (size_t at = lo; at < hi;) {
		unsigned int n = at >> backend.block_shift;
		size_t end = (size_t)(n + alike(page, n, end_block))
			     << backend.block_shift;

		if (end > hi)
			end = hi;
		if (page->present >> n & 1)
			bytes_copy(to + (at - lo), bytes_of(page) + at,
				   end - at);
		else
			bytes_fill(to + (at - lo), byte_of(page, n), end - at);
		at = end;
	}
}

/* ---- bytes by their address ---------------------------------------------- */

/* Is there something to ask about the blocks behind it? */
static inline bool in_blocks(const void *at)
{
	return !backend.mmu &&
	       (uintptr_t)at - (uintptr_t)backend.arena < ARENA_BYTES;
}

/**
 * struct piece - The part of a range that is on one page.
 * @lo, @hi: within the page
 */
struct piece {
	struct backend_page *page;
	size_t lo, hi;
};

/* The first piece of [@at, +@bytes), which is not empty. */
static inline struct piece piece_at(const void *at, size_t bytes)
{
	const uint64_t offset = (const uint8_t *)at - backend.arena;
	const uint64_t nr = offset >> backend.shift;
	struct piece piece;
	uint64_t pool_page = nr;

	if (offset >= BACKEND_LINEAR_MAX) {
		pool_page = backend_behind[nr - private_to_arena_page(0)];
		assert(pool_page); /* else nothing is mapped there */
		pool_page--;
	}
	piece.page = &backend_pool[pool_page];
	piece.lo = offset & (page_bytes() - 1);
	piece.hi = piece.lo + bytes;
	if (piece.hi > page_bytes())
		piece.hi = page_bytes();

	return piece;
}

UNSANITIZED void content_need(uintptr_t at, size_t bytes)
{
	if (!in_blocks((const void *)at))
		return;

	while (bytes) {
		struct piece piece = piece_at((const void *)at, bytes);

		need(piece.page, touched_by(piece.lo, piece.hi));
		at += piece.hi - piece.lo;
		bytes -= piece.hi - piece.lo;
	}
}

void raw_fill(void *to, uint8_t byte, size_t bytes)
{
	uint8_t *at = to;

	if (!in_blocks(to)) {
		bytes_fill(to, byte, bytes);
		return;
	}

	while (bytes) {
		struct piece piece = piece_at(at, bytes);

		fill(piece.page, piece.lo, piece.hi, byte);
		at += piece.hi - piece.lo;
		bytes -= piece.hi - piece.lo;
	}
}

static void read_range(uint8_t *to, const uint8_t *from, size_t bytes)
{
	while (bytes) {
		struct piece piece = piece_at(from, bytes);

		copy_out(piece.page, piece.lo, piece.hi, to);
		to += piece.hi - piece.lo;
		from += piece.hi - piece.lo;
		bytes -= piece.hi - piece.lo;
	}
}

/* Where @bytes of one block are, if they are in memory; else NULL. */
static inline const uint8_t *at_once(const void *at, size_t bytes)
{
	const uint64_t offset = (const uint8_t *)at - backend.arena;
	const uint64_t block = offset >> backend.block_shift;
	const struct backend_page *page;

	if (offset >= ARENA_BYTES)
		return at;
	if ((offset + bytes - 1) >> backend.block_shift != block)
		return NULL;
	if (offset >= BACKEND_LINEAR_MAX)
		return backend_ready[block - (BACKEND_LINEAR_MAX >>
					      backend.block_shift)]
			       ? at
			       : NULL;
	page = &backend_pool[offset >> backend.shift];

	return page->present >> (block % BLOCKS) & 1 &&
			       !(page->flags & PAGE_MAPPED)
		       ? at
		       : NULL;
}

/* A link or a header: few bytes, most often in memory. */
static UNSANITIZED bool copy_at_once(void *to, const void *from, size_t bytes)
{
	const word *source = (const word *)at_once(from, bytes);
	word *at = (word *)at_once(to, bytes);

	if (!source || !at)
		return false;

	at[0] = source[0];
	if (bytes == 16)
		at[1] = source[1];

	return true;
}

void raw_copy(void *to, const void *from, size_t bytes)
{
	const uint8_t *source = from;
	uint8_t *at = to;

	if ((bytes == 8 || bytes == 16) && copy_at_once(to, from, bytes))
		return;
	if (!in_blocks(to)) {
		if (in_blocks(from))
			read_range(to, from, bytes);
		else
			bytes_copy(to, from, bytes);
		return;
	}

	content_need((uintptr_t)from, bytes);
	while (bytes) {
		struct piece piece = piece_at(at, bytes);
		size_t size = piece.hi - piece.lo;

		need_edges(piece.page, piece.lo, piece.hi);
		bytes_copy(bytes_of(piece.page) + piece.lo, source, size);
		at += size;
		source += size;
		bytes -= size;
	}
}

size_t raw_nonzero(const void *at, size_t bytes)
{
	const uint8_t *from = at;
	size_t done = 0;

	if (!in_blocks(at))
		return bytes_nonzero(at, bytes);

	while (done < bytes) {
		struct piece piece = piece_at(from + done, bytes - done);
		size_t found = content_nonzero(piece.page, piece.lo, piece.hi);

		done += found - piece.lo;
		if (found < piece.hi)
			break;
	}

	return done;
}

size_t raw_differ(const void *a, const void *b, size_t bytes)
{
	const uint8_t *from = a, *expect = b;
	size_t done = 0;

	if (!in_blocks(a))
		return bytes_differ(a, b, bytes);

	while (done < bytes) {
		struct piece piece = piece_at(from + done, bytes - done);
		size_t found =
			differ(piece.page, piece.lo, piece.hi, expect + done);

		done += found - piece.lo;
		if (found < piece.hi)
			break;
	}

	return done;
}

void backend_host_junk(uint32_t page)
{
	struct backend_page *p = &backend_pool[page];

	assert(p->flags & PAGE_HOST);
	p->present = 0;
	p->zero = 0;
	changed(p);
	if (backend.mmu)
		backend_mmu_junk(page);
	else if (backend.eager && backend_allowed[page])
		need(p, ~0ull);
}
