/* SPDX-License-Identifier: GPL-2.0-only */
#include "engines/engine.h"
#include "engines/feedback.h"
#include "run/features.h"

/* What happens once in a process is over before the first input. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	(void)feedback_cells();

	return 0;
}

/*
 * The same code for every input; the first byte is how many chunks are in use
 * after the one step there is. Only features of state tell two inputs apart.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct step step = {.op.kind = OP_ALLOC, .page = 4096};
	uint8_t *cells = feedback_cells();
	uint32_t before = 0;

	if (!size || !cells)
		return 0;
	step.before.used = step.after.used = data[0] % 4u;
	features_note(cells, &step, &before);
	feedback_tell();

	return 0;
}
