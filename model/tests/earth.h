/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_MODEL_TESTS_EARTH_H
#define HYPHEAP_MODEL_TESTS_EARTH_H

#include "model/world.h"
#include "table.h"

/*
 * A small world for tests: a heap, the world around it, and for raw hypercalls
 * a memory of a few pages whose owners and words the test says. Tests read as
 * tables of where all pages are: "free 5, used 2, spare 1", what is 0 left out.
 */

#define EARTH_PAGES 64u
#define EARTH_WORDS 16u /* at the start of each page */
#define EARTH_BASE 0x4000000000ull

struct earth {
	struct model *m;
	struct world *w;
	struct world_memory mem;
	enum world_owner owner[EARTH_PAGES];
	bool uses[EARTH_PAGES];
	uint64_t word[EARTH_PAGES][EARTH_WORDS];
	uint32_t pool; /* pages in all */
	uint32_t donations, unlocks;
	/* what another CPU does at the n-th unlock from now */
	void (*other)(struct earth *e);
	uint32_t other_at;
	/* the host writes at the n-th donation from now */
	uint32_t poke_at;
	uint64_t poke_page, poke_word;
};

/*
 * earth() - A fresh one of 4096-byte pages and 2 CPUs: the heap is set up and
 * has nothing, all pages are the host's, which still has its privileges.
 */
void earth(struct earth *e, uint32_t heap, uint32_t pool);

/* The same with other sizes of a VM and a vCPU, and without privileges. */
void earth_of(struct earth *e, uint32_t heap, uint32_t pool, uint64_t vm_bytes,
	      uint64_t vcpu_bytes, bool privileged);

/* phys() - Physical address of page @n; frame() - its number as EL2 counts. */
uint64_t phys(uint32_t n);
uint64_t frame(uint32_t n);

/* at_unlock() - @other runs at the @n-th unlock from now. */
void at_unlock(struct earth *e, uint32_t n, void (*other)(struct earth *e));

/*
 * expect_where() - All pages are there, the model holds, and the ledger is all
 * that is in use in the heap, but for @own objects of the test's.
 */
#define expect_where(e, where) expect_where_at(e, where, 0, __FILE__, __LINE__)
#define expect_where_own(e, own, where) \
	expect_where_at(e, where, own, __FILE__, __LINE__)
void expect_where_at(struct earth *e, const char *where, uint32_t own,
		     const char *file, int line);

/* expect_ledger() - "vm 1000 at 16, vcpu 1000.3 at 3120, trace at 11328" */
#define expect_ledger(e, text) expect_ledger_at(e, text, __FILE__, __LINE__)
void expect_ledger_at(struct earth *e, const char *text, const char *file,
		      int line);

/* world_is_sound() - NULL, or what is wrong; @own: objects of the test's. */
const char *world_is_sound(const struct earth *e, uint32_t own);

int make_earth(void **state);
int drop_earth(void **state);
#define earth_test(f) cmocka_unit_test_setup_teardown(f, make_earth, drop_earth)

#endif
