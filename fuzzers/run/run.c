/* SPDX-License-Identifier: GPL-2.0-only */
#include "allocator/heap.h"
#include "allocator/host/host.h"
#include "features.h"
#include "state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* A program from reset to the last book. */

/* Headers of the largest heap, each 32 bytes at least; only used room is real. */
#define HEADERS_MAX (HEAP_BYTES_MAX / 32 + 1)

static struct header *create_headers(void)
{
	void *at = mmap(NULL, HEADERS_MAX * sizeof(struct header),
			PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

static void destroy_headers(struct header *headers)
{
	if (headers)
		munmap(headers, HEADERS_MAX * sizeof(struct header));
}

struct run *run_create(void)
{
	struct run *run = calloc(1, sizeof(*run));

	if (!run)
		return NULL;

	run->model = model_create();
	run->twin = twin_create();
	run->world = run->model ? world_create(run->model) : NULL;
	run->before.header = create_headers();
	run->after.header = create_headers();
	run->header_max = HEADERS_MAX;
	if (!run->model || !run->twin || !run->world || !run->before.header ||
	    !run->after.header) {
		run_destroy(run);
		return NULL;
	}

	return run;
}

void run_destroy(struct run *run)
{
	if (!run)
		return;

	if (run->world)
		world_destroy(run->world);
	if (run->model)
		model_destroy(run->model);
	if (run->twin)
		twin_destroy(run->twin);
	shape_destroy(run);
	destroy_headers(run->before.header);
	destroy_headers(run->after.header);
	free(run);
}

/* ---- one step ----------------------------------------------------------- */

void run_note_object(struct run *run, const struct step *step)
{
	if (!step->size || step->actual.end != STEP_DONE)
		return;

	slots_put(&run->slots, step->op.slot, step->actual.offset, step->size);
	if (run->corrupts)
		corrupt_note(run, step->op.slot);
	if (!run_twinless(run) && !twin_add(run->twin, step->op.slot,
					    step->actual.offset, step->size)) {
		fprintf(stderr, "HARNESS BUG: jemalloc has no memory for the "
				"twin\n");
		exit(3);
	}
}

static void watch(const struct run *run, const struct step *step)
{
	if (run->config.watch)
		run->config.watch(run->config.data, run, step);
}

/* Nothing has changed: the operation was skipped, or waits for the next one. */
static void unchanged(struct run *run, struct step *step, enum step_end end)
{
	struct walk before = run->before;

	run->before = run->after;
	run->after = before;
	step->actual.end = end;
	step->expect.end = end;
	step->after = run->census;
	step->reclaimable = run->reclaimable;
	if (run->config.digest)
		digest_step(run, step);
	watch(run, step);
}

/* What the twin knows: the other live objects, and all contents. */
static void leave_twin_out(const struct run *run, struct step *step)
{
	if (!run->config.without_twin)
		return;

	step->below.there = false;
	step->above.there = false;
	step->changed_at = STEP_NOWHERE;
	if (!step->size || step->unbacked.slot != step->op.slot)
		step->unbacked_page = STEP_NOWHERE;
}

/* The step was judged: the next begins with its headers, or they are told. */
static void settle_headers(struct run *run, struct step *step, bool holds)
{
	if (run->walks || !run_exact(run) || run_blind(run))
		return;
	if (holds) {
		/* where a call did not return nobody looked, and no step
		 * follows */
		if (!run->ended)
			shape_commit(run);
		return;
	}
	shape_explain(run);
	observe_walk(run, step);
}

/* Return: whether the oracles have nothing against it. */
static bool run_step(struct run *run, struct step *step, struct verdict *v)
{
	bool done, holds = true;

	observe_begin(run, step);
	done = exec_op(run, step);
	if (run->defer.nr && !step->op.at)
		holds = defer_disarm(run, step, v);
	if (!done || step->op.at) {
		unchanged(run, step, done ? STEP_DONE : STEP_SKIPPED);
		return true;
	}

	if (!run_blind(run))
		observe_end(run, step);
	leave_twin_out(run, step);
	if (holds && !run_blind(run))
		holds = run_damaged(run) ? damage_judge(run, step, v)
					 : oracle_judge(step, v);
	run->ended = step->actual.end != STEP_DONE;
	if (run->config.digest)
		digest_step(run, step);
	if (holds)
		run_note_object(run, step);
	if (run->config.cells)
		features_note(run->config.cells, step, &run->feature);
	settle_headers(run, step, holds);
	watch(run, step);

	return holds;
}

/* ---- begin -------------------------------------------------------------- */

/* What the client structures measure where the program does not say it. */
static uint64_t vm_bytes(const struct prog_world *world)
{
	return world->vm_size ? world->vm_size : 3072;
}

static uint64_t vcpu_bytes(const struct prog_world *world)
{
	return world->vcpu_size ? world->vcpu_size : 8192;
}

static void reset_world(struct run *run)
{
	const struct prog_world *world = &run->prog->world;
	const struct world_config config = {
		.base = heap_page_phys(0),
		.page = 1u << world->page_shift,
		.pool = world->pool_pages,
		.cpus = world->cpus,
		.vm_bytes = vm_bytes(world),
		.vcpu_bytes = vcpu_bytes(world),
		.privileged = world->boot,
	};

	world_reset(run->world, &config);
}

static void reset(struct run *run)
{
	const struct prog_world *world = &run->prog->world;
	const struct heap_config config = {
		.page_shift = world->page_shift,
		.pool_pages = world->pool_pages,
		.cpus = world->cpus,
	};

	heap_reset(&config);
	if (world->boot)
		host_boot(world->pool_pages);
	else
		host_reset(world->pool_pages);
	heap_set_sizes(vm_bytes(world), vcpu_bytes(world));
	if (!run_bare(run)) {
		model_reset(run->model, 1u << world->page_shift,
			    world->pool_pages);
		reset_world(run);
		twin_reset(run->twin);
	}
	slots_reset(&run->slots);
	run->writes = 0;
	run->cpu = 0;
	run->before.nr = 0;
	run->after.nr = 0;
	shape_begin(run);
	run->census = (struct census){.host = world->pool_pages};
	run->reclaimable = 0;
	run->ended = false;
	run->feature = 0;
	memset(run->vm, 0, sizeof(run->vm));
	defer_begin(run);
	corrupt_begin(run);
	run->walks = run->corrupts || run->config.digest ||
		     (run->config.watch && !run->config.without_walk) ||
		     !heap_sees_stores();
	digest_begin(run);
}

/* Set the heap up, unless the program leaves that to itself. */
static bool begin(struct run *run, struct run_result *result)
{
	struct step *step = &result->last;
	bool holds;

	if (!run->prog->world.init)
		return true;

	observe_begin(run, step);
	step->number = 0;
	exec_init(run, step);
	if (run_blind(run)) {
		run->ended = step->actual.end != STEP_DONE;
		return true;
	}

	observe_end(run, step);
	leave_twin_out(run, step);
	holds = oracle_judge(step, &result->verdict);
	if (!holds)
		books_blame(&result->verdict, "init");
	run->ended = step->actual.end != STEP_DONE;
	settle_headers(run, step, holds);

	return holds;
}

static bool run_once(struct run *run, struct run_result *result)
{
	const struct prog *prog = run->prog;
	bool holds;

	memset(&result->verdict, 0, sizeof(result->verdict));
	memset(&result->last, 0, sizeof(result->last));
	result->steps = 0;
	reset(run);
	holds = begin(run, result);

	for (uint32_t i = 0; holds && !run->ended && i < prog->nr; i++) {
		result->last.op = prog->ops[i];
		result->last.number = i + 1;
		result->steps++;
		holds = run_step(run, &result->last, &result->verdict);
	}
	if (holds)
		holds = books_close(run, result);
	result->digest = run->hash;
	result->damage = run->damage;

	return holds;
}

bool run_program(struct run *run, const struct prog *prog,
		 const struct run_config *config, struct run_result *result)
{
	struct books books = {0};

	run->prog = prog;
	run->config = *config;
	if (config->replay)
		run->config.digest = true;
	if (!run_once(run, result))
		return false;
	if (!config->replay)
		return true;

	books.digest_first = result->digest;
	run->config.watch = NULL;
	run->config.cells = NULL;
	if (!run_once(run, result))
		return false;
	books.digest_second = result->digest;

	return oracle_replay(&books, &result->verdict);
}

struct run_config run_config_full(void)
{
	return (struct run_config){
		.level = RUN_EXACT,
		.digest = true,
		.replay = true,
		.slow_books = true,
	};
}

struct run_config run_config_fuzz(const struct prog *prog)
{
	struct run_config config = {.level = RUN_EXACT};
	uint64_t mix = prog->nr;

	for (uint32_t i = 0; i < prog->nr; i++) {
		const struct op *op = &prog->ops[i];

		mix ^= op->kind ^ (uint64_t)op->slot << 8 ^ op->arg << 24;
		mix *= 0x9E3779B97F4A7C15ull;
		mix ^= mix >> 29;
	}
	if (mix % 64 == 0) {
		config.replay = true;
		config.slow_books = true;
	}

	return config;
}

/* ---- for watchers ------------------------------------------------------- */

const struct prog *run_prog(const struct run *run)
{
	return run->prog;
}

uint32_t run_live(const struct run *run)
{
	return run_twinless(run) ? run->slots.nr : twin_count(run->twin);
}

struct object run_object(const struct run *run, uint32_t i)
{
	return twin_nth(run->twin, i);
}

uint64_t run_footprint(const struct run *run)
{
	return twin_footprint(run->twin);
}

int64_t run_page_at(const struct run *run, uint64_t heap_page)
{
	(void)run;

	return heap_page_at(heap_page);
}

const struct header *run_headers(const struct run *run, uint32_t *nr)
{
	*nr = run->after.nr;

	return run->after.header;
}

const struct header *run_headers_before(const struct run *run, uint32_t *nr)
{
	*nr = run->before.nr;

	return run->before.header;
}
