/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_PAGE_ROWS_H
#define HYPHEAP_PAGE_ROWS_H

#include "run/run.h"

/*
 * What was seen of a run, a row of JSON an operation. A row says what has
 * changed since the one before; data.js puts the heap together again from it.
 *
 *	[op, result,
 *	 [host, spare, mapped, guest, hyp, used, free, reclaimable],
 *	 chunks, objects, pages, more]
 *
 * chunks: 0, or [keep, drop, offset, unmapped, ...]: of the list before, the
 *	first "keep" stay, the next "drop" go, and these are in their place;
 *	"unmapped" is that word of the header, and 1 << 32 more where the
 *	header's hash does not fit its words.
 * objects: likewise, [keep, drop, offset, size, name, ...]; the name is that of
 *	the slot, or of an object of EL2's own.
 * pages: 0, or [heap page, pool page, ...]; -1: it is no longer mapped.
 * more: 0, or an object of what is rare: "heap", its size in bytes if that has
 *	changed; "written", the operation if it took another slot than it names;
 *	"within", [[op, result], ...], what waited for it; "broken" and
 *	"broken_at", why the walk over the headers ended early, and where;
 *	"ended", where it panicked, faulted or hung.
 */

#define ROWS_MAX 4000u
#define ROWS_BYTES_MAX (4u << 20)

struct rows;

/* rows_create() - Aborts when out of memory, as the others. */
struct rows *rows_create(void);
void rows_destroy(struct rows *rows);

/* rows_begin() - A run begins; operations before @first get no row. */
void rows_begin(struct rows *rows, uint32_t first);

/* rows_watch() - A run_config.watch; @data: the struct rows. */
void rows_watch(void *data, const struct run *run, const struct step *step);

/**
 * rows_end() - The run is over.
 *
 * Return: the rows, a JSON array, good until the next rows_begin(); NULL if
 * they are more than ROWS_MAX or ROWS_BYTES_MAX.
 */
const char *rows_end(struct rows *rows);

#endif
