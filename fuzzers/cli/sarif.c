/* SPDX-License-Identifier: GPL-2.0-only */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/json.h"
#include "triage.h"

/*
 * The one writer of SARIF, which code hosts show beside the code. A rule is an
 * oracle, a result is a group, its fingerprint the signature.
 */

#define SCHEMA                                                                \
	"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/" \
	"sarif-schema-2.1.0.json"

/* A file's name as a URI reference. */
static char *uri_of(const char *name)
{
	static const char plain[] = "-._~/"
				    "0123456789"
				    "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	char *uri = malloc(3 * strlen(name) + sizeof("file://")), *at = uri;

	if (!uri)
		abort();
	if (name[0] == '/')
		at += sprintf(at, "file://");
	for (; *name; name++) {
		if (strchr(plain, *name))
			*at++ = *name;
		else
			at += sprintf(at, "%%%02X", (unsigned char)*name);
	}
	*at = '\0';
	return uri;
}

static void text(struct json *j, const char *key, const char *words)
{
	json_object(j, key);
	json_string(j, "text", words);
	json_end(j);
}

static void rules(struct json *j)
{
	json_array(j, "rules");
	for (int i = ORACLE_NONE + 1; i < ORACLE_COUNT; i++) {
		json_object(j, NULL);
		json_string(j, "id", oracle_name((enum oracle)i));
		text(j, "shortDescription", oracle_what((enum oracle)i));
		json_end(j);
	}
	json_end(j);
}

/* What lies below this folder is told from it: a code host knows no other. */
static const char *from_here(const char *name)
{
	char here[PATH_MAX];
	size_t len;

	if (name[0] != '/' || !getcwd(here, sizeof(here)))
		return strncmp(name, "./", 2) != 0 ? name : name + 2;
	len = strlen(here);
	return strncmp(name, here, len) != 0 || name[len] != '/'
		       ? name
		       : name + len + 1;
}

static void physical(struct json *j, const char *name, uint64_t line)
{
	char *uri = uri_of(name);

	json_object(j, "physicalLocation");
	json_object(j, "artifactLocation");
	json_string(j, "uri", uri);
	if (name[0] != '/')
		json_string(j, "uriBaseId", "%SRCROOT%");
	json_end(j);
	json_object(j, "region");
	json_number(j, "startLine", line);
	json_end(j);
	json_end(j);
	free(uri);
}

/*
 * The source of a panic or a fault, by its place "alloc.c:123": its path in its
 * repository, or NULL if it is none of EL2's or there are several.
 */
static const char *source_of(const char *where, uint64_t *line)
{
	static const char *const sources[] = {HYPHEAP_SARIF_SOURCES};
	const char *colon = strrchr(where, ':'), *found = NULL;
	size_t len = colon ? (size_t)(colon - where) : 0;

	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources) && len; i++) {
		const char *slash = strrchr(sources[i], '/');
		const char *base = slash ? slash + 1 : sources[i];

		if (strncmp(base, where, len) != 0 || base[len])
			continue;
		if (found)
			return NULL;
		found = sources[i];
	}
	*line = found ? strtoull(colon + 1, NULL, 10) : 0;
	return *line ? found : NULL;
}

/* The line of the allocator that it stopped at, or that of the operation. */
static void locations(struct json *j, const struct group *g, const char *file)
{
	/* what fails is the last of what was minimised */
	uint64_t line = input_line(file,
				   g->out && g->step ? g->prog.nr : g->step),
		 at = 0;
	const char *source = source_of(g->where, &at);

	file = from_here(file);
	json_array(j, "locations");
	json_object(j, NULL);
	physical(j, source ? source : file, source ? at : line);
	json_end(j);
	json_end(j);
	if (!source)
		return;
	json_array(j, "relatedLocations");
	json_object(j, NULL);
	json_number(j, "id", 1);
	physical(j, file, line);
	text(j, "message", "the operation of the smallest program");
	json_end(j);
	json_end(j);
}

static void result(struct json *j, const struct triage *triage,
		   const struct group *g)
{
	const char *file = g->out ? g->out : triage->crash[g->smallest].name;
	char words[SIGNATURE_TEXT + VERDICT_TEXT + 16];

	snprintf(words, sizeof(words), "%s: %s", g->signature, g->text);
	json_object(j, NULL);
	json_string(j, "ruleId", oracle_name(g->oracle));
	json_number(j, "ruleIndex", g->oracle - 1);
	json_string(j, "level", "error");
	text(j, "message", words);
	locations(j, g, file);
	json_number(j, "occurrenceCount", g->events);
	json_object(j, "partialFingerprints");
	json_string(j, "hypheapSignature/v1", g->signature);
	json_end(j);
	json_end(j);
}

void sarif_print(const struct triage *triage, FILE *out)
{
	struct json j;

	json_begin(&j, out);
	json_object(&j, NULL);
	json_string(&j, "$schema", SCHEMA);
	json_string(&j, "version", "2.1.0");
	json_array(&j, "runs");
	json_object(&j, NULL);
	json_object(&j, "tool");
	json_object(&j, "driver");
	json_string(&j, "name", "hypheap");
	json_string(&j, "version", HYPHEAP_VERSION);
	rules(&j);
	json_end(&j);
	json_end(&j);
	json_array(&j, "results");
	for (size_t i = 0; i < triage->groups; i++)
		result(&j, triage, &triage->group[i]);
	json_end(&j);
	json_end(&j);
	json_end(&j);
	json_end(&j);
}
