/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's kernel code: the request loop, top-up, reclaim and the shrinker;
 * against EL2, and against a player of EL2's part that answers what it is told
 * to.
 */
#include "boot.h"

#define ANSWERS 40

/* What the player answers, in turn, and what it was asked. */
static struct regs answer[ANSWERS], asked[ANSWERS];
static unsigned int calls;
static void (*el2)(unsigned long *regs); /* not NULL: it answers itself */

static void play(unsigned long *regs)
{
	assert_true(calls < ANSWERS);
	memcpy(asked[calls].x, regs, sizeof(asked[calls].x));
	if (el2)
		el2(regs);
	else
		memcpy(regs, answer[calls].x, sizeof(answer[calls].x));
	calls++;
}

static int boot_player(void **state)
{
	(void)state;
	boot(false, 64);
	memset(answer, 0, sizeof(answer));
	calls = 0;
	el2 = NULL;
	backend.vector = play;

	return 0;
}

static int boot_spied_on(void **state)
{
	void (*real)(unsigned long *regs);

	boot(false, 64);
	real = backend.vector;
	boot_player(state);
	el2 = real;

	return 0;
}

static long call(unsigned long x1, unsigned long x2)
{
	struct regs regs = {.x = {HVC_INIT_VM, x1, x2, 33, 44}};
	long ret;

	assert_true(heap_call(regs.x, &ret));

	return ret;
}

/* Was hypercall @nr number @at, with these arguments? */
#define assert_asked(at, nr, x1, x2)                               \
	do {                                                       \
		assert_true((at) < calls);                         \
		assert_int_equal(asked[at].x[0], HVC_BASE + (nr)); \
		assert_int_equal(asked[at].x[1], x1);              \
		assert_int_equal(asked[at].x[2], x2);              \
	} while (0)

/* ---- what the loop makes of an answer ----------------------------------- */

static void is_served_at_once(void **state)
{
	(void)state;
	/* x1 is 0, so what looks like a request is none */
	answer[0] = (struct regs){{0, 0, request(HYP_REQ_ALLOC, 1)}};
	assert_int_equal(call(11, 22), 0);
	assert_int_equal(calls, 1);
	assert_asked(0, HVC_INIT_VM, 11, 22);
	assert_int_equal(asked[0].x[4], 44);
	assert_all_back();
}

static void returns_a_positive_result(void **state)
{
	(void)state;
	answer[0] = (struct regs){{0, 4097}};
	assert_int_equal(call(11, 22), 4097);
	assert_int_equal(calls, 1);
}

static void returns_an_error_without_request(void **state)
{
	(void)state;
	answer[0] = (struct regs){{0, ERR(ENOMEM)}};
	assert_int_equal(call(11, 22), -ENOMEM);
	assert_int_equal(calls, 1);
}

static void warns_of_a_refused_call(void **state)
{
	(void)state;
	/* registers that mean nothing then */
	answer[0] = (struct regs){{~0ul, 0, request(HYP_REQ_ALLOC, 1)}};
	assert_int_equal(call(11, 22), -1);
	assert_int_equal(calls, 1);
	assert_non_null(host_finding()->what);
}

static void takes_unknown_requests_for_none(void **state)
{
	(void)state;
	for (unsigned long type = 3; type < 256; type++) {
		calls = 0;
		answer[0] = (struct regs){{0, ERR(EAGAIN), request(type, 1)}};
		assert_int_equal(call(11, 22), -EAGAIN);
		assert_int_equal(calls, 1);
	}
}

static void tops_up_and_calls_again(void **state)
{
	(void)state;
	/* bytes 5..15 are not the request's */
	answer[0] = (struct regs){
		{0, ERR(ENOMEM), request(HYP_REQ_SELFTEST, 3), ONES}};
	answer[1] = (struct regs){{0, 0, 0, 0}}; /* takes all */
	answer[2] = (struct regs){{0, 0}};
	assert_int_equal(call(11, 22), 0);
	assert_int_equal(calls, 3);
	assert_asked(1, HVC_TOPUP, HYP_REQ_SELFTEST, phys(2));
	assert_int_equal(asked[1].x[3], 3);
	assert_memory_equal(&asked[0], &asked[2], sizeof(asked[0]));
	assert_int_equal(host_free(), POOL - 3);
}

