/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_PERCPU_H
#define _LINUX_PERCPU_H

#include <linux/types.h>
#include <allocator/backend/backend.h>

/*
 * Per-CPU data, for real: what DEFINE_PER_CPU() defines is CPU 0's copy, the
 * other CPUs' copies lie in hyp_percpu_copies (target.c) at the same distance
 * from its start. The linker script of the target sets the two bounds.
 */
#define HYP_NR_CPUS 4
#define HYP_PERCPU_BYTES 1024

extern char hyp_percpu_start[];
extern char hyp_percpu_copies[HYP_NR_CPUS - 1][HYP_PERCPU_BYTES];

#define DEFINE_PER_CPU(type, name) \
	__section("hyp_percpu") __percpu __typeof__(type) name
#define DECLARE_PER_CPU(type, name) extern __percpu __typeof__(type) name
#define DEFINE_PER_CPU_ALIGNED(type, name) \
	DEFINE_PER_CPU(type, name) __attribute__((__aligned__(64)))

#define hyp_smp_processor_id() backend_cpu()
#define smp_processor_id() backend_cpu()
#define hyp_nr_cpus (backend_cpus())

#define per_cpu_ptr(ptr, cpu)                                                 \
	({                                                                    \
		unsigned int cpu_ = (cpu);                                    \
		char *cpu0_ = (__force char *)(ptr);                          \
		(__force __typeof__(*(                                        \
			ptr)) *)(!cpu_ ? cpu0_                                \
				       : hyp_percpu_copies[cpu_ - 1] +        \
						 (cpu0_ - hyp_percpu_start)); \
	})
#define this_cpu_ptr(ptr) per_cpu_ptr(ptr, hyp_smp_processor_id())
#define raw_cpu_ptr(ptr) this_cpu_ptr(ptr)
#define per_cpu(var, cpu) (*per_cpu_ptr(&(var), cpu))
#define this_cpu_read(var) (*this_cpu_ptr(&(var)))
#define this_cpu_write(var, val) (*this_cpu_ptr(&(var)) = (val))
#define this_cpu_add(var, val) (*this_cpu_ptr(&(var)) += (val))
#define this_cpu_sub(var, val) (*this_cpu_ptr(&(var)) -= (val))
#define this_cpu_inc(var) this_cpu_add(var, 1)
#define this_cpu_dec(var) this_cpu_sub(var, 1)
/* Return: what it was. */
#define this_cpu_xchg(var, val)                                     \
	({                                                          \
		__typeof__(var) *percpu_at_ = this_cpu_ptr(&(var)); \
		__typeof__(var) percpu_was_ = *percpu_at_;          \
		*percpu_at_ = (val);                                \
		percpu_was_;                                        \
	})
#define __this_cpu_read(var) this_cpu_read(var)
#define __this_cpu_write(var, val) this_cpu_write(var, val)
#define __this_cpu_add(var, val) this_cpu_add(var, val)
#define __this_cpu_inc(var) this_cpu_inc(var)
#define __this_cpu_dec(var) this_cpu_dec(var)

#endif
