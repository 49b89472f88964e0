/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "asan.h"

/*
 * What the target does besides calling: every load and store of it comes
 * through here, in every build, and is refused before it happens if the
 * hypervisor may not do it.
 *
 * Allowed are: pages of the arena that backend_allowed[] says; the part of the
 * stack that the target itself uses; its own data; its constants, to read. Code
 * that runs for the host (host.c here) sees nothing of the arena but what it
 * owns, by addresses of its own, and has data of its own.
 *
 * With backend.mmu nothing of EL2's is refused here: the books go on, and what
 * they forbid is done, for the MMU to refuse.
 */

UNSANITIZED void backend_unwind(jmp_buf *out)
{
	backend.out = NULL;
	backend_enter(false);
#if HYPHEAP_ASAN
	__asan_handle_no_return();
#endif
	_longjmp(*out, 1);
}

UNSANITIZED void backend_end_call(enum backend_end end, uintptr_t pc)
{
	jmp_buf *out = backend.out;

	if (!out) {
		fprintf(stderr,
			"HARNESS BUG: %s outside a call into the target: %s\n",
			end == BACKEND_PANIC ? "panic" : "fault",
			backend.stop.what);
		exit(3);
	}

	backend.stop.end = end;
	backend.stop.pc = pc;
	backend_unwind(out);
}

static void stop_at(const char *function, const char *file, int line)
{
	backend.stop.function = function;
	backend.stop.file = file;
	backend.stop.line = line;
}

void backend_panic(const char *function, const char *file, int line,
		   const char *what)
{
	stop_at(function, file, line);
	snprintf(backend.stop.what, sizeof(backend.stop.what), "%s", what);
	backend_end_call(BACKEND_PANIC, 0);
}

__attribute__((noreturn, cold)) void backend_hang(const char *what,
						  uintptr_t pc)
{
	stop_at("", NULL, 0);
	snprintf(backend.stop.what, sizeof(backend.stop.what), "%s", what);
	backend_end_call(BACKEND_HANG, pc);
}

UNSANITIZED void backend_count_call(void)
{
	if (backend.host_side)
		return;
	if (++backend.record.calls > backend.calls_bound && backend.out)
		backend_hang("more kernel-interface calls than the bound",
			     (uintptr_t)__builtin_return_address(0));
}

/* ---- loads and stores --------------------------------------------------- */

__attribute__((noreturn, noinline, cold)) void
backend_refuse(uintptr_t at, size_t bytes, bool store, uintptr_t pc)
{
	const uintptr_t arena = (uintptr_t)backend.arena;
	const char *verb = store ? "store to" : "load from";
	char *what = backend.stop.what;
	size_t room = sizeof(backend.stop.what);

	stop_at("", NULL, 0);
	if (backend.host_side) {
		backend_host_refusal(at, bytes, store);
	} else if (at - arena - HOST_WINDOW < BACKEND_LINEAR_MAX) {
		snprintf(what, room, "%zu-byte %s an address of the host's",
			 bytes, verb);
	} else if (at - arena < BACKEND_LINEAR_MAX) {
		uint64_t page = (at - arena) >> backend.shift;
		const char *state = "a page that is not memory";

		if (page < backend.pool)
			state = backend_page_state(page);
		snprintf(what, room, "%zu-byte %s pool page %llu, %s", bytes,
			 verb, (unsigned long long)page, state);
	} else if (at - arena < ARENA_BYTES) {
		uint64_t offset = at - arena - BACKEND_LINEAR_MAX;

		snprintf(what, room,
			 "%zu-byte %s offset %llu of the private range, where "
			 "nothing is mapped",
			 bytes, verb, (unsigned long long)offset);
	} else {
		snprintf(what, room, "%zu-byte %s a wild address%s", bytes,
			 verb, at < 4096 ? " near NULL" : "");
	}
	backend_end_call(BACKEND_FAULT, pc);
}

