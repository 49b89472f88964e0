/* SPDX-License-Identifier: GPL-2.0-only */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/minimise.h"
#include "triage.h"

/* Crash files, and groups of them. */

static void *must(void *memory)
{
	if (memory)
		return memory;
	fputs("hypheap: no memory\n", stderr);
	exit(STATUS_USAGE);
}

/* ---- files -------------------------------------------------------------- */

static bool begins(const char *name, const char *with)
{
	return !strncmp(name, with, strlen(with));
}

static bool ends(const char *name, const char *with)
{
	size_t len = strlen(name), tail = strlen(with);

	return len >= tail && !strcmp(name + len - tail, with);
}

/* What libFuzzer and AFL++ call what they find. */
static bool is_finding(const char *name)
{
	static const char *const heads[] = {
		"crash-",     "timeout-", "oom-", "leak-",
		"slow-unit-", "id:",	  "id_"};

	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++)
		if (begins(name, heads[i]))
			return true;
	return false;
}

/* What lies beside them and tells of them. */
static bool is_about(const char *name)
{
	return ends(name, ".report") || ends(name, ".txt") ||
	       ends(name, ".log") || ends(name, ".trace") ||
	       ends(name, ".json") || ends(name, ".html") ||
	       ends(name, ".md") || ends(name, ".tmp");
}

static bool has_head(int folder, const char *name)
{
	char head[8] = "";
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t got = fd < 0 ? -1 : read(fd, head, sizeof(head) - 1);

	if (fd >= 0)
		close(fd);
	return got > 0 && (begins(head, "HYP") || begins(head, "hypheap"));
}

/* The text of an input that lies beside it is the same event. */
static bool is_text_of(int folder, const char *name)
{
	char input[NAME_MAX + 1];

	if (!ends(name, ".ops"))
		return false;
	snprintf(input, sizeof(input), "%.*s", (int)strlen(name) - 4, name);
	return !faccessat(folder, input, F_OK, 0);
}

static bool is_crash(int folder, const char *name)
{
	if (is_about(name) || is_text_of(folder, name))
		return false;
	return ends(name, ".ops") || is_finding(name) || has_head(folder, name);
}

static void add_file(struct triage *triage, const char *name)
{
	if (triage->nr == triage->room) {
		triage->room = triage->room ? 2 * triage->room : 64;
		triage->crash = must(realloc(
			triage->crash, triage->room * sizeof(*triage->crash)));
	}
	triage->crash[triage->nr++] =
		(struct crash){.name = must(strdup(name)), .end = CRASH_ENDS};
}

static int collect_folder(struct triage *triage, const char *path);

static int collect_entry(struct triage *triage, int folder, const char *path,
			 const char *name)
{
	char full[PATH_MAX];
	struct stat st;
	int err = 0;

	if (name[0] == '.' || fstatat(folder, name, &st, 0))
		return 0;
	if (snprintf(full, sizeof(full), "%s%s%s", path,
		     ends(path, "/") ? "" : "/", name) >= PATH_MAX)
		return -ENAMETOOLONG;
	if (S_ISDIR(st.st_mode) && strcmp(name, "queue") != 0)
		err = collect_folder(triage, full);
	else if (S_ISREG(st.st_mode) && is_crash(folder, name))
		add_file(triage, full);
	else if (S_ISREG(st.st_mode))
		triage->passed_over++;
	return err;
}

static int collect_folder(struct triage *triage, const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int err = 0;

	if (!dir)
		return -errno;
	while (!err && (errno = 0, entry = readdir(dir)))
		err = collect_entry(triage, dirfd(dir), path, entry->d_name);
	if (!err && errno)
		err = -errno;
	closedir(dir);
	return err;
}

int triage_collect(struct triage *triage, const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return -errno;
	if (S_ISDIR(st.st_mode))
		return collect_folder(triage, path);
	add_file(triage, path);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct crash *)a)->name,
		      ((const struct crash *)b)->name);
}

/* Most events first; then by name. */
static int by_events(const void *a, const void *b)
{
	const struct group *one = a, *two = b;

	if (one->events != two->events)
		return one->events < two->events ? 1 : -1;
	return strcmp(one->signature, two->signature);
}

void triage_sort(struct triage *triage)
{
	if (triage->groups)
		qsort(triage->group, triage->groups, sizeof(*triage->group),
		      by_events);
	else if (triage->nr)
		qsort(triage->crash, triage->nr, sizeof(*triage->crash),
		      by_name);
}

void triage_free(struct triage *triage)
{
	for (size_t i = 0; i < triage->nr; i++) {
		free(triage->crash[i].name);
		free(triage->crash[i].why);
	}
	for (size_t i = 0; i < triage->groups; i++) {
		prog_free(&triage->group[i].prog);
		free(triage->group[i].out);
	}
	free(triage->crash);
	free(triage->group);
}

/* ---- groups ------------------------------------------------------------- */

static struct group *find(struct triage *triage, const char *signature)
{
	struct group *group;

	for (size_t i = 0; i < triage->groups; i++)
		if (!strcmp(triage->group[i].signature, signature))
			return &triage->group[i];

	triage->group = must(realloc(
		triage->group, (triage->groups + 1) * sizeof(*triage->group)));
	group = &triage->group[triage->groups++];
	memset(group, 0, sizeof(*group));
	prog_init(&group->prog);
	snprintf(group->signature, sizeof(group->signature), "%s", signature);
	return group;
}

void triage_add(struct triage *triage, size_t index, const struct prog *prog,
		const struct child_answer *answer)
{
	struct group *group = find(triage, answer->signature);

	if (!group->events++ || minimise_order(prog, &group->prog) < 0) {
		group->oracle = answer->oracle;
		group->smallest = index;
		group->ops = prog->nr;
		prog_copy(&group->prog, prog);
		group->step = answer->step;
		memcpy(group->text, answer->text, sizeof(group->text));
		memcpy(group->where, answer->where, sizeof(group->where));
	}
}

uint32_t triage_count(const struct triage *triage, enum crash_end end)
{
	uint32_t nr = 0;

	for (size_t i = 0; i < triage->nr; i++)
		nr += triage->crash[i].end == end;
	return nr;
}
