/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The workers: processes that do a scenario's work. They are forked at once but begin together,
 * when the agent opens the barrier. Their reports are taken from shared memory, so also those of
 * workers that do not come to their end are there.
 *
 * None of these calls waits: the agent does (agent.h), and tells here who was reaped.
 */
#ifndef KTSTR_GUEST_INIT_WORKERS_H
#define KTSTR_GUEST_INIT_WORKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "init/cgroups.h"
#include "init/link.h"
#include "work/work.h"

#define WORKERS_ALL UINT32_MAX /* in place of a cgroup's number */

struct worker {
	pid_t pid;
	unsigned int slot;
	unsigned int cgroup;
	enum work_type type;
	size_t step; /* that spawned it */
	bool started, told_to_stop, forced, reaped;
	int status;		    /* raw, once reaped */
	uint64_t stop_ns;	    /* when it was told */
	struct work_schedstat last; /* before it was killed */
};

struct workers {
	struct work_shared *shared;
	struct worker *list;
	size_t n, cap;
	bool taken[WORK_SLOTS_MAX];
	unsigned int next_slot;
	uint32_t round;	     /* of the workers that are forked next */
	uint64_t iterations; /* of workers that are reported already */
};

/* What to spawn. */
struct workers_spec {
	const struct cgroups *cgroups; /* NULL: they stay in our own */
	unsigned int cgroup, count;
	const struct work *work;
	const struct cpus *affinity; /* NULL: inherit */
	size_t step;
};

int workers_init(struct workers *w, struct err *e);

/* Fork them into their cgroup; they wait at the barrier. On failure some may have been forked. */
int workers_spawn(struct workers *w, const struct workers_spec *spec, struct err *e);

/* Let all that wait begin. */
void workers_begin(struct workers *w);

/* All iterations of the scenario so far. */
uint64_t workers_iterations(const struct workers *w);

/* How many processes of @cgroup (or WORKERS_ALL) are not reaped yet. */
size_t workers_alive(const struct workers *w, unsigned int cgroup);

/* A child was reaped: true when it was one of ours. */
bool workers_reaped(struct workers *w, pid_t pid, int status);

/* Tell them to stop, or make them. */
void workers_tell_stop(struct workers *w, unsigned int cgroup);
void workers_kill(struct workers *w, unsigned int cgroup);

/* Those of @from are in @to now. */
void workers_moved(struct workers *w, unsigned int from, unsigned int to);

int workers_set_affinity(struct workers *w, unsigned int cgroup, const struct cpus *cpus,
			 struct err *e);

/* Send the reports of all in @cgroup that were let begin, and forget all. @cgroups is for the
 * names; NULL: none. */
void workers_report(struct workers *w, unsigned int cgroup, const struct cgroups *cgroups,
		    struct link *l);

#endif
