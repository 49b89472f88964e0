/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_TESTS_HOOK_H
#define HYPHEAP_TESTS_HOOK_H

/* A hook that does something the n-th time it is called. */
#include "host_ops.h"

/* What the hook is to do, when, and what it saw. */
static struct {
	unsigned int calls; /* how often it was called */
	unsigned int at;    /* 0: at none */
	void (*act)(void);
} hook;

static inline void called(void *data)
{
	assert_ptr_equal(data, &hook);
	/* a crash here would not be the target's */
	assert_null(backend.out);
	if (++hook.calls == hook.at)
		hook.act();
}

static const struct heap_hooks at_unlock = {.unlock = called, .data = &hook};
static const struct heap_hooks at_donate = {.donate = called, .data = &hook};

static inline void hook_up(const struct heap_hooks *hooks, unsigned int at,
			   void (*act)(void))
{
	hook.calls = 0;
	hook.at = at;
	hook.act = act;
	heap_set_hooks(hooks);
}

static inline int boot_topped_up(void **state)
{
	(void)state;
	boot(false, 64);
	assert_int_equal(topup(10), 0);
	heap_begin(BOUND);

	return 0;
}

static inline uint64_t allocate(uint64_t bytes)
{
	uint64_t offset;
	bool got;

	returned(heap_alloc(bytes, &got, &offset));
	assert_true(got);

	return offset;
}

#endif
