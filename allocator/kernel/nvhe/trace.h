/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NVHE_TRACE_H
#define _NVHE_TRACE_H

#include <asm/kvm_asm.h>

int __tracing_load(unsigned long desc_hva, size_t desc_size);
int __tracing_unload(void);

#endif
