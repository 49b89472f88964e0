/* SPDX-License-Identifier: GPL-2.0-only */
#include "level.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum run_level read_level(void)
{
	const char *value = getenv("HYPHEAP_LEVEL");

	if (!value || !strcmp(value, "exact"))
		return RUN_EXACT;
	if (!strcmp(value, "contract"))
		return RUN_CONTRACT;

	fprintf(stderr, "HYPHEAP_LEVEL: \"%s\" is neither exact nor contract\n",
		value);
	exit(2);
}

enum run_level level_of_oracles(void)
{
	static enum run_level level;
	static bool known;

	if (!known)
		level = read_level();
	known = true;

	return level;
}
