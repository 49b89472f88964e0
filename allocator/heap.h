/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_HEAP_H
#define HYPHEAP_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "traits.h"

/*
 * The seam: everything above calls the allocator under test through here and
 * sees no kernel header. Addresses are offsets from the heap start; an address
 * outside the heap is an offset that wraps, so that it can be shown.
 *
 * Each call returns true if the target returned, false if it panicked, faulted
 * or hung; then heap_stop() says how, and only heap_reset() may follow.
 */

struct header;

#define HEAP_BYTES_MAX (128ul << 20)

struct heap_config {
	uint32_t page_shift; /* 12, 14 or 16 */
	uint32_t pool_pages; /* the host's */
	uint32_t cpus;	     /* 1..4 */
};

enum heap_end { HEAP_RUNNING, HEAP_PANIC, HEAP_FAULT, HEAP_HANG };

/**
 * struct heap_stop - How a call ended that did not return.
 * @function: panic: where; else "" or what is known
 * @where: "file:line" or ""
 * @what: the condition, the access, the signal
 */
struct heap_stop {
	enum heap_end end;
	const char *function;
	const char *where;
	const char *what;
};

/* Pages by place. */
struct heap_pages {
	uint32_t host;	 /* also those it shares */
	uint32_t spare;	 /* in a heap's cache */
	uint32_t mapped; /* in a heap */
	uint32_t guest;
	uint32_t hyp; /* the hypervisor's, in none of the others */
};

/**
 * struct heap_record - What the operation did, since heap_begin().
 * @calls, @calls_bound: kernel-interface calls
 * @hvcs: hypercalls
 * @locks: held now, by this CPU
 * @unlocked: how many ranges were touched by a CPU that held no lock; see
 *	heap_unlocked()
 * @unlocked_cache: the page cache was
 * @written: how many ranges of the heap were written; see heap_written()
 * @unmapped: pages in [@unmapped_lo, @unmapped_hi) were unmapped, in bytes
 * @unwiped...: the first page that reached the host with a byte in it
 *	(@unwiped_at UINT64_MAX: not cleaned to the point of coherency)
 *
 * Of calls nested in it, see heap_set_hooks(), all but @calls and @hvcs.
 */
struct heap_record {
	uint64_t calls, calls_bound;
	uint32_t hvcs;
	uint32_t locks;
	uint32_t unlocked;
	bool unlocked_cache;
	uint32_t written;
	bool unmapped;
	uint64_t unmapped_lo, unmapped_hi;
	bool unwiped;
	uint8_t unwiped_byte;
	uint32_t unwiped_page;
	uint64_t unwiped_at;
};

/*
 * heap_use_mmu() - From the first heap_reset() on pages are pages of this
 * machine, and what EL2 may not touch faults. Without this they are copied, and
 * what it may not touch is refused by a check of ours.
 *
 * Return: 0, or a negative errno with one line in @why: this machine cannot.
 */
int heap_use_mmu(char *why, size_t size);

/* heap_reset() - A fresh target in a fresh world; no heap is set up yet. */
void heap_reset(const struct heap_config *config);

/**
 * heap_begin() - Start of an operation: forget what the one before did.
 * @bound: kernel-interface calls that each call may make
 */
void heap_begin(uint64_t bound);
void heap_record(struct heap_record *record);
/* heap_written() - The i-th written range; i < record.written. */
void heap_written(uint32_t i, uint64_t *lo, uint64_t *hi);
/*
 * heap_sees_stores() - Are those all, whatever the target's code is like? gcc
 * checks what is loaded and then stored to only once, as a load.
 */
bool heap_sees_stores(void);
/*
 * heap_unlocked() - The i-th range touched without a lock; i < record.unlocked.
 *
 * Adjacent ones are joined; too many become one, from the first to the last. Of
 * one outside the heap nothing is left: *lo == *hi.
 */
void heap_unlocked(uint32_t i, uint64_t *lo, uint64_t *hi);
const struct heap_stop *heap_stop(void);

void heap_set_cpu(uint32_t cpu);

/*
 * The @n-th from now fails, once; 0: none, and so after heap_reset().
 * heap_fail_map(): a mapping in a heap. heap_fail_donate(): a donation by the
 * host that nothing else is wrong with, however many pages; -ENOMEM.
 * heap_fail_page(): a page that the host's kernel wants of its own is not
 * there. heap_fail_hvc(): a hypercall of the host's kernel (not heap_hvc()) is
 * refused: EL2 never sees it, x0 is SMCCC_RET_NOT_SUPPORTED and the other
 * registers are junk. heap_fault_armed(): is any of them still to come?
 */
