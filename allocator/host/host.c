/* SPDX-License-Identifier: GPL-2.0-only */
#include "host.h"

#include <errno.h>
#include <string.h>

#include "../heap.h"
#include "../hvc.h"

/*
 * The host's books: pages it never gave away are those from "fresh" on; pages
 * that came back wait on a stack. So a reset costs nothing.
 */
#define PAGES_MAX 65536u

static uint32_t pool;
static uint32_t fresh;
static uint32_t returned[PAGES_MAX];
static uint32_t returned_nr;
static bool away[PAGES_MAX]; /* given to the hypervisor, as the host knows */
static struct host_finding finding;
static struct host_loop {
	struct host_call *call; /* NULL: none goes on */
	unsigned int tries;	/* that it may make */
	uint32_t asked;		/* pages given since the last try */
	uint32_t mapped;	/* before this try */
} loop;

uint32_t host_free(void)
{
	return pool - fresh + returned_nr;
}

const struct host_finding *host_finding(void)
{
	return &finding;
}

static void find(uint32_t page, const char *what)
{
	if (finding.what)
		return;

	finding.page = page;
	finding.what = what;
}

/* ---- what the host's kernel code calls ---------------------------------- */

/* A page of the host's own. */
static bool take_page(uint32_t *page)
{
	if (!host_free())
		return false;

	*page = returned_nr ? returned[--returned_nr] : fresh++;
	away[*page] = true;

	return true;
}

static void put_page(uint32_t page)
{
	if (!away[page]) {
		find(page, "came back to the host twice");
		return;
	}

	away[page] = false;
	returned[returned_nr++] = page;
}

/* A page on a list that the hypervisor gave. */
static bool look_at_page(int64_t page)
{
	if (page < 0) {
		find(0, "is not on the list, which ends in no page of "
			"memory");
		return false;
	}
	if (!heap_host_owns((uint32_t)page)) {
		find((uint32_t)page, "is on the host's list but not the "
				     "host's");
		return false;
	}

	return true;
}

static void warn(const char *function, const char *what)
{
	(void)function;
	(void)what;
	find(0, "or any: the hypervisor refused a call of the host's");
}

/* Pages in the heap. */
static uint32_t mapped_pages(void)
{
	struct heap_pages pages;

	heap_pages(&pages);

	return pages.mapped;
}

/* A try failed. Is there to be another? */
static bool may_retry(int err, uint32_t pages)
{
	struct host_call *call = loop.call;
	uint32_t mapped;

	if (!call)
		return true;

	call->tries++;
	call->err = err;
	call->need = pages;

	mapped = mapped_pages();
	if (loop.asked && err == -ENOMEM && pages && mapped <= loop.mapped) {
		call->stuck = true;
		call->stuck_need = loop.asked;
	}
	loop.asked = pages;
	loop.mapped = mapped;

	return call->tries < loop.tries;
}

/* What the host owns it must be able to find. */
static void check_books(void)
{
	struct heap_pages pages;

	heap_pages(&pages);
	if (pages.host == host_free())
		return;

	for (uint32_t page = 0; page < fresh; page++)
		if (away[page] && heap_host_owns(page)) {
			find(page, "is the host's again but on no list of it");
			return;
		}
	find(0, "or another was never donated, but the hypervisor has it");
}

/* ---- the host's doings -------------------------------------------------- */

void host_boot(uint32_t pages)
{
	static const struct heap_host books = {
		.alloc = take_page,
		.free = put_page,
		.finds = look_at_page,
		.retry = may_retry,
		.warn = warn,
	};

	memset(away, 0, fresh * sizeof(away[0]));
	pool = pages;
	fresh = 0;
	returned_nr = 0;
	finding.what = NULL;
	loop.call = NULL;
	heap_set_host(&books);
}

void host_reset(uint32_t pages)
{
	int err;

	host_boot(pages);
	heap_begin(1);
	if (!heap_host_deprivilege(&err) || err)
		find(0, "or any: the host could not give up its privileges");
	heap_begin(0);
}

bool host_topup(uint64_t pages, int *err)
{
	if (pages > host_free())
		pages = host_free();

	if (!heap_host_topup(HYP_REQ_ALLOC, pages, err))
		return false;

	check_books();

	return true;
}

bool host_reclaim(uint64_t target, uint64_t *pages)
{
	if (!heap_host_reclaim(HYP_REQ_ALLOC, target, pages))
		return false;

	check_books();

	return true;
}

bool host_shrink(uint64_t target, uint64_t *pages)
{
	uint64_t scanned;

	if (!heap_host_scan(target, pages, &scanned))
		return false;

	if (*pages == HOST_SHRINK_STOP)
		*pages = 0;
	check_books();

	return true;
}

bool host_call_alloc(uint64_t bytes, unsigned int tries, struct host_call *call)
{
	bool done;
	int err = 0;

	memset(call, 0, sizeof(*call));
	loop = (struct host_loop){
		.call = call, .tries = tries, .mapped = mapped_pages()};
	done = heap_host_alloc(bytes, &err, &call->got, &call->offset);
	loop.call = NULL;
	if (!done)
		return false;

	call->tries += call->got;
	call->err = call->got ? call->err : err;
	check_books();

	return true;
}
