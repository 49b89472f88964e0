/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_PAGE_FILES_H
#define HYPHEAP_PAGE_FILES_H

/* page.html; the styles and the scripts in their order, NULL at the end. */
extern const char *const page_html;
extern const char *const page_styles[];
extern const char *const page_scripts[];

#endif
