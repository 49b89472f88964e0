/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>

#include "model/oracle_text.h"

/* Where the pages are, what is promised of them, and the lock. */

/* ---- the pages ---------------------------------------------------------- */

/*
 * No operation creates or loses a page: in no state it leaked, in two it is
 * shared. What EL2 has in neither heap are the roots of its VMs' stage 2.
 */
bool oracle_pages(const struct step *s, struct verdict *v)
{
	const struct census *c = &s->after;
	uint64_t seen = (uint64_t)c->host + c->spare + c->mapped + c->guest;
	uint32_t roots = s->world ? world_hyp(s->world) : 0;

	if (!returned(s) || (seen + c->hyp == s->pool && c->hyp == roots))
		return true;

	return verdict_fail(v, ORACLE_PAGES, s,
			    "pool has %u pages, found %" PRIu64 ": host %u, "
			    "spare %u, mapped %u, guest %u, and the "
			    "hypervisor has %u elsewhere, expected %u",
			    s->pool, seen + roots, c->host, c->spare, c->mapped,
			    c->guest, c->hyp, roots);
}

bool oracle_owner(const struct step *s, struct verdict *v)
{
	const struct census *c = &s->after;
	const struct world *w = s->world;

	if (!returned(s))
		return true;
	if (s->stray_page != STEP_NOWHERE)
		return verdict_fail(v, ORACLE_OWNER, s,
				    "pool page %" PRIu64 ": %s", s->stray_page,
				    s->stray_what ? s->stray_what
						  : "not where it should be");
	if (!s->exact)
		return true;
	if (c->host != world_host_owned(w) || c->spare != world_spare(w) ||
	    c->mapped != world_mapped(w) || c->guest != world_guest(w))
		return verdict_fail(v, ORACLE_OWNER, s,
				    "expected host %u, spare %u, mapped %u, "
				    "guest %u; found host %u, spare %u, mapped "
				    "%u, guest %u",
				    world_host_owned(w), world_spare(w),
				    world_mapped(w), world_guest(w), c->host,
				    c->spare, c->mapped, c->guest);
	/* what its kernel keeps and no longer knows of is lost to it */
	if (s->host_free != world_host_free(w))
		return verdict_fail(v, ORACLE_OWNER, s,
				    "expected the host to have %u free pages "
				    "in its books, found %u",
				    world_host_free(w), s->host_free);
	if (s->unlike_page != STEP_NOWHERE) {
		bool due =
			model_page_mapped(s->model, (uint32_t)s->unlike_page);

		return verdict_fail(v, ORACLE_OWNER, s,
				    "heap page %" PRIu64 " must be %s, is %s",
				    s->unlike_page, due ? "mapped" : "unmapped",
				    due ? "unmapped" : "mapped");
	}
	return true;
}

bool oracle_wiped(const struct step *s, struct verdict *v)
{
	if (!returned(s) || s->unwiped_page == STEP_NOWHERE)
		return true;
	if (s->unwiped_at == STEP_NOWHERE)
		return verdict_fail(v, ORACLE_WIPED, s,
				    "pool page %" PRIu64 " came to the host, "
				    "but its %u bytes were not cleaned to the "
				    "PoC",
				    s->unwiped_page, s->page);

	return verdict_fail(v, ORACLE_WIPED, s,
			    "pool page %" PRIu64 " came to the host with "
			    "0x%02x at byte %" PRIu64 ", expected 0x00",
			    s->unwiped_page, s->unwiped_byte, s->unwiped_at);
}

/* ---- promises ----------------------------------------------------------- */

bool oracle_promise(const struct step *s, struct verdict *v)
{
	uint64_t due = s->reclaimable_before;

	/* the allocator is not asked after a corruption, only the model */
	if (!returned(s) || (s->corrupted && !s->exact))
		return true;
	if (s->exact && s->reclaimable != s->reclaimable_expect)
		return verdict_fail(v, ORACLE_PROMISE, s,
				    "expected %" PRIu64 " reclaimable pages "
				    "afterwards, got %" PRIu64,
				    s->reclaimable_expect, s->reclaimable);
	if (!s->promised)
		return true;
	if (due > s->target)
		due = s->target;
	if (s->actual.pages == due)
		return true;

	return verdict_fail(v, ORACLE_PROMISE, s,
			    "target %" PRIu64 ", %" PRIu64 " pages were "
			    "reclaimable: expected %" PRIu64 ", got %" PRIu64,
			    s->target, s->reclaimable_before, due,
			    s->actual.pages);
}

bool oracle_progress(const struct step *s, struct verdict *v)
{
	uint32_t need = s->actual.need;

	/* another CPU may have eaten what was given */
	if (!returned(s) || !s->tries_max || s->others)
		return true;
	if (s->stuck)
		return verdict_fail(v, ORACLE_PROGRESS, s,
				    "%u pages were asked for and given, and "
				    "call %u mapped none of them",
				    s->stuck_need, s->tries);
	/*
	 * The host would still give what is asked for. Where more is needed
	 * than a request can say, it takes more tries, of which none was stuck.
	 */
	if (!s->clipped && alloc_err(s) == -MODEL_ENOMEM && need &&
	    s->host_free >= need && s->tries >= s->tries_max)
		return verdict_fail(v, ORACLE_PROGRESS, s,
				    "call %u of at most %u still asks for %u "
				    "pages; the host has %u",
				    s->tries, s->tries_max, need, s->host_free);
	return true;
}

bool oracle_lock(const struct step *s, struct verdict *v)
{
	if (!returned(s))
		return true;
	if (s->locks_held)
		return verdict_fail(v, ORACLE_LOCK, s,
				    "expected 0 locks held at return, found %u",
				    s->locks_held);
	if (s->unlocked && s->unlocked_at == STEP_NOWHERE)
		return verdict_fail(v, ORACLE_LOCK, s,
				    "the page cache was touched with 0 locks "
				    "held, expected the allocator's");
	if (s->unlocked)
		return verdict_fail(v, ORACLE_LOCK, s,
				    "heap memory at +%" PRIu64 " was touched "
				    "without the lock",
				    s->unlocked_at);
	return true;
}
