/* SPDX-License-Identifier: GPL-2.0-only */
#include <assert.h>
#include <inttypes.h>

#include "scan.h"

/*
 * What the host does besides giving and taking pages, "create" to "hvc":
 * ranges, and text both ways.
 */

static const struct {
	const char *word;
	uint8_t registers;
} hvcs[] = {
#define HVC(id, number, word, registers, what) [number] = {word, registers},
#include "hvc.def"
#undef HVC
};

#define HVCS (sizeof(hvcs) / sizeof(hvcs[0]))
#define REGISTERS 3u

const char *hvc_word(uint8_t number)
{
	return number < HVCS ? hvcs[number].word : NULL;
}

uint32_t hvc_registers(uint8_t number)
{
	return number < HVCS ? hvcs[number].registers : 0;
}

/* An address that a poke writes to: in a page, and in its first 64 KiB. */
static uint64_t fix_address(uint64_t arg)
{
	return OP_ADDR(OP_TAG_PHYS, op_tag_page(arg),
		       op_tag_offset(arg) & (OP_POKE_BYTES - 8));
}

void hostop_fix(struct op *fixed, const struct op *op)
{
	switch ((enum op_kind)op->kind) {
	case OP_CREATE:
		fixed->sub = op->sub & CREATE_VCPU;
		fixed->slot = op->slot % OP_VMS;
		fixed->arg = op->arg;
		return;
	case OP_DESTROY:
		fixed->slot = op->slot % OP_VMS;
		return;
	case OP_TRACE:
		fixed->sub = op->sub & TRACE_UNLOAD;
		fixed->arg = fixed->sub == TRACE_LOAD ? (uint32_t)op->arg : 0;
		return;
	case OP_SELFTEST:
	case OP_DEPRIVILEGE:
		return;
	case OP_POKE:
		fixed->arg = fix_address(op->arg);
		fixed->x[0] = op->x[0];
		return;
	case OP_HVC:
		fixed->sub = op->sub;
		fixed->arg = op->arg;
		fixed->x[0] = op->x[0];
		fixed->x[1] = op->x[1];
		return;
	default:
		assert(!"a kind from create to hvc");
	}
}

/* ---- to text ------------------------------------------------------------ */

/* The registers that the call has, and beyond them up to the last not 0. */
static void print_hvc(const struct op *op, char *buf, size_t size)
{
	const uint64_t x[REGISTERS] = {op->arg, op->x[0], op->x[1]};
	uint32_t nr = hvc_registers(op->sub), i;
	char value[VALUE_TEXT];
	int at;

	for (i = nr; i < REGISTERS; i++)
		if (x[i])
			nr = i + 1;
	if (hvc_word(op->sub))
		at = snprintf(buf, size, "hvc %s", hvc_word(op->sub));
	else
		at = snprintf(buf, size, "hvc %u", op->sub);
	for (i = 0; i < nr && i < REGISTERS; i++)
		at += snprintf(buf + at, size - (size_t)at, " %s",
			       value_print(x[i], value));
}

void hostop_print(const struct op *op, char *buf, size_t size)
{
	char address[VALUE_TEXT], value[VALUE_TEXT];

	switch ((enum op_kind)op->kind) {
	case OP_CREATE:
		snprintf(buf, size, "create %s %u %" PRIu64,
			 op->sub == CREATE_VM ? "vm" : "vcpu", op->slot,
			 op->arg);
		return;
	case OP_DESTROY:
		snprintf(buf, size, "destroy vm %u", op->slot);
		return;
	case OP_TRACE:
		if (op->sub == TRACE_UNLOAD)
			snprintf(buf, size, "trace unload");
		else
			snprintf(buf, size, "trace load %" PRIu64, op->arg);
		return;
	case OP_POKE:
		snprintf(buf, size, "poke %s %s", value_print(op->arg, address),
			 value_print(op->x[0], value));
		return;
	case OP_HVC:
		print_hvc(op, buf, size);
		return;
	default:
		snprintf(buf, size, "%s", op_word(op->kind));
	}
}