static void gives_none_if_it_has_too_few(void **state)
{
	(void)state;
	answer[0] = (struct regs){
		{0, ERR(ENOMEM), request(HYP_REQ_ALLOC, POOL + 1)}};
	assert_int_equal(call(11, 22), -ENOMEM);
	assert_int_equal(calls, 1);
	assert_all_back();
}

static void decodes_all_of_a_number(void **state)
{
	struct host_loop loop;
	uint64_t offset;
	bool got;

	(void)state;
	answer[0] = (struct regs){{0, ERR(ENOMEM), 0x0504030201}};
	assert_true(host_call_alloc(5000, 7, &loop, &got, &offset));
	assert_int_equal(loop.need, 0x05040302);
	assert_int_equal(calls, 1);
}

static void frees_what_was_not_taken(void **state)
{
	(void)state;
	answer[0] = (struct regs){{0, ERR(ENOMEM), request(HYP_REQ_ALLOC, 3)}};
	/* the list is page 2, 1, 0: two are left, and the error is returned */
	answer[1] = (struct regs){{0, ERR(EINVAL), phys(1), 2}};
	assert_int_equal(call(11, 22), -EINVAL);
	assert_int_equal(calls, 2);
	assert_int_equal(host_free(), POOL - 1);
	assert_null(host_finding()->what);
}

static void frees_all_if_the_topup_is_no_call(void **state)
{
	(void)state;
	answer[0] = (struct regs){{0, ERR(ENOMEM), request(HYP_REQ_ALLOC, 3)}};
	answer[1] = (struct regs){{~0ul, 0, phys(0), 1}};
	assert_int_equal(call(11, 22), -1);
	assert_int_equal(host_free(), POOL);
}

/* EL2 asks for a page, takes it, and asks again, for ever. */
static void a_livelock_is_bounded(void **state)
{
	struct host_loop loop;
	uint64_t offset;
	bool got;

	(void)state;
	for (int i = 0; i < ANSWERS; i += 2)
		answer[i] = (struct regs){
			{0, ERR(ENOMEM), request(HYP_REQ_ALLOC, 2)}};
	assert_true(host_call_alloc(5000, 7, &loop, &got, &offset));
	assert_false(got);
	assert_int_equal(loop.err, -ENOMEM);
	assert_int_equal(loop.need, 2);
	assert_int_equal(loop.tries, 7);
	assert_true(loop.stuck);
	assert_int_equal(loop.stuck_need, 2);
	assert_asked(12, HVC_ALLOC, 5000, 0);
}

/* ---- with EL2 ----------------------------------------------------------- */

static void allocates_after_a_topup(void **state)
{
	struct host_loop loop;
	uint64_t offset;
	bool got;

	(void)state;
	assert_true(host_call_alloc(5000, 7, &loop, &got, &offset));
	assert_true(got);
	assert_int_equal(offset, 16);
	assert_int_equal(loop.tries, 2);
	assert_false(loop.stuck);
	assert_int_equal(calls, 3);
	assert_asked(1, HVC_TOPUP, HYP_REQ_ALLOC, phys(1));
	assert_int_equal(asked[1].x[3], 2);
	assert_int_equal(host_free(), POOL - 2);

	assert_true(host_call_alloc(100, 7, &loop, &got, &offset));
	assert_true(got);
	assert_int_equal(loop.tries, 1);
	assert_int_equal(calls, 4);
}

static void allocates_nothing_from_a_poor_host(void **state)
{
	struct host_loop loop;
	uint64_t offset;
	bool got;
	int err;

	(void)state;
	assert_true(heap_host_topup(HYP_REQ_SELFTEST, 2, &err));
	assert_true(host_topup(POOL - 3, &err));
	assert_int_equal(err, 0);
	assert_true(host_call_alloc(63 * PAGE, 7, &loop, &got, &offset));
	assert_false(got);
	assert_int_equal(loop.err, -ENOMEM);
	assert_int_equal(loop.need, 3);
	assert_int_equal(loop.tries, 1);
	assert_false(loop.stuck);
	assert_int_equal(calls, 3); /* no third top-up */
	assert_int_equal(host_free(), 1);
}

