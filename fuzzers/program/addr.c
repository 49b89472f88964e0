/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>

#include "scan.h"

/* Numbers that may be a place: their text both ways. */

static const struct {
	char letter;
	uint8_t tag;
} places[] = {
	{'p', OP_TAG_PHYS},
	{'h', OP_TAG_HOST},
	{'e', OP_TAG_EL2},
	{'f', OP_TAG_FRAME},
};

#define PLACES (sizeof(places) / sizeof(places[0]))

#define DECIMAL_BELOW 65536u

static int number_print(uint64_t value, char *buf, size_t size)
{
	return snprintf(buf, size,
			value < DECIMAL_BELOW ? "%" PRIu64 : "0x%" PRIx64,
			value);
}

char *value_print(uint64_t value, char *buf)
{
	uint32_t tag = op_tag(value), i;
	int at;

	if (!tag) {
		number_print(value, buf, VALUE_TEXT);
		return buf;
	}
	for (i = 0; i + 1 < PLACES && places[i].tag != tag;)
		i++;
	at = snprintf(buf, VALUE_TEXT, "%c%" PRIu32, places[i].letter,
		      op_tag_page(value));
	if (op_tag_offset(value)) {
		buf[at++] = '+';
		number_print(op_tag_offset(value), buf + at,
			     VALUE_TEXT - (size_t)at);
	}
	return buf;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The number of the page behind the letter; where it ends. */
static int page_of(struct scan *scan, uint64_t *page, size_t *end)
{
	const struct token *token = &scan->token;
	char quoted[SCAN_QUOTE];
	size_t i;

	*page = 0;
	for (i = 1; i < token->len && is_digit(token->s[i]); i++)
		if (*page < OP_ADDR_PAGES)
			*page = 10 * *page + (uint64_t)(token->s[i] - '0');
	*end = i;
	if ((i > 2 && token->s[1] == '0') ||
	    (i < token->len && token->s[i] != '+'))
		return scan_fail(scan, token,
				 "%s is no page; it is written %c and its "
				 "number, with +OFFSET or not",
				 scan_quote(token, quoted), *token->s);
	if (*page >= OP_ADDR_PAGES)
		return scan_fail(scan, token,
				 "page of %s is out of range; it is 0 to %u",
				 scan_quote(token, quoted), OP_ADDR_PAGES - 1);
	return 0;
}

/* "p3", "h3+8": the token begins with @letter and a digit. */
static int place(struct scan *scan, uint8_t tag, uint64_t *value)
{
	struct token *token = &scan->token;
	uint64_t page, offset = 0;
	size_t end;

	if (page_of(scan, &page, &end))
		return -1;
	if (end == token->len) {
		*value = OP_ADDR(tag, page, 0);
		return scan_next(scan);
	}
	/* What is left of the token is the offset. */
	token->s += end + 1;
	token->len -= end + 1;
	token->column += (uint32_t)end + 1;
	if (tag == OP_TAG_FRAME)
		return scan_fail(scan, token, "a frame has no offset");
	if (scan_number_in(scan, "OFFSET", 0, UINT32_MAX, &offset))
		return -1;
	*value = OP_ADDR(tag, page, offset);

	return 0;
}

int scan_value(struct scan *scan, const char *what, uint64_t *value)
{
	const struct token *token = &scan->token;
	char quoted[SCAN_QUOTE];
	uint32_t i;

	if (token->kind == TOKEN_WORD && is_digit(*token->s))
		return scan_number(scan, what, value);
	if (token->kind == TOKEN_WORD && token->len > 1 &&
	    is_digit(token->s[1]))
		for (i = 0; i < PLACES; i++)
			if (places[i].letter == *token->s)
				return place(scan, places[i].tag, value);

	return scan_fail(scan, token,
			 "expected %s, a number or a place (pN, hN, eN, fN), "
			 "found %s",
			 what, scan_quote(token, quoted));
}
