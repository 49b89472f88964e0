/* SPDX-License-Identifier: GPL-2.0-only */
#include "program/gen.h"
#include "engines/engine.h"

/* Something with branches for AFL++ to find its way through: the decoder. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct prog prog;
	static volatile uint32_t frees;
	uint32_t i;

	prog_decode(&prog, data, size);
	for (i = 0; i < prog.nr; i++)
		if (prog.ops[i].kind == OP_FREE)
			frees++;
	return 0;
}
