/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_PROG_H
#define HYPHEAP_PROG_H

#include <stdbool.h>
#include <stdio.h>

#include "op.h"

/*
 * A program: the world it runs in and the operations in order. It has two
 * forms, bytes (for the engines) and text (for people); both say the same, and
 * this is what both decode to. Knows neither the allocator nor the model.
 */

#define PROG_VERSION 1
#define PROG_CPUS_MAX 4u
#define PROG_HEAP_BYTES_MAX (128u << 20) /* what the hypervisor reserves */
#define PROG_POOL_BYTES_MAX (256u << 20)
#define PROG_POOL_PAGES_MAX 65535u

/**
 * struct prog_world - What the header (bytes) or the heap line (text) says.
 * @heap_pages: 1 .. min(65535, PROG_HEAP_BYTES_MAX / page)
 * @page_shift: 12, 14 or 16
 * @pool_pages: 0 .. min(PROG_POOL_PAGES_MAX, PROG_POOL_BYTES_MAX / page)
 * @cpus: 1..4
 * @init: the heap is set up before the first operation
 * @boot: the host has its privileges at the start, and may run the self test
 * @vm_size, @vcpu_size: client structures, bytes
 * @swarm: bit (1 << number) for each kind that may occur; never empty; unknown
 *	   bits are zero. Text does not say it: the usual ones and those that
 *	   occur
 */
struct prog_world {
	uint32_t heap_pages;
	uint32_t page_shift;
	uint32_t pool_pages;
	uint32_t cpus;
	bool init;
	bool boot;
	uint16_t vm_size;
	uint16_t vcpu_size;
	uint64_t swarm;
};

#define PROG_EXPECT 160

struct prog {
	struct prog_world world;
	struct op *ops;
	uint32_t nr;
	uint32_t cap;
	char expect[PROG_EXPECT]; /* "# expect: SIGNATURE", empty if not said */
};

/* The defaults of the heap line: pages=16 page=4096 pool=64 cpus=2 init=1. */
struct prog_world prog_world_default(void);
/* prog_swarm_all() - Every kind there is. */
uint64_t prog_swarm_all(void);
/*
 * prog_swarm_usual() - The kinds from alloc to "free!". Corrupt and what only a
 * host does are in a mask only if they were put there: what most programs are
 * about is the heap, undamaged.
 */
uint64_t prog_swarm_usual(void);
/* prog_swarm_host() - The usual ones and those from create to hvc. */
uint64_t prog_swarm_host(void);
/* prog_of_host() - Has @swarm one of the kinds from create to hvc? */
bool prog_of_host(uint64_t swarm);
uint32_t prog_heap_pages_max(uint32_t page_shift);
uint32_t prog_pool_pages_max(uint32_t page_shift);

/* prog_world_fix() - Bring into range what is not; what is in range stays. */
void prog_world_fix(struct prog_world *world);

/* prog_allowed() - @number if @swarm has it, else a kind that @swarm has. */
uint8_t prog_allowed(uint64_t swarm, uint8_t number);

void prog_init(struct prog *prog); /* empty, default world, no memory held */
void prog_free(struct prog *prog);
void prog_clear(struct prog *prog); /* empty again, keeps the memory */
/* prog_reserve() - Room for @nr operations. Aborts when out of memory. */
void prog_reserve(struct prog *prog, size_t nr);
/* prog_add() - Append; room grows by doubling. Aborts when out of memory. */
void prog_add(struct prog *prog, struct op op);
void prog_copy(struct prog *to, const struct prog *from);
bool prog_equal(const struct prog *a, const struct prog *b); /* not expect */

/* ---- bytes -------------------------------------------------------------- */

/*
 * Header, 32 bytes, little endian:
 *  0  "HYP" and the version, 1
 *  4  u16 heap pages
 *  6  u8  page size: 0 4K, 1 16K, 2 64K
 *  7  u8  CPUs - 1
 *  8  u16 pool pages
 * 10  u8  bit 0: the heap is not set up at the start
 *	    bit 1: the host has its privileges at the start
 * 11  u8  reserved
 * 12  u16 vm size, 14 u16 vcpu size
 * 16  u64 swarm mask
 * 24  8 reserved bytes
 * Then records of 8 bytes: u8 number, u8 sub, u16 slot, u32 argument. A record
 * with number 255 is a prefix: its argument belongs to the next record that is
 * none. Its sub, modulo 6, says what it is there:
 *  0  high half of the argument
 *  1  low half of x[0], 2 high half
 *  3  low half of x[1], 4 high half
 *  5  at, the low 8 bits
 * Of two with the same sub the later holds. Canonical: those that are not 0, in
 * this order.
 */
#define PROG_HEADER 32u
#define PROG_RECORD 8u
#define PROG_PREFIXES 6u

/**
 * prog_decode() - The program that any bytes are.
 *
 * Total: every input, also none, gives a valid program: fields are brought
 * into range, a number that is unknown or not in the swarm mask becomes an
 * allowed one, a short tail and a prefix without a record are ignored, missing
 * header bytes are those of the default world. Bytes that do not begin with
 * "HYP" are decoded all the same. Never fails, never reads past @len.
 */
void prog_decode(struct prog *prog, const uint8_t *data, size_t len);

/* prog_version() - The version if the bytes begin with "HYP", else -1. */
int prog_version(const uint8_t *data, size_t len);

/* prog_set_version() - Bytes that begin with "HYP" become of this version. */
void prog_set_version(uint8_t *data, size_t len);

/* prog_op_size() - Bytes of one operation: its record and its prefixes. */
size_t prog_op_size(const struct op *op);

/* prog_size() - How many bytes prog_encode() writes. */
size_t prog_size(const struct prog *prog);

/**
 * prog_encode() - The canonical bytes of a program.
 *
 * decode(encode(p)) == p, and encode(decode(x)) is a fixed point. Operations
 * that do not fit into @max bytes are left off at the end, whole.
 *
 * Return: bytes written; 0 if @max does not hold the header.
 */
size_t prog_encode(const struct prog *prog, uint8_t *out, size_t max);

/* ---- text --------------------------------------------------------------- */

struct text_error {
	uint32_t line;	 /* from 1 */
	uint32_t column; /* from 1, in bytes */
	char what[160];
};

/**
 * prog_parse() - Read the text form.
 *
 * Nothing is fixed up: the first unknown word, number out of range, slot or
 * version ends it. NUL bytes and control characters are errors too.
 *
 * Return: 0, or -1 with @err filled in and @prog empty.
 */
int prog_parse(struct prog *prog, const char *text, size_t len,
	       struct text_error *err);

/* prog_print() - The canonical text; parse(print(p)) == p, expect included. */
void prog_print(const struct prog *prog, FILE *out);

/* prog_print_grammar() - What "hypheap help ops" prints, made from ops.def. */
void prog_print_grammar(FILE *out);

/* prog_is_text() - By content or by name (.ops), as the design says. */
bool prog_is_text(const char *name, const uint8_t *data, size_t len);

#endif
