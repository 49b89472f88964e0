/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_AFL_MUTATOR_H
#define HYPHEAP_AFL_MUTATOR_H

#include <stddef.h>
#include <stdint.h>

#include "program/gen.h"

/*
 * AFL++'s custom mutator interface (4.04c) on the mutator core. The names are
 * AFL++'s; it loads them from hypheap_afl_mutator.so by name.
 */

/* No input grows past this: a header and 1000 records. */
#define AFL_INPUT_MAX (32u + 1000u * 8u)

/*
 * Most inputs are made this many operations long, unless they are longer; but
 * no longer than this many bytes, which is what libFuzzer takes of them.
 */
#define AFL_OPS 500u
#define AFL_LONG_MAX 4096u

/* No trimming takes more runs than this. */
#define AFL_TRIM_STEPS 512u

/**
 * afl_profile() - What the programs of a target are about, by its name.
 * @words: a command line as the kernel shows it, @bytes long: words end with 0
 *
 * Return: of the last word that is a target's, with or without folders; heap if
 * there is none.
 */
enum profile afl_profile(const char *words, size_t bytes);

/**
 * afl_custom_init() - One mutator.
 * @afl: AFL++'s own state, not looked at: which target it is for is seen from
 *	 the command line
 * @seed: all its chance comes from here
 *
 * Return: the @data of the others, NULL without memory.
 */
void *afl_custom_init(void *afl, unsigned int seed);
void afl_custom_deinit(void *data);

/**
 * afl_custom_fuzz() - One input from another, at times spliced with a second,
 * mostly with more operations behind it.
 * @out_buf: set to memory of the mutator's own, good until the next call
 * @add_buf: another input of the queue, or NULL
 *
 * Return: bytes in @out_buf, at least 1, at most @max_size.
 */
size_t afl_custom_fuzz(void *data, uint8_t *buf, size_t buf_size,
		       uint8_t **out_buf, uint8_t *add_buf, size_t add_buf_size,
		       size_t max_size);

/* afl_custom_describe() - What the last afl_custom_fuzz() did, for a name. */
const char *afl_custom_describe(void *data, size_t max_description_len);

/**
 * afl_custom_init_trim() - Begin to make an input smaller.
 *
 * Runs of operations are left out, from the end on, half the program first,
 * then a quarter and so on, single ones last; each place is tried once.
 *
 * Return: an upper bound of the steps, 0: nothing to do.
 */
int32_t afl_custom_init_trim(void *data, uint8_t *buf, size_t buf_size);

/* afl_custom_trim() - The next try. Return: bytes in @out_buf. */
size_t afl_custom_trim(void *data, uint8_t **out_buf);

/**
 * afl_custom_post_trim() - Whether the last try keeps what matters.
 *
 * Return: steps done; the number afl_custom_init_trim() gave: the end.
 */
int32_t afl_custom_post_trim(void *data, unsigned char success);

#endif
