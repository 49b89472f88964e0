/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NVHE_HYP_MAIN_H
#define _NVHE_HYP_MAIN_H

#include <asm/kvm_asm.h>

void handle_host_hcall(struct kvm_cpu_context *ctxt);

#endif
