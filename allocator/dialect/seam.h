/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DIALECT_SEAM_H
#define _DIALECT_SEAM_H

/* For target.c: the dialect in numbers, and what only it has. */

#ifdef HYP_ALLOC_REFILL
#define DIALECT_TRAITS                                                      \
	{                                                                   \
		.name = "refill", .align = 8, .smallest = 8, .overhead = 0, \
		.target_max = INT_MAX, .need_max = 255,                     \
	}
#else
#define DIALECT_TRAITS                                                        \
	{                                                                     \
		.name = "topup", .align = 16, .smallest = 16, .overhead = 16, \
		.target_max = ULONG_MAX, .need_max = UINT_MAX,                \
	}
#endif

#if HYPHEAP_HAS_ACCOUNT
/* One VM, which is charged. */
static struct kvm seam_vm;

SEAM void *seam_alloc_account(unsigned long bytes)
{
	return hyp_alloc_account(bytes, &seam_vm);
}

SEAM void seam_free_account(void *addr)
{
	hyp_free_account(addr, &seam_vm);
}

SEAM long seam_account(void)
{
	return atomic64_read(&seam_vm.stat.protected_hyp_mem);
}

#define DIALECT_ACCOUNT                                                 \
	{                                                               \
		.alloc = seam_alloc_account, .free = seam_free_account, \
		.charge = seam_account,                                 \
	}
#else
#define DIALECT_ACCOUNT \
	{               \
	}
#endif

#endif
