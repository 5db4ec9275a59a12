/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Walks a list of the kernel's (struct list_head, include/linux/list.h) that stands still, wherever
 * it may lead.
 */
#ifndef KTSTR_KERNEL_KLIST_H
#define KTSTR_KERNEL_KLIST_H

#include "kernel/kmem.h"

/* Called for each node that is in memory: the address of its struct list_head. Not 0 ends the walk.
 */
typedef int (*klist_fn)(void *arg, uint64_t node);

/*
 * Walk the list whose head is at @head. Returns 0 when it came back to the head, what @fn returned,
 * or -1 with *e: ELOOP when it comes back to another node than the head (after at most three times
 * round), E2BIG after @nodes_max nodes, EFAULT for a pointer that leads outside memory. A head that
 * is all zeros, as before it is set up, is an empty list.
 */
int klist_walk(const struct kmem *k, uint64_t head, unsigned int nodes_max, klist_fn fn, void *arg,
	       struct err *e);

/* How many of @items, which were told for the nodes of a list that ended with ELOOP, come before
 * the first one that is there again. */
unsigned int klist_unrepeated(const uint32_t *items, unsigned int n);

#endif
