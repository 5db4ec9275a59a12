/* SPDX-License-Identifier: GPL-2.0-only */
#include "scenario/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/op.h"
#include "scenario/units.h"

#define PPM 1000000u
/* Two rounds show every error of existence in a loop: the second begins as all others do. */
#define LOOP_ROUNDS_CHECKED 2u

/* ---- holds ---- */

static int hold_check(const struct scenario *s, size_t i, uint64_t *sum_ns, uint64_t *sum_ppm,
		      struct err *e)
{
	const struct scenario_step *step = &s->steps[i];
	bool open_ended = step->hold == HOLD_REST || step->hold == HOLD_LOOP;
	char held[UNITS_TEXT_MAX], duration[UNITS_TEXT_MAX];

	if (open_ended && i + 1 < s->n_steps)
		return err_set(e, EINVAL,
			       "step '%s' holds for the rest, so step '%s' could never begin",
			       step->name, s->steps[i + 1].name);
	if (step->hold == HOLD_FRACTION)
		*sum_ppm += step->hold_ppm;
	if (*sum_ppm > PPM) {
		ppm_format((uint32_t)*sum_ppm, held);
		return err_set(e, ERANGE, "the holds up to step '%s' add up to %s", step->name,
			       held);
	}
	if (!open_ended)
		*sum_ns += scenario_hold_ns(s, i);
	span_format(*sum_ns, held);
	span_format(s->duration_ns, duration);
	if (*sum_ns > s->duration_ns)
		return err_set(e, ERANGE,
			       "the holds up to step '%s' take %s, longer than the duration of %s",
			       step->name, held, duration);
	if (open_ended && *sum_ns == s->duration_ns)
		return err_set(e, EINVAL, "nothing of the duration of %s is left for step '%s'",
			       duration, step->name);
	return 0;
}

static int holds_check(const char *file, const struct scenario *s, struct err *e)
{
	uint64_t sum_ns = 0, sum_ppm = 0;

	for (size_t i = 0; i < s->n_steps; i++)
		if (hold_check(s, i, &sum_ns, &sum_ppm, e))
			return err_prefix(e, "%s:%u", file, s->steps[i].line);
	return 0;
}

/* ---- operations ---- */

struct group {
	const char *name;  /* of the operation that made it */
	unsigned int line; /* of the same */
	bool has_cpuset;
	struct cpus cpus; /* all of the machine without a cpuset */
};

struct walk {
	const struct scenario *s;
	struct cpus all;
	uint64_t workers; /* started so far */
	size_t n_groups;
	struct group groups[SCENARIO_CGROUPS_MAX];
};

static struct group *group_find(struct walk *w, const char *name)
{
	for (size_t i = 0; i < w->n_groups; i++)
		if (strcmp(w->groups[i].name, name) == 0)
			return &w->groups[i];
	return NULL;
}

static int group_set_cpus(struct walk *w, struct group *g, const struct cpuset_spec *spec,
			  struct err *e)
{
	g->has_cpuset = spec->kind != CPUSET_NONE;
	g->cpus = w->all;
	if (g->has_cpuset && cpuset_resolve(spec, &w->s->topology, &g->cpus, e))
		return err_prefix(e, "cpuset of '%s'", g->name);
	return 0;
}

static int group_add(struct walk *w, const struct scenario_op *op, struct group **ret,
		     struct err *e)
{
	struct group *g = group_find(w, op->name);

	if (g)
		return err_set(e, EEXIST, "cgroup '%s' exists already (line %u)", op->name,
			       g->line);
	if (w->n_groups == SCENARIO_CGROUPS_MAX)
		return err_set(e, E2BIG, "more than %u cgroups at a time", SCENARIO_CGROUPS_MAX);
	g = &w->groups[w->n_groups++];
	*g = (struct group){.name = op->name, .line = op->line};
	*ret = g;
	return group_set_cpus(w, g, &op->cpuset, e);
}

static int groups_swap(struct group *a, struct group *b, struct err *e)
{
	struct cpus kept = a->cpus;

	if (!a->has_cpuset || !b->has_cpuset)
		return err_set(e, EINVAL, "cgroup '%s' has no cpuset to swap",
			       a->has_cpuset ? b->name : a->name);
	a->cpus = b->cpus;
	b->cpus = kept;
	return 0;
}

