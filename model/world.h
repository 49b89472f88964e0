/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_MODEL_WORLD_H
#define HYPHEAP_MODEL_WORLD_H

#include "model/model.h"

/*
 * The world around the heap: how many pages the host has, what its kernel uses,
 * what EL2 and guests hold, and a ledger of the heap's clients: VMs, vCPUs, the
 * trace. It predicts what every operation of the host comes to, hypercall by
 * hypercall, in integers: no register, no byte of memory, no allocator header.
 *
 * Where the pages are: model.host counts those the host has free; besides, its
 * kernel uses some (shared with EL2 or not), and some are shared but in
 * nobody's use. model.pool is what the host has free plus what the heap has. A
 * page on its way, as a list that one side has let go and the other not yet
 * taken, is in neither.
 *
 * A raw hypercall's pages leave what the host has free at once, and those that
 * come back are free again only after it.
 *
 * model.unlock is called at the end of each section of EL2's under a lock, the
 * allocator's and the clients'. What it calls may be an operation of this
 * header (never world_begin()), as another CPU would run it just then.
 */

/* Errors besides the model's, with the numbers that errno.h has for them. */
#define WORLD_EPERM 1
#define WORLD_ENOENT 2
#define WORLD_EBUSY 16
#define WORLD_EEXIST 17
#define WORLD_ENODEV 19
#define WORLD_ENOSPC 28

/* A hypercall that is refused: what the host's functions return of it. */
#define WORLD_REFUSED (-1)

#define WORLD_VMS 8u
#define WORLD_HANDLE_FIRST 0x1000u
#define WORLD_REFS_MAX 65535u
#define WORLD_HEAP 1u	  /* what the host calls the heap, */
#define WORLD_SELFTEST 2u /* and that of the self test */
#define WORLD_PAGES_MAX 65536u
#define WORLD_PHYS_BITS 48u /* of a physical address; beyond: -EINVAL */

/**
 * struct world_config - What a program's world is.
 * @base: physical address of page 0, page aligned
 * @page: bytes
 * @pool: pages of memory
 * @cpus: 1 to MODEL_CPUS
 * @vm_bytes, @vcpu_bytes: of the clients' structures, 0: 3072 and 8192
 * @privileged: the host still has its privileges
 */
struct world_config {
	uint64_t base;
	uint32_t page, pool, cpus;
	uint64_t vm_bytes, vcpu_bytes;
	bool privileged;
};

/**
 * struct world_result - What an operation comes to.
 * @ret: what the host's function returns, or x1 of a raw hypercall: 0, a
 *	 handle, pages, a negative error
 * @need: pages that the last try asked for, 0: none. A raw hypercall: that it
 *	  asks for
 * @pages: reclaim, shrink, raw reclaim: pages that came back
 * @left_head, @left_nr: raw top-up, raw reclaim: x2 and x3
 * @any_head: left_head can be anything
 * @hvcs: hypercalls made, also refused ones; not those of other CPUs meanwhile
 * @warned: the host's kernel warns
 * @panics: the hypervisor panics; then nothing else here means anything
 * @tries: calls through the request loop, the last one included
 */
struct world_result {
	int64_t ret;
	uint32_t need;
	uint64_t pages;
	uint64_t left_head, left_nr;
	bool any_head;
	uint32_t hvcs;
	bool warned;
	bool panics;
	unsigned int tries;
};

struct world;

/* world_create() - NULL when out of memory. @heap stays the caller's. */
struct world *world_create(struct model *heap);
void world_destroy(struct world *w);

/*
 * world_reset() - A fresh world around a heap that was reset with the same page
 * size and pool. Costs what was touched.
 */
void world_reset(struct world *w, const struct world_config *config);

/* world_begin() - A new operation: what the one before ended or moved is past. */
void world_begin(struct world *w);

/* ---- faults ------------------------------------------------------------- */

enum world_fault {
	WORLD_FAIL_DONATE, /* a call of donation host to hyp: -ENOMEM */
	WORLD_FAIL_PAGE,   /* a page that the host's kernel wants: not there */
	WORLD_FAIL_HVC,	   /* a hypercall of the host's kernel: refused */
	WORLD_FAULTS,
};

