/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>

#include "allocator/heap.h"
#include "scripts/lib/test.h"
#include "selfcheck/selfcheck.h"

/*
 * Is a broken oracle told? All oracles object by way of verdict_fail(), which
 * the linker leads through here: one of them can be made blind.
 */

static enum oracle blind;

bool __real_verdict_fail(struct verdict *v, enum oracle oracle,
			 const struct step *step, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
bool __wrap_verdict_fail(struct verdict *v, enum oracle oracle,
			 const struct step *step, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
bool __wrap_verdict_fail(struct verdict *v, enum oracle oracle,
			 const struct step *step, const char *fmt, ...)
{
	char text[VERDICT_TEXT];
	va_list args;

	if (oracle == blind)
		return true;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);

	return __real_verdict_fail(v, oracle, step, "%s", text);
}

static struct run *run;

static int create(void **state)
{
	(void)state;
	run = run_create();
	heap_watchdog(10);

	return run ? 0 : -1;
}

static int destroy(void **state)
{
	(void)state;
	run_destroy(run);

	return 0;
}

/* What comes of each lie to @oracle, or to all, at each level it has. */
static unsigned int expect(enum oracle oracle, enum selfcheck_end due)
{
	unsigned int told = 0;
	const struct lie *lies;
	size_t nr;

	heap_catch_signals(); /* cmocka takes them over in each test */
	lies = selfcheck_lies(&nr);
	for (size_t i = 0; i < nr; i++) {
		if (oracle != ORACLE_NONE && lies[i].oracle != oracle)
			continue;
		for (unsigned int level = 0; level < SELFCHECK_LEVELS;
		     level++) {
			struct selfcheck_result r;

			if (!(lies[i].levels & 1u << level))
				continue;
			r = selfcheck_tell(run, &lies[i], level, 4096, false);
			if (r.end != due)
				fail_msg("%s, %s: %s (%s), expected %s",
					 lies[i].what,
					 selfcheck_level_name(level),
					 selfcheck_end_name(r.end), r.got,
					 selfcheck_end_name(due));
			if (r.untold)
				fail_msg("%s: was not told", lies[i].what);
			told++;
		}
	}

	return told;
}

static void each_lie_is_caught(void **state)
{
	(void)state;
	blind = ORACLE_NONE;
	assert_true(expect(ORACLE_NONE, SELFCHECK_CAUGHT) >= ORACLE_COUNT);
}

/* Whoever else sees it instead does not count. */
static void a_blind_oracle_misses_its_lies(void **state)
{
	(void)state;
	for (int oracle = 1; oracle < ORACLE_COUNT; oracle++) {
		blind = (enum oracle)oracle;
		assert_true(expect(blind, SELFCHECK_MISSED) >= 1);
	}
	blind = ORACLE_NONE;
}

/* Where there is nobody to see it. */
static void a_lie_at_another_level_is_off(void **state)
{
	const struct lie *lies;
	unsigned int off = 0;
	size_t nr;

	(void)state;
	lies = selfcheck_lies(&nr);
	for (size_t i = 0; i < nr; i++) {
		if (lies[i].levels & 1u << SELFCHECK_CONTRACT)
			continue;
		assert_int_equal(selfcheck_tell(run, &lies[i],
						SELFCHECK_CONTRACT, 4096, false)
					 .end,
				 SELFCHECK_OFF);
		off++;
	}
	assert_true(off > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_lie_is_caught),
		cmocka_unit_test(a_blind_oracle_misses_its_lies),
		cmocka_unit_test(a_lie_at_another_level_is_off),
	};

	return cmocka_run_group_tests(tests, create, destroy);
}
