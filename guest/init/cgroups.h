/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cgroups of a run, below /sys/fs/cgroup/ktstr. Each has a number, under which the workers'
 * shared memory knows its cpuset.
 */
#ifndef KTSTR_GUEST_INIT_CGROUPS_H
#define KTSTR_GUEST_INIT_CGROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "scenario/cpus.h"
#include "scenario/scenario.h"
#include "work/work.h"

struct cgroup {
	char name[SCENARIO_NAME_MAX + 1]; /* "": this number is free */
};

struct cgroups {
	struct cgroup list[WORK_CGROUPS_MAX];
	struct work_shared *shared; /* borrowed */
};

/* Make the parent and switch on the controllers. */
int cgroups_init(struct cgroups *c, struct work_shared *shared, struct err *e);

/* Make one; *ret is its number. */
int cgroups_make(struct cgroups *c, const char *name, unsigned int *ret, struct err *e);

/* The number of @name, or an error when there is none. */
int cgroups_find(const struct cgroups *c, const char *name, unsigned int *ret, struct err *e);

/* Remove one that has no processes; EBUSY while it still has. */
int cgroups_remove(struct cgroups *c, unsigned int cg, struct err *e);

/* Set the cpuset; NULL takes the limit away. */
int cgroups_set_cpuset(struct cgroups *c, unsigned int cg, const struct cpus *cpus, struct err *e);

/* Exchange the cpusets of two, "no limit" included. */
int cgroups_swap_cpusets(struct cgroups *c, unsigned int a, unsigned int b, struct err *e);

int cgroups_set_weight(struct cgroups *c, unsigned int cg, unsigned int weight, struct err *e);

/* Put a process there. */
int cgroups_add_pid(const struct cgroups *c, unsigned int cg, pid_t pid, struct err *e);

/* Move all processes of @from to @to. */
int cgroups_move_all(const struct cgroups *c, unsigned int from, unsigned int to, struct err *e);

/* Kill whatever is in there. */
int cgroups_kill(const struct cgroups *c, unsigned int cg, struct err *e);

unsigned int cgroups_count(const struct cgroups *c);

#endif
