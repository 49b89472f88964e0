/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_SCAN_H
#define HYPHEAP_SCAN_H

#include "prog.h"

/* The tokens of the text form. One is looked at at a time: scan->token. */

enum token_kind {
	TOKEN_WORD, /* a run of what is not blank, a mark, "#" or an end */
	TOKEN_MARK, /* "=", "^" or ":", alone */
	TOKEN_LINE, /* end of a line, or ";" */
	TOKEN_TEXT, /* end of the text */
};

struct token {
	enum token_kind kind;
	const char *s;
	size_t len;
	uint32_t line;
	uint32_t column;
};

/**
 * struct scan - Where we are in a text.
 * @token: what scan_next() found last
 * @expect: where "# expect: SIGNATURE" goes, PROG_EXPECT bytes
 */
struct scan {
	struct token token;
	const char *at;
	const char *end;
	const char *line_at;
	uint32_t line;
	char *expect;
	struct text_error *err;
};

/* All of the following return 0, or -1 with scan->err filled in. */

void scan_init(struct scan *scan, const char *text, size_t len, char *expect,
	       struct text_error *err);

/* scan_next() - Go on to the next token. Comments are passed over. */
int scan_next(struct scan *scan);

/* scan_fail() - The error is at @token. Always -1. */
int scan_fail(struct scan *scan, const struct token *token, const char *format,
	      ...) __attribute__((format(printf, 3, 4)));

/* scan_quote() - @token for a message: escaped, shortened; or "the end of". */
#define SCAN_QUOTE 64
const char *scan_quote(const struct token *token, char *buf);

bool token_ends(const struct token *token);
bool token_is(const struct token *token, const char *word);

/* scan_mark() - Take this mark, or fail: "expected ...". */
int scan_mark(struct scan *scan, char mark);

/* scan_word() - Take exactly this word, or fail. */
int scan_word(struct scan *scan, const char *word);

/* scan_end() - Nothing may follow on this line. */
int scan_end(struct scan *scan);

/* scan_number() - Take a number of 64 bits. @what: what it is, for messages. */
int scan_number(struct scan *scan, const char *what, uint64_t *value);

/* scan_number_in() - Take a number that is @lo to @hi. */
int scan_number_in(struct scan *scan, const char *what, uint64_t lo,
		   uint64_t hi, uint64_t *value);

/* scan_value() - Take a number or a place, see OP_ADDR. */
int scan_value(struct scan *scan, const char *what, uint64_t *value);

/* scan_slot() - Take a slot. */
int scan_slot(struct scan *scan, uint16_t *slot);

/* corrupt_operands() - What stands behind "corrupt". */
int corrupt_operands(struct scan *scan, struct op *op);

/* hostop_operands() - What stands behind the words from create to hvc. */
int hostop_operands(struct scan *scan, struct op *op);

/* token_slot() - Is @token a slot's canonical name? */
bool token_slot(const struct token *token, uint16_t *slot);

#endif
