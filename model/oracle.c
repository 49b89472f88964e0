/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdio.h>

#include "model/oracle_text.h"

/*
 * In the order in which they judge, but for shape, which has a file of its
 * own. Those behind panic have nothing against a step that did not return: by
 * then its panic or fault is known to be the one that was due.
 */

static bool returned(const struct step *s)
{
	return s->actual.end == STEP_DONE;
}

static bool is_alloc(const struct step *s)
{
	return s->op.kind == OP_ALLOC || s->op.kind == OP_CALL;
}

static bool is_reclaim(const struct step *s)
{
	return s->op.kind == OP_RECLAIM || s->op.kind == OP_SHRINK;
}

/* Did it hand out a new object? */
static bool handed_out(const struct step *s)
{
	return returned(s) && is_alloc(s) && !s->actual.err;
}

/* ---- how it ended ------------------------------------------------------- */

bool oracle_fault(const struct step *s, struct verdict *v)
{
	char place[PLACE_WORDS];

	if (s->actual.end != STEP_FAULT || s->expect.end == STEP_PANIC ||
	    s->corrupted)
		return true;

	return verdict_fail(v, ORACLE_FAULT, s, "forbidden access%s",
			    words_place(s, place));
}

bool oracle_hang(const struct step *s, struct verdict *v)
{
	char place[PLACE_WORDS];

	if (s->actual.end != STEP_HANG)
		return true;

	return verdict_fail(v, ORACLE_HANG, s,
			    "%" PRIu64 " kernel-interface calls, at most "
			    "%" PRIu64 " expected%s",
			    s->calls, s->calls_bound, words_place(s, place));
}

bool oracle_panic(const struct step *s, struct verdict *v)
{
	char place[PLACE_WORDS], err[WORDS];

	if (s->actual.end == STEP_PANIC && s->expect.end != STEP_PANIC &&
	    !s->corrupted) {
		verdict_fail(v, ORACLE_PANIC, s, "panic%s",
			     words_place(s, place));
		snprintf(v->function, sizeof(v->function), "%s", s->function);
		return false;
	}
	if (s->actual.end == STEP_DONE && s->flip_due)
		return verdict_fail(v, ORACLE_PANIC, s,
				    "must panic: bit %u of %s of the chunk at "
				    "+%u was flipped, but returned %s",
				    s->flip_bit, s->flip_field, s->flip_at,
				    words_err(s->actual.err, err));
	if (s->actual.end == STEP_DONE && s->expect.end == STEP_PANIC)
		return verdict_fail(v, ORACLE_PANIC, s,
				    "must panic, but returned %s",
				    words_err(s->actual.err, err));
	return true;
}

/* ---- what it returned --------------------------------------------------- */

static bool result_exact(const struct step *s, struct verdict *v)
{
	const struct outcome *is = &s->actual, *due = &s->expect;
	char a[WORDS], b[WORDS];

	if (is->err != due->err)
		return verdict_fail(v, ORACLE_RESULT, s,
				    "expected %s (+%" PRIu64 ", need %u), got "
				    "%s (+%" PRIu64 ", need %u)",
				    words_err(due->err, a), due->offset,
				    due->need, words_err(is->err, b),
				    is->offset, is->need);
	if (is_alloc(s) && !is->err && is->offset != due->offset)
		return verdict_fail(v, ORACLE_RESULT, s,
				    "expected +%" PRIu64 ", got +%" PRIu64,
				    due->offset, is->offset);
	if (is_alloc(s) && is->err && is->need != due->need)
		return verdict_fail(v, ORACLE_RESULT, s,
				    "%s must ask for %u pages, asked for %u",
				    words_err(is->err, a), due->need, is->need);
	if (is_reclaim(s) && is->pages != due->pages)
		return verdict_fail(v, ORACLE_RESULT, s,
				    "expected %" PRIu64 " pages, got %" PRIu64,
				    due->pages, is->pages);
	return true;
}

/*
 * Another policy may run out of VA sooner, but never serves what cannot fit,
 * and never fails for want of a page that it does not ask for.
 */
