/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NVHE_MEMORY_H
#define _NVHE_MEMORY_H

#include <asm/kvm_host.h>

/* Plain arithmetic, any value: only an access can be wrong. */
static inline __maybe_unused void *hyp_phys_to_virt(phys_addr_t phys)
{
	return (void *)backend_phys_to_virt(phys);
}

static inline __maybe_unused phys_addr_t hyp_virt_to_phys(void *addr)
{
	return backend_virt_to_phys((unsigned long)addr);
}

#define __hyp_va(phys) hyp_phys_to_virt((phys_addr_t)(phys))
#define __hyp_pa(virt) hyp_virt_to_phys((void *)(virt))
#define hyp_phys_to_pfn(phys) ((phys) >> PAGE_SHIFT)
#define hyp_pfn_to_phys(pfn) ((phys_addr_t)(pfn) << PAGE_SHIFT)
#define hyp_virt_to_pfn(virt) hyp_phys_to_pfn(hyp_virt_to_phys(virt))
#define hyp_pfn_to_virt(pfn) hyp_phys_to_virt(hyp_pfn_to_phys(pfn))

#endif
