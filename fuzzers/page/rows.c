/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "rows.h"
#include "run/json.h"
#include "run/trace.h"

/* Whose an object is, beside the slots: these numbers are above all of them. */
#define OF_EL2 (1ull << 62)

/* No padding in these three: they are compared as bytes. */
struct chunk {
	uint32_t offset, unmapped, damaged;
};

struct item {
	uint64_t offset, size;
	uint64_t whose; /* a slot, or OF_EL2 | kind << 60 | handle << 16 | idx */
};

/**
 * struct list - A growing array.
 * @each: bytes of an element
 */
struct list {
	void *data;
	size_t each;
	uint32_t nr, max;
};

/**
 * struct rows - The rows so far, and what the last one left.
 * @first: number of the first operation that gets one
 * @nr: operations that have one
 * @heap: bytes of the heap
 * @page: pool page behind each heap page, -1: none
 */
struct rows {
	struct json json;
	FILE *mem;
	char *text;
	size_t size;
	uint32_t first, nr;
	bool over;
	uint64_t heap;
	struct list chunks, items, page;
	struct list chunks_new, items_new;
};

/* ---- lists -------------------------------------------------------------- */

static void *list_add(struct list *list)
{
	if (list->nr == list->max) {
		list->max = list->max ? 2 * list->max : 64;
		list->data = realloc(list->data, list->max * list->each);
		if (!list->data)
			abort();
	}
	return (char *)list->data + list->nr++ * list->each;
}

static void *list_at(const struct list *list, uint32_t i)
{
	return (char *)list->data + i * list->each;
}

static bool list_same(const struct list *a, uint32_t i, const struct list *b,
		      uint32_t k)
{
	return !memcmp(list_at(a, i), list_at(b, k), a->each);
}

/* What of @old is still in @new, at both ends. */
struct splice {
	uint32_t keep, drop, add;
};

static struct splice splice_of(const struct list *old, const struct list *new)
{
	uint32_t least = old->nr < new->nr ? old->nr : new->nr;
	struct splice s = {.drop = old->nr, .add = new->nr};

	while (s.keep < least && list_same(old, s.keep, new, s.keep))
		s.keep++;
	s.drop -= s.keep;
	s.add -= s.keep;
	while (s.drop && s.add &&
	       list_same(old, s.keep + s.drop - 1, new, s.keep + s.add - 1)) {
		s.drop--;
		s.add--;
	}
	return s;
}

static void list_swap(struct list *a, struct list *b)
{
	struct list was = *a;

	*a = *b;
	*b = was;
}

/* ---- what is there after a step ----------------------------------------- */

static void collect_chunks(struct list *list, const struct run *run)
{
	uint32_t nr;
	const struct header *header = run_headers(run, &nr);

	list->nr = 0;
	for (uint32_t i = 0; i < nr; i++)
		*(struct chunk *)list_add(list) = (struct chunk){
			header[i].offset, header[i].unmapped,
			header[i].hash != header_hash(&header[i])};
}

static int by_offset(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return (x->offset > y->offset) - (x->offset < y->offset);
}

static uint64_t whose(const struct world_object *o)
{
	return OF_EL2 | (uint64_t)o->kind << 60 | (uint64_t)o->handle << 16 |
	       (o->idx & 0xffff);
}

static void collect_items(struct list *list, const struct run *run,
			  const struct step *step)
{
	uint32_t live = run_live(run);
	uint32_t clients = step->world ? world_objects(step->world) : 0;

	list->nr = 0;
	for (uint32_t i = 0; i < live; i++) {
		struct object o = run_object(run, i);

		if (o.there)
			*(struct item *)list_add(list) =
				(struct item){o.offset, o.size, o.slot};
	}
	for (uint32_t i = 0; i < clients; i++) {
		const struct world_object *o = world_object(step->world, i);

		*(struct item *)list_add(list) =
			(struct item){o->offset, o->size, whose(o)};
	}
	if (clients)
		qsort(list->data, list->nr, list->each, by_offset);
}

