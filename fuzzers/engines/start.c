/* SPDX-License-Identifier: GPL-2.0-only */
#include "program/prog.h"

#include "engine.h"

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