/* ---- from text ---------------------------------------------------------- */

/* One of two words; which. */
static int either(struct scan *scan, const char *first, const char *second,
		  uint8_t *which)
{
	char quoted[SCAN_QUOTE];

	*which = token_is(&scan->token, second);
	if (!*which && !token_is(&scan->token, first))
		return scan_fail(scan, &scan->token,
				 "expected \"%s\" or \"%s\", found %s", first,
				 second, scan_quote(&scan->token, quoted));

	return scan_next(scan);
}

/* The program's name of a VM. */
static int vm_operand(struct scan *scan, uint16_t *slot)
{
	uint64_t number;

	if (scan_number_in(scan, "N", 0, OP_VMS - 1, &number))
		return -1;
	*slot = (uint16_t)number;

	return 0;
}

static int create_operands(struct scan *scan, struct op *op)
{
	if (either(scan, "vm", "vcpu", &op->sub) || vm_operand(scan, &op->slot))
		return -1;

	return scan_number(scan, op->sub == CREATE_VM ? "VCPUS" : "INDEX",
			   &op->arg);
}

static int trace_operands(struct scan *scan, struct op *op)
{
	if (either(scan, "load", "unload", &op->sub))
		return -1;
	if (op->sub == TRACE_UNLOAD)
		return 0;

	return scan_number_in(scan, "PAGES", 0, UINT32_MAX, &op->arg);
}

static int poke_operands(struct scan *scan, struct op *op)
{
	struct token token = scan->token;
	char quoted[SCAN_QUOTE];

	if (scan_value(scan, "ADDRESS", &op->arg))
		return -1;
	if (*token.s != 'p')
		return scan_fail(scan, &token,
				 "expected ADDRESS, pN or pN+OFFSET, found %s",
				 scan_quote(&token, quoted));
	if (fix_address(op->arg) != op->arg)
		return scan_fail(scan, &token,
				 "offset %u; it is a multiple of 8 below %u",
				 op_tag_offset(op->arg), OP_POKE_BYTES);

	return scan_value(scan, "VALUE", &op->x[0]);
}

static int hvc_operands(struct scan *scan, struct op *op)
{
	static const char *const names[REGISTERS] = {"X1", "X2", "X3"};
	uint64_t *const x[REGISTERS] = {&op->arg, &op->x[0], &op->x[1]};
	const struct token *token = &scan->token;
	char quoted[SCAN_QUOTE];
	uint64_t number;
	uint32_t i;

	for (number = 0; number < HVCS; number++)
		if (hvcs[number].word && token_is(token, hvcs[number].word))
			break;
	if (number < HVCS) {
		if (scan_next(scan))
			return -1;
	} else if (token->kind != TOKEN_WORD || *token->s < '0' ||
		   *token->s > '9') {
		return scan_fail(scan, token,
				 "expected a hypercall, NAME or NUMBER, found "
				 "%s; hypheap help ops lists them",
				 scan_quote(token, quoted));
	} else if (scan_number_in(scan, "NUMBER", 0, UINT8_MAX, &number)) {
		return -1;
	}
	op->sub = (uint8_t)number;
	for (i = 0; i < REGISTERS && !token_ends(token); i++)
		if (scan_value(scan, names[i], x[i]))
			return -1;
	return 0;
}

int hostop_operands(struct scan *scan, struct op *op)
{
	switch ((enum op_kind)op->kind) {
	case OP_CREATE:
		return create_operands(scan, op);
	case OP_DESTROY:
		return scan_word(scan, "vm") ? -1 : vm_operand(scan, &op->slot);
	case OP_TRACE:
		return trace_operands(scan, op);
	case OP_POKE:
		return poke_operands(scan, op);
	case OP_HVC:
		return hvc_operands(scan, op);
	default:
		return 0;
	}
}
