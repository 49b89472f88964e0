/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_GEN_STATE_H
#define HYPHEAP_GEN_STATE_H

#include "gen.h"

/*
 * What the generator believes about the run so far. A rough estimate in a few
 * sums, neither the model nor the allocator: it steers what is drawn next, and
 * where it is wrong the program is still a program.
 */

enum size_class { SIZES_SMALL, SIZES_PAGE, SIZES_MIXED, SIZES_LOG };

/**
 * struct gen_vm - What a name of the program stands for.
 * @entry: place in EL2's table + 1; 0: no VM
 * @vcpus: that were created
 * @bytes: of its chunks
 */
struct gen_vm {
	uint8_t entry;
	uint16_t vcpus;
	uint64_t bytes;
};

/**
 * struct gen_state - The estimate.
 * @heap: bytes of the heap, 0 before it is set up
 * @used: bytes of live chunks with their headers
 * @holes: bytes freed below the last live chunk
 * @unbacked: pages of the holes that were reclaimed
 * @mapped: pages mapped
 * @given: pages the host has donated and not got back
 * @host: pages the host has
 * @fail: the armed fault's countdown, 0: none
 * @privileged: the host still is
 * @tracing: bytes of the trace's object, 0: off
 * @vm_table: a bit for each VM that EL2 has, at its place there
 * @vm: the program's names for them
 * @size: bytes + 1 of the object in each slot, 0: empty
 * @live: the slots that are not empty, in no order
 * @place: where in @live a slot is
 */
struct gen_state {
	uint32_t page_shift;
	uint32_t cpus;
	uint32_t vm_size;
	uint32_t vcpu_size;
	uint64_t heap;
	uint64_t heap_reserved;
	uint64_t used;
	uint64_t holes;
	uint64_t unbacked;
	uint64_t mapped;
	uint64_t given;
	uint64_t host;
	uint64_t fail;
	bool privileged;
	uint64_t tracing;
	uint32_t vm_table;
	struct gen_vm vm[OP_VMS];
	uint32_t nr_live;
	uint64_t size[OP_SLOTS];
	uint16_t live[OP_SLOTS];
	uint16_t place[OP_SLOTS];
};

enum gen_fate { FATE_SERVED, FATE_NO_PAGES, FATE_NO_ROOM, FATE_NEVER };

void gen_state_init(struct gen_state *st, const struct prog_world *world);

/* gen_state_fate() - What an allocation of this kind will probably meet. */
enum gen_fate gen_state_fate(const struct gen_state *st, uint8_t kind,
			     uint64_t bytes);

/* gen_state_note() - @op has run. */
void gen_state_note(struct gen_state *st, const struct op *op);

/* gen_state_client() - gen_state_note() of create to hvc. */
void gen_state_client(struct gen_state *st, const struct op *op);

/* gen_state_take() - The host's loop allocates @bytes. False: it cannot. */
bool gen_state_take(struct gen_state *st, uint64_t bytes);

/* gen_state_give() - Chunks of this many bytes are freed. */
void gen_state_give(struct gen_state *st, uint64_t bytes);

/* gen_state_reclaim() - The host asks for pages. */
void gen_state_reclaim(struct gen_state *st, uint64_t target);

/* gen_state_spare() - Pages donated and not mapped. */
uint64_t gen_state_spare(const struct gen_state *st);

/* gen_state_reclaimable() - Pages the host could have back. */
uint64_t gen_state_reclaimable(const struct gen_state *st);

/* gen_size() - A size of this class, from where bugs live. */
uint64_t gen_size(struct rng *rng, const struct prog_world *world,
		  enum size_class sizes);

/* gen_size_huge() - About the size of the heap, of 32 bits, of 64 bits. */
uint64_t gen_size_huge(struct rng *rng, const struct prog_world *world);

/* gen_pages() - A number of pages, from a few to more than there can be. */
uint64_t gen_pages(struct rng *rng, const struct prog_world *world);

/* gen_log() - 1 .. 2^bits - 1, each power of two as likely as the next. */
uint64_t gen_log(struct rng *rng, uint32_t bits);

/* gen_uniform() - What prog_generate() does if config->uniform. */
void gen_uniform(struct prog *prog, struct rng *rng,
		 const struct gen_config *config);

/* gen_op() - One operation of a kind that the swarm mask has, for mutation. */
struct op gen_op(struct rng *rng, const struct prog *prog);

/* gen_slot() - A slot, mostly one that the program names already. */
uint16_t gen_slot(struct rng *rng, const struct prog *prog);

/* gen_arg() - An argument for an operation of this kind. */
uint64_t gen_arg(struct rng *rng, const struct prog *prog, uint8_t kind);

/* gen_corruption() - A corruption, of the object in @slot if of an object. */
struct op gen_corruption(struct rng *rng, const struct prog *prog,
			 uint16_t slot);

/* gen_is_host() - Is it one of create to hvc? */
static inline bool gen_is_host(uint8_t kind)
{
	return kind < OP_NUMBERS && prog_of_host(UINT64_C(1) << kind);
}

/* gen_host_op() - One operation of such a kind. */
struct op gen_host_op(struct rng *rng, const struct prog *prog, uint8_t kind);

/* gen_page() - A page of the pool, mostly one that the host's kernel leaves. */
uint32_t gen_page(struct rng *rng, const struct prog_world *world);

/* gen_handle() - A VM's, mostly one of the first. */
uint64_t gen_handle(struct rng *rng);

/* gen_at() - What a deferred operation waits for: the first few. */
uint8_t gen_at(struct rng *rng);

/* gen_value() - A register or a word in memory: a place, or a number. */
uint64_t gen_value(struct rng *rng, const struct prog *prog);

/*
 * gen_fix() - op_fix(), and only in programs of the host are there faults and
 * scans of the later forms, and what is deferred.
 */
void gen_fix(struct op *op, const struct prog *prog);

/* gen_kinds() - What may occur in programs of a profile. */
uint64_t gen_kinds(const struct gen_config *config);

/* gen_phase() - Append one phase of up to @ops operations to the program. */
void gen_phase(struct prog *prog, struct rng *rng, uint32_t ops);

/* gen_world() - A random world without a swarm mask of its own. */
struct prog_world gen_world(struct rng *rng, const struct gen_config *config);

/* gen_swarm() - A random mask that can allocate in all but few programs. */
uint64_t gen_swarm(struct rng *rng, const struct gen_config *config);

/* rng_percent() - True this often. */
static inline bool rng_percent(struct rng *rng, uint32_t percent)
{
	return rng_below(rng, 100) < percent;
}

/* rng_range() - lo .. hi, both possible. */
static inline uint64_t rng_range(struct rng *rng, uint64_t lo, uint64_t hi)
{
	return lo + rng_below(rng, hi - lo + 1);
}

/* nth_kind() - The @n-th kind that @swarm has, from 0; it has more than @n. */
static inline uint8_t nth_kind(uint64_t swarm, uint32_t n)
{
	while (n--)
		swarm &= swarm - 1;

	return (uint8_t)__builtin_ctzll(swarm);
}

/* rng_weighted() - One of @nr, as often as its weight; the first if all are 0. */
static inline uint32_t rng_weighted(struct rng *rng, const uint16_t *weight,
				    uint32_t nr)
{
	uint32_t sum = 0, at, i;

	for (i = 0; i < nr; i++)
		sum += weight[i];
	at = (uint32_t)rng_below(rng, sum);
	for (i = 0; i + 1 < nr && at >= weight[i]; i++)
		at -= weight[i];
	return sum ? i : 0;
}

#endif
