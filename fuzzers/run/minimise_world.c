/* SPDX-License-Identifier: GPL-2.0-only */
#include "minimise_try.h"

/* A smaller and more usual world. */

static bool is_size(const struct op *op)
{
	return op->kind == OP_ALLOC || op->kind == OP_CALL ||
	       op->kind == OP_INIT;
}

/* ---- pages -------------------------------------------------------------- */

/* Sizes of a page and more shrink with it. */
static bool try_page(struct minimise_work *work, uint32_t shift, bool sizes)
{
	struct prog *next = work_next(work);
	uint32_t less = next->world.page_shift - shift;

	for (uint32_t i = 0; sizes && i < next->nr; i++) {
		struct op *op = &next->ops[i];

		if (is_size(op) && op->arg >> (next->world.page_shift - 1))
			op->arg >>= less;
	}
	next->world.page_shift = shift;
	return work_try(work);
}

bool pass_page(struct minimise_work *work)
{
	for (uint32_t shift = 12; shift < work->best.world.page_shift;
	     shift += 2)
		if (try_page(work, shift, true) || try_page(work, shift, false))
			return true;
	return false;
}

/* ---- the heap together with the sizes that fill it ---------------------- */

static bool try_heap(struct minimise_work *work, uint32_t pages)
{
	struct prog *next = work_next(work);
	uint64_t less = (uint64_t)(next->world.heap_pages - pages)
			<< next->world.page_shift;
	bool any = false;

	for (uint32_t i = 0; i < next->nr; i++) {
		struct op *op = &next->ops[i];

		if (!is_size(op) || op->arg < less || op->arg > less << 8)
			continue;
		op->arg -= less;
		any = true;
	}
	next->world.heap_pages = pages;
	return any && work_try(work);
}

bool pass_heap(struct minimise_work *work)
{
	static uint64_t values[VALUES_MAX];
	uint32_t nr = minimise_values(work->best.world.heap_pages, 0, values);

	for (uint32_t i = 0; i < nr; i++)
		if (values[i] && try_heap(work, (uint32_t)values[i]))
			return true;
	return false;
}

/* ---- each key ----------------------------------------------------------- */

/* Return: whether a smaller value of a key did. */
static bool try_number(struct minimise_work *work, uint32_t value,
		       void (*set)(struct prog_world *world, uint32_t value))
{
	static uint64_t values[VALUES_MAX];
	uint32_t nr = minimise_values(value, 0, values);

	for (uint32_t i = 0; i < nr; i++) {
		set(&work_next(work)->world, (uint32_t)values[i]);
		if (work_try(work))
			return true;
	}
	return false;
}

static void set_heap(struct prog_world *world, uint32_t value)
{
	world->heap_pages = value;
}

static void set_pool(struct prog_world *world, uint32_t value)
{
	world->pool_pages = value;
}

static void set_cpus(struct prog_world *world, uint32_t value)
{
	world->cpus = value;
}

static void set_vm(struct prog_world *world, uint32_t value)
{
	world->vm_size = (uint16_t)value;
}

static void set_vcpu(struct prog_world *world, uint32_t value)
{
	world->vcpu_size = (uint16_t)value;
}

static bool try_usual(struct minimise_work *work)
{
	struct prog_world usual = prog_world_default();
	bool any;

	work_next(work)->world.init = usual.init;
	any = work_try(work);
	work_next(work)->world.boot = usual.boot;
	any |= work_try(work);
	work_next(work)->world.vm_size = usual.vm_size;
	any |= work_try(work);
	work_next(work)->world.vcpu_size = usual.vcpu_size;
	any |= work_try(work);
	return any;
}

bool pass_world(struct minimise_work *work)
{
	bool any = try_usual(work);

	any |= try_number(work, work->best.world.heap_pages, set_heap);
	any |= try_number(work, work->best.world.pool_pages, set_pool);
	any |= try_number(work, work->best.world.cpus, set_cpus);
	any |= try_number(work, work->best.world.vm_size, set_vm);
	any |= try_number(work, work->best.world.vcpu_size, set_vcpu);
	return any;
}
