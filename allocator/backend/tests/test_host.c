/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * On whose behalf code runs, and what it may then touch.
 *
 *	          own page   EL2's page   shared page   heap   other's data
 *	host      yes (*)    no           yes (*)       no     no
 *	EL2       yes        yes          yes           yes    no
 *
 *	(*) through its own window, with memcpy(), memset() and memcaches
 */
#include "allocator/backend/memory.h"
#include "scripts/lib/test.h"

#include <errno.h>
#include <string.h>

#define SHIFT 12u
#define PAGE (1ul << SHIFT)
#define POOL 8u

void hyp_load8(uintptr_t at);
void hyp_store8(uintptr_t at);
void *hyp_memset(void *to, int byte, size_t bytes);
void *hyp_memcpy(void *to, const void *from, size_t bytes);
int hyp_memcmp(const void *a, const void *b, size_t bytes);

static jmp_buf out;
static unsigned long host_data[2], el2_data[2];

/* Does @call, by the host or by EL2, end in a fault that says @word? */
#define ENDS(host, call, word)                                               \
	do {                                                                 \
		backend.stop.end = BACKEND_RUNNING;                          \
		if (!_setjmp(out)) {                                         \
			backend.out = &out;                                  \
			backend.stack_top =                                  \
				(uintptr_t)__builtin_frame_address(0);       \
			backend_enter(host);                                 \
			call;                                                \
			backend_enter(false);                                \
			backend.out = NULL;                                  \
		}                                                            \
		assert_int_equal(backend.stop.end,                           \
				 *(word) ? BACKEND_FAULT : BACKEND_RUNNING); \
		if (*(word) && !strstr(backend.stop.what, word))             \
			fail_msg("\"%s\" does not say \"%s\"",               \
				 backend.stop.what, word);                   \
		assert_false(backend.host_side);                             \
	} while (0)

static unsigned long pfn(uint32_t page)
{
	return backend_page_phys(page) >> SHIFT;
}

static unsigned long linear(uint32_t page)
{
	return backend_phys_to_virt(backend_page_phys(page));
}

static unsigned long window(uint32_t page)
{
	return backend_host_window() + page * PAGE;
}

static int fresh(void **state)
{
	(void)state;
	backend_reset(SHIFT, POOL, 1);
	backend_begin(1000000);
	backend.data = (uintptr_t)el2_data;
	backend.data_end = (uintptr_t)(el2_data + 2);
	backend.host_data = (uintptr_t)host_data;
	backend.host_data_end = (uintptr_t)(host_data + 2);

	return 0;
}

static int done(void **state)
{
	(void)state;
	backend.data = 0;
	backend.data_end = 0;
	backend.host_data = 0;
	backend.host_data_end = 0;

	return 0;
}

static void host_uses_its_own_pages(void **state)
{
	char bytes[16] = "";

	(void)state;
	ENDS(true, hyp_memset((void *)window(1), 5, 2 * PAGE), "");
	ENDS(true, hyp_memcpy((void *)(window(3) + 8), (void *)window(1), 16),
	     "");
	raw_copy(bytes, (void *)(linear(3) + 8), 16);
	assert_int_equal(bytes[0], 5);
	assert_int_equal(bytes[15], 5);
	ENDS(true,
	     assert_int_equal(hyp_memcmp((void *)window(2),
					 (void *)(window(3) + 8), 16),
			      0),
	     "");
}

static void host_has_no_page_of_el2(void **state)
{
	(void)state;
	assert_int_equal(backend_donate_hyp(pfn(1), 1), 0);
	ENDS(true, hyp_memset((void *)window(1), 5, 1),
	     "the host's 1-byte store to pool page 1, a page of the "
	     "hypervisor");
	ENDS(true, hyp_memset((void *)window(0), 5, PAGE + 1),
	     "a page of the hypervisor");
	ENDS(true, backend_cache_pop(NULL, (void *)window(1)),
	     "the host's 8-byte load from pool page 1");
	ENDS(true, backend_cache_push(NULL, (void *)window(1), 0),
	     "the host's 8-byte store to pool page 1");
	ENDS(true, hyp_memset((void *)window(POOL), 5, 1), "no memory");
	ENDS(true, hyp_memset((void *)window(POOL - 1), 5, PAGE + 1),
	     "the host's");
	assert_int_equal(backend_donate_host(pfn(1), 1), 0);
	ENDS(true, hyp_memset((void *)window(1), 5, 1), "");
}

