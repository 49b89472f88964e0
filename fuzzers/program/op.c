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

static_assert(sizeof(struct op) == 32, "an operation is four words");

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
	[MISUSE_BELOW] = "below",
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

static const char *const fails[] = {
	[FAIL_MAP] = "map",
	[FAIL_DONATE] = "donate",
	[FAIL_PAGE] = "page",
	[FAIL_HVC] = "hvc",
};

static_assert(sizeof(fails) / sizeof(fails[0]) == FAIL_KINDS, "a word for each "
							      "fault");

const char *fail_word(uint8_t sub)
{
	return sub < FAIL_KINDS ? fails[sub] : "?";
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
	case MISUSE_BELOW:
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

const char *op_event(const struct op *op)
{
	switch ((enum op_kind)op->kind) {
	case OP_ALLOC:
	case OP_FREE:
	case OP_TOPUP:
	case OP_RECLAIM:
		return "unlock";
	case OP_SHRINK:
		return op->sub == SHRINK_SCAN ? "unlock" : NULL;
	case OP_POKE:
		return "donate";
	case OP_CALL:
	case OP_WRITE:
	case OP_CPU:
	case OP_FAIL:
	case OP_INIT:
	case OP_MISUSE:
	case OP_CORRUPT:
	case OP_CREATE:
	case OP_DESTROY:
	case OP_TRACE:
	case OP_SELFTEST:
	case OP_DEPRIVILEGE:
	case OP_HVC:
	case OP_PREFIX:
		break;
	}
	return NULL;
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
		fixed.arg = op->arg;
		break;
	case OP_SHRINK:
		fixed.sub = op->sub & SHRINK_COUNT;
		fixed.arg = fixed.sub == SHRINK_SCAN ? op->arg : 0;
		break;
	case OP_FREE:
	case OP_WRITE:
		break;
	case OP_CPU:
		fixed.arg = op->arg < cpus ? op->arg : op->arg % cpus;
		break;
	case OP_FAIL:
		fixed.sub = op->sub % FAIL_KINDS;
		fixed.arg = op->arg ? op->arg : 1;
		break;
	case OP_INIT:
		fixed.sub = op->sub & INIT_REFUSED;
		fixed.arg = op->arg;
		break;
	case OP_MISUSE:
		/* bytes made before there was "below" mean what they meant */
		fixed.sub = op->sub < MISUSE_KINDS ? op->sub
						   : op->sub % MISUSE_BELOW;
		break;
	case OP_CORRUPT:
		corrupt_fix(&fixed, op);
		break;
	case OP_CREATE:
	case OP_DESTROY:
	case OP_TRACE:
	case OP_SELFTEST:
	case OP_DEPRIVILEGE:
	case OP_POKE:
	case OP_HVC:
		hostop_fix(&fixed, op);
		break;
	case OP_PREFIX:
		break;
	}
	if (op_slot(&fixed) != SLOT_NONE)
		fixed.slot = op->slot & (OP_SLOTS - 1);
	if (op->at && op_event(&fixed))
		fixed.at = op->at;
	*op = fixed;
}

bool op_equal(const struct op *a, const struct op *b)
{
	return a->kind == b->kind && a->sub == b->sub && a->slot == b->slot &&
	       a->at == b->at && a->arg == b->arg && a->x[0] == b->x[0] &&
	       a->x[1] == b->x[1];
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

static void print_plain(const struct op *op, char *buf, size_t size)
{
	const char *word = op_word(op->kind);
	char slot[SLOT_TEXT] = "";

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
		snprintf(buf, size, "%s %" PRIu64, word, op->arg);
		break;
	case OP_SHRINK:
		if (op->sub == SHRINK_COUNT)
			snprintf(buf, size, "%s count", word);
		else
			snprintf(buf, size, "%s %" PRIu64, word, op->arg);
		break;
	case OP_FAIL:
		snprintf(buf, size, "%s %s %" PRIu64, word, fail_word(op->sub),
			 op->arg);
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
	case OP_CREATE:
	case OP_DESTROY:
	case OP_TRACE:
	case OP_SELFTEST:
	case OP_DEPRIVILEGE:
	case OP_POKE:
	case OP_HVC:
		hostop_print(op, buf, size);
		break;
	case OP_PREFIX:
		break;
	}
}

char *op_print(const struct op *op, char *buf, size_t size)
{
	const char *event = op_event(op);
	int at = 0;

	assert(size >= OP_TEXT);
	if (event && op->at)
		at = snprintf(buf, size, "at %s %u: ", event, op->at);
	print_plain(op, buf + at, size - (size_t)at);

	return buf;
}
