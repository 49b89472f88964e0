/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_MODEL_TESTS_LIES_H
#define HYPHEAP_MODEL_TESTS_LIES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/oracle.h"

/*
 * Good steps, which no oracle may object to, and lies told about them, each of
 * which exactly one must see. All good steps end in this heap of four pages:
 *
 *	0 used 112 | 128 used 16 | 160 free | 5152 used 16 >8192
 */

/**
 * struct lie - One thing that is not as it should be.
 * @good: makes the step that it is told about
 * @tell: spoils it
 * @oracle: who must see it
 * @says, @too: what the verdict must say: expected and actual values; @too may
 *	       be NULL
 */
struct lie {
	const char *name;
	void (*good)(struct step *s);
	void (*tell)(struct step *s);
	enum oracle oracle;
	const char *says, *too;
};

/* A lie in one statement; @s is the step. */
#define TELL(name, statement)            \
	static void name(struct step *s) \
	{                                \
		statement;               \
	}

int make_truth(void **state); /* the model and the walk that good steps share */
int drop_truth(void **state);

/* Good steps, at exact level. */
void good_alloc(struct step *s);     /* c = alloc 16, served at +144 */
void good_call(struct step *s);	     /* the same, at the second try */
void good_no_memory(struct step *s); /* call alloc 9000 asks for 3 pages */
void good_too_big(struct step *s);
void good_free(struct step *s);
void good_reclaim(struct step *s); /* reclaim 3, 5 were reclaimable */
void good_shrink(struct step *s);  /* shrink 9, 5 were */
void good_panic(struct step *s);   /* free! double, which panicked */

/* The same heap, and a VM with a root of stage 2 and a page of its guest's. */
void good_create(struct step *s);	/* create vm, at the second try */
void good_create_fails(struct step *s); /* it asks for 6 pages */
void good_hvc_topup(struct step *s);	/* hvc topup: 2 pages are left */
void good_hvc_reclaim(struct step *s);	/* hvc reclaim: 3 came */
void good_no_such_call(struct step *s); /* hvc 200 */
void good_refused(struct step *s);	/* topup, and the call was refused */

/* The same at contract level, without a prediction. */
void contract_alloc(struct step *s);
void contract_no_memory(struct step *s);
void contract_too_big(struct step *s);
void contract_reclaim(struct step *s);
void contract_create_fails(struct step *s);
void contract_refused(struct step *s);
void contract_panic(struct step *s);

/* The walk's headers, for lies about them; restored by each good step. */
#define TRUE_CHUNKS 4u
extern struct header true_walk[TRUE_CHUNKS + 1];

/* check_lies() - The good step holds, the lie is caught and explained. */
void check_lies(const struct lie *lies, size_t nr);

#define LIES(a) check_lies(a, sizeof(a) / sizeof(*(a)))

#endif
