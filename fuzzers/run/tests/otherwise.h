/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_RUN_TESTS_OTHERWISE_H
#define HYPHEAP_RUN_TESTS_OTHERWISE_H

#include <stddef.h>

#include "model/step.h"

/**
 * struct otherwise - A way in which an operation could have come out otherwise.
 * @name: case of the corpus, with its folder
 * @op: the operation in it, as the trace has it; the first if there are several
 * @tell: alters what was observed of it
 * @signature: of the verdict
 * @says, @too: what the verdict says: what was expected, what came; @too may be
 *	       NULL
 */
struct otherwise {
	const char *name, *op;
	void (*tell)(struct step *s);
	const char *signature, *says, *too;
};

/* Ways, each a change of what was observed in step @s. */
#define WAYS(X)                                                            \
	X(accepted, s->actual.err = 0; s->actual.ret = 0)                  \
	X(refused, s->actual.err = -MODEL_ENOMEM)                          \
	X(busy, s->actual.err = -WORLD_EBUSY)                              \
	X(invalid, s->actual.err = -MODEL_EINVAL)                          \
	X(not_permitted, s->actual.err = -WORLD_EPERM)                     \
	X(too_big, s->actual.err = -MODEL_E2BIG)                           \
	X(panics, s->actual.end = STEP_PANIC; s->function = "f")           \
	X(faults, s->actual.end = STEP_FAULT)                              \
	X(hangs, s->actual.end = STEP_HANG)                                \
	X(returns, s->actual.end = STEP_DONE)                              \
	X(such_a_call, s->actual.no_such_call = false)                     \
	X(one_more, s->actual.ret++)                                       \
	X(one_less, s->actual.ret--)                                       \
	X(one_page_counted, s->actual.ret = 1)                             \
	X(one_page, s->actual.pages++)                                     \
	X(too_few, s->actual.pages--)                                      \
	X(wrong_need, s->actual.need++)                                    \
	X(no_need, s->actual.need = 0)                                     \
	X(stale_errno, s->left_err = -MODEL_ENOMEM)                        \
	X(other_place, s->actual.offset += 16)                             \
	X(one_more_left, s->actual.left_nr++)                              \
	X(other_head, s->actual.left_head += s->page)                      \
	X(calls_again, s->actual.hvcs++)                                   \
	X(calls_less, s->actual.hvcs--)                                    \
	X(silent, s->actual.warned = false)                                \
	X(warns, s->actual.warned = true; s->warned = "w";                 \
	  s->warned_function = "g")                                        \
	X(loses_one, s->after.host--)                                      \
	X(counts_twice, s->after.spare++)                                  \
	X(keeps_one, s->after.host--; s->after.spare++)                    \
	X(unmaps_one, s->after.mapped--; s->after.host++)                  \
	X(rolls_back, s->after.mapped--; s->after.spare++)                 \
	X(pgd_taken, s->after.hyp--; s->after.spare++)                     \
	X(keeps_pgd, s->after.host--; s->after.hyp++)                      \
	X(guest_page_taken, s->after.guest--; s->after.spare++)            \
	X(guest_page_home, s->after.guest--; s->after.host++)              \
	X(stays_on_no_list, s->stray_page = 0; s->stray_what = "is on no " \
							       "list")     \
	X(not_wiped, s->unwiped_page = 3; s->unwiped_at = 8;               \
	  s->unwiped_byte = 0x5a)                                          \
	X(not_cleaned, s->unwiped_page = 3; s->unwiped_at = STEP_NOWHERE)  \
	X(not_backed, s->unbacked_page = 1; s->unbacked.offset = 16)       \
	X(not_zero, s->nonzero = 7; s->nonzero_byte = 0x5a)                \
	X(without_lock, s->unlocked = true; s->unlocked_at = 64)           \
	X(holds_lock, s->locks_held = 1)                                   \
	X(leaves_a_chunk, s->walk_nr++)                                    \
	X(promises_more, s->reclaimable++)                                 \
	X(gets_stuck, s->stuck = true; s->stuck_need = 2)

#define X(way, change) void way(struct step *s);
WAYS(X)
#undef X

#define OTHERWISE(group)                                   \
	extern const struct otherwise otherwise_##group[]; \
	extern const size_t otherwise_##group##_nr

OTHERWISE(hostile);
OTHERWISE(faults);
OTHERWISE(clients);
OTHERWISE(cpus);
OTHERWISE(misuse);
OTHERWISE(documented);

#endif
