/* SPDX-License-Identifier: GPL-2.0-only */
#include "program/prog.h"

#include "engine.h"

/*
 * An engine copies every input to memory of its own. What it has freed is soon
 * used again: else each copy touches pages that nobody has touched before.
 */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=8:detect_stack_use_after_return=0";
}

/*
 * What happens once in a process (the target boots at the first program of each
 * page size) is done before the engine looks. Else the first input seems to
 * reach code that it does not reach again, and AFL++ calls it unstable.
 */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	uint8_t data[PROG_HEADER];
	struct prog prog;
	uint32_t shift;

	(void)argc;
	(void)argv;
	prog_init(&prog);
	for (shift = 12; shift <= 16; shift += 2) {
		prog.world.page_shift = shift;
		prog_world_fix(&prog.world);
		(void)LLVMFuzzerTestOneInput(data, prog_encode(&prog, data,
							       sizeof(data)));
	}
	prog_free(&prog);

	return 0;
}
