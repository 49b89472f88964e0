/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "lies.h"

/* Objects new and old, pages, promises and books: truths and lies. */

/* ---- the new object ----------------------------------------------------- */

static void at(struct step *s, uint64_t offset)
{
	s->actual.offset = offset;
	s->expect.offset = offset;
}

TELL(misaligned, at(s, 152))
TELL(at_0, at(s, 0))
TELL(at_the_end, at(s, 16384))
TELL(over_the_end, at(s, 16368); s->size = 32; s->above.there = false)
TELL(far_away, at(s, UINT64_MAX - 15))
TELL(huge, s->size = UINT64_MAX - 100)
TELL(on_below, at(s, 112))
TELL(on_above, s->size = 5040)
TELL(same_as_above, at(s, 5168))

static void the_place(void **state)
{
	static const struct lie lies[] = {
		{"alignment", good_alloc, misaligned, ORACLE_PLACE, "+152",
		 "8 more"},
		{"alignment, contract", contract_alloc, misaligned,
		 ORACLE_PLACE, "+152", "8 more"},
		{"below 16", good_alloc, at_0, ORACLE_PLACE, "+0, 16 bytes",
		 "[16, 16384)"},
		{"the end", good_alloc, at_the_end, ORACLE_PLACE,
		 "+16384, 16 bytes", "[16, 16384)"},
		{"over the end", good_call, over_the_end, ORACLE_PLACE,
		 "+16368, 32 bytes", "[16, 16384)"},
		{"far away", good_alloc, far_away, ORACLE_PLACE,
		 "+18446744073709551600", "[16, 16384)"},
		{"a huge size", good_alloc, huge, ORACLE_PLACE,
		 "+144, 18446744073709551515 bytes", "[16, 16384)"},
		{"over the one below", good_alloc, on_below, ORACLE_PLACE,
		 "+112, 16 bytes", "a at +16, 112 bytes"},
		{"over the one above", good_call, on_above, ORACLE_PLACE,
		 "+144, 5040 bytes", "b at +5168, 16 bytes"},
		{"served twice", contract_alloc, same_as_above, ORACLE_PLACE,
		 "+5168, 16 bytes", "b at +5168, 16 bytes"},
	};
	struct verdict v = {.oracle = ORACLE_NONE};
	struct step s;

	(void)state;
	LIES(lies);

	/* right up to both neighbours, and the whole heap */
	good_alloc(&s);
	at(&s, 128);
	s.size = 5168 - 128;
	assert_true(oracle_judge(&s, &v));
	at(&s, 16);
	s.size = 16368;
	s.below.there = false;
	s.above.there = false;
	assert_true(oracle_judge(&s, &v));
}

static void dirty(struct step *s, uint64_t byte)
{
	s->nonzero = byte;
	s->nonzero_byte = 0x5a;
}

TELL(dirty_first, dirty(s, 0))
TELL(dirty_last, dirty(s, 15))

static void the_zeros(void **state)
{
	static const struct lie lies[] = {
		{"first byte", good_alloc, dirty_first, ORACLE_ZEROED,
		 "byte 0 of the 16", "must be 0, is 0x5a"},
		{"last byte, contract", contract_alloc, dirty_last,
		 ORACLE_ZEROED, "byte 15 of the 16", "at +144"},
	};
	struct verdict v = {.oracle = ORACLE_NONE};
	struct step s;

	(void)state;
	LIES(lies);
	good_too_big(&s); /* nothing was handed out */
	dirty_first(&s);
	assert_true(oracle_judge(&s, &v));
}

/* ---- the live objects --------------------------------------------------- */

static void change(struct step *s, uint64_t byte)
{
	s->changed = (struct object){16, 112, 30, true};
	s->changed_at = byte;
	s->changed_expect = 0x11;
	s->changed_actual = 0xee;
}

static void unback(struct step *s, uint64_t page)
{
	s->unbacked = (struct object){5168, 16, 1, true};
	s->unbacked_page = page;
}

