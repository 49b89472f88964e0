/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "lies.h"

/* The heap of all good steps, twice: alone, and with others around. */
static struct model *truth, *truth_among;
static struct world *alone, *among;

struct header true_walk[TRUE_CHUNKS + 1];

/* Hashes worked out apart from the oracle, by the formula of section 9. */
static const struct header headers[TRUE_CHUNKS] = {
	{0, 128, 0, 1, 0x858ba507},
	{128, 32, 128, 1, 0xf21a3817},
	{160, 4992, 32, 0, 0xdceadc2d},
	{5152, 0, 4992, (8192 - 5152) | 1, 0x5c8f77e7},
};

static bool make_heap(struct model *m)
{
	uint32_t offset;

	if (model_init(m, 16384, 0))
		return false;
	model_topup(m, 3);
	return !model_alloc(m, 0, 100, &offset) && offset == 16 &&
	       !model_alloc(m, 0, 5000, &offset) && offset == 144 &&
	       !model_alloc(m, 0, 16, &offset) && offset == 5168 &&
	       model_free(m, 144) && !model_alloc(m, 0, 16, &offset) &&
	       offset == 144;
}

static enum world_owner all_the_hosts(void *data, uint64_t phys)
{
	(void)data;
	(void)phys;
	return WORLD_HOST;
}

static bool not_in_use(void *data, uint64_t phys)
{
	(void)data;
	(void)phys;
	return false;
}

/* A VM, its root of stage 2, and a page that it was given. */
static bool make_others(struct world *w)
{
	const struct world_memory mem = {.owner = all_the_hosts,
					 .uses = not_in_use};

	world_follow(w, WORLD_INIT_VM, 0, WORLD_HANDLE_FIRST);
	return !world_raw_donate_guest(w, WORLD_HANDLE_FIRST, 0, &mem).ret;
}

int make_truth(void **state)
{
	struct world_config config = {.page = 4096, .pool = 8, .cpus = 1};

	(void)state;
	truth = model_create();
	truth_among = model_create();
	if (!truth || !truth_among)
		return -1;
	alone = world_create(truth);
	among = world_create(truth_among);
	if (!alone || !among)
		return -1;
	model_reset(truth, 4096, 8);
	world_reset(alone, &config);
	config.pool = 9; /* the root is none of these: it is only followed */
	model_reset(truth_among, 4096, 9);
	world_reset(among, &config);
	if (!make_heap(truth) || !make_heap(truth_among) || !make_others(among))
		return -1;
	return model_check(truth) || model_check(truth_among) ? -1 : 0;
}

int drop_truth(void **state)
{
	(void)state;
	world_destroy(alone);
	world_destroy(among);
	model_destroy(truth);
	model_destroy(truth_among);
	return 0;
}

static void good(struct step *s, uint8_t kind, uint64_t arg)
{
	static const struct census census = {
		.host = 5, .spare = 1, .mapped = 2, .used = 3, .free = 1};

	memcpy(true_walk, headers, sizeof(headers));
	memset(s, 0, sizeof(*s));
	s->number = 7;
	s->op = (struct op){.kind = kind, .slot = 2, .arg = arg};
	s->heap_bytes = 16384;
	s->align = 16;
	s->overhead = 16;
	s->page = 4096;
	s->pool = 8;
	s->exact = true;
	s->before = census;
	s->after = census;
	s->function = "";
	s->where = "";
	s->what = "";
	s->calls = 10;
	s->calls_bound = 100;
	s->nonzero = STEP_NOWHERE;
	s->changed_at = STEP_NOWHERE;
	s->unbacked_page = STEP_NOWHERE;
	s->stray_page = STEP_NOWHERE;
	s->unlike_page = STEP_NOWHERE;
	s->unwiped_page = STEP_NOWHERE;
	s->walk = true_walk;
	s->walk_nr = TRUE_CHUNKS;
	s->model = truth;
	s->world = alone;
	s->host_free = 5;
	s->reclaimable_before = 4;
	s->reclaimable = 1;
	s->reclaimable_expect = 1;
}

void good_alloc(struct step *s)
{
	good(s, OP_ALLOC, 16);
	s->actual.offset = 144;
	s->expect = s->actual;
	s->size = 16;
	s->below = (struct object){16, 112, 0, true};
	s->above = (struct object){5168, 16, 1, true};
}

void good_call(struct step *s)
{
	good_alloc(s);
	s->op.kind = OP_CALL;
	s->actual.hvcs = 3;
	s->expect = s->actual;
	s->tries = 2;
	s->tries_max = 4;
}

void good_no_memory(struct step *s)
{
	good(s, OP_CALL, 9000);
	s->actual.err = -MODEL_ENOMEM;
	s->actual.need = 6; /* more than the host has */
	s->actual.hvcs = 7;
	s->expect = s->actual;
	s->tries = 4;
	s->tries_max = 4;
}

void good_too_big(struct step *s)
{
	good(s, OP_ALLOC, 16369);
	s->actual.err = -MODEL_E2BIG;
	s->expect = s->actual;
}

void good_free(struct step *s)
{
	good(s, OP_FREE, 0);
}

