/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Walks an xarray, or an idr, which is one (lib/xarray.c, include/linux/xarray.h): map_idr and
 * prog_idr are such. Depth, number of nodes and number of entries are bounded.
 */
#ifndef KTSTR_KERNEL_XARRAY_H
#define KTSTR_KERNEL_XARRAY_H

#include "kernel/kernel.h"

#define XARRAY_ENTRIES_MAX (1u << 20)
#define XARRAY_NODES_MAX (1u << 16)

/* Offsets, looked up once. */
struct xarray_layout {
	struct member head, slots, shift; /* xarray.xa_head, xa_node.slots, xa_node.shift */
	uint64_t idr_rt, idr_base;	  /* struct idr: offset of idr_rt and of idr_base */
};
int xarray_layout_init(struct xarray_layout *l, const struct kernel *k, struct err *e);

/* Called for each pointer stored; not 0 ends the walk. */
typedef int (*xarray_fn)(void *arg, uint64_t index, uint64_t pointer);

/*
 * Walk the xarray (or idr) at @kva in order of index. Returns 0, what @fn returned, or -1 with *e
 * set: a node outside memory, a shift that does not fall from node to node, too many entries.
 */
int xarray_walk(const struct kernel *k, const struct xarray_layout *l, uint64_t kva, xarray_fn fn,
		void *arg, struct err *e);
int xarray_walk_idr(const struct kernel *k, const struct xarray_layout *l, uint64_t kva,
		    xarray_fn fn, void *arg, struct err *e);

#endif
