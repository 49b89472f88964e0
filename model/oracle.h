/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_ORACLE_H
#define HYPHEAP_ORACLE_H

#include "model/step.h"

/* Verdicts: pure functions of a step. They print nothing and keep nothing. */

/* In the order in which they judge; the first that fails wins. */
#define ORACLES(X)                                                             \
	X(FAULT, "fault", "no forbidden access, signal or sanitizer report")   \
	X(HANG, "hang", "no more kernel-interface calls than the bound")       \
	X(PANIC, "panic", "a panic if and only if one is due")                 \
	X(RESULT, "result", "the result that the model predicts")              \
	X(PLACE, "place", "alignment, range, no overlap")                      \
	X(ZEROED, "zeroed", "what is handed out is zero")                      \
	X(CONTENT, "content", "live objects keep their content")               \
	X(BACKED, "backed", "live objects lie on mapped pages")                \
	X(PAGES, "pages", "no page is lost or in two places")                  \
	X(OWNER, "owner", "every page is where it should be")                  \
	X(WIPED, "wiped", "no byte of the hypervisor reaches the host")        \
	X(SHAPE, "shape", "the chunk list is the model's")                     \
	X(ACCOUNT, "account", "jemalloc's books equal the live objects")       \
	X(PROMISE, "promise", "reclaimable is right, and reclaim keeps to it") \
	X(PROGRESS, "progress", "a top-up lets the same call get further")     \
	X(LOCK, "lock", "heap memory only under the lock, free at return")     \
	X(REPLAY, "replay", "the same program, the same digest")

#define X(id, name, what) ORACLE_##id,
enum oracle {
	ORACLE_NONE,
	ORACLES(X) ORACLE_COUNT,
};
#undef X

const char *oracle_name(enum oracle oracle); /* "none" for ORACLE_NONE */
const char *oracle_what(enum oracle oracle); /* what it holds, in words */

#define VERDICT_TEXT 512

/**
 * struct verdict - The first failure of a program, or none.
 * @oracle: who says so; ORACLE_NONE: the program holds
 * @step: number of the operation, 0 if it is the program as a whole
 * @word: the operation's word, "end" if it is the program as a whole
 * @function: panic only: where; else empty
 * @text: expected and actual values, one line, without a newline
 */
struct verdict {
	enum oracle oracle;
	uint32_t step;
	char word[16];
	char function[64];
	char text[VERDICT_TEXT];
};

/* verdict_fail() - Fill in @v; always false, so that an oracle ends with it. */
bool verdict_fail(struct verdict *v, enum oracle oracle,
		  const struct step *step, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/**
 * verdict_signature() - "oracle/word", for a panic "panic/word@function".
 * @buf: at least SIGNATURE_TEXT bytes; empty for ORACLE_NONE
 */
#define SIGNATURE_TEXT 96
char *verdict_signature(const struct verdict *v, char *buf, size_t size);

/*
 * Each oracle: true if it has nothing against the step; else false and @v says
 * what, with values. At contract level those that need a prediction judge what
 * is left without one.
 */
bool oracle_fault(const struct step *step, struct verdict *v);
bool oracle_hang(const struct step *step, struct verdict *v);
bool oracle_panic(const struct step *step, struct verdict *v);
bool oracle_result(const struct step *step, struct verdict *v);
bool oracle_place(const struct step *step, struct verdict *v);
bool oracle_zeroed(const struct step *step, struct verdict *v);
bool oracle_content(const struct step *step, struct verdict *v);
bool oracle_backed(const struct step *step, struct verdict *v);
bool oracle_pages(const struct step *step, struct verdict *v);
bool oracle_owner(const struct step *step, struct verdict *v);
bool oracle_wiped(const struct step *step, struct verdict *v);
bool oracle_shape(const struct step *step, struct verdict *v);
/* header_expect() - The header that chunk @i of the @nr in @chunk must have. */
struct header header_expect(const struct model_chunk *chunk, uint32_t nr,
			    uint32_t i);
bool oracle_promise(const struct step *step, struct verdict *v);
bool oracle_progress(const struct step *step, struct verdict *v);
bool oracle_lock(const struct step *step, struct verdict *v);

/* header_hash() - That its other words must have: section 9. */
uint32_t header_hash(const struct header *h);

/* oracle_judge() - All of them in order; a skipped step is not judged. */
bool oracle_judge(const struct step *step, struct verdict *v);

/* The program as a whole. */
bool oracle_account(const struct books *books, struct verdict *v);
bool oracle_replay(const struct books *books, struct verdict *v);

#endif
