/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tasks of sched_ext that want to run and do not, and since when: each CPU's list of them
 * (struct rq, scx.runnable_list), which is what the kernel's own watchdog looks at.
 */
#ifndef KTSTR_KERNEL_RUNNABLE_H
#define KTSTR_KERNEL_RUNNABLE_H

#include "kernel/kernel.h"
#include "kernel/taskset.h"

struct runnable_layout {
	uint64_t runqueues;
	uint64_t list; /* in struct rq */
	uint64_t node; /* in task_struct */
};

struct runnable {
	unsigned int n;
	uint32_t tasks[TASKSET_MAX]; /* numbers of the set, CPU by CPU */
	uint16_t cpus[TASKSET_MAX];
	bool cut;	/* a list that leads astray, or more tasks than there is room for */
	struct err why; /* of the first such */
};

/* ENOENT: a kernel without such lists. */
int runnable_layout_init(struct runnable_layout *l, const struct kernel *k, struct err *e);

/* Read all lists; their tasks are added to @set. Fails when not even the CPUs are known. */
int runnable_read(const struct runnable_layout *l, const struct kernel *k, struct taskset *set,
		  struct runnable *ret, struct err *e);

#endif
