/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "earth.h"

uint64_t phys(uint32_t n)
{
	return EARTH_BASE + n * 4096ull;
}

uint64_t frame(uint32_t n)
{
	return phys(n) / 4096;
}

/* ---- memory ------------------------------------------------------------- */

static int page_of(uint64_t at)
{
	uint64_t page = (at - EARTH_BASE) / 4096;

	return at >= EARTH_BASE && page < EARTH_PAGES ? (int)page : -1;
}

static enum world_owner owner_of(void *data, uint64_t at)
{
	const struct earth *e = data;
	int page = page_of(at);

	return page < 0 ? WORLD_NOT_MEMORY : e->owner[page];
}

static uint64_t word_of(void *data, uint64_t at)
{
	const struct earth *e = data;
	int page = page_of(at);

	assert_true(page >= 0);
	assert_int_equal(at % 8, 0);
	assert_true(at % 4096 / 8 < EARTH_WORDS);
	return e->word[page][at % 4096 / 8];
}

static void donation_begins(void *data)
{
	struct earth *e = data;

	e->donations++;
	if (e->poke_at && --e->poke_at == 0)
		e->word[e->poke_page][0] = e->poke_word;
}

static bool kernel_uses(void *data, uint64_t at)
{
	const struct earth *e = data;
	int page = page_of(at);

	return page >= 0 && e->uses[page];
}

/* ---- set-up ------------------------------------------------------------- */

static void unlock(void *data)
{
	struct earth *e = data;

	e->unlocks++;
	if (e->other_at && --e->other_at == 0)
		e->other(e);
}

void earth_of(struct earth *e, uint32_t heap, uint32_t pool, uint64_t vm_bytes,
	      uint64_t vcpu_bytes, bool privileged)
{
	const struct world_config config = {
		.base = EARTH_BASE,
		.page = 4096,
		.pool = pool,
		.cpus = 2,
		.vm_bytes = vm_bytes,
		.vcpu_bytes = vcpu_bytes,
		.privileged = privileged,
	};
	struct earth fresh = {
		.m = e->m, .w = e->w, .mem = e->mem, .pool = pool};

	assert_true(pool <= EARTH_PAGES);
	*e = fresh;
	model_reset(e->m, 4096, pool);
	assert_int_equal(model_init(e->m, heap * 4096ull, 0), 0);
	world_reset(e->w, &config);
	e->m->unlock = unlock;
	e->m->unlock_data = e;
	for (uint32_t i = 0; i < pool; i++)
		e->owner[i] = WORLD_HOST;
}

void earth(struct earth *e, uint32_t heap, uint32_t pool)
{
	earth_of(e, heap, pool, 0, 0, true);
}

void at_unlock(struct earth *e, uint32_t n, void (*other)(struct earth *e))
{
	e->other = other;
	e->other_at = n;
}

int make_earth(void **state)
{
	struct earth *e = calloc(1, sizeof(*e));

	if (!e)
		return -1;
	*state = e;
	e->m = model_create();
	e->w = e->m ? world_create(e->m) : NULL;
	e->mem = (struct world_memory){
		.data = e,
		.owner = owner_of,
		.word = word_of,
		.donating = donation_begins,
		.uses = kernel_uses,
	};
	return e->w ? 0 : -1;
}

int drop_earth(void **state)
{
	struct earth *e = *state;

	world_destroy(e->w);
	model_destroy(e->m);
	free(e);
	return 0;
}

/* ---- how it is ---------------------------------------------------------- */

#define add(buf, size, ...) \
	snprintf((buf) + strlen(buf), (size)-strlen(buf), __VA_ARGS__)

static bool in_use(const struct model *m, const struct world_object *o)
{
	for (uint32_t i = 0; i < m->nr; i++)
		if (m->chunk[i].used && m->chunk[i].addr + 16 == o->offset)
			return m->chunk[i].size == o->size;
	return false;
}

const char *world_is_sound(const struct earth *e, uint32_t own)
{
	const struct world *w = e->w;
	uint64_t seen = (uint64_t)world_host_owned(w) + world_spare(w) +
			world_mapped(w) + world_hyp(w) + world_guest(w);
	const char *broken = model_check(e->m);

	if (broken)
		return broken;
	if (seen != e->pool)
		return "the parts are not the whole";
	if (world_objects(w) + own != model_chunks_used(e->m))
		return "the ledger is not what is in use";
	for (uint32_t i = 0; i < world_objects(w); i++)
		if (!in_use(e->m, world_object(w, i)))
			return "an object of the ledger is not in the heap";
	return NULL;
}

void expect_where_at(struct earth *e, const char *where, uint32_t own,
		     const char *file, int line)
{
	const struct world *w = e->w;
	const struct {
		const char *word;
		uint32_t pages;
	} parts[] = {
		{"free", e->m->host},	      {"used", world_host_used(w)},
		{"lost", world_host_lost(w)}, {"spare", world_spare(w)},
		{"mapped", world_mapped(w)},  {"hyp", world_hyp(w)},
		{"guest", world_guest(w)},
	};
	const char *broken = world_is_sound(e, own);
	char buf[256] = "";

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (parts[i].pages)
			add(buf, sizeof(buf), "%s%s %u", *buf ? ", " : "",
			    parts[i].word, parts[i].pages);
	_assert_string_equal(buf, where, file, line);
	_assert_string_equal(broken ? broken : "sound", "sound", file, line);
}

void expect_ledger_at(struct earth *e, const char *text, const char *file,
		      int line)
{
	char buf[1024] = "";

	for (uint32_t i = 0; i < world_objects(e->w); i++) {
		const struct world_object *o = world_object(e->w, i);

		add(buf, sizeof(buf), "%s", *buf ? ", " : "");
		if (o->kind == WORLD_TRACE)
			add(buf, sizeof(buf), "trace");
		else
			add(buf, sizeof(buf), "%s %x",
			    o->kind == WORLD_VM ? "vm" : "vcpu", o->handle);
		if (o->kind == WORLD_VCPU)
			add(buf, sizeof(buf), ".%llu",
			    (unsigned long long)o->idx);
		add(buf, sizeof(buf), " at %llu",
		    (unsigned long long)o->offset);
	}
	_assert_string_equal(buf, text, file, line);
}
