/* SPDX-License-Identifier: GPL-2.0-only */
/* The plan's checks over the workers' reports. All limits are strict: equal passes. */
#ifndef KTSTR_REPORT_CHECKS_H
#define KTSTR_REPORT_CHECKS_H

#include "report/reason.h"
#include "report/run.h"

/*
 * Add what is wrong to @ret: workers that did no work or never reported, gaps over the limit, an
 * unfair share of the CPUs between workers of one cgroup and work type, CPUs outside the cpuset.
 * Workers that ended without a report for another cause cannot be judged: inconclusive.
 */
void checks_judge(const struct run *r, struct reasons *ret);

#endif
