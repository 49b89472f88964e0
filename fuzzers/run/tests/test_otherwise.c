/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What would be reported: cases of the corpus, and ways in which an operation
 * of theirs could have come out otherwise. What was observed is altered, and
 * the oracles judge it again: each alteration must be told, with its values.
 */
#include "allocator/heap.h"
#include "run_test.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "otherwise.h"

#ifndef CORPUS
#error "CORPUS is the folder of the corpus"
#endif

static void read_case(const char *name)
{
	struct text_error error;
	static char text[65536];
	char path[512];
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.ops", CORPUS, name);
	file = fopen(path, "r");
	if (!file)
		fail_msg("%s: %s", path, strerror(errno));
	len = fread(text, 1, sizeof(text), file);
	fclose(file);
	assert_true(len < sizeof(text));
	if (prog_parse(&prog, text, len, &error))
		fail_msg("%s:%u:%u: %s", path, error.line, error.column,
			 error.what);
}

static void run_case(const char *name,
		     void (*watch)(void *data, const struct run *r,
				   const struct step *step),
		     void *data)
{
	struct run_config config = {
		.level = RUN_EXACT,
		.watch = watch,
		.data = data,
	};

	read_case(name);
	if (!run_program(run, &prog, &config, &result))
		fail_msg("%s fails: %s", name, result.verdict.text);
}

#define X(way, change)           \
	void way(struct step *s) \
	{                        \
		change;          \
	}
WAYS(X)
#undef X

/* ---- (a) cases, and what would be said of them -------------------------- */

struct telling {
	const struct otherwise *case_;
	bool met;
};

static void must_say(const struct otherwise *o, const struct verdict *v,
		     const char *words)
{
	if (words && !strstr(v->text, words))
		fail_msg("%s, %s: \"%s\" does not say \"%s\"", o->name, o->op,
			 v->text, words);
}

static void tell(void *data, const struct run *r, const struct step *step)
{
	struct telling *telling = data;
	const struct otherwise *o = telling->case_;
	char signature[SIGNATURE_TEXT], op[OP_TEXT];
	struct step told = *step;
	struct verdict v = {.oracle = ORACLE_NONE};

	(void)r;
	if (telling->met ||
	    strcmp(op_print(&step->op, op, sizeof(op)), o->op) != 0)
		return;
	telling->met = true;
	o->tell(&told);
	if (oracle_judge(&told, &v))
		fail_msg("%s, %s: nobody sees it", o->name, o->op);
	verdict_signature(&v, signature, sizeof(signature));
	if (strcmp(signature, o->signature) != 0)
		fail_msg("%s, %s: %s says \"%s\", expected %s", o->name, o->op,
			 signature, v.text, o->signature);
	must_say(o, &v, o->says);
	must_say(o, &v, o->too);
}

static void tell_all(const struct otherwise *cases, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		struct telling telling = {.case_ = &cases[i]};

		run_case(cases[i].name, tell, &telling);
		if (!telling.met)
			fail_msg("%s has no operation %s", cases[i].name,
				 cases[i].op);
	}
}