static void reports_an_error_that_no_page_mends(void **state)
{
	struct host_loop loop;
	uint64_t offset;
	bool got;

	(void)state;
	assert_true(host_call_alloc(64 * PAGE, 7, &loop, &got, &offset));
	assert_false(got);
	assert_int_equal(loop.err, -E2BIG);
	assert_int_equal(loop.need, 0);
	assert_int_equal(loop.tries, 1);
	assert_int_equal(calls, 1);
}

static void reclaim_is_one_call(void **state)
{
	uint64_t pages;
	int err;

	(void)state;
	assert_true(host_topup(40, &err));
	assert_true(host_reclaim(39, &pages));
	assert_int_equal(pages, 39);
	assert_int_equal(calls, 2);
	assert_asked(1, HVC_RECLAIM, HYP_REQ_ALLOC, 39);
	assert_true(host_reclaim(UINT64_MAX, &pages));
	assert_int_equal(pages, 1);
	assert_asked(2, HVC_RECLAIM, HYP_REQ_ALLOC, ~0ul);
	assert_all_back();
}

static void stops_at_a_page_that_is_not_its_own(void **state)
{
	uint64_t pages;
	int err;

	(void)state;
	assert_true(host_topup(3, &err));
	el2 = NULL;
	answer[calls] = (struct regs){{0, 0, phys(2), 3}};
	assert_true(host_reclaim(3, &pages));
	assert_int_equal(pages, 0);
	assert_int_equal(host_finding()->page, 2);
}

/* ---- the shrinker ------------------------------------------------------- */

static uint64_t count(void)
{
	uint64_t ret;

	assert_true(heap_host_count(&ret));

	return ret;
}

static uint64_t scan(uint64_t target)
{
	uint64_t ret, scanned;

	assert_true(heap_host_scan(target, &ret, &scanned));
	assert_int_equal(scanned, 0);

	return ret;
}

static void counts_all_heaps(void **state)
{
	int err;

	(void)state;
	assert_int_equal(count(), HOST_SHRINK_EMPTY);
	assert_int_equal(calls, 2);
	assert_true(heap_host_topup(HYP_REQ_ALLOC, 3, &err));
	assert_true(heap_host_topup(HYP_REQ_SELFTEST, 4, &err));
	assert_int_equal(count(), 7);
}

static void scans_in_batches(void **state)
{
	int err;

	(void)state;
	assert_int_equal(scan(5), HOST_SHRINK_STOP);
	assert_int_equal(calls, 2); /* each heap brought none */
	assert_true(heap_host_topup(HYP_REQ_ALLOC, 40, &err));

	calls = 0;
	assert_int_equal(scan(37), 37);
	assert_int_equal(calls, 3);
	assert_asked(0, HVC_RECLAIM, HYP_REQ_ALLOC, 16);
	assert_asked(1, HVC_RECLAIM, HYP_REQ_ALLOC, 16);
	assert_asked(2, HVC_RECLAIM, HYP_REQ_ALLOC, 5);
	assert_int_equal(scan(0), HOST_SHRINK_STOP);
	assert_int_equal(calls, 3);
}

