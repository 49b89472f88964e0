/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <string.h>

#include "lies.h"

/* The walk of the headers, who wins, and what verdicts look like. */

/* ---- shape -------------------------------------------------------------- */

/* Every bit of every word of every header is looked at. */
static void every_bit_of_a_header(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < TRUE_CHUNKS; i++) {
		for (uint32_t bit = 0; bit < 8 * sizeof(struct header); bit++) {
			struct verdict v = {.oracle = ORACLE_NONE};
			uint32_t word;
			struct step s;
			char *at;

			good_free(&s);
			assert_true(oracle_judge(&s, &v));
			at = (char *)&true_walk[i] + bit / 32 * 4;
			memcpy(&word, at, 4);
			word ^= 1u << bit % 32;
			memcpy(at, &word, 4);
			assert_false(oracle_judge(&s, &v));
			assert_int_equal(v.oracle, ORACLE_SHAPE);
		}
	}
}

static void lie_offset(struct step *s)
{
	(void)s;
	true_walk[1].offset = 144;
}

static void lie_next(struct step *s)
{
	(void)s;
	true_walk[0].next = 160;
}

static void lie_prev(struct step *s)
{
	(void)s;
	true_walk[3].prev = 0;
}

static void lie_used(struct step *s)
{
	(void)s;
	true_walk[2].unmapped = 1;
}

static void lie_mark(struct step *s)
{
	(void)s;
	true_walk[3].unmapped = 7136 | 1;
}

static void lie_hash(struct step *s)
{
	(void)s;
	true_walk[0].hash = 0x858ba508;
}

static void lie_fewer(struct step *s)
{
	s->walk_nr = TRUE_CHUNKS - 1;
}

static void lie_more(struct step *s)
{
	s->walk_nr = TRUE_CHUNKS + 1;
}

static void lie_none(struct step *s)
{
	s->walk_nr = 0;
}

static void lie_counted_used(struct step *s)
{
	s->after.used++;
}

static void lie_counted_free(struct step *s)
{
	s->after.free--;
}

static void lie_broken(struct step *s)
{
	s->walk_nr = 2;
	s->walk_broken = "next is not above it";
	s->walk_broken_at = 128;
}

static void the_shape(void **state)
{
	static const struct lie lies[] = {
		{"offset", good_free, lie_offset, ORACLE_SHAPE, "chunk 1",
		 "offset must be 128, is 144"},
		{"next", good_alloc, lie_next, ORACLE_SHAPE, "chunk 0 at +0",
		 "next must be 128, is 160"},
		{"prev", good_free, lie_prev, ORACLE_SHAPE, "chunk 3 at +5152",
		 "prev must be 4992, is 0"},
		{"used", good_free, lie_used, ORACLE_SHAPE, "chunk 2 at +160",
		 "used must be 0, is 1"},
		{"mark", good_free, lie_mark, ORACLE_SHAPE, "chunk 3 at +5152",
		 "unmapped must be 3040, is 7136"},
		{"hash", good_free, lie_hash, ORACLE_SHAPE,
		 "hash must be 0x858ba507, is 0x858ba508", NULL},
		{"fewer", good_free, lie_fewer, ORACLE_SHAPE,
		 "expected 4 chunks, walked 3", NULL},
		{"more", good_free, lie_more, ORACLE_SHAPE,
		 "expected 4 chunks, walked 5", NULL},
		{"none", good_free, lie_none, ORACLE_SHAPE,
		 "expected 4 chunks, walked 0", NULL},
		{"used, counted", good_free, lie_counted_used, ORACLE_SHAPE,
		 "expected 3 used and 1 free chunks", "counted 4 and 1"},
		{"free, counted", good_alloc, lie_counted_free, ORACLE_SHAPE,
		 "expected 3 used and 1 free chunks", "counted 3 and 0"},
		{"broken", good_free, lie_broken, ORACLE_SHAPE,
		 "chunk 2 of 4, at +128", "next is not above it"},
	};

	(void)state;
	LIES(lies);
}

/* ---- who wins ----------------------------------------------------------- */

