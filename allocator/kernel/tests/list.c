/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/array_size.h>
#include <linux/container_of.h>
#include <linux/list.h>

/* Lists, and what an entry is part of: kernel.c includes this. */

struct item {
	int number;
	struct list_head node;
};

static struct item items[4] = {{1}, {2}, {3}, {4}};
static LIST_HEAD(ring);
static LIST_HEAD(other);

/* The numbers forwards as digits, after the same backwards has been checked. */
static int digits(struct list_head *head)
{
	int forwards = 0, backwards = 0, power = 1;
	struct item *item;

	list_for_each_entry(item, head, node)
		forwards = forwards * 10 + item->number;
	list_for_each_entry_reverse(item, head, node)
	{
		backwards += item->number * power;
		power *= 10;
	}
	EXPECT(forwards == backwards);

	return forwards;
}

static void fill(struct list_head *head, int from, int to)
{
	INIT_LIST_HEAD(head);
	for (; from <= to; from++)
		list_add_tail(&items[from - 1].node, head);
}

static void list_add_and_delete(void)
{
	EXPECT(list_empty(&ring));
	list_add(&items[0].node, &ring);
	list_add(&items[1].node, &ring);
	list_add_tail(&items[2].node, &ring);
	EXPECT(digits(&ring) == 213);
	list_del(&items[0].node);
	EXPECT(digits(&ring) == 23);
	EXPECT(items[0].node.next == LIST_POISON1 &&
	       items[0].node.prev == LIST_POISON2);
	list_del_init(&items[1].node);
	EXPECT(list_empty(&items[1].node) && digits(&ring) == 3);
	list_replace(&items[2].node, &items[3].node);
	EXPECT(digits(&ring) == 4);
	list_replace_init(&items[3].node, &items[0].node);
	EXPECT(digits(&ring) == 1 && list_empty(&items[3].node));
}

static void list_moves(void)
{
	fill(&ring, 1, 2);
	fill(&other, 3, 4);
	list_move(&items[1].node, &other);
	EXPECT(digits(&ring) == 1 && digits(&other) == 234);
	list_move_tail(&items[1].node, &ring);
	EXPECT(digits(&ring) == 12 && digits(&other) == 34);
}

static void list_splices(void)
{
	fill(&ring, 1, 2);
	fill(&other, 3, 4);
	list_splice(&other, &ring);
	EXPECT(digits(&ring) == 3412);

	fill(&ring, 1, 2);
	fill(&other, 3, 4);
	list_splice_tail_init(&other, &ring);
	EXPECT(digits(&ring) == 1234 && list_empty(&other));
	list_splice_tail(&other, &ring);
	EXPECT(digits(&ring) == 1234);

	fill(&ring, 1, 2);
	fill(&other, 3, 4);
	list_splice_init(&other, &ring);
	EXPECT(digits(&ring) == 3412 && list_empty(&other));
}

static void list_questions(void)
{
	fill(&ring, 1, 3);
	EXPECT(!list_empty(&ring) && !list_is_singular(&ring));
	EXPECT(list_is_first(&items[0].node, &ring) &&
	       !list_is_first(&items[1].node, &ring));
	EXPECT(list_is_last(&items[2].node, &ring) &&
	       !list_is_last(&items[1].node, &ring));
	EXPECT(list_is_head(&ring, &ring) &&
	       !list_is_head(&items[0].node, &ring));
	EXPECT(list_first_entry(&ring, struct item, node) == &items[0]);
	EXPECT(list_last_entry(&ring, struct item, node) == &items[2]);
	EXPECT(list_next_entry(&items[0], node) == &items[1]);
	EXPECT(list_prev_entry(&items[1], node) == &items[0]);
	EXPECT(list_first_entry_or_null(&ring, struct item, node) == items);
	fill(&ring, 1, 1);
	EXPECT(list_is_singular(&ring));
	fill(&ring, 1, 0);
	EXPECT(!list_is_singular(&ring));
	EXPECT(!list_first_entry_or_null(&ring, struct item, node));
}

static void list_iterators(void)
{
	struct list_head *at;
	struct item *item;
	int sum = 0;

	fill(&ring, 1, 4);
	list_for_each(at, &ring)
		sum = sum * 10 + list_entry(at, struct item, node)->number;
	EXPECT(sum == 1234);
	sum = 0;
	list_for_each_prev(at, &ring)
		sum = sum * 10 + list_entry(at, struct item, node)->number;
	EXPECT(sum == 4321);

	item = &items[1];
	sum = 0;
	list_for_each_entry_from(item, &ring, node)
		sum = sum * 10 + item->number;
	EXPECT(sum == 234 && list_entry_is_head(item, &ring, node));
	item = &items[1];
	sum = 0;
	list_for_each_entry_continue(item, &ring, node)
		sum = sum * 10 + item->number;
	EXPECT(sum == 34);
	item = &items[2];
	sum = 0;
	list_for_each_entry_from_reverse(item, &ring, node)
		sum = sum * 10 + item->number;
	EXPECT(sum == 321);
	item = &items[2];
	sum = 0;
	list_for_each_entry_continue_reverse(item, &ring, node)
		sum = sum * 10 + item->number;
	EXPECT(sum == 21);
}

static void list_iterators_that_delete(void)
{
	struct item *item, *next;
	struct list_head *at, *behind;

	fill(&ring, 1, 4);
	list_for_each_entry_safe(item, next, &ring, node) if (item->number % 2)
		list_del(&item->node);
	EXPECT(digits(&ring) == 24);
	list_for_each_entry_safe_reverse(item, next, &ring, node)
		list_del(&item->node);
	EXPECT(list_empty(&ring));

	fill(&ring, 1, 4);
	item = &items[2];
	list_for_each_entry_safe_from(item, next, &ring, node)
		list_del(&item->node);
	EXPECT(digits(&ring) == 12);
	list_for_each_safe(at, behind, &ring) list_del(at);
	EXPECT(list_empty(&ring));
}

static void list_arguments_once(void)
{
	struct item *item = &items[0];

	fill(&ring, 1, 2);
	EXPECT_ONCE(1, list_first_entry(COUNTED(&ring), struct item, node) ==
			       item);
	EXPECT_ONCE(1, list_next_entry(COUNTED(item), node) == &items[1]);
	EXPECT_ONCE(1, list_first_entry_or_null(COUNTED(&ring), struct item,
						node) == item);
}

static void containers(void)
{
	struct list_head *node = &items[2].node;

	EXPECT(container_of(node, struct item, node) == &items[2]);
	EXPECT_ONCE(1, container_of(COUNTED(node), struct item, node) ==
			       &items[2]);
	EXPECT(offsetof(struct item, node) == 8 &&
	       sizeof_field(struct item, node) == 16 &&
	       offsetofend(struct item, node) == sizeof(struct item));
	EXPECT(ARRAY_SIZE(items) == 4);
}

static void list_deleted_is_poisoned(void)
{
	fill(&ring, 1, 2);
	list_del(&items[0].node);
	list_del(&items[0].node);
}
