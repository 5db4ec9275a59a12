/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scheduler under test: a process that the agent starts, whose output it forwards, and which
 * is up when the kernel says that its operations are in force.
 */
#ifndef KTSTR_GUEST_INIT_SCHED_H
#define KTSTR_GUEST_INIT_SCHED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "init/doorbell.h"
#include "init/link.h"

#define SCHED_OUTPUT_MAX (16u << 20) /* bytes that are forwarded; the rest is counted */

struct sched {
	struct link *link;	/* borrowed */
	pid_t pid;		/* 0: none, or reaped */
	int attach_fd;		/* of init/attach.h; -1 = it is not held */
	int out_fd;		/* its stdout and stderr, nonblocking; -1 = closed */
	char ops[128];		/* name in root/ops, once it is up */
	bool up;		/* the kernel runs it */
	bool going;		/* the kernel takes it off, and has not said why yet */
	uint64_t down_ns;	/* when it was first seen not to run any longer; 0 = not yet */
	bool needed;		/* its end is not expected */
	bool lost;		/* it ended, or was ejected, while needed */
	int status;		/* raw wait status, once reaped */
	uint64_t sent, dropped; /* bytes of output */
	uint64_t read_again_ns; /* output is not looked at before */
};

void sched_init(struct sched *s, struct link *l);

/* Start @argv (argv[0] by its base name in /scheduler). It is needed from here on. With @hold it
 * is held when it attaches: poll attach_fd, and call sched_attaches. */
int sched_start(struct sched *s, char *const argv[], bool hold, struct err *e);

/*
 * It waits to attach: ring the doorbell with "scheduler-attaching", and let it go on. @last: there
 * is nobody left who could.
 */
void sched_attaches(struct sched *s, struct doorbell *d, bool last);

/*
 * Look whether the kernel runs our scheduler; the change to up is told to the host, and so is the
 * loss, with the kernel's reason, once it has given one. A scheduler that has unregistered itself
 * is about to exit, which is told then.
 */
void sched_check(struct sched *s);

/* Forward what it has written. Reads a bounded amount, so that a chatty scheduler cannot keep the
 * agent, which has a real-time priority, on its CPU. */
void sched_read_output(struct sched *s);

/* The process was reaped. */
void sched_reaped(struct sched *s, int status);

/* It is not needed any longer: ask it to end (SIGINT), or make it (SIGKILL). */
void sched_ask_to_end(struct sched *s);
void sched_kill(struct sched *s);

/* After its end: the rest of its output, and a note on what was dropped. */
void sched_finish(struct sched *s);

#endif
