/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_LIES_H
#define HYPHEAP_LIES_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What a broken allocator does, done on purpose: for "hypheap selfcheck", which
 * looks whether the harness sees it. Each runs as a call into the target does,
 * by the backend's own functions, and changes the real fake memory; a run that
 * meets one must end with it. heap_reset() mends all.
 */

enum heap_lie {
	/* calls that do not return */
	LIE_PANICS,	    /* in lie_function() */
	LIE_LOADS_WILD,	    /* near NULL */
	LIE_LOADS_HOST,	    /* from a page of the host's */
	LIE_LOADS_UNMAPPED, /* from the heap, where nothing is mapped */
	LIE_STORES_LINEAR,  /* to a mapped page by its linear address */
	LIE_SIGNALS,	    /* SIGSEGV */
	LIE_REPORTS,	    /* UBSan says something */
	LIE_CALLS_ON,	    /* kernel-interface calls without end */
	LIE_LOADS_ON,	    /* loads without end */
	LIE_LOCKS_TWICE,    /* waits for itself */
	LIE_SLEEPS,	    /* until the watchdog, which must be set, bites */
	/* heap memory; @at: offset in the heap */
	LIE_STORES,	    /* 0x5a to the byte at @at, under a lock */
	LIE_UNMAPS,	    /* the page of @at; it stays EL2's */
	LIE_MOVES,	    /* that page, to the last of the heap */
	LIE_LOADS_UNLOCKED, /* from @at, without a lock */
	/* locks and the cache */
	LIE_CACHE_UNLOCKED, /* touches the cache without a lock */
	LIE_KEEPS_LOCK,	    /* takes one and returns */
	/* pages */
	LIE_LOSES_PAGE,	  /* one of the cache's is nowhere */
	LIE_CACHES_TWICE, /* the mapped page of @at is in the cache, too */
	LIE_GIVES_PAGE,	  /* one of the cache's to the host, on no list */
	LIE_TAKES_PAGE,	  /* the last of the pool from the host, unasked */
	/* the host's kernel */
	LIE_WARNS,
	LIE_RETRIES, /* is told -ENOMEM once more, and @at pages */
};

/* lie_function() - Where LIE_PANICS panics. */
#define LIE_FUNCTION "hyp_selfcheck"

/* heap_lie() - Return: as the calls of heap.h; heap_stop() says the rest. */
bool heap_lie(enum heap_lie lie, uint64_t at);

/*
 * heap_lie_dirty() - Write a byte to a page of EL2's, as late as when it is
 * handed to the host.
 */
void heap_lie_dirty(unsigned long pfn);

#endif
