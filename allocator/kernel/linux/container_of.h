/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_CONTAINER_OF_H
#define _LINUX_CONTAINER_OF_H

#include <linux/build_bug.h>
#include <linux/stddef.h>

/* @ptr, evaluated once, must point to a @member of a @type: else no build. */
#define container_of(ptr, type, member)                                      \
	({                                                                   \
		void *member_ = (void *)(ptr);                               \
		_Static_assert(__same_type(*(ptr), ((type *)0)->member) ||   \
				       __same_type(*(ptr), void),            \
			       "container_of(): " #ptr " does not point to " \
			       "such a member");                             \
		(type *)(member_ - offsetof(type, member));                  \
	})
#define typeof_member(type, member) __typeof__(((type *)0)->member)

#endif