/* Those of a step; account, among them, is of the whole program. */
static bool (*const oracles[])(const struct step *, struct verdict *) = {
	[ORACLE_FAULT] = oracle_fault,	   [ORACLE_HANG] = oracle_hang,
	[ORACLE_PANIC] = oracle_panic,	   [ORACLE_RESULT] = oracle_result,
	[ORACLE_PLACE] = oracle_place,	   [ORACLE_ZEROED] = oracle_zeroed,
	[ORACLE_CONTENT] = oracle_content, [ORACLE_BACKED] = oracle_backed,
	[ORACLE_PAGES] = oracle_pages,	   [ORACLE_OWNER] = oracle_owner,
	[ORACLE_WIPED] = oracle_wiped,	   [ORACLE_SHAPE] = oracle_shape,
	[ORACLE_PROMISE] = oracle_promise, [ORACLE_PROGRESS] = oracle_progress,
	[ORACLE_LOCK] = oracle_lock,
};

/* A step about which everything is a lie that a call's step can tell. */
static void all_lies(struct step *s)
{
	good_call(s);
	s->expect.offset = 160;
	s->reclaimable = 5;
	s->below.size = 500;
	s->nonzero = 1;
	s->changed_at = 1;
	s->changed = s->below;
	s->unbacked_page = 1;
	s->unbacked = s->below;
	s->after.host = 1;
	s->stray_page = 1;
	s->unwiped_page = 1;
	s->walk_nr = 1;
	s->stuck = true;
	s->locks_held = 1;
}

/* Tell the truth about what @oracle sees. */
static void mend(struct step *s, enum oracle oracle)
{
	struct step truth;

	good_call(&truth);
	switch (oracle) {
	case ORACLE_RESULT:
		s->expect = truth.expect;
		break;
	case ORACLE_PLACE:
		s->below = truth.below;
		break;
	case ORACLE_ZEROED:
		s->nonzero = truth.nonzero;
		break;
	case ORACLE_CONTENT:
		s->changed_at = truth.changed_at;
		break;
	case ORACLE_BACKED:
		s->unbacked_page = truth.unbacked_page;
		break;
	case ORACLE_PAGES:
		s->after = truth.after;
		break;
	case ORACLE_OWNER:
		s->stray_page = truth.stray_page;
		break;
	case ORACLE_WIPED:
		s->unwiped_page = truth.unwiped_page;
		break;
	case ORACLE_SHAPE:
		s->walk_nr = truth.walk_nr;
		break;
	case ORACLE_PROMISE:
		s->reclaimable = truth.reclaimable;
		break;
	case ORACLE_PROGRESS:
		s->stuck = truth.stuck;
		break;
	case ORACLE_LOCK:
		s->locks_held = truth.locks_held;
		break;
	default:
		break;
	}
}

/* In order, the first that fails wins; each sees its own lie and no other. */
static void the_first_wins(void **state)
{
	enum oracle seen = ORACLE_NONE;
	struct step s;

	(void)state;
	all_lies(&s);
	for (int lies = 12; lies > 0; lies--) {
		struct verdict v = {.oracle = ORACLE_NONE};
		int objectors = 0;

		for (int o = ORACLE_FAULT; o <= ORACLE_LOCK; o++)
			objectors += oracles[o] && !oracles[o](&s, &v);
		assert_int_equal(objectors, lies);
		assert_false(oracle_judge(&s, &v));
		assert_true(v.oracle > seen);
		seen = v.oracle;
		mend(&s, seen);
	}
	assert_int_equal(seen, ORACLE_LOCK);
	assert_true(oracle_judge(&s, &(struct verdict){.oracle = 0}));
}

/* Behind an end that was due, or in a step that was not taken: silence. */
static void nothing_is_asked_of_a_step_without_return(void **state)
{
	static const enum step_end ends[] = {STEP_SKIPPED, STEP_PANIC,
					     STEP_FAULT};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct verdict v = {.oracle = ORACLE_NONE};
		struct step s;

		all_lies(&s);
		s.actual.end = ends[i];
		s.expect.end = ends[i] == STEP_FAULT ? STEP_PANIC : ends[i];
		assert_true(oracle_judge(&s, &v));
		for (int o = ORACLE_FAULT; o <= ORACLE_LOCK; o++)
			assert_true(!oracles[o] || oracles[o](&s, &v));
		assert_int_equal(v.oracle, ORACLE_NONE);
	}
}

/* ---- what a verdict looks like ------------------------------------------ */

