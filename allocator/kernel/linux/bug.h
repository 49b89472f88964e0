/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_BUG_H
#define _LINUX_BUG_H

#include <linux/types.h>
#include <allocator/backend/backend.h>

#ifdef __KVM_NVHE_HYPERVISOR__

/* At EL2 there is nobody to warn: either ends the hypervisor. */
#define BUG_ON(cond)                                                        \
	do {                                                                \
		if (unlikely(cond))                                         \
			backend_panic(__func__, __FILE__, __LINE__, #cond); \
	} while (0)

#define WARN_ON(cond)                                                       \
	({                                                                  \
		bool warn_on_ = !!(cond);                                   \
		if (unlikely(warn_on_))                                     \
			backend_panic(__func__, __FILE__, __LINE__, #cond); \
		warn_on_;                                                   \
	})

#define BUG() backend_panic(__func__, __FILE__, __LINE__, "BUG()")

#else

/* The host complains and goes on. */
#define WARN_ON(cond)                                       \
	({                                                  \
		bool warn_on_ = !!(cond);                   \
		if (unlikely(warn_on_))                     \
			backend_host_warn(__func__, #cond); \
		warn_on_;                                   \
	})
#define BUG_ON(cond) ((void)WARN_ON(cond))

#endif

#define WARN_ON_ONCE(cond) WARN_ON(cond)
/* EL2 has nothing to print the words with. */
#define WARN(cond, ...) WARN_ON(cond)
#define WARN_ONCE(cond, ...) WARN_ON(cond)

#endif
