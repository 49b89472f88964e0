/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

/*
 * main() of a fuzz target that is built without an engine: runs each file
 * twice, so that state left over from the first time shows in the second.
 */

static int usage(FILE *out, const char *name)
{
	fprintf(out,
		"usage: %s FILE...\n"
		"\n"
		"Built without a fuzz engine: runs each file twice, and "
		"aborts\n"
		"at a finding. To fuzz, use scripts/fuzz.\n"
		"HYPHEAP_LEVEL=contract in the environment: for an allocator "
		"with a\n"
		"policy of its own, nothing is predicted.\n",
		name);
	return out == stdout ? 0 : 2;
}

/* All of a file in exactly as many bytes, so that ASan sees a read past it. */
static int read_file(const char *path, uint8_t **data, size_t *size)
{
	FILE *in = fopen(path, "rb");
	size_t cap = 4096;
	uint8_t *fit;

	*data = NULL;
	*size = 0;
	if (!in)
		return -errno;
	do {
		cap *= 2;
		fit = realloc(*data, cap);
		if (!fit)
			goto fail;
		*data = fit;
		*size += fread(*data + *size, 1, cap - *size, in);
	} while (*size == cap);
	if (ferror(in))
		goto fail;
	(void)fclose(in);

	fit = realloc(*data, *size ? *size : 1);
	if (fit)
		*data = fit;
	return 0;

fail:
	(void)fclose(in);
	free(*data);
	*data = NULL;
	return errno ? -errno : -EIO;
}

static int run_file(const char *path)
{
	uint8_t *data;
	size_t size;
	int ret = read_file(path, &data, &size);

	if (ret) {
		fprintf(stderr, "%s: %s\n", path, strerror(-ret));
		return 2;
	}
	for (int time = 0; time < 2; time++)
		(void)LLVMFuzzerTestOneInput(data, size);
	free(data);
	printf("%s: %zu bytes, run twice\n", path, size);

	return 0;
}

int main(int argc, char **argv)
{
	int ret = 0;

	if (argc < 2)
		return usage(stderr, argv[0]);
	if (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help"))
		return usage(stdout, argv[0]);

	(void)LLVMFuzzerInitialize(&argc, &argv);
	printf("%s: no fuzz engine in this build, each file is run twice\n",
	       argv[0]);
	for (int i = 1; i < argc; i++) {
		/* The name first: what aborts never returns to tell it. */
		fflush(stdout);
		ret |= run_file(argv[i]);
	}
	return ret;
}
