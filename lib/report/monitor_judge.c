/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/monitor_judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const struct scope *monitor_scope_of(const struct run *r)
{
	return &r->monitor.scopes[monitor_scope(&r->monitor, r->plan.has_scheduler)];
}

/* ---- what is missing ---- */

/* Why there are no samples at all to judge by; false when there are. */
static bool nothing_seen(const struct run *r, char why[THRESHOLD_WHY_MAX])
{
	static const char *const when[SCOPES] = {
		[SCOPE_ALL] = "",
		[SCOPE_SCHEDULER] = " while a scheduler was loaded",
		[SCOPE_SCENARIO] = " while the scenario ran",
	};
	const struct monitor *m = &r->monitor;
	const struct scope *s = monitor_scope_of(r);

	if (!m->seen)
		snprintf(why, THRESHOLD_WHY_MAX, "no monitor watched the guest");
	else if (!m->samples)
		snprintf(why, THRESHOLD_WHY_MAX, "no monitor samples");
	else if (!s->samples)
		snprintf(why, THRESHOLD_WHY_MAX, "no valid sample%s (%" PRIu64 " samples in all)",
			 when[monitor_scope(m, r->plan.has_scheduler)], m->samples);
	else if (s->clocks > 1 && !s->clocks_differ)
		snprintf(why, THRESHOLD_WHY_MAX,
			 "not yet initialised: the clocks of all run queues are the same in all "
			 "samples");
	else
		return false;
	return true;
}

/* Why there are too few for this threshold; false when there are enough. */
static bool too_few(const struct run *r, enum threshold which, char why[THRESHOLD_WHY_MAX])
{
	static const char *const what[THRESHOLDS] = {
		[THRESHOLD_IMBALANCE] = "nr_running",
		[THRESHOLD_DSQ_DEPTH] = "local_dsq_depth",
		[THRESHOLD_STALL] = "rq_clock and nr_running",
		[THRESHOLD_FALLBACK] = "the event counter select_cpu_fallback",
		[THRESHOLD_KEEP_LAST] = "the event counter dispatch_keep_last",
	};
	uint32_t need = r->monitor.limits.sustained_samples;
	const struct scope *s = monitor_scope_of(r);

	if (s->judged >= need && !s->judged_of[which])
		snprintf(why, THRESHOLD_WHY_MAX, "the samples do not have %s", what[which]);
	else if (s->judged_of[which] < need)
		snprintf(why, THRESHOLD_WHY_MAX,
			 "only %" PRIu64 " samples behind the first %u and %u ticks of guest time "
			 "apart, and it takes %u",
			 s->judged_of[which], SCOPE_WARM_UP, SCOPE_TICKS, need);
	else
		return false;
	return true;
}

/* Why samples may be missing that would show more; false when all there were came. */
static bool cut_short(const struct run *r, char why[THRESHOLD_WHY_MAX])
{
	const struct monitor_end *end = &r->monitor.end;

	if (!end->told)
		snprintf(why, THRESHOLD_WHY_MAX, "cut short: nothing tells how the monitor ended");
	else if (strcmp(end->reason, "failed") == 0)
		snprintf(why, THRESHOLD_WHY_MAX, "cut short: the monitor failed");
	else if (end->samples != r->monitor.samples)
		snprintf(why, THRESHOLD_WHY_MAX,
			 "the monitor sent %" PRIu64 " samples, and %" PRIu64 " are here",
			 end->samples, r->monitor.samples);
	else if (end->missed != RUN_ABSENT && end->missed > end->samples)
		snprintf(why, THRESHOLD_WHY_MAX,
			 "the monitor took %" PRIu64 " samples and missed the time of %" PRIu64,
			 end->samples, end->missed);
	else
		return false;
	return true;
}

static bool is_exceeded(const struct scope *s, enum threshold which)
{
	for (size_t i = 0; i < s->n_violations; i++)
		if (s->violations[i].which == which)
			return true;
	return false;
}