static void host_has_no_address_of_el2(void **state)
{
	unsigned long va;

	(void)state;
	assert_int_equal(backend_reserve(PAGE, &va), 0);
	assert_int_equal(backend_donate_hyp(pfn(0), 1), 0);
	assert_int_equal(backend_map_range(va, backend_page_phys(0), PAGE), 0);
	ENDS(false, hyp_load8(va), "");
	ENDS(true, hyp_load8(va), "an address of EL2's");
	ENDS(true, hyp_load8(linear(2)), "an address of EL2's");
	ENDS(true, hyp_memset((void *)linear(2), 0, 8), "an address of EL2's");
	ENDS(true, hyp_load8((uintptr_t)el2_data), "a wild address");
	ENDS(true, hyp_load8((uintptr_t)host_data), "");
	ENDS(true, hyp_load8(8), "near NULL");
}

static void el2_has_no_address_of_the_host(void **state)
{
	(void)state;
	assert_int_equal(backend_donate_hyp(pfn(2), 1), 0);
	ENDS(false, hyp_load8(linear(2)), "");
	ENDS(false, hyp_load8(window(2)), "an address of the host's");
	ENDS(false, hyp_memset((void *)window(2), 0, 8),
	     "an address of the host's");
	ENDS(false, hyp_load8((uintptr_t)host_data), "a wild address");
	ENDS(false, hyp_load8((uintptr_t)el2_data), "");
}

static void shares_a_page(void **state)
{
	const unsigned long at = backend_page_phys(1);

	(void)state;
	ENDS(false, hyp_load8(linear(1)), "a page of the host");
	assert_false(backend_shared(at, 8));
	assert_int_equal(backend_share_hyp(pfn(1)), 0);
	assert_int_equal(backend_share_hyp(pfn(1)), -EPERM);
	ENDS(false, hyp_load8(linear(1)), "");
	ENDS(true, hyp_memset((void *)window(1), 7, PAGE), "");
	assert_int_equal(backend.host, POOL);

	/* neither side can give it away */
	assert_int_equal(backend_donate_hyp(pfn(1), 1), -EPERM);
	assert_int_equal(backend_donate_hyp(pfn(0), 2), -EPERM);
	assert_int_equal(backend_donate_host(pfn(1), 1), -EPERM);

	assert_true(backend_shared(at, PAGE));
	assert_true(backend_shared(at + PAGE - 8, 8));
	assert_false(backend_shared(at + PAGE - 8, 9));
	assert_false(backend_shared(at - 1, 2));
	assert_false(backend_shared(at, 0));
	assert_false(backend_shared(at, ~0ul));
	assert_false(backend_shared(~0ul - 4, 8));
	assert_false(backend_shared(backend_page_phys(POOL), 8));

	assert_int_equal(backend_unshare_hyp(pfn(1)), 0);
	assert_int_equal(backend_unshare_hyp(pfn(1)), -EPERM);
	assert_false(backend_shared(at, 8));
	ENDS(false, hyp_load8(linear(1)), "a page of the host");
	assert_int_equal(backend_donate_hyp(pfn(1), 1), 0);
	assert_int_equal(backend_share_hyp(pfn(1)), -EPERM);
	assert_int_equal(backend_share_hyp(pfn(POOL)), -EPERM);
}

/* A link read before the donation could be changed after it was read. */
static void el2_reads_no_link_before_the_donation(void **state)
{
	(void)state;
	ENDS(false, backend_cache_pop(NULL, (void *)linear(1)),
	     "a page of the host");
	assert_int_equal(backend_share_hyp(pfn(1)), 0);
	ENDS(false, backend_cache_pop(NULL, (void *)linear(1)),
	     "a page of the host");
	assert_int_equal(backend_unshare_hyp(pfn(1)), 0);
	assert_int_equal(backend_donate_hyp(pfn(1), 1), 0);
	ENDS(false, backend_cache_pop(NULL, (void *)linear(1)), "");
}

/* What EL2 never wrote to holds no byte of the hypervisor's. */
static void gives_back_what_it_only_read(void **state)
{
	(void)state;
	ENDS(true, hyp_memset((void *)window(0), 9, 2 * PAGE), "");
	assert_int_equal(backend_donate_hyp(pfn(0), 2), 0);
	ENDS(false, hyp_load8(linear(0) + 64), "");
	assert_int_equal(backend_donate_host(pfn(0), 1), 0);
	assert_false(backend.record.unwiped);

	ENDS(false, hyp_store8(linear(1) + 64), "");
	assert_int_equal(backend_donate_host(pfn(1), 1), 0);
	assert_true(backend.record.unwiped);
	assert_int_equal(backend.record.unwiped_page, 1);
}

