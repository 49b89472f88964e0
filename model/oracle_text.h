/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_ORACLE_TEXT_H
#define HYPHEAP_ORACLE_TEXT_H

#include "model/oracle.h"

/* The words of the verdicts; called only when something is wrong. */

#define WORDS 64

/* object_words() - "a at +16, 112 bytes". @buf: WORDS bytes. Return: @buf. */
const char *object_words(const struct object *o, char *buf);

/* err_words() - "0", "-ENOMEM", or the number. @buf: WORDS bytes. */
const char *err_words(int err, char *buf);

/* place_words() - " in FUNCTION at FILE:LINE: WHAT", what of it is known. */
#define PLACE_WORDS 256
const char *place_words(const struct step *step, char *buf);

#endif
