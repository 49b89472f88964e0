/* SPDX-License-Identifier: GPL-2.0-only */
#include <assert.h>
#include <inttypes.h>

#include "scan.h"

/* "corrupt": its words, its ranges, and its text both ways. */

static const char *const words[] = {
	[CORRUPT_FLIP_NEXT] = "next",
	[CORRUPT_FLIP_PREV] = "prev",
	[CORRUPT_FLIP_UNMAPPED] = "unmapped",
	[CORRUPT_FLIP_HASH] = "hash",
	[CORRUPT_SET_NEXT] = "next",
	[CORRUPT_SET_PREV] = "prev",
	[CORRUPT_SET_UNMAPPED] = "unmapped",
	[CORRUPT_SET_HASH] = "hash",
	[CORRUPT_ZERO] = "zero",
	[CORRUPT_COPY] = "copy",
	[CORRUPT_REPLAY] = "replay",
	[CORRUPT_OVERFLOW] = "overflow",
	[CORRUPT_OVERFLOW_ZERO] = "overflow",
	[CORRUPT_STALE] = "stale",
};

static_assert(sizeof(words) / sizeof(words[0]) == CORRUPT_KINDS, "a word for "
								 "each kind");
static_assert(CORRUPT_KINDS <= CORRUPT_FREE, "the bit is free");
static_assert(CORRUPT_COPY_FREE >= OP_SLOTS, "the bit is no slot's");

static const uint8_t overflows[] = {1, 8, 16, 64};

#define OVERFLOWS (sizeof(overflows) / sizeof(overflows[0]))

const char *corrupt_word(enum corrupt kind)
{
	return kind < CORRUPT_KINDS ? words[kind] : "?";
}

static uint64_t fix_overflow(uint64_t bytes)
{
	for (size_t i = 0; i < OVERFLOWS; i++)
		if (overflows[i] == bytes)
			return bytes;

	return overflows[bytes % OVERFLOWS];
}

static uint64_t fix_arg(enum corrupt kind, uint64_t arg)
{
	switch (kind) {
	case CORRUPT_FLIP_NEXT:
	case CORRUPT_FLIP_PREV:
	case CORRUPT_FLIP_UNMAPPED:
	case CORRUPT_FLIP_HASH:
		return (uint32_t)arg ? (uint32_t)arg : 1;
	case CORRUPT_SET_NEXT:
	case CORRUPT_SET_PREV:
	case CORRUPT_SET_UNMAPPED:
	case CORRUPT_SET_HASH:
		return (uint32_t)arg;
	case CORRUPT_COPY:
		return arg & (CORRUPT_COPY_FREE | (OP_SLOTS - 1));
	case CORRUPT_OVERFLOW:
	case CORRUPT_OVERFLOW_ZERO:
		return fix_overflow(arg);
	case CORRUPT_ZERO:
	case CORRUPT_REPLAY:
	case CORRUPT_STALE:
	case CORRUPT_KINDS:
		break;
	}
	return 0;
}

void corrupt_fix(struct op *fixed, const struct op *op)
{
	enum corrupt kind = corrupt_kind(op) % CORRUPT_KINDS;

	fixed->sub = (uint8_t)kind;
	if (kind != CORRUPT_STALE)
		fixed->sub |= op->sub & CORRUPT_FREE;
	fixed->slot = op->slot & (OP_SLOTS - 1);
	fixed->arg = fix_arg(kind, op->arg);
}

/* ---- to text ------------------------------------------------------------ */

/* "free 4095" */
#define CHUNK_TEXT 16

static const char *chunk_name(uint16_t slot, bool free, char *buf)
{
	if (!free)
		return slot_name(slot, buf);
	snprintf(buf, CHUNK_TEXT, "free %u", (unsigned int)slot);

	return buf;
}

