/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYPHEAP_TEST_H
#define HYPHEAP_TEST_H

/* cmocka with what it needs before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
