/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The monitor at work: wait for a kernel, take samples at a beat, follow it over a reboot, until
 * there is a reason to end.
 */
#ifndef KTSTR_MONITOR_LOOP_H
#define KTSTR_MONITOR_LOOP_H

#include "base/ticks.h"
#include "emit.h"
#include "follow.h"

struct loop_options {
	uint64_t interval_ns;
	uint64_t count;	      /* of samples, 0: no limit */
	uint64_t span_ns;     /* from the first sample on, 0: no limit */
	uint64_t watchdog_ns; /* for sched_ext's watchdog, 0: leave it alone */
	uint64_t wait_ns;     /* for a kernel to come up, at first and after each that went */
};

enum loop_end {
	LOOP_GOES_ON,
	LOOP_COUNT,
	LOOP_SPAN,
	LOOP_VM_GONE,
	LOOP_SIGNAL,
	LOOP_NO_KERNEL, /* none came up in time, or none came back */
	LOOP_CLOSED,	/* nobody reads what we write */
	LOOP_FAILED,
};

struct loop {
	const struct loop_options *o;
	struct target *target;
	struct follow follow;
	struct emit emit;
	struct ticks ticks; /* interval 0: no beat yet */
	int signal_fd;	    /* a signalfd of what ends us */
	int signal;	    /* that came, 0: none */
	uint64_t give_up_ns, end_ns;
	uint64_t samples, valid, missed, schemas;
	uint64_t missed_before; /* the next sample */
	bool watchdog_told;	/* what became of the watchdog */
	char bell_error[200];	/* why it was not set when the scheduler attached */
	uint32_t schema_id;	/* that was put out last */
	struct err error;	/* of LOOP_NO_KERNEL and LOOP_FAILED */
	/* The last error that waiting may not help against, and since when it is the same. */
	char firm[ERR_TEXT_MAX];
	uint64_t firm_since_ns;
};

/* Run to the end, which is told in the output as well. */
enum loop_end loop_run(struct loop *l);

/* What error @e of the output means; l->error is set for LOOP_FAILED. */
enum loop_end loop_output_end(struct loop *l, const struct err *e);

/*
 * Wait until a kernel is there, for those who want nothing but that: l->follow is then attached.
 * LOOP_GOES_ON when it is.
 */
enum loop_end loop_attach(struct loop *l);

#endif
