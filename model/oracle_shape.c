/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>

#include "model/oracle_text.h"

/*
 * The real headers against the model's chunks: sections 2 and 9 of the
 * allocator's specification.
 */

/* Section 9. The products are meant to lose their high half. */
uint32_t header_hash(const struct header *h)
{
	uint64_t links = (uint64_t)h->prev << 32 | h->next;
	uint64_t both =
		(uint64_t)((unsigned __int128)links * 0x61C8864680B583EBull);
	uint32_t word = (uint32_t)((uint64_t)h->unmapped * 0x61C88647u);

	return (uint32_t)(both >> 32) ^ word;
}

struct header header_expect(const struct model_chunk *chunk, uint32_t nr,
			    uint32_t i)
{
	const struct model_chunk *c = &chunk[i];
	struct header h = {.offset = c->addr, .unmapped = c->used};

	if (i + 1 < nr)
		h.next = c[1].addr - c->addr;
	if (i)
		h.prev = c->addr - c[-1].addr;
	if (c->mark)
		h.unmapped |= c->mark - c->addr;
	h.hash = header_hash(&h);
	return h;
}

static bool field_fail(const struct step *s, struct verdict *v, uint32_t i,
		       const char *field, uint32_t due, uint32_t is)
{
	return verdict_fail(v, ORACLE_SHAPE, s,
			    "chunk %u at +%u: %s must be %u, is %u", i,
			    s->walk[i].offset, field, due, is);
}

/* Which field of chunk @i is not as it must be? One is. */
static bool chunk_fail(const struct step *s, struct verdict *v, uint32_t i)
{
	const struct model *m = s->model;
	struct header due = header_expect(m->chunk, m->nr, i), is = s->walk[i];

	if (is.offset != due.offset)
		return field_fail(s, v, i, "its offset", due.offset, is.offset);
	if (is.next != due.next)
		return field_fail(s, v, i, "next", due.next, is.next);
	if (is.prev != due.prev)
		return field_fail(s, v, i, "prev", due.prev, is.prev);
	if ((is.unmapped ^ due.unmapped) & 1)
		return field_fail(s, v, i, "used", due.unmapped & 1,
				  is.unmapped & 1);
	if (is.unmapped != due.unmapped)
		return field_fail(s, v, i, "unmapped", due.unmapped & ~1u,
				  is.unmapped & ~1u);
	return verdict_fail(v, ORACLE_SHAPE, s,
			    "chunk %u at +%u: hash must be 0x%08x, is 0x%08x",
			    i, is.offset, due.hash, is.hash);
}

bool oracle_shape(const struct step *s, struct verdict *v)
{
	uint32_t nr, used = 0;

	if (!s->exact || s->corrupted || s->actual.end != STEP_DONE ||
	    s->shape_known)
		return true;
	if (s->walk_broken)
		return verdict_fail(v, ORACLE_SHAPE, s,
				    "the walk ends at chunk %u of %u, at "
				    "+%" PRIu64 ": %s",
				    s->walk_nr, s->model->nr, s->walk_broken_at,
				    s->walk_broken);

	nr = s->walk_nr < s->model->nr ? s->walk_nr : s->model->nr;
	for (uint32_t i = 0; i < nr; i++) {
		struct header due =
			header_expect(s->model->chunk, s->model->nr, i);
		const struct header *is = &s->walk[i];

		used += due.unmapped & 1;
		if ((is->offset ^ due.offset) | (is->next ^ due.next) |
		    (is->prev ^ due.prev) | (is->unmapped ^ due.unmapped) |
		    (is->hash ^ due.hash))
			return chunk_fail(s, v, i);
	}
	if (s->walk_nr != s->model->nr)
		return verdict_fail(v, ORACLE_SHAPE, s,
				    "expected %u chunks, walked %u",
				    s->model->nr, s->walk_nr);
	if (s->after.used != used || s->after.free != nr - used)
		return verdict_fail(v, ORACLE_SHAPE, s,
				    "expected %u used and %u free chunks, "
				    "counted %u and %u",
				    used, nr - used, s->after.used,
				    s->after.free);
	return true;
}
