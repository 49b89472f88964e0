/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A reset restores all that the target can write, without knowing a name:
 * tests/statics.c keeps a function static, a list head, per-CPU data, .data and
 * .bss, and a lock that stays held. And the seam lives through every way in
 * which a target can go wrong.
 */
#include "allocator/heap.h"
#include "allocator/hvc.h"
#include "scripts/lib/test.h"

#include <string.h>

static const struct heap_config config = {
	.page_shift = 12, .pool_pages = 8, .cpus = 4};

static uint64_t sum(void)
{
	uint64_t value = 0;

	assert_true(heap_reclaimable(&value));

	return value;
}

static int percpu(uint32_t cpu)
{
	int value = 0;

	heap_set_cpu(cpu);
	assert_true(heap_errno(&value));

	return value;
}

static void restores_every_kind_of_state(void **state)
{
	static const uint32_t shifts[] = {12, 14, 16, 12};

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct heap_config c = config;

		c.page_shift = shifts[i];
		heap_reset(&c);
		heap_begin(1000);

		/* 1 (function) + 7 (per CPU) + 3 (.data) + 0 (.bss) */
		assert_int_equal(sum(), 11);
		/* + 1 each, + 1000 for the list, + 100000 for the lock */
		assert_int_equal(sum(), 101015);
	}
}

static void gives_each_cpu_its_own_data(void **state)
{
	(void)state;
	heap_reset(&config);
	heap_begin(1000);

	heap_set_cpu(2);
	sum();
	assert_int_equal(percpu(0), 7);
	assert_int_equal(percpu(1), 7);
	assert_int_equal(percpu(2), 8);
	assert_int_equal(percpu(3), 7);

	heap_reset(&config);
	heap_begin(1000);
	assert_int_equal(percpu(2), 7);
}

static void alloc_stops(uint64_t size, enum heap_end end, const char *function,
			const char *what)
{
	uint64_t offset;
	bool got;

	heap_reset(&config);
	heap_begin(1000);
	assert_false(heap_alloc(size, &got, &offset));
	assert_int_equal(heap_stop()->end, end);
	if (function)
		assert_string_equal(heap_stop()->function, function);
	if (!strstr(heap_stop()->what, what))
		fail_msg("\"%s\" does not say \"%s\"", heap_stop()->what, what);

	/* and the next program does not notice */
	heap_reset(&config);
	heap_begin(1000);
	assert_int_equal(sum(), 11);
}

static void catches_a_panic(void **state)
{
	(void)state;
	alloc_stops(1, HEAP_PANIC, "hyp_alloc", "size == 1");
	assert_non_null(strstr(heap_stop()->where, "statics.c:"));
}

static void catches_a_hang(void **state)
{
	(void)state;
	alloc_stops(2, HEAP_HANG, NULL, "kernel-interface calls");
	alloc_stops(3, HEAP_HANG, NULL, "loads and stores");
}

static void catches_a_signal(void **state)
{
	(void)state;
	heap_reset(&config);
	heap_catch_signals(); /* cmocka has its own for each test */
#if defined(__x86_64__)
	alloc_stops(4, HEAP_FAULT, NULL, "signal");
#endif
	heap_reset(&config);
	heap_begin(1000000); /* the stack ends before that */
	assert_false(heap_free(0));
	assert_int_equal(heap_stop()->end, HEAP_FAULT);
	heap_reset(&config);
	heap_begin(1000);
	assert_int_equal(sum(), 11);
}

static void refuses_a_wild_access(void **state)
{
	(void)state;
	alloc_stops(8, HEAP_FAULT, NULL, "near NULL");
	alloc_stops(0xdead0000, HEAP_FAULT, NULL, "wild");
	alloc_stops((uint64_t)(uintptr_t)&config, HEAP_FAULT, NULL, "wild");
}

static void passes_values_through(void **state)
{
	unsigned long topup[HEAP_REGS] = {HVC_BASE + HVC_TOPUP, 1, 4096, 5};
	unsigned long reclaim[HEAP_REGS] = {HVC_BASE + HVC_RECLAIM, 1, 77};
	unsigned long selftest[HEAP_REGS] = {HVC_BASE + HVC_SELFTEST};
	int err;

	(void)state;
	heap_reset(&config);
	heap_begin(1000);
	assert_true(heap_init(22, &err));
	assert_int_equal(err, -22);
	assert_int_equal(heap_bytes(), 0);
	assert_true(heap_hvc(topup));
	assert_int_equal(topup[1], 5);
	assert_int_equal(topup[2], 4096);
	assert_true(heap_hvc(reclaim));
	assert_int_equal(reclaim[1], 0);
	assert_int_equal(reclaim[3], 77);
	assert_true(heap_hvc(selftest));
	assert_int_equal(selftest[1], (unsigned long)-95L); /* it brings none */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(restores_every_kind_of_state),
		cmocka_unit_test(gives_each_cpu_its_own_data),
		cmocka_unit_test(catches_a_panic),
		cmocka_unit_test(catches_a_hang),
		cmocka_unit_test(catches_a_signal),
		cmocka_unit_test(refuses_a_wild_access),
		cmocka_unit_test(passes_values_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
