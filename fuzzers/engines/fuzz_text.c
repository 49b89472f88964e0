/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "program/prog.h"
#include "stats.h"

/*
 * The target is our own code: any input is read as text and as bytes. What is
 * read must come back the same once it was written, as text and as bytes.
 * Nothing is run.
 */

static struct prog one, other;

static void fail(const char *what, const char *text)
{
	fprintf(stderr, "HARNESS BUG: %s\n%s\n  signature: text/%s\n", what,
		text, what);
	abort();
}

static char *print(const struct prog *prog, size_t *size)
{
	char *text = NULL;
	FILE *mem = open_memstream(&text, size);

	if (!mem)
		abort();
	prog_print(prog, mem);
	if (fclose(mem))
		abort();
	return text;
}

/* @prog is printed, read and printed again. @mask: text says its mask. */
static void through_text(const struct prog *prog, bool mask)
{
	struct text_error error = {0};
	char *first, *second;
	size_t first_size, second_size;

	first = print(prog, &first_size);
	if (prog_parse(&other, first, first_size, &error))
		fail("not-read-back", first);
	if (!mask)
		other.world.swarm = prog->world.swarm;
	if (!prog_equal(prog, &other) ||
	    strcmp(prog->expect, other.expect) != 0)
		fail("another-program", first);
	second = print(&other, &second_size);
	if (first_size != second_size || memcmp(first, second, first_size) != 0)
		fail("another-text", first);
	free(first);
	free(second);
}

static void through_bytes(const struct prog *prog)
{
	size_t size = prog_size(prog);
	uint8_t *first = malloc(size), *second = malloc(size);

	if (!first || !second)
		abort();
	if (prog_encode(prog, first, size) != size)
		fail("another-size", "");
	prog_decode(&other, first, size);
	if (!prog_equal(prog, &other))
		fail("another-program-of-bytes", "");
	if (prog_encode(&other, second, size) != size ||
	    memcmp(first, second, size) != 0)
		fail("other-bytes", "");
	free(first);
	free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text_error error = {0};

	if (!prog_parse(&one, (const char *)data, size, &error)) {
		through_text(&one, true);
		through_bytes(&one);
	} else if (!error.line || !error.column || !error.what[0] || one.nr) {
		fail("an-error-that-says-nothing", error.what);
	}

	prog_decode(&one, data, size);
	through_bytes(&one);
	through_text(&one, false);
	(void)prog_is_text(NULL, data, size);
	stats_count(1, one.nr);
	/* the next input begins without room, as this one did */
	prog_free(&one);
	prog_free(&other);

	return 0;
}
