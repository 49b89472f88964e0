/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NVHE_PKVM_H
#define _NVHE_PKVM_H

#include <asm/kvm_asm.h>

struct pkvm_hyp_vm;

void pkvm_set_sizes(size_t vm_size, size_t vcpu_size);

int __pkvm_init_vm(struct kvm *host_kvm, unsigned long pgd_hva);
int __pkvm_init_vcpu(unsigned int handle, struct kvm_vcpu *host_vcpu);
int __pkvm_teardown_vm(unsigned int handle);

int pkvm_donate_guest(unsigned int handle, u64 pfn);
int pkvm_reclaim_guest(u64 pfn);

struct pkvm_hyp_vm *get_pkvm_hyp_vm(unsigned int handle);
int put_pkvm_hyp_vm(unsigned int handle);

#endif
