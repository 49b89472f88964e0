/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERNEL_TESTS_FAMILIES_H
#define KERNEL_TESTS_FAMILIES_H

/*
 * The tests of the kernel's headers. Each is a function of its name, kernel
 * code that runs in the target like an allocator: HOLDS(name) returns, after
 * checks that panic with what is not so. STOPS(name, what) must not: it is a
 * panic or a fault whose words have @what in them.
 */
#define KERNEL_TESTS(HOLDS, STOPS)                                            \
	/* math.c: align.h math.h minmax.h log2.h bits.h bitops.h sizes.h */  \
	HOLDS(align)                                                          \
	HOLDS(align_evaluates_once)                                           \
	HOLDS(align_is_constant)                                              \
	HOLDS(divide)                                                         \
	HOLDS(divide_evaluates_once)                                          \
	HOLDS(min_and_max)                                                    \
	HOLDS(min_and_max_evaluate_once)                                      \
	HOLDS(powers_of_two)                                                  \
	HOLDS(bits)                                                           \
	HOLDS(bitmaps)                                                        \
	HOLDS(sizes_and_limits)                                               \
	HOLDS(overflow)                                                       \
	HOLDS(hashes)                                                         \
	/* list.c: list.h container_of.h array_size.h */                      \
	HOLDS(list_add_and_delete)                                            \
	HOLDS(list_moves)                                                     \
	HOLDS(list_splices)                                                   \
	HOLDS(list_questions)                                                 \
	HOLDS(list_iterators)                                                 \
	HOLDS(list_iterators_that_delete)                                     \
	HOLDS(list_arguments_once)                                            \
	HOLDS(containers)                                                     \
	STOPS(list_deleted_is_poisoned, "wild address")                       \
	/* cpu.c: percpu.h atomic.h barrier.h spinlock.h cleanup.h */         \
	HOLDS(percpu_copies)                                                  \
	HOLDS(percpu_caches)                                                  \
	HOLDS(percpu_evaluates_once)                                          \
	HOLDS(atomics)                                                        \
	HOLDS(ordered_accesses)                                               \
	HOLDS(locks)                                                          \
	HOLDS(guards)                                                         \
	HOLDS(frees_at_scope_end)                                             \
	STOPS(lock_taken_twice, "holds already")                              \
	STOPS(lock_dropped_twice, "does not hold")                            \
	STOPS(lock_not_held, "hyp_spin_is_locked")                            \
	/* errors.c: err.h errno.h bug.h build_bug.h kconfig.h string.h */    \
	HOLDS(error_pointers)                                                 \
	HOLDS(checks_evaluate_once)                                           \
	HOLDS(config)                                                         \
	HOLDS(strings)                                                        \
	STOPS(bug_on, "1 + 1 == 2")                                           \
	STOPS(bug, "BUG()")                                                   \
	STOPS(warn_on, "2 > 1")                                               \
	STOPS(warn_on_once, "3 > 1")                                          \
	STOPS(warn_with_words, "4 > 1")                                       \
	/* memory.c: nvhe/mm.h nvhe/mem_protect.h nvhe/memory.h kvm_host.h */ \
	HOLDS(addresses)                                                      \
	HOLDS(private_range)                                                  \
	HOLDS(private_range_refuses)                                          \
	HOLDS(donations)                                                      \
	HOLDS(memcache)                                                       \
	HOLDS(refill_copies_the_list)                                         \
	HOLDS(refill_stops_at_a_bad_page)                                     \
	HOLDS(refill_keeps_what_it_got)                                       \
	HOLDS(refill_takes_no_more_than_nr)                                   \
	STOPS(look_up_of_nothing, "not mapped")                               \
	STOPS(removal_of_nothing, "not mapped")                               \
	STOPS(removal_of_more_than_is_mapped, "not mapped")                   \
	STOPS(removal_backwards, "whole private pages")                       \
	STOPS(use_of_the_linear_map_of_a_mapped_page, "mapped")               \
	STOPS(use_of_a_page_of_the_host, "host")

#endif
