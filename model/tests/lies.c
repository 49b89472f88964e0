/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "lies.h"

static struct model *truth;

struct header true_walk[TRUE_CHUNKS + 1];

/* Hashes worked out apart from the oracle, by the formula of section 9. */
static const struct header headers[TRUE_CHUNKS] = {
	{0, 128, 0, 1, 0x858ba507},
	{128, 32, 128, 1, 0xf21a3817},
	{160, 4992, 32, 0, 0xdceadc2d},
	{5152, 0, 4992, (8192 - 5152) | 1, 0x5c8f77e7},
};

int make_truth(void **state)
{
	uint32_t offset;

	(void)state;
	truth = model_create();
	if (!truth)
		return -1;
	model_reset(truth, 4096, 8);
	if (model_init(truth, 16384, 0))
		return -1;
	model_topup(truth, 3);
	if (model_alloc(truth, 0, 100, &offset) || offset != 16 ||
	    model_alloc(truth, 0, 5000, &offset) || offset != 144 ||
	    model_alloc(truth, 0, 16, &offset) || offset != 5168 ||
	    !model_free(truth, 144) || model_alloc(truth, 0, 16, &offset) ||
	    offset != 144)
		return -1;
	return model_check(truth) ? -1 : 0;
}

int drop_truth(void **state)
{
	(void)state;
	model_destroy(truth);
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
	s->tries = 2;
	s->tries_max = 4;
}

void good_no_memory(struct step *s)
{
	good(s, OP_CALL, 9000);
	s->actual.err = -MODEL_ENOMEM;
	s->actual.need = 6; /* more than the host has */
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
	s->expect = s->actual;
	s->reclaimable_before = 5;
}

void good_shrink(struct step *s)
{
	good(s, OP_SHRINK, 9);
	s->actual.pages = 5;
	s->expect = s->actual;
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
