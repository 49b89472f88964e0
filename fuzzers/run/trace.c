/* SPDX-License-Identifier: GPL-2.0-only */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "trace.h"

const char *errno_name(int err, char *buf, size_t size)
{
	const char *name = NULL;

	if (err < 0 && err > -4096)
		name = strerrorname_np(-err);
	if (name)
		return name;

	snprintf(buf, size, "errno %d", err);
	return buf;
}

static void print_error(const struct step *step, char *buf, size_t size)
{
	const struct outcome *actual = &step->actual;
	char number[32];

	if (actual->err == -ENOMEM &&
	    (step->op.kind == OP_ALLOC || step->op.kind == OP_CALL))
		snprintf(buf, size, "ENOMEM need=%" PRIu32, actual->need);
	else
		snprintf(buf, size, "%s",
			 errno_name(actual->err, number, sizeof(number)));
}

static void print_done(const struct step *step, char *buf, size_t size)
{
	const struct outcome *actual = &step->actual;

	if (actual->err) {
		print_error(step, buf, size);
		return;
	}

	switch ((enum op_kind)step->op.kind) {
	case OP_ALLOC:
	case OP_CALL:
		snprintf(buf, size, "@%" PRIu64, actual->offset);
		break;
	case OP_RECLAIM:
	case OP_SHRINK:
		snprintf(buf, size, "%" PRIu64 " pages", actual->pages);
		break;
	default:
		snprintf(buf, size, "ok");
	}
}

char *result_print(const struct step *step, char *buf, size_t size)
{
	const char *function = step->function ? step->function : "";

	assert(size >= RESULT_TEXT);
	switch (step->actual.end) {
	case STEP_DONE:
		print_done(step, buf, size);
		break;
	case STEP_SKIPPED:
		snprintf(buf, size, "skipped");
		break;
	case STEP_PANIC:
		snprintf(buf, size, "panic %s", *function ? function : "?");
		break;
	case STEP_FAULT:
		snprintf(buf, size, "panic fault");
		break;
	case STEP_HANG:
		snprintf(buf, size, "hang");
		break;
	}
	return buf;
}

char *census_print(const struct census *census, char *buf, size_t size)
{
	assert(size >= CENSUS_TEXT);
	snprintf(buf, size,
		 "host=%" PRIu32 " spare=%" PRIu32 " mapped=%" PRIu32
		 " used=%" PRIu32 " free=%" PRIu32,
		 census->host, census->spare, census->mapped, census->used,
		 census->free);
	return buf;
}

void trace_step(FILE *out, const struct step *step)
{
	char op[OP_TEXT], result[RESULT_TEXT], census[CENSUS_TEXT];

	fprintf(out, "%" PRIu32 "\t%s\t%s\t%s", step->number,
		op_print(&step->op, op, sizeof(op)),
		result_print(step, result, sizeof(result)),
		census_print(&step->after, census, sizeof(census)));
	if (step->after.transit)
		fprintf(out, "\ttransit=%" PRIu32, step->after.transit);
	fputc('\n', out);
}

void trace_digest(FILE *out, uint64_t digest)
{
	fprintf(out, "digest %016" PRIx64 "\n", digest);
}
