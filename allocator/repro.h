/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_ALLOCATOR_REPRO_H
#define HYPHEAP_ALLOCATOR_REPRO_H

/*
 * What a C file of "hypheap repro" calls, beside heap.h and host/host.h: the
 * allocator and the host around it, in the words of the kernel.
 *
 * An address is its offset in the heap. What came of a call is in err, need,
 * ret and pages. A call that the hypervisor does not return from ends the
 * program: a failure, unless it must_panic.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "host/host.h"
#include "hvc.h"

#define NONE UINT64_MAX /* no address */
#define TRIES 16	/* of the host's request loop */

#define REPRO_VAR static __attribute__((unused))

/* Exit status: a check did not hold. */
REPRO_VAR int failed;
/* The next call must not return, but panic or fault. */
REPRO_VAR int must_panic;
/* What the last call returned; of an allocation that failed, why. */
REPRO_VAR int err;
REPRO_VAR long ret;
/* Pages that it asked for, that it gave. */
REPRO_VAR uint32_t need;
REPRO_VAR uint64_t pages;
/* errno and topup_needed once more, after they were read: nothing is left. */
REPRO_VAR int left_err;
REPRO_VAR uint32_t left_need;
/* Of the last request loop, of the last raw hypercall. */
REPRO_VAR struct host_loop loop;
REPRO_VAR unsigned long regs[HEAP_REGS];
/* Moments in the last call with in_between(). */
REPRO_VAR unsigned int unlocks, donations;
/* Programs name VMs; these are their handles. */
REPRO_VAR long vm[32];

REPRO_VAR uint32_t page_shift;

/* ---- results ------------------------------------------------------------- */

/* hyp() - Did the hypervisor return? */
static inline void hyp(bool returned)
{
	if (returned)
		return;
	if (must_panic && heap_stop()->end != HEAP_HANG) {
		puts("ok: it panics\nit does not fail");
		exit(0);
	}
	printf("FAIL: the hypervisor stopped: %s %s %s\n",
	       heap_stop()->function, heap_stop()->where, heap_stop()->what);
	exit(1);
}

static inline void expect(const char *what, int64_t is, int64_t due)
{
	printf("%s: %s is %" PRId64 ", expected %" PRId64 "\n",
	       is == due ? "ok" : "FAIL", what, is, due);
	failed |= is != due;
}

/* left() - Reading errno and topup_needed clears them. */
static inline void left(void)
{
	hyp(heap_errno(&left_err) && heap_topup_needed(&left_need));
}

/* looped() - What came of a call through the host's request loop. */
static inline void looped(const struct host_loop *of)
{
	loop = *of;
	err = ret < 0 ? (int)ret : 0;
	need = ret < 0 ? loop.need : 0;
	left();
}

/* record() - What happened since begin(). */
static inline struct heap_record record(void)
{
	struct heap_record what;

	heap_record(&what);
	return what;
}

/* warned() - Did the host's kernel warn? */
static inline int warned(void)
{
	const struct host_finding *found = host_finding();

	if (found->what)
		printf("the host: %s: %s\n", found->function, found->what);
	return found->what && found->warning;
}

/* lost() - Does the host miss a page, or find one that is not its own? */
static inline int lost(void)
{
	const struct host_finding *found = host_finding();

	if (!found->what || found->warning)
		return 0;
	printf("the host: page %" PRIu32 ": %s\n", found->page, found->what);
	return 1;
}

/* ---- the world ----------------------------------------------------------- */

/*
 * world() - The host has @nr pages of 1 << @shift bytes and @cpus CPUs; @boot:
 * and its privileges still. A VM and a vCPU have @vm_size and @vcpu_size bytes.
 */
static inline void world(uint32_t shift, uint32_t nr, uint32_t cpus, bool boot,
			 uint64_t vm_size, uint64_t vcpu_size)
{
	const struct heap_config config = {
		.page_shift = shift,
		.pool_pages = nr,
		.cpus = cpus,
	};

	page_shift = shift;
	heap_reset(&config);
	if (boot)
		host_boot(nr);
	else
		host_reset(nr);
	heap_set_sizes(vm_size, vcpu_size);
	heap_watchdog(2);
	heap_begin(UINT64_MAX);
}

/* begin() - An operation begins: what the one before did is forgotten. */
static inline void begin(void)
{
	heap_begin(UINT64_MAX);
	host_begin();
}

/* ---- the allocator ------------------------------------------------------- */

static inline void hyp_alloc_init(uint64_t bytes)
{
	hyp(heap_init(bytes, &err));
}

static inline uint64_t hyp_alloc(uint64_t size)
{
	uint64_t addr = NONE;
	bool got;

	hyp(heap_alloc(size, &got, &addr));
	err = 0;
	need = 0;
	if (!got)
		hyp(heap_errno(&err) && heap_topup_needed(&need));
	left();
	return got ? addr : NONE;
}

/* call_alloc() - The same through the host's request loop. */
static inline uint64_t call_alloc(uint64_t size)
{
	uint64_t addr = NONE;
	struct host_loop of;
	bool got;

	hyp(host_call_alloc(size, TRIES, &of, &got, &addr));
	ret = got ? 0 : of.err;
	looped(&of);
	return got ? addr : NONE;
}

static inline void hyp_free(uint64_t addr)
{
	hyp(heap_free(addr));
}

static inline uint64_t hyp_alloc_reclaimable(void)
{
	uint64_t nr;

	hyp(heap_reclaimable(&nr));
	return nr;
}

