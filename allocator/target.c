/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The unit under test: the allocator, unedited, and the table by which heap.c
 * calls it. Compiled once per page size (HYP_PAGE_SHIFT), with every load and
 * store turned into a call (backend/access.c); sees no libc header.
 */
#include HYPHEAP_ALLOC_SOURCE

#include <nvhe/alloc.h>
#include <nvhe/hyp_main.h>
#include <nvhe/pkvm.h>
#include <linux/list.h>
#include <allocator/host/pkvm.h>
#include <allocator/ops.h>

/* The code below is the harness's, not the hypervisor's: it is not checked. */
#if defined(__clang__)
#define SEAM                   \
	static __attribute__(( \
		no_sanitize("address", "undefined", "kernel-address")))
#else
#define SEAM                                            \
	static __attribute__((no_sanitize("address"),   \
			      no_sanitize("undefined"), \
			      no_sanitize("kernel-address")))
#endif

/* Tells apart what is compiled more than once. */
#define SYMBOL(name) __PASTE(name, HYP_TARGET)

/* Set by the linker script of the target, and by the linker. */
extern char hyp_percpu_end[];
extern char hyp_host_start[], hyp_host_end[];
extern char SYMBOL(__start_hyp_data_)[], SYMBOL(__stop_hyp_data_)[];
extern char SYMBOL(__start_hyp_ro_)[], SYMBOL(__stop_hyp_ro_)[];

char hyp_percpu_copies[HYP_NR_CPUS - 1][HYP_PERCPU_BYTES] __aligned(64);

/* Always some, so that the sections exist whatever the allocator has. */
static DEFINE_PER_CPU(u32, seam_percpu) __maybe_unused
	__attribute__((__used__));
static const u32 seam_ro __attribute__((__used__)) = 1;

/* Every CPU starts with the values that the definitions say. */
SEAM void seam_boot(void)
{
	unsigned long bytes = hyp_percpu_end - hyp_percpu_start;

	for (int cpu = 0; cpu < HYP_NR_CPUS - 1; cpu++)
		for (unsigned long i = 0; i < bytes; i++)
			hyp_percpu_copies[cpu][i] = hyp_percpu_start[i];
}

SEAM int seam_init(unsigned long bytes)
{
	return hyp_alloc_init(bytes);
}

SEAM void *seam_alloc(unsigned long bytes)
{
	return hyp_alloc(bytes);
}

SEAM void seam_free(void *addr)
{
	hyp_free(addr);
}

SEAM int seam_errno(void)
{
	return hyp_alloc_errno();
}

SEAM unsigned int seam_topup_needed(void)
{
	return hyp_alloc_topup_needed();
}

SEAM unsigned long seam_reclaimable(void)
{
	return hyp_alloc_reclaimable();
}

#include <allocator/dialect/seam.h>

SEAM void seam_vector(unsigned long *regs)
{
	handle_host_hcall((struct kvm_cpu_context *)regs);
}

/*
 * The host's calls. Their registers travel through this stack, where the host
 * may touch them; volatile, or the compiler would make a checked memcpy() of
 * the copy.
 */
SEAM void copy_regs(volatile unsigned long *to,
		    const volatile unsigned long *from)
{
	for (int i = 0; i < HVC_REGS; i++)
		to[i] = from[i];
}

SEAM long seam_host_hvc(unsigned long regs[HVC_REGS])
{
	struct kvm_cpu_context ctxt;
	long ret;

	copy_regs(ctxt.regs, regs);
	backend_raw_hvc(ctxt.regs);
	ret = ctxt.regs[1];
	copy_regs(regs, ctxt.regs);

	return ret;
}

SEAM long seam_host_call(unsigned long regs[HVC_REGS])
{
	struct kvm_cpu_context ctxt;
	long ret;

	copy_regs(ctxt.regs, regs);
	ret = pkvm_call_hyp_req(&ctxt);
	copy_regs(regs, ctxt.regs);

	return ret;
}

SEAM unsigned long seam_host_count(void)
{
	struct shrink_control sc = {};

	return hyp_shrinker_count(&sc);
}

SEAM unsigned long seam_host_scan(unsigned long nr, unsigned long *scanned)
{
	struct shrink_control sc = {.nr_to_scan = nr, .nr_scanned = nr};
	unsigned long ret = hyp_shrinker_scan(&sc);

	*scanned = sc.nr_scanned;

	return ret;
}

extern const struct heap_ops SYMBOL(heap_ops_);
const struct heap_ops SYMBOL(heap_ops_) = {
	.page_shift = HYP_PAGE_SHIFT,
	.traits = DIALECT_TRAITS,
	.percpu_room = HYP_PERCPU_BYTES,
	.data = SYMBOL(__start_hyp_data_),
	.data_end = SYMBOL(__stop_hyp_data_),
	.ro = SYMBOL(__start_hyp_ro_),
	.ro_end = SYMBOL(__stop_hyp_ro_),
	.host_data = hyp_host_start,
	.host_data_end = hyp_host_end,
	.percpu_start = hyp_percpu_start,
	.percpu_end = hyp_percpu_end,
	.boot = seam_boot,
	.init = seam_init,
	.alloc = seam_alloc,
	.free = seam_free,
	.err = seam_errno,
	.topup_needed = seam_topup_needed,
	.reclaimable = seam_reclaimable,
	.account = DIALECT_ACCOUNT,
	.set_sizes = pkvm_set_sizes,
	.vector = seam_vector,
	.host =
		{
			.hvc = seam_host_hvc,
			.call = seam_host_call,
			.deprivilege = pkvm_deprivilege_host,
			.topup = pkvm_hyp_topup,
			.reclaim = pkvm_hyp_reclaim,
			.count = seam_host_count,
			.scan = seam_host_scan,
			.selftest = pkvm_selftest,
			.create_vm = pkvm_create_vm,
			.create_vcpu = pkvm_create_vcpu,
			.destroy_vm = pkvm_destroy_vm,
			.tracing_load = pkvm_tracing_load,
			.tracing_unload = pkvm_tracing_unload,
		},
};
