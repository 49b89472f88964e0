/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_HOST_PKVM_H
#define HYPHEAP_HOST_PKVM_H

#include <asm/kvm_asm.h>
#include <linux/shrinker.h>

/* The host's kernel: how it deals with EL2. */

#define PKVM_RECLAIM_BATCH 16UL

long pkvm_hvc(struct kvm_cpu_context *regs);
long pkvm_call_hyp_req(struct kvm_cpu_context *regs);

int pkvm_hyp_topup(unsigned long id, unsigned long nr);
unsigned long pkvm_hyp_reclaim(unsigned long id, unsigned long target);
unsigned long pkvm_hyp_reclaimable(unsigned long id);

long pkvm_selftest(void);

int pkvm_deprivilege_host(void);
unsigned long hyp_shrinker_count(struct shrink_control *sc);
unsigned long hyp_shrinker_scan(struct shrink_control *sc);

long pkvm_create_vm(unsigned long nr_vcpus);
long pkvm_create_vcpu(unsigned long handle, unsigned long idx);
long pkvm_destroy_vm(unsigned long handle);

long pkvm_tracing_load(unsigned int nr_pages);
long pkvm_tracing_unload(void);

#endif
