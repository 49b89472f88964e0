/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdio.h>

#include "model/oracle_text.h"

/*
 * In the order in which they judge, but for shape and from pages on, which have
 * files of their own. Those behind panic have nothing against a step that did
 * not return: by then its panic or fault is known to be the one that was due.
 */

static bool is_alloc(const struct step *s)
{
	return s->op.kind == OP_ALLOC || s->op.kind == OP_CALL;
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
	if (is->offset != due->offset)
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
	bool too_big = s->heap_bytes < s->overhead ||
		       s->op.arg > s->heap_bytes - s->overhead;
	int err = s->actual.err;
	char a[WORDS];

	/* of a client whose call EL2 has answered */
	if (!is_alloc(s) && s->tries)
		return result_request(s, v);
	if (!is_alloc(s) || err == -MODEL_E2BIG)
		return true;
	/* a hypercall of the request loop was refused: EL2 was never asked */
	if (err == -1 && s->fault_armed)
		return result_request(s, v);
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
	return result_request(s, v);
}

/*
 * The host's kernel warns of a refused call, and of nothing else. What it finds
 * of its pages is more than a warning and takes its place: "owner" says that.
 */
static bool result_warning(const struct step *s, struct verdict *v)
{
	bool due = s->exact ? s->expect.warned : s->fault_armed;

	if (s->actual.warned && !due)
		return verdict_fail(
			v, ORACLE_RESULT, s, "the host's code warned in %s: %s",
			s->warned_function ? s->warned_function : "?",
			s->warned ? s->warned : "?");
	if (s->exact && due && !s->actual.warned && !s->stray_what)
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
	/* another policy may keep its headers elsewhere */
	uint32_t lowest = s->exact ? s->overhead : 0;
	uint64_t at = s->actual.offset;
	char near[WORDS];

	if (!handed_out(s))
		return true;
	if (at % s->align)
		return verdict_fail(v, ORACLE_PLACE, s,
				    "+%" PRIu64 " is not a multiple of %u, "
				    "but of %u and %" PRIu64 " more",
				    at, s->align, s->align, at % s->align);
	if (at < lowest || at > s->heap_bytes || s->size > s->heap_bytes - at)
		return verdict_fail(v, ORACLE_PLACE, s,
				    "+%" PRIu64 ", %" PRIu64 " bytes do not "
				    "lie in [%u, %" PRIu64 ")",
				    at, s->size, lowest, s->heap_bytes);
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
