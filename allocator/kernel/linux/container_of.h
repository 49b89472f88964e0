/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_CONTAINER_OF_H
#define _LINUX_CONTAINER_OF_H

#ifndef offsetof
#define offsetof(type, member) __builtin_offsetof(type, member)
#endif
#define container_of(ptr, type, member)                                 \
	({                                                              \
		const __typeof__(((type *)0)->member) *member_ = (ptr); \
		(type *)((char *)member_ - offsetof(type, member));     \
	})
#define sizeof_field(type, member) sizeof(((type *)0)->member)
#define struct_size(p, member, n) \
	(sizeof(*(p)) + sizeof(*(p)->member) * (size_t)(n))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
