/* SPDX-License-Identifier: GPL-2.0-only */
#include "motif_build.h"

/* Clients that live and end, lack what they need, and meet another CPU. */

void motif_client_life(struct motif *m)
{
	uint32_t vcpus = 1 + motif_any(m, 4), i;

	motif_create_vm(m, vcpus);
	for (i = 0; i < vcpus; i++)
		motif_plain(m, OP_CREATE, CREATE_VCPU, m->vm, i);
	if (motif_percent(m, 30))
		motif_plain(m, OP_CREATE, CREATE_VCPU, m->vm,
			    motif_any(m, 2 * vcpus));
	if (motif_percent(m, 80))
		motif_plain(m, OP_DESTROY, 0, m->vm, 0);
	if (motif_percent(m, 30))
		motif_plain(m, OP_RECLAIM, 0, 0, UINT64_MAX);
}

/* What the host's kernel counts on fails, and then does not. */
void motif_client_in_need(struct motif *m)
{
	uint8_t fault = (uint8_t)motif_any(m, FAIL_KINDS);
	uint32_t nth = 1 + motif_any(m, 4), i;

	for (i = 0; i < 2; i++) {
		if (!i)
			motif_plain(m, OP_FAIL, fault, 0, nth);
		switch (motif_any(m, 5)) {
		case 0:
			motif_plain(m, OP_TRACE, TRACE_LOAD, 0,
				    3 + motif_any(m, 3));
			break;
		case 1:
			motif_plain(m, OP_CREATE, CREATE_VCPU, m->vm, i);
			break;
		case 2:
			motif_plain(m, OP_DESTROY, 0, m->vm, 0);
			break;
		default:
			motif_create_vm(m, 1 + motif_any(m, 2));
			break;
		}
	}
}

/* More than EL2's table has room for. */
void motif_many_vms(struct motif *m)
{
	uint16_t vm, nr = (uint16_t)rng_range(m->rng, 15, 18);

	for (vm = 0; vm < nr; vm++)
		motif_plain(m, OP_CREATE, CREATE_VM, vm, 1);
	if (motif_percent(m, 50))
		motif_plain(m, OP_DESTROY, 0, (uint16_t)motif_any(m, nr), 0);
	motif_create_vm(m, 1);
}

void motif_trace_twice(struct motif *m)
{
	motif_plain(m, OP_TRACE, TRACE_LOAD, 0, 3 + motif_any(m, 3));
	motif_plain(m, OP_TRACE,
		    motif_percent(m, 50) ? TRACE_LOAD : TRACE_UNLOAD, 0, 3);
	if (motif_percent(m, 50))
		motif_plain(m, OP_RECLAIM, 0, 0, UINT64_MAX);
	motif_plain(m, OP_TRACE, TRACE_UNLOAD, 0, 0);
}

/* Before and after: the self test is refused, the shrinker works. */
void motif_end_of_boot(struct motif *m)
{
	if (motif_percent(m, 30))
		motif_plain(m, OP_FAIL, FAIL_MAP, 0, 1 + motif_any(m, 16));
	if (motif_percent(m, 80))
		motif_plain(m, OP_SELFTEST, 0, 0, 0);
	if (motif_percent(m, 40))
		motif_call(m, OP_HVC_RECLAIM, SELFTEST_ID, 1 + motif_any(m, 7),
			   0);
	motif_plain(m, OP_SHRINK,
		    motif_percent(m, 50) ? SHRINK_COUNT : SHRINK_SCAN, 0, 8);
	/* Twice is refused. */
	if (motif_percent(m, 25))
		motif_call(m, OP_HVC_FINALIZE, 0, 0, 0);
	motif_plain(m, OP_DEPRIVILEGE, 0, 0, 0);
	motif_plain(m, OP_SHRINK,
		    motif_percent(m, 50) ? SHRINK_COUNT : SHRINK_SCAN, 0, 8);
	if (motif_percent(m, 50))
		motif_plain(m, OP_SELFTEST, 0, 0, 0);
	else
		motif_call(m, OP_HVC_SELFTEST, 0, 0, 0);
}

/* Another CPU takes or eats what this one was given, between two locks. */
void motif_race(struct motif *m)
{
	struct op op = {
		.kind = motif_percent(m, 60) ? OP_RECLAIM : OP_ALLOC,
		.at = gen_at(m->rng),
		.slot = gen_slot(m->rng, m->prog),
		.arg = 1 + motif_any(m, 4),
	};

	if (op.kind == OP_ALLOC)
		op.arg = motif_page_bytes(m) * motif_any(m, 3) +
			 motif_any(m, 64);
	if (motif_percent(m, 40))
		motif_plain(m, OP_RECLAIM, 0, 0, UINT64_MAX);
	motif_emit(m, op);
	if (motif_percent(m, 30)) {
		op.at = gen_at(m->rng);
		motif_emit(m, op);
	}
	if (motif_percent(m, 40))
		motif_create_vm(m, 1 + motif_any(m, 2));
	motif_plain(m, OP_CALL, 0, gen_slot(m->rng, m->prog),
		    motif_page_bytes(m) * (1 + motif_any(m, 3)));
}
