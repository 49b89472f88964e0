/* SPDX-License-Identifier: GPL-2.0-only */
#include "books.h"

#include <string.h>

#include "../heap.h"
#include "host.h"

#define PAGES_MAX 65536u

enum book {
	FREE, /* and so is what the books have not seen yet */
	USED,
	LOST,
};

/*
 * FREE pages are those from "fresh" on, which nobody has taken yet, and those
 * on a stack. Both may also hold pages that were LOST meanwhile: taking skips
 * them. So a reset costs what was touched, and a page that is lost and found
 * moves nothing.
 */
static struct {
	enum book book;
	bool kept;	 /* USED, by more than the operation that took it */
	bool stacked;	 /* is in returned[] */
	uint32_t listed; /* the last walk of a list that met it */
} pages[PAGES_MAX];
static uint32_t pool;
static uint32_t fresh;
static uint32_t touched; /* no page from here on has anything but zeroes */
static uint32_t returned[PAGES_MAX];
static uint32_t returned_nr;
static uint32_t walks;

static uint32_t nr_free;
static uint32_t nr_kept;   /* and the host's */
static uint32_t nr_shared; /* LOST, and the host's: shared */

static struct host_finding finding;

void books_reset(uint32_t pool_pages)
{
	memset(pages, 0, touched * sizeof(pages[0]));
	pool = pool_pages;
	fresh = 0;
	touched = 0;
	returned_nr = 0;
	walks = 0;
	nr_free = pool;
	nr_kept = 0;
	nr_shared = 0;
	finding = (struct host_finding){.what = NULL};
}

uint32_t host_free(void)
{
	return nr_free;
}

bool host_uses(uint32_t page)
{
	return page < pool && pages[page].book == USED && heap_host_owns(page);
}

/* ---- findings ----------------------------------------------------------- */

const struct host_finding *host_finding(void)
{
	return &finding;
}

void host_begin(void)
{
	if (finding.warning)
		finding = (struct host_finding){.what = NULL};
}

/* The first stays, but a warning is less than anything else. */
void books_find_fault(uint32_t page, const char *what)
{
	if (finding.what && !finding.warning)
		return;

	finding = (struct host_finding){.what = what, .page = page};
}

void books_warn(const char *function, const char *what)
{
	if (finding.what)
		return;

	finding = (struct host_finding){
		.what = what, .warning = true, .function = function};
}

/* ---- what the host's kernel calls --------------------------------------- */

static enum heap_owner owner(uint32_t page)
{
	return heap_owner(heap_page_phys(page));
}

static void set(uint32_t page, enum book book)
{
	if (page >= touched)
		touched = page + 1;
	nr_free -= pages[page].book == FREE;
	nr_free += book == FREE;
	pages[page].book = book;
}

bool books_take(uint32_t *page)
{
	while (nr_free) {
		if (returned_nr) {
			*page = returned[--returned_nr];
			pages[*page].stacked = false;
		} else {
			*page = fresh++;
		}
		if (pages[*page].book != FREE)
			continue;

		/* in the middle of a raw hypercall that gives it away */
		if (owner(*page) != HEAP_HOST) {
			set(*page, LOST);
			continue;
		}

		set(*page, USED);
		return true;
	}

	return false;
}

static void make_free(uint32_t page)
{
	if (pages[page].kept)
		nr_kept--;
	pages[page].kept = false;
	set(page, FREE);
	if (page < fresh && !pages[page].stacked) {
		pages[page].stacked = true;
		returned[returned_nr++] = page;
	}
}

void books_put(uint32_t page)
{
	if (pages[page].book == FREE) {
		books_find_fault(page, "came back to the host twice");
		return;
	}
	if (owner(page) == HEAP_SHARED)
		books_find_fault(page, "was freed while EL2 may use it");

	make_free(page);
}

void books_keep(uint32_t page)
{
	if (pages[page].book != USED || pages[page].kept ||
	    !heap_host_owns(page))
		return;

	pages[page].kept = true;
	nr_kept++;
}

bool books_find(int64_t page)
{
	if (page < 0) {
		books_find_fault(0, "is not on the list, which ends in no "
				    "page of memory");
		return false;
	}
	if (!heap_host_owns((uint32_t)page)) {
		books_find_fault((uint32_t)page, "is on the host's list but "
						 "not the host's");
		return false;
	}

	return true;
}

uint64_t books_take_list(uint64_t head, uint64_t nr)
{
	uint64_t found = 0;

	for (walks++; found < nr; found++) {
		int64_t page = heap_phys_page(head);

		if (!books_find(page))
			break;
		if (pages[page].listed == walks) {
			books_find_fault((uint32_t)page, "is on a list of "
							 "EL2's twice");
			break;
		}
		pages[page].listed = walks;
		if ((uint32_t)page >= touched)
			touched = (uint32_t)page + 1;
		if (pages[page].book != FREE &&
		    owner((uint32_t)page) == HEAP_HOST)
			make_free((uint32_t)page);
		head = heap_host_read((uint32_t)page);
	}

	return found;
}

/* ---- what the books say and what is ------------------------------------- */

static bool books_agree(void)
{
	struct heap_pages now;

	heap_pages(&now);

	return now.host == nr_free + nr_kept + nr_shared;
}

/* LOST pages that are the host's alone again are free; count the shared. */
static void find_lost(void)
{
	nr_shared = 0;
	for (uint32_t page = 0; page < touched; page++) {
		if (pages[page].book != LOST)
			continue;
		if (owner(page) == HEAP_HOST)
			make_free(page);
		else
			nr_shared += owner(page) == HEAP_SHARED;
	}
}

void books_check(void)
{
	if (books_agree())
		return;

	find_lost();
	if (books_agree())
		return;

	for (uint32_t page = 0; page < pool; page++) {
		if (pages[page].book == FREE && !heap_host_owns(page)) {
			books_find_fault(page, "was never donated, but the "
					       "hypervisor has it");
			return;
		}
		if (pages[page].book == USED && !pages[page].kept &&
		    heap_host_owns(page)) {
			books_find_fault(page, "is the host's again but on no "
					       "list of it");
			return;
		}
	}
	books_find_fault(0, "or another that the host's kernel uses was taken "
			    "from it");
}

void books_settle(void)
{
	nr_kept = 0;
	for (uint32_t page = 0; page < pool; page++) {
		if (pages[page].book == FREE && owner(page) != HEAP_HOST)
			set(page, LOST);
		if (pages[page].book != USED)
			continue;

		/* what came back past the kernel it still believes to use */
		pages[page].kept = heap_host_owns(page);
		nr_kept += pages[page].kept;
	}
	find_lost();
}
