/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The run queue of a CPU (struct rq, kernel/sched/sched.h): its numbers, and the pointers to the
 * current task and the lowest sched domain. What is read twice and is the same did not change under
 * the first reading.
 */
#ifndef KTSTR_KERNEL_RQ_H
#define KTSTR_KERNEL_RQ_H

#include "kernel/fields.h"
#include "kernel/kernel.h"

#define RQ_TRIES 3u

enum rq_number {
	RQ_NR_RUNNING,
	RQ_SCX_NR_RUNNING,
	RQ_LOCAL_DSQ_DEPTH,
	RQ_SCX_FLAGS,
	RQ_CLOCK, /* ns */
	RQ_NR_SWITCHES,
	RQ_RUN_DELAY, /* ns; this and what follows: schedstats */
	RQ_PCOUNT,
	RQ_YLD_COUNT,
	RQ_SCHED_COUNT,
	RQ_SCHED_GOIDLE,
	RQ_TTWU_COUNT,
	RQ_TTWU_LOCAL,
	RQ_NUMBERS,
};
extern const char *const rq_number_names[RQ_NUMBERS]; /* "nr_running".. */
#define RQ_SCHEDSTATS RQ_RUN_DELAY		      /* the first of them */

struct rq_layout {
	struct fields f;
	int numbers[RQ_NUMBERS]; /* index in f, -1 for what the kernel does not have */
	int curr, domain;
	uint64_t runqueues; /* per-CPU variable */
};

struct rq {
	uint64_t numbers[RQ_NUMBERS]; /* FIELDS_ABSENT for what is not there */
	uint64_t curr, domain;	      /* addresses; FIELDS_ABSENT when the kernel has none */
};

/* Fails when the kernel has no run queues, or none with nr_running and clock. */
int rq_layout_init(struct rq_layout *l, const struct kernel *k, struct err *e);

/* Where the queue of @cpu is. */
int rq_place(const struct rq_layout *l, const struct kernel *k, unsigned int cpu, struct place *ret,
	     struct err *e);

/* Read it once. */
int rq_read(const struct rq_layout *l, const struct kmem *k, const struct place *p, struct rq *ret,
	    struct err *e);

/* Whether all of it is still as it was when @rq was read: the reads before did not meet a change.
 */
bool rq_is_same(const struct rq_layout *l, const struct kmem *k, const struct place *p,
		const struct rq *rq);

#endif
