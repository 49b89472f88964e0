/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_BACKEND_MEMORY_H
#define HYPHEAP_BACKEND_MEMORY_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend.h"

/*
 * The fake EL2 memory as the harness sees it: the world is set up and torn
 * down here, pages are looked at from outside, and each call into the target
 * leaves a record of what it did.
 */

/* What a pool page is; a page may be in more than one state only by a bug. */
enum {
	PAGE_HOST = 1,	  /* owned by the host, else by the hypervisor */
	PAGE_MAPPED = 2,  /* in a private range */
	PAGE_CACHED = 4,  /* in a memcache */
	PAGE_TOUCHED = 8, /* to be reset */
	PAGE_CLEAN = 16,  /* cleaned to the PoC since it left the heap */
	PAGE_SHARED = 32, /* the host's, and EL2 may use it, too */
	PAGE_AS_WAS = 64, /* EL2 wrote nothing to it since it was donated */
	PAGE_GUEST = 128, /* owned by a guest */
};

/*
 * A page is of 64 blocks. Bit n of @present: the bytes of block n are in
 * memory. Else they are all the same: 0 if bit n of @zero is set, and junk if
 * not, as in a page that nobody has touched. See content.c.
 */
struct backend_page {
	uint64_t present, zero;
	uint32_t va_page; /* MAPPED: page number in the private window */
	uint32_t guest;	  /* GUEST: handle of its VM */
	uint16_t flags;
};

enum backend_end {
	BACKEND_RUNNING,
	BACKEND_PANIC,
	BACKEND_FAULT,
	BACKEND_HANG,
};

/**
 * struct backend_stop - Why a call into the target did not return.
 * @function: panic: where; else what is known
 * @file, @line: panic: where; file is NULL if not known
 * @pc: fault, hang: address of the code, 0 if not known
 * @what: in words
 */
struct backend_stop {
	enum backend_end end;
	const char *function;
	const char *file;
	int line;
	uintptr_t pc;
	char what[128];
};

#define BACKEND_STORES 48u
#define BACKEND_UNLOCKED 16u

/* A range of the private window, in bytes. */
struct backend_span {
	uint64_t lo, hi;
};

/**
 * struct backend_record - What one operation did, since backend_begin().
 * @calls: kernel-interface calls
 * @store: ranges of the private window that were written, in bytes; close
 *	   ones are joined
 * @stores: how many; above BACKEND_STORES: too many, anything may be written
 * @unmap_lo, @unmap_hi: private pages that were unmapped lie between, in pages
 * @unlocked, @unlocked_nr: private bytes that a CPU accessed while it held no
 *	   lock; adjacent ones are joined, and when there are too many it is
 *one, from the first to the last
 * @unlocked_cache: a memcache of the hypervisor was, too
 * @unwiped, @unwiped_page, @unwiped_at, @unwiped_byte: the first page that
 *	   was given to the host with a byte left in it (at UINT64_MAX: not
 *	   cleaned)
 * @sanitizer: a sanitizer reported something
 * @hvcs: hypercalls
 */
struct backend_record {
	uint64_t calls;
	uint32_t stores;
	uint32_t unlocked_nr;
	uint64_t unmap_lo, unmap_hi;
	struct backend_span store[BACKEND_STORES];
	struct backend_span unlocked[BACKEND_UNLOCKED];
	bool unlocked_cache;
	bool unwiped;
	uint8_t unwiped_byte;
	uint32_t unwiped_page;
	uint64_t unwiped_at;
	bool sanitizer;
	uint32_t hvcs;
};

/**
 * struct backend_host - The host's books, which are not the backend's.
 * @alloc: a pool page for the host to use; false: there is none
 * @free: it needs that page no longer
 * @finds: is this a page of the host's own, to be found on a list? Pool page,
 *	   or -1: not memory
 * @keep: see backend_host_keep()
 * @retry: see backend_host_retry()
 * @warn: the host's code complains
 */
struct backend_host {
	bool (*alloc)(uint32_t *page);
	void (*free)(uint32_t page);
	bool (*finds)(int64_t page);
	void (*keep)(uint32_t page);
	bool (*retry)(long ret, uint32_t pages);
	void (*warn)(const char *function, const char *what);
};

/**
 * struct backend_hooks - What else happens while a call goes on; each may be
 * NULL.
 * @unlock: a lock was released
 * @donate: a donation by the host begins
 */
struct backend_hooks {
	void (*unlock)(void *data);
	void (*donate)(void *data);
	void *data;
};

struct backend_range {
	uint64_t start, size; /* offsets in the private window, bytes */
};

#define BACKEND_RANGES 8u