/* "a", "s26", "vm 4096", "vcpu 4096.0", "trace" */
static void item_name(const struct item *item, char *buf, size_t size)
{
	unsigned int handle = (unsigned int)(item->whose >> 16);
	unsigned int idx = item->whose & 0xffff;

	if (!(item->whose & OF_EL2)) {
		slot_name((uint16_t)item->whose, buf);
		return;
	}
	switch ((enum world_kind)(item->whose >> 60 & 3)) {
	case WORLD_VM:
		snprintf(buf, size, "vm %u", handle);
		break;
	case WORLD_VCPU:
		snprintf(buf, size, "vcpu %u.%u", handle, idx);
		break;
	case WORLD_TRACE:
		snprintf(buf, size, "trace");
		break;
	}
}

/* ---- the parts of a row ------------------------------------------------- */

static void put_census(struct json *j, const struct step *step)
{
	const struct census *c = &step->after;

	json_array(j, NULL);
	json_number(j, NULL, c->host);
	json_number(j, NULL, c->spare);
	json_number(j, NULL, c->mapped);
	json_number(j, NULL, c->guest);
	json_number(j, NULL, c->hyp);
	json_number(j, NULL, c->used);
	json_number(j, NULL, c->free);
	json_number(j, NULL, step->reclaimable);
	json_end(j);
}

/* Begins the array of a splice; false if nothing has changed. */
static bool put_splice(struct json *j, struct splice s)
{
	if (!s.drop && !s.add) {
		json_number(j, NULL, 0);
		return false;
	}
	json_array(j, NULL);
	json_number(j, NULL, s.keep);
	json_number(j, NULL, s.drop);
	return true;
}

static void put_chunks(struct rows *rows, const struct run *run)
{
	struct json *j = &rows->json;
	struct splice s;

	collect_chunks(&rows->chunks_new, run);
	s = splice_of(&rows->chunks, &rows->chunks_new);
	if (put_splice(j, s)) {
		for (uint32_t i = s.keep; i < s.keep + s.add; i++) {
			struct chunk *c = list_at(&rows->chunks_new, i);

			json_number(j, NULL, c->offset);
			json_number(j, NULL,
				    c->unmapped | (uint64_t)c->damaged << 32);
		}
		json_end(j);
	}
	list_swap(&rows->chunks, &rows->chunks_new);
}

static void put_items(struct rows *rows, const struct run *run,
		      const struct step *step)
{
	struct json *j = &rows->json;
	struct splice s;
	char name[48];

	collect_items(&rows->items_new, run, step);
	s = splice_of(&rows->items, &rows->items_new);
	if (put_splice(j, s)) {
		for (uint32_t i = s.keep; i < s.keep + s.add; i++) {
			struct item *item = list_at(&rows->items_new, i);

			item_name(item, name, sizeof(name));
			json_number(j, NULL, item->offset);
			json_number(j, NULL, item->size);
			json_string(j, NULL, name);
		}
		json_end(j);
	}
	list_swap(&rows->items, &rows->items_new);
}

static void put_pages(struct rows *rows, const struct run *run,
		      const struct step *step)
{
	uint64_t pages = step->page ? step->heap_bytes / step->page : 0;
	struct json *j = &rows->json;
	bool some = false;

	while (rows->page.nr < pages)
		*(int64_t *)list_add(&rows->page) = -1;
	for (uint32_t i = 0; i < pages; i++) {
		int64_t *was = list_at(&rows->page, i);
		int64_t is = run_page_at(run, i);

		if (is == *was)
			continue;
		if (!some)
			json_array(j, NULL);
		some = true;
		json_number(j, NULL, i);
		json_signed(j, NULL, is);
		*was = is;
	}
	if (some)
		json_end(j);
	else
		json_number(j, NULL, 0);
}

static void put_within(struct json *j, const struct step *step)
{
	char op[OP_TEXT], result[RESULT_TEXT];

	json_array(j, "within");
	for (uint32_t i = 0; i < step->deferred_nr; i++) {
		const struct deferred *d = &step->deferred[i];
		struct step inner = {.op = d->op, .actual = d->actual};

		json_array(j, NULL);
		json_string(j, NULL, op_print(&d->op, op, sizeof(op)));
		inner.op.at = 0;
		json_string(j, NULL,
			    d->came ? result_print(&inner, result,
						   sizeof(result))
				    : "its moment did not come");
		json_end(j);
	}
	json_end(j);
}

