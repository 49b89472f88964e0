/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_BARRIER_H
#define _ASM_BARRIER_H

#include <linux/compiler.h>

/* CPUs take turns here: only the compiler could change the order. */
#define smp_mb() barrier()
#define smp_rmb() barrier()
#define smp_wmb() barrier()
#define dsb(kind) barrier()
#define dmb(kind) barrier()
#define isb() barrier()

#define smp_load_acquire(p)                                   \
	({                                                    \
		__typeof__(*(p)) acquired_ = READ_ONCE(*(p)); \
		barrier();                                    \
		acquired_;                                    \
	})
#define smp_store_release(p, v)      \
	do {                         \
		barrier();           \
		WRITE_ONCE(*(p), v); \
	} while (0)

#endif