UNSANITIZED void backend_note_store(uint64_t lo, uint64_t hi)
{
	struct backend_record *r = &backend.record;

	if (r->stores && r->stores <= BACKEND_STORES) {
		uint64_t *last_lo = &r->store[r->stores - 1].lo;
		uint64_t *last_hi = &r->store[r->stores - 1].hi;

		if (lo <= *last_hi + 16 && hi + 16 >= *last_lo) {
			if (lo < *last_lo)
				*last_lo = lo;
			if (hi > *last_hi)
				*last_hi = hi;
			return;
		}
	}
	if (r->stores < BACKEND_STORES) {
		r->store[r->stores].lo = lo;
		r->store[r->stores].hi = hi;
	}
	if (r->stores <= BACKEND_STORES)
		r->stores++;
}

UNSANITIZED __attribute__((noinline)) void backend_note_unlocked(uint64_t lo,
								 uint64_t hi)
{
	struct backend_record *r = &backend.record;
	struct backend_span *span = r->unlocked;

	for (uint32_t i = r->unlocked_nr; i--;)
		if (lo <= span[i].hi && hi >= span[i].lo) {
			if (lo < span[i].lo)
				span[i].lo = lo;
			if (hi > span[i].hi)
				span[i].hi = hi;
			return;
		}

	if (r->unlocked_nr == BACKEND_UNLOCKED) {
		for (uint32_t i = 0; i < BACKEND_UNLOCKED; i++) {
			if (span[i].lo < lo)
				lo = span[i].lo;
			if (span[i].hi > hi)
				hi = span[i].hi;
		}
		r->unlocked_nr = 0;
	}
	span[r->unlocked_nr].lo = lo;
	span[r->unlocked_nr].hi = hi;
	r->unlocked_nr++;
}

/* The rare case of note_private(). */
UNSANITIZED static __attribute__((noinline)) void
note_private_unlocked(uint64_t offset, size_t bytes, bool store)
{
	backend_note_unlocked(offset, offset + bytes);
	if (store)
		backend_note_store(offset, offset + bytes);
}

/* An access to the private window, which is allowed. */
UNSANITIZED static inline void note_private(uint64_t offset, size_t bytes,
					    bool store)
{
	if (!backend.locks)
		note_private_unlocked(offset, bytes, store);
	else if (store)
		backend_note_store(offset, offset + bytes);
}

static inline bool within(uintptr_t at, size_t bytes, uintptr_t lo,
			  uintptr_t hi)
{
	return at >= lo && at <= hi && bytes <= hi - at;
}

/* Where the compiler counts lines, if it does: llvm-cov's, not the target's. */
extern char __start___llvm_prf_cnts[] __attribute__((weak));
extern char __stop___llvm_prf_cnts[] __attribute__((weak));

UNSANITIZED static bool outside_allowed(uintptr_t at, size_t bytes, bool store)
{
	const uintptr_t sp = (uintptr_t)__builtin_frame_address(0);
	const uintptr_t data = backend.host_side ? backend.host_data
						 : backend.data;
	const uintptr_t end = backend.host_side ? backend.host_data_end
						: backend.data_end;
	bool ours;

	ours = within(at, bytes, sp, backend.stack_top) ||
	       within(at, bytes, data, end) ||
	       (!store && within(at, bytes, backend.ro, backend.ro_end)) ||
	       within(at, bytes, (uintptr_t)__start___llvm_prf_cnts,
		      (uintptr_t)__stop___llvm_prf_cnts);
#if HYPHEAP_ASAN
	if (ours && __asan_region_is_poisoned((void *)at, bytes))
		ours = false;
#endif

	return ours;
}

/* What is written after a clean is not clean. */
UNSANITIZED static void note_linear_store(uint64_t offset, size_t bytes)
{
	for (uint64_t page = offset >> backend.shift;
	     page <= (offset + bytes - 1) >> backend.shift; page++)
		backend_pool[page].flags &= ~(PAGE_CLEAN | PAGE_AS_WAS);
}

/* What the books forbid EL2. */
UNSANITIZED static __attribute__((noinline, cold)) void
forbidden(uintptr_t at, size_t bytes, bool store, uintptr_t pc)
{
	if (!backend.mmu)
		backend_refuse(at, bytes, store, pc);
	backend_mmu_leave(at, bytes, store, pc);
}