/* Not the host, not EL2; and EL2 gets it back only to wipe it. */
static void a_guests_page_is_the_guests(void **state)
{
	(void)state;
	assert_int_equal(backend_donate_guest(pfn(1), 7), 0);
	assert_int_equal(backend.guest, 1);
	assert_int_equal(backend.host, POOL - 1);
	assert_int_equal(backend_pages_nowhere(), 0);
	assert_int_equal(backend_guest(pfn(1)), 7);
	assert_int_equal(backend_guest(pfn(2)), -EPERM);
	ENDS(false, hyp_load8(linear(1)), "a page of a guest");
	ENDS(true, hyp_memset((void *)window(1), 7, 1), "a page of a guest");
	ENDS(false, backend_cache_pop(NULL, (void *)linear(1)),
	     "a page of a guest");
	assert_int_equal(backend_donate_hyp(pfn(1), 1), -EPERM);
	assert_int_equal(backend_donate_host(pfn(1), 1), -EPERM);
	assert_int_equal(backend_share_hyp(pfn(1)), -EPERM);
	assert_int_equal(backend_donate_guest(pfn(1), 7), -EPERM);

	/* given back as it is, the host would see what the guest wrote */
	assert_int_equal(backend_take_guest(pfn(1)), 0);
	assert_int_equal(backend.guest, 0);
	assert_int_equal(backend_take_guest(pfn(1)), -EPERM);
	ENDS(false, hyp_load8(linear(1)), "");
	assert_int_equal(backend_donate_host(pfn(1), 1), 0);
	assert_true(backend.record.unwiped);
	assert_int_equal(backend.record.unwiped_page, 1);
}

/* The second call, however many pages, and of those only that nothing bars. */
static void a_donation_fails_when_it_is_due(void **state)
{
	(void)state;
	backend.fail_donate = 2;
	assert_int_equal(backend_donate_hyp(pfn(POOL), 1), -EPERM);
	assert_int_equal(backend_donate_hyp(pfn(0), 3), 0);
	assert_int_equal(backend_donate_hyp(pfn(0), 1), -EPERM);
	assert_int_equal(backend_donate_hyp(pfn(3), 3), -ENOMEM);
	assert_int_equal(backend.host, POOL - 3);
	assert_int_equal(backend_donate_hyp(pfn(3), 3), 0);
}

static unsigned long seen[BACKEND_REGS];

static void vector(unsigned long *regs)
{
	assert_false(backend.host_side);
	memcpy(seen, regs, sizeof(seen));
	for (unsigned int i = 0; i < BACKEND_REGS; i++)
		regs[i] += 1;
	hyp_store8((uintptr_t)regs); /* EL2 may touch its copy */
	hyp_load8((uintptr_t)el2_data);
}

static void a_hypercall_changes_sides(void **state)
{
	unsigned long regs[BACKEND_REGS];

	(void)state;
	for (unsigned int i = 0; i < BACKEND_REGS; i++)
		regs[i] = i * 10;
	backend.vector = vector;
	backend_enter(true);
	backend.stack_top = (uintptr_t)__builtin_frame_address(0);
	backend_hvc(regs);
	assert_true(backend.host_side);
	assert_int_equal(backend.stack_top,
			 (uintptr_t)__builtin_frame_address(0));
	backend_enter(false);
	for (unsigned int i = 0; i < BACKEND_REGS; i++) {
		assert_int_equal(seen[i], i * 10);
		assert_int_equal(regs[i], i * 10 + 1);
	}
	assert_int_equal(backend.record.hvcs, 1);

	/* refused: EL2 does not see it, and the host sees junk */
	memset(seen, 0, sizeof(seen));
	backend.fail_hvc = 1;
	backend_enter(true);
	backend_hvc(regs);
	backend_enter(false);
	assert_int_equal(seen[1], 0);
	assert_int_equal(regs[0], ~0ul);
	for (unsigned int i = 1; i < BACKEND_REGS; i++)
		assert_true(regs[i] > 1000);
	assert_int_equal(backend.record.hvcs, 2);
	assert_int_equal(backend.fail_hvc, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(host_uses_its_own_pages, fresh,
						done),
		cmocka_unit_test_setup_teardown(host_has_no_page_of_el2, fresh,
						done),
		cmocka_unit_test_setup_teardown(host_has_no_address_of_el2,
						fresh, done),
		cmocka_unit_test_setup_teardown(el2_has_no_address_of_the_host,
						fresh, done),
		cmocka_unit_test_setup_teardown(shares_a_page, fresh, done),
		cmocka_unit_test_setup_teardown(
			el2_reads_no_link_before_the_donation, fresh, done),
		cmocka_unit_test_setup_teardown(gives_back_what_it_only_read,
						fresh, done),
		cmocka_unit_test_setup_teardown(a_guests_page_is_the_guests,
						fresh, done),
		cmocka_unit_test_setup_teardown(a_donation_fails_when_it_is_due,
						fresh, done),
		cmocka_unit_test_setup_teardown(a_hypercall_changes_sides,
						fresh, done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
