/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_STEP_H
#define HYPHEAP_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include "model/model.h"
#include "model/world.h"
#include "program/op.h"

/*
 * One step of a run: what was asked, what was expected, what came back and
 * what was seen of the heap around it. The executor fills it in; the oracles
 * read it and nothing else.
 */

/* Pages by place and chunks by kind; what the trace shows. */
struct census {
	uint32_t host;	 /* pages the host owns, shared ones too */
	uint32_t spare;	 /* pages in a heap's cache */
	uint32_t mapped; /* pages mapped in a heap */
	uint32_t guest;	 /* pages of guests */
	uint32_t hyp;	 /* the hypervisor's, in none of the others */
	uint32_t used;	 /* chunks */
	uint32_t free;	 /* chunks */
};

enum step_end {
	STEP_DONE,    /* it returned */
	STEP_SKIPPED, /* no slot in the state it needs */
	STEP_PANIC,   /* the hypervisor panicked */
	STEP_FAULT,   /* a forbidden access, a signal, a sanitizer report */
	STEP_HANG,    /* more kernel-interface calls than the bound */
};

/**
 * struct outcome - What an operation comes to.
 * @end: how it ended; expected: STEP_PANIC stands for a panic or a fault
 * @err: 0 or a negative errno
 * @offset: alloc, call: of the data from the heap start
 * @need: topup_needed, read and cleared after the last try, if that failed;
 *	  else 0. hvc: the pages of the request
 * @pages: reclaim, shrink, hvc reclaim: pages the host got back
 * @ret: create: the handle, or as destroy, trace, selftest, deprivilege: 0 or
 *an error; shrink: pages, -1 for SHRINK_STOP, count: -1 for SHRINK_EMPTY; hvc:
 *	 x1. Else 0
 * @left_head, @left_nr: hvc topup, hvc reclaim: x2 and x3. Else 0;
 *	addresses as heap_portable() has them
 * @any_head: expected: left_head may be anything
 * @no_such_call: hvc: x0 said so
 * @hvcs: hypercalls made, not those of other CPUs meanwhile
 * @warned: the host's code warned
 *
 * Fields that an operation does not use stay 0: all are compared for each.
 */
struct outcome {
	enum step_end end;
	int err;
	uint64_t offset;
	uint32_t need;
	uint64_t pages;
	int64_t ret;
	uint64_t left_head, left_nr;
	bool any_head;
	bool no_such_call;
	uint32_t hvcs;
	bool warned;
};

/* A header as it stands in memory. */
struct header {
	uint32_t offset;		     /* of itself from the heap start */
	uint32_t next, prev, unmapped, hash; /* its four words */
};

/* An object a client holds. */
struct object {
	uint64_t offset;
	uint64_t size; /* rounded */
	uint16_t slot;
	bool there; /* false: no such object */
};

#define STEP_NOWHERE UINT64_MAX

/**
 * struct deferred - An operation that waits for a moment within the next call,
 * and what came of it there.
 * @op: with the slot taken, if it was @taken
 * @due, @came: how often the moment was to come, and came
 * @expect, @actual: of the operation, when it came
 * @size: rounded, of the object that it made; 0: none
 */
struct deferred {
	struct op op;
	bool taken;
	unsigned int due, came;
	struct outcome expect, actual;
	uint64_t size;
};

struct step {
	uint32_t number;     /* from 1 */
	struct op op;	     /* with the slot taken */
	uint64_t heap_bytes; /* 0: not set up */
	uint32_t page;	     /* bytes */
	uint32_t pool;	     /* pages */
	bool exact;	     /* level: there is a prediction */
	uint32_t align;	     /* bytes: what the allocator's dialect promises */
	uint32_t overhead;   /* bytes of a heap that no object can have */

	struct outcome actual;
	struct outcome expect; /* contract level: only .end */
	struct census before, after;
	bool fault_armed; /* a fault of any kind was armed when it began */
	bool others;	  /* other CPUs ran at its unlocks */
	/* what waited for it */
	const struct deferred *deferred;
	uint32_t deferred_nr;
	uint32_t host_free; /* after it, by the host's own books */
	/* the host's code warned; NULL, NULL if it did not */
	const char *warned, *warned_function;

