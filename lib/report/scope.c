/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/scope.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

void scope_init(struct scope *s)
{
	*s = (struct scope){.max_ratio = 1.0};
}

void scope_deinit(struct scope *s)
{
	deltas_deinit(&s->events);
	deltas_deinit(&s->schedstat);
	progs_deinit(&s->progs);
	free(s->cpus);
	*s = (struct scope){0};
}

int scope_restart(struct scope *s, const struct schema *schema)
{
	unsigned int n = schema->tables[SAMPLE_CPU].n_rows;

	s->last = s->gate = (struct instant){0};
	s->gate_ns = s->gate_fallback = s->gate_keep_last = 0;
	s->imbalance = s->fallback = s->keep_last = (struct window){0};
	free(s->cpus);
	s->cpus = calloc((size_t)n + 1, sizeof(*s->cpus));
	if (!s->cpus || deltas_restart(&s->events, schema, SAMPLE_EVENT) ||
	    deltas_restart(&s->schedstat, schema, SAMPLE_SCHEDSTAT) ||
	    progs_restart(&s->progs, schema)) {
		free(s->cpus);
		s->cpus = NULL;
		return -1;
	}
	return 0;
}

void scope_forget(struct scope *s, const struct schema *schema)
{
	s->judged = 0;
	memset(s->judged_of, 0, sizeof(s->judged_of));
	s->n_violations = 0;
	s->more_violations = 0;
	s->imbalance = s->fallback = s->keep_last = (struct window){0};
	for (unsigned int i = 0; s->cpus && i < schema->tables[SAMPLE_CPU].n_rows; i++)
		s->cpus[i].depth = s->cpus[i].stall = (struct window){0};
}

/* ---- cells and time ---- */

static uint64_t cell(const struct reading *r, enum sample_table t, unsigned int row, int column)
{
	if (column < 0)
		return SAMPLE_ABSENT;
	return *sample_cell(r->sample, r->schema, t, row, (unsigned int)column);
}

static struct instant instant_of(const struct reading *r)
{
	bool has = r->schema->tables[SAMPLE_MACHINE].n_rows > 0;

	return (struct instant){
		.at_ns = r->sample->at_ns,
		.jiffies = has ? cell(r, SAMPLE_MACHINE, 0, r->at->jiffies) : SAMPLE_ABSENT,
	};
}

/* Jiffies from one to the other, SAMPLE_ABSENT when that is not known. */
static uint64_t ticks_between(const struct instant *from, const struct instant *to)
{
	if (from->jiffies == SAMPLE_ABSENT || to->jiffies == SAMPLE_ABSENT)
		return SAMPLE_ABSENT;
	return to->jiffies > from->jiffies ? to->jiffies - from->jiffies : 0;
}

static uint64_t host_between(const struct instant *from, const struct instant *to)
{
	return to->at_ns > from->at_ns ? to->at_ns - from->at_ns : 0;
}

/* Guest time if it is known; *host tells when it is not. */
static uint64_t span_between(const struct schema *schema, const struct instant *from,
			     const struct instant *to, bool *host)
{
	uint64_t ticks = ticks_between(from, to);
	unsigned __int128 ns;

	if (ticks == SAMPLE_ABSENT || !schema->hz) {
		*host = true;
		return host_between(from, to);
	}
	ns = (unsigned __int128)ticks * NSEC_PER_SEC / schema->hz;
	return ns > UINT64_MAX ? UINT64_MAX : (uint64_t)ns;
}

/* So much later that it counts? */
static bool is_apart(const struct instant *from, const struct instant *to)
{
	uint64_t ticks = ticks_between(from, to);

	return ticks == SAMPLE_ABSENT ? host_between(from, to) > 0 : ticks >= SCOPE_TICKS;
}

/* ---- windows ---- */

static void violation_update(struct scope *s, const struct reading *r, struct window *w,
			     enum threshold which, uint64_t cpu, const struct instant *now)
{
	struct violation *v;
	bool host;

	if (!w->violation) {
		if (s->n_violations == SCOPE_VIOLATIONS_MAX) {
			s->more_violations++;
			w->violation = SCOPE_VIOLATIONS_MAX + 1;
			return;
		}
		w->violation = (unsigned int)++s->n_violations;
	}
	if (w->violation > SCOPE_VIOLATIONS_MAX)
		return;
	v = &s->violations[w->violation - 1];
	*v = (struct violation){
		.which = which,
		.cpu = cpu,
		.from_ns = w->from.at_ns,
		.span_ns = span_between(r->schema, &w->from, now, &host),
		.samples = w->samples,
		.worst = w->worst,
	};
}

