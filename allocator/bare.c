/* SPDX-License-Identifier: GPL-2.0-only */
#include "internal.h"

#include "heap.h"

/* Of its own, so that only who measures links it. */

extern const struct heap_ops heap_ops_bare;

void heap_bare(bool bare)
{
	heap_use(bare ? &heap_ops_bare : NULL);
}
