/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_LIST_H
#define _LINUX_LIST_H

#include <linux/container_of.h>
#include <linux/types.h>

/* A ring; its head is an entry that holds nothing. */
#define LIST_HEAD_INIT(name)     \
	{                        \
		&(name), &(name) \
	}
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)

/* What list_del() leaves behind: to follow it is a fault. */
#define LIST_POISON1 ((void *)0x100)
#define LIST_POISON2 ((void *)0x122)

static inline __maybe_unused void INIT_LIST_HEAD(struct list_head *list)
{
	list->next = list;
	list->prev = list;
}

static inline __maybe_unused void __list_link(struct list_head *prev,
					      struct list_head *next)
{
	next->prev = prev;
	prev->next = next;
}

static inline __maybe_unused void __list_add(struct list_head *entry,
					     struct list_head *prev,
					     struct list_head *next)
{
	__list_link(entry, next);
	__list_link(prev, entry);
}

/* Behind @head; list_add_tail(): before it. */
static inline __maybe_unused void list_add(struct list_head *entry,
					   struct list_head *head)
{
	__list_add(entry, head, head->next);
}

static inline __maybe_unused void list_add_tail(struct list_head *entry,
						struct list_head *head)
{
	__list_add(entry, head->prev, head);
}

static inline __maybe_unused void list_del(struct list_head *entry)
{
	__list_link(entry->prev, entry->next);
	entry->next = LIST_POISON1;
	entry->prev = LIST_POISON2;
}

static inline __maybe_unused void list_del_init(struct list_head *entry)
{
	__list_link(entry->prev, entry->next);
	INIT_LIST_HEAD(entry);
}

/* @entry takes the place of @old, which keeps its pointers. */
static inline __maybe_unused void list_replace(struct list_head *old,
					       struct list_head *entry)
{
	__list_link(entry, old->next);
	__list_link(old->prev, entry);
}

static inline __maybe_unused void list_replace_init(struct list_head *old,
						    struct list_head *entry)
{
	list_replace(old, entry);
	INIT_LIST_HEAD(old);
}

static inline __maybe_unused void list_move(struct list_head *entry,
					    struct list_head *head)
{
	__list_link(entry->prev, entry->next);
	list_add(entry, head);
}

static inline __maybe_unused void list_move_tail(struct list_head *entry,
						 struct list_head *head)
{
	__list_link(entry->prev, entry->next);
	list_add_tail(entry, head);
}

static inline __maybe_unused bool list_empty(const struct list_head *head)
{
	return READ_ONCE(head->next) == head;
}

static inline __maybe_unused bool list_is_singular(const struct list_head *head)
{
	return !list_empty(head) && head->next == head->prev;
}

static inline __maybe_unused bool list_is_head(const struct list_head *entry,
					       const struct list_head *head)
{
	return entry == head;
}

static inline __maybe_unused bool list_is_first(const struct list_head *entry,
						const struct list_head *head)
{
	return entry->prev == head;
}

static inline __maybe_unused bool list_is_last(const struct list_head *entry,
					       const struct list_head *head)
{
	return entry->next == head;
}

/* All of @list goes behind @head, in its order; @list itself is as it was. */
static inline __maybe_unused void list_splice(const struct list_head *list,
					      struct list_head *head)
{
	struct list_head *after = head->next;

	if (list_empty(list))
		return;

	__list_link(list->prev, after);
	__list_link(head, list->next);
}

static inline __maybe_unused void list_splice_tail(const struct list_head *list,
						   struct list_head *head)
{
	list_splice(list, head->prev);
}

static inline __maybe_unused void list_splice_init(struct list_head *list,
						   struct list_head *head)
{
	list_splice(list, head);
	INIT_LIST_HEAD(list);
}

static inline __maybe_unused void list_splice_tail_init(struct list_head *list,
							struct list_head *head)
{
	list_splice_tail(list, head);
	INIT_LIST_HEAD(list);
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)
#define list_first_entry(ptr, type, member) \
	list_entry((ptr)->next, type, member)
#define list_last_entry(ptr, type, member) list_entry((ptr)->prev, type, member)
#define list_next_entry(pos, member) \
	list_entry((pos)->member.next, __typeof__(*(pos)), member)
#define list_prev_entry(pos, member) \
	list_entry((pos)->member.prev, __typeof__(*(pos)), member)
#define list_entry_is_head(pos, head, member) (&(pos)->member == (head))

/* NULL: the list is empty. */
#define list_first_entry_or_null(ptr, type, member)               \
	({                                                        \
		struct list_head *list_head_ = (ptr);             \
		struct list_head *list_first_ = list_head_->next; \
		list_first_ == list_head_                         \
			? NULL                                    \
			: list_entry(list_first_, type, member);  \
	})

#define list_for_each(pos, head) \
	for (pos = (head)->next; pos != (head); pos = pos->next)
#define list_for_each_prev(pos, head) \
	for (pos = (head)->prev; pos != (head); pos = pos->prev)
#define list_for_each_safe(pos, n, head)                       \
	for (pos = (head)->next, n = pos->next; pos != (head); \
	     pos = n, n = pos->next)

/* _continue begins behind @pos, _from with it; _safe: @pos may be deleted. */
#define __list_go(pos, head, member, step) \
	for (; !list_entry_is_head(pos, head, member); pos = step(pos, member))
#define __list_go_safe(pos, n, head, member, step)                          \
	for (n = step(pos, member); !list_entry_is_head(pos, head, member); \
	     pos = n, n = step(n, member))

#define list_for_each_entry(pos, head, member)                       \
	for (pos = list_first_entry(head, __typeof__(*pos), member); \
	     !list_entry_is_head(pos, head, member);                 \
	     pos = list_next_entry(pos, member))
#define list_for_each_entry_reverse(pos, head, member)              \
	for (pos = list_last_entry(head, __typeof__(*pos), member); \
	     !list_entry_is_head(pos, head, member);                \
	     pos = list_prev_entry(pos, member))
#define list_for_each_entry_from(pos, head, member) \
	__list_go(pos, head, member, list_next_entry)
#define list_for_each_entry_from_reverse(pos, head, member) \
	__list_go(pos, head, member, list_prev_entry)
#define list_for_each_entry_continue(pos, head, member) \
	for (pos = list_next_entry(pos, member);        \
	     !list_entry_is_head(pos, head, member);    \
	     pos = list_next_entry(pos, member))
#define list_for_each_entry_continue_reverse(pos, head, member) \
	for (pos = list_prev_entry(pos, member);                \
	     !list_entry_is_head(pos, head, member);            \
	     pos = list_prev_entry(pos, member))
#define list_for_each_entry_safe(pos, n, head, member)               \
	for (pos = list_first_entry(head, __typeof__(*pos), member), \
	    n = list_next_entry(pos, member);                        \
	     !list_entry_is_head(pos, head, member);                 \
	     pos = n, n = list_next_entry(n, member))
#define list_for_each_entry_safe_reverse(pos, n, head, member)      \
	for (pos = list_last_entry(head, __typeof__(*pos), member), \
	    n = list_prev_entry(pos, member);                       \
	     !list_entry_is_head(pos, head, member);                \
	     pos = n, n = list_prev_entry(n, member))
#define list_for_each_entry_safe_from(pos, n, head, member) \
	__list_go_safe(pos, n, head, member, list_next_entry)

#endif
