// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tracing, as the host turns it on and off: it has the ring buffers' pages and
 * tells EL2 of them in a descriptor of one page.
 */
#include <asm/kvm_host.h>
#include <linux/gfp.h>

#include "pkvm.h"

static struct trace_desc *trace_desc; /* while tracing is on */

/* Each page of a descriptor, as far as there are any: a 0 is no page. */
static void for_each_page(struct trace_desc *desc, void (*fn)(void *page))
{
	const char *end = (const char *)desc + PAGE_SIZE;
	const char *at = (const char *)(desc + 1);
	struct ring_buffer_desc ring;
	unsigned long page;
	u32 cpu, i;

	for (cpu = 0; cpu < hyp_nr_cpus && at < end; cpu++) {
		memcpy(&ring, at, sizeof(ring));
		at += sizeof(ring);
		for (i = 0; i < ring.nr_pages; i++, at += sizeof(page)) {
			memcpy(&page, at, sizeof(page));
			if (page)
				fn((void *)page);
		}
	}
	fn(desc);
}

/* Fill a zeroed descriptor, with @nr_pages new pages for each CPU. */
static int get_buffers(struct trace_desc *desc, unsigned int nr_pages)
{
	struct trace_desc head = {.nr_cpus = hyp_nr_cpus};
	char *at = (char *)(desc + 1);
	unsigned long page;
	u32 cpu, i;

	memcpy(desc, &head, sizeof(head));
	for (cpu = 0; cpu < hyp_nr_cpus; cpu++) {
		struct ring_buffer_desc ring = {
			.cpu = cpu,
			.nr_pages = nr_pages,
		};

		memcpy(at, &ring, sizeof(ring));
		at += sizeof(ring);
		for (i = 0; i < nr_pages; i++, at += sizeof(page)) {
			page = (unsigned long)__get_free_page();
			if (!page)
				return -ENOMEM;
			memcpy(at, &page, sizeof(page));
		}
	}

	return 0;
}

/**
 * pkvm_tracing_load() - Turn tracing on.
 * @nr_pages: of each CPU's buffer
 *
 * Return: 0; -E2BIG: the descriptor would not fit a page; -ENOMEM; or what EL2
 * says.
 */
long pkvm_tracing_load(unsigned int nr_pages)
{
	struct kvm_cpu_context call = {.regs = {HVC_TRACING_LOAD}};
	struct ring_buffer_desc *ring;
	struct trace_desc *desc;
	long ret;

	if (sizeof(*desc) + hyp_nr_cpus * struct_size(ring, page, nr_pages) >
	    PAGE_SIZE)
		return -E2BIG;

	desc = get_zeroed_page();
	if (!desc)
		return -ENOMEM;

	ret = get_buffers(desc, nr_pages);
	if (!ret) {
		call.regs[1] = (unsigned long)desc;
		call.regs[2] = PAGE_SIZE;
		ret = pkvm_call_hyp_req(&call);
	}
	for_each_page(desc, ret ? free_page : keep_page);
	if (!ret)
		trace_desc = desc;

	return ret;
}

/**
 * pkvm_tracing_unload() - Turn tracing off.
 *
 * Return: 0, or what EL2 says.
 */
long pkvm_tracing_unload(void)
{
	struct kvm_cpu_context call = {.regs = {HVC_TRACING_UNLOAD}};
	long ret = pkvm_hvc(&call);

	if (!ret && trace_desc) {
		for_each_page(trace_desc, free_page);
		trace_desc = NULL;
	}

	return ret;
}
