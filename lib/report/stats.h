/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Figures over the workers' reports, for people and for jq: per cgroup, and the worst and the sum
 * of all. No verdict hangs on them; checks.h judges the reports themselves.
 *
 * Workers that never came to their end count as far as they told figures: those are the ones that
 * one wants to see. A figure that nothing was told for is NAN (fractions, means) or RUN_ABSENT
 * (numbers). A mean over reports leaves out the reports that do not tell it.
 */
#ifndef KTSTR_REPORT_STATS_H
#define KTSTR_REPORT_STATS_H

#include "report/run.h"

struct cgroup_stats {
	const char *name; /* owned by the run; NULL for the whole */
	uint64_t workers; /* completed */
	uint64_t reports; /* completed or not */
	struct cpus cpus; /* used by any of them */

	/* off-CPU share of the wall time, in percent, over workers with wall time */
	uint64_t off_cpu_workers;
	double off_cpu_avg, off_cpu_min, off_cpu_max;
	double spread; /* max - min, in points; NAN with fewer than two */

	uint64_t gap_ns, gap_cpu; /* the longest gap and where it was seen */
	uint64_t migrations, iterations, work_units;
	double migration_ratio; /* migrations / iterations; 0 without iterations */
	double iterations_per_worker;
	/* wake latency: the median is the mean of the workers' medians, weighted by samples; the
	 * p99 is the worst of the workers' */
	uint64_t wakes;
	double wake_p50_ns;
	uint64_t wake_p99_ns, wake_max_ns;
	/* time spent runnable and waiting, per worker */
	double run_delay_mean_ns;
	uint64_t run_delay_max_ns;
	double run_wait_ns; /* the same by turn on a CPU: delay / turns */
};

struct stats {
	struct cgroup_stats *cgroups; /* in the order of their first report */
	size_t n_cgroups;
	struct cgroup_stats total; /* spread, gap, ratio, run delay: the worst of a cgroup */
};

/* Returns 0, or -1 when memory is out. Names are borrowed from @r. */
int stats_init(struct stats *s, const struct run *r);
void stats_deinit(struct stats *s);

/* Off-CPU share in parts per million, rounded down; @wall_ns must not be 0. */
uint64_t stats_off_cpu_ppm(uint64_t cpu_ns, uint64_t wall_ns);

#endif
