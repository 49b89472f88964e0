/* SPDX-License-Identifier: GPL-2.0-only */
#include <nvhe/mem_protect.h>
#include <nvhe/memory.h>
#include <nvhe/mm.h>

/*
 * Pages, whose they are and where they are mapped: kernel.c includes this.
 * test_kernel.c has donated some, by hyp_alloc_topup(), and reserved a range of
 * 4 pages.
 */

static struct kvm_hyp_memcache cache;
static unsigned long range_start;

static void *pop(void)
{
	void *page = pop_hyp_memcache(&cache, hyp_phys_to_virt);

	EXPECT(page);

	return page;
}

/* Maps a page at the start of the range. Return: its linear address. */
static char *map_first(void)
{
	char *page = pop();

	EXPECT(!pkvm_map_private_va_range((void *)range_start,
					  hyp_virt_to_phys(page), PAGE_SIZE));

	return page;
}

static void addresses(void)
{
	void *page = pop();
	phys_addr_t pa = hyp_virt_to_phys(page);

	EXPECT(hyp_phys_to_virt(pa) == page);
	EXPECT(hyp_virt_to_pfn(page) == pa >> PAGE_SHIFT);
	EXPECT(hyp_pfn_to_phys(hyp_phys_to_pfn(pa)) == pa);
	EXPECT(hyp_pfn_to_virt(pa >> PAGE_SHIFT) == page);
	EXPECT(__hyp_pa(page) == pa && __hyp_va(pa) == page);
	EXPECT_ONCE(1, hyp_virt_to_pfn(COUNTED(page)) == pa >> PAGE_SHIFT);
}

/* What is in a page stays in it, wherever it is mapped. */
static void private_range(void)
{
	unsigned long other = 0;
	char *va = (char *)range_start, *page = pop();
	phys_addr_t pa = hyp_virt_to_phys(page);

	page[5] = 42;
	EXPECT(!pkvm_map_private_va_range(va, pa, PAGE_SIZE));
	EXPECT(va[5] == 42 && pkvm_private_va_range_pa(va) == pa);
	EXPECT(pkvm_private_va_range_pa(va + 5) == pa + 5 ||
	       pkvm_private_va_range_pa(va + 5) == pa);
	va[5] = 43;
	pkvm_remove_mappings(va, va + PAGE_SIZE);
	EXPECT(page[5] == 43);
	pkvm_remove_mappings(va, va);

	EXPECT(!pkvm_alloc_private_va_range(PAGE_SIZE, &other));
	EXPECT(PAGE_ALIGNED(other) && other >= range_start + 4 * PAGE_SIZE);
}

static void private_range_refuses(void)
{
	phys_addr_t pa = hyp_virt_to_phys(pop());
	unsigned long far = range_start + 4 * PAGE_SIZE, untouched = 77;
	void *va = (void *)range_start;

	EXPECT(pkvm_alloc_private_va_range(0, &untouched) == -EINVAL);
	EXPECT(pkvm_alloc_private_va_range(1UL << 40, &untouched) == -ENOMEM);
	EXPECT(untouched == 77);
	EXPECT(pkvm_map_private_va_range(va + 8, pa, PAGE_SIZE) == -EINVAL);
	EXPECT(pkvm_map_private_va_range(va, pa + 8, PAGE_SIZE) == -EINVAL);
	EXPECT(pkvm_map_private_va_range(va, pa, 8) == -EINVAL);
	EXPECT(pkvm_map_private_va_range((void *)far, pa, PAGE_SIZE) ==
	       -EINVAL);
	EXPECT(pkvm_map_private_va_range(va - PAGE_SIZE, pa, PAGE_SIZE) ==
	       -EINVAL);
	/* nothing has changed */
	EXPECT(!pkvm_map_private_va_range(va, pa, PAGE_SIZE));
}

static void donations(void)
{
	void *page = pop();
	u64 pfn = hyp_virt_to_pfn(page);

	EXPECT(__pkvm_host_donate_hyp(pfn, 1) == -EPERM);
	memset(page, 0, PAGE_SIZE);
	kvm_flush_dcache_to_poc(page, PAGE_SIZE);
	EXPECT(!__pkvm_hyp_donate_host(pfn, 1));
	EXPECT(__pkvm_hyp_donate_host(pfn, 1) == -EPERM);
	EXPECT(!__pkvm_host_donate_hyp(pfn, 1));
	/* no memory there, and ranges that end before they begin */
	EXPECT(__pkvm_host_donate_hyp(1, 1) == -EPERM);
	EXPECT(__pkvm_host_donate_hyp(pfn, ~0UL >> PAGE_SHIFT) == -EINVAL);
	EXPECT(__pkvm_host_donate_hyp(~0UL, 1) == -EINVAL);
	/* mapped: somebody still uses it */
	EXPECT(!pkvm_map_private_va_range((void *)range_start,
					  hyp_pfn_to_phys(pfn), PAGE_SIZE));
	EXPECT(__pkvm_hyp_donate_host(pfn, 1) == -EBUSY);
}

