/* SPDX-License-Identifier: GPL-2.0-only */
#include "state.h"

#include <stdio.h>

/*
 * What can only be said at the end of a program: all contents, all headers, and
 * jemalloc's books.
 */

void books_blame(struct verdict *v, const char *word)
{
	v->step = 0;
	snprintf(v->word, sizeof(v->word), "%s", word);
}

static void count_expected(const struct run *run, struct books *books)
{
	if (!run_exact(run)) {
		for (uint32_t slot = 0; slot < run->slots.top * 64; slot++) {
			if (!slots_live(&run->slots, slot))
				continue;
			books->objects_expect++;
			books->bytes_expect +=
				twin_usable(run->slots.slot[slot].size);
		}
		return;
	}

	for (uint32_t i = 0; i < run->model->nr; i++) {
		const struct model_chunk *chunk = &run->model->chunk[i];

		if (!chunk->used)
			continue;
		books->objects_expect++;
		books->bytes_expect += twin_usable(chunk->size);
	}
	/* EL2's own objects are none of the program's */
	for (uint32_t i = 0; i < world_objects(run->world); i++) {
		books->objects_expect--;
		books->bytes_expect -=
			twin_usable(world_object(run->world, i)->size);
	}
}

/* Every live object, whole: what no operation was seen to write, too. */
static bool contents_hold(struct run *run, const struct step *last,
			  struct verdict *v)
{
	struct step whole = *last;

	whole.actual.end = STEP_DONE;
	whole.changed_at = STEP_NOWHERE;
	observe_contents(run, &whole);
	if (oracle_content(&whole, v))
		return true;

	books_blame(v, "end");

	return false;
}

/* Every header: what no operation was seen to write, too. */
static bool headers_hold(struct run *run, const struct step *last,
			 struct verdict *v)
{
	struct step whole = *last;

	if (run->walks || !run_exact(run))
		return true;

	whole.actual.end = STEP_DONE;
	whole.shape_known = false;
	whole.walk_broken = NULL;
	whole.corrupted = false;
	observe_walk(run, &whole);
	if (oracle_shape(&whole, v))
		return true;

	books_blame(v, "end");

	return false;
}

/*
 * After a corruption: what is not as it was is a miss, and what a panic cut
 * short is in nobody's books.
 */
static bool end_damaged(struct run *run, struct run_result *result)
{
	struct verdict *v = &result->verdict;
	struct books books = {.slow = false};
	bool holds = true;

	if (!run->ended && !run_missed(run) && !run->config.without_twin) {
		count_expected(run, &books);
		books.objects_actual = twin_count(run->twin);
		books.bytes_actual = twin_bytes_held(run->twin);
		holds = contents_hold(run, &result->last, v) &&
			oracle_account(&books, v);
	}
	if (!holds)
		damage_missed(run, result->steps, v);
	if (run->config.digest)
		digest_end(run);
	twin_reset(run->twin);

	return true;
}

bool books_close(struct run *run, struct run_result *result)
{
	struct books books = {.slow = run->config.slow_books};
	struct verdict *v = &result->verdict;

	if (run_blind(run))
		return true;
	if (run_damaged(run))
		return end_damaged(run, result);
	if (run->config.without_twin) {
		if (run->config.digest)
			digest_end(run);
		twin_reset(run->twin);
		return true;
	}

	if (!run->ended && !(headers_hold(run, &result->last, v) &&
			     contents_hold(run, &result->last, v)))
		return false;

	count_expected(run, &books);
	books.objects_actual = twin_count(run->twin);
	books.bytes_actual = twin_bytes_held(run->twin);
	if (books.slow)
		twin_arena(run->twin, &books.arena_objects, &books.arena_bytes);
	if (run->config.digest)
		digest_end(run);
	/* judged while the objects still have names */
	if (!oracle_account(&books, v))
		return false;
	twin_reset(run->twin);
	books.leaked = twin_bytes_held(run->twin);

	return oracle_account(&books, v);
}
