/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_KVM_MMU_H
#define _ASM_KVM_MMU_H

#include <asm/kvm_host.h>

/*
 * Where EL2 sees what the host has at @addr. What is no address of the host's
 * stays as it is, so converting twice does no harm.
 */
static inline __maybe_unused unsigned long __kern_hyp_va(unsigned long addr)
{
	unsigned long offset = addr - backend_host_window();

	if (offset >= BACKEND_LINEAR_MAX)
		return addr;

	return backend_phys_to_virt(BACKEND_PHYS_BASE + offset);
}

#define kern_hyp_va(v) ((__typeof__(v))__kern_hyp_va((unsigned long)(v)))

#endif
