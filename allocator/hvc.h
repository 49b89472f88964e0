/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_HVC_H
#define HYPHEAP_HVC_H

/*
 * What the host and EL2 agree on: hypercalls, what they are asked with and what
 * comes back. x0 is the number of the call and comes back as the SMCCC status;
 * the rest is meaningful only if that is success. Read by kernel code and by
 * plain C. Programs say these numbers: they stay.
 */

#define HVC_BASE 0xc6000000UL
#define HVC_REGS 18

#define SMCCC_RET_SUCCESS 0
#define SMCCC_RET_NOT_SUPPORTED (~0UL)

/*
 * Arguments from x1 on; results. R: may come back with a request in x2..x3,
 * whose bytes that are not the request's are all ones.
 */
enum hvc {
	/* () x1 = 0 or -EBUSY: the host gives up its privileges, for good */
	HVC_FINALIZE,
	/* (id, head, nr) x1 = 0 or error, x2 and x3 = head and nr not taken */
	HVC_TOPUP,
	/* (id, target) x1 = 0 or error, x2 and x3 = head and nr */
	HVC_RECLAIM,
	/* (id) x1 = pages */
	HVC_RECLAIMABLE,
	/* () x1 = 0 or error, R */
	HVC_SELFTEST,
	/* (pfn) x1 = 0 or error */
	HVC_SHARE,
	HVC_UNSHARE,
	/* (struct kvm, PGD) x1 = handle or error, R */
	HVC_INIT_VM,
	/* (handle, struct kvm_vcpu) x1 = 0 or error, R */
	HVC_INIT_VCPU,
	/* (handle) x1 = 0 or error; a reference more, or one less */
	HVC_GET_VM,
	HVC_PUT_VM,
	/* (handle) x1 = 0 or error */
	HVC_TEARDOWN_VM,
	/* (descriptor, bytes) x1 = 0 or error, R */
	HVC_TRACING_LOAD,
	/* () x1 = 0 or error */
	HVC_TRACING_UNLOAD,
	/* (handle, pfn) x1 = 0 or error: the page becomes the VM's guest's */
	HVC_DONATE_GUEST,
	/* (pfn) x1 = 0 or error: the VM is gone, the page is the host's again */
	HVC_RECLAIM_GUEST,
	HVC_NR,

	/*
	 * (size) x1 = 0 or error, R; x4 = address. The harness's own call,
	 * apart from those that EL2 has
	 */
	HVC_ALLOC = 0x100
};

/* Heaps that the host knows, by the type of request that asks for them. */
#define HYP_REQ_NONE 0
#define HYP_REQ_ALLOC 1
#define HYP_REQ_SELFTEST 2

/* The kernel's counters (linux/atomic.h), where plain C can see them. */
typedef struct {
	int counter;
} atomic_t;
typedef struct {
	long long counter;
} atomic64_t;

/*
 * What the host shares with EL2 of a VM and of a vCPU. An allocator of the
 * older dialect (allocator/dialect) charges a VM with what it gets.
 */
struct kvm {
	unsigned long created_vcpus;
#ifdef HYP_ALLOC_REFILL
	struct {
		atomic64_t protected_hyp_mem; /* bytes */
	} stat;
#endif
};

struct kvm_vcpu {
	unsigned long vcpu_idx;
};

/*
 * What __tracing_load() is given: the header, and then for each CPU in order a
 * struct ring_buffer_desc with the host's addresses of its pages.
 */
struct trace_desc {
	unsigned int nr_cpus;
	unsigned int unused;
};

struct ring_buffer_desc {
	unsigned int cpu;
	unsigned int nr_pages;
	unsigned long page[];
};

#define TRACE_MIN_PAGES 3
#define TRACE_PAGE_BYTES 40 /* what EL2 keeps of a page */
#define VM_MAX 8
#define VM_HANDLE_FIRST 0x1000

#endif