void good_reclaim(struct step *s)
{
	good(s, OP_RECLAIM, 3);
	s->actual.pages = 3;
	s->actual.hvcs = 1;
	s->expect = s->actual;
	s->promised = true;
	s->target = 3;
	s->reclaimable_before = 5;
}

void good_shrink(struct step *s)
{
	good(s, OP_SHRINK, 9);
	s->actual.pages = 5;
	s->actual.ret = 5;
	s->actual.hvcs = 3;
	s->expect = s->actual;
	s->promised = true;
	s->target = 9;
	s->reclaimable_before = 5;
}

void good_panic(struct step *s)
{
	good(s, OP_MISUSE, 0);
	s->actual.end = STEP_PANIC;
	s->expect.end = STEP_PANIC;
	s->function = "hyp_free";
	s->where = "alloc.c:1";
	s->what = "WARN_ON(!used)";
}

/* With others around. */
static void good_among(struct step *s, uint8_t kind, uint8_t sub, uint64_t arg)
{
	good(s, kind, arg);
	s->op.sub = sub;
	s->pool = 10;
	s->before.guest = 1;
	s->before.hyp = 1;
	s->after = s->before;
	s->model = truth_among;
	s->world = among;
}

void good_create(struct step *s)
{
	good_among(s, OP_CREATE, CREATE_VM, 4);
	s->actual.ret = WORLD_HANDLE_FIRST;
	s->actual.hvcs = 4;
	s->expect = s->actual;
	s->tries = 2;
	s->tries_max = 4;
}

void good_create_fails(struct step *s)
{
	good_create(s);
	s->actual.ret = -MODEL_ENOMEM;
	s->actual.need = 6;
	s->expect = s->actual;
	s->tries = 4;
}

void good_hvc_topup(struct step *s)
{
	good_among(s, OP_HVC, 1, 1);
	s->actual.ret = -MODEL_ENOMEM;
	s->actual.left_head = 0x4000003000;
	s->actual.left_nr = 2;
	s->actual.hvcs = 1;
	s->expect = s->actual;
}

void good_hvc_reclaim(struct step *s)
{
	good_among(s, OP_HVC, 2, 1);
	s->actual.left_nr = 3;
	s->actual.hvcs = 1;
	s->expect = s->actual;
	s->expect.any_head = true;
	s->actual.left_head = 0x4000005000;
}

void good_no_such_call(struct step *s)
{
	good_among(s, OP_HVC, 200, 0);
	s->actual.no_such_call = true;
	s->actual.hvcs = 1;
	s->expect = s->actual;
}

void good_refused(struct step *s)
{
	good_among(s, OP_TOPUP, 0, 1);
	s->fault_armed = true;
	s->actual.err = -1;
	s->actual.hvcs = 1;
	s->actual.warned = true;
	s->expect = s->actual;
	s->warned = "regs->regs[0] != 0";
	s->warned_function = "pkvm_hvc";
}

static void by_contract(struct step *s)
{
	struct outcome unknown = {.end = s->expect.end};

	s->exact = false;
	s->expect = unknown;
	s->model = NULL;
	s->walk = NULL;
	s->walk_nr = 0;
	s->reclaimable_expect = 99;
}

void contract_alloc(struct step *s)
{
	good_alloc(s);
	by_contract(s);
}

void contract_no_memory(struct step *s)
{
	good_no_memory(s);
	by_contract(s);
}

void contract_too_big(struct step *s)
{
	good_too_big(s);
	by_contract(s);
}

void contract_reclaim(struct step *s)
{
	good_reclaim(s);
	by_contract(s);
}

void contract_create_fails(struct step *s)
{
	good_create_fails(s);
	by_contract(s);
}

void contract_refused(struct step *s)
{
	good_refused(s);
	by_contract(s);
}

void contract_panic(struct step *s)
{
	good_panic(s);
	by_contract(s);
}

static void clear(struct verdict *v)
{
	memset(v, 0, sizeof(*v));
}

static void must_say(const struct lie *lie, const struct verdict *v,
		     const char *words)
{
	if (!strstr(v->text, words))
		fail_msg("%s: \"%s\" does not say \"%s\"", lie->name, v->text,
			 words);
}

static void check_lie(const struct lie *lie)
{
	struct step s;
	struct verdict v;

	clear(&v);
	lie->good(&s);
	if (!oracle_judge(&s, &v) || v.oracle != ORACLE_NONE)
		fail_msg("%s: the good step fails: %s: %s", lie->name,
			 oracle_name(v.oracle), v.text);
	lie->tell(&s);
	if (oracle_judge(&s, &v))
		fail_msg("%s: nobody sees it", lie->name);
	if (v.oracle != lie->oracle)
		fail_msg("%s: %s says \"%s\", expected %s", lie->name,
			 oracle_name(v.oracle), v.text,
			 oracle_name(lie->oracle));
	assert_int_equal(v.step, 7);
	assert_string_equal(v.word, op_word(s.op.kind));
	must_say(lie, &v, lie->says);
	if (lie->too)
		must_say(lie, &v, lie->too);
}

void check_lies(const struct lie *lies, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		assert_non_null(lies[i].says);
		check_lie(&lies[i]);
	}
}
