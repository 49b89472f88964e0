/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_PROGRAM_TEST_H
#define HYPHEAP_PROGRAM_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "program/gen.h"
#include "program/prog.h"

/* What more than one test of this folder needs. */

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const uint8_t all_kinds[] = {
#define OP(id, number, word, slot, grammar, what) (number),
#include "program/ops.def"
#undef OP
};

/* What programs have that are about neither corruption nor the host. */
static const uint8_t usual_kinds[] = {
#define OP(id, number, word, slot, grammar, what) \
	(number) > OP_MISUSE ? OP_ALLOC : (number),
#include "program/ops.def"
#undef OP
};

/* The rules of prog.h and op.h, written down a second time. */
static inline void assert_valid(const struct prog *prog)
{
	const struct prog_world *w = &prog->world;
	uint32_t page = 1u << w->page_shift, i;

	assert_true(page == 4096 || page == 16384 || page == 65536);
	assert_in_range(w->heap_pages, 1, (128u << 20) / page);
	assert_in_range(w->heap_pages, 1, 65535);
	assert_in_range(w->pool_pages, 0, (256u << 20) / page);
	assert_in_range(w->pool_pages, 0, 65535);
	assert_in_range(w->cpus, 1, 4);
	assert_true(w->swarm != 0);
	assert_true((w->swarm & ~prog_swarm_all()) == 0);

	for (i = 0; i < prog->nr; i++) {
		const struct op *op = &prog->ops[i];
		struct op fixed = *op;

		assert_true(op->kind < 64 && (w->swarm >> op->kind & 1));
		assert_true(op->slot < 4096);
		if (op->kind == OP_CPU)
			assert_true(op->arg < w->cpus);
		if (op->kind == OP_FAIL)
			assert_true(op->arg >= 1 && op->sub < 4);
		if (op->kind == OP_POKE)
			assert_true(op->arg >> 56 == 0xa1 &&
				    (op->arg & 0xffff0007) == 0);
		if (op->kind == OP_CREATE || op->kind == OP_DESTROY)
			assert_true(op->slot < 32);
		if (op->kind == OP_MISUSE)
			assert_true(op->sub < MISUSE_KINDS);
		if (op->kind == OP_CORRUPT)
			assert_true((op->sub & 0x7f) < CORRUPT_KINDS);
		else if (op_slot(op) == SLOT_NONE && op->kind != OP_CREATE &&
			 op->kind != OP_DESTROY)
			assert_int_equal(op->slot, 0);
		if (op->kind != OP_HVC && op->kind != OP_POKE)
			assert_true(!op->x[0] && !op->x[1]);
		if (!op_event(op))
			assert_int_equal(op->at, 0);
		op_fix(&fixed, w->cpus);
		assert_true(op_equal(&fixed, op));
	}
}

static inline char *printed(const struct prog *prog, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	assert_non_null(out);
	prog_print(prog, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* Encode into memory of exactly that size, for the caller to free. */
static inline uint8_t *encoded(const struct prog *prog, size_t *len)
{
	uint8_t *bytes;

	*len = prog_size(prog);
	bytes = malloc(*len);
	assert_non_null(bytes);
	assert_int_equal(prog_encode(prog, bytes, *len), *len);
	return bytes;
}

/* Parse what must be right; a failure prints where it is not. */
static inline void parsed(struct prog *prog, const char *text)
{
	struct text_error err;

	if (prog_parse(prog, text, strlen(text), &err))
		fail_msg("%u:%u: %s\n%s", err.line, err.column, err.what, text);
}

/* Put @s there, without its end. */
static inline void lay(char *at, const char *s)
{
	while (*s)
		*at++ = *s++;
}

#endif
