/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/render_monitor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "report/monitor_judge.h"
#include "report/render_captures.h"

/* A mean over @n, null over nothing. */
static json_t *mean(double sum, uint64_t n)
{
	return n ? real(sum / (double)n) : json_null();
}

static double rate_of(uint64_t sum, uint64_t elapsed_ns)
{
	return elapsed_ns ? (double)sum * (double)NSEC_PER_SEC / (double)elapsed_ns : NAN;
}

static json_t *offset(const struct monitor *m, uint64_t at_ns)
{
	uint64_t start = monitor_start_ns(m);

	return number(at_ns > start ? (at_ns - start) / NSEC_PER_MSEC : 0);
}

/* ---- summary ---- */

static const struct delta *counted(const struct deltas *d, const char *name)
{
	const struct delta *x = deltas_find(d, name);

	return x && x->counted ? x : NULL;
}

static json_t *sum(const struct deltas *d, const char *name)
{
	const struct delta *x = counted(d, name);

	return number(x ? x->sum : RUN_ABSENT);
}

static json_t *rate(const struct scope *s, const struct deltas *d, const char *name)
{
	const struct delta *x = counted(d, name);

	return x ? real(rate_of(x->sum, s->elapsed_ns)) : json_null();
}

static bool any_counted(const struct deltas *d)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->list[i].counted)
			return true;
	return false;
}

static void put_events(struct object o, const struct scope *s)
{
	const struct deltas *d = &s->events;
	bool fallback = counted(d, "select_cpu_fallback");
	struct object x;

	if (!any_counted(d)) {
		put(o, "event_deltas", json_null());
		return;
	}
	x = put_object(o, "event_deltas");
	/* The kernel's names first: none of ours can be taken by one. */
	for (size_t i = 0; i < d->n; i++)
		if (d->list[i].counted)
			put(x, d->list[i].name, number(d->list[i].sum));
	put(x, "fallback_rate", rate(s, d, "select_cpu_fallback"));
	put(x, "keep_last_rate", rate(s, d, "dispatch_keep_last"));
	put(x, "max_fallback_burst", number(fallback ? s->max_fallback_burst : RUN_ABSENT));
}

static void put_schedstat(struct object o, const struct scope *s)
{
	const struct deltas *d = &s->schedstat;
	struct object x;

	if (!any_counted(d)) {
		put(o, "schedstat_deltas", json_null());
		return;
	}
	x = put_object(o, "schedstat_deltas");
	put(x, "total_run_delay", sum(d, "run_delay"));
	put(x, "run_delay_rate", rate(s, d, "run_delay"));
	put(x, "total_pcount", sum(d, "pcount"));
	put(x, "total_sched_count", sum(d, "sched_count"));
	put(x, "sched_count_rate", rate(s, d, "sched_count"));
	put(x, "total_yld_count", sum(d, "yld_count"));
	put(x, "goidle", sum(d, "sched_goidle"));
	put(x, "ttwu_count", sum(d, "ttwu_count"));
	put(x, "ttwu_local", sum(d, "ttwu_local"));
}

static json_t *prog_sum(const struct prog *p, enum progs_counter which)
{
	return number(p->counted[which] ? p->sum[which] : RUN_ABSENT);
}

static void put_progs(struct object o, const struct scope *s)
{
	json_t *list;

	if (!s->progs.n) {
		put(o, "prog_stats_deltas", json_null());
		return;
	}
	list = put_array(o, "prog_stats_deltas");
	for (size_t i = 0; i < s->progs.n; i++) {
		const struct prog *p = &s->progs.list[i];
		struct object x = object_new(o.failed);
		bool both = p->counted[PROGS_CNT] && p->counted[PROGS_NSECS];

		put(x, "id", number(p->id));
		put(x, "name", json_string(p->name));
		put(x, "cnt", prog_sum(p, PROGS_CNT));
		put(x, "nsecs", prog_sum(p, PROGS_NSECS));
		put(x, "misses", prog_sum(p, PROGS_MISSES));
		put(x, "nsecs_per_call",
		    mean((double)p->sum[PROGS_NSECS], both ? p->sum[PROGS_CNT] : 0));
		add(o, list, x.json);
	}
}

static void put_stuck(struct object o, const struct monitor *m, const struct scope *s)
{
	json_t *is = s->samples ? json_boolean(s->stuck.found) : json_null();
	char line[MONITOR_LINE_MAX];
	struct object x;

	/* Under its first name and its newer one. */
	put(o, "stall_detected", json_incref(is));
	put(o, "stuck_detected", is);
	if (!s->stuck.found) {
		put(o, "stuck", json_null());
		return;
	}
	x = put_object(o, "stuck");
	stuck_format(s->stuck.cpu, s->stuck.span_ns, s->stuck.from_ns, monitor_start_ns(m), line,
		     sizeof(line));
	put(x, "cpu", number(s->stuck.cpu));
	put(x, "duration_ms", number(s->stuck.span_ns / NSEC_PER_MSEC));
	put(x, "at_ms", offset(m, s->stuck.from_ns));
	put(x, "samples", number(s->stuck.samples));
	put(x, "message", json_string(line));
}

