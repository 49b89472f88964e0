// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypercalls. Whoever is the host now may be hostile: no register is believed,
 * and a call that fails leaves nothing behind that a second one would miss.
 */
#include <nvhe/hyp_main.h>
#include <nvhe/alloc.h>
#include <nvhe/mem_protect.h>
#include <nvhe/pkvm.h>
#include <nvhe/trace.h>
#include <asm/kvm_asm.h>
#include <asm/kvm_host.h>
#include <asm/kvm_pkvm.h>

/* Set once, by HVC_FINALIZE; from then on the host is just a guest. */
static bool host_deprivileged;

/**
 * struct hyp_heap - A heap that the host feeds.
 */
struct hyp_heap {
	int (*topup)(struct kvm_hyp_memcache *host_mc);
	void (*reclaim)(struct kvm_hyp_memcache *host_mc, unsigned long target);
	unsigned long (*reclaimable)(void);
};

/* The heap that the host means by @id, or NULL. */
static const struct hyp_heap *heap_by_id(unsigned long id)
{
	static const struct hyp_heap heaps[] = {
		[HYP_REQ_ALLOC] =
			{
				.topup = hyp_alloc_topup,
				.reclaim = hyp_alloc_reclaim,
				.reclaimable = hyp_alloc_reclaimable,
			},
#if HYPHEAP_HAS_SELFTEST
		[HYP_REQ_SELFTEST] =
			{
				.topup = hyp_alloc_selftest_topup,
				.reclaim = hyp_alloc_selftest_reclaim,
				.reclaimable = hyp_alloc_selftest_reclaimable,
			},
#endif
	};

	if (id >= ARRAY_SIZE(heaps) || !heaps[id].topup)
		return NULL;

	return &heaps[id];
}

/*
 * Answer @ret. If it is -ENOMEM and heap @type lacks @needed pages, ask for
 * them: the host tops up and calls again.
 */
static void reply(struct kvm_cpu_context *ctxt, long ret, u8 type,
		  u32 (*needed)(void))
{
	struct pkvm_hyp_req req = {.type = HYP_REQ_NONE};

	if (ret == -ENOMEM) {
		req.nr_pages = needed();
		if (req.nr_pages)
			req.type = type;
	}

	ctxt->regs[1] = ret;
	pkvm_hyp_req_encode(ctxt, &req);
}

/* The answer of a call that allocates from the heap. */
static void reply_alloc(struct kvm_cpu_context *ctxt, long ret)
{
	reply(ctxt, ret, HYP_REQ_ALLOC, hyp_alloc_topup_needed);
}

static void handle_finalize(struct kvm_cpu_context *ctxt)
{
	ctxt->regs[1] = host_deprivileged ? -EBUSY : 0;
	host_deprivileged = true;
}

static void handle_topup(struct kvm_cpu_context *ctxt)
{
	const struct hyp_heap *heap = heap_by_id(ctxt->regs[1]);
	struct kvm_hyp_memcache host_mc = {
		.head = ctxt->regs[2],
		.nr_pages = ctxt->regs[3],
	};

	ctxt->regs[1] = heap ? heap->topup(&host_mc) : -EINVAL;
	ctxt->regs[2] = host_mc.head;
	ctxt->regs[3] = host_mc.nr_pages;
}

static void handle_reclaim(struct kvm_cpu_context *ctxt)
{
	const struct hyp_heap *heap = heap_by_id(ctxt->regs[1]);
	unsigned long target = ctxt->regs[2];
	struct kvm_hyp_memcache host_mc = {};

	if (heap)
		heap->reclaim(&host_mc, target);

	ctxt->regs[1] = heap ? 0 : -EINVAL;
	ctxt->regs[2] = host_mc.head;
	ctxt->regs[3] = host_mc.nr_pages;
}

static void handle_reclaimable(struct kvm_cpu_context *ctxt)
{
	const struct hyp_heap *heap = heap_by_id(ctxt->regs[1]);

	ctxt->regs[1] = heap ? heap->reclaimable() : 0;
}

static void handle_selftest(struct kvm_cpu_context *ctxt)
{
	long ret = -EOPNOTSUPP;

	/* A boot-time test: it would cost a running host its pages */
	if (host_deprivileged) {
		reply_alloc(ctxt, -EPERM);
		return;
	}

#if HYPHEAP_HAS_SELFTEST
	ret = hyp_alloc_selftest();
	reply(ctxt, ret, HYP_REQ_SELFTEST, hyp_alloc_selftest_topup_needed);
#else
	reply_alloc(ctxt, ret);
#endif
}

