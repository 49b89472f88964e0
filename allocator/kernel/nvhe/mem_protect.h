/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NVHE_MEM_PROTECT_H
#define _NVHE_MEM_PROTECT_H

#include <nvhe/memory.h>

static inline __maybe_unused int __pkvm_host_donate_hyp(u64 pfn, u64 nr_pages)
{
	return backend_donate_hyp(pfn, nr_pages);
}

static inline __maybe_unused int __pkvm_hyp_donate_host(u64 pfn, u64 nr_pages)
{
	return backend_donate_host(pfn, nr_pages);
}

static inline __maybe_unused int __pkvm_host_share_hyp(u64 pfn)
{
	return backend_share_hyp(pfn);
}

static inline __maybe_unused int __pkvm_host_unshare_hyp(u64 pfn)
{
	return backend_unshare_hyp(pfn);
}

static inline __maybe_unused int __pkvm_host_donate_guest(u64 pfn,
							  unsigned int handle)
{
	return backend_donate_guest(pfn, handle);
}

/* Whose guest's page it is: a handle, or an error. */
static inline __maybe_unused long guest_of_page(u64 pfn)
{
	return backend_guest(pfn);
}

static inline __maybe_unused int __pkvm_guest_donate_hyp(u64 pfn)
{
	return backend_take_guest(pfn);
}

/* Does the host share all of [@addr, +@size), by EL2's address? */
static inline __maybe_unused bool hyp_is_shared(const void *addr, size_t size)
{
	return backend_shared(backend_virt_to_phys((unsigned long)addr), size);
}

static inline __maybe_unused void kvm_flush_dcache_to_poc(void *addr,
							  size_t size)
{
	backend_clean(addr, size);
}

#endif
