/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NVHE_SPINLOCK_H
#define _NVHE_SPINLOCK_H

#include <asm/kvm_host.h>

/* holder: 0 = free, else the number of the CPU that holds it, plus 1 */
typedef struct hyp_spinlock {
	u32 holder;
} hyp_spinlock_t;

#define __HYP_SPIN_LOCK_UNLOCKED ((hyp_spinlock_t){.holder = 0})
#define DEFINE_HYP_SPINLOCK(x) hyp_spinlock_t x = {.holder = 0}
#define hyp_spin_lock_init(l)    \
	do {                     \
		(l)->holder = 0; \
	} while (0)

static inline __maybe_unused void hyp_spin_lock(hyp_spinlock_t *lock)
{
	backend_lock(&lock->holder, __func__);
}

static inline __maybe_unused void hyp_spin_unlock(hyp_spinlock_t *lock)
{
	backend_unlock(&lock->holder, __func__);
}

static inline __maybe_unused bool hyp_spin_is_locked(hyp_spinlock_t *lock)
{
	return READ_ONCE(lock->holder);
}

static inline __maybe_unused void hyp_assert_lock_held(hyp_spinlock_t *lock)
{
	BUG_ON(!hyp_spin_is_locked(lock));
}

DEFINE_LOCK_GUARD_1(hyp_spinlock, hyp_spinlock_t, hyp_spin_lock(_T->lock),
		    hyp_spin_unlock(_T->lock));

#endif
