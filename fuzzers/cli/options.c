/* SPDX-License-Identifier: GPL-2.0-only */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "allocator/heap.h"
#include "cmd.h"

/* Options that several commands have, and where random programs come from. */

uint64_t option_number(struct argp_state *state, const char *name,
		       const char *text, uint64_t lo, uint64_t hi)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(text, &end, 0);
	if (!isdigit((unsigned char)*text) || *end || errno || number < lo ||
	    number > hi)
		argp_error(state,
			   "--%s: \"%s\" is not a number from %" PRIu64
			   " to %" PRIu64,
			   name, text, lo, hi);
	return number;
}

error_t option_files(int key, char *arg, struct argp_state *state,
		     const char **file, const char **out)
{
	switch (key) {
	case 'o':
		*out = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num)
			argp_error(state, "one FILE only");
		*file = arg;
		return 0;
	case ARGP_KEY_END:
		if (!*file)
			argp_error(state, "which FILE?");
		if (!*out)
			argp_error(state, "where to? -o OUT is missing");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

enum run_level option_level(struct argp_state *state, const char *text)
{
	if (!strcmp(text, "contract"))
		return RUN_CONTRACT;
	if (strcmp(text, "exact") != 0)
		argp_error(state,
			   "--oracle: \"%s\" is neither exact nor contract",
			   text);
	return RUN_EXACT;
}

void option_backend(struct argp_state *state, const char *text)
{
	char why[256];

	if (!strcmp(text, "mmu")) {
		if (heap_use_mmu(why, sizeof(why)))
			argp_failure(state, STATUS_USAGE, 0,
				     "--backend=mmu: %s", why);
	} else if (strcmp(text, "copy") != 0) {
		argp_error(state, "--backend: \"%s\" is neither copy nor mmu",
			   text);
	}
}

/* ---- where programs come from ------------------------------------------- */

static const char *const profiles[] = {
	[PROFILE_HEAP] = "heap",
	[PROFILE_HOST] = "host",
	[PROFILE_CORRUPT] = "corrupt",
	[PROFILE_TEXT] = "text",
};

#define PROFILES (sizeof(profiles) / sizeof(*profiles))
#define OPS_MAX 1000000u

enum {
	KEY_SEED = 0x100,
	KEY_START,
	KEY_OPS,
	KEY_PROFILE,
	KEY_PAGE,
	KEY_UNIFORM,
};

static const struct argp_option options[] = {
	{"seed", KEY_SEED, "N", 0, "Chance begins here (default 1)", 0},
	{"start", KEY_START, "N", 0,
	 "Number of the first program (default 0): program N of a seed is "
	 "always the same",
	 0},
	{"ops", KEY_OPS, "N", 0, "Operations of each program (default 64)", 0},
	{"profile", KEY_PROFILE, "heap|host|corrupt|text", 0,
	 "What they do (default heap)", 0},
	{"page", KEY_PAGE, "4096|16384|65536|all", 0,
	 "Page size; all (default): they take turns", 0},
	{"uniform", KEY_UNIFORM, NULL, 0,
	 "All operations and sizes alike: the naive generator, to compare "
	 "with",
	 0},
	{0},
};

static enum profile parse_profile(struct argp_state *state, const char *text)
{
	unsigned int i;

	for (i = 0; i < PROFILES; i++)
		if (!strcmp(text, profiles[i]))
			return i;
	argp_error(state,
		   "--profile: \"%s\" is none of heap, host, corrupt, "
		   "text",
		   text);
	return PROFILE_HEAP;
}

static uint32_t parse_page(struct argp_state *state, const char *text)
{
	uint64_t page;

	if (!strcmp(text, "all"))
		return heap_page_sizes();
	page = option_number(state, "page", text, 4096, 65536);
	if (page != 4096 && page != 16384 && page != 65536)
		argp_error(state,
			   "--page: \"%s\" is none of 4096, 16384, "
			   "65536, all",
			   text);
	return (uint32_t)page & heap_page_sizes();
}

static error_t parse_source(int key, char *arg, struct argp_state *state)
{
	struct source *source = state->input;

	switch (key) {
	case KEY_SEED:
		source->seed = option_number(state, "seed", arg, 0, UINT64_MAX);
		return 0;
	case KEY_START:
		source->start =
			option_number(state, "start", arg, 0, UINT64_MAX / 2);
		return 0;
	case KEY_OPS:
		source->gen.ops =
			(uint32_t)option_number(state, "ops", arg, 1, OPS_MAX);
		return 0;
	case KEY_PROFILE:
		source->gen.profile = parse_profile(state, arg);
		return 0;
	case KEY_PAGE:
		source->pages = parse_page(state, arg);
		return 0;
	case KEY_UNIFORM:
		source->gen.uniform = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp source_argp = {.options = options, .parser = parse_source};

struct source source_default(void)
{
	return (struct source){
		.seed = 1,
		.gen = {.ops = 64, .profile = PROFILE_HEAP},
		.pages = heap_page_sizes(),
	};
}

const char *source_profile(const struct source *source)
{
	return profiles[source->gen.profile];
}

void source_program(const struct source *source, uint64_t index,
		    struct prog *prog)
{
	unsigned int sizes = (unsigned int)__builtin_popcount(source->pages);
	unsigned int turn = (unsigned int)(index % sizes);
	struct gen_config config = source->gen;
	uint32_t pages = source->pages;
	struct rng rng;

	/* far apart for neighbouring seeds and for neighbouring programs */
	rng_seed(&rng, source->seed);
	rng_seed(&rng, rng_next(&rng) + index);

	while (turn--)
		pages &= pages - 1;
	config.page_shift = (uint32_t)__builtin_ctz(pages);
	prog_clear(prog);
	prog_generate(prog, &rng, &config);
}