void heap_fail_map(uint64_t n);
void heap_fail_donate(uint64_t n);
void heap_fail_page(uint64_t n);
void heap_fail_hvc(uint64_t n);
bool heap_fault_armed(void);
void heap_refuse_reserve(bool refuse);

/**
 * struct heap_hooks - What else happens in the middle of a call.
 * @unlock: after each release of a hypervisor's lock by the call that goes on:
 *	    as if another CPU ran now. May heap_set_cpu(), which is put back
 *	    afterwards, and make calls of heap.h and host.h (none that sets up
 *	    a world, a heap or the host): those are nested in this one, and have
 *	    no hooks. heap_begin() starts a record for
 *	    them; afterwards this call's own goes on. If a nested call does not
 *	    return then neither does this one, for the same heap_stop().
 * @donate: a donation by the host begins: the last moment for it to write to
 *	    the page. May heap_poke().
 * @data: what they are called with
 *
 * Either may be NULL.
 */
struct heap_hooks {
	void (*unlock)(void *data);
	void (*donate)(void *data);
	void *data;
};

/* heap_set_hooks() - From now on, until heap_reset(); not from a hook. */
void heap_set_hooks(const struct heap_hooks *hooks); /* NULL: none */

bool heap_init(uint64_t bytes, int *err);
/* heap_alloc() - *got: it returned memory, at *offset. */
bool heap_alloc(uint64_t bytes, bool *got, uint64_t *offset);
/* heap_free() - Frees heap start + @offset; heap_free_null() frees NULL. */
bool heap_free(uint64_t offset);
bool heap_free_null(void);
bool heap_errno(int *err);
bool heap_topup_needed(uint32_t *pages);
bool heap_reclaimable(uint64_t *pages);

/* ---- as the host --------------------------------------------------------- */

/**
 * struct heap_host - The host's books: what its kernel code calls.
 * @alloc: a pool page to use; false if there is none
 * @free: that page is not used any longer
 * @finds: a page on a list that the hypervisor gave; -1 if it is not memory.
 *	   false: it is not the host's, and the rest of the list is lost
 * @keep: the host's kernel needs that page for longer than this call
 * @retry: a try through the request loop returned @ret, and @pages were asked
 *	   for (0: none); may the host give them and try again?
 * @warn: the host's code complains
 */
struct heap_host {
	bool (*alloc)(uint32_t *page);
	void (*free)(uint32_t page);
	bool (*finds)(int64_t page);
	void (*keep)(uint32_t page);
	bool (*retry)(long ret, uint32_t pages);
	void (*warn)(const char *function, const char *what);
};

void heap_set_host(const struct heap_host *host);

#define HEAP_REGS 18u /* x0..x17 */

/*
 * heap_hvc() - A hypercall with these very registers, which come back as EL2
 * left them. heap_call(): through the request loop; x0 is an enum hvc, *ret
 * what the loop returned.
 */
bool heap_hvc(unsigned long regs[HEAP_REGS]);
bool heap_call(unsigned long regs[HEAP_REGS], long *ret);

/* The host's functions; id: HYP_REQ_ALLOC or HYP_REQ_SELFTEST (hvc.h). */
bool heap_host_deprivilege(int *err);
bool heap_host_topup(uint64_t id, uint64_t pages, int *err);
bool heap_host_reclaim(uint64_t id, uint64_t target, uint64_t *pages);
bool heap_host_count(uint64_t *ret);
bool heap_host_scan(uint64_t target, uint64_t *ret, uint64_t *scanned);

/*
 * The clients of the heap. *ret: what the host's function returned; of
 * heap_host_create_vm() a handle if positive.
 */
bool heap_host_selftest(long *ret);
bool heap_host_create_vm(uint64_t nr_vcpus, long *ret);
bool heap_host_create_vcpu(uint64_t handle, uint64_t idx, long *ret);
bool heap_host_destroy_vm(uint64_t handle, long *ret);
bool heap_host_tracing_load(uint32_t nr_pages, long *ret);
bool heap_host_tracing_unload(long *ret);
/* heap_set_sizes() - Bytes of a VM and of a vCPU; before the first. */
bool heap_set_sizes(uint64_t vm, uint64_t vcpu);

/* heap_host_alloc() - heap_alloc() by way of heap_call(). */
bool heap_host_alloc(uint64_t bytes, int *err, bool *got, uint64_t *offset);

uint64_t heap_bytes(void); /* size, 0 before a successful init */
void heap_pages(struct heap_pages *pages);
bool heap_mapped(uint64_t page); /* page number in the heap */
/* heap_map() - Bit n of word m: heap page 64 m + n is mapped. */
const uint64_t *heap_map(void);
/* heap_map_top() - No heap page from here up was mapped since the reset. */
uint64_t heap_map_top(void);
int64_t heap_page_at(uint64_t page); /* pool page behind it, or -1 */

