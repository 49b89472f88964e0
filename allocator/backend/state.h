/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_BACKEND_STATE_H
#define HYPHEAP_BACKEND_STATE_H

#include "memory.h"
#include "mmu.h"

/* Shared by the backend's own files. */

#define ARENA_BYTES (BACKEND_LINEAR_MAX + BACKEND_PRIVATE_MAX)
#define ARENA_PAGES (ARENA_BYTES >> 12)
#define ARENA_ALIGN (1ul << 16) /* the largest page */
#define HOST_WINDOW ARENA_BYTES /* offset; nothing is mapped there */
#define POOL_MAX 65536u

/* Hang: so many loads and stores for each kernel-interface call allowed. */
#define ACCESSES_PER_CALL 32

/* What the target may do with each page of the arena. */
extern uint8_t backend_allowed[ARENA_PAGES];
/* Blocks of the private window that it may touch, and that are in memory. */
extern uint8_t backend_ready[BACKEND_PRIVATE_MAX >> 6];
extern struct backend_page backend_pool[POOL_MAX];

/* Pool page + 1 behind a page of the private window, 0: none. */
extern uint32_t backend_behind[BACKEND_PRIVATE_MAX >> 12];
void backend_set_behind(uint64_t private_page, uint32_t behind_it);

/*
 * backend_poison_to() - Poison the window at @base up to @end.
 * @done: how far it has been poisoned already, bytes; comes back as @end if
 *that is further
 */
void backend_poison_to(uint64_t *done, uint64_t base, uint64_t end);

/* backend_touch() - A reset must look at this pool page. */
void backend_touch(uint32_t page);

/* backend_is_due() - An armed fault counts down: is it this one's turn? */
static inline bool backend_is_due(uint64_t *fault)
{
	return *fault && !--*fault;
}

static inline size_t page_bytes(void)
{
	return (size_t)1 << backend.shift;
}

/* What a host's page is full of: never 0, and another in the next page. */
static inline uint8_t backend_junk_byte(uint32_t page)
{
	return 0x80 | page % 127;
}

/* Where the bytes of a pool page are that EL2 has not mapped. */
static inline uint8_t *linear_bytes(uint32_t page)
{
	if (backend.mmu)
		return backend_mmu_bytes(page);

	return backend.arena + ((uint64_t)page << backend.shift);
}

/* ---- content.c ---------------------------------------------------------- */

/*
 * content_need() - Let bytes of the arena, or any other, be in memory: whoever
 * comes next reads or writes them there.
 */
void content_need(uintptr_t at, size_t bytes);

/* content_ready() - Tell backend_ready[] of a page of the private window. */
void content_ready(const struct backend_page *page);

/*
 * content_set_link(), content_link() - The first word of a page, where a
 * memcache has its link, wherever the page's bytes are.
 */
void content_set_link(struct backend_page *page, uint64_t link);
uint64_t content_link(const struct backend_page *page);

/* content_move() - The bytes of a page go from one window to the other. */
void content_move(const struct backend_page *page, uint8_t *to,
		  const uint8_t *from);

/* content_nonzero() - raw_nonzero() of [@lo, @hi) in a page. */
size_t content_nonzero(const struct backend_page *page, size_t lo, size_t hi);

/* Plain bytes, past ASan's poison (raw.c). */
void bytes_fill(void *to, uint8_t byte, size_t bytes);
void bytes_copy(void *to, const void *from, size_t bytes);
size_t bytes_nonzero(const void *at, size_t bytes);
size_t bytes_differ(const void *a, const void *b, size_t bytes);

/* ------------------------------------------------------------------------- */

/* backend_note_store() - The target wrote bytes of the private window. */
void backend_note_store(uint64_t lo, uint64_t hi);
/* backend_note_unlocked() - It touched them, and its CPU holds no lock. */
void backend_note_unlocked(uint64_t lo, uint64_t hi);

/* backend_unwind() - Leave the target for where the call into it was made. */
__attribute__((noreturn)) void backend_unwind(jmp_buf *out);

/*
 * backend_run_hook() - Let @hook, of backend.hooks, run now: it may make calls,
 * which are nested in this one. If one of those does not return, neither does
 * this.
 */
void backend_run_hook(void (*hook)(void *data));

/* backend_record_begins() - Forget the record, but not for who is interrupted. */
void backend_record_begins(void);

/* backend_page_state() - Whose a page is, for people. */
const char *backend_page_state(uint32_t page);

/*
 * backend_refuse(), backend_hang() - End the call: a forbidden access, or one
 * thing too many.
 */
__attribute__((noreturn)) void backend_refuse(uintptr_t at, size_t bytes,
					      bool store, uintptr_t pc);
__attribute__((noreturn)) void backend_hang(const char *what, uintptr_t pc);

/*
 * backend_host_bytes() - Where the bytes at an address of the host's window
 * are; a fault if the host does not own all of them.
 */
uint8_t *backend_host_bytes(uintptr_t at, size_t bytes, bool store,
			    uintptr_t pc);
/* backend_host_refusal() - Say what the host did, in backend.stop.what. */
void backend_host_refusal(uintptr_t at, size_t bytes, bool store);

static inline bool backend_in_host_window(uintptr_t at)
{
	return at - (uintptr_t)backend.arena - HOST_WINDOW < BACKEND_LINEAR_MAX;
}

/*
 * backend_allow() - Let the target at a page of the arena, where the bytes of
 * @page are, or, NULL, no longer.
 */
void backend_allow(uint64_t arena_page, const struct backend_page *page);

/* backend_set_plain() - Who runs, or how many locks it holds, has changed. */
static inline void backend_set_plain(void)
{
	backend.plain_end =
		backend.locks && !backend.host_side ? BACKEND_PRIVATE_MAX : 0;
}

static inline uint64_t private_to_arena_page(uint64_t private_page)
{
	return (BACKEND_LINEAR_MAX >> backend.shift) + private_page;
}

#endif
