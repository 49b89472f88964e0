/* SPDX-License-Identifier: GPL-2.0-only */
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "scan.h"

#define QUOTE_CHARS 24 /* of a token, in a message */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_mark(char c)
{
	return c == '=' || c == '^' || c == ':';
}

/* Neither text nor the end of a line. Bytes above 127 are text. */
static bool is_control(char c)
{
	return ((unsigned char)c < ' ' && c != '\t' && c != '\n') || c == 0x7f;
}

static bool in_word(char c)
{
	return !is_blank(c) && !is_mark(c) && !is_control(c) && c != '\n' &&
	       c != ';' && c != '#';
}

void scan_init(struct scan *scan, const char *text, size_t len, char *expect,
	       struct text_error *err)
{
	*scan = (struct scan){
		.at = text,
		.end = text + len,
		.line_at = text,
		.line = 1,
		.expect = expect,
		.err = err,
	};
}

int scan_fail(struct scan *scan, const struct token *token, const char *format,
	      ...)
{
	struct text_error *err = scan->err;
	va_list args;

	va_start(args, format);
	/* The analyzer loses the va_start of a function that it inlines. */
	/* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
	vsnprintf(err->what, sizeof(err->what), format, args);
	va_end(args);
	err->line = token->line;
	err->column = token->column;

	return -1;
}

const char *scan_quote(const struct token *token, char *buf)
{
	size_t at = 0, i;

	if (token->kind == TOKEN_LINE)
		return "the end of the line";
	if (token->kind == TOKEN_TEXT)
		return "the end of the text";

	buf[at++] = '"';
	for (i = 0; i < token->len && at < 1 + QUOTE_CHARS; i++) {
		unsigned char c = (unsigned char)token->s[i];

		if (c > ' ' && c < 0x7f && c != '"' && c != '\\')
			buf[at++] = (char)c;
		else
			at += (size_t)snprintf(buf + at, SCAN_QUOTE - at,
					       "\\x%02x", c);
	}
	snprintf(buf + at, SCAN_QUOTE - at, i < token->len ? "...\"" : "\"");

	return buf;
}

static struct token token_here(const struct scan *scan, enum token_kind kind,
			       size_t len)
{
	return (struct token){
		.kind = kind,
		.s = scan->at,
		.len = len,
		.line = scan->line,
		.column = (uint32_t)(scan->at - scan->line_at) + 1,
	};
}

static int control(struct scan *scan)
{
	struct token here = token_here(scan, TOKEN_WORD, 1);

	if (*scan->at == '\r')
		return scan_fail(scan, &here,
				 "a carriage return that no line feed follows");

	return scan_fail(scan, &here,
			 "control character 0x%02x; the text form has none",
			 (unsigned char)*scan->at);
}

static bool ends_line(const struct scan *scan, const char *at)
{
	if (at == scan->end || *at == '\n')
		return true;

	return *at == '\r' && at + 1 < scan->end && at[1] == '\n';
}

/* The comment from @scan->at to @stop may say what verdict to expect. */
static int expectation(struct scan *scan, const char *stop)
{
	static const char key[] = "expect:";
	struct token text;
	char quoted[SCAN_QUOTE];

	for (scan->at++; scan->at < stop && is_blank(*scan->at);)
		scan->at++;
	if ((size_t)(stop - scan->at) < sizeof(key) - 1 ||
	    memcmp(scan->at, key, sizeof(key) - 1) != 0)
		return 0;

	text = token_here(scan, TOKEN_WORD, sizeof(key) - 1);
	if (scan->expect[0])
		return scan_fail(scan, &text,
				 "a second \"expect:\"; a program has one");
	for (scan->at += text.len; scan->at < stop && is_blank(*scan->at);)
		scan->at++;
	while (stop > scan->at && is_blank(stop[-1]))
		stop--;
	if (stop == scan->at)
		return scan_fail(scan, &text, "\"expect:\" names no signature");

	text = token_here(scan, TOKEN_WORD, (size_t)(stop - scan->at));
	if (text.len >= PROG_EXPECT)
		return scan_fail(scan, &text,
				 "signature %s is longer than %d characters",
				 scan_quote(&text, quoted), PROG_EXPECT - 1);
	memcpy(scan->expect, text.s, text.len);
	scan->expect[text.len] = '\0';
	return 0;
}

static int comment(struct scan *scan)
{
	const char *from = scan->at, *stop;

	while (!ends_line(scan, scan->at)) {
		if (is_control(*scan->at))
			return control(scan);
		scan->at++;
	}
	stop = scan->at;
	scan->at = from;
	if (expectation(scan, stop))
		return -1;
	scan->at = stop;
	return 0;
}

static void line_end(struct scan *scan)
{
	scan->token = token_here(scan, TOKEN_LINE, 1);
	if (*scan->at == ';') {
		scan->at++;
		return;
	}
	scan->at += *scan->at == '\r' ? 2 : 1;
	scan->line++;
	scan->line_at = scan->at;
}

int scan_next(struct scan *scan)
{
	size_t len = 0;

	while (scan->at < scan->end && is_blank(*scan->at))
		scan->at++;
	if (scan->at < scan->end && *scan->at == '#' && comment(scan))
		return -1;

	if (scan->at == scan->end) {
		scan->token = token_here(scan, TOKEN_TEXT, 0);
		return 0;
	}
	if (*scan->at == ';' || ends_line(scan, scan->at)) {
		line_end(scan);
		return 0;
	}
	if (is_control(*scan->at))
		return control(scan);
	if (is_mark(*scan->at)) {
		scan->token = token_here(scan, TOKEN_MARK, 1);
		scan->at++;
		return 0;
	}

	while (scan->at + len < scan->end && in_word(scan->at[len]))
		len++;
	scan->token = token_here(scan, TOKEN_WORD, len);
	scan->at += len;
	return 0;
}

bool token_ends(const struct token *token)
{
	return token->kind == TOKEN_LINE || token->kind == TOKEN_TEXT;
}

bool token_is(const struct token *token, const char *word)
{
	return !token_ends(token) && token->len == strlen(word) &&
	       !memcmp(token->s, word, token->len);
}

int scan_mark(struct scan *scan, char mark)
{
	char quoted[SCAN_QUOTE];

	if (scan->token.kind != TOKEN_MARK || *scan->token.s != mark)
		return scan_fail(scan, &scan->token,
				 "expected \"%c\", found %s", mark,
				 scan_quote(&scan->token, quoted));

	return scan_next(scan);
}

int scan_word(struct scan *scan, const char *word)
{
	char quoted[SCAN_QUOTE];

	if (!token_is(&scan->token, word))
		return scan_fail(scan, &scan->token,
				 "expected \"%s\", found %s", word,
				 scan_quote(&scan->token, quoted));

	return scan_next(scan);
}

int scan_end(struct scan *scan)
{
	char quoted[SCAN_QUOTE];

	if (!token_ends(&scan->token))
		return scan_fail(scan, &scan->token,
				 "expected the end of the line, found %s",
				 scan_quote(&scan->token, quoted));

	return 0;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;

	return 16;
}

int scan_number(struct scan *scan, const char *what, uint64_t *value)
{
	const struct token *token = &scan->token;
	bool overflow = false, bad;
	char quoted[SCAN_QUOTE];
	size_t i = 0;
	int base = 10;

	*value = 0;
	if (token->len > 2 && token->s[0] == '0' && token->s[1] == 'x') {
		base = 16;
		i = 2;
	}
	bad = token->kind != TOKEN_WORD || !token->len;
	for (; !bad && i < token->len; i++) {
		int d = digit(token->s[i]);

		bad = d >= base;
		overflow |=
			__builtin_mul_overflow(*value, (uint64_t)base, value);
		overflow |= __builtin_add_overflow(*value, (uint64_t)d, value);
	}
	if (bad)
		return scan_fail(scan, token,
				 "expected %s, a number (decimal or 0x), found "
				 "%s",
				 what, scan_quote(token, quoted));
	if (overflow)
		return scan_fail(scan, token, "%s: number %s is above 2^64 - 1",
				 what, scan_quote(token, quoted));

	return scan_next(scan);
}

int scan_number_in(struct scan *scan, const char *what, uint64_t lo,
		   uint64_t hi, uint64_t *value)
{
	struct token token = scan->token;

	if (scan_number(scan, what, value))
		return -1;
	if (*value < lo || *value > hi)
		return scan_fail(scan, &token,
				 "%s %" PRIu64 " is out of range; it is "
				 "%" PRIu64 " to %" PRIu64,
				 what, *value, lo, hi);
	return 0;
}

bool token_slot(const struct token *token, uint16_t *slot)
{
	uint32_t value = 0;
	size_t i;

	if (token->kind != TOKEN_WORD)
		return false;
	if (token->len == 1 && *token->s >= 'a' && *token->s <= 'z') {
		*slot = (uint16_t)(*token->s - 'a');
		return true;
	}
	if (token->len < 3 || token->len > 5 || token->s[0] != 's' ||
	    token->s[1] == '0')
		return false;
	for (i = 1; i < token->len; i++) {
		if (token->s[i] < '0' || token->s[i] > '9')
			return false;
		value = 10 * value + (uint32_t)(token->s[i] - '0');
	}
	*slot = (uint16_t)value;

	return value >= 26 && value < OP_SLOTS;
}

int scan_slot(struct scan *scan, uint16_t *slot)
{
	char quoted[SCAN_QUOTE];

	if (!token_slot(&scan->token, slot))
		return scan_fail(scan, &scan->token,
				 "expected a slot, a to z or s26 to s%u, found "
				 "%s",
				 OP_SLOTS - 1,
				 scan_quote(&scan->token, quoted));

	return scan_next(scan);
}
