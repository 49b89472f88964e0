/* SPDX-License-Identifier: GPL-2.0-only */
#include <assert.h>
#include <string.h>

#include "prog.h"

/* Where the header's fields are; prog.h has the table. */
enum {
	AT_VERSION = 3,
	AT_HEAP = 4,
	AT_PAGE = 6,
	AT_CPUS = 7,
	AT_POOL = 8,
	AT_FLAGS = 10,
	AT_VM = 12,
	AT_VCPU = 14,
	AT_SWARM = 16,
	AT_RESERVED = 24,
};

#define FLAG_NO_INIT 1u
#define FLAG_BOOT 2u

static const uint8_t magic[] = {'H', 'Y', 'P'};

static_assert(AT_RESERVED + 8 == PROG_HEADER, "the header's last field");
static_assert(PROG_HEADER % PROG_RECORD == 0, "records stay aligned");
static_assert(PROG_POOL_PAGES_MAX <= UINT16_MAX, "pool pages fit their field");

static uint64_t get(const uint8_t *at, unsigned int bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | at[bytes];
	return value;
}

static void put(uint8_t *at, unsigned int bytes, uint64_t value)
{
	for (; bytes--; value >>= 8)
		*at++ = (uint8_t)value;
}

static void header_encode(const struct prog_world *world, uint8_t *out)
{
	memset(out, 0, PROG_HEADER);
	memcpy(out, magic, sizeof(magic));
	out[AT_VERSION] = PROG_VERSION;
	put(out + AT_HEAP, 2, world->heap_pages);
	out[AT_PAGE] = (uint8_t)((world->page_shift - 12) / 2);
	out[AT_CPUS] = (uint8_t)(world->cpus - 1);
	put(out + AT_POOL, 2, world->pool_pages);
	out[AT_FLAGS] = (uint8_t)((world->init ? 0 : FLAG_NO_INIT) |
				  (world->boot ? FLAG_BOOT : 0));
	put(out + AT_VM, 2, world->vm_size);
	put(out + AT_VCPU, 2, world->vcpu_size);
	put(out + AT_SWARM, 8, world->swarm);
}

static struct prog_world header_decode(const uint8_t *data, size_t len)
{
	struct prog_world world = prog_world_default();
	uint8_t h[PROG_HEADER];

	header_encode(&world, h);
	if (len)
		memcpy(h, data, len < PROG_HEADER ? len : PROG_HEADER);

	world = (struct prog_world){
		.heap_pages = (uint32_t)get(h + AT_HEAP, 2),
		.page_shift = 12 + 2 * (h[AT_PAGE] % 3u),
		.pool_pages = (uint32_t)get(h + AT_POOL, 2),
		.cpus = 1 + h[AT_CPUS] % PROG_CPUS_MAX,
		.init = !(h[AT_FLAGS] & FLAG_NO_INIT),
		.boot = h[AT_FLAGS] & FLAG_BOOT,
		.vm_size = (uint16_t)get(h + AT_VM, 2),
		.vcpu_size = (uint16_t)get(h + AT_VCPU, 2),
		.swarm = get(h + AT_SWARM, 8),
	};
	prog_world_fix(&world);
	return world;
}

uint8_t prog_allowed(uint64_t swarm, uint8_t number)
{
	uint32_t skip;

	assert(swarm);
	if (number < OP_NUMBERS && (swarm >> number & 1))
		return number;
	skip = number % (uint32_t)__builtin_popcountll(swarm);
	while (skip--)
		swarm &= swarm - 1;

	return (uint8_t)__builtin_ctzll(swarm);
}

static uint64_t wide(uint32_t low, uint32_t high)
{
	return (uint64_t)high << 32 | low;
}

/* What the prefixes say of @op, which is 0 so far; they are used up. */
static void widen(struct op *op, uint32_t *prefix)
{
	op->arg |= wide(0, prefix[0]);
	op->x[0] = wide(prefix[1], prefix[2]);
	op->x[1] = wide(prefix[3], prefix[4]);
	op->at = (uint8_t)prefix[5];
	memset(prefix, 0, PROG_PREFIXES * sizeof(*prefix));
}

