/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_ERR_H
#define _LINUX_ERR_H

#include <linux/types.h>
#include <linux/errno.h>

#define MAX_ERRNO 4095
#define IS_ERR_VALUE(x) \
	unlikely((unsigned long)(x) >= (unsigned long)-MAX_ERRNO)

static inline __maybe_unused void *ERR_PTR(long error)
{
	return (void *)error;
}

static inline __maybe_unused long PTR_ERR(const void *ptr)
{
	return (long)ptr;
}

static inline __maybe_unused bool IS_ERR(const void *ptr)
{
	return IS_ERR_VALUE((unsigned long)ptr);
}

static inline __maybe_unused bool IS_ERR_OR_NULL(const void *ptr)
{
	return !ptr || IS_ERR(ptr);
}

/* The same error, as a pointer to another type. */
static inline __maybe_unused void *ERR_CAST(const void *ptr)
{
	return (void *)ptr;
}

static inline __maybe_unused int PTR_ERR_OR_ZERO(const void *ptr)
{
	return IS_ERR(ptr) ? PTR_ERR(ptr) : 0;
}

#endif
