/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The checks that are put into the allocator do what the calls do which they
 * replace: the same end, the same words, the same record and count.
 */
#include "backend_test.h"

void hyp_load4(uintptr_t at);

static void (*const calls[])(uintptr_t) = {hyp_load4, hyp_load8};

#define HYP_PAGE_SHIFT SHIFT
#define hyp_load4 inline_load4
#define hyp_load8 inline_load8
#define hyp_load4_noabort inline_load4_noabort
#define hyp_load8_noabort inline_load8_noabort
/* bodies that no other unit sees need not say so */
#pragma GCC diagnostic ignored "-Wattributes"
#include "allocator/backend/inline.c"

static void (*const bodies[])(uintptr_t) = {inline_load4, inline_load8};
static void (*const bodies_noabort[])(uintptr_t) = {inline_load4_noabort,
						    inline_load8_noabort};

enum state { LOCKED, UNLOCKED, HOST, STATES };

struct outcome {
	enum backend_end end;
	int64_t left;
	uint8_t byte; /* that the block has then */
	struct backend_record record;
	char what[sizeof(backend.stop.what)];
};

static uint64_t own[8];

/*
 * The places worth a look. Page 0 is mapped at the start of a range, page 1 is
 * the host's, page 2 is EL2's and not mapped.
 */
static uintptr_t place(unsigned int n, unsigned long va)
{
	const uintptr_t places[] = {
		va,
		va + 4,
		va + 1,
		va + 62,
		va + PAGE - 8,
		va + PAGE - 4,
		va + PAGE - 2,
		va + PAGE,
		va - 8,
		linear(0),
		linear(1),
		linear(2),
		linear(POOL),
		(uintptr_t)backend.arena + HOST_WINDOW,
		(uintptr_t)own,
		(uintptr_t)own + 2,
		(uintptr_t)own + sizeof(own) - 8,
		(uintptr_t)own + sizeof(own) - 4,
		(uintptr_t)own + sizeof(own),
		(uintptr_t)&backend,
		0,
		~0ul - 7,
		~0ul,
	};

	return n < sizeof(places) / sizeof(places[0]) ? places[n] : 1;
}

/* @access in a fresh world, with so many accesses left. */
static struct outcome outcome_of(void (*access)(uintptr_t), unsigned int n,
				 enum state state, int64_t left)
{
	struct outcome outcome;
	unsigned int lock = 0;
	unsigned long va;

	fresh(NULL);
	backend.data = (uintptr_t)own;
	backend.data_end = (uintptr_t)(own + 8);
	backend.host_data = backend.data;
	backend.host_data_end = backend.data_end;
	backend_enter(false);
	va = map_one(0, 0);
	assert_int_equal(backend_donate_hyp(pfn(2), 1), 0);
	memset(&backend.record, 0, sizeof(backend.record));
	backend_begin(1000000);
	if (state == LOCKED)
		backend_lock(&lock, "test");
	if (state == HOST)
		backend_enter(true);
	backend.accesses_left = left;
	backend.stop.what[0] = 0;

	memset(&outcome, 0, sizeof(outcome));
	outcome.end = ENDS(access(place(n, va)));
	outcome.left = backend.accesses_left;
	backend_enter(false);
	outcome.byte = byte_at(va);
	outcome.record = backend.record;
	memcpy(outcome.what, backend.stop.what, sizeof(outcome.what));

	return outcome;
}

static void as_a_call(void (*body)(uintptr_t), void (*call)(uintptr_t))
{
	static const int64_t lefts[] = {100, 1, 0, -1};
	unsigned int ends[BACKEND_HANG + 1] = {0};

	for (enum state state = LOCKED; state < STATES; state++)
		for (unsigned int k = 0; k < 4; k++)
			for (unsigned int n = 0; place(n, 0) != 1; n++) {
				struct outcome actual =
					outcome_of(body, n, state, lefts[k]);
				struct outcome expect =
					outcome_of(call, n, state, lefts[k]);

				assert_int_equal(actual.end, expect.end);
				assert_int_equal(actual.left, expect.left);
				assert_string_equal(actual.what, expect.what);
				assert_memory_equal(&actual, &expect,
						    sizeof(actual));
				ends[actual.end]++;
			}
	/* there was some of each */
	assert_true(ends[BACKEND_RUNNING]);
	assert_true(ends[BACKEND_FAULT]);
	assert_true(ends[BACKEND_HANG]);
}

