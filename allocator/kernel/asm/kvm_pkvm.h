/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_KVM_PKVM_H
#define _ASM_KVM_PKVM_H

#include <asm/kvm_asm.h>
#include <asm/kvm_host.h>

/**
 * struct pkvm_hyp_req - What EL2 needs before it can do what it was asked.
 * @type: HYP_REQ_NONE, HYP_REQ_ALLOC, HYP_REQ_SELFTEST
 * @nr_pages: a top-up of this heap, so large
 *
 * Travels as a string of bytes in x2 and x3: the type, then the arguments of
 * that type, numbers with their lowest byte first.
 */
struct pkvm_hyp_req {
	u8 type;
	u32 nr_pages;
};

#define HYP_REQ_REG 2
#define HYP_REQ_BYTES 16
#define HYP_REQ_TYPES 3

/* Bytes of arguments; -1: there is no such type. */
static inline __maybe_unused int pkvm_hyp_req_args(u8 type)
{
	static const s8 args[HYP_REQ_TYPES] = {
		[HYP_REQ_NONE] = 0,
		[HYP_REQ_ALLOC] = sizeof_field(struct pkvm_hyp_req, nr_pages),
		[HYP_REQ_SELFTEST] =
			sizeof_field(struct pkvm_hyp_req, nr_pages),
	};

	BUILD_BUG_ON(sizeof_field(struct pkvm_hyp_req, nr_pages) >
		     HYP_REQ_BYTES - 1);

	return type < HYP_REQ_TYPES ? args[type] : -1;
}

/* Byte @at of the string. */
static inline __maybe_unused u8
pkvm_hyp_req_byte(const struct kvm_cpu_context *ctxt, int at)
{
	return ctxt->regs[HYP_REQ_REG + at / 8] >> (at % 8 * 8);
}

/*
 * EL2 to the host. What of x2 and x3 the request does not use says nothing, and
 * is not 0, so that nobody gets used to it.
 */
static inline __maybe_unused void
pkvm_hyp_req_encode(struct kvm_cpu_context *ctxt,
		    const struct pkvm_hyp_req *req)
{
	int args = pkvm_hyp_req_args(req->type);
	int at;

	BUG_ON(args < 0);
	ctxt->regs[HYP_REQ_REG] = 0;
	ctxt->regs[HYP_REQ_REG + 1] = 0;
	for (at = 0; at < HYP_REQ_BYTES; at++) {
		unsigned long byte = 0xff;

		if (!at)
			byte = req->type;
		else if (at <= args)
			byte = (u8)(req->nr_pages >> ((at - 1) * 8));
		ctxt->regs[HYP_REQ_REG + at / 8] |= byte << (at % 8 * 8);
	}
}

/* What the host makes of it: an unknown type is none. */
static inline __maybe_unused void
pkvm_hyp_req_decode(struct pkvm_hyp_req *req,
		    const struct kvm_cpu_context *ctxt)
{
	int args, i;

	req->type = pkvm_hyp_req_byte(ctxt, 0);
	req->nr_pages = 0;
	args = pkvm_hyp_req_args(req->type);
	if (args < 0)
		req->type = HYP_REQ_NONE;
	for (i = 0; i < args; i++)
		req->nr_pages |= (u32)pkvm_hyp_req_byte(ctxt, i + 1) << (i * 8);
}

#endif
