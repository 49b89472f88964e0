// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMs and vCPUs, as the host makes and ends them.
 */
#include <asm/kvm_host.h>
#include <linux/gfp.h>

#include "pkvm.h"

/**
 * struct host_vm - What the host keeps of a VM.
 * @kvm: shared with EL2; NULL: there is no such VM
 * @pgd: EL2's until the VM ends
 * @vcpus: pages with the vCPUs, shared with EL2
 */
struct host_vm {
	struct kvm *kvm;
	void *pgd;
	struct kvm_hyp_memcache vcpus;
};

static struct host_vm host_vms[VM_MAX];

static struct host_vm *vm_of(unsigned long handle)
{
	unsigned long nr = handle - VM_HANDLE_FIRST;

	return nr < VM_MAX && host_vms[nr].kvm ? &host_vms[nr] : NULL;
}

/* A zeroed page that begins with @word, shared with EL2; or NULL. */
static void *get_shared_page(unsigned long word)
{
	struct kvm_cpu_context call = {.regs = {HVC_SHARE}};
	void *page = get_zeroed_page();

	if (!page)
		return NULL;

	memcpy(page, &word, sizeof(word));
	call.regs[1] = virt_to_pfn(page);
	if (WARN_ON(pkvm_hvc(&call))) {
		free_page(page);
		return NULL;
	}

	return page;
}

/* A page that EL2 goes on seeing is of no use to anybody: it is leaked. */
static void free_shared_page(void *page)
{
	struct kvm_cpu_context call = {.regs = {HVC_UNSHARE}};

	call.regs[1] = virt_to_pfn(page);
	if (WARN_ON(pkvm_hvc(&call)))
		keep_page(page);
	else
		free_page(page);
}

/**
 * pkvm_create_vm() - Create a VM at EL2.
 * @nr_vcpus: it may have
 *
 * EL2 may give a handle that is in use by this kernel's books: somebody has
 * ended that VM past it, and its pages are as good as lost.
 *
 * Return: its handle, -ENOMEM, or what EL2 says.
 */
long pkvm_create_vm(unsigned long nr_vcpus)
{
	struct kvm_cpu_context call = {.regs = {HVC_INIT_VM}};
	struct kvm *kvm = get_shared_page(nr_vcpus);
	void *pgd = __get_free_page();
	long ret = -ENOMEM;

	if (kvm && pgd) {
		call.regs[1] = (unsigned long)kvm;
		call.regs[2] = (unsigned long)pgd;
		ret = pkvm_call_hyp_req(&call);
	}
	if (ret > 0 && !WARN_ON(ret - VM_HANDLE_FIRST >= VM_MAX)) {
		host_vms[ret - VM_HANDLE_FIRST] = (struct host_vm){
			.kvm = kvm,
			.pgd = pgd,
		};
		keep_page(kvm);
		return ret;
	}

	if (pgd)
		free_page(pgd);
	if (kvm)
		free_shared_page(kvm);

	return ret;
}

/**
 * pkvm_create_vcpu() - Create a vCPU at EL2.
 * @handle: of its VM
 * @idx: which one
 *
 * Return: 0, -ENOMEM, or what EL2 says.
 */
long pkvm_create_vcpu(unsigned long handle, unsigned long idx)
{
	struct kvm_cpu_context call = {.regs = {HVC_INIT_VCPU, handle}};
	struct host_vm *vm = vm_of(handle);
	void *page = get_shared_page(idx);
	long ret;

	if (!page)
		return -ENOMEM;

	call.regs[2] = (unsigned long)page;
	ret = pkvm_call_hyp_req(&call);
	if (!ret && vm) {
		push_hyp_memcache(&vm->vcpus, page, virt_to_phys);
		keep_page(page);
	} else {
		free_shared_page(page);
	}

	return ret;
}

/**
 * pkvm_destroy_vm() - End a VM.
 * @handle: of the VM
 *
 * Return: 0, or what EL2 says.
 */
long pkvm_destroy_vm(unsigned long handle)
{
	struct kvm_cpu_context call = {.regs = {HVC_TEARDOWN_VM, handle}};
	struct host_vm *vm = vm_of(handle);
	long ret = pkvm_hvc(&call);

	if (ret || !vm)
		return ret;

	while (vm->vcpus.nr_pages)
		free_shared_page(pop_hyp_memcache(&vm->vcpus, phys_to_virt));
	free_page(vm->pgd);
	free_shared_page(vm->kvm);
	vm->kvm = NULL;

	return 0;
}
