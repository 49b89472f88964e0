/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_OPS_H
#define HYPHEAP_OPS_H

#include <allocator/hvc.h>
#include <allocator/traits.h>

/*
 * What a compiled target offers to heap.c: one table a page size. Basic types
 * only, because kernel code fills it in.
 */

/* What the host's kernel can be asked to do; see host/pkvm.h. */
struct heap_ops_host {
	long (*hvc)(unsigned long regs[HVC_REGS]);
	long (*call)(unsigned long regs[HVC_REGS]); /* the request loop */
	int (*deprivilege)(void);
	int (*topup)(unsigned long id, unsigned long nr);
	unsigned long (*reclaim)(unsigned long id, unsigned long target);
	unsigned long (*count)(void);
	unsigned long (*scan)(unsigned long nr, unsigned long *scanned);
	long (*selftest)(void);
	long (*create_vm)(unsigned long nr_vcpus);
	long (*create_vcpu)(unsigned long handle, unsigned long idx);
	long (*destroy_vm)(unsigned long handle);
	long (*tracing_load)(unsigned int nr_pages);
	long (*tracing_unload)(void);
};

/* Allocations that one VM is charged with; NULL: the dialect has none. */
struct heap_ops_account {
	void *(*alloc)(unsigned long bytes);
	void (*free)(void *addr);
	long (*charge)(void); /* bytes */
};

struct heap_ops {
	unsigned int page_shift;
	struct heap_traits traits;
	const char *percpu_start, *percpu_end; /* what the target uses */
	unsigned int percpu_room;	       /* that there is for each CPU */
	char *data, *data_end;		       /* all that it can write */
	const char *ro, *ro_end;
	char *host_data, *host_data_end; /* the part of it that is the host's */

	void (*boot)(void); /* once, before the first snapshot */
	int (*init)(unsigned long bytes);
	void *(*alloc)(unsigned long bytes);
	void (*free)(void *addr);
	int (*err)(void);
	unsigned int (*topup_needed)(void);
	unsigned long (*reclaimable)(void);
	struct heap_ops_account account;

	void (*set_sizes)(unsigned long vm, unsigned long vcpu);
	void (*vector)(unsigned long *regs); /* EL2 takes a hypercall */
	struct heap_ops_host host;
};

extern const struct heap_ops heap_ops_12, heap_ops_14, heap_ops_16;

#endif