static void handle_alloc(struct kvm_cpu_context *ctxt)
{
	void *addr = hyp_alloc(ctxt->regs[1]);

	ctxt->regs[4] = (unsigned long)addr;
	reply_alloc(ctxt, addr ? 0 : hyp_alloc_errno());
}

static void handle_share(struct kvm_cpu_context *ctxt)
{
	ctxt->regs[1] = __pkvm_host_share_hyp(ctxt->regs[1]);
}

static void handle_unshare(struct kvm_cpu_context *ctxt)
{
	ctxt->regs[1] = __pkvm_host_unshare_hyp(ctxt->regs[1]);
}

static void handle_init_vm(struct kvm_cpu_context *ctxt)
{
	struct kvm *host_kvm = (struct kvm *)ctxt->regs[1];

	reply_alloc(ctxt, __pkvm_init_vm(host_kvm, ctxt->regs[2]));
}

static void handle_init_vcpu(struct kvm_cpu_context *ctxt)
{
	struct kvm_vcpu *host_vcpu = (struct kvm_vcpu *)ctxt->regs[2];

	reply_alloc(ctxt, __pkvm_init_vcpu(ctxt->regs[1], host_vcpu));
}

static void handle_get_vm(struct kvm_cpu_context *ctxt)
{
	ctxt->regs[1] = get_pkvm_hyp_vm(ctxt->regs[1]) ? 0 : -ENOENT;
}

static void handle_put_vm(struct kvm_cpu_context *ctxt)
{
	ctxt->regs[1] = put_pkvm_hyp_vm(ctxt->regs[1]);
}

static void handle_teardown_vm(struct kvm_cpu_context *ctxt)
{
	ctxt->regs[1] = __pkvm_teardown_vm(ctxt->regs[1]);
}

static void handle_tracing_load(struct kvm_cpu_context *ctxt)
{
	reply_alloc(ctxt, __tracing_load(ctxt->regs[1], ctxt->regs[2]));
}

static void handle_tracing_unload(struct kvm_cpu_context *ctxt)
{
	ctxt->regs[1] = __tracing_unload();
}

static void handle_donate_guest(struct kvm_cpu_context *ctxt)
{
	ctxt->regs[1] = pkvm_donate_guest(ctxt->regs[1], ctxt->regs[2]);
}

static void handle_reclaim_guest(struct kvm_cpu_context *ctxt)
{
	ctxt->regs[1] = pkvm_reclaim_guest(ctxt->regs[1]);
}

typedef void (*hcall_t)(struct kvm_cpu_context *ctxt);

static const hcall_t host_hcall[HVC_NR] = {
	[HVC_FINALIZE] = handle_finalize,
	[HVC_TOPUP] = handle_topup,
	[HVC_RECLAIM] = handle_reclaim,
	[HVC_RECLAIMABLE] = handle_reclaimable,
	[HVC_SELFTEST] = handle_selftest,
	[HVC_SHARE] = handle_share,
	[HVC_UNSHARE] = handle_unshare,
	[HVC_INIT_VM] = handle_init_vm,
	[HVC_INIT_VCPU] = handle_init_vcpu,
	[HVC_GET_VM] = handle_get_vm,
	[HVC_PUT_VM] = handle_put_vm,
	[HVC_TEARDOWN_VM] = handle_teardown_vm,
	[HVC_TRACING_LOAD] = handle_tracing_load,
	[HVC_TRACING_UNLOAD] = handle_tracing_unload,
	[HVC_DONATE_GUEST] = handle_donate_guest,
	[HVC_RECLAIM_GUEST] = handle_reclaim_guest,
};

/**
 * handle_host_hcall() - Serve a hypercall of the host.
 * @ctxt: the host's x0..x17, which come back changed
 *
 * x0 comes back as the SMCCC status. If that is not success, no other register
 * has changed.
 */
void handle_host_hcall(struct kvm_cpu_context *ctxt)
{
	unsigned long nr = ctxt->regs[0] - HVC_BASE;
	hcall_t hcall = NULL;

	if (nr < ARRAY_SIZE(host_hcall))
		hcall = host_hcall[nr];
	else if (nr == HVC_ALLOC)
		hcall = handle_alloc;

	if (!hcall) {
		ctxt->regs[0] = SMCCC_RET_NOT_SUPPORTED;
		return;
	}

	ctxt->regs[0] = SMCCC_RET_SUCCESS;
	hcall(ctxt);
}
