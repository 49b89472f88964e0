// SPDX-License-Identifier: GPL-2.0-only
/*
 * What EL2 keeps of protected VMs and their vCPUs: objects of its heap, found
 * by handle in a table.
 */
#include <nvhe/pkvm.h>
#include <nvhe/alloc.h>
#include <nvhe/mem_protect.h>
#include <nvhe/spinlock.h>
#include <linux/overflow.h>
#include <asm/kvm_mmu.h>

/**
 * struct pkvm_hyp_vm - A VM; how long it is depends on the configuration.
 * @handle: by which the host names it
 * @refcount: who uses it just now; protected by vm_table_lock. The page's own
 *	      count would not do: objects of the heap share pages
 * @nr_vcpus: room in the array of vCPUs, which follows hyp_vm_size bytes
 *	      behind the start
 * @pgd: root of its stage 2, a page
 */
struct pkvm_hyp_vm {
	u32 handle;
	u16 refcount;
	unsigned long nr_vcpus;
	void *pgd;
};

/**
 * struct pkvm_hyp_vcpu - A vCPU; longer in truth, see hyp_vcpu_size.
 * @vm: it belongs to
 * @idx: its place in the VM's array
 */
struct pkvm_hyp_vcpu {
	struct pkvm_hyp_vm *vm;
	unsigned long idx;
};

static size_t hyp_vm_size = 3072;
static size_t hyp_vcpu_size = 8192;

static DEFINE_HYP_SPINLOCK(vm_table_lock);
static struct pkvm_hyp_vm *vm_table[VM_MAX];

/**
 * pkvm_set_sizes() - What the structures measure in this configuration.
 * @vm_size: bytes of a VM without its vCPUs; rounded up to whole words
 * @vcpu_size: bytes of a vCPU
 *
 * Before the first VM. Neither is less than what is used of it.
 */
void pkvm_set_sizes(size_t vm_size, size_t vcpu_size)
{
	hyp_vm_size =
		ALIGN(max(vm_size, sizeof(struct pkvm_hyp_vm)), sizeof(void *));
	hyp_vcpu_size = max(vcpu_size, sizeof(struct pkvm_hyp_vcpu));
}

static struct pkvm_hyp_vcpu **vm_vcpus(struct pkvm_hyp_vm *vm)
{
	return (struct pkvm_hyp_vcpu **)((char *)vm + hyp_vm_size);
}

/* May EL2 read @size bytes of the host's at @addr, already converted? */
static int check_shared(const void *addr, size_t size)
{
	if (!IS_ALIGNED((unsigned long)addr, sizeof(unsigned long)))
		return -EINVAL;

	return hyp_is_shared(addr, size) ? 0 : -EPERM;
}

/*
 * The table; its lock is held.
 */

static struct pkvm_hyp_vm *find_vm(unsigned int handle)
{
	unsigned int nr = handle - VM_HANDLE_FIRST;

	hyp_assert_lock_held(&vm_table_lock);

	return nr < VM_MAX ? vm_table[nr] : NULL;
}

static int insert_vm(struct pkvm_hyp_vm *vm)
{
	unsigned int nr;

	hyp_assert_lock_held(&vm_table_lock);

	for (nr = 0; nr < VM_MAX; nr++) {
		if (vm_table[nr])
			continue;

		vm_table[nr] = vm;
		vm->handle = VM_HANDLE_FIRST + nr;
		return 0;
	}

	return -ENOSPC;
}

/*
 * The stage-2 root.
 */

static int take_pgd(struct pkvm_hyp_vm *vm, unsigned long pgd_hva)
{
	void *pgd = (void *)kern_hyp_va(pgd_hva);
	int ret;

	if (!PAGE_ALIGNED(pgd))
		return -EINVAL;

	ret = __pkvm_host_donate_hyp(hyp_virt_to_pfn(pgd), 1);
	if (ret)
		return ret;

	memset(pgd, 0, PAGE_SIZE);
	vm->pgd = pgd;

	return 0;
}

static void return_pgd(struct pkvm_hyp_vm *vm)
{
	memset(vm->pgd, 0, PAGE_SIZE);
	kvm_flush_dcache_to_poc(vm->pgd, PAGE_SIZE);
	WARN_ON(__pkvm_hyp_donate_host(hyp_virt_to_pfn(vm->pgd), 1));
}

/**
 * __pkvm_init_vm() - Create a VM.
 * @host_kvm: the host's, in a page it shares; says how many vCPUs there may be
 * @pgd_hva: the page for the root of stage 2, by the host's address
 *
 * Return: the handle, which is positive; -EINVAL: no vCPU, or an address that
 * is not aligned; -EPERM: @host_kvm is not shared; -ENOSPC: the table is full;
 * the error of the donation or of the allocation. On an error nothing has
 * changed but perhaps the heap: after -ENOMEM the call can be repeated.
 */
int __pkvm_init_vm(struct kvm *host_kvm, unsigned long pgd_hva)
{
	unsigned long nr_vcpus;
	struct pkvm_hyp_vm *vm;
	int ret;

	host_kvm = kern_hyp_va(host_kvm);
	ret = check_shared(host_kvm, sizeof(*host_kvm));
	if (ret)
		return ret;

	/* Once: the host may change it at any time */
	nr_vcpus = READ_ONCE(host_kvm->created_vcpus);
	if (nr_vcpus < 1)
		return -EINVAL;

	vm = hyp_alloc(
		size_add(hyp_vm_size, size_mul(sizeof(void *), nr_vcpus)));
	if (!vm)
		return hyp_alloc_errno();

	vm->nr_vcpus = nr_vcpus;
	ret = take_pgd(vm, pgd_hva);
	if (ret)
		goto free_vm;

	scoped_guard (hyp_spinlock, &vm_table_lock)
		ret = insert_vm(vm);
	if (ret)
		goto return_pgd;

	return vm->handle;

return_pgd:
	return_pgd(vm);
free_vm:
	hyp_free(vm);

	return ret;
}

