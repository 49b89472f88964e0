/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_PAGE_H
#define _ASM_PAGE_H

#include <linux/align.h>

#ifndef HYP_PAGE_SHIFT
#error "HYP_PAGE_SHIFT must be 12, 14 or 16"
#endif

#define PAGE_SHIFT HYP_PAGE_SHIFT
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define PAGE_ALIGN(x) ALIGN(x, PAGE_SIZE)
#define PAGE_ALIGN_DOWN(x) ALIGN_DOWN(x, PAGE_SIZE)
#define offset_in_page(p) ((unsigned long)(p) & ~PAGE_MASK)
#define PAGE_ALIGNED(x) IS_ALIGNED((unsigned long)(x), PAGE_SIZE)

#endif
