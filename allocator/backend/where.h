/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_BACKEND_WHERE_H
#define HYPHEAP_BACKEND_WHERE_H

#include <stdint.h>

#define WHERE_TEXT 96

/**
 * where_is() - Function and "file:line" of a return address in this process.
 *
 * Both are "" if they cannot be told. Innermost inlined function first. Slow.
 */
void where_is(uintptr_t pc, char function[WHERE_TEXT], char place[WHERE_TEXT]);

/* where_line() - "file:line" with the file's last component only. */
void where_line(const char *file, int line, char place[WHERE_TEXT]);

#endif
