/* SPDX-License-Identifier: GPL-2.0-only */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "allocator/hvc.h"
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

/* Does it come with a request for pages? */
static bool requests(const struct op *op)
{
	switch (op->kind) {
	case OP_ALLOC:
	case OP_CALL:
	case OP_CREATE:
	case OP_SELFTEST:
		return true;
	case OP_TRACE:
		return op->sub == TRACE_LOAD;
	case OP_HVC:
		return op->sub == HVC_SELFTEST || op->sub == HVC_INIT_VM ||
		       op->sub == HVC_INIT_VCPU || op->sub == HVC_TRACING_LOAD;
	default:
		return false;
	}
}

static void print_error(const struct op *op, const struct outcome *actual,
			char *buf, size_t size)
{
	char number[32];

	if (actual->err == -ENOMEM && requests(op))
		snprintf(buf, size, "ENOMEM need=%" PRIu32, actual->need);
	else
		snprintf(buf, size, "%s",
			 errno_name(actual->err, number, sizeof(number)));
}

/* What the registers mean after a raw hypercall. */
static void print_hvc(const struct op *op, const struct outcome *actual,
		      char *buf, size_t size)
{
	size_t at;

	if (actual->no_such_call) {
		snprintf(buf, size, "no such call");
		return;
	}

	switch (op->sub) {
	case HVC_TOPUP:
		if (actual->err)
			print_error(op, actual, buf, size);
		else
			snprintf(buf, size, "ok");
		at = strlen(buf);
		snprintf(buf + at, size - at, " left=%" PRIu64,
			 actual->left_nr);
		break;
	case HVC_RECLAIM:
		snprintf(buf, size, "%" PRIu64 " pages", actual->pages);
		break;
	case HVC_RECLAIMABLE:
		snprintf(buf, size, "%" PRId64 " pages", actual->ret);
		break;
	case HVC_INIT_VM:
		snprintf(buf, size, "vm %" PRId64, actual->ret);
		break;
	default:
		snprintf(buf, size, "ok");
	}
}

/* No error: what it gave. */
static void print_given(const struct op *op, const struct outcome *actual,
			char *buf, size_t size)
{
	switch ((enum op_kind)op->kind) {
	case OP_ALLOC:
	case OP_CALL:
		snprintf(buf, size, "@%" PRIu64, actual->offset);
		break;
	case OP_RECLAIM:
		snprintf(buf, size, "%" PRIu64 " pages", actual->pages);
		break;
	case OP_SHRINK:
		if (op->sub == SHRINK_COUNT && actual->ret < 0)
			snprintf(buf, size, "empty");
		else if (op->sub == SHRINK_COUNT)
			snprintf(buf, size, "%" PRId64 " pages", actual->ret);
		else
			snprintf(buf, size, "%" PRIu64 " pages", actual->pages);
		break;
	case OP_CREATE:
		if (op->sub == CREATE_VM)
			snprintf(buf, size, "vm %" PRId64, actual->ret);
		else
			snprintf(buf, size, "ok");
		break;
	default:
		snprintf(buf, size, "ok");
	}
}

static void print_outcome(const struct op *op, const struct outcome *actual,
			  char *buf, size_t size)
{
	if (op->kind == OP_HVC &&
	    (!actual->err || op->sub == HVC_TOPUP || actual->no_such_call))
		print_hvc(op, actual, buf, size);
	else if (actual->err)
		print_error(op, actual, buf, size);
	else
		print_given(op, actual, buf, size);
}

/* Behind the result and a slash each: results of what ran within the call. */
static void print_deferred(const struct step *step, char *buf, size_t size)
{
	for (uint32_t i = 0; i < step->deferred_nr; i++) {
		const struct deferred *d = &step->deferred[i];
		size_t at;

		if (!d->came || d->op.kind == OP_POKE)
			continue;
		at = strlen(buf);
		snprintf(buf + at, size - at, " / ");
		at += 3;
		print_outcome(&d->op, &d->actual, buf + at, size - at);
	}
}

/* The request loop was cut off: EL2 would ask, and the host give, for ever. */
static bool step_livelock(const struct step *step)
{
	return step->tries_max && step->tries >= step->tries_max &&
	       step->actual.err == -ENOMEM && step->actual.need;
}

static void print_done(const struct step *step, char *buf, size_t size)
{
	if (step->op.at) {
		snprintf(buf, size, "waits");
		return;
	}
	print_outcome(&step->op, &step->actual, buf, size);
	if (step_livelock(step)) {
		size_t at = strlen(buf);

		snprintf(buf + at, size - at, " livelock");
	}
	print_deferred(step, buf, size);
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

/* The fifth column: pages that are neither the host's nor the heap's. */
static void print_elsewhere(FILE *out, const struct census *c)
{
	char lead = '\t';

	if (c->guest) {
		fprintf(out, "%cguest=%" PRIu32, lead, c->guest);
		lead = ' ';
	}
	if (c->hyp)
		fprintf(out, "%chyp=%" PRIu32, lead, c->hyp);
}

void trace_step(FILE *out, const struct step *step)
{
	char op[OP_TEXT], result[RESULT_TEXT], census[CENSUS_TEXT];

	fprintf(out, "%" PRIu32 "\t%s\t%s\t%s", step->number,
		op_print(&step->op, op, sizeof(op)),
		result_print(step, result, sizeof(result)),
		census_print(&step->after, census, sizeof(census)));
	print_elsewhere(out, &step->after);
	fputc('\n', out);
}

void trace_digest(FILE *out, uint64_t digest)
{
	fprintf(out, "digest %016" PRIx64 "\n", digest);
}
