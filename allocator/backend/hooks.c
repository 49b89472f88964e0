/* SPDX-License-Identifier: GPL-2.0-only */
#include "state.h"

/*
 * What happens in the middle of a call: hooks, and the calls nested in it. The
 * record of the call that is interrupted goes on afterwards as if nothing had
 * been, but that it also tells what the nested ones wrote, unmapped, touched
 * without a lock or left unwiped.
 */

static struct backend_record interrupted; /* while a hook runs */

static void forget(struct backend_record *r)
{
	r->calls = 0;
	r->stores = 0;
	r->unmap_lo = UINT64_MAX;
	r->unmap_hi = 0;
	r->unlocked_nr = 0;
	r->unlocked_cache = false;
	r->unwiped = false;
	r->sanitizer = false;
	r->hvcs = 0;
}

/* What a nested call did, besides what it counted, becomes part of @outer. */
static void join(struct backend_record *outer)
{
	const struct backend_record inner = backend.record;

	backend.record = *outer;
	if (inner.stores > BACKEND_STORES)
		backend.record.stores = inner.stores;
	else
		for (uint32_t i = 0; i < inner.stores; i++)
			backend_note_store(inner.store[i].lo,
					   inner.store[i].hi);
	for (uint32_t i = 0; i < inner.unlocked_nr; i++)
		backend_note_unlocked(inner.unlocked[i].lo,
				      inner.unlocked[i].hi);
	if (inner.unmap_lo < backend.record.unmap_lo)
		backend.record.unmap_lo = inner.unmap_lo;
	if (inner.unmap_hi > backend.record.unmap_hi)
		backend.record.unmap_hi = inner.unmap_hi;
	backend.record.unlocked_cache |= inner.unlocked_cache;
	backend.record.sanitizer |= inner.sanitizer;
	if (inner.unwiped && !backend.record.unwiped) {
		backend.record.unwiped = true;
		backend.record.unwiped_byte = inner.unwiped_byte;
		backend.record.unwiped_page = inner.unwiped_page;
		backend.record.unwiped_at = inner.unwiped_at;
	}
	*outer = backend.record;
}

void backend_record_begins(void)
{
	if (backend.nested)
		join(&interrupted);
	forget(&backend.record);
}

void backend_run_hook(void (*hook)(void *data))
{
	jmp_buf *const out = backend.out;
	const uintptr_t stack_top = backend.stack_top;
	const struct backend_hooks hooks = backend.hooks;
	const uint64_t calls_bound = backend.calls_bound;
	const uint64_t accesses_bound = backend.accesses_bound;
	const int64_t accesses_left = backend.accesses_left;
	const uint32_t cpu = backend.cpu;

	/* a crash of the hook itself is not the target's; and one level is all */
	backend.out = NULL;
	backend.hooks = (struct backend_hooks){.data = NULL};
	interrupted = backend.record;
	forget(&backend.record);
	backend.accesses_left = (int64_t)accesses_bound;
	backend.nested = true;

	hook(hooks.data);

	backend.nested = false;
	join(&interrupted);
	backend.hooks = hooks;
	backend.calls_bound = calls_bound;
	backend.accesses_bound = accesses_bound;
	backend_set_cpu(cpu);
	backend.out = out;
	backend.stack_top = stack_top;
	backend_enter(false); /* only EL2 has locks, and is donated pages */
	backend.accesses_left = accesses_left;
	if (backend.ended && out)
		backend_unwind(out);
}