/* world_fail() - The @n-th from now fails once; 0: none; the newest counts. */
void world_fail(struct world *w, enum world_fault fault, uint64_t n);

/* world_armed() - Is this fault still to come? */
bool world_armed(const struct world *w, enum world_fault fault);

/* ---- the host's own operations ------------------------------------------ */

/* world_topup() - min(@pages, what the host has). ret: 0 or an error. */
struct world_result world_topup(struct world *w, uint64_t pages);

/* world_reclaim() - One hypercall. ret: 0; pages: how many came. */
struct world_result world_reclaim(struct world *w, uint64_t target);

/* world_shrink() - ret: pages, -1 for SHRINK_STOP; pages: 0 then. */
struct world_result world_shrink(struct world *w, uint64_t target);

/* world_count() - ret: pages that a scan could free, -1 for SHRINK_EMPTY. */
struct world_result world_count(struct world *w);

/* world_deprivilege() - ret: 0, -EBUSY. */
struct world_result world_deprivilege(struct world *w);

/*
 * Through the request loop: @tries is how often the harness lets it call, at
 * least once. On -ENOMEM with a request the host donates exactly what is asked
 * for and calls again; if it has not got as many it donates none, and -ENOMEM
 * stands.
 */

/* world_call_alloc() - @offset: of the data, on success (ret 0). */
struct world_result world_call_alloc(struct world *w, unsigned int cpu,
				     uint64_t bytes, unsigned int tries,
				     uint32_t *offset);

/* world_create_vm() - ret: the handle, or an error. */
struct world_result world_create_vm(struct world *w, unsigned int cpu,
				    uint64_t vcpus, unsigned int tries);
struct world_result world_create_vcpu(struct world *w, unsigned int cpu,
				      uint64_t handle, uint64_t idx,
				      unsigned int tries);
struct world_result world_destroy_vm(struct world *w, uint64_t handle);

struct world_result world_trace_load(struct world *w, unsigned int cpu,
				     uint32_t pages, unsigned int tries);
struct world_result world_trace_unload(struct world *w);

/* world_selftest() - May be asked only where it is predictable. */
struct world_result world_selftest(struct world *w, unsigned int cpu,
				   unsigned int tries);

/*
 * world_selftest_predictable() - Not while a donation is to fail and the self
 * test's heap has more pages than it needs: one of them could get lost.
 */
bool world_selftest_predictable(const struct world *w);

/* ---- raw hypercalls ----------------------------------------------------- */

enum world_owner {
	WORLD_NOT_MEMORY,
	WORLD_HOST,   /* the host's alone */
	WORLD_SHARED, /* the host's, and EL2 may read it */
	WORLD_HYP,
	WORLD_GUEST,
};

/**
 * struct world_memory - What the executor sees of memory before the operation.
 * @owner: of the page at @phys; any number may be asked for
 * @word: the 8 bytes that the host has at @phys, 8-aligned, WORLD_HOST or
 *	  WORLD_SHARED; what donating() changes included
 * @donating: a donation host to hyp begins (also one that is refused then); may
 *	      be NULL
 * @uses: the host's kernel has the page in use and would fall over it
 *
 * All physical addresses here are what EL2's arithmetic makes of what the host
 * said, with the low bits it said: what is no memory is WORLD_NOT_MEMORY.
 */
struct world_memory {
	void *data;
	enum world_owner (*owner)(void *data, uint64_t phys);
	uint64_t (*word)(void *data, uint64_t phys);
	void (*donating)(void *data);
	bool (*uses)(void *data, uint64_t phys);
};

struct world_result world_raw_finalize(struct world *w);
struct world_result world_raw_topup(struct world *w, uint64_t id, uint64_t head,
				    uint64_t nr,
				    const struct world_memory *mem);
struct world_result world_raw_reclaim(struct world *w, uint64_t id,
				      uint64_t target);
struct world_result world_raw_reclaimable(struct world *w, uint64_t id);
struct world_result world_raw_selftest(struct world *w, unsigned int cpu);
struct world_result world_raw_share(struct world *w, uint64_t pfn,
				    const struct world_memory *mem);
struct world_result world_raw_unshare(struct world *w, uint64_t pfn,
				      const struct world_memory *mem);
