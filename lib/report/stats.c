/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/stats.h"

#include <math.h>
#include <stdlib.h>

/* Sums while the reports go by; the figures are made of them at the end. */
struct sums {
	double off_cpu, run_delay, wake_p50;
	uint64_t run_delays, run_count, medians;
};

uint64_t stats_off_cpu_ppm(uint64_t cpu_ns, uint64_t wall_ns)
{
	uint64_t off = cpu_ns < wall_ns ? wall_ns - cpu_ns : 0;

	return (uint64_t)((unsigned __int128)off * 1000000 / wall_ns);
}

static void add_sat(uint64_t *sum, uint64_t v)
{
	if (v == RUN_ABSENT)
		return;
	if (*sum == RUN_ABSENT)
		*sum = 0;
	if (__builtin_add_overflow(*sum, v, sum) || *sum > INT64_MAX)
		*sum = INT64_MAX; /* the largest number that JSON can hold */
}

static void max_of(uint64_t *max, uint64_t v)
{
	if (v != RUN_ABSENT && (*max == RUN_ABSENT || v > *max))
		*max = v;
}

static void fmax_of(double *max, double v)
{
	if (!isnan(v) && (isnan(*max) || v > *max))
		*max = v;
}

static void cgroup_stats_init(struct cgroup_stats *c, const char *name)
{
	*c = (struct cgroup_stats){
		.name = name,
		.off_cpu_avg = NAN,
		.off_cpu_min = NAN,
		.off_cpu_max = NAN,
		.spread = NAN,
		.gap_ns = RUN_ABSENT,
		.gap_cpu = RUN_ABSENT,
		.migrations = RUN_ABSENT,
		.iterations = RUN_ABSENT,
		.work_units = RUN_ABSENT,
		.migration_ratio = NAN,
		.iterations_per_worker = NAN,
		.wakes = RUN_ABSENT,
		.wake_p50_ns = NAN,
		.wake_p99_ns = RUN_ABSENT,
		.wake_max_ns = RUN_ABSENT,
		.run_delay_mean_ns = NAN,
		.run_delay_max_ns = RUN_ABSENT,
		.run_wait_ns = NAN,
	};
}

static void add_off_cpu(struct cgroup_stats *c, struct sums *sum, const struct run_worker *w)
{
	double pct;

	if (w->wall_ns == RUN_ABSENT || w->wall_ns == 0 || w->cpu_ns == RUN_ABSENT)
		return;
	pct = (double)stats_off_cpu_ppm(w->cpu_ns, w->wall_ns) / 1e4;
	c->off_cpu_workers++;
	sum->off_cpu += pct;
	fmax_of(&c->off_cpu_max, pct);
	if (isnan(c->off_cpu_min) || pct < c->off_cpu_min)
		c->off_cpu_min = pct;
}

static void add_wakes(struct cgroup_stats *c, struct sums *sum, const struct run_worker *w)
{
	add_sat(&c->wakes, w->wakes);
	max_of(&c->wake_p99_ns, w->wake_p99_ns);
	max_of(&c->wake_max_ns, w->wake_max_ns);
	if (w->wakes != RUN_ABSENT && w->wakes > 0 && w->wake_p50_ns != RUN_ABSENT) {
		sum->wake_p50 += (double)w->wake_p50_ns * (double)w->wakes;
		add_sat(&sum->medians, w->wakes);
	}
}

static void add_worker(struct cgroup_stats *c, struct sums *sum, const struct run_worker *w)
{
	c->reports++;
	c->workers += w->completed;
	for (size_t i = 0; i < sizeof(c->cpus.bits) / sizeof(c->cpus.bits[0]); i++)
		c->cpus.bits[i] |= w->used.bits[i];
	add_off_cpu(c, sum, w);
	if (w->max_gap_ns != RUN_ABSENT && (c->gap_ns == RUN_ABSENT || w->max_gap_ns > c->gap_ns)) {
		c->gap_ns = w->max_gap_ns;
		c->gap_cpu = w->max_gap_cpu;
	}
	add_sat(&c->migrations, w->migrations);
	add_sat(&c->iterations, w->iterations);
	add_sat(&c->work_units, w->work_units);
	add_wakes(c, sum, w);
	if (w->run_delay_ns != RUN_ABSENT) {
		sum->run_delay += (double)w->run_delay_ns;
		sum->run_delays++;
		max_of(&c->run_delay_max_ns, w->run_delay_ns);
	}
	add_sat(&sum->run_count, w->run_count);
}

