/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_ORACLE_TEXT_H
#define HYPHEAP_ORACLE_TEXT_H

#include "model/oracle.h"

/* What the oracles share: questions about a step, and words for verdicts. */

static inline bool returned(const struct step *s)
{
	return s->actual.end == STEP_DONE;
}

/* What the allocation of an operation came to, its own or a client's. */
static inline int64_t alloc_err(const struct step *s)
{
	return s->actual.err ? s->actual.err : s->actual.ret;
}

/* Words; asked for only when something is wrong. */

#define WORDS 64

/* words_object() - "a at +16, 112 bytes". @buf: WORDS bytes. Return: @buf. */
const char *words_object(const struct object *o, char *buf);

/* words_err() - "0", "-ENOMEM", or the number. @buf: WORDS bytes. */
const char *words_err(int err, char *buf);

/* words_ret() - The same of what a host's function or a hypercall returned. */
const char *words_ret(int64_t ret, char *buf);

/* words_place() - " in FUNCTION at FILE:LINE: WHAT", what of it is known. */
#define PLACE_WORDS 256
const char *words_place(const struct step *step, char *buf);

#endif
