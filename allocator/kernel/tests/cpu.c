/* SPDX-License-Identifier: GPL-2.0-only */
#include <asm/barrier.h>
#include <linux/atomic.h>
#include <linux/cleanup.h>
#include <linux/percpu.h>
#include <nvhe/spinlock.h>

/* CPUs, locks and what happens where a scope ends: kernel.c includes this. */

static DEFINE_PER_CPU(int, cpu_number) = 7;
static DEFINE_PER_CPU(struct kvm_hyp_memcache, cpu_cache);
static DEFINE_HYP_SPINLOCK(lock);
static hyp_spinlock_t second = __HYP_SPIN_LOCK_UNLOCKED;

/* test_kernel.c has 4 CPUs, and this runs on CPU 2. */
static void percpu_copies(void)
{
	unsigned int cpu;

	EXPECT(hyp_nr_cpus == 4 && hyp_smp_processor_id() == 2);
	for (cpu = 0; cpu < hyp_nr_cpus; cpu++)
		*per_cpu_ptr(&cpu_number, cpu) += cpu;
	EXPECT(*this_cpu_ptr(&cpu_number) == 9);
	EXPECT(per_cpu(cpu_number, 0) == 7 && per_cpu(cpu_number, 3) == 10);
	this_cpu_write(cpu_number, 20);
	this_cpu_inc(cpu_number);
	this_cpu_add(cpu_number, 4);
	this_cpu_dec(cpu_number);
	this_cpu_sub(cpu_number, 1);
	EXPECT(this_cpu_read(cpu_number) == 23);
	EXPECT(this_cpu_xchg(cpu_number, 1) == 23 &&
	       __this_cpu_read(cpu_number) == 1);
	EXPECT(per_cpu(cpu_number, 1) == 8);
}

static void percpu_caches(void)
{
	struct kvm_hyp_memcache *mine = this_cpu_ptr(&cpu_cache);

	mine->nr_pages = 5;
	EXPECT(per_cpu_ptr(&cpu_cache, 2) == mine);
	EXPECT(per_cpu_ptr(&cpu_cache, 1) != mine);
	EXPECT(per_cpu_ptr(&cpu_cache, 1)->nr_pages == 0);
	EXPECT(per_cpu(cpu_cache, 2).nr_pages == 5);
}

static void percpu_evaluates_once(void)
{
	int *at = &cpu_number;

	EXPECT_ONCE(2, *per_cpu_ptr(COUNTED(at), COUNTED(1)) == 7);
	EXPECT_ONCE(1, *this_cpu_ptr(COUNTED(at)) == 7);
}

static void atomics(void)
{
	atomic64_t wide = ATOMIC64_INIT(S64_MAX);
	atomic_t small = ATOMIC_INIT(1);

	EXPECT(atomic_dec_and_test(&small) && atomic_read(&small) == 0);
	atomic_set(&small, 5);
	atomic_add(3, &small);
	atomic_sub(1, &small);
	atomic_inc(&small);
	EXPECT(atomic_read(&small) == 8 && atomic_add_return(2, &small) == 10);
	EXPECT(atomic_cmpxchg(&small, 9, 1) == 10 && atomic_read(&small) == 10);
	EXPECT(atomic_cmpxchg(&small, 10, 1) == 10 && atomic_read(&small) == 1);
	atomic64_inc(&wide);
	EXPECT(atomic64_read(&wide) == S64_MIN);
	atomic64_dec(&wide);
	EXPECT(atomic64_sub_return(1, &wide) == S64_MAX - 1);
}

static void ordered_accesses(void)
{
	int value = 0;

	smp_store_release(&value, 3);
	smp_mb();
	EXPECT(smp_load_acquire(&value) == 3);
	WRITE_ONCE(value, 4);
	EXPECT(READ_ONCE(value) == 4);
	EXPECT_ONCE(1, smp_load_acquire(COUNTED(&value)) == 4);
}

static void locks(void)
{
	hyp_spinlock_t own;

	hyp_spin_lock_init(&own);
	EXPECT(!hyp_spin_is_locked(&own) && !hyp_spin_is_locked(&lock));
	hyp_spin_lock(&lock);
	hyp_spin_lock(&second);
	EXPECT(hyp_spin_is_locked(&lock) && hyp_spin_is_locked(&second));
	hyp_assert_lock_held(&lock);
	hyp_spin_unlock(&second);
	hyp_spin_unlock(&lock);
	EXPECT(!hyp_spin_is_locked(&lock) && !hyp_spin_is_locked(&second));
}

static int returns_under_guard(void)
{
	guard(hyp_spinlock)(&lock);

	return hyp_spin_is_locked(&lock);
}

static int leaves_scoped_guard(void)
{
	int rounds = 0;

	for (;;) {
		scoped_guard (hyp_spinlock, &lock) {
			rounds++;
			EXPECT(hyp_spin_is_locked(&lock));
		}
		EXPECT(!hyp_spin_is_locked(&lock));
		scoped_guard (hyp_spinlock, &lock)
			if (rounds == 2)
				goto out;
	}
out:
	return rounds;
}

static void guards(void)
{
	EXPECT(returns_under_guard() == 1);
	EXPECT(!hyp_spin_is_locked(&lock));
	EXPECT(leaves_scoped_guard() == 2);
	EXPECT(!hyp_spin_is_locked(&lock));
	evaluated = 0;
	{
		guard(hyp_spinlock)(COUNTED(&lock));
		EXPECT(hyp_spin_is_locked(&lock));
	}
	EXPECT(evaluated == 1 && !hyp_spin_is_locked(&lock));
}

static int given_up;

DEFINE_FREE(counter, int *, if (_T)(*_T)++);

static int *keeps(void)
{
	int *p __free(counter) = &given_up;

	return_ptr(p);
}

static void frees_at_scope_end(void)
{
	{
		int *p __free(counter) = &given_up;

		EXPECT(p == &given_up && !given_up);
	}
	EXPECT(given_up == 1);
	EXPECT(keeps() == &given_up && given_up == 1);
}

static void lock_taken_twice(void)
{
	hyp_spin_lock(&lock);
	hyp_spin_lock(&lock);
}

static void lock_dropped_twice(void)
{
	hyp_spin_lock(&lock);
	hyp_spin_unlock(&lock);
	hyp_spin_unlock(&lock);
}

static void lock_not_held(void)
{
	hyp_assert_lock_held(&lock);
}