static void cgroup_stats_finish(struct cgroup_stats *c, const struct sums *sum)
{
	if (c->off_cpu_workers)
		c->off_cpu_avg = sum->off_cpu / (double)c->off_cpu_workers;
	if (c->off_cpu_workers >= 2)
		c->spread = c->off_cpu_max - c->off_cpu_min;
	if (c->migrations != RUN_ABSENT && c->iterations != RUN_ABSENT)
		c->migration_ratio =
			c->iterations ? (double)c->migrations / (double)c->iterations : 0;
	if (c->iterations != RUN_ABSENT)
		c->iterations_per_worker = (double)c->iterations / (double)c->reports;
	if (sum->medians)
		c->wake_p50_ns = sum->wake_p50 / (double)sum->medians;
	if (sum->run_delays)
		c->run_delay_mean_ns = sum->run_delay / (double)sum->run_delays;
	if (sum->run_delays && sum->run_count)
		c->run_wait_ns = sum->run_delay / (double)sum->run_count;
}

/* Make the total's worst figures the worst of the cgroups'. */
static void worst_of(struct cgroup_stats *total, const struct cgroup_stats *c)
{
	fmax_of(&total->spread, c->spread);
	fmax_of(&total->migration_ratio, c->migration_ratio);
	fmax_of(&total->wake_p50_ns, c->wake_p50_ns);
	fmax_of(&total->run_delay_mean_ns, c->run_delay_mean_ns);
	fmax_of(&total->run_wait_ns, c->run_wait_ns);
	if (isnan(total->iterations_per_worker) ||
	    c->iterations_per_worker < total->iterations_per_worker)
		total->iterations_per_worker = c->iterations_per_worker;
}

static struct cgroup_stats *stats_cgroup(struct stats *s, const char *name)
{
	struct cgroup_stats *c = &s->cgroups[s->n_cgroups++];

	cgroup_stats_init(c, name);
	return c;
}

int stats_init(struct stats *s, const struct run *r)
{
	_cleanup_free_ struct sums *sums = calloc(r->n_names + 1, sizeof(*sums));
	_cleanup_free_ size_t *at = calloc(r->n_names + 1, sizeof(*at));
	struct sums *all;

	*s = (struct stats){.cgroups = calloc(r->n_names + 1, sizeof(*s->cgroups))};
	if (!sums || !at || !s->cgroups) {
		stats_deinit(s);
		return -1;
	}
	all = &sums[r->n_names];
	cgroup_stats_init(&s->total, NULL);
	for (const struct run_worker *w = r->workers; w && w < r->workers + r->n_workers; w++) {
		if (!at[w->cgroup]) {
			stats_cgroup(s, r->names[w->cgroup]);
			at[w->cgroup] = s->n_cgroups;
		}
		add_worker(&s->cgroups[at[w->cgroup] - 1], &sums[at[w->cgroup] - 1], w);
		add_worker(&s->total, all, w);
	}
	cgroup_stats_finish(&s->total, all);
	s->total.spread = s->total.migration_ratio = s->total.wake_p50_ns = NAN;
	s->total.run_delay_mean_ns = s->total.run_wait_ns = s->total.iterations_per_worker = NAN;
	for (size_t i = 0; i < s->n_cgroups; i++) {
		cgroup_stats_finish(&s->cgroups[i], &sums[i]);
		worst_of(&s->total, &s->cgroups[i]);
	}
	return 0;
}

void stats_deinit(struct stats *s)
{
	free(s->cgroups);
	*s = (struct stats){0};
}
