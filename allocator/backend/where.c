/* SPDX-License-Identifier: GPL-2.0-only */
#include "where.h"

#include <stdio.h>
#include <string.h>

static const char *last_component(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void where_line(const char *file, int line, char place[WHERE_TEXT])
{
	place[0] = '\0';
	if (file)
		snprintf(place, WHERE_TEXT, "%s:%d", last_component(file),
			 line);
}

#ifdef HYPHEAP_LIBDW

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <stdlib.h>
#include <unistd.h>

static void inlined_name(Dwfl_Module *module, Dwarf_Addr at,
			 char function[WHERE_TEXT])
{
	Dwarf_Addr bias = 0;
	Dwarf_Die *unit = dwfl_module_addrdie(module, at, &bias);
	Dwarf_Die *scopes = NULL;
	int nr = unit ? dwarf_getscopes(unit, at - bias, &scopes) : 0;

	for (int i = 0; i < nr; i++) {
		int tag = dwarf_tag(&scopes[i]);
		const char *name = dwarf_diename(&scopes[i]);

		if ((tag == DW_TAG_inlined_subroutine ||
		     tag == DW_TAG_subprogram) &&
		    name) {
			snprintf(function, WHERE_TEXT, "%s", name);
			break;
		}
	}
	free(scopes);
}

static void look_up(uintptr_t pc, char function[WHERE_TEXT],
		    char place[WHERE_TEXT])
{
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_linux_proc_find_elf,
		.find_debuginfo = dwfl_standard_find_debuginfo,
	};
	Dwarf_Addr at = pc - 1; /* the call, not what follows it */
	Dwfl_Module *module = NULL;
	Dwfl_Line *line;
	Dwfl *dwfl;

	function[0] = '\0';
	place[0] = '\0';
	if (!pc)
		return;

	dwfl = dwfl_begin(&callbacks);
	if (!dwfl)
		return;
	if (!dwfl_linux_proc_report(dwfl, getpid()) &&
	    !dwfl_report_end(dwfl, NULL, NULL))
		module = dwfl_addrmodule(dwfl, at);
	if (module) {
		const char *name = dwfl_module_addrname(module, at);
		int number = 0;

		if (name)
			snprintf(function, WHERE_TEXT, "%s", name);
		inlined_name(module, at, function);
		line = dwfl_module_getsrc(module, at);
		name = line ? dwfl_lineinfo(line, NULL, &number, NULL, NULL,
					    NULL)
			    : NULL;
		where_line(name, number, place);
	}
	dwfl_end(dwfl);
}

/* Looking up takes a third of a millisecond, and faults are few in kind. */
void where_is(uintptr_t pc, char function[WHERE_TEXT], char place[WHERE_TEXT])
{
	static struct {
		uintptr_t pc;
		char function[WHERE_TEXT];
		char place[WHERE_TEXT];
	} known[64];
	size_t at = (pc ^ pc >> 6) % (sizeof(known) / sizeof(known[0]));

	if (known[at].pc != pc) {
		look_up(pc, known[at].function, known[at].place);
		known[at].pc = pc;
	}
	memcpy(function, known[at].function, WHERE_TEXT);
	memcpy(place, known[at].place, WHERE_TEXT);
}

#else

void where_is(uintptr_t pc, char function[WHERE_TEXT], char place[WHERE_TEXT])
{
	(void)pc;
	function[0] = '\0';
	place[0] = '\0';
}

#endif
