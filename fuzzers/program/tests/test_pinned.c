/* SPDX-License-Identifier: GPL-2.0-only */
#include <glob.h>

#include "program_test.h"
#include "program/mutate.h"

/*
 * What must not change when kinds are added: programs that are on disk already,
 * and those that the profiles of the older kinds make from a seed. The figures
 * here were taken before the host's kinds were there; a change to how those
 * programs are drawn may change them, a new kind must not.
 */

static uint64_t fnv(uint64_t hash, const uint8_t *data, size_t len)
{
	while (len--)
		hash = (hash ^ *data++) * UINT64_C(0x100000001b3);
	return hash;
}

static uint64_t sum(uint64_t hash, const struct prog *prog)
{
	uint8_t *bytes;
	size_t len;

	bytes = encoded(prog, &len);
	hash = fnv(hash, bytes, len);
	free(bytes);
	return hash;
}

#define FNV_START UINT64_C(0xcbf29ce484222325)

static const enum profile profiles[] = {PROFILE_HEAP, PROFILE_CORRUPT};
static const uint32_t ops[] = {16, 64, 256, 1500};

static void fresh_programs(void **state)
{
	static const uint64_t sums[] = {UINT64_C(0xb746043533fce483),
					UINT64_C(0xc1095eaa078071ec)};
	static const uint32_t shifts[] = {0, 12, 14, 16};
	struct prog prog;
	struct rng rng;
	uint32_t i, at;

	(void)state;
	prog_init(&prog);
	for (at = 0; at < COUNT(profiles); at++) {
		uint64_t hash = FNV_START;

		for (i = 0; i < 200; i++) {
			struct gen_config config = {
				.ops = ops[i % 4],
				.page_shift = shifts[i / 4 % 4],
				.profile = profiles[at],
				.uniform = i % 7 == 0,
			};

			rng_seed(&rng, i);
			prog_generate(&prog, &rng, &config);
			hash = sum(hash, &prog);
		}
		if (hash != sums[at])
			fail_msg("profile %u: 0x%llx", at,
				 (unsigned long long)hash);
	}
	prog_free(&prog);
}

static void mutants_of_them(void **state)
{
	static const uint64_t sums[] = {UINT64_C(0xe6a376a1d15dabe3),
					UINT64_C(0xf045647edd0c8393)};
	struct prog prog, before, mixed;
	struct rng rng;
	uint32_t i, at;

	(void)state;
	prog_init(&prog);
	prog_init(&before);
	prog_init(&mixed);
	for (at = 0; at < COUNT(profiles); at++) {
		uint64_t hash = FNV_START;

		prog_clear(&prog);
		prog_clear(&before);
		rng_seed(&rng, 77);
		for (i = 0; i < 2000; i++) {
			struct gen_config config = {
				.ops = ops[i / 50 % 3],
				.profile = profiles[at],
			};

			if (i % 50 == 0) {
				prog_copy(&before, &prog);
				prog_generate(&prog, &rng, &config);
			}
			prog_mutate(&prog, &rng, 4096);
			hash = sum(hash, &prog);
			prog_cross(&mixed, &prog, &before, &rng, 4096);
			hash = sum(hash, &mixed);
		}
		if (hash != sums[at])
			fail_msg("profile %u: 0x%llx", at,
				 (unsigned long long)hash);
	}
	prog_free(&prog);
	prog_free(&before);
	prog_free(&mixed);
}

/* ---- the byte form of the first twelve kinds ----------------------------- */

#define OLD_KINDS 12

static uint8_t *put(uint8_t *at, uint32_t bytes, uint64_t value)
{
	for (; bytes--; value >>= 8)
		*at++ = (uint8_t)value;
	return at;
}

/* The encoder as it was, written down a second time. */
static size_t old_encode(const struct prog *prog, uint8_t *out)
{
	const struct prog_world *world = &prog->world;
	uint8_t *at = out;
	uint32_t i;

	at = put(at, 4, 'H' | 'Y' << 8 | 'P' << 16 | 1 << 24);
	at = put(at, 2, world->heap_pages);
	at = put(at, 1, (world->page_shift - 12) / 2);
	at = put(at, 1, world->cpus - 1);
	at = put(at, 2, world->pool_pages);
	at = put(at, 2, !world->init);
	at = put(at, 2, world->vm_size);
	at = put(at, 2, world->vcpu_size);
	at = put(at, 8, world->swarm);
	at = put(at, 8, 0);
	for (i = 0; i < prog->nr; i++) {
		const struct op *op = &prog->ops[i];

		if (op->arg >> 32) {
			at = put(at, 4, 255);
			at = put(at, 4, op->arg >> 32);
		}
		at = put(at, 1, op->kind);
		at = put(at, 1, op->sub);
		at = put(at, 2, op->slot);
		at = put(at, 4, op->arg);
	}
	return (size_t)(at - out);
}

static bool is_old(const struct prog *prog)
{
	uint32_t i;

	for (i = 0; i < prog->nr; i++) {
		const struct op *op = &prog->ops[i];

		if (op->kind > OLD_KINDS)
			return false;
		if (op->at)
			return false;
		if (op->sub && (op->kind == OP_FAIL || op->kind == OP_SHRINK))
			return false;
	}
	return true;
}

static void check_bytes(const struct prog *prog)
{
	uint8_t *old = malloc(PROG_HEADER + 2 * PROG_RECORD * (prog->nr + 1));
	size_t old_len, len;
	struct prog back;
	uint8_t *bytes;

	assert_non_null(old);
	prog_init(&back);
	bytes = encoded(prog, &len);
	old_len = old_encode(prog, old);
	assert_int_equal(len, old_len);
	assert_memory_equal(bytes, old, len);
	prog_decode(&back, old, old_len);
	assert_true(prog_equal(prog, &back));
	free(bytes);
	free(old);
	prog_free(&back);
}

/* The seeds and the known cases of the older kinds are the bytes they were. */
static void bytes_of_the_corpus(void **state)
{
	struct text_error err;
	static char text[1 << 20];
	struct prog prog;
	uint32_t nr = 0;
	glob_t files;
	size_t i;

	(void)state;
	prog_init(&prog);
	assert_int_equal(glob(CORPUS "/*/*.ops", 0, NULL, &files), 0);
	for (i = 0; i < files.gl_pathc; i++) {
		FILE *file = fopen(files.gl_pathv[i], "rb");
		size_t len;

		assert_non_null(file);
		len = fread(text, 1, sizeof(text), file);
		assert_true(len < sizeof(text));
		fclose(file);
		if (prog_parse(&prog, text, len, &err))
			fail_msg("%s:%u:%u: %s", files.gl_pathv[i], err.line,
				 err.column, err.what);
		if (!is_old(&prog))
			continue;
		check_bytes(&prog);
		nr++;
	}
	assert_true(nr >= 192 + 27);
	globfree(&files);
	prog_free(&prog);
}

static void bytes_of_fresh_programs(void **state)
{
	struct prog prog;
	struct rng rng;
	uint32_t i;

	(void)state;
	prog_init(&prog);
	for (i = 0; i < 400; i++) {
		struct gen_config config = {.ops = 100,
					    .profile = profiles[i % 2]};

		rng_seed(&rng, i);
		prog_generate(&prog, &rng, &config);
		assert_true(is_old(&prog));
		check_bytes(&prog);
	}
	prog_free(&prog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fresh_programs),
		cmocka_unit_test(mutants_of_them),
		cmocka_unit_test(bytes_of_the_corpus),
		cmocka_unit_test(bytes_of_fresh_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