static void signatures(void **state)
{
	char buf[SIGNATURE_TEXT];
	struct verdict v = {.oracle = ORACLE_NONE};
	struct step s;

	(void)state;
	assert_string_equal(verdict_signature(&v, buf, sizeof(buf)), "");

	good_reclaim(&s);
	s.after.host = 9;
	oracle_judge(&s, &v);
	assert_string_equal(verdict_signature(&v, buf, sizeof(buf)), "pages/"
								     "reclaim");

	good_free(&s);
	s.actual.end = STEP_PANIC;
	s.function = "chunk_unlink";
	oracle_judge(&s, &v);
	assert_string_equal(v.function, "chunk_unlink");
	assert_string_equal(verdict_signature(&v, buf, sizeof(buf)), "panic/"
								     "free@"
								     "chunk_"
								     "unlink");

	s.function = "";
	oracle_judge(&s, &v);
	assert_string_equal(verdict_signature(&v, buf, sizeof(buf)), "panic/"
								     "free");

	good_panic(&s); /* a missing panic was nowhere */
	s.actual.end = STEP_DONE;
	oracle_judge(&s, &v);
	assert_string_equal(v.function, "");
	assert_string_equal(verdict_signature(&v, buf, sizeof(buf)), "panic/"
								     "free!");

	good_free(&s); /* a fault's function is no part of it */
	s.actual.end = STEP_FAULT;
	s.function = "chunk_unlink";
	oracle_judge(&s, &v);
	assert_string_equal(verdict_signature(&v, buf, sizeof(buf)), "fault/"
								     "free");

	oracle_replay(&(struct books){.digest_first = 1}, &v);
	assert_string_equal(verdict_signature(&v, buf, sizeof(buf)), "replay/"
								     "end");
}

/* The longest of everything fits, and too long a function is cut. */
static void the_longest_signature(void **state)
{
	char name[200], buf[SIGNATURE_TEXT], expect[SIGNATURE_TEXT] = "";
	struct verdict v = {.oracle = ORACLE_NONE};
	struct step s;

	(void)state;
	memset(name, 'f', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	good_free(&s);
	s.actual.end = STEP_PANIC;
	s.function = name;
	oracle_judge(&s, &v);
	assert_int_equal(strlen(v.function), sizeof(v.function) - 1);
	snprintf(expect, sizeof(expect), "panic/free@%s", v.function);
	assert_string_equal(verdict_signature(&v, buf, sizeof(buf)), expect);
}

static void a_text_is_one_line(void **state)
{
	struct verdict v = {.oracle = ORACLE_NONE};
	char text[2 * VERDICT_TEXT];
	struct step s;

	(void)state;
	good_free(&s);
	assert_false(verdict_fail(&v, ORACLE_PAGES, &s, "%s %d", "a\nb\tc", 5));
	assert_string_equal(v.text, "a b c 5");
	assert_int_equal(v.oracle, ORACLE_PAGES);
	assert_int_equal(v.step, 7);
	assert_string_equal(v.word, "free");

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	verdict_fail(&v, ORACLE_PAGES, &s, "%s", text);
	assert_int_equal(strlen(v.text), VERDICT_TEXT - 1);
}

static void every_oracle_has_a_name(void **state)
{
	(void)state;
	assert_string_equal(oracle_name(ORACLE_NONE), "none");
	assert_string_equal(oracle_name(ORACLE_FAULT), "fault");
	assert_string_equal(oracle_name(ORACLE_REPLAY), "replay");
	assert_string_equal(oracle_name(ORACLE_COUNT), "?");
	for (int o = ORACLE_NONE; o < ORACLE_COUNT; o++) {
		assert_true(strlen(oracle_what((enum oracle)o)) > 5);
		for (int other = 0; other < o; other++)
			assert_string_not_equal(
				oracle_name((enum oracle)o),
				oracle_name((enum oracle)other));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_bit_of_a_header),
		cmocka_unit_test(the_shape),
		cmocka_unit_test(the_first_wins),
		cmocka_unit_test(nothing_is_asked_of_a_step_without_return),
		cmocka_unit_test(signatures),
		cmocka_unit_test(the_longest_signature),
		cmocka_unit_test(a_text_is_one_line),
		cmocka_unit_test(every_oracle_has_a_name),
	};

	return cmocka_run_group_tests(tests, make_truth, drop_truth);
}