static bool result_contract(const struct step *s, struct verdict *v)
{
	bool too_big = s->heap_bytes < 16 || s->op.arg > s->heap_bytes - 16;
	int err = s->actual.err;
	char a[WORDS];

	if (!is_alloc(s) || err == -MODEL_E2BIG)
		return true;
	if (too_big)
		return verdict_fail(v, ORACLE_RESULT, s,
				    "%" PRIu64 " bytes in a heap of %" PRIu64
				    " must be -E2BIG, got %s at +%" PRIu64,
				    s->op.arg, s->heap_bytes, words_err(err, a),
				    s->actual.offset);
	if (!err)
		return true;
	if (err != -MODEL_ENOMEM)
		return verdict_fail(v, ORACLE_RESULT, s,
				    "expected 0, -E2BIG or -ENOMEM, got %s",
				    words_err(err, a));
	if (!s->actual.need && !s->fault_armed)
		return verdict_fail(v, ORACLE_RESULT, s,
				    "-ENOMEM with need %u and no mapping "
				    "failure armed: the host cannot help",
				    s->actual.need);
	return true;
}

/* Both are read after each failed try, and reading clears. */
static bool nothing_left(const struct step *s, struct verdict *v)
{
	char err[WORDS];

	if (!s->left_err && !s->left_need)
		return true;

	return verdict_fail(v, ORACLE_RESULT, s,
			    "errno and topup_needed must be clear after they "
			    "were read or nothing failed, are %s and %u",
			    words_err(s->left_err, err), s->left_need);
}

bool oracle_result(const struct step *s, struct verdict *v)
{
	if (!returned(s))
		return true;
	if (!nothing_left(s, v))
		return false;
	return s->exact ? result_exact(s, v) : result_contract(s, v);
}

/* ---- the new object ----------------------------------------------------- */

bool oracle_place(const struct step *s, struct verdict *v)
{
	uint64_t at = s->actual.offset;
	char near[WORDS];

	if (!handed_out(s))
		return true;
	if (at % 16)
		return verdict_fail(v, ORACLE_PLACE, s,
				    "+%" PRIu64 " is not a multiple of 16, "
				    "but of 16 and %" PRIu64 " more",
				    at, at % 16);
	if (at < 16 || at > s->heap_bytes || s->size > s->heap_bytes - at)
		return verdict_fail(v, ORACLE_PLACE, s,
				    "+%" PRIu64 ", %" PRIu64 " bytes do not "
				    "lie in [16, %" PRIu64 ")",
				    at, s->size, s->heap_bytes);
	if (s->below.there && s->below.offset + s->below.size > at)
		return verdict_fail(v, ORACLE_PLACE, s,
				    "+%" PRIu64 ", %" PRIu64 " bytes overlap "
				    "%s",
				    at, s->size, words_object(&s->below, near));
	if (s->above.there && at + s->size > s->above.offset)
		return verdict_fail(v, ORACLE_PLACE, s,
				    "+%" PRIu64 ", %" PRIu64 " bytes overlap "
				    "%s",
				    at, s->size, words_object(&s->above, near));
	return true;
}

bool oracle_zeroed(const struct step *s, struct verdict *v)
{
	if (!handed_out(s) || s->nonzero == STEP_NOWHERE)
		return true;

	return verdict_fail(v, ORACLE_ZEROED, s,
			    "byte %" PRIu64 " of the %" PRIu64
			    " handed out at +%" PRIu64 " must be 0, is 0x%02x",
			    s->nonzero, s->size, s->actual.offset,
			    s->nonzero_byte);
}

/* ---- the live objects --------------------------------------------------- */

bool oracle_content(const struct step *s, struct verdict *v)
{
	char object[WORDS];

	if (!returned(s) || s->changed_at == STEP_NOWHERE)
		return true;

	return verdict_fail(v, ORACLE_CONTENT, s,
			    "byte %" PRIu64 " of %s must be 0x%02x, is 0x%02x",
			    s->changed_at, words_object(&s->changed, object),
			    s->changed_expect, s->changed_actual);
}

