/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_OPS_H
#define HYPHEAP_OPS_H

/*
 * What a compiled target offers to heap.c: one table a page size. Basic types
 * only, because kernel code fills it in.
 */

struct heap_ops_list {
	unsigned long head;
	unsigned long nr;
};

struct heap_ops {
	unsigned int page_shift;
	const char *percpu_start, *percpu_end; /* what the target uses */
	unsigned int percpu_room;	       /* that there is for each CPU */
	char *data, *data_end;		       /* all that it can write */
	const char *ro, *ro_end;
	const void *host_list; /* the memcache that topup and reclaim pass */

	void (*boot)(void); /* once, before the first snapshot */
	int (*init)(unsigned long bytes);
	void *(*alloc)(unsigned long bytes);
	void (*free)(void *addr);
	int (*err)(void);
	unsigned int (*topup_needed)(void);
	unsigned long (*reclaimable)(void);
	int (*topup)(struct heap_ops_list *list);
	void (*reclaim)(struct heap_ops_list *list, unsigned long target);
	/* NULL where the allocator brings no self test */
	int (*selftest)(void);
	int (*selftest_topup)(struct heap_ops_list *list);
	unsigned int (*selftest_needed)(void);
};

extern const struct heap_ops heap_ops_12, heap_ops_14, heap_ops_16;

#endif
