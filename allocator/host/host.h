/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_HOST_H
#define HYPHEAP_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "../heap.h"

/*
 * The host: it has the pages, donates them, asks for them back, makes and ends
 * VMs, and keeps its own books of it all. What it does with the hypervisor goes
 * through heap.h; each function returns false if the hypervisor did not return
 * from that. It may also be hostile: host_hvc().
 */

#define HOST_SHRINK_STOP UINT64_MAX
#define HOST_SHRINK_EMPTY (UINT64_MAX - 1)

/**
 * struct host_finding - What the host sees that should not be.
 * @what: NULL if there is nothing
 * @page: pool page
 * @warning: the host's code warned, for the reason @what, in @function: right
 *	     if it was refused what it may take for granted
 */
struct host_finding {
	const char *what;
	uint32_t page;
	bool warning;
	const char *function;
};

/*
 * host_boot() - All @pool pages are the host's; after heap_reset(). It may
 * still run the allocator's self test; its shrinker does not work yet.
 */
void host_boot(uint32_t pool);

/* host_reset() - host_boot(), and the host gives up its privileges. */
void host_reset(uint32_t pool);

/* host_begin() - Start of an operation: forget what the one before warned of. */
void host_begin(void);

/* host_free() - Pages the host has to give, by its own books. */
uint32_t host_free(void);

/*
 * host_uses() - Is this a page of the host's that its kernel uses? It would
 * fall over it if somebody gave that page away or wrote to it.
 */
bool host_uses(uint32_t page);

/*
 * host_finding() - The first finding since host_boot(); or, if there is none,
 * the first warning since host_begin().
 */
const struct host_finding *host_finding(void);

/* host_fail_page() - See heap_fail_page(). */
void host_fail_page(uint64_t n);

/**
 * host_topup() - Donate min(@pages, what there is); take back what is left over.
 * @err: what the hypervisor said, 0 or a negative errno
 */
bool host_topup(uint64_t pages, int *err);

/* host_reclaim() - Ask for @target pages; @pages: how many came. */
bool host_reclaim(uint64_t target, uint64_t *pages);

/**
 * host_shrink() - The shrinker's scan: 16 pages a hypercall, until
 * @target are freed or a call brings none.
 * @ret: how many came, HOST_SHRINK_STOP if none
 */
bool host_shrink(uint64_t target, uint64_t *ret);

/* host_count() - The shrinker's count: pages, HOST_SHRINK_EMPTY if none. */
bool host_count(uint64_t *ret);

/**
 * struct host_loop - A call through the request loop: on -ENOMEM with a request
 * the host donates what is asked for and calls again.
 * @tries: calls made, also one that was refused
 * @err: if it failed: why; else why the last try before failed, 0: no such try
 * @need: pages the last try asked for, 0 without a request
 * @stuck: all @stuck_need pages asked for were given, and the next try failed
 *	   again without mapping one page more
 * @clipped: some try asked for the most that can be asked for at once: it may
 *	     take more tries than the loop has
 *
 * If the host has fewer pages than asked for it donates none and gives up with
 * -ENOMEM.
 */
struct host_loop {
	unsigned int tries;
	int err;
	uint32_t need;
	bool stuck;
	uint32_t stuck_need;
	bool clipped;
};

/*
 * What goes through the request loop, with @tries calls at most (at least one).
 *
 * host_call_alloc(): an allocation; *got: at *offset. The others: *ret is 0 or
 * an error, of host_create_vm() a positive handle or an error; -1: a hypercall
 * was refused.
 */
bool host_call_alloc(uint64_t bytes, unsigned int tries, struct host_loop *loop,
		     bool *got, uint64_t *offset);
bool host_create_vm(uint64_t vcpus, unsigned int tries, struct host_loop *loop,
		    long *ret);
bool host_create_vcpu(uint64_t handle, uint64_t idx, unsigned int tries,
		      struct host_loop *loop, long *ret);
bool host_trace_load(uint32_t pages, unsigned int tries, struct host_loop *loop,
		     long *ret);
bool host_selftest(unsigned int tries, struct host_loop *loop, long *ret);

/* In one hypercall each, for the purpose itself; *ret and *err as above. */
bool host_destroy_vm(uint64_t handle, long *ret);
bool host_trace_unload(long *ret);
bool host_deprivilege(int *err);

/**
 * host_hvc() - A hypercall past the host's kernel, with these very registers;
 * not in the middle of another call.
 *
 * Afterwards the books settle: a free page that is no longer the host's alone
 * is lost, a lost one that is again is free.
 */
bool host_hvc(unsigned long regs[HEAP_REGS]);

/**
 * host_take_list() - Free the list that such a call gave.
 * @head: physical address of the first page
 * @nr: how many there are
 * @pages: how many there were before the list ended in what is not the host's
 */
bool host_take_list(uint64_t head, uint64_t nr, uint64_t *pages);

#endif
