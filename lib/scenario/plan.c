/* SPDX-License-Identifier: GPL-2.0-only */
#include "scenario/plan.h"

#include <jansson.h>

/* The value, or null for 0, which stands for "not given". */
static json_t *integer_or_null(uint64_t value)
{
	return value ? json_integer((json_int_t)value) : json_null();
}

static json_t *strings_json(char *const *list, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < n; i++) {
		if (json_array_append_new(array, json_string(list[i]))) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *scheduler_json(const struct scenario *s)
{
	size_t n = 0;

	while (s->scheduler && s->scheduler[n])
		n++;
	return s->scheduler ? strings_json(s->scheduler, n) : json_null();
}

static json_t *steps_json(const struct scenario *s)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < s->n_steps; i++) {
		json_t *step = json_pack("{s:s, s:I}", "name", s->steps[i].name, "ops",
					 (json_int_t)s->steps[i].n_ops);

		if (json_array_append_new(array, step)) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *limit_json(const struct thresholds *t, enum threshold which)
{
	if (which == THRESHOLD_STALL)
		return json_boolean(t->limit[which] != THRESHOLD_OFF);
	if (t->limit[which] == THRESHOLD_OFF)
		return json_null();
	return json_integer((json_int_t)t->limit[which]);
}

static json_t *thresholds_json(const struct thresholds *t)
{
	json_t *object = json_pack("{s:I}", "sustained_samples", (json_int_t)t->sustained_samples);

	for (unsigned int i = 0; object && i < THRESHOLDS; i++) {
		if (json_object_set_new(object, threshold_infos[i].member,
					limit_json(t, (enum threshold)i))) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

static json_t *checks_json(const struct scenario_checks *c)
{
	return json_pack("{s:b, s:b, s:o, s:o, s:o}", "not_starved", c->not_starved, "isolation",
			 c->isolation, "max_gap_ns", integer_or_null(c->max_gap_ns),
			 "max_spread_ppm", integer_or_null(c->max_spread_ppm), "monitor",
			 thresholds_json(&c->monitor));
}

char *scenario_plan_json(const struct scenario *s)
{
	char topology[TOPOLOGY_TEXT_MAX];
	json_t *plan;
	char *ret;

	topology_format(&s->topology, topology);
	plan = json_pack(
		"{s:s, s:s, s:I, s:I, s:o, s:I, s:o, s:I, s:I, s:b, s:s?, s:o, s:o, s:o}", "test",
		s->name, "topology", topology, "vcpus", (json_int_t)topology_cpus(&s->topology),
		"memory_mib", (json_int_t)scenario_memory_mib(s), "scheduler", scheduler_json(s),
		"duration_ns", (json_int_t)s->duration_ns, "watchdog_ns",
		integer_or_null(s->watchdog_ns), "timeout_ns", (json_int_t)s->timeout_ns,
		"snapshots", (json_int_t)s->snapshots, "expect_error", s->expect_error,
		"expect_error_text", s->expect_error_text, "steps", steps_json(s), "checks",
		checks_json(&s->checks), "expects", strings_json(s->expects, s->n_expects));
	ret = plan ? json_dumps(plan, JSON_COMPACT) : NULL;
	json_decref(plan);
	return ret;
}