/* Any access of EL2's to the arena, or that begins there. */
UNSANITIZED static __attribute__((noinline)) void
check_arena(uintptr_t at, size_t bytes, bool store, uintptr_t pc)
{
	const uint64_t offset = at - (uintptr_t)backend.arena;

	if (bytes > ARENA_BYTES - offset) {
		forbidden(at, bytes, store, pc);
		return;
	}
	for (uint64_t page = offset >> backend.shift;
	     page <= (offset + bytes - 1) >> backend.shift; page++)
		if (!backend_allowed[page]) {
			forbidden(at, bytes, store, pc);
			return;
		}

	if (offset >= BACKEND_LINEAR_MAX)
		note_private(offset - BACKEND_LINEAR_MAX, bytes, store);
	else if (store)
		note_linear_store(offset, bytes);
}

/* Any access: across pages, outside the arena, over the bound. */
UNSANITIZED static __attribute__((noinline)) void
check_any(uintptr_t at, size_t bytes, bool store, uintptr_t pc)
{
	const uint64_t offset = at - (uintptr_t)backend.arena;

	if (backend.host_side) {
		if (offset < ARENA_BYTES || !outside_allowed(at, bytes, store))
			backend_refuse(at, bytes, store, pc);
		return;
	}

	if (backend.accesses_left < 0)
		backend_hang("more loads and stores than the bound", pc);

	if (offset < ARENA_BYTES)
		check_arena(at, bytes, store, pc);
	else if (!outside_allowed(at, bytes, store))
		forbidden(at, bytes, store, pc);
}

/*
 * What check() leaves. Of what EL2 may touch in the arena the bytes are in
 * memory when this returns.
 */
UNSANITIZED static __attribute__((noinline)) void
check_other(uintptr_t at, size_t bytes, bool store, uintptr_t pc)
{
	check_any(at, bytes, store, pc);
	content_need(at, bytes);
}

/*
 * The common accesses first, in few steps. Words of 8 bytes are mostly of the
 * stack and of data of who runs, those of 4 of headers.
 */
UNSANITIZED static inline __attribute__((always_inline)) void
check(uintptr_t at, size_t bytes, bool store, uintptr_t pc)
{
	const uint64_t private = at - backend.window;

	if (access_count()) {
		if (bytes == 8 &&
		    (access_is_stack(at, bytes) || access_is_own(at, bytes)))
			return;
		if (access_is_plain(at, bytes, backend.block_shift)) {
			if (store)
				backend_note_store(private, private + bytes);
			return;
		}
		if (bytes != 8 &&
		    (access_is_own(at, bytes) || access_is_stack(at, bytes)))
			return;
	}
	check_other(at, bytes, store, pc);
}

/* An access of any length. Return: where the bytes are, or are to be. */
UNSANITIZED static void *check_range(uintptr_t at, size_t bytes, bool store,
				     uintptr_t pc)
{
	if (backend.host_side && backend_in_host_window(at)) {
		uint8_t *there = backend_host_bytes(at, bytes, store, pc);

		if (store)
			note_linear_store(at - backend_host_window(), bytes);
		return there;
	}

	backend.accesses_left--;
	check_any(at, bytes, store, pc);
	if (backend.mmu && !backend.host_side)
		backend_mmu_try(at, bytes);

	return (void *)at;
}

#define PC ((uintptr_t)__builtin_return_address(0))

#define ACCESS(bytes)                                             \
	void hyp_load##bytes(uintptr_t at);                       \
	void hyp_store##bytes(uintptr_t at);                      \
	void hyp_load##bytes##_noabort(uintptr_t at);             \
	void hyp_store##bytes##_noabort(uintptr_t at);            \
	UNSANITIZED void hyp_load##bytes(uintptr_t at)            \
	{                                                         \
		check(at, bytes, false, PC);                      \
	}                                                         \
	UNSANITIZED void hyp_store##bytes(uintptr_t at)           \
	{                                                         \
		check(at, bytes, true, PC);                       \
	}                                                         \
	UNSANITIZED void hyp_load##bytes##_noabort(uintptr_t at)  \
	{                                                         \
		check(at, bytes, false, PC);                      \
	}                                                         \
	UNSANITIZED void hyp_store##bytes##_noabort(uintptr_t at) \
	{                                                         \
		check(at, bytes, true, PC);                       \
	}

