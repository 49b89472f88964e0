/* SPDX-License-Identifier: GPL-2.0-only */
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "prog.h"
#include "scan.h"
#include "world.h"

/*
 * From text to a program. A statement is a line; the token that is looked at is
 * its first, and each function below takes the tokens it is named for.
 */

/* ---- the first two lines ------------------------------------------------ */

static int version_line(struct scan *scan)
{
	struct token token;
	char quoted[SCAN_QUOTE];
	uint64_t version;

	if (!token_is(&scan->token, "hypheap"))
		return scan_fail(scan, &scan->token,
				 "expected \"hypheap %d\" as the first line, "
				 "found %s",
				 PROG_VERSION,
				 scan_quote(&scan->token, quoted));
	if (scan_next(scan))
		return -1;
	token = scan->token;
	if (scan_number(scan, "the version", &version))
		return -1;
	if (version != PROG_VERSION)
		return scan_fail(scan, &token,
				 "version %" PRIu64 " is not known; this is "
				 "version %d",
				 version, PROG_VERSION);

	return scan_end(scan);
}

/* What a heap line says, before the page size is known that bounds it. */
struct heap_line {
	uint64_t value[KEY_COUNT];
	struct token token[KEY_COUNT];
	bool said[KEY_COUNT];
};

static int heap_key(struct scan *scan, struct heap_line *heap)
{
	char quoted[SCAN_QUOTE];
	unsigned int key;

	for (key = 0; key < KEY_COUNT; key++)
		if (token_is(&scan->token, world_key_word(key)))
			break;
	if (key == KEY_COUNT)
		return scan_fail(scan, &scan->token,
				 "unknown key %s; hypheap help ops lists them",
				 scan_quote(&scan->token, quoted));
	if (heap->said[key])
		return scan_fail(scan, &scan->token, "%s is said twice",
				 world_key_word(key));
	if (scan_next(scan) || scan_mark(scan, '='))
		return -1;
	heap->said[key] = true;
	heap->token[key] = scan->token;

	return scan_number(scan, world_key_word(key), &heap->value[key]);
}

static int heap_value(struct scan *scan, const struct heap_line *heap,
		      enum world_key key, struct prog_world *world)
{
	struct world_range range = world_key_range(key, world->page_shift);
	uint64_t value = heap->value[key];

	if (!heap->said[key])
		return 0;
	if (key == KEY_PAGE && !world_page_ok(value))
		return scan_fail(scan, &heap->token[key],
				 "page=%" PRIu64 "; it is 4096, 16384 or 65536",
				 value);
	if (value < range.lo || value > range.hi)
		return scan_fail(scan, &heap->token[key],
				 "%s=%" PRIu64 " is out of range; it is %u to "
				 "%u with page=%u",
				 world_key_word(key), value, range.lo, range.hi,
				 1u << world->page_shift);
	world_key_set(world, key, (uint32_t)value);
	return 0;
}

static int heap_line(struct scan *scan, struct prog_world *world)
{
	struct heap_line heap = {.said = {false}};
	unsigned int key;

	if (scan_next(scan))
		return -1;
	while (!token_ends(&scan->token))
		if (heap_key(scan, &heap))
			return -1;

	if (heap_value(scan, &heap, KEY_PAGE, world))
		return -1;
	for (key = 0; key < KEY_COUNT; key++)
		if (heap_value(scan, &heap, key, world))
			return -1;
	return 0;
}

/* ---- operations --------------------------------------------------------- */

static int init_operands(struct scan *scan, struct op *op)
{
	if (token_is(&scan->token, "refused")) {
		op->sub = INIT_REFUSED;
		if (scan_next(scan))
			return -1;
	}
	return scan_number(scan, "BYTES", &op->arg);
}

static int reclaim_operands(struct scan *scan, struct op *op)
{
	if (token_is(&scan->token, "all")) {
		op->arg = UINT64_MAX;
		return scan_next(scan);
	}
	return scan_number(scan, "PAGES", &op->arg);
}

static int cpu_operands(struct scan *scan, struct op *op, uint32_t cpus)
{
	struct token token = scan->token;

	if (scan_number(scan, "N", &op->arg))
		return -1;
	if (op->arg >= cpus)
		return scan_fail(scan, &token,
				 "cpu %" PRIu64 " is out of range; it is 0 to "
				 "%u with cpus=%u",
				 op->arg, cpus - 1, cpus);
	return 0;
}

