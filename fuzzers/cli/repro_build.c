/* SPDX-License-Identifier: GPL-2.0-only */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "repro.h"

/*
 * The command that builds a C file against the allocator that this program has.
 * Paths are as short as they can be: whoever reads them has another machine.
 */

#define SOURCE HYPHEAP_REPRO_SOURCE   /* the checkout */
#define LIBRARY HYPHEAP_REPRO_LIBRARY /* as it was built */
#define BESIDE "allocator/libhypheap_allocator.a"

/* What is behind "@folder/" in @path; NULL: it does not lie there. */
static const char *below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	if (!strcmp(path, folder))
		return "";
	if (strncmp(path, folder, len) != 0 || path[len] != '/')
		return NULL;
	return path + len + 1;
}

/* The library that lies beside this program, if it was not installed. */
static void find_library(char path[PATH_MAX])
{
	char self[PATH_MAX] = "", *slash;
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (len > 0)
		self[len] = '\0';
	slash = strrchr(self, '/');
	if (slash) {
		*slash = '\0';
		if (snprintf(path, PATH_MAX, "%s/" BESIDE, self) < PATH_MAX &&
		    !access(path, R_OK))
			return;
	}
	snprintf(path, PATH_MAX, "%s", LIBRARY);
}

/* From the current folder: down, or up and down within the checkout. */
static void from_here(const char *path, char out[PATH_MAX])
{
	char here[PATH_MAX];
	const char *rest;
	int len = 0;

	snprintf(out, PATH_MAX, "%s", path);
	if (!getcwd(here, sizeof(here)))
		return;
	rest = below(path, here);
	if (rest) {
		snprintf(out, PATH_MAX, "%s", *rest ? rest : ".");
		return;
	}
	if (!below(here, SOURCE) || (!below(path, SOURCE)))
		return;
	while (!(rest = below(path, here)) && len < PATH_MAX - 4) {
		*strrchr(here, '/') = '\0';
		len += sprintf(out + len, "%s..", len ? "/" : "");
	}
	if (rest && *rest)
		snprintf(out + len, (size_t)(PATH_MAX - len), "/%s", rest);
}

/* As a word of a shell's. */
static void quote(FILE *out, const char *word)
{
	static const char plain[] = "/.-_+=:,@%"
				    "0123456789"
				    "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	if (*word && !word[strspn(word, plain)]) {
		fputs(word, out);
		return;
	}
	fputc('\'', out);
	for (; *word; word++) {
		if (*word == '\'')
			fputs("'\\''", out);
		else
			fputc(*word, out);
	}
	fputc('\'', out);
}

/* "-" begins an option, wherever it stands. */
static void quote_file(FILE *out, const char *file)
{
	if (*file == '-')
		fputs("./", out);
	quote(out, file);
}

void repro_command(FILE *out, const char *file, bool anywhere)
{
	char library[PATH_MAX], shown[PATH_MAX];
	const char *slash = strrchr(file, '/'), *inside;

	find_library(library);
	inside = below(library, SOURCE);
	fputs(HYPHEAP_REPRO_COMPILER " -I", out);
	from_here(SOURCE, shown);
	if (anywhere)
		fputs("\"$H\"", out);
	else
		quote(out, shown);
	fputs(" -o repro ", out);
	quote_file(out, anywhere && slash ? slash + 1 : file);
	fputc(' ', out);
	from_here(library, shown);
	if (anywhere && inside)
		fputs("\"$H\"/", out);
	quote(out, !anywhere ? shown : inside ? inside : library);
	fputs(HYPHEAP_REPRO_LIBS " && ./repro", out);
}