/* The kernel refuses an affinity that leaves a task no CPU of its cpuset. */
static int affinity_check(const struct walk *w, const struct group *g,
			  const struct cpuset_spec *affinity, struct err *e)
{
	struct cpus cpus;

	if (affinity->kind == CPUSET_NONE)
		return 0;
	if (cpuset_resolve(affinity, &w->s->topology, &cpus, e))
		return err_prefix(e, "affinity");
	if (!cpus_intersect(&cpus, &g->cpus))
		return err_set(e, EINVAL, "the affinity has no CPU of the cpuset of '%s'", g->name);
	return 0;
}

static int op_check(struct walk *w, const struct scenario_op *op, struct err *e)
{
	struct group *g = NULL, *other = NULL;

	if (op_infos[op->type].subject != OP_ON_CGROUP)
		return 0;
	if (op->type == OP_CGROUP) {
		if (group_add(w, op, &g, e))
			return -1;
		return affinity_check(w, g, &op->affinity, e);
	}
	g = group_find(w, op->name);
	if (g && *op->name2)
		other = group_find(w, op->name2);
	if (!g || (*op->name2 && !other))
		return err_set(e, ENOENT, "there is no cgroup '%s' at this point",
			       g ? op->name2 : op->name);
	switch (op->type) {
	case OP_REMOVE_CGROUP:
		*g = w->groups[--w->n_groups];
		return 0;
	case OP_SET_CPUSET:
	case OP_CLEAR_CPUSET: /* its spec is CPUSET_NONE */
		return group_set_cpus(w, g, &op->cpuset, e);
	case OP_SWAP_CPUSETS:
		return groups_swap(g, other, e);
	case OP_SPAWN:
	case OP_SET_AFFINITY:
		return affinity_check(w, g, &op->affinity, e);
	case OP_CGROUP:
	case OP_STOP_WORKERS:
	case OP_MOVE_TASKS:
	case OP_SNAPSHOT:
	case OP_WATCH:
	case OP_TYPES:
		break;
	}
	return 0;
}

/* How often the operations of @step run, but for those that do once. */
static uint64_t step_rounds(const struct scenario *s, size_t step)
{
	uint64_t interval = s->steps[step].hold_ns;

	if (s->steps[step].hold != HOLD_LOOP)
		return 1;
	return (scenario_hold_ns(s, step) + interval - 1) / interval;
}

/* The workers that @op starts in all of its @rounds. */
static int workers_add(struct walk *w, const struct scenario_op *op, uint64_t rounds, struct err *e)
{
	w->workers += op->workers * (op->type == OP_CGROUP ? 1 : rounds);
	if (w->workers > SCENARIO_WORKERS_TOTAL_MAX)
		return err_set(e, E2BIG, "the scenario starts more than %u workers in all%s",
			       SCENARIO_WORKERS_TOTAL_MAX,
			       op->type == OP_SPAWN && rounds > 1 ? " (here again each round)"
								  : "");
	return 0;
}

static int step_check(const char *file, struct walk *w, size_t i, struct err *e)
{
	const struct scenario_step *step = &w->s->steps[i];
	uint64_t rounds = step_rounds(w->s, i);

	for (uint64_t round = 0; round < rounds && round < LOOP_ROUNDS_CHECKED; round++) {
		for (size_t k = 0; k < step->n_ops; k++) {
			const struct scenario_op *op = &step->ops[k];

			if (round && scenario_op_once(op->type))
				continue;
			if (op_check(w, op, e)) {
				if (round)
					err_prefix(e, "in the second round of the loop");
				return err_prefix(e, "%s:%u", file, op->line);
			}
			if (!round && workers_add(w, op, rounds, e))
				return err_prefix(e, "%s:%u", file, op->line);
		}
	}
	return 0;
}

static int ops_check(const char *file, const struct scenario *s, struct err *e)
{
	struct walk *w = calloc(1, sizeof(*w));
	int ret = 0;

	if (!w)
		return err_set(e, ENOMEM, "out of memory");
	w->s = s;
	cpus_add_range(&w->all, 0, topology_cpus(&s->topology) - 1);
	for (size_t i = 0; i < s->n_steps && !ret; i++)
		ret = step_check(file, w, i, e);
	free(w);
	return ret;
}

int scenario_check(const char *file, const struct scenario *s, struct err *e)
{
	if (holds_check(file, s, e))
		return -1;
	return ops_check(file, s, e);
}
