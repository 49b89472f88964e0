/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>

#include "minimise_try.h"

/* Simpler numbers. */

struct values {
	uint64_t *out;
	uint32_t nr;
	uint64_t below; /* all of them come before this one */
};

static void add(struct values *v, uint64_t value)
{
	if (v->nr < VALUES_MAX && minimise_value_order(value, v->below) < 0)
		v->out[v->nr++] = value;
}

/* One digit and zeros. */
static void add_round(struct values *v, uint64_t base)
{
	uint64_t unit, digit;

	for (unit = 1; unit / base <= v->below; unit *= base) {
		for (digit = 1; digit < base; digit++)
			add(v, digit * unit);
		if (unit > UINT64_MAX / base)
			break;
	}
}

/* The number itself with less in it. */
static void add_parts(struct values *v, uint64_t value)
{
	for (unsigned int bit = 0; bit < 64; bit++) {
		uint64_t one = UINT64_C(1) << bit;

		if (one > value)
			break;
		add(v, value - one);
		add(v, value & ~(one - 1));
		add(v, value >> bit);
		if (value & one)
			add(v, one);
	}
	for (uint64_t unit = 10; unit <= value; unit *= 10) {
		add(v, value / unit * unit);
		if (value / unit < UINT64_MAX / unit)
			add(v, (value / unit + 1) * unit);
		if (unit > UINT64_MAX / 10)
			break;
	}
}

/* What lies at the edges of pages: headers of 16, smallest chunks of 32. */
static void add_edges(struct values *v, uint64_t value, uint64_t page)
{
	static const uint32_t before[] = {1, 16, 32, 48, 64};

	for (uint64_t n = 1; n <= 8 && n * page <= value + page; n++)
		for (unsigned int i = 0; i < sizeof(before) / sizeof(*before);
		     i++) {
			add(v, n * page - before[i]);
			add(v, n * page + before[i]);
		}
}

static int by_order(const void *a, const void *b)
{
	return minimise_value_order(*(const uint64_t *)a, *(const uint64_t *)b);
}

static void add_places(struct values *v, uint64_t value)
{
	uint64_t head = value & ~(uint64_t)UINT32_MAX;
	uint64_t inner[VALUES_MAX];
	uint32_t nr;

	for (uint64_t plain = 0; plain < 8; plain++)
		add(v, plain);
	if (op_tag(value) == OP_TAG_FRAME)
		return;
	nr = minimise_values(op_tag_offset(value), 0, inner);
	for (uint32_t i = 0; i < nr; i++)
		add(v, head | inner[i]);
}

uint32_t minimise_values(uint64_t value, uint64_t page,
			 uint64_t out[VALUES_MAX])
{
	struct values v = {.out = out, .below = value};
	uint32_t nr = 0;

	if (op_tag(value)) {
		add_places(&v, value);
	} else {
		add(&v, 0);
		if (page)
			v.out[v.nr++] = 16;
		add_round(&v, 10);
		add_round(&v, 16);
		add_parts(&v, value);
		if (page)
			add_edges(&v, value, page);
	}

	qsort(out, v.nr, sizeof(*out), by_order);
	for (uint32_t i = 0; i < v.nr; i++)
		if (!nr || out[nr - 1] != out[i])
			out[nr++] = out[i];
	return nr;
}
