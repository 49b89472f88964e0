/* SPDX-License-Identifier: GPL-2.0-only */
#define _GNU_SOURCE
#include "mmu.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "asan.h"
#include "state.h"

/*
 *	file     [0][1][2][3]...   the pool, BACKEND_LINEAR_MAX bytes
 *	harness  [0][1][2][3]...   all of it, always
 *	guard
 *	linear   [ ][1][ ][3]...   what EL2 owns and has not mapped
 *	private  [2][ ][ ]...      what it has mapped, in its order
 *	host                       nothing: addresses that mean nothing to EL2
 *	guard
 *
 * A header's distance is of 32 bits: from anywhere in the heap it leads to a
 * window or to a guard, so that what goes astray does so in here.
 */

static int file = -1;
static uint8_t *harness;

/* Before reset number junk_since[page] lies all that was in the page but junk. */
static uint32_t junk_since[POOL_MAX];
static uint32_t resets;

/* The access that was left to the MMU last. */
static struct {
	uintptr_t at, pc;
	size_t bytes;
	bool store;
} left;

int backend_use_mmu(char *why, size_t size)
{
	const long page = sysconf(_SC_PAGESIZE);
	int err = 0;

	if (page != 4096) {
		snprintf(why, size,
			 "pages of %ld bytes here; heaps with pages of 4096 "
			 "need those",
			 page);
		return -ENOTSUP;
	}

	file = memfd_create("hypheap", MFD_CLOEXEC);
	if (file >= 0 && !ftruncate(file, BACKEND_LINEAR_MAX))
		harness = mmap(NULL, BACKEND_LINEAR_MAX, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_NORESERVE, file, 0);
	if (!harness || harness == MAP_FAILED) {
		err = -errno;
		snprintf(why, size, "no file in memory to map: %s",
			 strerror(errno));
		if (file >= 0)
			close(file);
		file = -1;
		harness = NULL;
		return err;
	}
	backend.mmu = true;

	return 0;
}

/* Between two accesses of the target, which would only go on in a wrong world. */
static __attribute__((noreturn)) void give_up(const char *what)
{
	const int err = errno;
	const char *hint = "";

	if (err == ENOMEM)
		hint = "; more mappings than the kernel's vm.max_map_count? "
		       "--backend=copy needs none";
	fprintf(stderr, "hypheap: --backend=mmu: %s: %s%s\n", what,
		strerror(err), hint);
	/* what a sanitizer does at the end needs mappings, too */
	fflush(stdout);
	_exit(3);
}

void backend_mmu_create(void)
{
	if (mmap(backend.arena, BACKEND_LINEAR_MAX, PROT_NONE,
		 MAP_SHARED | MAP_FIXED | MAP_NORESERVE, file, 0) == MAP_FAILED)
		give_up("the linear window");
}

void backend_mmu_reset(void)
{
	if (!++resets) {
		memset(junk_since, 0, sizeof(junk_since));
		resets = 1;
	}
}

uint8_t *backend_mmu_bytes(uint32_t page)
{
	uint8_t *at = harness + ((uint64_t)page << backend.shift);

	if (junk_since[page] != resets) {
		junk_since[page] = resets;
		bytes_fill(at, backend_junk_byte(page), page_bytes());
	}

	return at;
}

void backend_mmu_junk(uint32_t page)
{
	junk_since[page] = 0;
	backend_mmu_bytes(page);
}

void backend_mmu_allow(uint64_t arena_page, bool allow)
{
	const uint64_t linear = BACKEND_LINEAR_MAX >> backend.shift;
	void *at = backend.arena + (arena_page << backend.shift);

	if (arena_page < linear) {
		if (allow)
			backend_mmu_bytes((uint32_t)arena_page);
		if (mprotect(at, page_bytes(),
			     allow ? PROT_READ | PROT_WRITE : PROT_NONE))
			give_up("a page of the linear window");
	} else if (!allow) {
		if (mmap(at, page_bytes(), PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED |
				 MAP_NORESERVE,
			 -1, 0) == MAP_FAILED)
			give_up("a page of the private window");
	}
}

void backend_mmu_map(uint64_t private_page, uint32_t page)
{
	void *at = backend_private(private_page << backend.shift);
	const off_t offset = (off_t)page << backend.shift;

	backend_mmu_bytes(page);
	if (mmap(at, page_bytes(), PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, file, offset) == MAP_FAILED)
		give_up("a page of the private window");
}

/* ---- faults -------------------------------------------------------------- */

UNSANITIZED void backend_mmu_leave(uintptr_t at, size_t bytes, bool store,
				   uintptr_t pc)
{
	left.at = at;
	left.bytes = bytes;
	left.store = store;
	left.pc = pc;
}

UNSANITIZED void backend_mmu_try(uintptr_t at, size_t bytes)
{
	const uintptr_t last = at + bytes - 1;
	uintptr_t next;

	do {
		(void)*(const volatile uint8_t *)at;
		next = (at | 4095) + 1;
		at = next;
	} while (next && next - 1 < last);
}

/* A wild address that no page table could have comes as 0. */
void backend_mmu_fault(uintptr_t at)
{
	if (left.bytes && (at - left.at < left.bytes || !at)) {
		const size_t bytes = left.bytes;

		left.bytes = 0;
		backend_refuse(left.at, bytes, left.store, left.pc);
	}
	if (at - (uintptr_t)backend.arena < ARENA_BYTES &&
	    backend_allowed[(at - (uintptr_t)backend.arena) >> backend.shift]) {
		fprintf(stderr, "HARNESS BUG: a page fault where the books let "
				"EL2 "
				"at the page\n");
		exit(3);
	}
}
