// SPDX-License-Identifier: GPL-2.0-only
/*
 * Not an allocator: what the kernel's headers mean, tried as an allocator would
 * use them, with the same checks of each access. hyp_alloc(n) runs test n; see
 * families.h, and test_kernel.c, which calls it.
 */
#include <nvhe/alloc.h>
#include <nvhe/mem_protect.h>
#include <nvhe/mm.h>
#include <nvhe/spinlock.h>
#include <linux/build_bug.h>
#include <linux/hash.h>
#include <asm/kvm_host.h>
#include <linux/types.h>

#include "families.h"

/* What is not so, by its text and line. */
#define EXPECT(cond)                                                        \
	do {                                                                \
		if (!(cond))                                                \
			backend_panic(__func__, __FILE__, __LINE__, #cond); \
	} while (0)

/* How often an argument was evaluated. */
static int evaluated;

static void count(void)
{
	evaluated++;
}

#define COUNTED(x) (count(), (x))
#define EXPECT_ONCE(nr, cond)              \
	do {                               \
		evaluated = 0;             \
		EXPECT(cond);              \
		EXPECT(evaluated == (nr)); \
	} while (0)

#include "math.c"
#include "list.c"
#include "cpu.c"
#include "errors.c"
#include "memory.c"

#define FUNCTION(name, ...) name,
static void (*const tests[])(void) = {KERNEL_TESTS(FUNCTION, FUNCTION)};

void *hyp_alloc(size_t size)
{
	tests[size]();

	return NULL;
}

void hyp_free(void *addr)
{
}

int hyp_alloc_errno(void)
{
	return 0;
}

u32 hyp_alloc_topup_needed(void)
{
	return 0;
}

/* A range to play with, as an allocator reserves one. */
int hyp_alloc_init(size_t size)
{
	return pkvm_alloc_private_va_range(size, &range_start);
}

int hyp_alloc_topup(struct kvm_hyp_memcache *host_mc)
{
	return refill_memcache(&cache, cache.nr_pages + host_mc->nr_pages,
			       host_mc);
}

unsigned long hyp_alloc_reclaimable(void)
{
	return cache.nr_pages;
}

void hyp_alloc_reclaim(struct kvm_hyp_memcache *host_mc, unsigned long target)
{
}
