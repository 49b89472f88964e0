/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_COMPILER_H
#define _LINUX_COMPILER_H

#define __always_inline inline __attribute__((__always_inline__))
#define noinline __attribute__((__noinline__))
#define __noreturn __attribute__((__noreturn__))
#define __maybe_unused __attribute__((__unused__))
#define __always_unused __attribute__((__unused__))
#define __used __attribute__((__used__))
#define __weak __attribute__((__weak__))
#define __pure __attribute__((__pure__))
#define __cold __attribute__((__cold__))
#define __must_check __attribute__((__warn_unused_result__))
#define __packed __attribute__((__packed__))
#define __aligned(x) __attribute__((__aligned__(x)))
#define __section(x) __attribute__((__section__(x)))
#define __cleanup(f) __attribute__((__cleanup__(f)))
#define __printf(a, b) __attribute__((__format__(__printf__, a, b)))
#define fallthrough __attribute__((__fallthrough__))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define unreachable() __builtin_unreachable()
#define barrier() __asm__ volatile("" : : : "memory")
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#define __init
#define __initdata
#define __ro_after_init
#define __read_mostly
#define __user
#define __iomem
#define __bitwise
#define __must_hold(lock)
#define __acquires(lock)
#define __releases(lock)
#define __counted_by(member)

/* For sparse: a per-CPU variable is reached through this_cpu_ptr() only. */
#ifdef __CHECKER__
#define __percpu __attribute__((__noderef__, __address_space__(__percpu)))
#define __force __attribute__((__force__))
#else
#define __percpu
#define __force
#endif

#define __PASTE_(a, b) a##b
#define __PASTE(a, b) __PASTE_(a, b)
#define __UNIQUE_ID(prefix) __PASTE(prefix, __COUNTER__)
#define __stringify_(x...) #x
#define __stringify(x...) __stringify_(x)
#define __same_type(a, b) \
	__builtin_types_compatible_p(__typeof__(a), __typeof__(b))

#endif