void corrupt_print(const struct op *op, char *buf, size_t size)
{
	const char *word = corrupt_word(corrupt_kind(op));
	char chunk[CHUNK_TEXT], other[CHUNK_TEXT];

	chunk_name(op->slot, op->sub & CORRUPT_FREE, chunk);
	switch (corrupt_kind(op)) {
	case CORRUPT_FLIP_NEXT:
	case CORRUPT_FLIP_PREV:
	case CORRUPT_FLIP_UNMAPPED:
	case CORRUPT_FLIP_HASH:
		snprintf(buf, size, "corrupt %s %s ^ 0x%" PRIx64, chunk, word,
			 op->arg);
		break;
	case CORRUPT_SET_NEXT:
	case CORRUPT_SET_PREV:
	case CORRUPT_SET_UNMAPPED:
	case CORRUPT_SET_HASH:
		snprintf(buf, size, "corrupt %s %s = %" PRIu64, chunk, word,
			 op->arg);
		break;
	case CORRUPT_COPY:
		snprintf(buf, size, "corrupt %s %s %s", chunk, word,
			 chunk_name(op->arg & (OP_SLOTS - 1),
				    op->arg & CORRUPT_COPY_FREE, other));
		break;
	case CORRUPT_OVERFLOW:
	case CORRUPT_OVERFLOW_ZERO:
		snprintf(buf, size, "corrupt %s %s %" PRIu64 "%s", chunk, word,
			 op->arg,
			 corrupt_kind(op) == CORRUPT_OVERFLOW ? "" : " zero");
		break;
	case CORRUPT_ZERO:
	case CORRUPT_REPLAY:
	case CORRUPT_STALE:
		snprintf(buf, size, "corrupt %s %s", chunk, word);
		break;
	case CORRUPT_KINDS:
		break;
	}
}

/* ---- from text ---------------------------------------------------------- */

/* "a" or "free 2" */
static int chunk_operand(struct scan *scan, uint16_t *slot, bool *free)
{
	uint64_t number;

	*free = token_is(&scan->token, "free");
	if (!*free)
		return scan_slot(scan, slot);
	if (scan_next(scan) ||
	    scan_number_in(scan, "N", 0, OP_SLOTS - 1, &number))
		return -1;
	*slot = (uint16_t)number;

	return 0;
}

static int field_operands(struct scan *scan, struct op *op)
{
	if (!token_is(&scan->token, "^")) {
		op->sub += CORRUPT_SET_NEXT - CORRUPT_FLIP_NEXT;
		if (scan_mark(scan, '='))
			return -1;
		return scan_number_in(scan, "VALUE", 0, UINT32_MAX, &op->arg);
	}
	if (scan_next(scan))
		return -1;

	return scan_number_in(scan, "BITS", 1, UINT32_MAX, &op->arg);
}

static int copy_operands(struct scan *scan, struct op *op)
{
	uint16_t from;
	bool free;

	if (chunk_operand(scan, &from, &free))
		return -1;
	op->arg = from | (free ? CORRUPT_COPY_FREE : 0);

	return 0;
}

static int overflow_operands(struct scan *scan, struct op *op)
{
	struct token token = scan->token;

	if (scan_number(scan, "BYTES", &op->arg))
		return -1;
	if (fix_overflow(op->arg) != op->arg)
		return scan_fail(scan, &token,
				 "overflow %" PRIu64 "; it is 1, 8, 16 or 64",
				 op->arg);
	if (!token_is(&scan->token, "zero"))
		return 0;
	op->sub += CORRUPT_OVERFLOW_ZERO - CORRUPT_OVERFLOW;

	return scan_next(scan);
}

/* What stands behind the word of the damage. */
static int damage_operands(struct scan *scan, struct op *op)
{
	switch ((enum corrupt)op->sub) {
	case CORRUPT_FLIP_NEXT:
	case CORRUPT_FLIP_PREV:
	case CORRUPT_FLIP_UNMAPPED:
	case CORRUPT_FLIP_HASH:
		return field_operands(scan, op);
	case CORRUPT_COPY:
		return copy_operands(scan, op);
	case CORRUPT_OVERFLOW:
		return overflow_operands(scan, op);
	default:
		return 0;
	}
}

int corrupt_operands(struct scan *scan, struct op *op)
{
	char quoted[SCAN_QUOTE];
	struct token token;
	bool free;

	if (chunk_operand(scan, &op->slot, &free))
		return -1;
	token = scan->token;
	for (op->sub = 0; op->sub < CORRUPT_KINDS; op->sub++)
		if (token_is(&token, words[op->sub]))
			break;
	if (op->sub == CORRUPT_KINDS)
		return scan_fail(scan, &token,
				 "unknown damage %s; corrupt has next, prev, "
				 "unmapped, hash, zero, copy, replay, "
				 "overflow, stale",
				 scan_quote(&token, quoted));
	if (free && op->sub == CORRUPT_STALE)
		return scan_fail(scan, &token,
				 "stale is written: corrupt SLOT stale");
	if (scan_next(scan) || damage_operands(scan, op))
		return -1;
	if (free)
		op->sub |= CORRUPT_FREE;

	return 0;
}
