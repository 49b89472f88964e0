/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_BACKEND_MMU_H
#define HYPHEAP_BACKEND_MMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The same windows on memory of the kernel's: a page of the pool is a page of
 * a file in memory, which the windows really show or not. What EL2 may not
 * touch faults, and two addresses of a page are the same bytes. Chosen with
 * backend_use_mmu(); then backend.mmu is set, and the rest of the backend calls
 * these where it would move bytes.
 *
 * The harness has a window of its own, in which every page is always there.
 */

/**
 * backend_use_mmu() - From the first backend_reset() on, use this.
 *
 * Return: 0, or a negative errno with one line in @why: this machine cannot.
 */
int backend_use_mmu(char *why, size_t size);

/* Around the windows nothing is mapped for so many bytes. */
#define BACKEND_MMU_GUARD (4ul << 30)

/* backend_mmu_create() - The windows, in the arena, where nothing is yet. */
void backend_mmu_create(void);

/* backend_mmu_reset() - What is in the pages from now on is junk. */
void backend_mmu_reset(void);

/* backend_mmu_bytes() - Where the harness sees a pool page. */
uint8_t *backend_mmu_bytes(uint32_t page);
/* backend_mmu_junk() - The page is all junk again. */
void backend_mmu_junk(uint32_t page);

/*
 * backend_mmu_allow() - Show EL2 a page of its linear window, or hide one of
 * either window; what is behind a page of the private one: backend_mmu_map().
 */
void backend_mmu_allow(uint64_t arena_page, bool allow);
void backend_mmu_map(uint64_t private_page, uint32_t page);

/*
 * backend_mmu_leave() - EL2 is about to do what its books forbid, with the code
 * at @pc: that is left to the MMU, and backend_mmu_fault() will know what it
 * was.
 */
void backend_mmu_leave(uintptr_t at, size_t bytes, bool store, uintptr_t pc);

/* backend_mmu_try() - Touch each page of a range before any byte changes. */
void backend_mmu_try(uintptr_t at, size_t bytes);

/*
 * backend_mmu_fault() - While the target runs there was a fault at @at. Ends
 * the call in the words that the books have for it; returns if they have none.
 */
void backend_mmu_fault(uintptr_t at);

#endif