static int fail_operands(struct scan *scan, struct op *op)
{
	char quoted[SCAN_QUOTE];
	struct token token;

	for (op->sub = 0; op->sub < FAIL_KINDS; op->sub++)
		if (token_is(&scan->token, fail_word(op->sub)))
			break;
	if (op->sub == FAIL_KINDS)
		return scan_fail(scan, &scan->token,
				 "unknown fault %s; fail has map, donate, "
				 "page, "
				 "hvc",
				 scan_quote(&scan->token, quoted));
	if (scan_next(scan))
		return -1;
	token = scan->token;
	if (scan_number(scan, "N", &op->arg))
		return -1;
	if (!op->arg)
		return scan_fail(scan, &token,
				 "fail %s 0 fails nothing; N is from 1",
				 fail_word(op->sub));
	return 0;
}

static int shrink_operands(struct scan *scan, struct op *op)
{
	if (token_is(&scan->token, "count")) {
		op->sub = SHRINK_COUNT;
		return scan_next(scan);
	}
	return scan_number(scan, "PAGES", &op->arg);
}

static int misuse_operands(struct scan *scan, struct op *op)
{
	char quoted[SCAN_QUOTE];

	for (op->sub = 0; op->sub < MISUSE_KINDS; op->sub++)
		if (token_is(&scan->token, misuse_word(op->sub)))
			break;
	if (op->sub == MISUSE_KINDS)
		return scan_fail(scan, &scan->token,
				 "unknown kind %s; free! has double, stale, "
				 "inside, misaligned, outside, below, null",
				 scan_quote(&scan->token, quoted));
	if (scan_next(scan))
		return -1;

	return op_slot(op) == SLOT_NONE ? 0 : scan_slot(scan, &op->slot);
}

/* What stands behind the word of an operation. A new kind has its case here. */
static int operands(struct scan *scan, struct op *op, uint32_t cpus)
{
	switch ((enum op_kind)op->kind) {
	case OP_ALLOC:
		return scan_number(scan, "BYTES", &op->arg);
	case OP_CALL:
		if (scan_word(scan, "alloc"))
			return -1;
		return scan_number(scan, "BYTES", &op->arg);
	case OP_FREE:
	case OP_WRITE:
		return scan_slot(scan, &op->slot);
	case OP_TOPUP:
		return scan_number(scan, "PAGES", &op->arg);
	case OP_SHRINK:
		return shrink_operands(scan, op);
	case OP_RECLAIM:
		return reclaim_operands(scan, op);
	case OP_CPU:
		return cpu_operands(scan, op, cpus);
	case OP_FAIL:
		return fail_operands(scan, op);
	case OP_INIT:
		return init_operands(scan, op);
	case OP_MISUSE:
		return misuse_operands(scan, op);
	case OP_CORRUPT:
		return corrupt_operands(scan, op);
	case OP_CREATE:
	case OP_DESTROY:
	case OP_TRACE:
	case OP_SELFTEST:
	case OP_DEPRIVILEGE:
	case OP_POKE:
	case OP_HVC:
		return hostop_operands(scan, op);
	case OP_PREFIX:
		break;
	}
	assert(!"a kind of ops.def");
	return -1;
}

/* The kind that a word stands for, or OP_PREFIX. */
static uint8_t kind_of(const struct token *token)
{
#define OP(id, number, word, slot, grammar, what)      \
	if (token->len == sizeof(word) - 1 &&          \
	    !memcmp(token->s, word, sizeof(word) - 1)) \
		return (number);
#include "ops.def"
#undef OP
	return OP_PREFIX;
}

static int unknown(struct scan *scan, const struct token *token)
{
	char quoted[SCAN_QUOTE];

	if (token_is(token, "heap"))
		return scan_fail(scan, token,
				 "a heap line stands once, before the first "
				 "operation");
	if (token_is(token, "hypheap"))
		return scan_fail(scan, token,
				 "\"hypheap\" stands once, in the first line");

	return scan_fail(scan, token,
			 "unknown operation %s; hypheap help ops lists them",
			 scan_quote(token, quoted));
}

