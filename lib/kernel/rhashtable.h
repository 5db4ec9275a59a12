/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Walks a resizable hash table (include/linux/rhashtable.h, lib/rhashtable.c) while its owner may
 * change it: buckets whose lowest bit is a lock, chains that end in a marker, tables of tables, and
 * a second table while it is resized. What is moved meanwhile may be seen twice or not at all.
 */
#ifndef KTSTR_KERNEL_RHASHTABLE_H
#define KTSTR_KERNEL_RHASHTABLE_H

#include "kernel/kernel.h"

#define RHASHTABLE_BUCKETS_MAX (1u << 18) /* looked at in one walk, over all tables */
#define RHASHTABLE_TABLES_MAX 4u	  /* of one that is resized while it is resized */

struct rhashtable_layout {
	uint64_t tbl;				  /* in struct rhashtable */
	uint64_t size, nest, future_tbl, buckets; /* in struct bucket_table */
	bool has_nest;
};

/* ENOENT when the kernel's types lack it. */
int rhashtable_layout_init(struct rhashtable_layout *l, const struct kernel *k, struct err *e);

/* Called for each node: the address of a struct rhash_head. Not 0 ends the walk. */
typedef int (*rhashtable_fn)(void *arg, uint64_t node);

/*
 * Walk the table at @kva. Returns 0, what @fn returned, or -1 with *e: ELOOP after @nodes_max nodes
 * (a chain that never ends), E2BIG after
 * RHASHTABLE_BUCKETS_MAX buckets, EPROTO for sizes that cannot be, EFAULT for a pointer that leads
 * outside memory.
 */
int rhashtable_walk(const struct rhashtable_layout *l, const struct kmem *k, uint64_t kva,
		    unsigned int nodes_max, rhashtable_fn fn, void *arg, struct err *e);

#endif
