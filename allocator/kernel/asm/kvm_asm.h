/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_KVM_ASM_H
#define _ASM_KVM_ASM_H

#include <linux/types.h>
#include <linux/build_bug.h>
#include <allocator/backend/backend.h>
#include <allocator/hvc.h>

/* The registers that a hypercall takes and returns. */
struct kvm_cpu_context {
	unsigned long regs[HVC_REGS];
};

static_assert(HVC_REGS == BACKEND_REGS);

#endif
