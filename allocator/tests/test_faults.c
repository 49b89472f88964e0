/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the host's kernel does when something fails half-way: each operation,
 * each fault, at each point. It may warn of a hypercall that was refused; but
 * when all has ended every page is the host's and its books know it, save those
 * that EL2 was not to be talked out of sharing.
 */
#include "host_ops.h"

#define POINTS 20u

/* An operation, and what must be there before it. */
struct subject {
	const char *name;
	void (*before)(void);
	void (*run)(void);
	bool privileged;
};

static void nothing(void)
{
}

static void run_topup(void)
{
	topup(5);
}

static void five_pages(void)
{
	assert_int_equal(topup(5), 0);
}

static void run_reclaim(void)
{
	uint64_t pages;

	returned(host_reclaim(3, &pages));
}

static void run_shrink(void)
{
	shrink();
}

static void run_count(void)
{
	uint64_t ret;

	returned(host_count(&ret));
}

static uint64_t allocated; /* offset + 1, 0: nothing */

static void run_call(void)
{
	struct host_loop loop;
	uint64_t offset;
	bool got;

	returned(host_call_alloc(9000, TRIES, &loop, &got, &offset));
	allocated = got ? offset + 1 : 0;
	assert_true(got || loop.err);
	assert_false(loop.stuck);
}

static void run_create_vm(void)
{
	create_vm(2);
}

static void a_vm(void)
{
	assert_int_equal(create_vm(3), HANDLE);
}

static void run_create_vcpu(void)
{
	create_vcpu(HANDLE, 1);
}

static void a_vm_with_vcpus(void)
{
	a_vm();
	for (int i = 0; i < 3; i++)
		assert_int_equal(create_vcpu(HANDLE, i), 0);
}

static void run_destroy_vm(void)
{
	destroy_vm(HANDLE);
}

static void run_trace_load(void)
{
	trace_load(4);
}

static void a_trace(void)
{
	assert_int_equal(trace_load(4), 0);
}

static void run_trace_unload(void)
{
	trace_unload();
}

static void run_selftest(void)
{
	struct host_loop loop;
	long ret;

	returned(host_selftest(TRIES, &loop, &ret));
}

static void run_deprivilege(void)
{
	int err;

	returned(host_deprivilege(&err));
}

static const struct subject subjects[] = {
	{"topup", nothing, run_topup, false},
	{"reclaim", five_pages, run_reclaim, false},
	{"shrink", five_pages, run_shrink, false},
	{"count", five_pages, run_count, false},
	{"call alloc", nothing, run_call, false},
	{"create vm", nothing, run_create_vm, false},
	{"create vcpu", a_vm, run_create_vcpu, false},
	{"destroy vm", a_vm_with_vcpus, run_destroy_vm, false},
	{"trace load", nothing, run_trace_load, false},
	{"trace unload", a_trace, run_trace_unload, false},
	{"selftest", nothing, run_selftest, true},
	{"deprivilege", nothing, run_deprivilege, true},
};

/*
 * A first allocation that failed half-way leaves pages mapped in an empty heap,
 * which reclaim does not see; the next allocation has them.
 */
static void find_stranded(void)
{
	uint64_t offset;
	bool got;

	returned(heap_alloc(16, &got, &offset));
	if (got)
		returned(heap_free(offset));
}

/* Everything that may live ends; what is left is said to be the host's. */
static void end_everything(void)
{
	destroy_vm(HANDLE);
	trace_unload();
	if (allocated)
		returned(heap_free(allocated - 1));
	find_stranded();
	reclaim_all(HYP_REQ_ALLOC);
	reclaim_all(HYP_REQ_SELFTEST);
}

/* Return: whether there was such a point to fail at. */
static bool leaks_nothing(const struct subject *subject, const char *fault,
			  void (*arm)(uint64_t n), uint64_t n, bool may_leak)
{
	struct heap_pages pages;
	uint32_t leaked;
	bool failed;

	boot(subject->privileged, 64);
	allocated = 0;
	subject->before();
	assert_no_finding();

	arm(n);
	subject->run();
	failed = !heap_fault_armed();
	arm(0);
	end_everything();

	leaked = shared_pages();
	heap_pages(&pages);
	if ((host_finding()->what && !host_finding()->warning) ||
	    pages.host != POOL || host_free() != POOL - leaked ||
	    leaked > may_leak || (!failed && leaked))
		fail_msg("%s, %s %u: %s page %u; %u host, %u free, %u leaked",
			 subject->name, fault, (unsigned)n,
			 host_finding()->what ? host_finding()->what : "",
			 host_finding()->page, pages.host, host_free(), leaked);

	return failed;
}

/* Each point of each operation; @points: how many there are in all. */
static void nothing_leaks(const char *fault, void (*arm)(uint64_t n),
			  bool may_leak, unsigned int points)
{
	unsigned int met = 0;

	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++)
		for (uint64_t n = 1; n <= POINTS; n++)
			met += leaks_nothing(&subjects[i], fault, arm, n,
					     may_leak);
	assert_int_equal(met, points);
}

