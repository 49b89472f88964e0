/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_HOST_H
#define HYPHEAP_HOST_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The host: it has the pages, donates them, asks for them back, and keeps its
 * own books of them. What it does with the allocator goes through heap.h; each
 * function returns false if the hypervisor did not return from that.
 */

#define HOST_SHRINK_STOP UINT64_MAX
#define HOST_SHRINK_EMPTY (UINT64_MAX - 1)

/**
 * struct host_finding - What the host sees that should not be.
 * @what: NULL if there is nothing
 * @page: pool page
 */
struct host_finding {
	const char *what;
	uint32_t page;
};

/*
 * host_boot() - All @pool pages are the host's; after heap_reset(). It may
 * still run the allocator's self test; its shrinker does not work yet.
 */
void host_boot(uint32_t pool);

/* host_reset() - host_boot(), and the host gives up its privileges. */
void host_reset(uint32_t pool);

/* host_free() - Pages the host has to give, by its own books. */
uint32_t host_free(void);

/* host_finding() - The first finding since host_reset(). */
const struct host_finding *host_finding(void);

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
 * @pages: how many came
 */
bool host_shrink(uint64_t target, uint64_t *pages);

/**
 * struct host_call - An allocation through the request loop.
 * @got, @offset: the last try returned memory, there
 * @err: else why
 * @need: pages the last failed try asked for, 0 without a request
 * @tries: calls made
 * @stuck: all @stuck_need pages asked for were given, and the next try failed
 *	   again without mapping one page more
 */
struct host_call {
	bool got;
	uint64_t offset;
	int err;
	uint32_t need;
	unsigned int tries;
	bool stuck;
	uint32_t stuck_need;
};

/**
 * host_call_alloc() - Allocate; on -ENOMEM with a request, donate what is asked
 * for and call again, @tries times at most.
 *
 * If the host has fewer pages than asked for it donates none and gives up with
 * -ENOMEM.
 */
bool host_call_alloc(uint64_t bytes, unsigned int tries,
		     struct host_call *call);

#endif