TELL(changed_first, change(s, 0))
TELL(changed_99, change(s, 99))
TELL(unbacked_0, unback(s, 0))
TELL(unbacked_1, unback(s, 1))

static void the_live_objects(void **state)
{
	static const struct lie lies[] = {
		{"content", good_free, changed_99, ORACLE_CONTENT,
		 "byte 99 of s30 at +16, 112 bytes", "must be 0x11, is 0xee"},
		{"content, first byte, contract", contract_reclaim,
		 changed_first, ORACLE_CONTENT, "byte 0 of s30", "0xee"},
		{"backed", good_reclaim, unbacked_1, ORACLE_BACKED,
		 "heap page 1 under b at +5168", "not mapped"},
		{"backed, first page, contract", contract_reclaim, unbacked_0,
		 ORACLE_BACKED, "heap page 0", NULL},
	};

	(void)state;
	LIES(lies);
}

/* ---- the pages ---------------------------------------------------------- */

TELL(host_lost, s->after.host--)
TELL(spare_lost, s->after.spare--)
TELL(mapped_lost, s->after.mapped--)
TELL(in_no_place, s->after.host--; s->after.hyp++)
TELL(guest_lost, s->after.guest = 0)
TELL(guest_shared, s->after.guest = 2)
TELL(root_lost, s->after.hyp = 0)
TELL(root_is_the_hosts, s->after.hyp = 0; s->after.host++)
TELL(guest_to_host, s->after.guest = 0; s->after.host++)
TELL(guest_to_spare, s->after.guest = 0; s->after.spare++)
TELL(host_shared, s->after.host++)
TELL(spare_shared, s->after.spare++)
TELL(mapped_shared, s->after.mapped++)
TELL(wrapped, s->after.host = UINT32_MAX; s->after.spare = 7)
TELL(pool_grew, s->pool = 9)
TELL(host_to_spare, s->after.host--; s->after.spare++)
TELL(spare_to_mapped, s->after.spare--; s->after.mapped++)
TELL(host_to_mapped, s->after.host--; s->after.mapped++)
TELL(stray, s->stray_page = 3; s->stray_what = "a guest's, not the host's")
TELL(stray_0, s->stray_page = 0)
TELL(host_lost_it, s->host_free = 4)
TELL(host_got_it, s->host_free = 6)
TELL(stray_unwarned, s->stray_page = 0; s->stray_what = "on no list";
     s->actual.warned = false)
TELL(unlike_0, s->unlike_page = 0)
TELL(unlike_3, s->unlike_page = 3)
TELL(unwiped, s->unwiped_page = 6; s->unwiped_at = 4095; s->unwiped_byte = 7)
TELL(unwiped_0, s->unwiped_page = 0; s->unwiped_at = 0; s->unwiped_byte = 7)
TELL(unclean, s->unwiped_page = 6; s->unwiped_at = STEP_NOWHERE)