/* One value that is held against its limit. @counts: it may prolong a series, not just end it. */
static void window_take(struct scope *s, const struct reading *r, struct window *w,
			enum threshold which, uint64_t cpu, const struct instant *from,
			double value, bool exceeds, bool counts, const struct thresholds *limits)
{
	struct instant now = instant_of(r);

	if (!exceeds) {
		*w = (struct window){0};
		return;
	}
	if (!counts)
		return;
	if (!w->samples++)
		*w = (struct window){.samples = 1, .from = *from, .worst = value};
	if (value > w->worst)
		w->worst = value;
	if (w->samples >= limits->sustained_samples)
		violation_update(s, r, w, which, cpu, &now);
}

/* ---- a CPU that stands still ---- */

static void stuck_note(struct scope *s, const struct reading *r, const struct cpu_watch *w,
		       uint64_t cpu, const struct instant *now)
{
	bool host;
	uint64_t span = span_between(r->schema, &w->since, now, &host);

	if (s->stuck.found && span <= s->stuck.span_ns)
		return;
	s->stuck = (struct stuck){
		.found = true,
		.cpu = cpu,
		.from_ns = w->since.at_ns,
		.span_ns = span,
		.samples = w->pairs + 1,
	};
}

static void watch_begin(struct cpu_watch *w, uint64_t clock, const struct instant *now,
			uint64_t vcpu_ns)
{
	w->clock = clock;
	w->since = w->anchor = *now;
	w->anchor_vcpu_ns = vcpu_ns;
	w->pairs = 0;
	w->stall = (struct window){0};
}

/* Had the CPU time enough to move its clock since the anchor? */
static bool had_time(const struct cpu_watch *w, const struct reading *r, const struct instant *now,
		     uint64_t vcpu_ns)
{
	uint64_t hz = r->schema->hz ? r->schema->hz : SCOPE_DEFAULT_HZ;

	if (!is_apart(&w->anchor, now))
		return false;
	if (!r->vcpus_apart || vcpu_ns == SAMPLE_ABSENT || w->anchor_vcpu_ns == SAMPLE_ABSENT)
		return true;
	return vcpu_ns > w->anchor_vcpu_ns &&
	       vcpu_ns - w->anchor_vcpu_ns >= SCOPE_TICKS * NSEC_PER_SEC / hz;
}

static void watch_clock(struct scope *s, const struct reading *r, struct cpu_watch *w,
			unsigned int row, uint64_t nr, bool warm, const struct thresholds *limits)
{
	uint64_t clock = cell(r, SAMPLE_CPU, row, r->at->clock);
	uint64_t vcpu_ns = cell(r, SAMPLE_CPU, row, r->at->vcpu_ns);
	uint64_t cpu = r->schema->tables[SAMPLE_CPU].rows[row].key[0];
	struct instant now = instant_of(r);

	if (clock == SAMPLE_ABSENT || nr == SAMPLE_ABSENT)
		return;
	if (clock != w->clock || !clock || !nr) {
		watch_begin(w, nr ? clock : 0, &now, vcpu_ns);
		return;
	}
	if (!had_time(w, r, &now, vcpu_ns))
		return;
	w->pairs++;
	w->anchor = now;
	w->anchor_vcpu_ns = vcpu_ns;
	stuck_note(s, r, w, cpu, &now);
	if (warm)
		window_take(s, r, &w->stall, THRESHOLD_STALL, cpu, &w->since, 0, true, true,
			    limits);
}

/* ---- one reading ---- */

/* What is looked at in a sample as a whole. */
struct spread {
	uint64_t min, max;
	bool any, any_depth, any_clock;
};

static void clock_note(struct scope *s, uint64_t clock)
{
	if (clock == SAMPLE_ABSENT)
		return;
	if (s->clocks++ == 0)
		s->first_clock = clock;
	s->clocks_differ |= clock != s->first_clock;
}