struct backend {
	/* what each access needs comes first: it is in one cache line */
	uintptr_t window; /* address of the private window, */
	/* and of it what needs no more than backend_ready[]: all for an EL2
	 * that holds a lock, else nothing */
	uint64_t plain_end;
	int64_t accesses_left; /* loads and stores, before it is a hang */
	/* of data that who runs may touch: any 16 bytes from here on */
	uintptr_t own;
	uint64_t own_bytes;
	uint32_t block_shift; /* of a block of a page */
	uint32_t shift;	      /* of a page */
	uint32_t locks;	      /* held by this CPU */
	bool host_side;	      /* on whose behalf code runs */
	uintptr_t stack_top;
	struct backend_record record;

	/* the linear window, the private window, the host's window */
	uint8_t *arena;
	bool mmu; /* they are pages of the kernel: mmu.c */
	/* all bytes of what EL2 may touch are in memory: what would be junk is
	 * anything, and nobody may look at it */
	bool eager;
	uint32_t pool; /* pages */
	uint32_t cpus, cpu;
	uint32_t host, cached, mapped, guest; /* pages by state */

	/* the n-th from now fails, once; 0: none */
	uint64_t fail_map, fail_donate, fail_page, fail_hvc;
	bool refuse_reserve; /* the next reservation fails */
	uint32_t ranges;
	struct backend_range range[BACKEND_RANGES];
	uint64_t private_used; /* bytes */
	uint64_t mapped_top;   /* no private page from here up was mapped */
	uint32_t locks_of[BACKEND_CPUS_MAX]; /* by each that is another */

	/* bounds of what code may touch besides the arena */
	uintptr_t data, data_end;	     /* EL2's, read and write */
	uintptr_t host_data, host_data_end;  /* the host's */
	uintptr_t ro, ro_end;		     /* read */
	void (*vector)(unsigned long *regs); /* EL2's entry for hypercalls */
	struct backend_host books;

	uint64_t calls_bound, accesses_bound;
	int64_t el2_left; /* while the host runs, who has no bound */
	struct backend_stop stop;
	jmp_buf *out; /* set while the target runs */
	bool ended;   /* a call has not returned: no other may follow */
	struct backend_hooks hooks; /* none while one runs, */
	bool nested;		    /* and calls are nested in another */
} __attribute__((aligned(64)));

extern struct backend backend;

/**
 * backend_reset() - A world in which the host owns all @pool pages.
 *
 * Costs what was touched since the last reset.
 */
void backend_reset(uint32_t page_shift, uint32_t pool, uint32_t cpus);

/* backend_begin() - Forget the record; a call may make @bound interface calls. */
void backend_begin(uint64_t bound);

/* backend_set_cpu() - From now on code runs on another CPU. */
void backend_set_cpu(uint32_t cpu);

/* backend_enter() - From now on code runs for the host, or for EL2. */
void backend_enter(bool host);

/* backend_end_call() - End the call into the target; from inside it. */
__attribute__((noreturn)) void backend_end_call(enum backend_end end,
						uintptr_t pc);

/* Facts about a page of the pool. */
uint16_t backend_page_flags(uint32_t page);
/* backend_pages_nowhere() - EL2's, neither mapped nor cached. Slow. */
uint32_t backend_pages_nowhere(void);
/* backend_page_at() - Pool page behind a page of the private window, or -1. */
int64_t backend_page_at(uint64_t private_page);

/*
 * backend_mapped_words() - Bit n of word m: page @private_page + 64 m + n is
 * mapped. @private_page is a multiple of 64; so is the start of each range.
 */
const uint64_t *backend_mapped_words(uint64_t private_page);

/* backend_private() - Address of byte @offset of the private window. */
uint8_t *backend_private(uint64_t offset);

/*
 * The host's view of its own page: fill it with junk, and write or read 8 bytes
 * at @offset, a multiple of 8. Only for pages that the host owns. What it has
 * not written itself, nor EL2, since the last reset is junk.
 */
void backend_host_junk(uint32_t page);
void backend_host_write(uint32_t page, uint64_t offset, uint64_t value);
uint64_t backend_host_read(uint32_t page, uint64_t offset);

uint64_t backend_page_phys(uint32_t page);
/* backend_phys_page() - Pool page of a physical address, or -1. */
int64_t backend_phys_page(uint64_t phys);

/*
 * Bytes of the arena, which is poisoned for ASan, as they are for whoever may
 * look; other bytes as well (content.c). A range of the arena lies in one window
 * and, in the private one, on mapped pages. What is copied does not overlap.
 */
void raw_fill(void *to, uint8_t byte, size_t bytes);
void raw_copy(void *to, const void *from, size_t bytes);
/* raw_nonzero() - Offset of the first byte that is not 0, or @bytes. */
size_t raw_nonzero(const void *at, size_t bytes);
/* raw_differ() - Offset of the first byte that differs, or @bytes. */
size_t raw_differ(const void *a, const void *b, size_t bytes);

#endif
