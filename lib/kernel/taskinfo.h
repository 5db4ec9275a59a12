/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything about a task that tells how it is scheduled (struct task_struct and its neighbours):
 * for looking at one closely. Whoever wants to know who runs, a thousand times a second, reads
 * kernel/task.h.
 */
#ifndef KTSTR_KERNEL_TASKINFO_H
#define KTSTR_KERNEL_TASKINFO_H

#include "kernel/fields.h"
#include "kernel/kernel.h"
#include "kernel/task.h"

#define TASKINFO_CGROUP_MAX 256u /* bytes of a path, with the NUL */

enum task_number {
	TASK_PID,
	TASK_TGID,
	TASK_CPU, /* on which it is or was last */
	TASK_PRIO,
	TASK_STATIC_PRIO,
	TASK_NORMAL_PRIO,
	TASK_RT_PRIORITY,
	TASK_POLICY,
	TASK_STATE, /* bits */
	TASK_EXIT_STATE,
	TASK_FLAGS,
	TASK_ON_CPU,
	TASK_ON_RQ,
	TASK_NVCSW,
	TASK_NIVCSW,
	TASK_NR_CPUS_ALLOWED,
	TASK_MIGRATION_DISABLED,
	TASK_RUNTIME,	 /* ns */
	TASK_UTIME,	 /* ns */
	TASK_STIME,	 /* ns */
	TASK_START_TIME, /* ns since boot */
	TASK_CORE_COOKIE,
	TASK_LAST_ARRIVAL, /* ns; schedstats */
	TASK_RUN_DELAY,	   /* ns; schedstats */
	/* of its struct sched_ext_entity */
	TASK_SCX_FLAGS,
	TASK_SCX_DSQ_FLAGS,
	TASK_SCX_WEIGHT,
	TASK_SCX_SLICE,
	TASK_SCX_VTIME,
	TASK_SCX_STICKY_CPU,
	TASK_SCX_HOLDING_CPU,
	TASK_SCX_SELECTED_CPU,
	TASK_SCX_RUNNABLE_AT, /* jiffies */
	TASK_SCX_OPS_STATE,
	TASK_SCX_DDSP_DSQ_ID,
	TASK_SCX_DDSP_ENQ_FLAGS,
	TASK_NUMBERS,
};
extern const char *const task_number_names[TASK_NUMBERS];
#define TASK_SCX TASK_SCX_FLAGS /* the first of them */

struct taskinfo_layout {
	struct task_layout task;   /* for the classes */
	struct fields f;	   /* of task_struct */
	int numbers[TASK_NUMBERS]; /* index in f, -1 for what the kernel does not have */
	int comm, class, dsq, parent, leader, signal, cgroups;
	struct member n_threads;	    /* of struct signal_struct */
	struct member pids, pid_nr;	    /* of signal_struct; of struct pid */
	struct member dsq_id;		    /* of struct scx_dispatch_q */
	struct member cgroup, kn, name, up; /* css_set, cgroup, kernfs_node */
	bool has_signal, has_pids, has_dsq_id, has_cgroup;
};

struct taskinfo {
	bool is_there; /* false: the address leads outside memory, and nothing else holds */
	uint64_t kva;
	uint64_t numbers[TASK_NUMBERS]; /* sign extended; -1 may be one, the layout knows */
	char comm[TASK_COMM_MAX];	/* the guest's bytes */
	const char *class;		/* static; NULL for none that is known */
	uint64_t dsq, dsq_id;		/* the queue it waits in; 0 and FIELDS_ABSENT for none */
	uint64_t parent_pid, leader_pid, n_threads, pgid, sid; /* FIELDS_ABSENT: not to be had */
	char cgroup[TASKINFO_CGROUP_MAX];		       /* path; "" for none */
};

/* ENOENT: not even a pid. */
int taskinfo_layout_init(struct taskinfo_layout *l, const struct kernel *k, struct err *e);

/* Read the task at @kva. Never fails: what cannot be read is absent. */
void taskinfo_read(const struct taskinfo_layout *l, const struct kernel *k, uint64_t kva,
		   struct taskinfo *ret);

/* As ps(1) and the kernel write it: R running or ready, S sleeping, D blocked, T, t, X, Z, P
 * parked, I idle; '?' when not known. */
char taskinfo_state(const struct taskinfo *t);

/* "normal", "fifo".. (sched(7)); NULL for a policy that is not known. */
const char *taskinfo_policy(const struct taskinfo *t);

/* Whether a real-time task waits for it, so that it has that one's class and no other. */
bool taskinfo_is_boosted(const struct taskinfo *t);

#endif
