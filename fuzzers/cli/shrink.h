/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_SHRINK_H
#define HYPHEAP_SHRINK_H

#include "cmd.h"
#include "run/child.h"

/* Minimising what fails, in a child: for min and triage. */

/**
 * struct shrink - A failure to be made smaller.
 * @child: runs the programs
 * @stop: set from outside; NULL: nobody does
 * @limit: end after so many seconds, 0: when nothing is left to try
 * @tell: after each try; @better: with each smaller program; either may be NULL
 * @data: for both
 * @first: what the program came to
 * @tries, @began: so far
 * @done: nothing is left to try
 * @error: a negative errno: there could be no process
 */
struct shrink {
	struct child *child;
	const volatile sig_atomic_t *stop;
	double limit;
	void (*tell)(void *data);
	void (*better)(void *data, const struct prog *best);
	void *data;

	struct child_answer first;
	uint64_t tries;
	double began;
	bool done;
	int error;
};

/**
 * shrink_first() - Run the program that is to be minimised.
 * @prog: its swarm mask becomes what its text would have
 *
 * Return: 0 and shrink->first, or a negative errno.
 */
int shrink_first(struct shrink *shrink, struct prog *prog);

/**
 * shrink() - Minimise it; shrink->first must be a verdict.
 *
 * Keyed on its signature: a program that fails in another way does not count.
 * @prog is the best that was found, also when it was interrupted, and has once
 * more shown the same verdict in a process of its own.
 *
 * Return: 0, or -EAGAIN: it does not show the same verdict each time; then
 * @prog is as it was.
 */
int shrink(struct shrink *shrink, struct prog *prog);

/*
 * write_failure() - The file that keeps a failure: its signature in a comment,
 * then the program.
 */
void write_failure(FILE *out, const char *signature, const struct prog *prog);

#endif
