/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The dispatch queues that a sched_ext scheduler made for itself: in the hash table of its struct
 * scx_sched, or in the variable dsq_hash before 6.16. Local, global and bypass queues are not among
 * them.
 */
#ifndef KTSTR_KERNEL_DSQ_H
#define KTSTR_KERNEL_DSQ_H

#include "kernel/fields.h"
#include "kernel/kernel.h"
#include "kernel/rhashtable.h"

struct dsq_layout {
	bool is_there; /* false: this kernel has no such queues */
	struct rhashtable_layout table;
	uint64_t hash;	   /* of the table, in struct scx_sched */
	uint64_t variable; /* the table itself; 0: in struct scx_sched */
	uint64_t node;	   /* of the rhash_head, in struct scx_dispatch_q */
	struct fields f;
	int id, nr;
};

struct dsq {
	uint64_t id, nr; /* nr: tasks that wait in it */
	uint64_t kva;
};

int dsq_layout_init(struct dsq_layout *l, const struct kernel *k, struct err *e);

/*
 * The queues of the scheduler whose struct scx_sched is at @root (0 for none), in order of id, each
 * once. At most @max are in @ret, *ret_n says how many, also on failure. E2BIG when there are more;
 * otherwise as rhashtable_walk.
 */
int dsq_read(const struct dsq_layout *l, const struct kmem *k, uint64_t root, struct dsq *ret,
	     unsigned int max, unsigned int *ret_n, struct err *e);

#endif
