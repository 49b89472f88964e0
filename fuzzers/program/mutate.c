/* SPDX-License-Identifier: GPL-2.0-only */
#include <assert.h>
#include <string.h>

#include "gen_state.h"
#include "mutate.h"

/* Programs from programs. All that is inserted is appended, then rotated. */

#define RANGE_MAX 16u
#define TRIES 8

static uint32_t at_most(uint32_t value, uint32_t limit)
{
	return value < limit ? value : limit;
}

static uint32_t any(struct rng *rng, uint32_t n)
{
	return (uint32_t)rng_below(rng, n);
}

/* ---- moving operations about --------------------------------------------- */

static void reverse(struct op *ops, uint32_t from, uint32_t to)
{
	while (from + 1 < to) {
		struct op op = ops[from];

		ops[from++] = ops[--to];
		ops[to] = op;
	}
}

/* [from, mid) and [mid, to) change places. */
static void rotate(struct op *ops, uint32_t from, uint32_t mid, uint32_t to)
{
	assert(from <= mid && mid <= to);
	reverse(ops, from, mid);
	reverse(ops, mid, to);
	reverse(ops, from, to);
}

/* What was appended from @nr on goes to a place anywhere before. */
static void place(struct prog *prog, struct rng *rng, uint32_t nr)
{
	rotate(prog->ops, any(rng, nr + 1), nr, prog->nr);
}

static void cut(struct prog *prog, uint32_t from, uint32_t nr)
{
	assert(from + nr <= prog->nr);
	memmove(prog->ops + from, prog->ops + from + nr,
		(prog->nr - from - nr) * sizeof(*prog->ops));
	prog->nr -= nr;
}

/* A range of at least 1 and mostly few operations. @nr: not 0. */
static uint32_t range(struct rng *rng, uint32_t nr, uint32_t *from)
{
	uint32_t length, most = at_most(nr, RANGE_MAX);

	if (rng_percent(rng, 5))
		most = nr;
	length = 1 + any(rng, most);
	*from = any(rng, nr - length + 1);

	return length;
}

/* ---- the mutations -------------------------------------------------------- */

static bool insert(struct prog *prog, struct rng *rng)
{
	uint32_t nr = prog->nr;

	prog_add(prog, gen_op(rng, prog));
	place(prog, rng, nr);
	return true;
}

static bool delete_one(struct prog *prog, struct rng *rng)
{
	if (!prog->nr)
		return false;
	cut(prog, any(rng, prog->nr), 1);
	return true;
}

static bool delete_range(struct prog *prog, struct rng *rng)
{
	uint32_t from, nr;

	if (prog->nr < 2)
		return false;
	nr = range(rng, prog->nr, &from);
	cut(prog, from, nr);
	return true;
}

static bool duplicate(struct prog *prog, struct rng *rng)
{
	uint32_t from, nr, i, old = prog->nr;

	if (!old)
		return false;
	nr = range(rng, old, &from);
	for (i = from; i < from + nr; i++)
		prog_add(prog, prog->ops[i]);
	place(prog, rng, old);
	return true;
}

static bool move(struct prog *prog, struct rng *rng)
{
	uint32_t from, nr, to;

	if (prog->nr < 2)
		return false;
	nr = range(rng, prog->nr, &from);
	to = any(rng, prog->nr + 1);
	if (to < from)
		rotate(prog->ops, to, from, from + nr);
	else if (to > from + nr)
		rotate(prog->ops, from, from + nr, to);
	return true;
}

static bool swap(struct prog *prog, struct rng *rng)
{
	uint32_t a, b;
	struct op op;

	if (prog->nr < 2)
		return false;
	a = any(rng, prog->nr);
	b = rng_percent(rng, 50) ? any(rng, prog->nr) : (a + 1) % prog->nr;
	op = prog->ops[a];
	prog->ops[a] = prog->ops[b];
	prog->ops[b] = op;
	return true;
}

static bool replace(struct prog *prog, struct rng *rng)
{
	if (!prog->nr)
		return false;
	prog->ops[any(rng, prog->nr)] = gen_op(rng, prog);
	return true;
}

