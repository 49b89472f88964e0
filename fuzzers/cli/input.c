/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "program/scan.h"

/* A program from a file. */

#define FIRST_ROOM (64u << 10)

/* All of @fd, at most INPUT_MAX; 0 or an errno. */
static int read_all(int fd, uint8_t **data, size_t *len)
{
	size_t room = 0;

	*data = NULL;
	*len = 0;
	for (;;) {
		ssize_t got;

		if (*len == room) {
			uint8_t *more;

			room = room ? 2 * room : FIRST_ROOM;
			more = realloc(*data, room);
			if (!more)
				return ENOMEM;
			*data = more;
		}
		got = read(fd, *data + *len, room - *len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno;
		if (!got)
			return 0;
		*len += (size_t)got;
		if (*len > INPUT_MAX)
			return EFBIG;
	}
}

static int read_file(const char *name, uint8_t **data, size_t *len)
{
	struct stat st;
	int fd, err;

	*data = NULL;
	if (!strcmp(name, "-"))
		return read_all(STDIN_FILENO, data, len);

	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (fstat(fd, &st))
		err = errno;
	else if (S_ISREG(st.st_mode) && st.st_size > INPUT_MAX)
		err = EFBIG;
	else
		err = read_all(fd, data, len);
	close(fd);
	return err;
}

static int decode(const char *name, struct prog *prog, const uint8_t *data,
		  size_t len, char why[INPUT_WHY])
{
	struct text_error error;
	int version;

	if (prog_is_text(name, data, len)) {
		if (!prog_parse(prog, (const char *)data, len, &error))
			return 0;
		snprintf(why, INPUT_WHY, "%s:%u:%u: %s", name, error.line,
			 error.column, error.what);
		return -1;
	}

	version = prog_version(data, len);
	if (version >= 0 && version != PROG_VERSION) {
		snprintf(why, INPUT_WHY,
			 "%s: a program of version %d; only version %d is "
			 "known",
			 name, version, PROG_VERSION);
		return -1;
	}
	prog_decode(prog, data, len);
	return 0;
}

int input_read(const char *name, struct prog *prog, char why[INPUT_WHY])
{
	size_t len = 0;
	uint8_t *data;
	int err = read_file(name, &data, &len);

	if (err == EFBIG)
		snprintf(why, INPUT_WHY, "%s: more than %u MiB", name,
			 INPUT_MAX >> 20);
	else if (err)
		snprintf(why, INPUT_WHY, "%s: %s", name, strerror(err));
	else
		err = decode(name, prog, data, len, why);
	free(data);
	return err ? -1 : 0;
}

uint32_t input_line(const char *name, uint32_t number)
{
	char expect[PROG_EXPECT];
	uint32_t line = 1, nr = 0;
	struct text_error error;
	bool begins = true;
	struct scan scan;
	uint8_t *data;
	size_t len = 0;

	if (!number || read_file(name, &data, &len))
		return 1;
	if (!prog_is_text(name, data, len))
		goto out;
	scan_init(&scan, (const char *)data, len, expect, &error);
	while (!scan_next(&scan) && scan.token.kind != TOKEN_TEXT) {
		if (begins && !token_ends(&scan.token) &&
		    !token_is(&scan.token, "hypheap") &&
		    !token_is(&scan.token, "heap") && ++nr == number) {
			line = scan.token.line;
			break;
		}
		begins = scan.token.kind == TOKEN_LINE;
	}
out:
	free(data);
	return line;
}