static void depth_take(struct scope *s, const struct reading *r, struct cpu_watch *w,
		       unsigned int row, bool warm, bool apart, const struct thresholds *limits)
{
	uint64_t depth = cell(r, SAMPLE_CPU, row, r->at->depth);
	uint64_t cpu = r->schema->tables[SAMPLE_CPU].rows[row].key[0];
	struct instant now = instant_of(r);

	if (depth == SAMPLE_ABSENT)
		return;
	if (s->n_depth++ == 0 || depth > s->max_depth) {
		s->max_depth = depth;
		s->max_depth_cpu = cpu;
	}
	s->sum_depth += (double)depth;
	if (warm)
		window_take(s, r, &w->depth, THRESHOLD_DSQ_DEPTH, cpu, &now, (double)depth,
			    depth > limits->limit[THRESHOLD_DSQ_DEPTH], apart, limits);
}

static void cpu_take(struct scope *s, const struct reading *r, unsigned int row, bool warm,
		     bool apart, const struct thresholds *limits, struct spread *ret)
{
	uint64_t nr = cell(r, SAMPLE_CPU, row, r->at->nr_running);

	if (cell(r, SAMPLE_CPU, row, r->at->torn) == 1)
		return;
	if (nr != SAMPLE_ABSENT) {
		s->n_nr++;
		s->sum_nr += (double)nr;
		if (!ret->any || nr > ret->max)
			ret->max = nr;
		if (!ret->any || nr < ret->min)
			ret->min = nr;
		ret->any = true;
	}
	ret->any_depth |= cell(r, SAMPLE_CPU, row, r->at->depth) != SAMPLE_ABSENT;
	ret->any_clock |=
		nr != SAMPLE_ABSENT && cell(r, SAMPLE_CPU, row, r->at->clock) != SAMPLE_ABSENT;
	clock_note(s, cell(r, SAMPLE_CPU, row, r->at->clock));
	depth_take(s, r, &s->cpus[row], row, warm, apart, limits);
	watch_clock(s, r, &s->cpus[row], row, nr, warm, limits);
}

static void ratio_take(struct scope *s, const struct reading *r, const struct spread *x, bool warm,
		       bool apart, const struct thresholds *limits)
{
	double ratio = x->any ? (double)x->max / (double)(x->min ? x->min : 1) : 1.0;
	struct instant now = instant_of(r);

	s->sum_ratio += ratio;
	if (ratio > s->max_ratio)
		s->max_ratio = ratio;
	if (warm && x->any)
		window_take(s, r, &s->imbalance, THRESHOLD_IMBALANCE, SAMPLE_ABSENT, &now, ratio,
			    ratio * 1e6 > (double)limits->limit[THRESHOLD_IMBALANCE], apart,
			    limits);
}

/* The events of one column since the gate as a rate a second. */
static void rate_take(struct scope *s, const struct reading *r, struct window *w,
		      enum threshold which, uint64_t events, const struct thresholds *limits)
{
	double rate = (double)events * (double)NSEC_PER_SEC / (double)s->gate_ns;

	/* A rate is of the time that ends here: its series begins where that time began. */
	window_take(s, r, w, which, SAMPLE_ABSENT, &s->gate, rate,
		    rate > (double)limits->limit[which], true, limits);
	s->judged_of[which]++;
}

static uint64_t step_of(const struct deltas *d, const char *name, bool *counted)
{
	const struct delta *x = deltas_find(d, name);

	*counted = x && x->counted;
	return x ? x->step : 0;
}

static void events_take(struct scope *s, const struct reading *r, uint64_t span, bool warm,
			bool apart, const struct thresholds *limits)
{
	bool has_fallback, has_keep_last;
	uint64_t fallback, keep_last;

	deltas_take(&s->events, r->sample->cells[SAMPLE_EVENT]);
	fallback = step_of(&s->events, "select_cpu_fallback", &has_fallback);
	keep_last = step_of(&s->events, "dispatch_keep_last", &has_keep_last);
	if (fallback > s->max_fallback_burst)
		s->max_fallback_burst = fallback;
	s->gate_ns += span;
	s->gate_fallback += fallback;
	s->gate_keep_last += keep_last;
	if (!apart || !warm || !s->gate_ns)
		return;
	if (has_fallback && r->at->fallback >= 0)
		rate_take(s, r, &s->fallback, THRESHOLD_FALLBACK, s->gate_fallback, limits);
	if (has_keep_last && r->at->keep_last >= 0)
		rate_take(s, r, &s->keep_last, THRESHOLD_KEEP_LAST, s->gate_keep_last, limits);
}

