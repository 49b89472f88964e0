/* SPDX-License-Identifier: GPL-2.0-only */
#include "allocator/heap.h"
#include "state.h"

#include <stdlib.h>
#include <string.h>

/*
 * The headers, step by step: the oracle "shape" wants them all to be the
 * model's chunks, and goes over all of them. Here is the same for less work,
 * by induction. After the step before they were: run->shape has that list. Now
 * a header can only fail to be what it must
 *
 *   - if it must be something else: the model's chunk, or the one before or
 *     behind it, is not the one it was (the model remembers which are);
 *   - or if its bytes are not those that they were: every store of the target
 *     goes through the access check, which remembers where they went
 *     (heap_written(); where it may not, heap_sees_stores() says so, and all
 *     headers are read at each step), and what is unmapped is remembered, too.
 * A page that is mapped was not mapped before: no header was on it.
 *
 * So those are looked at in memory, and no others. The harness itself writes
 * to the heap into live objects only, but for corruption: such programs, and
 * whoever watches, get the whole walk at each step, as does 1 program in 64. At
 * the end of each program the walk is whole, too.
 */

void shape_begin(struct run *run)
{
	run->shape.nr = 0;
	run->shape.used = 0;
	model_settle(run->model);
}

void shape_destroy(struct run *run)
{
	free(run->shape.chunk);
}

/* Of @chunk from @first on and before @end. */
static uint32_t count_used(const struct model_chunk *chunk, uint32_t first,
			   uint32_t end)
{
	uint32_t used = 0;

	for (uint32_t i = first; i < end; i++)
		used += chunk[i].used;

	return used;
}

/* Is the header in memory the one that the model's chunk @i must have? */
static bool holds(const struct model *m, uint32_t i)
{
	const struct header due = header_expect(m->chunk, m->nr, i);
	struct header is;

	return heap_header(due.offset, &is) && is.next == due.next &&
	       is.prev == due.prev && is.unmapped == due.unmapped &&
	       is.hash == due.hash;
}

static bool hold(const struct model *m, uint32_t first, uint32_t end)
{
	for (uint32_t i = first; i < end; i++)
		if (!holds(m, i))
			return false;

	return true;
}

/*
 * Headers with a byte in [@lo, @hi) of the heap; those from @first on and before
 * @end hold.
 */
static bool hold_within(const struct model *m, uint64_t lo, uint64_t hi,
			uint32_t first, uint32_t end)
{
	uint32_t low = 0, high = m->nr;

	/* most often they are among those */
	if (first < end && m->chunk[first].addr <= lo &&
	    (end == m->nr || hi <= m->chunk[end].addr))
		return true;

	while (low < high) { /* the first that ends above @lo */
		uint32_t mid = low + (high - low) / 2;

		if (m->chunk[mid].addr + HEADER <= lo)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < m->nr && m->chunk[low].addr < hi; low++)
		if ((low < first || low >= end) && !holds(m, low))
			return false;

	return true;
}

bool shape_holds(struct run *run, struct step *step,
		 const struct heap_record *record)
{
	const struct model *m = run->model;
	struct shape *s = &run->shape;
	const uint32_t shorter = s->nr < m->nr ? s->nr : m->nr;
	uint32_t first = m->same_first, last = m->same_last, end;

	/* how many are as they were, at the start and at the end of the list */
	if (first > shorter)
		first = shorter;
	if (last > shorter - first)
		last = shorter - first;
	s->first = first;
	s->last = last;
	s->used_now = s->used - count_used(s->chunk, first, s->nr - last) +
		      count_used(m->chunk, first, m->nr - last);
	step->after.used = s->used_now;
	step->after.free = m->nr - s->used_now;

	/* those in between, and their neighbours */
	end = m->nr;
	if (first == m->nr && s->nr == m->nr)
		first = m->nr;
	else if (first)
		first--;
	if (last)
		end -= last - 1;
	if (!hold(m, first, end))
		return false;
	for (uint32_t i = 0; i < record->written; i++) {
		uint64_t lo, hi;

		heap_written(i, &lo, &hi);
		if (!hold_within(m, lo, hi, first, end))
			return false;
	}

	return !record->unmapped ||
	       hold_within(m, record->unmapped_lo, record->unmapped_hi, first,
			   end);
}

void shape_commit(struct run *run)
{
	struct model *m = run->model;
	struct shape *s = &run->shape;
	uint32_t end = m->nr;

	if (s->cap < m->nr) {
		s->cap = m->cap;
		s->chunk = realloc(s->chunk, s->cap * sizeof(*s->chunk));
		if (!s->chunk)
			abort();
	}
	/* those at the end have moved, or they are as they were */
	if (s->nr == m->nr)
		end -= s->last;
	if (s->first < end)
		memcpy(s->chunk + s->first, m->chunk + s->first,
		       (end - s->first) * sizeof(*s->chunk));
	s->nr = m->nr;
	s->used = s->used_now;
	model_settle(m);
}

void shape_explain(struct run *run)
{
	const struct shape *s = &run->shape;

	run->before.nr = s->nr;
	for (uint32_t i = 0; i < s->nr; i++)
		run->before.header[i] = header_expect(s->chunk, s->nr, i);
}