#define TELLS(name)                                                \
	static void told_##name(void **state)                      \
	{                                                          \
		(void)state;                                       \
		tell_all(otherwise_##name, otherwise_##name##_nr); \
	}

TELLS(hostile)
TELLS(faults)
TELLS(clients)
TELLS(cpus)
TELLS(misuse)
TELLS(documented)

/* ---- (b) every field of every step -------------------------------------- */

struct field {
	const char *name;
	void (*alter)(struct step *s);
	/* NULL: none; else why nobody need tell it of such a step */
	bool (*excused)(const struct step *s);
};

#define ALTER(name, statement)                   \
	static void alter_##name(struct step *s) \
	{                                        \
		statement;                       \
	}

ALTER(err, s->actual.err = s->actual.err ? 0 : -EINVAL)
ALTER(other_err, s->actual.err = s->actual.err == -EIO ? -ENOMEM : -EIO)
ALTER(offset, s->actual.offset += 16)
ALTER(need, s->actual.need++)
ALTER(pages, s->actual.pages++)
ALTER(ret, s->actual.ret++)
ALTER(ret_less, s->actual.ret--)
ALTER(left_nr, s->actual.left_nr++)
ALTER(left_head, s->actual.left_head += 4096)
ALTER(hvcs, s->actual.hvcs++)
ALTER(warned, s->actual.warned = !s->actual.warned)
ALTER(no_such_call, s->actual.no_such_call = !s->actual.no_such_call)
ALTER(panics, s->actual.end = STEP_PANIC; s->function = "f")
ALTER(faults, s->actual.end = STEP_FAULT)
ALTER(hangs, s->actual.end = STEP_HANG)
ALTER(returns, s->actual.end = STEP_DONE)
ALTER(host, s->after.host++)
ALTER(host_less, s->after.host--)
ALTER(spare, s->after.spare++)
ALTER(mapped, s->after.mapped++)
ALTER(guest, s->after.guest++)
ALTER(hyp, s->after.hyp++)
ALTER(used, s->after.used++)
ALTER(free_chunks, s->after.free++)
ALTER(moved, s->after.host++; s->after.mapped--)
ALTER(reclaimable, s->reclaimable++)
ALTER(left_err, s->left_err = -ENOMEM)
ALTER(left_need, s->left_need = 1)
ALTER(locks, s->locks_held = 1)
ALTER(walk, s->walk_nr++)

static bool is_done(const struct step *s)
{
	return s->actual.end == STEP_DONE;
}

/* A panic or a fault where one is due: it returns nothing, and either will do. */
static bool returns_nothing(const struct step *s)
{
	return !is_done(s);
}

/* Which page of a list that came back is its first is the allocator's own. */
static bool any_head(const struct step *s)
{
	return !is_done(s) || s->expect.any_head;
}

/* It did return. */
static bool returned(const struct step *s)
{
	return is_done(s);
}

#define FIELD(name, excused)                 \
	{                                    \
#name, alter_##name, excused \
	}

static const struct field fields[] = {
	FIELD(err, returns_nothing),
	FIELD(other_err, returns_nothing),
	FIELD(offset, returns_nothing),
	FIELD(need, returns_nothing),
	FIELD(pages, returns_nothing),
	FIELD(ret, returns_nothing),
	FIELD(ret_less, returns_nothing),
	FIELD(left_nr, returns_nothing),
	FIELD(left_head, any_head),
	FIELD(hvcs, returns_nothing),
	FIELD(warned, returns_nothing),
	FIELD(no_such_call, returns_nothing),
	FIELD(panics, returns_nothing),
	FIELD(faults, returns_nothing),
	FIELD(hangs, NULL),
	FIELD(returns, returned),
	FIELD(host, returns_nothing),
	FIELD(host_less, returns_nothing),
	FIELD(spare, returns_nothing),
	FIELD(mapped, returns_nothing),
	FIELD(guest, returns_nothing),
	FIELD(hyp, returns_nothing),
	FIELD(used, returns_nothing),
	FIELD(free_chunks, returns_nothing),
	FIELD(moved, returns_nothing),
	FIELD(reclaimable, returns_nothing),
	FIELD(left_err, returns_nothing),
	FIELD(left_need, returns_nothing),
	FIELD(locks, returns_nothing),
	FIELD(walk, returns_nothing),
};

#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static unsigned int altered[FIELDS];
static const char *case_name;

static void alter(void *data, const struct run *r, const struct step *step)
{
	(void)data;
	(void)r;
	/* what waits has not come to anything yet */
	if (step->actual.end == STEP_SKIPPED || step->op.at)
		return;

	for (size_t i = 0; i < FIELDS; i++) {
		struct step other = *step;
		struct verdict v = {.oracle = ORACLE_NONE};

		if (fields[i].excused && fields[i].excused(step))
			continue;
		altered[i]++;
		fields[i].alter(&other);
		if (oracle_judge(&other, &v))
			fail_msg("%s, op %u: nobody sees another %s", case_name,
				 step->number, fields[i].name);
		if (!v.text[0])
			fail_msg("%s, op %u: another %s is not explained",
				 case_name, step->number, fields[i].name);
	}
}

static unsigned int alter_folder(const char *folder)
{
	char path[512];
	struct dirent *entry;
	unsigned int nr = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s", CORPUS, folder);
	dir = opendir(path);
	if (!dir)
		fail_msg("%s: %s", path, strerror(errno));
	while ((entry = readdir(dir))) {
		char name[300];
		size_t len = strlen(entry->d_name);

		if (len < 5 || strcmp(entry->d_name + len - 4, ".ops") != 0)
			continue;
		snprintf(name, sizeof(name), "%s/%.*s", folder, (int)len - 4,
			 entry->d_name);
		read_case(name);
		/* of damage nobody says what it comes to */
		for (uint32_t i = 0; i < prog.nr; i++)
			if (prog.ops[i].kind == OP_CORRUPT)
				goto next;
		case_name = name;
		run_case(name, alter, NULL);
		nr++;
	next:;
	}
	closedir(dir);

	return nr;
}

static void every_field_of_every_step(void **state)
{
	(void)state;
	assert_true(alter_folder("seeds") > 300);
	assert_true(alter_folder("known") > 30);
	for (size_t i = 0; i < FIELDS; i++)
		if (!altered[i])
			fail_msg("%s was never altered", fields[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(told_hostile),
		cmocka_unit_test(told_faults),
		cmocka_unit_test(told_clients),
		cmocka_unit_test(told_cpus),
		cmocka_unit_test(told_misuse),
		cmocka_unit_test(told_documented),
		cmocka_unit_test(every_field_of_every_step),
	};

	return cmocka_run_group_tests(tests, create, destroy);
}
