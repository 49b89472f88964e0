/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_JSON_H
#define HYPHEAP_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/*
 * The one writer of JSON. It sets commas and quotes; who calls it keeps to the
 * grammar, which assertions watch: in an object each value follows a key.
 *
 *	json_begin(&j, stdout);
 *	json_object(&j, NULL);
 *	json_string(&j, "file", name);
 *	json_array(&j, "sizes");
 *	json_number(&j, NULL, 4096);
 *	json_end(&j);
 *	json_end(&j);		// a newline follows the outermost
 */

#define JSON_DEPTH 12u

struct json {
	FILE *out;
	unsigned int depth; /* open objects and arrays */
	bool array[JSON_DEPTH];
	bool some[JSON_DEPTH]; /* it has a member */
};

/* json_begin() - Nothing written yet. One document a line: call it again. */
void json_begin(struct json *j, FILE *out);

/*
 * Each writes one value: @key is its name in an object, and NULL in an array
 * or at the top.
 */
void json_object(struct json *j, const char *key);
void json_array(struct json *j, const char *key);
/* json_string() - What is not UTF-8 in @text becomes U+FFFD; NULL is null. */
void json_string(struct json *j, const char *key, const char *text);
void json_number(struct json *j, const char *key, uint64_t number);
void json_signed(struct json *j, const char *key, int64_t number);
/* json_real() - Six significant digits; null if it is not finite. */
void json_real(struct json *j, const char *key, double number);
void json_bool(struct json *j, const char *key, bool value);
/* json_hex() - A string of 16 hex digits: 64 bits that no reader rounds. */
void json_hex(struct json *j, const char *key, uint64_t number);

/* json_end() - Close the innermost object or array. */
void json_end(struct json *j);

#endif
