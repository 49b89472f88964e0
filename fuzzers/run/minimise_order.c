/* SPDX-License-Identifier: GPL-2.0-only */
#include "minimise.h"

/* Which of two numbers, operations, programs is smaller. */

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* 100 is as short as 99: it is rounder. */
static unsigned int digits(uint64_t value)
{
	unsigned int nr = 1;

	value -= value > 0;
	while (value /= 10)
		nr++;
	return nr;
}

/* Digits that are left without the zeros at the end. */
static unsigned int significant(uint64_t value, uint64_t base)
{
	unsigned int nr = 0;

	while (value && value % base == 0)
		value /= base;
	for (; value; value /= base)
		nr++;
	return nr;
}

static unsigned int roughness(uint64_t value)
{
	unsigned int decimal = significant(value, 10);
	unsigned int hex = significant(value, 16);

	return decimal < hex ? decimal : hex;
}

int minimise_value_order(uint64_t a, uint64_t b)
{
	uint32_t tag_a = op_tag(a), tag_b = op_tag(b);
	int order = compare(tag_a, tag_b);

	if (order)
		return order;
	if (tag_a) {
		order = minimise_value_order(op_tag_offset(a),
					     op_tag_offset(b));
		return order ? order : compare(op_tag_page(a), op_tag_page(b));
	}
	order = compare(digits(a), digits(b));
	if (!order)
		order = compare(roughness(a), roughness(b));
	return order ? order : compare(a, b);
}

/* Kinds from simple to odd: what anybody understands comes first. */
static unsigned int rank(uint8_t kind)
{
	static const uint8_t simple[] = {OP_ALLOC, OP_FREE, OP_WRITE,
					 OP_TOPUP, OP_CALL, OP_RECLAIM,
					 OP_SHRINK};

	for (unsigned int i = 0; i < sizeof(simple); i++)
		if (simple[i] == kind)
			return i;
	return OP_NUMBERS + kind;
}

/* The smallest object there is says most; 0 would be a case of its own. */
static int arg_order(const struct op *a, const struct op *b)
{
	bool size = a->kind == OP_ALLOC || a->kind == OP_CALL;
	int order = size ? compare(a->arg != 16, b->arg != 16) : 0;

	return order ? order : minimise_value_order(a->arg, b->arg);
}

/* But for the slot. */
static int op_order(const struct op *a, const struct op *b)
{
	int order = compare(rank(a->kind), rank(b->kind));

	if (!order)
		order = compare(a->at, b->at);
	if (!order)
		order = compare(a->sub, b->sub);
	if (!order)
		order = arg_order(a, b);
	if (!order)
		order = minimise_value_order(a->x[0], b->x[0]);
	if (!order)
		order = minimise_value_order(a->x[1], b->x[1]);
	return order;
}

/*
 * How many operations name a slot whose state does not fit, if all that is
 * asked for is had: they would take another than they say.
 */
static uint32_t misfits(const struct prog *prog)
{
	enum { EMPTY, LIVE, FREED };
	uint8_t state[OP_SLOTS] = {EMPTY};
	uint32_t nr = 0;

	for (uint32_t i = 0; i < prog->nr; i++) {
		const struct op *op = &prog->ops[i];
		enum op_slot needs = op_slot(op);
		uint8_t *slot = &state[op->slot];

		nr += needs == SLOT_EMPTY && *slot == LIVE;
		nr += needs == SLOT_LIVE && *slot != LIVE;
		nr += needs == SLOT_KIND && *slot != FREED;
		if (needs == SLOT_EMPTY)
			*slot = LIVE;
		if (op->kind == OP_FREE)
			*slot = FREED;
	}
	return nr;
}

static int slots_order(const struct prog *a, const struct prog *b)
{
	int order = compare(misfits(a), misfits(b));

	for (uint32_t i = 0; !order && i < a->nr; i++)
		order = compare(a->ops[i].slot, b->ops[i].slot);
	return order;
}

/* What the heap line need not say is simplest. */
static int unsaid_order(uint64_t a, uint64_t b, uint64_t usual)
{
	int order = compare(a != usual, b != usual);

	return order ? order : minimise_value_order(a, b);
}

static int world_order(const struct prog_world *a, const struct prog_world *b)
{
	struct prog_world usual = prog_world_default();
	int order = minimise_value_order(a->heap_pages, b->heap_pages);

	if (!order)
		order = minimise_value_order(a->pool_pages, b->pool_pages);
	if (!order)
		order = compare(a->cpus, b->cpus);
	if (!order)
		order = unsaid_order(a->init, b->init, usual.init);
	if (!order)
		order = unsaid_order(a->boot, b->boot, usual.boot);
	if (!order)
		order = unsaid_order(a->vm_size, b->vm_size, usual.vm_size);
	if (!order)
		order = unsaid_order(a->vcpu_size, b->vcpu_size,
				     usual.vcpu_size);
	return order;
}

int minimise_order(const struct prog *a, const struct prog *b)
{
	int order = compare(a->nr, b->nr);

	if (!order)
		order = compare(a->world.page_shift, b->world.page_shift);
	for (uint32_t i = 0; !order && i < a->nr; i++)
		order = op_order(&a->ops[i], &b->ops[i]);
	if (!order)
		order = world_order(&a->world, &b->world);
	return order ? order : slots_order(a, b);
}