/**
 * heap_walk() - Read the chunk headers as they stand in memory.
 * @out: room for @max headers
 * @broken: NULL, or why the walk ended early
 * @broken_at: offset of the header at fault
 *
 * Follows the next distances from the heap start. Checks what must hold for the
 * walk to make sense: the header lies on a mapped page, inside the heap, after
 * the one before. It does not judge the hash. Nothing is mapped at the start:
 * there is no chunk.
 *
 * Return: headers read.
 */
uint32_t heap_walk(struct header *out, uint32_t max, const char **broken,
		   uint64_t *broken_at);

/* heap_header() - The 16 bytes at @offset; false: not on a mapped page. */
bool heap_header(uint64_t offset, struct header *out);

/*
 * Bytes of the heap from outside. The range must lie in the heap; unmapped
 * pages are skipped (read as zero or as equal, not written).
 */
void heap_fill(uint64_t offset, const void *bytes, uint64_t size);
void heap_read(uint64_t offset, void *bytes, uint64_t size);
uint64_t heap_nonzero(uint64_t offset, uint64_t size, uint8_t *byte);
uint64_t heap_differ(uint64_t offset, const void *bytes, uint64_t size,
		     uint8_t *actual);

/*
 * heap_damaged() - Bytes that the allocator relies on were changed, or no
 * longer are. While they are, a report of UBSan in the target is not a fault of
 * its own: it is told once a place and process, and no run may depend on the
 * one before.
 */
void heap_damaged(bool damaged);

/* ---- pages of memory ----------------------------------------------------- */

enum heap_owner {
	HEAP_NOT_MEMORY,
	HEAP_HOST,   /* the host's alone */
	HEAP_SHARED, /* the host's, and EL2 may use it */
	HEAP_HYP,
	HEAP_GUEST
};

/* heap_owner() - Whose the page at @phys is, any number. */
enum heap_owner heap_owner(uint64_t phys);

/*
 * heap_poke(), heap_peek() - The host writes or reads 8 bytes of page @page,
 * @offset (a multiple of 8) bytes from its start; what lies behind its end is
 * in a page that follows. What neither host nor EL2 has written since
 * heap_reset() is junk, the same in each run.
 *
 * Return: false if that is no page of the host's, and then nothing has changed.
 */
bool heap_poke(uint32_t page, uint32_t offset, uint64_t value);
bool heap_peek(uint32_t page, uint32_t offset, uint64_t *value);

/* The host's dealings with its page @page; see backend/memory.h. */
void heap_host_junk(uint32_t page);
void heap_host_write(uint32_t page, uint64_t value);
uint64_t heap_host_read(uint32_t page);
bool heap_host_owns(uint32_t page); /* shares it, perhaps */

/* heap_page_phys() - Its address; the host's; EL2's, if it is EL2's unmapped. */
uint64_t heap_page_phys(uint32_t page);
uint64_t heap_page_host(uint32_t page);
uint64_t heap_page_el2(uint32_t page);
/*
 * heap_phys_behind() - The physical address behind one that the host hands to
 * EL2: its own, or EL2's linear one. Behind any other is no memory.
 */
uint64_t heap_phys_behind(uint64_t address);
/*
 * heap_portable() - A word that may be an address of this process, in which
 * case it is another in the next one: those are told by their place instead.
 */
uint64_t heap_portable(uint64_t word);
/* heap_phys_page() - The page at @phys, or -1. */
int64_t heap_phys_page(uint64_t phys);

/*
 * heap_catch_signals() - SIGSEGV and its like are faults of the target while it
 * runs, and what they were before while it does not. The first heap_reset()
 * does it; again is for who takes the signals over in between.
 */
void heap_catch_signals(void);

/*
 * heap_watchdog() - Besides the bound on interface calls: a call that takes
 * @seconds to twice that of CPU time is a hang. 0: none. Uses SIGPROF.
 */
void heap_watchdog(unsigned int seconds);

/*
 * heap_bare() - From the next heap_reset() on, of pages of 4096 bytes, the
 * target as the compiler makes it without a check of any access: to measure
 * what the checks cost. heap_record() knows nothing then. Link hypheap_bare.
 */
void heap_bare(bool bare);

/* heap_traits() - Of the allocator that is linked in. */
const struct heap_traits *heap_traits(void);

/* heap_page_sizes() - Bit n: a target with pages of 1 << n bytes is linked in. */
uint32_t heap_page_sizes(void);

#endif