static void memcache(void)
{
	unsigned long nr = cache.nr_pages;
	void *a = pop(), *b = pop();
	struct kvm_hyp_memcache mc = {};

	EXPECT(cache.nr_pages == nr - 2 && a != b);
	EXPECT(!pop_hyp_memcache(&mc, hyp_phys_to_virt));
	push_hyp_memcache(&mc, a, hyp_virt_to_phys);
	push_hyp_memcache(&mc, b, hyp_virt_to_phys);
	/* a stack; its links are in the pages */
	EXPECT(mc.nr_pages == 2 && mc.head == hyp_virt_to_phys(b));
	EXPECT(*(phys_addr_t *)b == hyp_virt_to_phys(a));
	EXPECT(pop_hyp_memcache(&mc, hyp_phys_to_virt) == b);
	EXPECT(pop_hyp_memcache(&mc, hyp_phys_to_virt) == a);
	EXPECT(!mc.nr_pages && !mc.mapping && !mc.flags);
	/* of an empty one the head is not looked at */
	mc.head = ~0UL;
	EXPECT(!pop_hyp_memcache(&mc, hyp_phys_to_virt) && mc.head == ~0UL);
	EXPECT(HYP_MEMCACHE_ACCOUNT_STAGE2 == BIT(1) &&
	       HYP_MEMCACHE_ACCOUNT_KMEMCG == BIT(2));
}

/*
 * Gives a page of EL2's to the host, as the head of a list of @nr; @link is
 * what the host then writes into it.
 */
static struct kvm_hyp_memcache host_list_to(void *page, unsigned long nr,
					    phys_addr_t link)
{
	struct kvm_hyp_memcache list = {.nr_pages = nr};

	list.head = hyp_virt_to_phys(page);
	memset(page, 0, PAGE_SIZE);
	*(phys_addr_t *)page = link;
	kvm_flush_dcache_to_poc(page, PAGE_SIZE);
	EXPECT(!__pkvm_hyp_donate_host(hyp_virt_to_pfn(page), 1));

	return list;
}

static struct kvm_hyp_memcache host_list(void *page, unsigned long nr)
{
	return host_list_to(page, nr, 0);
}

static void refill_copies_the_list(void)
{
	void *page = pop();
	unsigned long nr = cache.nr_pages;
	struct kvm_hyp_memcache list = host_list(page, 1);

	/* enough is there: the host's list is left alone */
	EXPECT(!refill_memcache(&cache, nr, &list));
	EXPECT(list.nr_pages == 1 && cache.nr_pages == nr);
	EXPECT(!refill_memcache(&cache, nr + 1, &list));
	EXPECT(!list.nr_pages && cache.nr_pages == nr + 1);
	EXPECT(cache.head == hyp_virt_to_phys(page));
	/* and none is left */
	EXPECT(refill_memcache(&cache, nr + 2, &list) == -ENOMEM);
	EXPECT(cache.nr_pages == nr + 1);
}

static void refill_stops_at_a_bad_page(void)
{
	struct kvm_hyp_memcache list = {.nr_pages = 3};
	unsigned long nr = cache.nr_pages;

	/* EL2's own page; an unaligned one; no memory */
	list.head = cache.head;
	EXPECT(refill_memcache(&cache, nr + 1, &list) == -ENOMEM);
	EXPECT(list.nr_pages == 3 && list.head == cache.head);
	list.head = cache.head + 8;
	EXPECT(refill_memcache(&cache, nr + 1, &list) == -ENOMEM);
	EXPECT(list.nr_pages == 3);
	list.head = PAGE_SIZE;
	EXPECT(refill_memcache(&cache, nr + 1, &list) == -ENOMEM);
	EXPECT(list.nr_pages == 3 && cache.nr_pages == nr);
}

/* What came before a page that is refused stays, the rest is reported back. */
static void refill_keeps_what_it_got(void)
{
	void *page = pop();
	phys_addr_t pa = hyp_virt_to_phys(page);
	unsigned long nr = cache.nr_pages;
	/* a cycle: by the time of its second turn the page is EL2's */
	struct kvm_hyp_memcache list = host_list_to(page, 3, pa);

	EXPECT(refill_memcache(&cache, nr + 3, &list) == -ENOMEM);
	EXPECT(cache.nr_pages == nr + 1 && cache.head == pa);
	EXPECT(list.nr_pages == 2 && list.head == pa);
}

static void refill_takes_no_more_than_nr(void)
{
	void *first = pop(), *second = pop();
	phys_addr_t pa = hyp_virt_to_phys(second);
	unsigned long nr = cache.nr_pages;
	struct kvm_hyp_memcache list;

	host_list(second, 1);
	/* the list goes on, its count does not; and a link is a page's */
	list = host_list_to(first, 1, pa + 8);
	EXPECT(refill_memcache(&cache, nr + 2, &list) == -ENOMEM);
	EXPECT(cache.nr_pages == nr + 1);
	EXPECT(!list.nr_pages && list.head == pa);
	/* the second page is still the host's */
	EXPECT(!__pkvm_host_donate_hyp(hyp_phys_to_pfn(pa), 1));
}

static void look_up_of_nothing(void)
{
	pkvm_private_va_range_pa((void *)range_start);
}

static void removal_of_nothing(void)
{
	pkvm_remove_mappings((void *)range_start,
			     (void *)range_start + PAGE_SIZE);
}

static void removal_of_more_than_is_mapped(void)
{
	map_first();
	pkvm_remove_mappings((void *)range_start,
			     (void *)range_start + 2 * PAGE_SIZE);
}

static void removal_backwards(void)
{
	map_first();
	pkvm_remove_mappings((void *)range_start + PAGE_SIZE,
			     (void *)range_start);
}

static void use_of_the_linear_map_of_a_mapped_page(void)
{
	map_first()[0] = 1;
}

static void use_of_a_page_of_the_host(void)
{
	char *page = pop();

	host_list(page, 1);
	page[0] = 1;
}
