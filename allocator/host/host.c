/* SPDX-License-Identifier: GPL-2.0-only */
#include "host.h"

#include <errno.h>
#include <stddef.h>

#include "../heap.h"
#include "../hvc.h"
#include "books.h"

/* What the host does; see books.c for what it then believes to have. */

/* ---- around an operation ------------------------------------------------ */

/*
 * Operations that go on, one in the middle of the other: only once the last is
 * through has each page its place.
 */
static unsigned int going_on;

static void begin(void)
{
	going_on++;
}

/* Return: @returned */
static bool end(bool returned)
{
	if (!--going_on && returned)
		books_check();

	return returned;
}

/* ---- the request loop --------------------------------------------------- */

static struct running {
	struct host_loop *loop; /* NULL: none goes on */
	unsigned int tries;	/* that it may make */
	uint32_t asked;		/* pages given since the last try */
	uint32_t mapped;	/* before this try */
} running;

/* Pages in heaps. */
static uint32_t mapped_pages(void)
{
	struct heap_pages pages;

	heap_pages(&pages);

	return pages.mapped;
}

/* A try returned @ret. Is there to be another? */
static bool may_retry(long ret, uint32_t pages)
{
	struct host_loop *loop = running.loop;
	uint32_t mapped;

	if (!loop)
		return true;

	loop->tries++;
	loop->need = pages;
	loop->clipped |= pages == heap_traits()->need_max;
	if (ret >= 0)
		return false;

	loop->err = (int)ret;
	mapped = mapped_pages();
	if (running.asked && ret == -ENOMEM && pages &&
	    mapped <= running.mapped) {
		loop->stuck = true;
		loop->stuck_need = running.asked;
	}
	running.asked = pages;
	running.mapped = mapped;

	return loop->tries < running.tries;
}

/* Return: the loop that goes on meanwhile, if any. */
static struct running loop_begin(struct host_loop *loop, unsigned int tries)
{
	const struct running outer = running;

	*loop = (struct host_loop){.tries = 0};
	running = (struct running){
		.loop = loop,
		.tries = tries,
		.mapped = mapped_pages(),
	};
	begin();

	return outer;
}

/* The loop came to *@ret, if it @returned at all; that is the return value. */
static bool loop_end(const struct running *outer, bool returned,
		     const long *ret)
{
	if (returned && *ret < 0)
		running.loop->err = (int)*ret;
	running = *outer;

	return end(returned);
}

/* ---- set-up ------------------------------------------------------------- */

void host_boot(uint32_t pages)
{
	static const struct heap_host calls = {
		.alloc = books_take,
		.free = books_put,
		.finds = books_find,
		.keep = books_keep,
		.retry = may_retry,
		.warn = books_warn,
	};

	books_reset(pages);
	going_on = 0;
	running.loop = NULL;
	heap_set_host(&calls);
}

void host_reset(uint32_t pages)
{
	int err;

	host_boot(pages);
	heap_begin(1);
	if (!host_deprivilege(&err) || err)
		books_find_fault(0, "or any: the host could not give up its "
				    "privileges");
	heap_begin(0);
}

void host_fail_page(uint64_t n)
{
	heap_fail_page(n);
}

bool host_deprivilege(int *err)
{
	begin();

	return end(heap_host_deprivilege(err));
}

/* ---- pages for the heap, and back --------------------------------------- */

bool host_topup(uint64_t pages, int *err)
{
	if (pages > host_free())
		pages = host_free();

	begin();

	return end(heap_host_topup(HYP_REQ_ALLOC, pages, err));
}

bool host_reclaim(uint64_t target, uint64_t *pages)
{
	begin();

	return end(heap_host_reclaim(HYP_REQ_ALLOC, target, pages));
}

bool host_shrink(uint64_t target, uint64_t *ret)
{
	uint64_t scanned = 0;

	begin();
	if (!end(heap_host_scan(target, ret, &scanned)))
		return false;

	if (scanned)
		books_find_fault(0, "or any: the shrinker did not set "
				    "nr_scanned to 0");

	return true;
}

bool host_count(uint64_t *ret)
{
	begin();

	return end(heap_host_count(ret));
}

bool host_call_alloc(uint64_t bytes, unsigned int tries, struct host_loop *loop,
		     bool *got, uint64_t *offset)
{
	const struct running outer = loop_begin(loop, tries);
	int err;
	bool returned = heap_host_alloc(bytes, &err, got, offset);
	long ret = returned ? err : 0;

	return loop_end(&outer, returned, &ret);
}

/* ---- the heap's clients ------------------------------------------------- */

bool host_create_vm(uint64_t vcpus, unsigned int tries, struct host_loop *loop,
		    long *ret)
{
	const struct running outer = loop_begin(loop, tries);

	return loop_end(&outer, heap_host_create_vm(vcpus, ret), ret);
}

bool host_create_vcpu(uint64_t handle, uint64_t idx, unsigned int tries,
		      struct host_loop *loop, long *ret)
{
	const struct running outer = loop_begin(loop, tries);

	return loop_end(&outer, heap_host_create_vcpu(handle, idx, ret), ret);
}

bool host_destroy_vm(uint64_t handle, long *ret)
{
	begin();

	return end(heap_host_destroy_vm(handle, ret));
}

bool host_trace_load(uint32_t pages, unsigned int tries, struct host_loop *loop,
		     long *ret)
{
	const struct running outer = loop_begin(loop, tries);

	return loop_end(&outer, heap_host_tracing_load(pages, ret), ret);
}

bool host_trace_unload(long *ret)
{
	begin();

	return end(heap_host_tracing_unload(ret));
}

bool host_selftest(unsigned int tries, struct host_loop *loop, long *ret)
{
	const struct running outer = loop_begin(loop, tries);

	return loop_end(&outer, heap_host_selftest(ret), ret);
}

/* ---- past the kernel ---------------------------------------------------- */

bool host_hvc(unsigned long regs[HEAP_REGS])
{
	bool returned;

	begin();
	returned = heap_hvc(regs);
	if (returned && going_on == 1)
		books_settle();

	return end(returned);
}

bool host_take_list(uint64_t head, uint64_t nr, uint64_t *pages)
{
	begin();
	*pages = books_take_list(head, nr);

	return end(true);
}
