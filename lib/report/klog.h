/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a kernel log says of the scheduler and of its own death, picked out line by line as the text
 * arrives. It keeps a few lines, never the log, and judges nothing.
 */
#ifndef KTSTR_REPORT_KLOG_H
#define KTSTR_REPORT_KLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KLOG_LINE_MAX 512u /* bytes of a line that are looked at; the rest is passed over */
#define KLOG_TEXT_MAX 320u

/* Each text is "" while no such line was seen, without the time stamp in front, fit to print. */
struct klog {
	/* `BPF scheduler "x" disabled (runnable task stall)`: the first that was for an error, else
	 * the first; and the line of sched_ext after it, which says more. */
	char disabled[KLOG_TEXT_MAX];
	char disabled_more[KLOG_TEXT_MAX];
	bool disabled_error; /* the kernel did it for an error, nobody asked for it */
	/* `Kernel panic - not syncing: ...` */
	char panic[KLOG_TEXT_MAX];
	/* the first line of the first oops: `BUG: kernel NULL pointer ...`, `Oops: ...` */
	char oops[KLOG_TEXT_MAX];
	/* the first line that says that a CPU or task was kept from running: soft or hard lockup,
	 * hung task, RCU stall */
	char lockup[KLOG_TEXT_MAX];
	/* the first function of sched_ext or of a BPF program in a call trace after the oops, panic
	 * or lockup */
	char culprit[KLOG_TEXT_MAX];
	/* the first `WARNING: ...` */
	char warning[KLOG_TEXT_MAX];

	/* the line in the making */
	char line[KLOG_LINE_MAX];
	size_t line_len;
	bool want_more; /* the line before was a `disabled` one */
	bool in_crash;	/* a crash has begun: call traces count from here */
};

/* {0} is a log of which nothing was seen. */
void klog_add(struct klog *k, const char *data, size_t len);

/* The log has ended: look at the last line even though no newline ended it. */
void klog_end(struct klog *k);

#endif
