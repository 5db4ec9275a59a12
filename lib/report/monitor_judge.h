/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Thresholds against what the monitor saw. Only those that the plan asks for can fail a run; where
 * the samples to judge one by are missing it is inconclusive, with a reason that names it.
 */
#ifndef KTSTR_REPORT_MONITOR_JUDGE_H
#define KTSTR_REPORT_MONITOR_JUDGE_H

#include "report/monitor.h"
#include "report/reason.h"
#include "report/run.h"

enum threshold_state {
	THRESHOLD_HELD,
	THRESHOLD_EXCEEDED,
	THRESHOLD_UNKNOWN, /* nothing to judge by */
};

#define THRESHOLD_WHY_MAX 256u

/* The part of the run that its plan is judged by. */
const struct scope *monitor_scope_of(const struct run *r);

/*
 * How a threshold came out, asked for or not. @why gets one line when it is not known, "" when it
 * is; what exceeded it is in the violations of the scope.
 */
enum threshold_state monitor_threshold(const struct run *r, enum threshold which,
				       char why[THRESHOLD_WHY_MAX]);

/* Whether the plan asks for it. */
bool monitor_enforces(const struct run *r, enum threshold which);

/* Findings of all thresholds that are asked for. */
void monitor_judge(const struct run *r, struct reasons *ret);

/* What is worth telling of the monitor whatever the plan asks for. */
void monitor_notes(const struct run *r, struct reasons *ret);

#endif
