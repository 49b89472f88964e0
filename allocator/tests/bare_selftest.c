/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The allocator's own self test, as the kernel runs it at boot, and nothing
 * else: no program, no model, no oracle. What it says is the exit status: 0 it
 * passes, 1 it does not, and why in one line.
 */
#include "allocator/heap.h"
#include "allocator/host/host.h"

#include <stdio.h>
#include <string.h>

#define POOL 16u
#define TRIES 4u
#define BOUND 1000000u

int main(void)
{
	const struct heap_config config = {
		.page_shift = 12, .pool_pages = POOL, .cpus = 1};
	struct host_loop loop;
	long ret = 0;

	heap_reset(&config);
	host_boot(POOL);
	heap_begin(BOUND);
	heap_watchdog(5);
	if (!host_selftest(TRIES, &loop, &ret)) {
		printf("the self test did not return: %s: %s\n",
		       heap_stop()->function, heap_stop()->what);
		return 1;
	}
	if (ret) {
		printf("the self test failed: %s\n", strerror((int)-ret));
		return 1;
	}

	return 0;
}
