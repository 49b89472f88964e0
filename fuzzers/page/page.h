/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_PAGE_H
#define HYPHEAP_PAGE_H

#include "run/run.h"

/*
 * The page that "hypheap report" writes: a run of a program as one HTML file
 * that needs nothing else. page.html, the *.css and the *.js are what they look
 * like; the build puts them into the program (embed.cmake), and here the run is
 * put into them.
 */

struct rows;

/**
 * struct page - A run, to be written as a page.
 * @prog: what ran
 * @name: what the page calls it; no path, or the page depends on the machine
 * @level: with which oracles
 * @run: that it ran in; nothing may run in it until the page is written
 * @result: what came of it
 * @first: the first operation that was recorded, from 1
 */
struct page {
	const struct prog *prog;
	const char *name;
	enum run_level level;
	struct run *run;
	struct run_result result;
	uint32_t first;
	const char *steps;
	struct rows *rows;
};

/**
 * page_record() - Run @page->prog in @page->run, and see what happens.
 *
 * Of a program of more than ROWS_MAX operations, or one with too much to show,
 * only the last ones are recorded; it runs whole all the same.
 */
void page_record(struct page *page);

/* page_write() - The page. Depends on the run alone. @data: a struct page. */
void page_write(FILE *out, const void *data);

/* page_forget() - What page_record() took. */
void page_forget(struct page *page);

/* ---- words.c ------------------------------------------------------------ */

/* html_text() - @text with the signs of HTML escaped. */
void html_text(FILE *out, const char *text);

/* words_verdict() - What came of the run, as HTML; how it fails, if it does. */
void words_verdict(FILE *out, const struct page *page);

/* words_expected() - What the result of the last step should have been. */
char *words_expected(const struct step *step, char *buf, size_t size);

/* words_census() - Where the model has the pages after the last step. */
struct census words_census(const struct step *step);

#endif
