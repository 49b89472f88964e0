/* SPDX-License-Identifier: GPL-2.0-only */
#include <assert.h>

#include "world.h"

static const struct {
	const char *word;
	bool always;
	const char *what;
} keys[] = {
#define KEY(id, word, always, what) [KEY_##id] = {word, always, what},
#include "world.def"
#undef KEY
};

static_assert(sizeof(keys) / sizeof(keys[0]) == KEY_COUNT, "one row a key");

struct prog_world prog_world_default(void)
{
	return (struct prog_world){
		.heap_pages = 16,
		.page_shift = 12,
		.pool_pages = 64,
		.cpus = 2,
		.init = true,
		.vm_size = 3968,
		.vcpu_size = 9360,
		.swarm = prog_swarm_usual(),
	};
}

uint64_t prog_swarm_all(void)
{
	return 0
#define OP(id, number, word, slot, grammar, what) | (UINT64_C(1) << (number))
#include "ops.def"
#undef OP
		;
}

static const uint64_t host_kinds =
	UINT64_C(1) << OP_CREATE | UINT64_C(1) << OP_DESTROY |
	UINT64_C(1) << OP_TRACE | UINT64_C(1) << OP_SELFTEST |
	UINT64_C(1) << OP_DEPRIVILEGE | UINT64_C(1) << OP_POKE |
	UINT64_C(1) << OP_HVC;

uint64_t prog_swarm_usual(void)
{
	return prog_swarm_all() & ~host_kinds & ~(UINT64_C(1) << OP_CORRUPT);
}

uint64_t prog_swarm_host(void)
{
	return prog_swarm_usual() | host_kinds;
}

bool prog_of_host(uint64_t swarm)
{
	return swarm & host_kinds;
}

static uint32_t pages_max(uint32_t bytes, uint32_t page_shift, uint32_t limit)
{
	uint32_t pages;

	assert(page_shift == 12 || page_shift == 14 || page_shift == 16);
	pages = bytes >> page_shift;

	return pages < limit ? pages : limit;
}

uint32_t prog_heap_pages_max(uint32_t page_shift)
{
	return pages_max(PROG_HEAP_BYTES_MAX, page_shift, UINT16_MAX);
}

uint32_t prog_pool_pages_max(uint32_t page_shift)
{
	return pages_max(PROG_POOL_BYTES_MAX, page_shift, PROG_POOL_PAGES_MAX);
}

/* A value in range stays; anything else wraps into it. */
static uint32_t fix(uint32_t value, enum world_key key, uint32_t page_shift)
{
	struct world_range range = world_key_range(key, page_shift);

	if (value >= range.lo && value <= range.hi)
		return value;

	return range.lo + value % (range.hi - range.lo + 1);
}

void prog_world_fix(struct prog_world *world)
{
	if (world->page_shift != 12 && world->page_shift != 14 &&
	    world->page_shift != 16)
		world->page_shift = 12 + 2 * (world->page_shift % 3);
	world->heap_pages =
		fix(world->heap_pages, KEY_PAGES, world->page_shift);
	world->pool_pages = fix(world->pool_pages, KEY_POOL, world->page_shift);
	world->cpus = fix(world->cpus, KEY_CPUS, world->page_shift);
	world->swarm &= prog_swarm_all();
	if (!world->swarm)
		world->swarm = prog_swarm_usual();
}

const char *world_key_word(enum world_key key)
{
	assert(key < KEY_COUNT);
	return keys[key].word;
}

const char *world_key_what(enum world_key key)
{
	assert(key < KEY_COUNT);
	return keys[key].what;
}

bool world_key_always(enum world_key key)
{
	assert(key < KEY_COUNT);
	return keys[key].always;
}

bool world_page_ok(uint64_t bytes)
{
	return bytes == 4096 || bytes == 16384 || bytes == 65536;
}

struct world_range world_key_range(enum world_key key, uint32_t page_shift)
{
	switch (key) {
	case KEY_PAGES:
		return (struct world_range){1, prog_heap_pages_max(page_shift)};
	case KEY_PAGE:
		return (struct world_range){4096, 65536};
	case KEY_POOL:
		return (struct world_range){0, prog_pool_pages_max(page_shift)};
	case KEY_CPUS:
		return (struct world_range){1, PROG_CPUS_MAX};
	case KEY_INIT:
	case KEY_BOOT:
		return (struct world_range){0, 1};
	case KEY_VM:
	case KEY_VCPU:
		return (struct world_range){0, UINT16_MAX};
	case KEY_COUNT:
		break;
	}
	assert(!"a key of world.def");
	return (struct world_range){0, 0};
}

uint32_t world_key_get(const struct prog_world *world, enum world_key key)
{
	switch (key) {
	case KEY_PAGES:
		return world->heap_pages;
	case KEY_PAGE:
		return 1u << world->page_shift;
	case KEY_POOL:
		return world->pool_pages;
	case KEY_CPUS:
		return world->cpus;
	case KEY_INIT:
		return world->init;
	case KEY_BOOT:
		return world->boot;
	case KEY_VM:
		return world->vm_size;
	case KEY_VCPU:
		return world->vcpu_size;
	case KEY_COUNT:
		break;
	}
	assert(!"a key of world.def");
	return 0;
}

void world_key_set(struct prog_world *world, enum world_key key, uint32_t value)
{
	switch (key) {
	case KEY_PAGES:
		world->heap_pages = value;
		return;
	case KEY_PAGE:
		assert(world_page_ok(value));
		world->page_shift = (uint32_t)__builtin_ctz(value);
		return;
	case KEY_POOL:
		world->pool_pages = value;
		return;
	case KEY_CPUS:
		world->cpus = value;
		return;
	case KEY_INIT:
		world->init = value;
		return;
	case KEY_BOOT:
		world->boot = value;
		return;
	case KEY_VM:
		world->vm_size = (uint16_t)value;
		return;
	case KEY_VCPU:
		world->vcpu_size = (uint16_t)value;
		return;
	case KEY_COUNT:
		break;
	}
	assert(!"a key of world.def");
}