/* Another kind with the same slot and, if it takes one, the same number. */
static bool change_kind(struct prog *prog, struct rng *rng)
{
	uint64_t swarm = prog->world.swarm;
	struct op *op;

	if (!prog->nr)
		return false;
	op = &prog->ops[any(rng, prog->nr)];
	op->kind = prog_allowed(swarm, (uint8_t)(64 + any(rng, 192)));
	op->sub = (uint8_t)any(rng, 256);
	if (!op->arg)
		op->arg = gen_arg(rng, prog, op->kind);
	if (gen_is_host(op->kind))
		*op = gen_host_op(rng, prog, op->kind);
	gen_fix(op, prog);
	return true;
}

static bool change_slot(struct prog *prog, struct rng *rng)
{
	int tries;

	for (tries = 0; prog->nr && tries < 4; tries++) {
		struct op *op = &prog->ops[any(rng, prog->nr)];

		if (op_slot(op) == SLOT_NONE)
			continue;
		op->slot = gen_slot(rng, prog);
		return true;
	}
	return false;
}

/* In a range, one slot is another: two objects' lives are knotted. */
static bool rename_slot(struct prog *prog, struct rng *rng)
{
	uint16_t from_slot, to_slot;
	uint32_t from, i, nr;

	if (!prog->nr)
		return false;
	from_slot = gen_slot(rng, prog);
	to_slot = gen_slot(rng, prog);
	nr = range(rng, prog->nr, &from);
	for (i = from; i < from + nr; i++)
		if (op_slot(&prog->ops[i]) != SLOT_NONE &&
		    prog->ops[i].slot == from_slot)
			prog->ops[i].slot = to_slot;
	return true;
}

static bool insert_phase(struct prog *prog, struct rng *rng)
{
	uint32_t nr = prog->nr;

	gen_phase(prog, rng, 4 + any(rng, 29));
	if (rng_percent(rng, 50))
		place(prog, rng, nr);
	return true;
}

static bool insert_motif(struct prog *prog, struct rng *rng)
{
	uint32_t nr = prog->nr;

	/* A free that panics is the end, so it only goes there. */
	if (rng_percent(rng, 5)) {
		struct op op = {.kind = OP_MISUSE};

		prog->world.swarm |= UINT64_C(1) << OP_MISUSE;
		op.sub = (uint8_t)any(rng, MISUSE_KINDS);
		op.slot = gen_slot(rng, prog);
		op_fix(&op, prog->world.cpus);
		prog_add(prog, op);
		return true;
	}
	motif_add(prog, rng);
	place(prog, rng, nr);
	return true;
}

static bool truncate_ops(struct prog *prog, struct rng *rng)
{
	uint32_t keep;

	if (prog->nr < 2)
		return false;
	keep = any(rng, prog->nr);
	if (rng_percent(rng, 80))
		prog->nr = keep;
	else
		cut(prog, 0, prog->nr - keep);
	return true;
}

static const struct {
	const char *word;
	uint16_t weight;
	bool (*apply)(struct prog *prog, struct rng *rng);
} mutations[] = {
	[MUTATE_INSERT] = {"insert", 14, insert},
	[MUTATE_DELETE] = {"delete", 8, delete_one},
	[MUTATE_DELETE_RANGE] = {"delete range", 4, delete_range},
	[MUTATE_DUPLICATE] = {"duplicate", 6, duplicate},
	[MUTATE_MOVE] = {"move", 5, move},
	[MUTATE_SWAP] = {"swap", 5, swap},
	[MUTATE_REPLACE] = {"replace", 7, replace},
	[MUTATE_KIND] = {"kind", 4, change_kind},
	[MUTATE_ARG] = {"argument", 20, mutate_arg},
	[MUTATE_SLOT] = {"slot", 7, change_slot},
	[MUTATE_RENAME] = {"rename", 2, rename_slot},
	[MUTATE_PHASE] = {"phase", 3, insert_phase},
	[MUTATE_MOTIF] = {"motif", 8, insert_motif},
	[MUTATE_WORLD] = {"world", 4, mutate_world},
	[MUTATE_SWARM] = {"swarm", 2, mutate_swarm},
	[MUTATE_TRUNCATE] = {"truncate", 1, truncate_ops},
};

static_assert(sizeof(mutations) / sizeof(mutations[0]) == MUTATIONS, "a row "
								     "for each "
								     "mutatio"
								     "n");

const char *mutation_word(enum mutation mutation)
{
	assert(mutation < MUTATIONS);
	return mutations[mutation].word;
}

bool mutation_apply(struct prog *prog, struct rng *rng, enum mutation mutation)
{
	assert(mutation < MUTATIONS);
	return mutations[mutation].apply(prog, rng);
}

