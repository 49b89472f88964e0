/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_TRAITS_H
#define HYPHEAP_TRAITS_H

/**
 * struct heap_traits - What the allocator's dialect promises, in numbers.
 * @name: of the dialect
 * @align: bytes; of what it hands out, and sizes are rounded up to it
 * @smallest: bytes, of an allocation
 * @overhead: bytes of a heap that no object can have
 * @target_max: pages that can be asked back at once
 * @need_max: pages that it can ask for at once
 *
 * Read by kernel code and by plain C.
 */
struct heap_traits {
	const char *name;
	unsigned int align;
	unsigned int smallest;
	unsigned int overhead;
	unsigned long target_max;
	unsigned int need_max;
};

#endif
