/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/checks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/cleanup.h"
#include "report/stats.h"

#define WHO_MAX 256

/* `worker 12 (cgroup a, spin)` */
static const char *who(const struct run *r, const struct run_worker *w, char ret[WHO_MAX])
{
	snprintf(ret, WHO_MAX, "worker %" PRIu64 " (cgroup %s, %s)", w->tid, r->names[w->cgroup],
		 r->names[w->work]);
	return ret;
}

static double seconds(uint64_t ns)
{
	return (double)ns / (double)NSEC_PER_SEC;
}

static uint64_t msec(uint64_t ns)
{
	return ns / NSEC_PER_MSEC;
}

/* A worker without a report of its own. */
static void judge_incomplete(const struct run *r, const struct run_worker *w, struct reasons *ret)
{
	uint64_t status = w->exit_status;
	char name[WHO_MAX];

	who(r, w, name);
	if (w->exit == RUN_WORKER_TIMED_OUT && r->plan.not_starved)
		reasons_add(ret, STATUS_FAIL, REASON_STARVED, ROW_NOT_STARVED,
			    "%s was told to stop and never ran again to report", name);
	else if (w->exit == RUN_WORKER_SIGNALED && status != RUN_ABSENT)
		reasons_add(ret, STATUS_INCONCLUSIVE, REASON_MISSING, ROW_SCENARIO,
			    "%s was killed by signal %d before it reported", name,
			    WTERMSIG((int)status));
	else if (w->exit == RUN_WORKER_EXITED && status != RUN_ABSENT)
		reasons_add(ret, STATUS_INCONCLUSIVE, REASON_MISSING, ROW_SCENARIO,
			    "%s ended with status %d before it reported", name,
			    WEXITSTATUS((int)status));
	else
		reasons_add(ret, STATUS_INCONCLUSIVE, REASON_MISSING, ROW_SCENARIO,
			    "%s did not report (%s)", name, run_worker_exit_names[w->exit]);
}

static void judge_starved(const struct run *r, const struct run_worker *w, struct reasons *ret)
{
	char name[WHO_MAX];

	if (r->plan.not_starved && w->work_units == 0)
		reasons_add(ret, STATUS_FAIL, REASON_STARVED, ROW_NOT_STARVED,
			    "%s was starved: zero work units in %.3f s", who(r, w, name),
			    seconds(w->wall_ns));
}

static void judge_gap(const struct run *r, const struct run_worker *w, struct reasons *ret)
{
	char name[WHO_MAX], cpu[48] = "", at[48] = "";

	if (r->plan.max_gap_ns == RUN_ABSENT || w->max_gap_ns == RUN_ABSENT ||
	    w->max_gap_ns <= r->plan.max_gap_ns)
		return;
	if (w->max_gap_cpu != RUN_ABSENT)
		snprintf(cpu, sizeof(cpu), " on CPU %" PRIu64, w->max_gap_cpu);
	if (w->max_gap_at_ns != RUN_ABSENT)
		snprintf(at, sizeof(at), " at +%" PRIu64 " ms", msec(w->max_gap_at_ns));
	reasons_add(ret, STATUS_FAIL, REASON_STUCK, ROW_MAX_GAP,
		    "%s was stuck for %" PRIu64 " ms%s%s (limit %" PRIu64 " ms)", who(r, w, name),
		    msec(w->max_gap_ns), cpu, at, msec(r->plan.max_gap_ns));
}

static void judge_isolation(const struct run *r, const struct run_worker *w, struct reasons *ret)
{
	char name[WHO_MAX], outside[CPUS_TEXT_MAX];

	if (!r->plan.isolation || cpus_count(&w->outside) == 0)
		return;
	cpus_format(&w->outside, outside);
	reasons_add(ret, STATUS_FAIL, REASON_ISOLATION, ROW_ISOLATION,
		    "%s ran on CPU %.1000s, outside its cpuset", who(r, w, name), outside);
}

/* ---- spread ---- */

/* One worker's share, with the group that it is compared in. */
struct share {
	unsigned int cgroup, work;
	uint64_t off_ppm;
	const struct run_worker *worker;
};

static int share_compare(const void *a, const void *b)
{
	const struct share *x = a, *y = b;

	if (x->cgroup != y->cgroup)
		return x->cgroup < y->cgroup ? -1 : 1;
	if (x->work != y->work)
		return x->work < y->work ? -1 : 1;
	return x->off_ppm < y->off_ppm ? -1 : x->off_ppm > y->off_ppm;
}

static void judge_group(const struct run *r, const struct share *s, size_t n, struct reasons *ret)
{
	uint64_t min = s[0].off_ppm, max = s[n - 1].off_ppm;
	struct cpus used = {0};

	if (n < 2 || max - min <= r->plan.max_spread_ppm)
		return;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < sizeof(used.bits) / sizeof(used.bits[0]); j++)
			used.bits[j] |= s[i].worker->used.bits[j];
	reasons_add(ret, STATUS_FAIL, REASON_UNFAIR, ROW_MAX_SPREAD,
		    "cgroup %s, %s: unfair: off-CPU share differs by %.1f %% (%.1f to %.1f %%) "
		    "between %zu workers on %u CPUs (limit %.1f %%)",
		    r->names[s->cgroup], r->names[s->work], (double)(max - min) / 1e4,
		    (double)min / 1e4, (double)max / 1e4, n, cpus_count(&used),
		    (double)r->plan.max_spread_ppm / 1e4);
}

static void judge_spread(const struct run *r, struct reasons *ret)
{
	_cleanup_free_ struct share *shares = calloc(r->n_workers + 1, sizeof(*shares));
	size_t n = 0, from = 0;

	if (r->plan.max_spread_ppm == RUN_ABSENT)
		return;
	if (!shares) {
		reasons_add(ret, STATUS_INCONCLUSIVE, REASON_MISSING, ROW_MAX_SPREAD,
			    "out of memory for the spread check");
		return;
	}
	for (size_t i = 0; i < r->n_workers; i++) {
		const struct run_worker *w = &r->workers[i];

		if (w->completed && w->wall_ns > 0)
			shares[n++] = (struct share){
				.cgroup = w->cgroup,
				.work = w->work,
				.off_ppm = stats_off_cpu_ppm(w->cpu_ns, w->wall_ns),
				.worker = w,
			};
	}
	qsort(shares, n, sizeof(*shares), share_compare);
	for (size_t i = 1; i <= n; i++) {
		if (i < n && shares[i].cgroup == shares[from].cgroup &&
		    shares[i].work == shares[from].work)
			continue;
		judge_group(r, &shares[from], i - from, ret);
		from = i;
	}
}

void checks_judge(const struct run *r, struct reasons *ret)
{
	for (size_t i = 0; i < r->n_workers; i++) {
		const struct run_worker *w = &r->workers[i];

		if (w->completed)
			judge_starved(r, w, ret);
		else
			judge_incomplete(r, w, ret);
		judge_gap(r, w, ret);
		judge_isolation(r, w, ret);
	}
	judge_spread(r, ret);
}
