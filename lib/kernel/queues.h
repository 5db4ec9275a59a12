/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All dispatch queues of sched_ext and the tasks that wait in them, in a kernel that stands still:
 * those of each CPU, the global ones, and those that the scheduler made (struct scx_dispatch_q). A
 * list that was being changed, or that a guest made up, is told as far as it goes.
 */
#ifndef KTSTR_KERNEL_QUEUES_H
#define KTSTR_KERNEL_QUEUES_H

#include "kernel/dsq.h"
#include "kernel/fields.h"
#include "kernel/kernel.h"
#include "kernel/taskset.h"

#define QUEUES_USER_MAX 4096u
#define QUEUES_NODES_MAX 1024u

enum queue_kind {
	QUEUE_LOCAL,  /* of a CPU */
	QUEUE_REJECT, /* of a CPU: tasks on their way out, since 7.3 */
	QUEUE_RESCUE, /* of a CPU: tasks that were left too long, since 7.3 */
	QUEUE_BYPASS, /* of a CPU: while the scheduler is passed by, since 6.19 */
	QUEUE_GLOBAL, /* of a NUMA node */
	QUEUE_USER,   /* of the scheduler */
	QUEUE_KINDS,
};
extern const char *const queue_kind_names[QUEUE_KINDS]; /* "local".. */

/* How the list of a queue's tasks ended. */
enum queue_end {
	QUEUE_WHOLE,
	QUEUE_LOOP,    /* it comes back to a task that was on it */
	QUEUE_FULL,    /* there are more tasks than are told, over all queues */
	QUEUE_OUTSIDE, /* it leads outside memory */
	QUEUE_ENDS,
};
extern const char *const queue_end_names[QUEUE_ENDS]; /* a clause each; NULL for QUEUE_WHOLE */

struct queue {
	enum queue_kind kind;
	enum queue_end end;
	unsigned int owner;	   /* CPU or node, by kind */
	uint64_t kva, id, nr, seq; /* FIELDS_ABSENT for what is not there */
	unsigned int first, n;	   /* its tasks: numbers of the set, at queues.tasks[first] */
};

struct queues_layout {
	struct fields f; /* of struct scx_dispatch_q */
	int id, nr, seq;
	uint64_t list;	      /* in struct scx_dispatch_q */
	uint64_t node, flags; /* in task_struct: the list's node; behind its start: its flags */
	uint64_t cursor;      /* flag of a node that is no task */
	uint64_t runqueues;
	bool has[QUEUE_KINDS];
	uint64_t offset[QUEUE_KINDS]; /* in struct rq; bypass and global: in what is pointed to */
	uint64_t bypass_pointer;      /* per-CPU pointer in struct scx_sched; 0: in struct rq */
	uint64_t global_pointer;      /* array of pointers in struct scx_sched.. */
	uint64_t global_variable;     /* ..or this variable, before 6.16 */
	uint64_t nr_node_ids;	      /* variable; 0: one node */
	struct dsq_layout dsq;
};

struct queues {
	struct queue *q;
	unsigned int n, max;
	uint32_t tasks[TASKSET_MAX];
	unsigned int n_tasks, steps_left;
	bool more; /* queues of the scheduler than QUEUES_USER_MAX, or a table that leads astray */
	struct err more_error;
	struct dsq *users; /* room for dsq_read() */
};

/* ENOENT: a kernel without dispatch queues. */
int queues_layout_init(struct queues_layout *l, const struct kernel *k, struct err *e);

/* {0} holds nothing; a struct queues is used again and again. */
void queues_deinit(struct queues *q);

/*
 * Read all queues; those that a scheduler makes only when @root, the address of its struct
 * scx_sched (or 1 in kernels without), is not 0. Their tasks are added to @set. Fails only when
 * memory is out; a queue that cannot be read has absent numbers.
 */
int queues_read(const struct queues_layout *l, const struct kernel *k, uint64_t root,
		struct taskset *set, struct queues *ret, struct err *e);

#endif