/* The next series of ten ticks begins here. */
static void gate_move(struct scope *s, const struct instant *now)
{
	s->gate = *now;
	s->gate_ns = s->gate_fallback = s->gate_keep_last = 0;
}

static void judged_count(struct scope *s, const struct spread *x)
{
	s->judged++;
	s->judged_of[THRESHOLD_IMBALANCE] += x->any;
	s->judged_of[THRESHOLD_DSQ_DEPTH] += x->any_depth;
	s->judged_of[THRESHOLD_STALL] += x->any_clock;
}

void scope_take(struct scope *s, const struct reading *r, const struct thresholds *limits)
{
	struct instant now = instant_of(r);
	bool first = s->last.at_ns == 0, warm = s->samples >= SCOPE_WARM_UP;
	uint64_t span = 0;
	struct spread x = {0};
	bool apart;

	if (!s->cpus)
		return;
	if (now.jiffies < s->gate.jiffies && s->gate.jiffies != SAMPLE_ABSENT)
		gate_move(s, &now); /* the guest's time went back: nothing to compare with */
	apart = first || is_apart(&s->gate, &now);
	if (!first)
		span = span_between(r->schema, &s->last, &now, &s->host_time);
	s->samples++;
	s->elapsed_ns += span;
	for (unsigned int row = 0; row < r->schema->tables[SAMPLE_CPU].n_rows; row++)
		cpu_take(s, r, row, warm, apart, limits, &x);
	ratio_take(s, r, &x, warm, apart, limits);
	events_take(s, r, span, warm, apart, limits);
	deltas_take(&s->schedstat, r->sample->cells[SAMPLE_SCHEDSTAT]);
	progs_take(&s->progs, r->schema, r->sample);
	if (warm && apart)
		judged_count(s, &x);
	if (apart)
		gate_move(s, &now);
	s->last = now;
}

/* ---- words ---- */

static uint64_t msec(uint64_t ns)
{
	return ns / NSEC_PER_MSEC;
}

static uint64_t offset_ms(uint64_t at_ns, uint64_t start_ns)
{
	return at_ns > start_ns ? msec(at_ns - start_ns) : 0;
}

void stuck_format(uint64_t cpu, uint64_t span_ns, uint64_t from_ns, uint64_t start_ns, char *ret,
		  size_t size)
{
	snprintf(ret, size, "stuck %" PRIu64 " ms on cpu%" PRIu64 " at +%" PRIu64 " ms",
		 msec(span_ns), cpu, offset_ms(from_ns, start_ns));
}

void violation_format(const struct violation *v, const struct thresholds *limits, uint64_t start_ns,
		      char *ret, size_t size)
{
	uint64_t limit = limits->limit[v->which];
	char what[128] = "";

	switch (v->which) {
	case THRESHOLD_STALL:
		stuck_format(v->cpu, v->span_ns, v->from_ns, start_ns, what, sizeof(what));
		snprintf(ret, size, "%s (%" PRIu64 " samples)", what, v->samples);
		return;
	case THRESHOLD_IMBALANCE:
		snprintf(what, sizeof(what), "imbalance ratio %.4g over %.4g", v->worst,
			 (double)limit / 1e6);
		break;
	case THRESHOLD_DSQ_DEPTH:
		snprintf(what, sizeof(what), "local DSQ depth %.0f over %" PRIu64 " on cpu%" PRIu64,
			 v->worst, limit, v->cpu);
		break;
	case THRESHOLD_FALLBACK:
		snprintf(what, sizeof(what), "select_cpu_fallback %.1f/s over %" PRIu64 "/s",
			 v->worst, limit);
		break;
	case THRESHOLD_KEEP_LAST:
		snprintf(what, sizeof(what), "dispatch_keep_last %.1f/s over %" PRIu64 "/s",
			 v->worst, limit);
		break;
	case THRESHOLDS:
		break;
	}
	snprintf(ret, size, "%s for %" PRIu64 " ms at +%" PRIu64 " ms (%" PRIu64 " samples)", what,
		 msec(v->span_ns), offset_ms(v->from_ns, start_ns), v->samples);
}