/* topup 5; call alloc 3; create vm 3; vcpu 1 + 2; load 1 + 8 + 1; selftest 6 */
static void nothing_leaks_without_a_page(void **state)
{
	(void)state;
	nothing_leaks("page", host_fail_page, false, 5 + 3 + 3 + 3 + 10 + 6);
}

/*
 * topup 1; reclaim 1; shrink 3; count 2; call alloc 3; create vm: share and 3;
 * vcpu: share and 3; destroy 1 and 4 unshares; load 3; unload 1; selftest 3 and
 * 2 reclaims; deprivilege 1
 */
static void nothing_leaks_without_a_hypercall(void **state)
{
	(void)state;
	nothing_leaks("hvc", heap_fail_hvc, true,
		      1 + 1 + 3 + 2 + 3 + 4 + 4 + 5 + 3 + 1 + 5 + 1);
}

/* topup 5; call alloc 3; create vm 1 + PGD; vcpu 2; load 2 descriptors + 1;
 * selftest 6 and its own 10 */
static void nothing_leaks_without_a_donation(void **state)
{
	(void)state;
	nothing_leaks("donate", heap_fail_donate, false,
		      5 + 3 + 2 + 2 + 3 + 16);
}

/* call alloc 3, create vm 1, vcpu 2, load 1, selftest 9 */
static void nothing_leaks_without_a_mapping(void **state)
{
	(void)state;
	nothing_leaks("map", heap_fail_map, false, 3 + 1 + 2 + 1 + 9);
}

/* ---- what a fault is ---------------------------------------------------- */

static void a_refused_hypercall_says_nothing(void **state)
{
	int err;

	(void)state;
	boot(false, 16);
	heap_begin(BOUND);
	heap_fail_hvc(2);
	assert_true(heap_fault_armed());
	assert_int_equal(topup(3), 0);
	assert_no_finding();
	assert_int_equal(topup(3), -1);
	assert_false(heap_fault_armed());
	assert_true(host_finding()->warning);
	assert_string_equal(host_finding()->function, "pkvm_hvc");
	assert_int_equal(host_free(), POOL - 3);
	host_begin();
	assert_no_finding();

	/* once */
	returned(host_topup(1, &err));
	assert_int_equal(err, 0);
	assert_no_finding();
}

static void a_raw_hypercall_is_not_refused(void **state)
{
	struct heap_record record;

	(void)state;
	boot(false, 16);
	heap_begin(BOUND);
	heap_fail_hvc(1);
	assert_int_equal(raw1(HVC_RECLAIMABLE, HYP_REQ_ALLOC, 0), 0);
	assert_true(heap_fault_armed());
	assert_int_equal(topup(1), -1);
	heap_record(&record);
	assert_int_equal(record.hvcs, 2); /* the refused one was made, too */
}

static void a_donation_that_is_wrong_does_not_count(void **state)
{
	(void)state;
	boot(false, 16);
	heap_fail_donate(2);
	assert_int_equal(raw1(HVC_TRACING_LOAD, window(POOL), PAGE),
			 ERR(EPERM));
	/* two pages, one donation */
	assert_int_equal(raw1(HVC_TRACING_LOAD, window(60), 2 * PAGE),
			 ERR(EINVAL));
	assert_regs(raw(HVC_TRACING_LOAD, window(60), 2 * PAGE, 0), ERR(ENOMEM),
		    NO_REQUEST, ONES);
	assert_false(heap_fault_armed());
	assert_all_back();
}

static void a_page_that_is_not_there_is_one(void **state)
{
	(void)state;
	boot(false, 16);
	host_fail_page(2);
	assert_int_equal(topup(1), 0);
	assert_int_equal(topup(3), -ENOMEM);
	assert_int_equal(topup(3), 0);
	assert_int_equal(host_free(), POOL - 4);
}

static void a_reset_disarms(void **state)
{
	(void)state;
	boot(false, 16);
	heap_fail_map(9);
	heap_fail_donate(9);
	heap_fail_hvc(9);
	host_fail_page(9);
	boot(false, 16);
	assert_false(heap_fault_armed());
	assert_int_equal(topup(20), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_leaks_without_a_page),
		cmocka_unit_test(nothing_leaks_without_a_hypercall),
		cmocka_unit_test(nothing_leaks_without_a_donation),
		cmocka_unit_test(nothing_leaks_without_a_mapping),
		cmocka_unit_test(a_refused_hypercall_says_nothing),
		cmocka_unit_test(a_raw_hypercall_is_not_refused),
		cmocka_unit_test(a_donation_that_is_wrong_does_not_count),
		cmocka_unit_test(a_page_that_is_not_there_is_one),
		cmocka_unit_test(a_reset_disarms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
