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

/* Names that a program has for VMs: 0..31. */
#define OP_VMS 32u

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
	/* The heap's start, where no data can be; names no slot. */
	MISUSE_BELOW,
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

/* op.sub of OP_FAIL: what fails */
enum { FAIL_MAP, FAIL_DONATE, FAIL_PAGE, FAIL_HVC, FAIL_KINDS };

/* op.sub of OP_SHRINK, of OP_CREATE, of OP_TRACE */
enum { SHRINK_SCAN, SHRINK_COUNT };
enum { CREATE_VM, CREATE_VCPU };
enum { TRACE_LOAD, TRACE_UNLOAD };

/* op.sub of OP_HVC, as far as the call is one that EL2 knows */
enum op_hvc {
#define HVC(id, number, word, registers, what) OP_HVC_##id = (number),
#include "hvc.def"
#undef HVC
};

/*
 * A number with a place in it, so that a program need not know where a page is:
 * 8 bits tag, 24 bits page of the pool, 32 bits offset. What is not of this
 * form is a number and nothing else.
 */
#define OP_TAG_PHYS 0xa1u  /* pN+OFFSET: physical address */
#define OP_TAG_HOST 0xa2u  /* hN+OFFSET: the host's address of it */
#define OP_TAG_EL2 0xa3u   /* eN+OFFSET: EL2's linear address of it */
#define OP_TAG_FRAME 0xa4u /* fN: frame number; the offset is 0 */

#define OP_ADDR(tag, page, offset) \
	((uint64_t)(tag) << 56 | (uint64_t)(page) << 32 | (uint64_t)(offset))
#define OP_ADDR_PAGES (1u << 24)

/* POKE writes below this in a page. */
#define OP_POKE_BYTES 65536u

static inline uint32_t op_tag_page(uint64_t value)
{
	return (uint32_t)(value >> 32) & (OP_ADDR_PAGES - 1);
}

static inline uint32_t op_tag_offset(uint64_t value)
{
	return (uint32_t)value;
}

/* op_tag() - OP_TAG_*, or 0: a number and nothing else. */
static inline uint32_t op_tag(uint64_t value)
{
	uint32_t tag = (uint32_t)(value >> 56);

	if (tag < OP_TAG_PHYS || tag > OP_TAG_FRAME)
		return 0;

	return tag == OP_TAG_FRAME && op_tag_offset(value) ? 0 : tag;
}

/**
 * struct op - One operation.
 * @kind: enum op_kind
 * @sub: OP_MISUSE: enum misuse; OP_INIT: INIT_REFUSED or not; OP_CORRUPT:
 *	 enum corrupt, and CORRUPT_FREE or not; OP_FAIL, OP_SHRINK, OP_CREATE,
 *	 OP_TRACE: FAIL_*, ...; OP_HVC: number of the call; else 0
 * @slot: 0..4095, 0 where the kind names neither a slot nor a free chunk;
 *	  create, destroy: 0..31, the program's name of the VM
 * @at: not 0: deferred. Of poke: until the at-th donation of the next
 *	operation begins; else until the at-th unlock of the next operation that
 *	is not deferred, and then on another CPU. See op_event().
 * @arg: alloc, call, init: bytes; topup, reclaim, shrink, trace load: pages;
 *	 cpu: number; fail: n, from 1; corrupt: see enum corrupt; create: vCPUs
 *	 or index; poke: OP_ADDR(OP_TAG_PHYS, ...); hvc: x1; else 0. UINT64_MAX
 *	 pages of reclaim are "all".
 * @x: poke: the value; hvc: x2 and x3; else 0
 */
struct op {
	uint8_t kind;
	uint8_t sub;
	uint16_t slot;
	uint8_t at;
	uint64_t arg;
	uint64_t x[2];
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
 * earlier in it. The slot of "corrupt free", create and destroy is the number
 * of something else: SLOT_NONE.
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

/*
 * op_event() - What an operation like @op can be deferred to: "unlock" or
 * "donate", NULL if it cannot. @op->at does not matter.
 */
const char *op_event(const struct op *op);

/* fail_word() - "map", "donate", "page", "hvc". */
const char *fail_word(uint8_t sub);

/* hvc_word() - "finalize", ...; NULL for a call that EL2 does not know. */
const char *hvc_word(uint8_t number);

/* hvc_registers() - Arguments that a call has. */
uint32_t hvc_registers(uint8_t number);

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

/* hostop_fix() - op_fix() of OP_CREATE to OP_HVC: @fixed from @op. */
void hostop_fix(struct op *fixed, const struct op *op);

/* hostop_print() - op_print() of OP_CREATE to OP_HVC. */
void hostop_print(const struct op *op, char *buf, size_t size);

/*
 * value_print() - "p3+8", "f3", "65535", "0x10000": a number that may be a
 * place. @buf: at least VALUE_TEXT bytes. Return: @buf.
 */
#define VALUE_TEXT 24
char *value_print(uint64_t value, char *buf);

/**
 * op_print() - The canonical text of one operation, without a newline.
 * @buf: at least OP_TEXT bytes
 *
 * Return: @buf.
 */
#define OP_TEXT 96
char *op_print(const struct op *op, char *buf, size_t size);

/* slot_name() - "a".."z", then "s26".."s4095". @buf: at least SLOT_TEXT. */
#define SLOT_TEXT 8
char *slot_name(uint16_t slot, char *buf);

#endif