static void put_summary(struct object o, const struct monitor *m, const struct scope *s)
{
	struct object x = put_object(o, "summary");

	put(x, "total_samples", number(m->samples));
	put(x, "max_imbalance_ratio", s->samples ? real(s->max_ratio) : json_null());
	put(x, "avg_imbalance_ratio", mean(s->sum_ratio, s->samples));
	put(x, "max_local_dsq_depth", number(s->n_depth ? s->max_depth : RUN_ABSENT));
	put(x, "max_local_dsq_depth_cpu", number(s->n_depth ? s->max_depth_cpu : RUN_ABSENT));
	put(x, "avg_local_dsq_depth", mean(s->sum_depth, s->n_depth));
	put(x, "avg_nr_running", mean(s->sum_nr, s->n_nr));
	put_stuck(x, m, s);
	put(x, "elapsed_seconds", scaled(s->elapsed_ns, 1e9));
	put(x, "rates_per", json_string(s->host_time ? "host second" : "guest second"));
	put_events(x, s);
	put_schedstat(x, s);
	put_progs(x, s);
}

/* ---- thresholds ---- */

static json_t *limit(const struct thresholds *t, enum threshold which)
{
	if (which == THRESHOLD_STALL)
		return json_true();
	if (which == THRESHOLD_IMBALANCE)
		return scaled(t->limit[which], 1e6);
	return number(t->limit[which]);
}

static json_t *held(enum threshold_state state)
{
	return state == THRESHOLD_UNKNOWN ? json_null() : json_boolean(state == THRESHOLD_HELD);
}

static void put_thresholds(struct object o, const struct run *r)
{
	const struct monitor *m = &r->monitor;
	struct object all = put_object(o, "thresholds");

	for (unsigned int i = 0; i < THRESHOLDS; i++) {
		struct object x = put_object(all, threshold_infos[i].name);
		char why[THRESHOLD_WHY_MAX];
		enum threshold_state state = monitor_threshold(r, (enum threshold)i, why);

		put(x, "limit", limit(&m->limits, (enum threshold)i));
		put(x, "enforced", json_boolean(monitor_enforces(r, (enum threshold)i)));
		put(x, "held", held(state));
		put(x, "why", text(why));
	}
	put(all, "sustained_samples", number(m->limits.sustained_samples));
	put(all, "warm_up_samples", number(SCOPE_WARM_UP));
}

/* What all that was asked for comes to; null when nothing was. */
static json_t *verdict(const struct run *r)
{
	bool any = false, unknown = false;
	char why[THRESHOLD_WHY_MAX];

	for (unsigned int i = 0; i < THRESHOLDS; i++) {
		enum threshold_state state;

		if (!monitor_enforces(r, (enum threshold)i))
			continue;
		any = true;
		state = monitor_threshold(r, (enum threshold)i, why);
		if (state == THRESHOLD_EXCEEDED)
			return json_string(status_names[STATUS_FAIL]);
		unknown |= state == THRESHOLD_UNKNOWN;
	}
	if (!any)
		return json_null();
	return json_string(status_names[unknown ? STATUS_INCONCLUSIVE : STATUS_PASS]);
}

static void put_violations(struct object o, const struct monitor *m, const struct scope *s)
{
	json_t *list = put_array(o, "violations");

	for (size_t i = 0; i < s->n_violations; i++) {
		const struct violation *v = &s->violations[i];
		struct object x = object_new(o.failed);
		char line[MONITOR_LINE_MAX];

		violation_format(v, &m->limits, monitor_start_ns(m), line, sizeof(line));
		put(x, "threshold", json_string(threshold_infos[v->which].name));
		put(x, "cpu", number(v->cpu));
		put(x, "at_ms", offset(m, v->from_ns));
		put(x, "duration_ms", number(v->span_ns / NSEC_PER_MSEC));
		put(x, "samples", number(v->samples));
		put(x, "worst", v->which == THRESHOLD_STALL ? json_null() : real(v->worst));
		put(x, "message", json_string(line));
		add(o, list, x.json);
	}
	put(o, "violations_omitted", number(s->more_violations));
}

/* ---- the monitor itself ---- */

static void put_watchdog(struct object o, const struct monitor *m)
{
	struct object x;

	if (!m->watchdog_told) {
		put(o, "watchdog", json_null());
		return;
	}
	x = put_object(o, "watchdog");
	put(x, "expected_jiffies", number(m->watchdog_expected));
	put(x, "observed_jiffies", number(m->watchdog_observed));
	put(x, "hz", number(m->watchdog_hz));
}