static void goes_on_to_the_next_heap(void **state)
{
	int err;

	(void)state;
	assert_true(heap_host_topup(HYP_REQ_ALLOC, 18, &err));
	assert_true(heap_host_topup(HYP_REQ_SELFTEST, 4, &err));
	assert_int_equal(scan(20), 20);
	assert_int_equal(count(), 2);
	assert_true(heap_host_topup(HYP_REQ_ALLOC, 18, &err));
	assert_true(heap_host_topup(HYP_REQ_SELFTEST, 2, &err));
	calls = 0;
	assert_int_equal(scan(100), 22);
	assert_int_equal(calls, 5);
	assert_asked(1, HVC_RECLAIM, HYP_REQ_ALLOC, 16); /* 2 came */
	assert_asked(2, HVC_RECLAIM, HYP_REQ_ALLOC, 16); /* 0 */
	assert_asked(3, HVC_RECLAIM, HYP_REQ_SELFTEST, 16);
	assert_asked(4, HVC_RECLAIM, HYP_REQ_SELFTEST, 16);
	assert_int_equal(count(), HOST_SHRINK_EMPTY);
	assert_all_back();
}

static void shrinks_only_after_the_boot(void **state)
{
	int err;

	(void)state;
	boot(true, 64);
	assert_true(heap_host_topup(HYP_REQ_ALLOC, 3, &err));
	assert_int_equal(count(), HOST_SHRINK_EMPTY);
	assert_int_equal(scan(3), HOST_SHRINK_STOP);
	assert_true(heap_host_deprivilege(&err));
	assert_int_equal(err, 0);
	assert_int_equal(count(), 3);
	assert_int_equal(scan(3), 3);
	assert_true(heap_host_deprivilege(&err));
	assert_int_equal(err, -EBUSY);
	assert_all_back();
}

static void a_boot_that_fails_leaves_no_shrinker(void **state)
{
	int err;

	(void)state;
	boot(true, 64);
	backend.vector = play;
	answer[0] = (struct regs){{0, ERR(EBUSY)}};
	assert_true(heap_host_deprivilege(&err));
	assert_int_equal(err, -EBUSY);
	assert_int_equal(count(), HOST_SHRINK_EMPTY);
	assert_int_equal(scan(3), HOST_SHRINK_STOP);
	assert_int_equal(calls, 1);
}

/* ---- the self test ------------------------------------------------------ */

static void runs_the_selftest_at_boot(void **state)
{
	long ret;

	(void)state;
	boot(true, 64);
	assert_true(heap_host_selftest(&ret));
	assert_int_equal(ret, 0);
	assert_all_back();
}

static void selftest_of_a_poor_host_leaks_nothing(void **state)
{
	int err;
	long ret;

	(void)state;
	boot(true, 64);
	assert_true(heap_host_topup(HYP_REQ_ALLOC, POOL - 5, &err));
	assert_true(heap_host_topup(HYP_REQ_SELFTEST, 2, &err));
	assert_true(heap_host_selftest(&ret)); /* lacks 4, the host has 3 */
	assert_int_equal(ret, -ENOMEM);
	assert_int_equal(host_free(), 5);
}

int main(void)
{
#define PLAYED(test) cmocka_unit_test_setup(test, boot_player)
#define SPIED(test) cmocka_unit_test_setup(test, boot_spied_on)
	const struct CMUnitTest tests[] = {
		PLAYED(is_served_at_once),
		PLAYED(returns_a_positive_result),
		PLAYED(returns_an_error_without_request),
		PLAYED(warns_of_a_refused_call),
		PLAYED(takes_unknown_requests_for_none),
		PLAYED(tops_up_and_calls_again),
		PLAYED(gives_none_if_it_has_too_few),
		PLAYED(decodes_all_of_a_number),
		PLAYED(frees_what_was_not_taken),
		PLAYED(frees_all_if_the_topup_is_no_call),
		PLAYED(a_livelock_is_bounded),
		SPIED(allocates_after_a_topup),
		SPIED(allocates_nothing_from_a_poor_host),
		SPIED(reports_an_error_that_no_page_mends),
		SPIED(reclaim_is_one_call),
		SPIED(stops_at_a_page_that_is_not_its_own),
		SPIED(counts_all_heaps),
		SPIED(scans_in_batches),
		SPIED(goes_on_to_the_next_heap),
		SPIED(shrinks_only_after_the_boot),
		PLAYED(a_boot_that_fails_leaves_no_shrinker),
		SPIED(runs_the_selftest_at_boot),
		SPIED(selftest_of_a_poor_host_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
