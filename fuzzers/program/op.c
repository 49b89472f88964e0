/* SPDX-License-Identifier: GPL-2.0-only */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "op.h"
#include "prog.h"

#define OP(id, number, word, slot, grammar, what)                           \
	static_assert((number) > 0 && (number) < OP_NUMBERS, "a swarm bit " \
							     "for " word);
#include "ops.def"
#undef OP

static_assert(sizeof(struct op) == 16, "an operation is two words");

static const struct {
	const char *word;
	const char *grammar;
	enum op_slot slot;
} kinds[OP_NUMBERS] = {
#define OP(id, number, word, slot, grammar, what) \
	[number] = {word, grammar, SLOT_##slot},
#include "ops.def"
#undef OP
};

static const char *const misuses[] = {
	[MISUSE_DOUBLE] = "double",   [MISUSE_STALE] = "stale",
	[MISUSE_INSIDE] = "inside",   [MISUSE_MISALIGNED] = "misaligned",
	[MISUSE_OUTSIDE] = "outside", [MISUSE_NULL] = "null",
};

static_assert(sizeof(misuses) / sizeof(misuses[0]) == MISUSE_KINDS, "a word "
								    "for each "
								    "misuse");

bool op_known(uint8_t kind)
{
	return kind < OP_NUMBERS && kinds[kind].word;
}

const char *op_word(uint8_t kind)
{
	return op_known(kind) ? kinds[kind].word : "?";
}

const char *op_grammar(uint8_t kind)
{
	return op_known(kind) ? kinds[kind].grammar : "?";
}

const char *misuse_word(uint8_t sub)
{
	return sub < MISUSE_KINDS ? misuses[sub] : "?";
}

static enum op_slot misuse_slot(uint8_t sub)
{
	switch ((enum misuse)sub) {
	case MISUSE_DOUBLE:
	case MISUSE_INSIDE:
	case MISUSE_MISALIGNED:
		return SLOT_LIVE;
	case MISUSE_STALE:
		return SLOT_KIND;
	case MISUSE_OUTSIDE:
	case MISUSE_NULL:
	case MISUSE_KINDS:
		break;
	}
	return SLOT_NONE;
}

static enum op_slot corrupt_slot(const struct op *op)
{
	if (corrupt_kind(op) == CORRUPT_STALE)
		return SLOT_KIND;

	return op->sub & CORRUPT_FREE ? SLOT_NONE : SLOT_LIVE;
}

enum op_slot op_slot(const struct op *op)
{
	if (!op_known(op->kind))
		return SLOT_NONE;
	if (op->kind == OP_MISUSE)
		return misuse_slot(op->sub);
	if (op->kind == OP_CORRUPT)
		return corrupt_slot(op);

	return kinds[op->kind].slot;
}

void op_fix(struct op *op, uint32_t cpus)
{
	struct op fixed = {.kind = op->kind};

	assert(op_known(op->kind) && cpus);

	switch ((enum op_kind)op->kind) {
	case OP_ALLOC:
	case OP_CALL:
	case OP_TOPUP:
	case OP_RECLAIM:
	case OP_SHRINK:
		fixed.arg = op->arg;
		break;
	case OP_FREE:
	case OP_WRITE:
		break;
	case OP_CPU:
		fixed.arg = op->arg < cpus ? op->arg : op->arg % cpus;
		break;
	case OP_FAIL:
		fixed.arg = op->arg ? op->arg : 1;
		break;
	case OP_INIT:
		fixed.sub = op->sub & INIT_REFUSED;
		fixed.arg = op->arg;
		break;
	case OP_MISUSE:
		fixed.sub = op->sub % MISUSE_KINDS;
		break;
	case OP_CORRUPT:
		corrupt_fix(&fixed, op);
		break;
	case OP_PREFIX:
		break;
	}
	if (op_slot(&fixed) != SLOT_NONE)
		fixed.slot = op->slot & (OP_SLOTS - 1);
	*op = fixed;
}

bool op_equal(const struct op *a, const struct op *b)
{
	return a->kind == b->kind && a->sub == b->sub && a->slot == b->slot &&
	       a->arg == b->arg;
}

char *slot_name(uint16_t slot, char *buf)
{
	assert(slot < OP_SLOTS);

	if (slot < 26) {
		buf[0] = (char)('a' + slot);
		buf[1] = '\0';
	} else {
		snprintf(buf, SLOT_TEXT, "s%u", slot);
	}
	return buf;
}

char *op_print(const struct op *op, char *buf, size_t size)
{
	const char *word = op_word(op->kind);
	char slot[SLOT_TEXT] = "";

	assert(size >= OP_TEXT);
	snprintf(buf, size, "?");
	if (op_slot(op) != SLOT_NONE)
		slot_name(op->slot, slot);

	switch ((enum op_kind)op->kind) {
	case OP_ALLOC:
		snprintf(buf, size, "%s = alloc %" PRIu64, slot, op->arg);
		break;
	case OP_CALL:
		snprintf(buf, size, "%s = call alloc %" PRIu64, slot, op->arg);
		break;
	case OP_FREE:
	case OP_WRITE:
		snprintf(buf, size, "%s %s", word, slot);
		break;
	case OP_RECLAIM:
		if (op->arg == UINT64_MAX)
			snprintf(buf, size, "%s all", word);
		else
			snprintf(buf, size, "%s %" PRIu64, word, op->arg);
		break;
	case OP_TOPUP:
	case OP_CPU:
	case OP_SHRINK:
		snprintf(buf, size, "%s %" PRIu64, word, op->arg);
		break;
	case OP_FAIL:
		snprintf(buf, size, "%s map %" PRIu64, word, op->arg);
		break;
	case OP_INIT:
		snprintf(buf, size, "%s %s%" PRIu64, word,
			 op->sub == INIT_REFUSED ? "refused " : "", op->arg);
		break;
	case OP_MISUSE:
		snprintf(buf, size, "%s %s%s%s", word, misuse_word(op->sub),
			 slot[0] ? " " : "", slot);
		break;
	case OP_CORRUPT:
		corrupt_print(op, buf, size);
		break;
	case OP_PREFIX:
		break;
	}
	return buf;
}
