/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_HOST_BOOKS_H
#define HYPHEAP_HOST_BOOKS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The host's books of its pages, for host.c: what the host believes, which the
 * hypervisor's doings are held against. Each page is
 *
 *	FREE	the host's, to give away
 *	USED	its kernel took it: it keeps it, or donated it
 *	LOST	somebody past its kernel gave it away or shared it
 *
 * An operation costs what it takes and gives; only after a raw hypercall, or
 * where something is wrong, is every page looked at.
 */

void books_reset(uint32_t pages);

/* What the host's kernel calls; see struct heap_host. */
bool books_take(uint32_t *page);
void books_put(uint32_t page);
void books_keep(uint32_t page);
bool books_find(int64_t page);
void books_warn(const char *function, const char *what);

/*
 * books_check() - After an operation of the host's kernel: it can find what it
 * owns, and owns what it did not give.
 */
void books_check(void);

/* books_settle() - After a raw hypercall: believe what is. */
void books_settle(void);

/* books_take_list() - The pages of a list are free again. Return: how many. */
uint64_t books_take_list(uint64_t head, uint64_t nr);

/* books_find_fault() - Remember a finding, if it is the first. */
void books_find_fault(uint32_t page, const char *what);

#endif