static void the_pages(void **state)
{
	static const struct lie lies[] = {
		{"host lost", good_free, host_lost, ORACLE_PAGES,
		 "pool has 8 pages, found 7: host 4, spare 1, mapped 2", NULL},
		{"spare lost", good_free, spare_lost, ORACLE_PAGES,
		 "pool has 8 pages, found 7: host 5, spare 0, mapped 2", NULL},
		{"mapped lost", good_free, mapped_lost, ORACLE_PAGES,
		 "pool has 8 pages, found 7: host 5, spare 1, mapped 1", NULL},
		{"a leak", good_free, in_no_place, ORACLE_PAGES,
		 "found 7: host 4", "has 1 elsewhere, expected 0"},
		{"a leak beside a root", good_create, in_no_place, ORACLE_PAGES,
		 "found 9: host 4", "has 2 elsewhere, expected 1"},
		{"a leak, contract", contract_create_fails, in_no_place,
		 ORACLE_PAGES, "found 9", "has 2 elsewhere, expected 1"},
		{"guest lost", good_create, guest_lost, ORACLE_PAGES,
		 "pool has 10 pages, found 9", "guest 0"},
		{"guest twice, contract", contract_create_fails, guest_shared,
		 ORACLE_PAGES, "found 11", "guest 2"},
		{"root lost", good_create, root_lost, ORACLE_PAGES,
		 "has 0 elsewhere, expected 1", NULL},
		{"root, contract", contract_create_fails, root_is_the_hosts,
		 ORACLE_PAGES, "host 6", "has 0 elsewhere, expected 1"},
		{"host twice", good_free, host_shared, ORACLE_PAGES,
		 "found 9: host 6", NULL},
		{"spare twice, contract", contract_alloc, spare_shared,
		 ORACLE_PAGES, "found 9", "spare 2"},
		{"mapped twice", good_free, mapped_shared, ORACLE_PAGES,
		 "found 9", "mapped 3"},
		{"right in 32 bits", good_free, wrapped, ORACLE_PAGES,
		 "found 4294967304", NULL},
		{"pool", good_free, pool_grew, ORACLE_PAGES,
		 "pool has 9 pages, found 8", NULL},
	};

	(void)state;
	LIES(lies);
}

static void the_owners(void **state)
{
	static const struct lie lies[] = {
		{"host, spare", good_free, host_to_spare, ORACLE_OWNER,
		 "expected host 5, spare 1, mapped 2",
		 "found host 4, spare "
		 "2, mapped 2"},
		{"spare, mapped", good_free, spare_to_mapped, ORACLE_OWNER,
		 "expected host 5, spare 1, mapped 2",
		 "found host 5, spare "
		 "0, mapped 3"},
		{"host, mapped", good_free, host_to_mapped, ORACLE_OWNER,
		 "found host 4, spare 1, mapped 3", NULL},
		{"guest, host", good_create, guest_to_host, ORACLE_OWNER,
		 "mapped 2, guest 1; found host 6", "guest 0"},
		{"guest, spare", good_hvc_topup, guest_to_spare, ORACLE_OWNER,
		 "found host 5, spare 2", "guest 0"},
		{"stray", good_free, stray, ORACLE_OWNER,
		 "pool page 3: a guest's, not the host's", NULL},
		{"stray, contract", contract_alloc, stray_0, ORACLE_OWNER,
		 "pool page 0: not where it should be", NULL},
		{"stray in place of the warning", good_refused, stray_unwarned,
		 ORACLE_OWNER, "pool page 0: on no list", NULL},
		{"the host lost one", good_free, host_lost_it, ORACLE_OWNER,
		 "expected the host to have 5 free pages", "found 4"},
		{"the host got one", good_create, host_got_it, ORACLE_OWNER,
		 "expected the host to have 5 free pages", "found 6"},
		{"unmapped page", good_free, unlike_0, ORACLE_OWNER,
		 "heap page 0 must be mapped, is unmapped", NULL},
		{"mapped page", good_free, unlike_3, ORACLE_OWNER,
		 "heap page 3 must be unmapped, is mapped", NULL},
	};

	(void)state;
	LIES(lies);

	/* each count for itself, though no single one can be wrong alone */
	for (int i = 0; i < 4; i++) {
		struct verdict v = {.oracle = ORACLE_NONE};
		struct step s;

		good_create(&s);
		s.after.host += i == 0;
		s.after.spare += i == 1;
		s.after.mapped += i == 2;
		s.after.guest += i == 3;
		assert_false(oracle_owner(&s, &v));
		assert_int_equal(v.oracle, ORACLE_OWNER);
	}
}