/* fill() - The client writes its object. */
static inline void fill(uint64_t addr, uint64_t size, int byte)
{
	void *bytes = memset(malloc(size), byte, size);

	heap_fill(addr, bytes, size);
	free(bytes);
}

/* changed() - The first byte that is not what was written; -1: none. */
static inline int64_t changed(uint64_t addr, uint64_t size, int byte)
{
	void *bytes = memset(malloc(size), byte, size);
	uint8_t is;
	uint64_t at = heap_differ(addr, bytes, size, &is);

	free(bytes);
	return at < size ? (int64_t)at : -1;
}

/* The words of a chunk's header, which lies right before its data. */
enum header_word { NEXT, PREV, UNMAPPED, HASH };

/* flip() - Bits of a header at @header change behind the allocator's back. */
static inline void flip(uint64_t header, enum header_word word, uint32_t bits)
{
	uint32_t words[4];

	heap_read(header, words, sizeof(words));
	words[word] ^= bits;
	heap_fill(header, words, sizeof(words));
	heap_damaged(true);
}

/* ---- the host's kernel --------------------------------------------------- */

static inline void topup(uint64_t nr)
{
	hyp(host_topup(nr, &err));
}

static inline void reclaim(uint64_t target)
{
	hyp(host_reclaim(target, &pages));
}

static inline void shrink(uint64_t target)
{
	hyp(host_shrink(target, &pages));
}

static inline void shrink_count(void)
{
	hyp(host_count(&pages));
}

static inline void deprivilege(void)
{
	hyp(host_deprivilege(&err));
}

static inline void selftest(void)
{
	struct host_loop of;

	hyp(host_selftest(TRIES, &of, &ret));
	looped(&of);
}

/* create_vm() - *@handle stays what it is if there is none. */
static inline void create_vm(long *handle, uint64_t vcpus)
{
	struct host_loop of;

	hyp(host_create_vm(vcpus, TRIES, &of, &ret));
	looped(&of);
	if (ret > 0)
		*handle = ret;
}

static inline void create_vcpu(long handle, uint64_t idx)
{
	struct host_loop of;

	hyp(host_create_vcpu((uint64_t)handle, idx, TRIES, &of, &ret));
	looped(&of);
}

static inline void destroy_vm(long handle)
{
	hyp(host_destroy_vm((uint64_t)handle, &ret));
}

static inline void trace_load(uint32_t nr)
{
	struct host_loop of;

	hyp(host_trace_load(nr, TRIES, &of, &ret));
	looped(&of);
}

static inline void trace_unload(void)
{
	hyp(host_trace_unload(&ret));
}

/* ---- a hostile host ------------------------------------------------------ */

/* Page @page of the pool: physical address, the host's, EL2's; frame number. */
static inline uint64_t phys_of(uint64_t page)
{
	return heap_page_phys(0) + (page << page_shift);
}

static inline uint64_t host_of(uint64_t page)
{
	return heap_page_host(0) + (page << page_shift);
}

static inline uint64_t el2_of(uint64_t page)
{
	return heap_page_el2(0) + (page << page_shift);
}

static inline uint64_t frame_of(uint64_t page)
{
	return phys_of(page) >> page_shift;
}

/* poke() - The host writes 8 bytes to a page of its own. */
static inline void poke(uint32_t page, uint32_t offset, uint64_t value)
{
	if (!host_uses(page))
		heap_poke(page, offset, value);
}

/* hvc() - A hypercall, past the host's kernel; x4 to x17 are junk. */
static inline void hvc(unsigned int number, uint64_t x1, uint64_t x2,
		       uint64_t x3)
{
	regs[0] = HVC_BASE + number;
	regs[1] = x1;
	regs[2] = x2;
	regs[3] = x3;
	for (unsigned int i = 4; i < HEAP_REGS; i++)
		regs[i] = 0x0101010101010101ul * i;
	hyp(host_hvc(regs));
	ret = (long)regs[1];
	if (number == HVC_RECLAIM && regs[0] == SMCCC_RET_SUCCESS)
		hyp(host_take_list(regs[2], regs[3], &pages));
	left();
}

/* requested() - Pages that the request in x2 and x3 asks for. */
static inline uint32_t requested(void)
{
	const uint8_t type = (uint8_t)regs[2];

	if (type == HYP_REQ_NONE)
		return 0;
	return type > HYP_REQ_SELFTEST ? UINT32_MAX : (uint32_t)(regs[2] >> 8);
}

/* ---- other CPUs ---------------------------------------------------------- */

/*
 * struct moments - In the middle of a call: what the n-th release of a lock by
 * the hypervisor and the n-th donation by the host meet.
 */
struct moments {
	void (*unlock)(unsigned int nth);
	void (*donate)(unsigned int nth);
};

static inline void repro_unlock(void *data)
{
	const struct moments *of = data;

	unlocks++;
	if (of->unlock)
		of->unlock(unlocks);
}

static inline void repro_donate(void *data)
{
	const struct moments *of = data;

	donations++;
	if (of->donate)
		of->donate(donations);
}

/* in_between() - From now on; both NULL: no more. */
static inline void in_between(void (*unlock)(unsigned int nth),
			      void (*donate)(unsigned int nth))
{
	static struct moments of;
	const struct heap_hooks hooks = {
		.unlock = repro_unlock,
		.donate = repro_donate,
		.data = &of,
	};

	of = (struct moments){.unlock = unlock, .donate = donate};
	if (!unlock && !donate) {
		heap_set_hooks(NULL);
		return;
	}
	unlocks = 0;
	donations = 0;
	heap_set_hooks(&hooks);
}

#endif