/* "at unlock N:" or "at donate N:"; @event is its second word. */
static int deferral(struct scan *scan, struct token *event, uint8_t *at)
{
	char quoted[SCAN_QUOTE];
	uint64_t n;

	if (scan_next(scan))
		return -1;
	*event = scan->token;
	if (!token_is(event, "unlock") && !token_is(event, "donate"))
		return scan_fail(scan, event,
				 "expected \"unlock\" or \"donate\", found %s",
				 scan_quote(event, quoted));
	if (scan_next(scan) || scan_number_in(scan, "N", 1, UINT8_MAX, &n))
		return -1;
	*at = (uint8_t)n;
	if (scan_mark(scan, ':'))
		return -1;
	if (token_ends(&scan->token))
		return scan_fail(scan, &scan->token,
				 "expected an operation, found %s",
				 scan_quote(&scan->token, quoted));
	return 0;
}

/* "WORD ..." or "SLOT = WORD ...": the latter for what fills an empty slot. */
static int operation(struct scan *scan, struct prog *prog)
{
	struct op op = {.kind = OP_PREFIX};
	struct token first, event;
	char quoted[SCAN_QUOTE];
	bool assigns;

	if (token_is(&scan->token, "at") && deferral(scan, &event, &op.at))
		return -1;
	first = scan->token;
	if (scan_next(scan))
		return -1;
	assigns = token_is(&scan->token, "=");
	if (assigns) {
		if (!token_slot(&first, &op.slot))
			return scan_fail(scan, &first,
					 "expected a slot, a to z or s26 to "
					 "s%u, found %s",
					 OP_SLOTS - 1,
					 scan_quote(&first, quoted));
		if (scan_next(scan))
			return -1;
		first = scan->token;
		if (token_ends(&first))
			return scan_fail(scan, &first,
					 "expected an operation, found %s",
					 scan_quote(&first, quoted));
		if (scan_next(scan))
			return -1;
	}
	if (first.kind == TOKEN_WORD)
		op.kind = kind_of(&first);
	if (op.kind == OP_PREFIX)
		return unknown(scan, &first);
	if (assigns != (op_slot(&op) == SLOT_EMPTY))
		return scan_fail(scan, &first, "%s is written: %s",
				 op_word(op.kind), op_grammar(op.kind));

	if (operands(scan, &op, prog->world.cpus) || scan_end(scan))
		return -1;
	if (op.at && (!op_event(&op) || !token_is(&event, op_event(&op))))
		return scan_fail(scan, &first,
				 "%s is not deferred so; at unlock has alloc, "
				 "free, topup, reclaim, shrink PAGES; at "
				 "donate "
				 "has poke",
				 op_word(op.kind));
	prog->world.swarm |= UINT64_C(1) << op.kind;
	prog_add(prog, op);
	return 0;
}

/* ---- the whole ---------------------------------------------------------- */

/* Pass over the ends of lines to the next statement or the text's end. */
static int statement(struct scan *scan)
{
	do {
		if (scan_next(scan))
			return -1;
	} while (scan->token.kind == TOKEN_LINE);

	return 0;
}

static int parse(struct scan *scan, struct prog *prog)
{
	if (statement(scan) || version_line(scan))
		return -1;
	if (scan->token.kind == TOKEN_LINE && statement(scan))
		return -1;
	if (token_is(&scan->token, "heap")) {
		if (heap_line(scan, &prog->world))
			return -1;
		if (scan->token.kind == TOKEN_LINE && statement(scan))
			return -1;
	}
	while (scan->token.kind != TOKEN_TEXT) {
		if (operation(scan, prog))
			return -1;
		if (scan->token.kind == TOKEN_LINE && statement(scan))
			return -1;
	}
	return 0;
}

int prog_parse(struct prog *prog, const char *text, size_t len,
	       struct text_error *err)
{
	struct scan scan;

	assert(err);
	prog_clear(prog);
	*err = (struct text_error){.line = 1, .column = 1};
	if (len >= UINT32_MAX) {
		snprintf(err->what, sizeof(err->what),
			 "%zu bytes of text; at most 4 GiB can be read", len);
		return -1;
	}

	scan_init(&scan, text, len, prog->expect, err);
	if (parse(&scan, prog)) {
		prog_clear(prog);
		return -1;
	}
	return 0;
}

static bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool prog_is_text(const char *name, const uint8_t *data, size_t len)
{
	static const char suffix[] = ".ops", magic[] = "hypheap";
	size_t length = name ? strlen(name) : 0, at = 0;

	if (length >= sizeof(suffix) - 1 &&
	    !strcmp(name + length - (sizeof(suffix) - 1), suffix))
		return true;

	while (at < len && is_space(data[at]))
		at++;
	if (at < len && data[at] == '#')
		return true;

	return len - at >= sizeof(magic) - 1 &&
	       !memcmp(data + at, magic, sizeof(magic) - 1);
}