enum threshold_state monitor_threshold(const struct run *r, enum threshold which,
				       char why[THRESHOLD_WHY_MAX])
{
	*why = 0;
	/* Seen is seen, whatever else was not; clocks that never ran are no stall. */
	if (nothing_seen(r, why))
		return THRESHOLD_UNKNOWN;
	if (is_exceeded(monitor_scope_of(r), which))
		return THRESHOLD_EXCEEDED;
	return too_few(r, which, why) || cut_short(r, why) ? THRESHOLD_UNKNOWN : THRESHOLD_HELD;
}

/* ---- findings ---- */

static unsigned int row_of(enum threshold which)
{
	return ROW_MAX_IMBALANCE + (unsigned int)which;
}

static void exceeded_add(const struct run *r, enum threshold which, struct reasons *ret)
{
	const struct monitor *m = &r->monitor;
	const struct scope *s = monitor_scope_of(r);
	char text[MONITOR_LINE_MAX];

	for (size_t i = 0; i < s->n_violations; i++) {
		if (s->violations[i].which != which)
			continue;
		violation_format(&s->violations[i], &m->limits, monitor_start_ns(m), text,
				 sizeof(text));
		reasons_add(ret, STATUS_FAIL, REASON_MONITOR, row_of(which), "%s", text);
	}
}

bool monitor_enforces(const struct run *r, enum threshold which)
{
	return r->plan.monitor.limit[which] != THRESHOLD_OFF;
}

void monitor_judge(const struct run *r, struct reasons *ret)
{
	char why[THRESHOLD_WHY_MAX];

	for (unsigned int i = 0; i < THRESHOLDS; i++) {
		enum threshold which = (enum threshold)i;

		if (!monitor_enforces(r, which))
			continue;
		switch (monitor_threshold(r, which, why)) {
		case THRESHOLD_HELD:
			break;
		case THRESHOLD_EXCEEDED:
			exceeded_add(r, which, ret);
			break;
		case THRESHOLD_UNKNOWN:
			reasons_add(ret, STATUS_INCONCLUSIVE, REASON_MISSING, row_of(which),
				    "check %s cannot be judged: %s", threshold_infos[i].check, why);
			break;
		}
	}
}

/* ---- notes ---- */

static void watchdog_note(const struct run *r, struct reasons *ret)
{
	const struct monitor *m = &r->monitor;
	uint64_t want = m->watchdog_expected, is = m->watchdog_observed;

	if (m->watchdog_told && (want == RUN_ABSENT || is == RUN_ABSENT))
		reasons_add(ret, STATUS_PASS, REASON_NOTE, ROW_SCHEDULER,
			    "the timeout of sched_ext's watchdog could not be set");
	else if (m->watchdog_told && want != is)
		reasons_add(ret, STATUS_PASS, REASON_NOTE, ROW_SCHEDULER,
			    "the timeout of sched_ext's watchdog was set to %" PRIu64
			    " jiffies and reads as %" PRIu64,
			    want, is);
	else if (!m->watchdog_told && run_u64(r->plan_json, "watchdog_ns") != RUN_ABSENT)
		reasons_add(ret, STATUS_PASS, REASON_NOTE, ROW_SCHEDULER,
			    "the plan names a timeout for sched_ext's watchdog, and the monitor "
			    "does not tell that it set it");
}

void monitor_notes(const struct run *r, struct reasons *ret)
{
	const struct monitor *m = &r->monitor;

	if (!m->seen)
		return;
	watchdog_note(r, ret);
	for (size_t i = 0; i < m->n_notes; i++)
		if (m->notes[i].kind == MONITOR_TROUBLE || m->notes[i].kind == MONITOR_LOST)
			reasons_add(ret, STATUS_PASS, REASON_NOTE, ROW_STREAM, "monitor: %s",
				    m->notes[i].message);
	if (m->other_instances)
		reasons_add(ret, STATUS_PASS, REASON_NOTE, ROW_STREAM,
			    "%" PRIu64 " messages of a second monitor do not count",
			    m->other_instances);
}
