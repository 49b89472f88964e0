/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_MODEL_TESTS_TABLE_H
#define HYPHEAP_MODEL_TESTS_TABLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/model.h"

/*
 * Tests of the model read as tables of the expected heap: a line of chunks and
 * a line of pages. "ADDR used SIZE" or "ADDR free", ">MARK" where a hole
 * begins, joined by ", "; a list without chunks is "empty >FIRST_UNMAPPED".
 * One '#' a mapped page, '.' an unmapped one up to the last mapped.
 */

#define K 1024u

/* world() - A fresh heap of @heap pages; @spare of @pool pages are in its
 * cache. */
void world(struct model *m, uint32_t page, uint32_t heap, uint32_t pool,
	   uint32_t spare);

/* alloc() - Must succeed on CPU 0; the offset. */
uint32_t alloc(struct model *m, uint64_t bytes);

/* refused() - Must fail with @err, asking for @need pages, read and cleared. */
void refused(struct model *m, uint64_t bytes, int err, uint32_t need);

/* release() - Must be accepted. */
void release(struct model *m, uint32_t offset);

#define expect_heap(m, chunks, pages) \
	expect_heap_at(m, chunks, pages, __FILE__, __LINE__)
void expect_heap_at(struct model *m, const char *chunks, const char *pages,
		    const char *file, int line);

/* The line of pages alone. */
#define expect_map(m, pages) expect_map_at(m, pages, __FILE__, __LINE__)
void expect_map_at(struct model *m, const char *pages, const char *file,
		   int line);

#define expect_pages(m, host, spare, mapped) \
	expect_pages_at(m, host, spare, mapped, __FILE__, __LINE__)
void expect_pages_at(struct model *m, uint32_t host, uint32_t spare,
		     uint32_t mapped, const char *file, int line);

/* The model lives from setup to teardown; each test makes its world. */
int make_model(void **state);
int drop_model(void **state);
#define model_test(f) cmocka_unit_test_setup_teardown(f, make_model, drop_model)

#endif