	/* where a panic, a fault or a hang was */
	const char *function; /* never NULL; "" if there was none */
	const char *where;    /* "alloc.c:123", "" if not known */
	const char *what;     /* the condition, the address, the signal */

	/* after a corruption: a panic or a fault is as it should be */
	bool corrupted;
	/* panic: of a header that must be checked one bit was flipped */
	bool flip_due;
	uint32_t flip_at;	/* offset of the header */
	const char *flip_field; /* "next", ... */
	unsigned int flip_bit;

	/* hang: kernel-interface calls of this op and their bound */
	uint64_t calls, calls_bound;

	/* place, zeroed: after an allocation that succeeded */
	uint64_t size;		    /* rounded */
	struct object below, above; /* live neighbours of the new object */
	/* offset in it of the first byte not 0; STEP_NOWHERE: none */
	uint64_t nonzero;
	uint8_t nonzero_byte;

	/* content: the first object that differs from its twin */
	struct object changed;
	uint64_t changed_at; /* offset in it; STEP_NOWHERE: none differs */
	uint8_t changed_expect, changed_actual;

	/* backed: the first live object on an unmapped page */
	struct object unbacked;
	uint64_t unbacked_page; /* heap page; STEP_NOWHERE: none */

	/* owner: the first page whose place is not what it should be */
	uint64_t stray_page;	/* pool page; STEP_NOWHERE: none */
	const char *stray_what; /* in words */
	/* exact: the first heap page mapped here and not there */
	uint64_t unlike_page;

	/* wiped: the first page that came to the host with a byte of EL2's */
	uint64_t unwiped_page; /* pool page; STEP_NOWHERE: none */
	/* offset in it; STEP_NOWHERE: it was not cleaned to the PoC */
	uint64_t unwiped_at;
	uint8_t unwiped_byte;

	/*
	 * shape: the walk of the real headers, and the model's chunks; or it is
	 * known to hold: those that could have changed have been looked at
	 */
	bool shape_known;
	const struct header *walk;
	uint32_t walk_nr;
	const char *walk_broken; /* why the walk ended early; NULL: it did not */
	uint64_t walk_broken_at; /* offset of the header */
	const struct model *model;
	/* the page counts of all owners; contract: how many VMs there are */
	const struct world *world;

	/*
	 * promise: @promised where pages were asked back and nothing excuses
	 * fewer than min(@target, @reclaimable_before): the shrinker works, no
	 * hypercall was refused, no other CPU ran meanwhile
	 */
	bool promised;
	uint64_t target;
	uint64_t reclaimable_before; /* of the heaps asked, in their own words */
	uint64_t reclaimable;	     /* of the heap, after the step */
	uint64_t reclaimable_expect; /* exact */

	/* result: what errno and topup_needed said once more, after all was
	 * read */
	int left_err;
	uint32_t left_need;

	/* progress: what goes through the request loop */
	unsigned int tries;	/* calls made */
	unsigned int tries_max; /* 0: not through the loop */
	bool stuck; /* a full top-up, and the next try mapped nothing more */
	uint32_t stuck_need; /* what was asked for and given */
	bool clipped;	     /* more was needed than can be asked for at once */

	/* lock */
	unsigned int locks_held; /* at return */
	/*
	 * heap memory that no client owns, or the cache, was touched without
	 * the lock
	 */
	bool unlocked;
	uint64_t unlocked_at; /* heap offset; STEP_NOWHERE: the cache */
};

/* What the books say at the end of a program; account, and content of all. */
struct books {
	uint64_t objects_expect, objects_actual;
	uint64_t bytes_expect, bytes_actual; /* as nallocx counts */
	uint64_t leaked; /* bytes the twin still holds after all was freed */
	bool slow;	 /* the arena's own statistics were read as well */
	uint64_t arena_objects, arena_bytes;
	/* replay; equal if it was not run */
	uint64_t digest_first, digest_second;
};

#endif
