/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_OP_H
#define HYPHEAP_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An operation of a program: what a byte record and a line of text both say. */

enum op_kind {
#define OP(id, number, word, slot, grammar, what) OP_##id = (number),
#include "ops.def"
#undef OP
	/* Never in struct prog: the high half of the next record. */
	OP_PREFIX = 255,
};

/* A number is a bit of the swarm mask, so it is below this. */
#define OP_NUMBERS 64u

enum op_slot { SLOT_NONE, SLOT_EMPTY, SLOT_LIVE, SLOT_KIND };

#define OP_SLOTS 4096u

/* The kinds of "free!", in op.sub. */
enum misuse {
	/* A live object, freed twice at once. */
	MISUSE_DOUBLE,
	/* An address freed earlier, where no live object starts now. */
	MISUSE_STALE,
	/* 16 bytes into a live object of at least 48. */
	MISUSE_INSIDE,
	/* 8 bytes into a live object. */
	MISUSE_MISALIGNED,
	/* The heap's end; names no slot. */
	MISUSE_OUTSIDE,
	/* NULL, which is fine; names no slot. */
	MISUSE_NULL,
	MISUSE_KINDS,
};

/*
 * The kinds of "corrupt", in op.sub, with CORRUPT_FREE where the chunk is a
 * free one: op.slot is then its number among the free chunks. The four fields
 * of a header are in their order in memory.
 */
enum corrupt {
	/* op.arg: the bits of the field that flip, not 0 */
	CORRUPT_FLIP_NEXT,
	CORRUPT_FLIP_PREV,
	CORRUPT_FLIP_UNMAPPED,
	CORRUPT_FLIP_HASH,
	/* op.arg: the field's new value */
	CORRUPT_SET_NEXT,
	CORRUPT_SET_PREV,
	CORRUPT_SET_UNMAPPED,
	CORRUPT_SET_HASH,
	/* All four fields are 0. */
	CORRUPT_ZERO,
	/* op.arg: the slot whose header is copied, or CORRUPT_COPY_FREE + N */
	CORRUPT_COPY,
	/* The header as it was when the chunk's object was handed out. */
	CORRUPT_REPLAY,
	/* op.arg: bytes behind the object or the free chunk: 1, 8, 16 or 64 */
	CORRUPT_OVERFLOW,
	CORRUPT_OVERFLOW_ZERO,
	/* A write of the whole object through the address of a freed one. */
	CORRUPT_STALE,
	CORRUPT_KINDS,
};

#define CORRUPT_FREE 0x80u
#define CORRUPT_COPY_FREE 0x10000u

/* op.sub of OP_INIT */
enum { INIT_PLAIN, INIT_REFUSED };

/**
 * struct op - One operation.
 * @kind: enum op_kind
 * @sub: OP_MISUSE: enum misuse; OP_INIT: INIT_REFUSED or not; OP_CORRUPT:
 *	 enum corrupt, and CORRUPT_FREE or not; else 0
 * @slot: 0..4095, 0 where the kind names neither a slot nor a free chunk
 * @arg: alloc, call, init: bytes; topup, reclaim, shrink: pages; cpu: number;
 *	 fail: n, from 1; corrupt: see enum corrupt; else 0. UINT64_MAX pages of
 *	 reclaim are "all".
 */
struct op {
	uint8_t kind;
	uint8_t sub;
	uint16_t slot;
	uint64_t arg;
};

/* op_word() - The word of a kind in text and signatures, "?" for none. */
const char *op_word(uint8_t kind);

/* op_known() - Is there a kind with this number? */
bool op_known(uint8_t kind);

/* op_grammar() - The line of text form that ops.def has for a kind. */
const char *op_grammar(uint8_t kind);

/**
 * op_slot() - What state the slot of @op must have; SLOT_NONE: it names none.
 *
 * "free! stale" and "corrupt stale" are SLOT_KIND: empty, and an address freed
 * earlier in it.
 */
enum op_slot op_slot(const struct op *op);

/**
 * op_fix() - Bring the fields of an operation of a known kind into range.
 * @cpus: of the world it runs in, from 1
 *
 * What is in range stays; a field that the kind does not use becomes 0.
 */
void op_fix(struct op *op, uint32_t cpus);

bool op_equal(const struct op *a, const struct op *b);

/* misuse_word() - "double", "stale", ... */
const char *misuse_word(uint8_t sub);

/* corrupt_kind() - The kind of a "corrupt", of a free chunk or not. */
static inline enum corrupt corrupt_kind(const struct op *op)
{
	return (enum corrupt)(op->sub & ~CORRUPT_FREE);
}

/* corrupt_word() - "next" of what flips or sets it; "zero", "copy", ... */
const char *corrupt_word(enum corrupt kind);

/* corrupt_fix() - op_fix() of OP_CORRUPT: @fixed from @op. */
void corrupt_fix(struct op *fixed, const struct op *op);

/* corrupt_print() - op_print() of OP_CORRUPT. */
void corrupt_print(const struct op *op, char *buf, size_t size);

/**
 * op_print() - The canonical text of one operation, without a newline.
 * @buf: at least OP_TEXT bytes
 *
 * Return: @buf.
 */
#define OP_TEXT 64
char *op_print(const struct op *op, char *buf, size_t size);

/* slot_name() - "a".."z", then "s26".."s4095". @buf: at least SLOT_TEXT. */
#define SLOT_TEXT 8
char *slot_name(uint16_t slot, char *buf);

#endif
