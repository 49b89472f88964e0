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

/* What the allocation of an operation came to, its own or a client's. */
static int64_t alloc_err(const struct step *s)
{
	return s->actual.err ? s->actual.err : s->actual.ret;
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

/* What a hypercall, or the host's function around some, came back with. */
static bool result_host(const struct step *s, struct verdict *v)
{
	const struct outcome *is = &s->actual, *due = &s->expect;
	char a[WORDS], b[WORDS];

	if (is->no_such_call != due->no_such_call)
		return verdict_fail(v, ORACLE_RESULT, s,
				    "x0 must say that there is %s call, says "
				    "%s",
				    due->no_such_call ? "no such" : "such a",
				    is->no_such_call ? "no such" : "such a");
	if (is->ret != due->ret)
		return verdict_fail(v, ORACLE_RESULT, s,
				    "expected %s, returned %s",
				    words_ret(due->ret, a),
				    words_ret(is->ret, b));
	if (is->left_nr != due->left_nr)
		return verdict_fail(v, ORACLE_RESULT, s,
				    "expected %" PRIu64 " pages on the list "
				    "that came back, got %" PRIu64,
				    due->left_nr, is->left_nr);
	if (is->left_head != due->left_head && !due->any_head)
		return verdict_fail(v, ORACLE_RESULT, s,
				    "the list that came back must start at "
				    "0x%" PRIx64 ", starts at 0x%" PRIx64,
				    due->left_head, is->left_head);
	if (is->hvcs != due->hvcs)
		return verdict_fail(v, ORACLE_RESULT, s,
				    "expected %u hypercalls, saw %u", due->hvcs,
				    is->hvcs);
	return true;
}

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
	if (!result_host(s, v))
		return false;
	if (is->need != due->need)
		return verdict_fail(v, ORACLE_RESULT, s,
				    "%s must ask for %u pages, asked for %u",
				    words_ret(alloc_err(s), a), due->need,
				    is->need);
	if (is->pages != due->pages)
		return verdict_fail(v, ORACLE_RESULT, s,
				    "expected %" PRIu64 " pages, got %" PRIu64,
				    due->pages, is->pages);
	return true;
}

/* -ENOMEM for want of a page must come with a request for it. */
static bool result_request(const struct step *s, struct verdict *v)
{
	if (alloc_err(s) != -MODEL_ENOMEM || s->actual.need || s->fault_armed)
		return true;

	return verdict_fail(v, ORACLE_RESULT, s,
			    "-ENOMEM with need %u and no failure armed: the "
			    "host cannot help",
			    s->actual.need);
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

	/* of a client whose call EL2 has answered */
	if (!is_alloc(s) && s->tries)
		return result_request(s, v);
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
	/* -1: a hypercall of the request loop was refused */
	if (err != -MODEL_ENOMEM && !(err == -1 && s->fault_armed))
		return verdict_fail(v, ORACLE_RESULT, s,
				    "expected 0, -E2BIG or -ENOMEM, got %s",
				    words_err(err, a));
	return result_request(s, v);
}

/* The host's kernel warns of a refused call, and of nothing else. */
static bool result_warning(const struct step *s, struct verdict *v)
{
	bool due = s->exact ? s->expect.warned : s->fault_armed;

	if (s->actual.warned && !due)
		return verdict_fail(
			v, ORACLE_RESULT, s, "the host's code warned in %s: %s",
			s->warned_function ? s->warned_function : "?",
			s->warned ? s->warned : "?");
	if (s->exact && due && !s->actual.warned)
		return verdict_fail(v, ORACLE_RESULT, s,
				    "a hypercall was refused, and the host's "
				    "code must warn, but did not");
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
	if (!nothing_left(s, v) || !result_warning(s, v))
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
	/* the host would still give what is asked for */
	if (alloc_err(s) == -MODEL_ENOMEM && need && s->host_free >= need &&
	    s->tries >= s->tries_max)
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
