/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <string.h>

#include "table.h"

void world(struct model *m, uint32_t page, uint32_t heap, uint32_t pool,
	   uint32_t spare)
{
	model_reset(m, page, pool);
	assert_int_equal(model_init(m, (uint64_t)heap * page, 0), 0);
	model_topup(m, spare);
	assert_int_equal(m->spare, spare);
}

uint32_t alloc(struct model *m, uint64_t bytes)
{
	uint32_t offset = UINT32_MAX;

	assert_int_equal(model_alloc(m, 0, bytes, &offset), 0);
	assert_null(model_check(m));
	return offset;
}

void refused(struct model *m, uint64_t bytes, int err, uint32_t need)
{
	uint32_t offset = UINT32_MAX;

	assert_int_equal(model_alloc(m, 0, bytes, &offset), err);
	assert_int_equal(offset, UINT32_MAX);
	assert_int_equal(model_errno(m, 0), err);
	assert_int_equal(model_need(m, 0), need);
	assert_null(model_check(m));
}

void release(struct model *m, uint32_t offset)
{
	assert_true(model_free(m, offset));
	assert_null(model_check(m));
}

/* Append to the text at @buf, which holds @size bytes. */
#define add(buf, size, ...) \
	snprintf((buf) + strlen(buf), (size)-strlen(buf), __VA_ARGS__)

static void draw_chunks(const struct model *m, char *buf, size_t size)
{
	buf[0] = '\0';
	if (!m->nr)
		add(buf, size, "empty >%u", m->first_unmapped);
	for (uint32_t i = 0; i < m->nr; i++) {
		const struct model_chunk *c = &m->chunk[i];

		add(buf, size, "%s%u ", i ? ", " : "", c->addr);
		if (c->used)
			add(buf, size, "used %u", c->size);
		else
			add(buf, size, "free");
		if (c->mark)
			add(buf, size, " >%u", c->mark);
	}
}

static void draw_pages(const struct model *m, char *buf, size_t size)
{
	size_t top = 0;

	for (uint32_t page = 0; page + 1 < size && page < m->map_top; page++) {
		buf[page] = model_page_mapped(m, page) ? '#' : '.';
		if (model_page_mapped(m, page))
			top = page + 1;
	}
	buf[top] = '\0';
}

void expect_heap_at(struct model *m, const char *chunks, const char *pages,
		    const char *file, int line)
{
	char buf[4096];

	draw_chunks(m, buf, sizeof(buf));
	_assert_string_equal(buf, chunks, file, line);
	expect_map_at(m, pages, file, line);
}

void expect_map_at(struct model *m, const char *pages, const char *file,
		   int line)
{
	char buf[4096];

	draw_pages(m, buf, sizeof(buf));
	_assert_string_equal(buf, pages, file, line);
}

void expect_pages_at(struct model *m, uint32_t host, uint32_t spare,
		     uint32_t mapped, const char *file, int line)
{
	_assert_int_equal(m->host, host, file, line);
	_assert_int_equal(m->spare, spare, file, line);
	_assert_int_equal(m->mapped, mapped, file, line);
}

int make_model(void **state)
{
	*state = model_create();
	return *state ? 0 : -1;
}

int drop_model(void **state)
{
	model_destroy(*state);
	return 0;
}