void prog_decode(struct prog *prog, const uint8_t *data, size_t len)
{
	uint32_t prefix[PROG_PREFIXES] = {0};
	const uint8_t *end;
	bool prefixed = false;

	prog_clear(prog);
	prog->world = header_decode(data, len);
	if (len < PROG_HEADER + PROG_RECORD)
		return;

	end = data + (len - len % PROG_RECORD);
	prog_reserve(prog, (len - PROG_HEADER) / PROG_RECORD);
	for (data += PROG_HEADER; data < end; data += PROG_RECORD) {
		uint32_t low = (uint32_t)get(data + 4, 4);
		struct op op = {.arg = low};

		if (data[0] == OP_PREFIX) {
			prefix[data[1] % PROG_PREFIXES] = low;
			prefixed = true;
			continue;
		}
		op.kind = prog_allowed(prog->world.swarm, data[0]);
		op.sub = data[1];
		op.slot = (uint16_t)get(data + 2, 2);
		if (prefixed)
			widen(&op, prefix);
		prefixed = false;
		op_fix(&op, prog->world.cpus);
		prog->ops[prog->nr++] = op;
	}
}

int prog_version(const uint8_t *data, size_t len)
{
	if (len < sizeof(magic) || memcmp(data, magic, sizeof(magic)) != 0)
		return -1;

	return len > AT_VERSION ? data[AT_VERSION] : PROG_VERSION;
}

void prog_set_version(uint8_t *data, size_t len)
{
	if (prog_version(data, len) >= 0 && len > AT_VERSION)
		data[AT_VERSION] = PROG_VERSION;
}

/* What the prefix with this sub says of an operation; 0: there is none. */
static uint32_t prefix_of(const struct op *op, uint32_t sub)
{
	switch (sub) {
	case 0:
		return (uint32_t)(op->arg >> 32);
	case 1:
	case 3:
		return (uint32_t)op->x[sub / 2];
	case 2:
	case 4:
		return (uint32_t)(op->x[sub / 2 - 1] >> 32);
	default:
		return op->at;
	}
}

/* Most operations are one record. */
static bool has_prefix(const struct op *op)
{
	return op->arg >> 32 || op->x[0] || op->x[1] || op->at;
}

size_t prog_op_size(const struct op *op)
{
	size_t size = PROG_RECORD;
	uint32_t sub;

	if (!has_prefix(op))
		return size;
	for (sub = 0; sub < PROG_PREFIXES; sub++)
		if (prefix_of(op, sub))
			size += PROG_RECORD;
	return size;
}

size_t prog_size(const struct prog *prog)
{
	size_t size = PROG_HEADER;
	uint32_t i;

	for (i = 0; i < prog->nr; i++)
		size += prog_op_size(&prog->ops[i]);
	return size;
}

static size_t record(uint8_t *out, uint8_t kind, uint8_t sub, uint16_t slot,
		     uint64_t arg)
{
	out[0] = kind;
	out[1] = sub;
	put(out + 2, 2, slot);
	put(out + 4, 4, arg);

	return PROG_RECORD;
}

size_t prog_encode(const struct prog *prog, uint8_t *out, size_t max)
{
	size_t at = PROG_HEADER;
	uint32_t i, sub;

	if (max < PROG_HEADER)
		return 0;
	header_encode(&prog->world, out);

	for (i = 0; i < prog->nr; i++) {
		const struct op *op = &prog->ops[i];

		if (max - at < prog_op_size(op))
			break;
		for (sub = 0; sub < PROG_PREFIXES && has_prefix(op); sub++)
			if (prefix_of(op, sub))
				at += record(out + at, OP_PREFIX, (uint8_t)sub,
					     0, prefix_of(op, sub));
		at += record(out + at, op->kind, op->sub, op->slot, op->arg);
	}
	return at;
}
