// SPDX-License-Identifier: GPL-2.0-only
/*
 * Not an allocator: state of every kind that an alloc.c may keep, and a call
 * that changes all of it. test_reset.c looks whether a reset finds it without
 * being told.
 */
#include <nvhe/alloc.h>
#include <nvhe/mem_protect.h>
#include <nvhe/mm.h>
#include <nvhe/spinlock.h>
#include <linux/list.h>

static LIST_HEAD(entries);
static struct list_head entry;
static DEFINE_PER_CPU(int, per_cpu_count) = 7;
static int initialised = 3;
static int zero;
static DEFINE_HYP_SPINLOCK(lock);

static unsigned long next_in_function(void)
{
	static unsigned long calls;

	return ++calls;
}

/* Changes everything; the sum tells how often that has happened. */
unsigned long hyp_alloc_reclaimable(void)
{
	unsigned long sum = next_in_function();

	if (list_empty(&entries))
		list_add(&entry, &entries);
	else
		sum += 1000;
	sum += (*this_cpu_ptr(&per_cpu_count))++;
	sum += initialised++ + zero++;
	if (hyp_spin_is_locked(&lock))
		sum += 100000;
	else
		hyp_spin_lock(&lock);

	return sum;
}

int hyp_alloc_errno(void)
{
	return *per_cpu_ptr(&per_cpu_count, hyp_smp_processor_id());
}

/* Goes wrong in every way that the seam must catch. */
void *hyp_alloc(size_t size)
{
	volatile int *nowhere = (volatile int *)size;

	if (size == 1)
		BUG_ON(size == 1);
	if (size == 2)
		for (;;)
			kvm_flush_dcache_to_poc(&zero, 0);
	if (size == 3)
		for (;;)
			(*this_cpu_ptr(&per_cpu_count))++;
	if (size == 4)
		return (void *)(size / (unsigned long)zero);

	return (void *)(unsigned long)*nowhere;
}

void hyp_free(void *addr)
{
	/* recursion without end: the compiler must not turn it into a loop */
	volatile char frame[256];

	frame[0] = 1;
	hyp_free((char *)addr + frame[0]);
	frame[1] = 2;
}

u32 hyp_alloc_topup_needed(void)
{
	return 0;
}

int hyp_alloc_init(size_t size)
{
	return -(int)size;
}

int hyp_alloc_topup(struct kvm_hyp_memcache *host_mc)
{
	return host_mc->nr_pages;
}

void hyp_alloc_reclaim(struct kvm_hyp_memcache *host_mc, unsigned long target)
{
	host_mc->nr_pages = target;
}
