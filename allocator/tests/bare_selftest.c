/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The allocator's own self test and nothing else: no model, no twin, no oracle,
 * as a kernel that boots has it. What it notices of a change to the allocator
 * is what the harness has to better; scripts/mutants measures both.
 *
 * usage: bare_selftest; exit status 0: it passed, 1: it did not
 */
#include "allocator/heap.h"

#include <stdio.h>

#define PAGES 6u

static struct heap_list host_pages(void)
{
	struct heap_list list = {.head = 0, .nr = 0};

	for (uint32_t page = 0; page < PAGES; page++) {
		heap_host_junk(page);
		heap_host_write(page, list.head);
		list.head = heap_page_phys(page);
		list.nr++;
	}

	return list;
}

static int stopped(void)
{
	const struct heap_stop *stop = heap_stop();

	printf("%s in %s: %s\n", stop->end == HEAP_PANIC ? "panic" : "fault",
	       stop->function, stop->what);
	return 1;
}

int main(void)
{
	const struct heap_config config = {
		.page_shift = 12, .pool_pages = 2 * PAGES, .cpus = 1};
	struct heap_list list;
	int err;

	heap_reset(&config);
	heap_begin(100000);
	list = host_pages();
	if (!heap_selftest_topup(&list, &err))
		return stopped();
	if (!err && !heap_selftest(&err))
		return stopped();
	printf("self test: %d\n", err);

	return err ? 1 : 0;
}