static void put_ended(struct json *j, const struct step *step)
{
	const char *function = step->function ? step->function : "";
	const char *where = step->where ? step->where : "";
	const char *what = step->what ? step->what : "";
	char text[512];

	snprintf(text, sizeof(text), "%s%s%s%s%s", *function ? function : "?",
		 *where ? " at " : "", where, *what ? ": " : "", what);
	json_string(j, "ended", text);
}

static void put_more(struct rows *rows, const struct run *run,
		     const struct step *step)
{
	const struct op *op = &run_prog(run)->ops[step->number - 1];
	bool other = !op_equal(op, &step->op);
	bool ended = step->actual.end > STEP_SKIPPED;
	bool heap = step->heap_bytes != rows->heap;
	struct json *j = &rows->json;
	char text[OP_TEXT];

	if (!other && !ended && !heap && !step->deferred_nr &&
	    !step->walk_broken) {
		json_number(j, NULL, 0);
		return;
	}
	json_object(j, NULL);
	if (heap)
		json_number(j, "heap", step->heap_bytes);
	rows->heap = step->heap_bytes;
	if (other)
		json_string(j, "written", op_print(op, text, sizeof(text)));
	if (step->deferred_nr)
		put_within(j, step);
	if (step->walk_broken) {
		json_string(j, "broken", step->walk_broken);
		json_number(j, "broken_at", step->walk_broken_at);
	}
	if (ended)
		put_ended(j, step);
	json_end(j);
}

void rows_watch(void *data, const struct run *run, const struct step *step)
{
	struct rows *rows = data;
	struct json *j = &rows->json;
	char text[RESULT_TEXT];

	if (step->number < rows->first || rows->over)
		return;
	if (rows->nr == ROWS_MAX || ftell(rows->mem) > (long)ROWS_BYTES_MAX) {
		rows->over = true;
		return;
	}
	rows->nr++;
	json_array(j, NULL);
	json_string(j, NULL, op_print(&step->op, text, sizeof(text)));
	json_string(j, NULL, result_print(step, text, sizeof(text)));
	put_census(j, step);
	put_chunks(rows, run);
	put_items(rows, run, step);
	put_pages(rows, run, step);
	put_more(rows, run, step);
	json_end(j);
}

/* ---- all of them -------------------------------------------------------- */

struct rows *rows_create(void)
{
	struct rows *rows = calloc(1, sizeof(*rows));

	if (!rows)
		abort();
	rows->chunks.each = sizeof(struct chunk);
	rows->chunks_new.each = sizeof(struct chunk);
	rows->items.each = sizeof(struct item);
	rows->items_new.each = sizeof(struct item);
	rows->page.each = sizeof(int64_t);
	return rows;
}

static void forget(struct rows *rows)
{
	if (rows->mem)
		fclose(rows->mem);
	rows->mem = NULL;
	free(rows->text);
	rows->text = NULL;
}

void rows_destroy(struct rows *rows)
{
	forget(rows);
	free(rows->chunks.data);
	free(rows->chunks_new.data);
	free(rows->items.data);
	free(rows->items_new.data);
	free(rows->page.data);
	free(rows);
}

void rows_begin(struct rows *rows, uint32_t first)
{
	forget(rows);
	rows->mem = open_memstream(&rows->text, &rows->size);
	if (!rows->mem)
		abort();
	rows->first = first;
	rows->nr = 0;
	rows->over = false;
	rows->heap = 0;
	rows->chunks.nr = 0;
	rows->items.nr = 0;
	rows->page.nr = 0;
	json_begin(&rows->json, rows->mem);
	json_array(&rows->json, NULL);
}

const char *rows_end(struct rows *rows)
{
	json_end(&rows->json);
	if (fclose(rows->mem))
		abort();
	rows->mem = NULL;
	return rows->over ? NULL : rows->text;
}