static void a_load_is_checked_as_by_a_call(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		as_a_call(bodies[i], calls[i]);
		as_a_call(bodies_noabort[i], calls[i]);
	}
}

/* A block that is not in memory yet is brought there, then it is plain. */
static void a_block_is_brought_into_memory(void **state)
{
	const unsigned long va = map_one(0, 0);
	unsigned int lock = 0;
	const uint8_t *ready = backend_ready + ((va - backend.window) >> 6);

	(void)state;
	backend_lock(&lock, "test");
	assert_false(*ready);
	assert_int_equal(ENDS(inline_load4(va)), BACKEND_RUNNING);
	assert_true(*ready);
	assert_int_equal(ENDS(inline_load4(va)), BACKEND_RUNNING);
	backend_unlock(&lock, "test");
}

/*
 * Of a header's granule: all words are as the first, which alone is looked at
 * and counted.
 */
static void what_is_known_of_a_header(void **state)
{
	const unsigned long va = map_one(0, 0);
	unsigned int lock = 0;

	(void)state;
	backend_lock(&lock, "test");
	/* until it is in memory nothing is known of it */
	assert_false(access_load4_first(va + 8, 8));
	assert_true(access_load4_first(va + 8, 8));
	assert_true(access_load4_first(va + 16, 0));
	assert_true(access_load8_first(va + 40, 8));
	/* not of the granule that the pointer is to, or that is none */
	assert_false(access_load4_first(va + 16, 16));
	assert_false(access_load4_first(va + 24, 0));
	assert_false(access_load4_first(va + 8, 4));
	backend_unlock(&lock, "test");
	/* allowed, but to be noted each time */
	assert_false(access_load4_first(va, 0));

	/* known: not looked at, whatever it is; and not counted */
	backend_begin(1);
	backend.accesses_left = 1;
	for (uintptr_t offset = 0; offset <= 12; offset += 4)
		assert_int_equal(
			ENDS(access_load4(linear(1) + offset, offset, true)),
			BACKEND_RUNNING);
	assert_int_equal(ENDS(access_load8(linear(1) + 8, 8, true)),
			 BACKEND_RUNNING);
	assert_int_equal(backend.accesses_left, 1);
	/* behind the granule, across a word of 8 bytes, or not known: it is */
	assert_int_equal(ENDS(access_load4(linear(1) + 16, 16, true)),
			 BACKEND_FAULT);
	fresh(NULL);
	assert_int_equal(ENDS(access_load8(linear(1) + 4, 4, true)),
			 BACKEND_FAULT);
	fresh(NULL);
	assert_int_equal(ENDS(access_load4(linear(1) + 4, 4, false)),
			 BACKEND_FAULT);
}

/*
 * Of its own data and stack nothing is known: those have no blocks. (What is
 * put into this function is as it is: ASan's shadow has none of its own.)
 */
UNSANITIZED static void nothing_is_known_of_other_data(void **state)
{
	uint64_t on_the_stack = 0;

	(void)state;
	backend.data = (uintptr_t)own;
	backend.data_end = (uintptr_t)(own + 8);
	backend_enter(false);
	backend.stack_top = (uintptr_t)__builtin_frame_address(0);
	assert_false(access_load4_first((uintptr_t)own, 0));
	assert_false(access_load8_first((uintptr_t)own, 0));
	assert_int_equal(ENDS(access_load8_first((uintptr_t)&on_the_stack, 0)),
			 BACKEND_RUNNING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_load_is_checked_as_by_a_call, fresh),
		cmocka_unit_test_setup(a_block_is_brought_into_memory, fresh),
		cmocka_unit_test_setup(what_is_known_of_a_header, fresh),
		cmocka_unit_test_setup(nothing_is_known_of_other_data, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