/* @kvm: of the host's struct; @pgd: of the page for the root of stage 2 */
struct world_result world_raw_init_vm(struct world *w, unsigned int cpu,
				      uint64_t kvm, uint64_t pgd,
				      const struct world_memory *mem);
/* @vcpu: of the host's struct */
struct world_result world_raw_init_vcpu(struct world *w, unsigned int cpu,
					uint64_t handle, uint64_t vcpu,
					const struct world_memory *mem);
struct world_result world_raw_get_vm(struct world *w, uint64_t handle);
struct world_result world_raw_put_vm(struct world *w, uint64_t handle);
struct world_result world_raw_teardown_vm(struct world *w, uint64_t handle);
/* @desc, @bytes: where the descriptor is and how long */
struct world_result world_raw_tracing_load(struct world *w, unsigned int cpu,
					   uint64_t desc, uint64_t bytes,
					   const struct world_memory *mem);
struct world_result world_raw_tracing_unload(struct world *w);
struct world_result world_raw_donate_guest(struct world *w, uint64_t handle,
					   uint64_t pfn,
					   const struct world_memory *mem);
struct world_result world_raw_reclaim_guest(struct world *w, uint64_t pfn,
					    const struct world_memory *mem);

/*
 * world_blocked() - The last raw call could have changed the state of a page
 * that the host's kernel uses: nothing was predicted, nothing changed (but
 * donating() may have been called), and nobody may make that call.
 */
bool world_blocked(const struct world *w);

/* world_taken() - Has a raw call of this operation moved page @page? */
bool world_taken(const struct world *w, uint32_t page);

/* ---- where all pages are ------------------------------------------------ */

/* As a census counts them; together they are the pool. */
uint32_t world_host_owned(const struct world *w); /* free, in use, shared */
uint32_t world_spare(const struct world *w);	  /* of both heaps' caches */
uint32_t world_mapped(const struct world *w);	  /* in both heaps */
uint32_t world_hyp(const struct world *w);	  /* roots of stage 2 */
uint32_t world_guest(const struct world *w);
uint32_t world_selftest_spare(const struct world *w); /* part of spare */

/* Parts of host_owned. */
uint32_t world_host_free(const struct world *w); /* to give away */
uint32_t world_host_used(const struct world *w); /* by the host's kernel */
uint32_t world_host_lost(const struct world *w); /* shared, in nobody's use */

/* Hypercalls since world_begin(), those of other CPUs included. */
uint32_t world_hvcs(const struct world *w);

/* world_reclaimable() - Pages that the heap @id would give back. */
uint64_t world_reclaimable(const struct world *w, uint64_t id);

bool world_privileged(const struct world *w); /* EL2 serves the self test */

/* ---- the ledger --------------------------------------------------------- */

enum world_kind { WORLD_VM, WORLD_VCPU, WORLD_TRACE };

/**
 * struct world_object - An object of a client in the heap.
 * @offset, @size: of its data; the size is rounded
 * @handle: of its VM, 0 for the trace
 * @idx: of a vCPU
 */
struct world_object {
	uint64_t offset, size;
	enum world_kind kind;
	uint32_t handle;
	uint64_t idx;
};

/* Those that live, in the order in which they were made. */
uint32_t world_objects(const struct world *w);
const struct world_object *world_object(const struct world *w, uint32_t i);

/*
 * world_owned_to() - End of the object that byte @at lies in, one that lives or
 * has ended in this operation; 0: in none. Such bytes its client may touch
 * without the heap's lock.
 */
uint64_t world_owned_to(const struct world *w, uint64_t at);

/* ---- without a prediction ----------------------------------------------- */

/*
 * For another policy than the model's: handles and references are kept from
 * what was returned, so that it is known when a panic is due, and how many
 * roots of stage 2 there are (world_hyp()).
 */
enum world_call {
	WORLD_INIT_VM,	   /* ret: the handle */
	WORLD_TEARDOWN_VM, /* of @handle, as the two below */
	WORLD_GET_VM,
	WORLD_PUT_VM,
};

void world_follow(struct world *w, enum world_call call, uint64_t handle,
		  int64_t ret);

/* world_panics() - Must this call panic now? */
bool world_panics(const struct world *w, enum world_call call, uint64_t handle);

#endif
