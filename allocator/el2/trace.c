// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tracing: what EL2 keeps of the pages of all CPUs' ring buffers, in one array
 * from load to unload.
 */
#include <nvhe/trace.h>
#include <nvhe/alloc.h>
#include <nvhe/mem_protect.h>
#include <nvhe/spinlock.h>
#include <linux/overflow.h>
#include <asm/kvm_mmu.h>

/**
 * struct hyp_buffer_page - One page of a CPU's ring.
 * @ring: its neighbours
 * @write: bytes written
 * @entries: events in it
 * @page: where EL2 sees it
 */
struct hyp_buffer_page {
	struct list_head ring;
	unsigned long write;
	unsigned long entries;
	unsigned long page;
};

static_assert(sizeof(struct hyp_buffer_page) == TRACE_PAGE_BYTES);

static DEFINE_HYP_SPINLOCK(tracing_lock);
static struct hyp_buffer_page *buffer_pages; /* NULL: not loaded */

/*
 * The part of the descriptor that is CPU @cpu's, @offset bytes into it, if it
 * is all there. Advances @offset.
 */
static const struct ring_buffer_desc *
cpu_desc(const struct trace_desc *desc, size_t size, u32 cpu, size_t *offset)
{
	const struct ring_buffer_desc *ring =
		(const void *)((const char *)desc + *offset);
	size_t left = size - *offset;

	if (left < sizeof(*ring))
		return NULL;
	if (ring->cpu != cpu || ring->nr_pages < TRACE_MIN_PAGES)
		return NULL;
	if (size_mul(sizeof(ring->page[0]), ring->nr_pages) >
	    left - sizeof(*ring))
		return NULL;

	*offset += struct_size(ring, page, ring->nr_pages);

	return ring;
}

/* Pages of all CPUs; 0: the descriptor is not valid. */
static size_t count_pages(const struct trace_desc *desc, size_t size)
{
	size_t offset = sizeof(*desc), pages = 0;
	u32 cpu;

	if (desc->nr_cpus != hyp_nr_cpus)
		return 0;

	for (cpu = 0; cpu < hyp_nr_cpus; cpu++) {
		const struct ring_buffer_desc *ring =
			cpu_desc(desc, size, cpu, &offset);

		if (!ring)
			return 0;
		pages += ring->nr_pages;
	}

	return pages;
}

/* A ring of pages for each CPU; the descriptor is valid. */
static void fill_pages(struct hyp_buffer_page *page,
		       const struct trace_desc *desc, size_t size)
{
	size_t offset = sizeof(*desc);
	u32 cpu, i;

	for (cpu = 0; cpu < hyp_nr_cpus; cpu++) {
		const struct ring_buffer_desc *ring =
			cpu_desc(desc, size, cpu, &offset);
		struct list_head *first = &page->ring;

		INIT_LIST_HEAD(first);
		for (i = 0; i < ring->nr_pages; i++, page++) {
			if (i)
				list_add_tail(&page->ring, first);
			page->page = kern_hyp_va(ring->page[i]);
		}
	}
}

static int load(const struct trace_desc *desc, size_t size)
{
	struct hyp_buffer_page *pages;
	size_t nr;

	guard(hyp_spinlock)(&tracing_lock);

	if (buffer_pages)
		return -EBUSY;

	nr = count_pages(desc, size);
	if (!nr)
		return -EINVAL;

	pages = hyp_alloc(size_mul(sizeof(*pages), nr));
	if (!pages)
		return hyp_alloc_errno();

	fill_pages(pages, desc, size);
	buffer_pages = pages;

	return 0;
}

/**
 * __tracing_load() - Start to trace.
 * @desc_hva: a struct trace_desc by the host's address; page aligned
 * @desc_size: its bytes, whole pages
 *
 * The descriptor is EL2's while it is read, so that the host cannot change it
 * meanwhile, and goes back as it came; the call can be repeated.
 *
 * Return: 0; -EINVAL: not aligned, or the descriptor is not valid; -EBUSY:
 * tracing is on; the error of the donation or of the allocation.
 */
int __tracing_load(unsigned long desc_hva, size_t desc_size)
{
	struct trace_desc *desc = (void *)kern_hyp_va(desc_hva);
	u64 nr = desc_size >> PAGE_SHIFT;
	int ret;

	if (!PAGE_ALIGNED(desc) || !PAGE_ALIGNED(desc_size))
		return -EINVAL;

	ret = __pkvm_host_donate_hyp(hyp_virt_to_pfn(desc), nr);
	if (ret)
		return ret;

	ret = load(desc, desc_size);
	WARN_ON(__pkvm_hyp_donate_host(hyp_virt_to_pfn(desc), nr));

	return ret;
}

/**
 * __tracing_unload() - Stop to trace.
 *
 * Return: 0, or -ENODEV if tracing is not on.
 */
int __tracing_unload(void)
{
	guard(hyp_spinlock)(&tracing_lock);

	if (!buffer_pages)
		return -ENODEV;

	hyp_free(buffer_pages);
	buffer_pages = NULL;

	return 0;
}