static void the_wiping(void **state)
{
	static const struct lie lies[] = {
		{"a byte", good_reclaim, unwiped, ORACLE_WIPED, "pool page 6",
		 "0x07 at byte 4095, expected 0x00"},
		{"byte 0 of page 0, contract", contract_reclaim, unwiped_0,
		 ORACLE_WIPED, "pool page 0", "at byte 0"},
		{"not to the PoC", good_reclaim, unclean, ORACLE_WIPED,
		 "pool page 6", "not cleaned"},
	};

	(void)state;
	LIES(lies);
}

/* ---- promises ----------------------------------------------------------- */

static void gets(struct step *s, uint64_t pages)
{
	s->actual.pages = pages;
	s->expect.pages = pages;
}

TELL(too_few, gets(s, 2))
TELL(too_many, gets(s, 4))
TELL(there_were_fewer, s->reclaimable_before = 2)
TELL(there_were_more, s->reclaimable_before = 6)
TELL(other_reclaimable, s->reclaimable = 42)
TELL(asked_for_fewer, s->target = 1)
TELL(stuck, s->stuck = true; s->stuck_need = 3)
TELL(host_had_it, s->actual.need = 5; s->expect.need = 5)
TELL(locked, s->locks_held = 2)
TELL(unlocked, s->unlocked = true; s->unlocked_at = 4096)
TELL(unlocked_mc, s->unlocked = true; s->unlocked_at = STEP_NOWHERE)

static void the_promises(void **state)
{
	static const struct lie lies[] = {
		{"too few", good_reclaim, too_few, ORACLE_PROMISE,
		 "target 3, 5 pages", "expected 3, got 2"},
		{"too many, contract", contract_reclaim, too_many,
		 ORACLE_PROMISE, "expected 3, got 4", NULL},
		{"more than there were", good_reclaim, there_were_fewer,
		 ORACLE_PROMISE, "target 3, 2 pages", "expected 2, got 3"},
		{"shrink", good_shrink, there_were_more, ORACLE_PROMISE,
		 "target 9, 6 pages", "expected 6, got 5"},
		{"shrink, target", good_shrink, asked_for_fewer, ORACLE_PROMISE,
		 "target 1", "expected 1, got 5"},
		{"reclaimable", good_free, other_reclaimable, ORACLE_PROMISE,
		 "expected 1 ", "got 42"},
		{"stuck", good_call, stuck, ORACLE_PROGRESS,
		 "3 pages were asked for", "call 2"},
		{"endless", good_no_memory, host_had_it, ORACLE_PROGRESS,
		 "call 4 of at most 4", "5 pages; the host has 5"},
		{"endless, contract", contract_no_memory, host_had_it,
		 ORACLE_PROGRESS, "call 4 of at most 4", NULL},
		{"stuck client", good_create, stuck, ORACLE_PROGRESS,
		 "3 pages were asked for", "call 2"},
		{"endless client", good_create_fails, host_had_it,
		 ORACLE_PROGRESS, "call 4 of at most 4", "the host has 5"},
		{"endless client, contract", contract_create_fails, host_had_it,
		 ORACLE_PROGRESS, "5 pages; the host has 5", NULL},
		{"lock held", good_free, locked, ORACLE_LOCK, "expected 0",
		 "found 2"},
		{"no lock", good_free, unlocked, ORACLE_LOCK, "+4096", NULL},
		{"no lock, contract", contract_alloc, unlocked, ORACLE_LOCK,
		 "+4096", NULL},
		{"no lock, cache", good_alloc, unlocked_mc, ORACLE_LOCK,
		 "page cache", "0 locks"},
	};
	struct verdict v = {.oracle = ORACLE_NONE};
	struct step s;

	(void)state;
	LIES(lies);

	/* not at its last try: the loop ended for another reason */
	good_no_memory(&s);
	host_had_it(&s);
	s.tries = 3;
	assert_true(oracle_judge(&s, &v));

	/* nor is it one that a request of the older dialect is too short */
	good_no_memory(&s);
	host_had_it(&s);
	s.clipped = true;
	assert_true(oracle_judge(&s, &v));
	good_call(&s);
	stuck(&s);
	s.clipped = true;
	assert_false(oracle_judge(&s, &v));
	v.oracle = ORACLE_NONE;

	/* another CPU may have eaten what was given */
	good_call(&s);
	stuck(&s);
	s.others = true;
	assert_true(oracle_judge(&s, &v));
	good_no_memory(&s);
	host_had_it(&s);
	s.others = true;
	assert_true(oracle_judge(&s, &v));

	/* and nothing was promised where a call was refused */
	good_reclaim(&s);
	too_few(&s);
	s.promised = false;
	assert_true(oracle_judge(&s, &v));
}

