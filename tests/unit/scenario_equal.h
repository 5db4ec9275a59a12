/* SPDX-License-Identifier: GPL-2.0-only */
/* Do two scenarios say the same? All but the line numbers is compared. */
#ifndef KTSTR_TESTS_UNIT_SCENARIO_EQUAL_H
#define KTSTR_TESTS_UNIT_SCENARIO_EQUAL_H

#include <string.h>

#include "scenario/scenario.h"

static inline bool same_text(const char *a, const char *b)
{
	return (!a && !b) || (a && b && strcmp(a, b) == 0);
}

static inline bool same_spec(const struct cpuset_spec *a, const struct cpuset_spec *b)
{
	return a->kind == b->kind && a->index == b->index && a->parts == b->parts &&
	       a->from_ppm == b->from_ppm && a->to_ppm == b->to_ppm &&
	       a->overlap_ppm == b->overlap_ppm && cpus_equal(&a->exact, &b->exact);
}

static inline bool same_op(const struct scenario_op *a, const struct scenario_op *b)
{
	return a->type == b->type && same_text(a->name, b->name) && same_text(a->name2, b->name2) &&
	       same_text(a->symbol, b->symbol) && same_spec(&a->cpuset, &b->cpuset) &&
	       same_spec(&a->affinity, &b->affinity) && a->workers == b->workers &&
	       a->weight == b->weight && a->work.type == b->work.type &&
	       memcmp(a->work.params, b->work.params, sizeof(a->work.params)) == 0;
}

static inline bool same_step(const struct scenario_step *a, const struct scenario_step *b)
{
	if (!same_text(a->name, b->name) || a->hold != b->hold || a->hold_ppm != b->hold_ppm ||
	    a->hold_ns != b->hold_ns || a->n_ops != b->n_ops)
		return false;
	for (size_t i = 0; i < a->n_ops; i++)
		if (!same_op(&a->ops[i], &b->ops[i]))
			return false;
	return true;
}

static inline bool same_scheduler(char *const *a, char *const *b)
{
	if (!a || !b)
		return a == b;
	for (; *a && *b && strcmp(*a, *b) == 0; a++)
		b++;
	return !*a && !*b;
}

static inline bool same_lists(const struct scenario *a, const struct scenario *b)
{
	if (a->n_steps != b->n_steps || a->n_expects != b->n_expects)
		return false;
	for (size_t i = 0; i < a->n_steps; i++)
		if (!same_step(&a->steps[i], &b->steps[i]))
			return false;
	for (size_t i = 0; i < a->n_expects; i++)
		if (!same_text(a->expects[i], b->expects[i]))
			return false;
	return true;
}

static inline bool scenario_equal(const struct scenario *a, const struct scenario *b)
{
	return same_text(a->name, b->name) &&
	       memcmp(&a->topology, &b->topology, sizeof(a->topology)) == 0 &&
	       a->memory_mib == b->memory_mib && same_scheduler(a->scheduler, b->scheduler) &&
	       a->duration_ns == b->duration_ns && a->watchdog_ns == b->watchdog_ns &&
	       a->timeout_ns == b->timeout_ns && a->snapshots == b->snapshots &&
	       a->expect_error == b->expect_error &&
	       same_text(a->expect_error_text, b->expect_error_text) &&
	       a->checks.not_starved == b->checks.not_starved &&
	       a->checks.isolation == b->checks.isolation &&
	       a->checks.max_gap_ns == b->checks.max_gap_ns &&
	       a->checks.max_spread_ppm == b->checks.max_spread_ppm &&
	       memcmp(a->checks.monitor.limit, b->checks.monitor.limit,
		      sizeof(a->checks.monitor.limit)) == 0 &&
	       a->checks.monitor.sustained_samples == b->checks.monitor.sustained_samples &&
	       same_lists(a, b);
}

#endif
