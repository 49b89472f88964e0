/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_BACKEND_H
#define HYPHEAP_BACKEND_H

/*
 * The fake EL2 memory, as the kernel environment (kernel/) and the seam
 * (heap.c) see it. Basic types only: this header is read by kernel code and by
 * plain C.
 *
 * Four kinds of address:
 *   physical   BACKEND_PHYS_BASE + page number * page size
 *   linear     where the hypervisor sees every page it owns and has not mapped
 *   private    ranges handed out by backend_reserve(), where the heap lies
 *   host       where the host sees all memory, and may touch what it owns
 *
 * The bytes of a page are in one place at a time: in the private range while it
 * is mapped, else in the linear map. Each access of the target is checked
 * (access.c); the rest is ASan-poisoned where ASan is on.
 */

#define BACKEND_PHYS_BASE 0x4000000000ul
#define BACKEND_PHYS_NONE (1ul << 56)	  /* beyond what any machine has */
#define BACKEND_LINEAR_MAX (256ul << 20)  /* bytes of host pages */
#define BACKEND_PRIVATE_MAX (160ul << 20) /* bytes of private ranges */
#define BACKEND_CPUS_MAX 4u
#define BACKEND_REGS 18u /* x0..x17 travel with a hypercall */

/* ---- what the hypervisor calls ------------------------------------------ */

/* backend_panic() - The hypervisor dies here; ends the call into the target. */
__attribute__((noreturn)) void backend_panic(const char *function,
					     const char *file, int line,
					     const char *what);

/* backend_count_call() - One more kernel-interface call; too many is a hang. */
void backend_count_call(void);

unsigned int backend_cpu(void);
unsigned int backend_cpus(void);

/*
 * backend_lock(), backend_unlock() - A lock that knows its holder.
 * @holder: 0 = free, else CPU + 1
 *
 * Taking what the same CPU holds would spin for ever: a hang. Taking what
 * another holds, or dropping what this CPU does not hold, is a panic.
 */
void backend_lock(unsigned int *holder, const char *function);
void backend_unlock(unsigned int *holder, const char *function);

unsigned long backend_phys_to_virt(unsigned long phys);
unsigned long backend_virt_to_phys(unsigned long virt);

/*
 * backend_cache_push(), backend_cache_pop() - Write or read the link of a page
 * that enters or leaves the memcache @mc.
 * @page: its linear address
 */
void backend_cache_push(const void *mc, void *page, unsigned long link);
unsigned long backend_cache_pop(const void *mc, void *page);

/*
 * backend_donate_hyp(), backend_donate_host() - Change the owner.
 *
 * Return: 0; -EINVAL: the range overflows; -EPERM: not memory, or not in the
 * state that section 10 of the specification wants; -EBUSY: still mapped;
 * -ENOMEM: the program armed a fault. On an error nothing has changed.
 */
int backend_donate_hyp(unsigned long pfn, unsigned long nr);
int backend_donate_host(unsigned long pfn, unsigned long nr);

/*
 * backend_donate_guest() - A page of the host's becomes guest @handle's.
 * backend_take_guest() - The guest's page becomes EL2's, as the guest left it.
 * backend_guest() - Whose page is it?
 *
 * Return: as backend_donate_hyp(), which fails like the first; -EPERM: it is no
 * guest's. backend_guest(): the handle, which is positive.
 */
int backend_donate_guest(unsigned long pfn, unsigned int handle);
int backend_take_guest(unsigned long pfn);
long backend_guest(unsigned long pfn);

/* backend_clean() - Data cache clean of a range to the point of coherency. */
void backend_clean(void *addr, unsigned long size);

/* backend_reserve() - A private range. Return: 0, -EINVAL for 0, -ENOMEM. */
int backend_reserve(unsigned long size, unsigned long *va);

/**
 * backend_map_range() - Map @size bytes at @phys to @va.
 *
 * The bytes move as they are; mapping does not zero. From here on they are
 * accessible at @va only.
 *
 * Return: 0; -EINVAL: unaligned, or outside the private ranges; -ENOMEM: the
 * program armed a fault. On an error nothing has changed. To map what is not
 * the hypervisor's or what is mapped already is a panic.
 */
int backend_map_range(unsigned long va, unsigned long phys, unsigned long size);

/* backend_lookup() - Physical address behind @va; a panic if there is none. */
unsigned long backend_lookup(unsigned long va);

/* backend_unmap_range() - A panic if @from > @to or a page is not mapped. */
void backend_unmap_range(unsigned long from, unsigned long to);

/*
 * backend_share_hyp(), backend_unshare_hyp() - Let EL2 at a page that stays the
 * host's, or no longer.
 *
 * Return: as backend_donate_hyp().
 */
int backend_share_hyp(unsigned long pfn);
int backend_unshare_hyp(unsigned long pfn);

/* backend_shared() - Does the host share all pages of [@phys, +@size)? */
int backend_shared(unsigned long phys, unsigned long size);

/* backend_host_window() - Host address of BACKEND_PHYS_BASE. */
unsigned long backend_host_window(void);

/* ---- what the host calls ------------------------------------------------ */

/*
 * backend_hvc() - The exception to EL2: x0..x17 go there and come back.
 *
 * Until it returns, code runs on behalf of the hypervisor. The host alone may
 * call this. If the program armed a fault EL2 is not entered: the call is
 * refused, and no register but x0 means anything.
 */
void backend_hvc(unsigned long regs[BACKEND_REGS]);

/* backend_raw_hvc() - The same, but not by the host's kernel: never refused. */
void backend_raw_hvc(unsigned long regs[BACKEND_REGS]);

/*
 * backend_host_alloc(), backend_host_free() - A page out of the host's books,
 * full of junk, and back into them.
 *
 * Return: its physical address, or 0 if there is none.
 */
unsigned long backend_host_alloc(void);
void backend_host_free(unsigned long phys);

/*
 * backend_host_keep() - The host's kernel has this page for longer than the
 * call that took it. One that it has without this, and that is the host's, is a
 * leak.
 */
void backend_host_keep(unsigned long phys);

/*
 * backend_host_finds() - Is @phys a page of the host's own? If not its books
 * hold that against the hypervisor.
 */
int backend_host_finds(unsigned long phys);

/*
 * backend_host_retry() - The harness's say in a request loop that would never
 * end: may the host give @pages and call again? Called after each try, with
 * what it returned; @pages is 0 if it came without a request.
 */
int backend_host_retry(long ret, unsigned int pages);

/* backend_host_warn() - The host's WARN_ON(): it goes on. */
void backend_host_warn(const char *function, const char *what);

#endif