/* Give @vcpu its place. The table's lock is held. */
static int insert_vcpu(unsigned int handle, unsigned long idx,
		       struct pkvm_hyp_vcpu *vcpu)
{
	struct pkvm_hyp_vm *vm = find_vm(handle);

	if (!vm)
		return -ENOENT;
	if (idx >= vm->nr_vcpus)
		return -EINVAL;
	if (vm_vcpus(vm)[idx])
		return -EEXIST;

	vcpu->vm = vm;
	vcpu->idx = idx;
	vm_vcpus(vm)[idx] = vcpu;

	return 0;
}

/**
 * __pkvm_init_vcpu() - Create a vCPU.
 * @handle: of its VM
 * @host_vcpu: the host's, in a page it shares; says which one it is
 *
 * Return: 0; -EINVAL: the VM has no such vCPU, or the address is not aligned;
 * -EEXIST: it is there already; -ENOENT: no such VM; -EPERM: @host_vcpu is not
 * shared; or the error of the allocation.
 */
int __pkvm_init_vcpu(unsigned int handle, struct kvm_vcpu *host_vcpu)
{
	struct pkvm_hyp_vcpu *vcpu;
	unsigned long idx;
	int ret;

	host_vcpu = kern_hyp_va(host_vcpu);
	ret = check_shared(host_vcpu, sizeof(*host_vcpu));
	if (ret)
		return ret;
	idx = READ_ONCE(host_vcpu->vcpu_idx);

	vcpu = hyp_alloc(hyp_vcpu_size);
	if (!vcpu)
		return hyp_alloc_errno();

	scoped_guard (hyp_spinlock, &vm_table_lock)
		ret = insert_vcpu(handle, idx, vcpu);
	if (ret)
		hyp_free(vcpu);

	return ret;
}

/* Take a VM that nobody uses out of the table. */
static int remove_vm(unsigned int handle, struct pkvm_hyp_vm **vm)
{
	guard(hyp_spinlock)(&vm_table_lock);

	*vm = find_vm(handle);
	if (!*vm)
		return -ENOENT;
	if ((*vm)->refcount)
		return -EBUSY;

	vm_table[handle - VM_HANDLE_FIRST] = NULL;

	return 0;
}

/**
 * __pkvm_teardown_vm() - End a VM; its vCPUs go with it.
 * @handle: of the VM
 *
 * Return: 0, and the PGD is the host's again; -EBUSY while somebody uses the
 * VM; -ENOENT: no such VM.
 */
int __pkvm_teardown_vm(unsigned int handle)
{
	struct pkvm_hyp_vm *vm;
	unsigned long idx;
	int ret = remove_vm(handle, &vm);

	if (ret)
		return ret;

	for (idx = 0; idx < vm->nr_vcpus; idx++)
		hyp_free(vm_vcpus(vm)[idx]);
	return_pgd(vm);
	hyp_free(vm);

	return 0;
}

/**
 * get_pkvm_hyp_vm() - Use a VM: it stays until put_pkvm_hyp_vm().
 * @handle: of the VM
 *
 * More than U16_MAX users are fatal.
 *
 * Return: the VM, or NULL if there is none.
 */
struct pkvm_hyp_vm *get_pkvm_hyp_vm(unsigned int handle)
{
	struct pkvm_hyp_vm *vm;

	guard(hyp_spinlock)(&vm_table_lock);

	vm = find_vm(handle);
	if (vm) {
		BUG_ON(vm->refcount == U16_MAX);
		vm->refcount++;
	}

	return vm;
}

/**
 * put_pkvm_hyp_vm() - Use a VM no longer.
 * @handle: of the VM
 *
 * Fatal if nobody used it.
 *
 * Return: 0, or -ENOENT if there is no such VM.
 */
int put_pkvm_hyp_vm(unsigned int handle)
{
	struct pkvm_hyp_vm *vm;

	guard(hyp_spinlock)(&vm_table_lock);

	vm = find_vm(handle);
	if (!vm)
		return -ENOENT;

	BUG_ON(!vm->refcount);
	vm->refcount--;

	return 0;
}

/**
 * pkvm_donate_guest() - A page of the host's becomes a guest's.
 * @handle: of the guest's VM
 * @pfn: of the page
 *
 * Return: 0; -ENOENT: no such VM; or the error of the donation.
 */
int pkvm_donate_guest(unsigned int handle, u64 pfn)
{
	guard(hyp_spinlock)(&vm_table_lock);

	return find_vm(handle) ? __pkvm_host_donate_guest(pfn, handle)
			       : -ENOENT;
}

/**
 * pkvm_reclaim_guest() - The page of a guest that is gone is the host's again.
 * @pfn: of the page
 *
 * Nothing of what the guest wrote is left in it. A VM that has got the same
 * handle since counts as the guest's own.
 *
 * Return: 0; -EINVAL, -EPERM: it is no guest's; -EBUSY: the guest's VM lives.
 */
int pkvm_reclaim_guest(u64 pfn)
{
	void *page = hyp_pfn_to_virt(pfn);
	long handle;

	guard(hyp_spinlock)(&vm_table_lock);

	handle = guest_of_page(pfn);
	if (handle < 0)
		return handle;
	if (find_vm(handle))
		return -EBUSY;

	WARN_ON(__pkvm_guest_donate_hyp(pfn));
	memset(page, 0, PAGE_SIZE);
	kvm_flush_dcache_to_poc(page, PAGE_SIZE);
	WARN_ON(__pkvm_hyp_donate_host(pfn, 1));

	return 0;
}