bool oracle_backed(const struct step *s, struct verdict *v)
{
	char object[WORDS];

	if (!returned(s) || s->unbacked_page == STEP_NOWHERE)
		return true;

	return verdict_fail(v, ORACLE_BACKED, s,
			    "heap page %" PRIu64 " under %s is not mapped",
			    s->unbacked_page,
			    words_object(&s->unbacked, object));
}

/* ---- the pages ---------------------------------------------------------- */

/* No operation creates or loses a page: in no state it leaked, in two it is
 * shared. */
bool oracle_pages(const struct step *s, struct verdict *v)
{
	const struct census *c = &s->after;
	uint64_t seen = (uint64_t)c->host + c->spare + c->mapped;

	if (!returned(s) || seen == s->pool)
		return true;

	return verdict_fail(v, ORACLE_PAGES, s,
			    "pool has %u pages, found %" PRIu64 ": host %u, "
			    "spare %u, mapped %u (in transit %u)",
			    s->pool, seen, c->host, c->spare, c->mapped,
			    c->transit);
}

bool oracle_owner(const struct step *s, struct verdict *v)
{
	const struct census *c = &s->after;
	const struct model *m = s->model;

	if (!returned(s))
		return true;
	if (s->stray_page != STEP_NOWHERE)
		return verdict_fail(v, ORACLE_OWNER, s,
				    "pool page %" PRIu64 ": %s", s->stray_page,
				    s->stray_what ? s->stray_what
						  : "not where it should be");
	if (!s->exact)
		return true;
	if (c->host != m->host || c->spare != m->spare ||
	    c->mapped != m->mapped)
		return verdict_fail(v, ORACLE_OWNER, s,
				    "expected host %u, spare %u, mapped %u; "
				    "found host %u, spare %u, mapped %u",
				    m->host, m->spare, m->mapped, c->host,
				    c->spare, c->mapped);
	if (s->unlike_page != STEP_NOWHERE) {
		bool due = model_page_mapped(m, (uint32_t)s->unlike_page);

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
	if (!is_reclaim(s))
		return true;
	if (due > s->op.arg)
		due = s->op.arg;
	if (s->actual.pages == due)
		return true;

	return verdict_fail(v, ORACLE_PROMISE, s,
			    "target %" PRIu64 ", %" PRIu64 " pages were "
			    "reclaimable: expected %" PRIu64 ", got %" PRIu64,
			    s->op.arg, s->reclaimable_before, due,
			    s->actual.pages);
}

bool oracle_progress(const struct step *s, struct verdict *v)
{
	uint32_t need = s->actual.need;

	if (!returned(s) || s->op.kind != OP_CALL)
		return true;
	if (s->stuck)
		return verdict_fail(v, ORACLE_PROGRESS, s,
				    "%u pages were asked for and given, and "
				    "call %u mapped none of them",
				    s->stuck_need, s->tries);
	/* the host would still give what is asked for */
	if (s->actual.err == -MODEL_ENOMEM && need && s->after.host >= need &&
	    s->tries >= s->tries_max)
		return verdict_fail(v, ORACLE_PROGRESS, s,
				    "call %u of at most %u still asks for %u "
				    "pages; the host has %u",
				    s->tries, s->tries_max, need,
				    s->after.host);
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

bool oracle_judge(const struct step *s, struct verdict *v)
{
	if (s->actual.end == STEP_SKIPPED)
		return true;
	return oracle_fault(s, v) && oracle_hang(s, v) && oracle_panic(s, v) &&
	       oracle_result(s, v) && oracle_place(s, v) &&
	       oracle_zeroed(s, v) && oracle_content(s, v) &&
	       oracle_backed(s, v) && oracle_pages(s, v) &&
	       oracle_owner(s, v) && oracle_wiped(s, v) && oracle_shape(s, v) &&
	       oracle_promise(s, v) && oracle_progress(s, v) &&
	       oracle_lock(s, v);
}
