/* SPDX-License-Identifier: GPL-2.0-only */
#include "scenario/format.h"

#include <inttypes.h>

#include "scenario/op.h"
#include "scenario/units.h"
#include "scenario/words.h"

static int span_line(struct buf *b, const char *name, uint64_t ns)
{
	char span[UNITS_TEXT_MAX];

	span_format(ns, span);
	return buf_addf(b, "%s %s\n", name, span);
}

static int quoted_line(struct buf *b, const char *name, const char *word)
{
	return buf_addf(b, "%s ", name) || words_quote(b, word) || buf_addf(b, "\n") ? -1 : 0;
}

static int scheduler_line(struct buf *b, char *const *argv)
{
	if (buf_addf(b, "scheduler"))
		return -1;
	for (; *argv; argv++)
		if (buf_addf(b, " ") || words_quote(b, *argv))
			return -1;
	return buf_addf(b, "\n");
}

static int header_format(const struct scenario *s, struct buf *b)
{
	char topology[TOPOLOGY_TEXT_MAX];

	topology_format(&s->topology, topology);
	if (buf_addf(b, "test %s\ntopology %s\n", s->name, topology) ||
	    (s->memory_mib && buf_addf(b, "memory %" PRIu64 "M\n", s->memory_mib)) ||
	    (s->scheduler && scheduler_line(b, s->scheduler)) ||
	    span_line(b, "duration", s->duration_ns) ||
	    (s->watchdog_ns && span_line(b, "watchdog", s->watchdog_ns)) ||
	    span_line(b, "timeout", s->timeout_ns) ||
	    (s->snapshots && buf_addf(b, "snapshots %u\n", s->snapshots)))
		return -1;
	if (s->expect_error_text)
		return quoted_line(b, "expect-error", s->expect_error_text);
	return s->expect_error ? buf_addf(b, "expect-error\n") : 0;
}

static int step_line(struct buf *b, const struct scenario_step *step)
{
	char value[UNITS_TEXT_MAX];

	switch (step->hold) {
	case HOLD_FRACTION:
		ppm_format(step->hold_ppm, value);
		return buf_addf(b, "\nstep %s hold=%s\n", step->name, value);
	case HOLD_FIXED:
		span_format(step->hold_ns, value);
		return buf_addf(b, "\nstep %s hold=%s\n", step->name, value);
	case HOLD_REST:
		return buf_addf(b, "\nstep %s hold=rest\n", step->name);
	case HOLD_LOOP:
		span_format(step->hold_ns, value);
		return buf_addf(b, "\nstep %s hold=loop:%s\n", step->name, value);
	}
	return 0;
}

static int step_format(const struct scenario_step *step, struct buf *b)
{
	bool implicit = step->hold == HOLD_FIXED && !step->hold_ns;

	if (implicit ? buf_addf(b, "\n") : step_line(b, step))
		return -1;
	for (size_t i = 0; i < step->n_ops; i++)
		if (buf_addf(b, implicit ? "" : "  ") || op_format(b, &step->ops[i]) ||
		    buf_addf(b, "\n"))
			return -1;
	return 0;
}

static int checks_format(const struct scenario_checks *c, struct buf *b)
{
	char gap[UNITS_TEXT_MAX] = "off", spread[UNITS_TEXT_MAX] = "off";

	if (c->max_gap_ns)
		span_format(c->max_gap_ns, gap);
	if (c->max_spread_ppm)
		ppm_format(c->max_spread_ppm, spread);
	return buf_addf(b,
			"\ncheck not-starved %s\ncheck isolation %s\ncheck max-gap %s\n"
			"check max-spread %s\n",
			c->not_starved ? "on" : "off", c->isolation ? "on" : "off", gap, spread);
}

/* What is off by default is written only when it is on. */
static int monitor_format(const struct thresholds *t, struct buf *b)
{
	char limit[UNITS_TEXT_MAX];

	for (unsigned int i = 0; i < THRESHOLDS; i++) {
		if (t->limit[i] == THRESHOLD_OFF)
			continue;
		threshold_format((enum threshold)i, t->limit[i], limit);
		if (buf_addf(b, "check %s %s\n", threshold_infos[i].check, limit))
			return -1;
	}
	if (t->sustained_samples == SUSTAINED_DEFAULT)
		return 0;
	return buf_addf(b, "check sustained-samples %u\n", t->sustained_samples);
}

int scenario_format(const struct scenario *s, struct buf *b)
{
	if (header_format(s, b))
		return -1;
	for (size_t i = 0; i < s->n_steps; i++)
		if (step_format(&s->steps[i], b))
			return -1;
	if (checks_format(&s->checks, b) || monitor_format(&s->checks.monitor, b))
		return -1;
	for (size_t i = 0; i < s->n_expects; i++)
		if (quoted_line(b, "expect", s->expects[i]))
			return -1;
	return 0;
}
