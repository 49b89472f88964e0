/* SPDX-License-Identifier: GPL-2.0-only */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "prog.h"

#define FIRST_ROOM 64u

void prog_init(struct prog *prog)
{
	*prog = (struct prog){.world = prog_world_default()};
}

void prog_free(struct prog *prog)
{
	free(prog->ops);
	prog_init(prog);
}

void prog_clear(struct prog *prog)
{
	prog->world = prog_world_default();
	prog->nr = 0;
	prog->expect[0] = '\0';
}

void prog_reserve(struct prog *prog, size_t nr)
{
	struct op *ops;

	if (nr <= prog->cap)
		return;
	ops = nr <= UINT32_MAX ? realloc(prog->ops, nr * sizeof(*ops)) : NULL;
	if (!ops) {
		fprintf(stderr, "hypheap: no memory for %zu operations\n", nr);
		abort();
	}
	prog->ops = ops;
	prog->cap = (uint32_t)nr;
}

void prog_add(struct prog *prog, struct op op)
{
	if (prog->nr == prog->cap)
		prog_reserve(prog,
			     prog->cap ? 2 * (size_t)prog->cap : FIRST_ROOM);
	prog->ops[prog->nr++] = op;
}

void prog_copy(struct prog *to, const struct prog *from)
{
	if (to == from)
		return;
	prog_reserve(to, from->nr);
	if (from->nr)
		memcpy(to->ops, from->ops, from->nr * sizeof(*to->ops));
	to->nr = from->nr;
	to->world = from->world;
	memcpy(to->expect, from->expect, sizeof(to->expect));
}

static bool world_equal(const struct prog_world *a, const struct prog_world *b)
{
	return a->heap_pages == b->heap_pages &&
	       a->page_shift == b->page_shift &&
	       a->pool_pages == b->pool_pages && a->cpus == b->cpus &&
	       a->init == b->init && a->boot == b->boot &&
	       a->vm_size == b->vm_size && a->vcpu_size == b->vcpu_size &&
	       a->swarm == b->swarm;
}

bool prog_equal(const struct prog *a, const struct prog *b)
{
	uint32_t i;

	if (a->nr != b->nr || !world_equal(&a->world, &b->world))
		return false;
	for (i = 0; i < a->nr; i++)
		if (!op_equal(&a->ops[i], &b->ops[i]))
			return false;
	return true;
}
