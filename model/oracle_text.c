/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/oracle_text.h"

static const char *const oracle_names[] = {[ORACLE_NONE] = "none",
#define X(id, name, what) [ORACLE_##id] = (name),
					   ORACLES(X)
#undef X
};

static const char *const oracle_whats[] = {[ORACLE_NONE] = "nothing failed",
#define X(id, name, what) [ORACLE_##id] = (what),
					   ORACLES(X)
#undef X
};

_Static_assert(sizeof(oracle_names) / sizeof(*oracle_names) == ORACLE_COUNT,
	       "names");
_Static_assert(sizeof(oracle_whats) / sizeof(*oracle_whats) == ORACLE_COUNT,
	       "whats");

const char *oracle_name(enum oracle oracle)
{
	return (unsigned int)oracle < ORACLE_COUNT ? oracle_names[oracle] : "?";
}

const char *oracle_what(enum oracle oracle)
{
	return (unsigned int)oracle < ORACLE_COUNT ? oracle_whats[oracle] : "?";
}

/* One line: a condition quoted from a source may hold anything. */
static void one_line(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = ' ';
	}
}

bool verdict_fail(struct verdict *v, enum oracle oracle,
		  const struct step *step, const char *fmt, ...)
{
	va_list args;

	v->oracle = oracle;
	v->step = step ? step->number : 0;
	snprintf(v->word, sizeof(v->word), "%s",
		 step ? op_word(step->op.kind) : "end");
	v->function[0] = '\0';
	va_start(args, fmt);
	vsnprintf(v->text, sizeof(v->text), fmt, args);
	va_end(args);
	one_line(v->text);
	return false;
}

char *verdict_signature(const struct verdict *v, char *buf, size_t size)
{
	if (v->oracle == ORACLE_NONE)
		snprintf(buf, size, "%s", "");
	else if (v->oracle == ORACLE_PANIC && v->function[0])
		snprintf(buf, size, "panic/%s@%s", v->word, v->function);
	else
		snprintf(buf, size, "%s/%s", oracle_name(v->oracle), v->word);
	return buf;
}

const char *words_object(const struct object *o, char *buf)
{
	char slot[SLOT_TEXT];

	snprintf(buf, WORDS, "%s at +%" PRIu64 ", %" PRIu64 " bytes",
		 slot_name(o->slot, slot), o->offset, o->size);
	return buf;
}

static const struct {
	int err;
	const char *word;
} errors[] = {
	{0, "0"},
	{-WORLD_EPERM, "-EPERM"},
	{-WORLD_ENOENT, "-ENOENT"},
	{-MODEL_E2BIG, "-E2BIG"},
	{-MODEL_ENOMEM, "-ENOMEM"},
	{-WORLD_EBUSY, "-EBUSY"},
	{-WORLD_EEXIST, "-EEXIST"},
	{-WORLD_ENODEV, "-ENODEV"},
	{-MODEL_EINVAL, "-EINVAL"},
	{-WORLD_ENOSPC, "-ENOSPC"},
};

const char *words_err(int err, char *buf)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		if (errors[i].err == err)
			return errors[i].word;
	}
	snprintf(buf, WORDS, "errno %d", err);
	return buf;
}

const char *words_ret(int64_t ret, char *buf)
{
	/* -1 is also a refused call, and SHRINK_STOP */
	if (ret >= -4095 && ret < -1)
		return words_err((int)ret, buf);
	snprintf(buf, WORDS, "%" PRId64, ret);
	return buf;
}

const char *words_place(const struct step *step, char *buf)
{
	const char *function = step->function ? step->function : "";
	const char *where = step->where ? step->where : "";
	const char *what = step->what ? step->what : "";

	snprintf(buf, PLACE_WORDS, "%s%s%s%s%s%s", *function ? " in " : "",
		 function, *where ? " at " : "", where, *what ? ": " : "",
		 what);
	return buf;
}
