/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_WORLD_STATE_H
#define HYPHEAP_WORLD_STATE_H

#include "model/world.h"

/* What the parts of the world share. */

#define SELFTEST_PAGES 6u
#define TRACE_MIN_PAGES 3u /* of each CPU */

/* A vCPU that EL2 has. */
struct vcpu {
	uint64_t idx;
	uint32_t offset; /* of its object in the heap */
};

/**
 * struct vm - A VM as EL2 knows it.
 * @live: in the table
 * @kernel_pgd: its root of stage 2 is a page that the host's kernel gave and
 *		still has in its books
 * @refs: who uses it just now
 * @vcpu: those it has, by idx
 */
struct vm {
	bool live, kernel_pgd;
	uint32_t refs;
	uint64_t nr_vcpus;
	uint32_t offset;
	struct vcpu *vcpu;
	uint32_t nr, cap;
};

/* A VM as the host's kernel knows it: not those of raw hypercalls. */
struct kernel_vm {
	bool live;
	uint32_t vcpus; /* pages, shared; the VM itself has one more */
};

struct world {
	struct model *heap;
	struct model *selftest; /* the self test's private heap */
	struct world_config config;
	uint64_t fail[WORLD_FAULTS]; /* the n-th from now; 0: none */
	bool privileged;	     /* as EL2 knows */
	bool shrinker;		     /* the kernel's is registered */

	/* pages, besides what both heaps count */
	uint32_t used;	 /* the host's, in use by its kernel */
	uint32_t lost;	 /* the host's, shared, in nobody's use */
	uint32_t hyp;	 /* EL2's, in no heap */
	uint32_t guests; /* of guests */

	struct vm vm[WORLD_VMS];
	struct kernel_vm kernel_vm[WORLD_VMS];
	uint32_t trace;	       /* offset of its object, 0: not loaded */
	uint32_t kernel_trace; /* pages the kernel keeps for it */

	/* the ledger: live objects, and those that ended in this operation */
	struct world_object *object, *ended;
	uint32_t objects, objects_cap;
	uint32_t nr_ended, ended_cap;

	/* pages by number, as far as raw hypercalls name them */
	uint16_t *guest;      /* handle of the VM, where it is a guest's */
	bool *moved;	      /* in this operation, */
	uint32_t *moved_list; /* which are these */
	uint32_t nr_moved;

	bool blocked;
	uint32_t hvcs; /* in this operation */
};

/**
 * struct reply - What EL2 answers.
 * @ret: x1
 * @need: pages of the request, 0: none
 * @pages: that are the host's now and not yet in its books
 */
struct reply {
	int64_t ret;
	uint32_t need;
	uint32_t pages;
	bool panics;
};

/* A section of EL2's under one of the clients' locks has ended. */
static inline void section_ends(struct world *w)
{
	model_unlocked(w->heap);
}

/* Pages leave what the host has free, or join it. */
static inline void host_gives(struct world *w, uint32_t pages)
{
	w->heap->host -= pages;
	w->heap->pool -= pages;
}

static inline void host_gets(struct world *w, uint32_t pages)
{
	w->heap->host += pages;
	w->heap->pool += pages;
}

/* Does this fault hit now? Counts. */
bool fault_hits(struct world *w, enum world_fault fault);

/* ---- world_ledger.c ----------------------------------------------------- */

void ledger_reset(struct world *w);
void ledger_add(struct world *w, const struct world_object *object);
/* ledger_name() - The VM at @offset has got its handle. */
void ledger_name(struct world *w, uint32_t offset, uint32_t handle);
void ledger_end(struct world *w, uint32_t offset);

/* ---- world_hyp.c: what EL2 does ----------------------------------------- */

/* hyp_donates() - A donation that nothing is wrong with: 0 or -ENOMEM. */
int hyp_donates(struct world *w);

/* hyp_takes() - Pages in nobody's books are in the cache of heap @id. */
void hyp_takes(struct world *w, uint64_t id, uint32_t pages);

/*
 * hyp_topup() - Of heap @id with up to @pages good pages, which are in nobody's
 * books; a donation may fail. Return: how many it took.
 */
uint32_t hyp_topup(struct world *w, uint64_t id, uint32_t pages);
/* The pages are in nobody's books. */
uint32_t hyp_reclaim(struct world *w, uint64_t id, uint64_t target);
uint64_t hyp_reclaimable(struct world *w, uint64_t id);

int64_t hyp_finalize(struct world *w);
struct reply hyp_alloc(struct world *w, unsigned int cpu, uint64_t bytes,
		       uint32_t *offset);
struct reply hyp_selftest(struct world *w, unsigned int cpu);

/**
 * struct pgd - The page for a root of stage 2.
 * @kernel: in the kernel's books, and good
 * @donate: else: 0 or the error of the donation, which goes with it
 */
struct pgd {
	bool kernel;
	int (*donate)(struct world *w, const struct pgd *pgd);
	uint64_t phys;
	const struct world_memory *mem;
};

struct reply hyp_init_vm(struct world *w, unsigned int cpu, uint64_t nr_vcpus,
			 const struct pgd *pgd);
struct reply hyp_init_vcpu(struct world *w, unsigned int cpu, uint64_t handle,
			   uint64_t idx);
struct reply hyp_teardown_vm(struct world *w, uint64_t handle);
struct reply hyp_get_vm(struct world *w, uint64_t handle);
struct reply hyp_put_vm(struct world *w, uint64_t handle);

/* The VM with this handle, an unsigned int at EL2; NULL: there is none. */
struct vm *hyp_find_vm(struct world *w, uint64_t handle);

/* @pages: of all CPUs by the descriptor; 0: that is not valid. */
struct reply hyp_tracing_load(struct world *w, unsigned int cpu,
			      uint64_t pages);
struct reply hyp_tracing_unload(struct world *w);

/* ---- world_host.c: the host's kernel ------------------------------------ */

#define KERNEL_BATCH 16u /* pages that it asks for in one call */

/* kernel_calls() - A hypercall: false if it is refused, and then it warned. */
bool kernel_calls(struct world *w, struct world_result *r);

/* A page of the host's for its kernel, if there is one; and back. */
bool kernel_takes(struct world *w);
void kernel_frees(struct world *w, uint32_t pages);

/* kernel_loops() - pkvm_call_hyp_req() around @call. @id: whose pages lack. */
void kernel_loops(struct world *w, struct world_result *r, unsigned int tries,
		  uint64_t id, struct reply (*call)(struct world *w, void *arg),
		  void *arg);

uint64_t kernel_reclaims(struct world *w, struct world_result *r, uint64_t id,
			 uint64_t target);

#endif
