/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>

#include "model/oracle_text.h"

/* The program as a whole: jemalloc's books, and the same run twice. */

bool oracle_account(const struct books *b, struct verdict *v)
{
	if (b->objects_actual != b->objects_expect ||
	    b->bytes_actual != b->bytes_expect)
		return verdict_fail(v, ORACLE_ACCOUNT, NULL,
				    "expected %" PRIu64 " live objects of "
				    "%" PRIu64 " bytes, the twin holds "
				    "%" PRIu64 " of %" PRIu64,
				    b->objects_expect, b->bytes_expect,
				    b->objects_actual, b->bytes_actual);
	if (b->slow && (b->arena_objects != b->objects_expect ||
			b->arena_bytes != b->bytes_expect))
		return verdict_fail(v, ORACLE_ACCOUNT, NULL,
				    "expected %" PRIu64 " live objects of "
				    "%" PRIu64 " bytes, the arena counts "
				    "%" PRIu64 " of %" PRIu64,
				    b->objects_expect, b->bytes_expect,
				    b->arena_objects, b->arena_bytes);
	if (b->leaked)
		return verdict_fail(v, ORACLE_ACCOUNT, NULL,
				    "expected 0 bytes in the twin after all "
				    "was freed, found %" PRIu64,
				    b->leaked);
	return true;
}

bool oracle_replay(const struct books *b, struct verdict *v)
{
	if (b->digest_first == b->digest_second)
		return true;

	return verdict_fail(v, ORACLE_REPLAY, NULL,
			    "digest %016" PRIx64 " the first time, %016" PRIx64
			    " the second",
			    b->digest_first, b->digest_second);
}
