// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypercalls, and what EL2 may want before it can serve one.
 */
#include <asm/kvm_host.h>
#include <asm/kvm_pkvm.h>

#include "pkvm.h"

/**
 * pkvm_hvc() - One hypercall.
 * @regs: x0 = enum hvc, arguments from x1 on; comes back as EL2 left it
 *
 * Return: x1; -1 if there is no such call, and then no register but x0 means
 * anything.
 */
long pkvm_hvc(struct kvm_cpu_context *regs)
{
	regs->regs[0] += HVC_BASE;
	backend_hvc(regs->regs);
	if (WARN_ON(regs->regs[0] != SMCCC_RET_SUCCESS))
		return -1;

	return regs->regs[1];
}

/**
 * pkvm_call_hyp_req() - A hypercall that EL2 may want pages for.
 * @regs: as for pkvm_hvc(); comes back as the last try left it
 *
 * As long as EL2 asks for pages, gives them and calls again with the same
 * arguments. Nothing but the harness bounds that: another CPU, or the shrinker,
 * may always take what was given.
 *
 * Return: as pkvm_hvc(); or why the pages could not be given.
 */
long pkvm_call_hyp_req(struct kvm_cpu_context *regs)
{
	struct kvm_cpu_context last;
	long ret;

	for (;;) {
		struct pkvm_hyp_req req = {.type = HYP_REQ_NONE};

		last = *regs;
		ret = pkvm_hvc(&last);
		if (ret && last.regs[0] == SMCCC_RET_SUCCESS)
			pkvm_hyp_req_decode(&req, &last);
		if (!backend_host_retry(ret, req.nr_pages) ||
		    req.type == HYP_REQ_NONE)
			break;

		ret = pkvm_hyp_topup(req.type, req.nr_pages);
		if (ret)
			break;
	}

	*regs = last;

	return ret;
}
