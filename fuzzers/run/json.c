/* SPDX-License-Identifier: GPL-2.0-only */
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "json.h"

void json_begin(struct json *j, FILE *out)
{
	*j = (struct json){.out = out};
}

/* ---- strings ------------------------------------------------------------ */

/* Bytes of the UTF-8 sequence that @s begins with, 0 if it is none. */
static unsigned int utf8_length(const unsigned char *s)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t least;
	} forms[] = {
		{0x80, 0x00, 0},
		{0xe0, 0xc0, 0x80},
		{0xf0, 0xe0, 0x800},
		{0xf8, 0xf0, 0x10000},
	};

	for (unsigned int more = 0; more < 4; more++) {
		uint32_t code = s[0] & (unsigned char)~forms[more].mask;

		if ((s[0] & forms[more].mask) != forms[more].lead)
			continue;
		for (unsigned int i = 1; i <= more; i++) {
			if ((s[i] & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (s[i] & 0x3f);
		}
		if (code < forms[more].least || code > 0x10ffff ||
		    (code >= 0xd800 && code <= 0xdfff))
			return 0;
		return more + 1;
	}
	return 0;
}

static void put_escaped(FILE *out, unsigned char c)
{
	static const char plain[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
	const char *at = strchr(plain, c);

	if (at && c)
		fprintf(out, "\\%c", letter[at - plain]);
	else if (c < ' ' || c == 0x7f)
		fprintf(out, "\\u%04x", c);
	else
		fputc(c, out);
}

static void put_string(FILE *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	fputc('"', out);
	while (*s) {
		unsigned int length = utf8_length(s);

		if (length == 1)
			put_escaped(out, *s);
		else if (length)
			fwrite(s, 1, length, out);
		else
			fputs("\\ufffd", out);
		s += length ? length : 1;
	}
	fputc('"', out);
}

/* ---- structure ---------------------------------------------------------- */

/* What stands before a value: a comma, its name. */
static void lead(struct json *j, const char *key)
{
	unsigned int top = j->depth - 1;

	if (!j->depth) {
		assert(!key);
		return;
	}
	assert(j->array[top] == !key);
	if (j->some[top])
		fputs(", ", j->out);
	j->some[top] = true;
	if (key) {
		put_string(j->out, key);
		fputs(": ", j->out);
	}
}

static void open_level(struct json *j, const char *key, bool array)
{
	lead(j, key);
	assert(j->depth < JSON_DEPTH);
	j->array[j->depth] = array;
	j->some[j->depth] = false;
	j->depth++;
	fputc(array ? '[' : '{', j->out);
}

static void value_ends(struct json *j)
{
	if (!j->depth)
		fputc('\n', j->out);
}

void json_object(struct json *j, const char *key)
{
	open_level(j, key, false);
}

void json_array(struct json *j, const char *key)
{
	open_level(j, key, true);
}

void json_end(struct json *j)
{
	assert(j->depth);
	j->depth--;
	fputc(j->array[j->depth] ? ']' : '}', j->out);
	value_ends(j);
}

/* ---- values ------------------------------------------------------------- */

void json_string(struct json *j, const char *key, const char *text)
{
	lead(j, key);
	if (text)
		put_string(j->out, text);
	else
		fputs("null", j->out);
	value_ends(j);
}

void json_number(struct json *j, const char *key, uint64_t number)
{
	lead(j, key);
	fprintf(j->out, "%" PRIu64, number);
	value_ends(j);
}

void json_signed(struct json *j, const char *key, int64_t number)
{
	lead(j, key);
	fprintf(j->out, "%" PRId64, number);
	value_ends(j);
}

void json_real(struct json *j, const char *key, double number)
{
	lead(j, key);
	if (isfinite(number))
		fprintf(j->out, "%.6g", number);
	else
		fputs("null", j->out);
	value_ends(j);
}

void json_bool(struct json *j, const char *key, bool value)
{
	lead(j, key);
	fputs(value ? "true" : "false", j->out);
	value_ends(j);
}

void json_hex(struct json *j, const char *key, uint64_t number)
{
	lead(j, key);
	fprintf(j->out, "\"%016" PRIx64 "\"", number);
	value_ends(j);
}
