/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_SELFCHECK_H
#define HYPHEAP_SELFCHECK_H

#include <stddef.h>

#include "run/run.h"

/*
 * The positive control: does each oracle of this very build see a lie that is
 * told at the seam, at run time, while a program runs through executor, model,
 * twin and all oracles?
 */

/* How a program is run; a bit each. */
enum selfcheck_level {
	SELFCHECK_EXACT,    /* as "hypheap run" does */
	SELFCHECK_CONTRACT, /* the same at contract level */
	SELFCHECK_FUZZ,	    /* as a fuzz target does */
	SELFCHECK_LEVELS
};

const char *selfcheck_level_name(enum selfcheck_level level);

/**
 * struct lie - One lie; see lies.def.
 * @signature: that it must have
 * @levels: bit n: there is somebody to see it at level n
 */
struct lie {
	enum oracle oracle;
	const char *signature;
	const char *what;
	unsigned int levels;
	const char *program;
};

/* selfcheck_lies() - All of them, and how many. */
const struct lie *selfcheck_lies(size_t *nr);

enum selfcheck_end {
	SELFCHECK_CAUGHT,
	SELFCHECK_MISSED, /* nobody sees it, or somebody else */
	SELFCHECK_OFF,	  /* there is nobody to see it */
	SELFCHECK_UNTRUE, /* the program does not hold without it */
	SELFCHECK_ENDS
};

const char *selfcheck_end_name(enum selfcheck_end end);

/**
 * struct selfcheck_result - What came of a lie.
 * @got: the signature that came, if it was another or if it came without the
 *	 lie; empty: none did
 * @untold: nobody called the function that lies
 */
struct selfcheck_result {
	enum selfcheck_end end;
	char got[SIGNATURE_TEXT];
	bool untold;
};

/**
 * selfcheck_tell() - Run the program of a lie without and with it.
 * @lie: one of selfcheck_lies()
 * @page: bytes; a target for it must be linked in
 * @other_policy: the allocator is one of the user's: if a program holds at
 *		  contract level and not at exact level, that is SELFCHECK_OFF
 *
 * The watchdog must be set. A lie whose program is no program is a fault of the
 * harness: it ends the process with status 3.
 */
struct selfcheck_result selfcheck_tell(struct run *run, const struct lie *lie,
				       enum selfcheck_level level,
				       uint32_t page, bool other_policy);

#endif