/* ---- the program as a whole --------------------------------------------- */

static void the_books(void **state)
{
	static const struct books good = {.objects_expect = 3,
					  .objects_actual = 3,
					  .bytes_expect = 160,
					  .bytes_actual = 160,
					  .slow = true,
					  .arena_objects = 3,
					  .arena_bytes = 160,
					  .digest_first = 0xabc,
					  .digest_second = 0xabc};
	static const struct {
		size_t field;
		enum oracle oracle;
		const char *says, *too;
	} rows[] = {
		{offsetof(struct books, objects_actual), ORACLE_ACCOUNT,
		 "expected 3 live objects of 160", "holds 77 of 160"},
		{offsetof(struct books, bytes_actual), ORACLE_ACCOUNT,
		 "expected 3 live objects of 160", "holds 3 of 77"},
		{offsetof(struct books, objects_expect), ORACLE_ACCOUNT,
		 "expected 77 live objects of 160", "holds 3 of 160"},
		{offsetof(struct books, bytes_expect), ORACLE_ACCOUNT,
		 "expected 3 live objects of 77", "holds 3 of 160"},
		{offsetof(struct books, arena_objects), ORACLE_ACCOUNT,
		 "arena counts 77 of 160", NULL},
		{offsetof(struct books, arena_bytes), ORACLE_ACCOUNT,
		 "arena counts 3 of 77", NULL},
		{offsetof(struct books, leaked), ORACLE_ACCOUNT,
		 "expected 0 bytes", "found 77"},
		{offsetof(struct books, digest_first), ORACLE_REPLAY,
		 "000000000000004d", "0000000000000abc"},
		{offsetof(struct books, digest_second), ORACLE_REPLAY,
		 "0000000000000abc", "000000000000004d"},
	};
	const uint64_t lie = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct verdict v = {.oracle = ORACLE_NONE, .step = 9};
		struct books b = good;

		assert_true(oracle_account(&b, &v) && oracle_replay(&b, &v));
		memcpy((char *)&b + rows[i].field, &lie, sizeof(lie));
		assert_false(oracle_account(&b, &v) && oracle_replay(&b, &v));
		assert_int_equal(v.oracle, rows[i].oracle);
		assert_int_equal(v.step, 0);
		assert_string_equal(v.word, "end");
		assert_non_null(strstr(v.text, rows[i].says));
		if (rows[i].too)
			assert_non_null(strstr(v.text, rows[i].too));
	}
}

/* The arena's statistics count only where they were read. */
static void books_without_the_arena(void **state)
{
	const struct books b = {.objects_expect = 1,
				.objects_actual = 1,
				.bytes_expect = 16,
				.bytes_actual = 16};
	struct verdict v = {.oracle = ORACLE_NONE};

	(void)state;
	assert_true(oracle_account(&b, &v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_place),
		cmocka_unit_test(the_zeros),
		cmocka_unit_test(the_live_objects),
		cmocka_unit_test(the_pages),
		cmocka_unit_test(the_owners),
		cmocka_unit_test(the_wiping),
		cmocka_unit_test(the_promises),
		cmocka_unit_test(the_books),
		cmocka_unit_test(books_without_the_arena),
	};

	return cmocka_run_group_tests(tests, make_truth, drop_truth);
}
