/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_MODEL_H
#define HYPHEAP_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The reference model: what the allocator's specification says, on a sorted
 * array of chunks and a bitmap of mapped pages, in integers only. It holds no
 * memory of the heap, knows no header bytes and never sees the allocator.
 * All addresses are offsets from the heap start.
 */

/* Errors are negative, with the numbers that errno.h has for them. */
#define MODEL_E2BIG 7
#define MODEL_ENOMEM 12
#define MODEL_EINVAL 22

#define MODEL_CPUS 4u
#define MODEL_HEAP_BYTES_MAX (128u << 20)

/**
 * struct model_chunk - One chunk; it ends at the next header or the heap end.
 * @addr: offset of its 16-byte header
 * @mark: offset of the first unmapped page, 0 if mapped all the way to the end
 * @size: rounded size of the allocation it holds, 0 if unused
 * @used: allocated
 */
struct model_chunk {
	uint32_t addr;
	uint32_t mark;
	uint32_t size;
	bool used;
};

/**
 * struct model_cpu - What one CPU remembers, both read-and-clear.
 * @err: 0 or a negative error of a failed allocation
 * @need: pages a top-up must bring
 */
struct model_cpu {
	int err;
	uint32_t need;
};

struct model {
	uint32_t page;		 /* bytes */
	uint64_t size;		 /* of the heap in bytes, 0: not set up */
	uint32_t pool;		 /* pages in all: host + spare + mapped */
	uint32_t host;		 /* pages the host has free */
	uint32_t spare;		 /* pages in the heap's cache */
	uint32_t mapped;	 /* pages mapped in the heap */
	uint64_t fail_map;	 /* the n-th mapping from now fails; 0: none */
	uint32_t first_unmapped; /* meaningful while there is no chunk */
	uint32_t last_used; /* end of the tail's data while the tail is used */
	struct model_cpu cpu[MODEL_CPUS];
	struct model_chunk *chunk; /* in address order */
	uint32_t nr;		   /* chunks */
	uint32_t cap;
	/* so many at its begin and at its end are as at model_settle() */
	uint32_t same_first, same_last;
	uint64_t *map;	  /* bit n: heap page n is mapped */
	uint32_t map_top; /* no page from here up was mapped since reset */
	/*
	 * NULL, or called at the end of each section under the allocator's
	 * lock, when all of it is done; it may call the model again
	 */
	void (*unlock)(void *data);
	void *unlock_data;
};

/* model_create() - Room for the largest heap; NULL when out of memory. */
struct model *model_create(void);
void model_destroy(struct model *m);

/**
 * model_reset() - A world without a heap: @pool pages, all the host's.
 * @page: bytes, a power of two from 4096 up
 *
 * Costs what the program before touched, not what the heap could hold. Nobody
 * is called at unlocks.
 */
void model_reset(struct model *m, uint32_t page, uint32_t pool);

/**
 * model_init() - hyp_alloc_init(@bytes), section 1.
 * @refused: 0, or the negative error with which the VA range is refused
 *
 * Never called to set up a heap a second time. More than MODEL_HEAP_BYTES_MAX
 * is more VA than there is: -ENOMEM, unless @refused says something else.
 *
 * Return: 0 or a negative error, and then nothing changed.
 */
int model_init(struct model *m, uint64_t bytes, int refused);

/**
 * model_alloc() - hyp_alloc(@bytes) on @cpu, section 6.
 * @offset: of the data, on success
 *
 * Return: 0, or the negative error, which is also left in cpu[].err, as the
 * top-up need is in cpu[].need where section 5 sets it. A size that can never
 * be had is refused before the lock is taken.
 */
int model_alloc(struct model *m, unsigned int cpu, uint64_t bytes,
		uint32_t *offset);

/* Read and clear, as hyp_alloc_errno() and hyp_alloc_topup_needed(). */
int model_errno(struct model *m, unsigned int cpu);
uint32_t model_need(struct model *m, unsigned int cpu);

/**
 * model_free() - hyp_free() of heap start + @offset, section 7.
 *
 * Return: true; false if the hypervisor must panic, and then nothing changed.
 * (NULL is not an offset: the caller knows that it does nothing.)
 */
bool model_free(struct model *m, uint64_t offset);

/* model_topup() - The host donates min(@pages, what it has). */
void model_topup(struct model *m, uint64_t pages);

/*
 * model_reclaimable() - hyp_alloc_reclaimable(), section 8. An oracle's
 * question: where the hypervisor is asked it, model_unlocked() follows.
 */
uint64_t model_reclaimable(const struct model *m);

/*
 * model_reclaim() - Pages the host gets back for a target of @pages. They are
 * its own, and counted in pool, only when the lock is free again: until then
 * they are on a list.
 */
uint64_t model_reclaim(struct model *m, uint64_t pages);

/* model_unlocked() - Calls m->unlock, if there is one. */
void model_unlocked(struct model *m);

/* model_fail_map() - The @n-th mapping from now fails once; the newest counts. */
void model_fail_map(struct model *m, uint64_t n);

/* model_size() - What @bytes are rounded to (section 6), or a negative error. */
int64_t model_size(const struct model *m, uint64_t bytes);

/*
 * model_settle() - Begin anew to count in m->same_first and m->same_last which
 * chunks have not changed since. A chunk that has may be among the others only.
 */
void model_settle(struct model *m);

/* Derived facts, for oracles and reports. */
uint64_t model_end(const struct model *m, uint32_t i); /* end of chunk i */
bool model_page_mapped(const struct model *m, uint32_t page);
uint32_t model_chunks_used(const struct model *m);

/*
 * model_check() - The invariants of section 3 that the model can break itself.
 * Return: NULL, or which one does not hold. Slow; for tests.
 */
const char *model_check(const struct model *m);

#endif
