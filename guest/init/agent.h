/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The agent: all that PID 1 has, and its one way of waiting. While it waits it reaps children,
 * forwards the scheduler's output, sees whether the scheduler is still there, and asks for captures
 * in time.
 *
 * It runs at a real-time priority, so that no scheduler under test can starve it; for the same
 * reason it must never compute for long or poll without a pause.
 */
#ifndef KTSTR_GUEST_INIT_AGENT_H
#define KTSTR_GUEST_INIT_AGENT_H

#include "init/captures.h"
#include "init/cgroups.h"
#include "init/doorbell.h"
#include "init/link.h"
#include "init/sched.h"
#include "init/workers.h"

struct agent {
	struct link link;
	struct doorbell doorbell;
	struct captures captures;
	struct sched sched;
	struct cgroups cgroups;
	struct workers workers;
	int signal_fd;
	uint64_t next_check_ns; /* of the scheduler */
};

/* Set up all but the link and the doorbell, which work already. */
int agent_init(struct agent *a, struct err *e);

/* Wait until something happened, at most until @deadline_ns. Periodic captures are asked for when
 * they are due. */
void agent_wait(struct agent *a, uint64_t deadline_ns);

/* Wait until @deadline_ns. Returns -1 at once when the scheduler is lost. */
int agent_hold(struct agent *a, uint64_t deadline_ns);

/* Stop the workers of a cgroup (or WORKERS_ALL) and send their reports. Those that do not end
 * within a few seconds are killed. */
void agent_stop_workers(struct agent *a, unsigned int cgroup);

/* Start the scheduler and wait until it is up; @hold as for sched_start. */
int agent_start_scheduler(struct agent *a, char *const argv[], bool hold, struct err *e);

/* Stop the scheduler, if it still runs, and forward the rest of its output. */
void agent_stop_scheduler(struct agent *a);

#endif
