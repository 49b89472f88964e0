/* SPDX-License-Identifier: GPL-2.0-only */
#include "host.h"

#include <errno.h>
#include <string.h>

#include "../heap.h"

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

void host_reset(uint32_t pages)
{
	memset(away, 0, fresh * sizeof(away[0]));
	pool = pages;
	fresh = 0;
	returned_nr = 0;
	finding.what = NULL;
}

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

/* A page of the host's own; there must be one. */
static uint32_t take_page(void)
{
	uint32_t page = returned_nr ? returned[--returned_nr] : fresh++;

	away[page] = true;

	return page;
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

/* A list of @nr pages, full of junk but for the links. */
static struct heap_list make_list(uint64_t nr)
{
	struct heap_list list = {.head = 0, .nr = 0};

	while (list.nr < nr) {
		uint32_t page = take_page();

		heap_host_junk(page);
		heap_host_write(page, list.head);
		list.head = heap_page_phys(page);
		list.nr++;
	}

	return list;
}

/* Put the pages of a list back. Return: how many there were. */
static uint64_t take_list(const struct heap_list *list)
{
	uint64_t head = list->head;
	uint64_t nr;

	for (nr = 0; nr < list->nr; nr++) {
		int64_t page = heap_phys_page(head);

		if (page < 0) {
			find(0, "is not on the list, which ends in no page of "
				"memory");
			break;
		}
		if (!heap_host_owns(page)) {
			find(page, "is on the host's list but not the host's");
			break;
		}
		head = heap_host_read(page);
		put_page(page);
	}

	return nr;
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

bool host_topup(uint64_t pages, int *err)
{
	struct heap_list list;

	if (pages > host_free())
		pages = host_free();

	list = make_list(pages);
	if (!heap_topup(&list, err))
		return false;

	take_list(&list);
	check_books();

	return true;
}

bool host_reclaim(uint64_t target, uint64_t *pages)
{
	struct heap_list list = {.head = 0, .nr = 0};

	if (!heap_reclaim(&list, target))
		return false;

	*pages = take_list(&list);
	check_books();

	return true;
}

bool host_shrink(uint64_t target, uint64_t *pages)
{
	*pages = 0;

	while (*pages < target) {
		uint64_t left = target - *pages;
		uint64_t batch = left < HOST_SHRINK_BATCH ? left
							  : HOST_SHRINK_BATCH;
		uint64_t got;

		if (!host_reclaim(batch, &got))
			return false;
		if (!got)
			break;
		*pages += got;
	}

	return true;
}

bool host_call_alloc(uint64_t bytes, unsigned int tries, struct host_call *call)
{
	memset(call, 0, sizeof(*call));

	while (call->tries < tries) {
		struct heap_pages before, after;
		uint32_t asked = call->need;
		int err;

		heap_pages(&before);
		call->tries++;
		if (!heap_alloc(bytes, &call->got, &call->offset))
			return false;
		if (call->got)
			return true;

		if (!heap_errno(&call->err) || !heap_topup_needed(&call->need))
			return false;
		heap_pages(&after);
		if (asked && call->err == -ENOMEM && call->need &&
		    after.mapped <= before.mapped) {
			call->stuck = true;
			call->stuck_need = asked;
		}

		if (call->err != -ENOMEM || !call->need ||
		    call->need > host_free() || call->tries == tries)
			return true;
		if (!host_topup(call->need, &err))
			return false;
		if (err) {
			call->err = err;
			return true;
		}
	}

	return true;
}