/* ---- the whole ------------------------------------------------------------ */

enum mutation mutation_choose(struct rng *rng)
{
	uint32_t sum = 0, at, i;

	for (i = 0; i < MUTATIONS; i++)
		sum += mutations[i].weight;
	at = any(rng, sum);
	for (i = 0; i + 1 < MUTATIONS && at >= mutations[i].weight; i++)
		at -= mutations[i].weight;

	return (enum mutation)i;
}

/* Cut a range anywhere, or the end, until the program fits. */
static void fit(struct prog *prog, struct rng *rng, size_t max)
{
	size_t size = prog_size(prog);
	uint32_t from, nr = 0;

	if (size <= max || !prog->nr)
		return;
	from = any(rng, prog->nr);
	while (size > max && from + nr < prog->nr)
		size -= prog_op_size(&prog->ops[from + nr++]);
	cut(prog, from, nr);
	while (size > max && prog->nr)
		size -= prog_op_size(&prog->ops[--prog->nr]);
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x9fb21c651e98df25);
	return hash ^ hash >> 28;
}

/* Different sums: different programs. Equal sums: as good as certainly equal. */
static uint64_t sum_of(const struct prog *prog)
{
	const struct prog_world *w = &prog->world;
	uint64_t sum = mix(prog->nr, w->swarm);
	uint32_t i;

	sum = mix(sum, (uint64_t)w->heap_pages << 32 | w->pool_pages);
	sum = mix(sum, (uint64_t)w->vm_size << 48 |
			       (uint64_t)w->vcpu_size << 32 |
			       w->page_shift << 16 | w->cpus << 8 |
			       (uint32_t)w->boot << 1 | w->init);
	for (i = 0; i < prog->nr; i++) {
		const struct op *op = &prog->ops[i];

		sum = mix(sum, op->kind | (uint32_t)op->sub << 8 |
				       (uint32_t)op->slot << 16 |
				       (uint64_t)op->at << 32);
		sum = mix(sum, op->arg);
		if (op->x[0] || op->x[1])
			sum = mix(mix(sum, op->x[0]), op->x[1]);
	}
	return sum;
}

/* What can always be done, whatever the program and however small the room. */
static void force(struct prog *prog)
{
	struct prog_world *world = &prog->world;

	world->heap_pages++;
	prog_world_fix(world);
}

void prog_mutate(struct prog *prog, struct rng *rng, size_t max)
{
	uint64_t before = sum_of(prog);
	uint32_t more = 1;
	int tries;

	while (more < 8 && rng_percent(rng, 35))
		more++;
	for (tries = 0; tries < TRIES; tries++) {
		while (more) {
			if (mutation_apply(prog, rng, mutation_choose(rng)))
				more--;
		}
		fit(prog, rng, max);
		if (sum_of(prog) != before)
			return;
		more = 1;
	}
	force(prog);
}

/* Append @nr operations of @from as long as there is room. */
static void take(struct prog *out, const struct prog *from, uint32_t at,
		 uint32_t nr, size_t *room)
{
	for (nr = at_most(nr, from->nr - at); nr; nr--) {
		struct op op = from->ops[at++];

		op_fix(&op, out->world.cpus);
		if (prog_op_size(&op) > *room)
			return;
		*room -= prog_op_size(&op);
		prog_add(out, op);
	}
}

void prog_cross(struct prog *out, const struct prog *a, const struct prog *b,
		struct rng *rng, size_t max)
{
	size_t room = max > PROG_HEADER ? max - PROG_HEADER : 0;
	const struct prog *from[2] = {a, b};
	uint32_t at[2] = {0, 0}, i = any(rng, 2), length;

	assert(out != a && out != b);
	prog_clear(out);
	out->world = a->world;
	out->world.swarm |= b->world.swarm;

	if (rng_percent(rng, 40)) {
		/* The beginning of one, the end of the other. */
		take(out, from[i], 0, any(rng, from[i]->nr + 1), &room);
		at[!i] = any(rng, from[!i]->nr + 1);
		take(out, from[!i], at[!i], UINT32_MAX, &room);
		return;
	}
	for (; at[0] < a->nr || at[1] < b->nr; i = !i) {
		length = 1 + any(rng, RANGE_MAX);
		if (rng_percent(rng, 70))
			take(out, from[i], at[i], length, &room);
		at[i] = at_most(at[i] + length, from[i]->nr);
	}
}
