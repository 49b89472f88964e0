/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "allocator/heap.h"
#include "cmd.h"

static error_t parse(int key, char *arg, struct argp_state *state)
{
	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	argp_error(state, "\"%s\": nothing is taken", arg);
	return 0;
}

static const struct argp version_argp = {
	.parser = parse,
	.doc = "Say what was built, and how.",
};

static int run(const struct command *cmd, int argc, char **argv)
{
	const char *source = HYPHEAP_ALLOC_SOURCE;
	const char *slash = strrchr(source, '/');
	uint32_t sizes = heap_page_sizes();

	argp_parse(cmd->argp, argc, argv, 0, NULL, NULL);
	printf("hypheap %s\n", HYPHEAP_VERSION);
	printf("compiler    %s %s\n",
#ifdef __clang__
	       "clang", __clang_version__
#else
	       "gcc", __VERSION__
#endif
	);
	printf("sanitizers  %s\n",
	       *HYPHEAP_SANITIZERS ? HYPHEAP_SANITIZERS : "none");
	printf("page sizes ");
	for (; sizes; sizes &= sizes - 1)
		printf(" %u", sizes & -sizes);
	printf("\nallocator   %s (%s)\n", slash ? slash + 1 : source,
	       HYPHEAP_ALLOC_DEFAULT ? "default" : "given at build time");
	return STATUS_HOLDS;
}

const struct command cmd_version = {
	.name = "version",
	.line = "say what was built, and how",
	.argp = &version_argp,
	.run = run,
};
