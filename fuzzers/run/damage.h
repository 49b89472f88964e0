/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_DAMAGE_H
#define HYPHEAP_DAMAGE_H

#include <stdbool.h>
#include <stdint.h>

/* What the corruptions of a program were, and what they came to. */

/* Kinds, as they are counted. */
#define DAMAGES(X)                        \
	X(FLIP_NEXT, "flip next")         \
	X(FLIP_PREV, "flip prev")         \
	X(FLIP_UNMAPPED, "flip unmapped") \
	X(FLIP_HASH, "flip hash")         \
	X(BITS, "flip bits")              \
	X(SET, "set")                     \
	X(ZERO, "zero")                   \
	X(COPY, "copy")                   \
	X(REPLAY, "replay")               \
	X(OVERFLOW_1, "overflow 1")       \
	X(OVERFLOW_8, "overflow 8")       \
	X(OVERFLOW_16, "overflow 16")     \
	X(OVERFLOW_64, "overflow 64")     \
	X(OVERFLOW_ZERO, "overflow zero") \
	X(STALE, "stale")                 \
	X(SEVERAL, "several")

#define X(id, word) DAMAGE_##id,
enum damage_kind { DAMAGES(X) DAMAGE_KINDS };
#undef X

enum damage_end {
	DAMAGE_NONE,	 /* no corruption was carried out */
	DAMAGE_DETECTED, /* a panic or a fault */
	DAMAGE_HARMLESS, /* all went on as if nothing had happened */
	DAMAGE_MISSED,	 /* it did not, and no panic told */
	DAMAGE_HUNG,	 /* an operation came to no end */
	DAMAGE_ENDS,
};

/**
 * struct damage - The corruptions of one program.
 * @nr: how many were carried out, skipped ones not
 * @kind: of flips one bit each; DAMAGE_SEVERAL: more than one corruption
 * @free: of a free chunk; stale: over no live object; of several: the first
 * @end: what it came to
 * @step: the operation that detected or misbehaved or hung, else 0
 */
struct damage {
	uint32_t nr;
	enum damage_kind kind;
	bool free;
	enum damage_end end;
	uint32_t step;
};

const char *damage_word(enum damage_kind kind);	  /* "flip next", ... */
const char *damage_end_word(enum damage_end end); /* "detected", ... */

#endif
