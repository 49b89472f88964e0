/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_HEAP_H
#define HYPHEAP_HEAP_H

#include <stdbool.h>
#include <stdint.h>

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
	uint32_t host;
	uint32_t spare;
	uint32_t mapped;
	uint32_t transit; /* the hypervisor's, in neither place */
};

/**
 * struct heap_record - What the operation did, since heap_begin().
 * @calls, @calls_bound: kernel-interface calls
 * @locks: held now
 * @unlocked: the heap was touched without a lock, at [@unlocked_lo,
 *@unlocked_hi)
 * @unlocked_cache: the page cache was
 * @written: how many ranges of the heap were written; see heap_written()
 * @unmapped: pages in [@unmapped_lo, @unmapped_hi) were unmapped, in bytes
 * @unwiped...: the first page that reached the host with a byte in it
 *	(@unwiped_at UINT64_MAX: not cleaned to the point of coherency)
 */
struct heap_record {
	uint64_t calls, calls_bound;
	uint32_t locks;
	bool unlocked, unlocked_cache;
	uint64_t unlocked_lo, unlocked_hi;
	uint32_t written;
	bool unmapped;
	uint64_t unmapped_lo, unmapped_hi;
	bool unwiped;
	uint8_t unwiped_byte;
	uint32_t unwiped_page;
	uint64_t unwiped_at;
};

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
const struct heap_stop *heap_stop(void);

void heap_set_cpu(uint32_t cpu);
void heap_fail_map(uint64_t n);
bool heap_fault_armed(void);
void heap_refuse_reserve(bool refuse);

bool heap_init(uint64_t bytes, int *err);
/* heap_alloc() - *got: it returned memory, at *offset. */
bool heap_alloc(uint64_t bytes, bool *got, uint64_t *offset);
/* heap_free() - Frees heap start + @offset; heap_free_null() frees NULL. */
bool heap_free(uint64_t offset);
bool heap_free_null(void);
bool heap_errno(int *err);
bool heap_topup_needed(uint32_t *pages);
bool heap_reclaimable(uint64_t *pages);

/* A list of pages: the physical address of the first, and how many. */
struct heap_list {
	uint64_t head;
	uint64_t nr;
};
bool heap_topup(struct heap_list *list, int *err);
bool heap_reclaim(struct heap_list *list, uint64_t target);

/* heap_selftest() - The target's own; *err -EOPNOTSUPP if it has none. */
bool heap_selftest(int *err);
bool heap_selftest_topup(struct heap_list *list, int *err);
bool heap_selftest_needed(uint32_t *pages);

/* ---- as the host --------------------------------------------------------- */

/**
 * struct heap_host - The host's books: what its kernel code calls.
 * @alloc: a pool page to use; false if there is none
 * @free: that page is not used any longer
 * @finds: a page on a list that the hypervisor gave; -1 if it is not memory.
 *	   false: it is not the host's, and the rest of the list is lost
 * @retry: a call through the request loop failed with @err, and @pages were
 *	   asked for (0: none); may the host give them and try again?
 * @warn: the host's code complains
 */
struct heap_host {
	bool (*alloc)(uint32_t *page);
	void (*free)(uint32_t page);
	bool (*finds)(int64_t page);
	bool (*retry)(int err, uint32_t pages);
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

/* The host's dealings with a pool page; see backend/memory.h. */
void heap_host_junk(uint32_t page);
void heap_host_write(uint32_t page, uint64_t value);
uint64_t heap_host_read(uint32_t page);
bool heap_host_owns(uint32_t page);
uint64_t heap_page_phys(uint32_t page);
int64_t heap_phys_page(uint64_t phys);

/*
 * heap_catch_signals() - SIGSEGV and its like are faults of the target while it
 * runs, and what they were before while it does not. The first heap_reset()
 * does it; again is for who takes the signals over in between.
 */
void heap_catch_signals(void);

/*
 * heap_watchdog() - Besides the bound on interface calls: a call that is still
 * running after @seconds to twice that is a hang. 0: none. Uses SIGALRM.
 */
void heap_watchdog(unsigned int seconds);

/* heap_page_sizes() - Bit n: a target with pages of 1 << n bytes is linked in. */
uint32_t heap_page_sizes(void);

#endif