/* What inline.c leaves. */
#define ACCESS_REST(bytes)                                       \
	UNSANITIZED void access_load##bytes##_rest(uintptr_t at) \
	{                                                        \
		check(at, bytes, false, PC);                     \
	}

ACCESS_REST(4)
ACCESS_REST(8)
ACCESS(1)
ACCESS(2)
ACCESS(4)
ACCESS(8)
ACCESS(16)

void hyp_loadN(uintptr_t at, size_t bytes);
void hyp_storeN(uintptr_t at, size_t bytes);
void hyp_loadN_noabort(uintptr_t at, size_t bytes);
void hyp_storeN_noabort(uintptr_t at, size_t bytes);
void *hyp_memset(void *to, int byte, size_t bytes);
void *hyp_memcpy(void *to, const void *from, size_t bytes);
void *hyp_memmove(void *to, const void *from, size_t bytes);
int hyp_memcmp(const void *a, const void *b, size_t bytes);

UNSANITIZED void hyp_loadN(uintptr_t at, size_t bytes)
{
	if (bytes)
		content_need((uintptr_t)check_range(at, bytes, false, PC),
			     bytes);
}

UNSANITIZED void hyp_storeN(uintptr_t at, size_t bytes)
{
	if (bytes)
		content_need((uintptr_t)check_range(at, bytes, true, PC),
			     bytes);
}

UNSANITIZED void hyp_loadN_noabort(uintptr_t at, size_t bytes)
{
	if (bytes)
		content_need((uintptr_t)check_range(at, bytes, false, PC),
			     bytes);
}

UNSANITIZED void hyp_storeN_noabort(uintptr_t at, size_t bytes)
{
	if (bytes)
		content_need((uintptr_t)check_range(at, bytes, true, PC),
			     bytes);
}

UNSANITIZED void *hyp_memset(void *to, int byte, size_t bytes)
{
	if (bytes)
		raw_fill(check_range((uintptr_t)to, bytes, true, PC), byte,
			 bytes);

	return to;
}

UNSANITIZED void *hyp_memmove(void *to, const void *from, size_t bytes)
{
	const uint8_t *q;
	uint8_t *p;

	if (!bytes)
		return to;
	q = check_range((uintptr_t)from, bytes, false, PC);
	p = check_range((uintptr_t)to, bytes, true, PC);
	content_need((uintptr_t)p, bytes);
	content_need((uintptr_t)q, bytes);
	if (p <= q || p >= q + bytes) {
		bytes_copy(p, q, bytes);
	} else {
		while (bytes--)
			p[bytes] = q[bytes];
	}

	return to;
}

UNSANITIZED void *hyp_memcpy(void *to, const void *from, size_t bytes)
{
	const void *q;

	if (!bytes)
		return to;
	q = check_range((uintptr_t)from, bytes, false, PC);
	content_need((uintptr_t)q, bytes);
	raw_copy(check_range((uintptr_t)to, bytes, true, PC), q, bytes);

	return to;
}

UNSANITIZED int hyp_memcmp(const void *a, const void *b, size_t bytes)
{
	const uint8_t *p, *q;
	size_t at;

	if (!bytes)
		return 0;
	p = check_range((uintptr_t)a, bytes, false, PC);
	q = check_range((uintptr_t)b, bytes, false, PC);
	content_need((uintptr_t)p, bytes);
	content_need((uintptr_t)q, bytes);
	at = bytes_differ(p, q, bytes);

	return at == bytes ? 0 : (int)p[at] - (int)q[at];
}

/* Called before what does not return; backend_end_call() sees to it itself. */
void hyp_handle_no_return(void);
void hyp_handle_no_return(void)
{
}

/* A report of UBSan in code that goes on after it; see heap.c. */
void __ubsan_on_report(void);
void __ubsan_on_report(void)
{
	backend.record.sanitizer = true;
}
