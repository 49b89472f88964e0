/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_PAGE_FILES_H
#define HYPHEAP_PAGE_FILES_H

/* page.html, page.css and the scripts in their order, NULL at the end. */
extern const char *const page_html;
extern const char *const page_css;
extern const char *const page_scripts[];

#endif