static void put_kernel(struct object o, const struct monitor *m)
{
	struct object x = put_object(o, "kernel");

	put(x, "release", text(m->release));
	put(x, "hz", number(m->hz ? m->hz : RUN_ABSENT));
	put(x, "cpus", number(m->schemas ? m->cpus : RUN_ABSENT));
	put(x, "ops", text(m->ops));
	put(x, "generations", number(m->generations));
	put(x, "attach_ns", number(m->attach_ns));
	put(x, "lost", number(m->lost));
}

static void put_notes(struct object o, const struct monitor *m)
{
	json_t *list = put_array(o, "notes");

	for (size_t i = 0; i < m->n_notes; i++) {
		struct object x = object_new(o.failed);

		put(x, "kind", json_string(monitor_note_names[m->notes[i].kind]));
		put(x, "message", json_string(m->notes[i].message));
		add(o, list, x.json);
	}
	put(o, "notes_omitted", number(m->more_notes));
}

static void put_counts(struct object o, const struct monitor *m, const struct scope *s)
{
	struct object x;

	put(o, "samples", number(m->samples));
	put(o, "valid", number(s->samples));
	put(o, "judged", number(s->judged));
	put(o, "invalid", number(m->invalid));
	x = put_object(o, "invalid_by");
	for (size_t i = 0; i < SAMPLE_INVALIDS; i++)
		put(x, sample_invalid_names[i], number(m->invalid_by[i]));
	put(o, "missed", number(m->missed));
	put(o, "retries", number(m->retries));
	put(o, "schemas", number(m->schemas));
	put(o, "max_sample_us", m->samples ? scaled(m->took_max_ns, 1e3) : json_null());
	put(o, "avg_sample_us", mean((double)m->took_sum_ns / 1e3, m->samples));
	put(o, "end_reason", m->end.told ? text(m->end.reason) : json_null());
	put(o, "complete", json_boolean(m->end.told && m->end.samples == m->samples));
}

void put_monitor(struct object o, const struct run *r)
{
	const struct monitor *m = &r->monitor;
	const struct scope *s = monitor_scope_of(r);
	struct object x;

	if (!m->seen) {
		put(o, "monitor", json_null());
		return;
	}
	x = put_object(o, "monitor");
	put(x, "scope", json_string(scope_names[monitor_scope(m, r->plan.has_scheduler)]));
	put_summary(x, m, s);
	put_thresholds(x, r);
	put(x, "verdict", verdict(r));
	put_violations(x, m, s);
	put_counts(x, m, s);
	put_watchdog(x, m);
	put_kernel(x, m);
	put_notes(x, m);
}

void put_verifier_stats(struct object o, const struct run *r)
{
	/* Programs are of a scheduler, whatever the plan says. */
	const struct progs *p = &r->monitor.scopes[SCOPE_ALL].progs;
	json_t *list;

	if (!p->n) { /* a look at the stopped machine has them, too */
		put(o, "verifier_stats", captured_progs(&r->captures));
		return;
	}
	list = put_array(o, "verifier_stats");
	for (size_t i = 0; i < p->n; i++) {
		struct object x = object_new(o.failed);

		put(x, "name", json_string(p->list[i].name));
		put(x, "verified_insns", number(p->list[i].verified_insns));
		add(o, list, x.json);
	}
}

/* ---- for people ---- */

int text_monitor(const struct run *r, struct buf *out)
{
	const struct monitor *m = &r->monitor;
	const struct scope *s = monitor_scope_of(r);
	char line[MONITOR_LINE_MAX];

	if (!m->seen)
		return 0;
	if (buf_addf(out,
		     "\n  monitor       %" PRIu64 " samples, %" PRIu64 " invalid, %" PRIu64
		     " missed; of these %" PRIu64 " valid ones count\n",
		     m->samples, m->invalid, m->missed, s->samples))
		return -1;
	if (s->samples && buf_addf(out, "    imbalance   %.2f at most, %.2f on average\n",
				   s->max_ratio, s->sum_ratio / (double)s->samples))
		return -1;
	if (s->n_nr && buf_addf(out, "    nr_running  %.2f a CPU\n", s->sum_nr / (double)s->n_nr))
		return -1;
	if (s->n_depth &&
	    buf_addf(out,
		     "    local DSQs  %" PRIu64 " deep at most (cpu%" PRIu64 "), %.2f on "
		     "average\n",
		     s->max_depth, s->max_depth_cpu, s->sum_depth / (double)s->n_depth))
		return -1;
	if (!s->stuck.found)
		return 0;
	stuck_format(s->stuck.cpu, s->stuck.span_ns, s->stuck.from_ns, monitor_start_ns(m), line,
		     sizeof(line));
	return buf_addf(out, "    longest     %s\n", line);
}
