/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>

#include "asan.h"
#include "state.h"

/*
 * The host's side of the machine. It sees all memory in a window of its own,
 * whose addresses mean nothing at EL2. The bytes are in the linear window; so
 * the host's code gets at its pages with memcpy(), memset() and through
 * memcaches, which look here for them, and not with plain loads and stores.
 */

#define PC ((uintptr_t)__builtin_return_address(0))

void backend_host_refusal(uintptr_t at, size_t bytes, bool store)
{
	const uint64_t offset = at - (uintptr_t)backend.arena;
	const char *verb = store ? "store to" : "load from";
	char *what = backend.stop.what;
	size_t room = sizeof(backend.stop.what);

	if (backend_in_host_window(at)) {
		uint64_t page = (offset - HOST_WINDOW) >> backend.shift;
		const char *state = "which is no memory";

		if (page < backend.pool)
			state = backend_pool[page].flags & PAGE_HOST
					? "not with memcpy() or memset()"
				: backend_pool[page].flags & PAGE_GUEST
					? "a page of a guest"
					: "a page of the hypervisor";
		snprintf(what, room,
			 "the host's %zu-byte %s pool page %llu, %s", bytes,
			 verb, (unsigned long long)page, state);
	} else {
		snprintf(what, room, "the host's %zu-byte %s %s", bytes, verb,
			 offset < ARENA_BYTES ? "an address of EL2's"
			 : at < 4096	      ? "a wild address near NULL"
					      : "a wild address");
	}
}

UNSANITIZED uint8_t *backend_host_bytes(uintptr_t at, size_t bytes, bool store,
					uintptr_t pc)
{
	const uint64_t memory = (uint64_t)backend.pool << backend.shift;
	const uint64_t offset = at - backend_host_window();

	if (offset >= memory || bytes > memory - offset)
		backend_refuse(at, bytes, store, pc);

	for (uint64_t page = offset >> backend.shift;
	     page <= (offset + bytes - 1) >> backend.shift; page++) {
		if (!(backend_pool[page].flags & PAGE_HOST))
			backend_refuse(backend_host_window() +
					       (page << backend.shift),
				       bytes, store, pc);
	}

	return linear_bytes((uint32_t)(offset >> backend.shift)) +
	       (offset & (page_bytes() - 1));
}

void backend_hvc(unsigned long regs[BACKEND_REGS])
{
	if (!backend_is_due(&backend.fail_hvc)) {
		backend_raw_hvc(regs);
		return;
	}

	/* what is in the registers then is nobody's answer */
	backend.record.hvcs++;
	regs[0] = ~0ul;
	for (unsigned int i = 1; i < BACKEND_REGS; i++)
		regs[i] = 0xbad0bad0bad0bad0ul + i;
}

void backend_raw_hvc(unsigned long regs[BACKEND_REGS])
{
	const uintptr_t stack_top = backend.stack_top;
	unsigned long el2[BACKEND_REGS];

	if (!backend.host_side)
		backend_panic("backend_hvc", NULL, 0,
			      "a hypercall from EL2 itself");

	for (unsigned int i = 0; i < BACKEND_REGS; i++)
		el2[i] = regs[i];

	backend.record.hvcs++;
	backend.stack_top = (uintptr_t)(el2 + BACKEND_REGS);
	backend_enter(false);
	backend.vector(el2);
	backend_enter(true);
	backend.stack_top = stack_top;

	for (unsigned int i = 0; i < BACKEND_REGS; i++)
		regs[i] = el2[i];
}

unsigned long backend_host_alloc(void)
{
	uint32_t page;

	if (backend_is_due(&backend.fail_page) || !backend.books.alloc(&page))
		return 0;

	backend_host_junk(page);

	return backend_page_phys(page);
}

void backend_host_free(unsigned long phys)
{
	int64_t page = backend_phys_page(phys);

	if (page < 0 || !(backend_pool[page].flags & PAGE_HOST))
		backend_refuse(phys - BACKEND_PHYS_BASE + backend_host_window(),
			       8, true, PC);
	backend.books.free((uint32_t)page);
}

void backend_host_keep(unsigned long phys)
{
	int64_t page = backend_phys_page(phys);

	if (page >= 0)
		backend.books.keep((uint32_t)page);
}

int backend_host_finds(unsigned long phys)
{
	return backend.books.finds(backend_phys_page(phys));
}

int backend_host_retry(long ret, unsigned int pages)
{
	return backend.books.retry(ret, pages);
}

void backend_host_warn(const char *function, const char *what)
{
	backend.books.warn(function, what);
}
