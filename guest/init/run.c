/* SPDX-License-Identifier: GPL-2.0-only */
#include "init/run.h"

#include <errno.h>

#include "base/clock.h"

#define EMPTY_NS (2 * NSEC_PER_SEC) /* for the processes of a cgroup to be gone */
#define LOOK_AGAIN_NS (2 * NSEC_PER_MSEC)

struct run {
	struct agent *agent;
	const struct scenario *sc;
	uint64_t start_ns;
	size_t step;	 /* index */
	size_t ops_done; /* of this step, repetitions included */
	bool again;	 /* in a loop's second round, or later */
};

/* ---- operations ---- */

static int spawn(struct run *r, const struct scenario_op *op, unsigned int cg, struct err *e)
{
	struct cpus affinity;
	struct workers_spec spec = {
		.cgroups = &r->agent->cgroups,
		.cgroup = cg,
		.count = op->workers,
		.work = &op->work,
		.step = r->step,
	};

	if (op->affinity.kind != CPUSET_NONE) {
		if (cpuset_resolve(&op->affinity, &r->sc->topology, &affinity, e))
			return -1;
		spec.affinity = &affinity;
	}
	return workers_spawn(&r->agent->workers, &spec, e);
}

static int set_cpuset(struct run *r, const struct scenario_op *op, unsigned int cg, struct err *e)
{
	struct cpus cpus;

	if (cpuset_resolve(&op->cpuset, &r->sc->topology, &cpus, e))
		return -1;
	return cgroups_set_cpuset(&r->agent->cgroups, cg, &cpus, e);
}

static int run_cgroup(struct run *r, const struct scenario_op *op, struct err *e)
{
	unsigned int cg;

	if (cgroups_make(&r->agent->cgroups, op->name, &cg, e))
		return -1;
	if (op->cpuset.kind != CPUSET_NONE && set_cpuset(r, op, cg, e))
		return -1;
	if (op->weight && cgroups_set_weight(&r->agent->cgroups, cg, op->weight, e))
		return -1;
	return spawn(r, op, cg, e);
}

static int run_remove_cgroup(struct run *r, const struct scenario_op *op, struct err *e)
{
	uint64_t deadline = clock_deadline_ns(EMPTY_NS);
	struct cgroups *c = &r->agent->cgroups;
	unsigned int cg;

	if (cgroups_find(c, op->name, &cg, e))
		return -1;
	agent_stop_workers(r->agent, cg);
	if (cgroups_kill(c, cg, e)) /* children of workers */
		return -1;
	while (cgroups_remove(c, cg, e)) {
		if (e->code != EBUSY || clock_now_ns() >= deadline)
			return -1;
		agent_wait(r->agent, clock_deadline_ns(LOOK_AGAIN_NS));
	}
	return 0;
}

static int run_set_cpuset(struct run *r, const struct scenario_op *op, struct err *e)
{
	unsigned int cg;

	if (cgroups_find(&r->agent->cgroups, op->name, &cg, e))
		return -1;
	return set_cpuset(r, op, cg, e);
}

static int run_clear_cpuset(struct run *r, const struct scenario_op *op, struct err *e)
{
	unsigned int cg;

	if (cgroups_find(&r->agent->cgroups, op->name, &cg, e))
		return -1;
	return cgroups_set_cpuset(&r->agent->cgroups, cg, NULL, e);
}

static int run_swap_cpusets(struct run *r, const struct scenario_op *op, struct err *e)
{
	unsigned int a, b;

	if (cgroups_find(&r->agent->cgroups, op->name, &a, e) ||
	    cgroups_find(&r->agent->cgroups, op->name2, &b, e))
		return -1;
	return cgroups_swap_cpusets(&r->agent->cgroups, a, b, e);
}

static int run_spawn(struct run *r, const struct scenario_op *op, struct err *e)
{
	unsigned int cg;

	if (cgroups_find(&r->agent->cgroups, op->name, &cg, e))
		return -1;
	return spawn(r, op, cg, e);
}

static int run_stop_workers(struct run *r, const struct scenario_op *op, struct err *e)
{
	unsigned int cg;

	if (cgroups_find(&r->agent->cgroups, op->name, &cg, e))
		return -1;
	agent_stop_workers(r->agent, cg);
	return 0;
}

static int run_move_tasks(struct run *r, const struct scenario_op *op, struct err *e)
{
	_Atomic uint32_t *placing = &r->agent->workers.shared->placing;
	unsigned int from, to;
	int ret;

	if (cgroups_find(&r->agent->cgroups, op->name, &from, e) ||
	    cgroups_find(&r->agent->cgroups, op->name2, &to, e))
		return -1;
	atomic_fetch_add(placing, 1);
	ret = cgroups_move_all(&r->agent->cgroups, from, to, e);
	if (ret == 0)
		workers_moved(&r->agent->workers, from, to);
	atomic_fetch_add(placing, 1);
	return ret;
}

static int run_set_affinity(struct run *r, const struct scenario_op *op, struct err *e)
{
	struct cpus cpus;
	unsigned int cg;

	if (cgroups_find(&r->agent->cgroups, op->name, &cg, e) ||
	    cpuset_resolve(&op->affinity, &r->sc->topology, &cpus, e))
		return -1;
	return workers_set_affinity(&r->agent->workers, cg, &cpus, e);
}

/* A capture that fails does not end the scenario. */
static int run_snapshot(struct run *r, const struct scenario_op *op, struct err *e)
{
	(void)e;
	captures_snapshot(&r->agent->captures, op->name, !r->again);
	return 0;
}

/* One too many fails the test, which goes on. */
static int run_watch(struct run *r, const struct scenario_op *op, struct err *e)
{
	if (captures_watch(&r->agent->captures, op->symbol, e) == 0)
		return 0;
	if (e->code != ENOSPC)
		return -1;
	link_trouble_step(&r->agent->link, r->step, op->line, e);
	return 0;
}

static int (*const op_runs[OP_TYPES])(struct run *, const struct scenario_op *, struct err *) = {
	[OP_CGROUP] = run_cgroup,
	[OP_REMOVE_CGROUP] = run_remove_cgroup,
	[OP_SET_CPUSET] = run_set_cpuset,
	[OP_CLEAR_CPUSET] = run_clear_cpuset,
	[OP_SWAP_CPUSETS] = run_swap_cpusets,
	[OP_SPAWN] = run_spawn,
	[OP_STOP_WORKERS] = run_stop_workers,
	[OP_MOVE_TASKS] = run_move_tasks,
	[OP_SET_AFFINITY] = run_set_affinity,
	[OP_SNAPSHOT] = run_snapshot,
	[OP_WATCH] = run_watch,
};

/* The step's operations once, then the new workers begin. @again: all but those that run once. */
static int step_ops(struct run *r, const struct scenario_step *step, bool again)
{
	struct err e;

	r->again = again;
	for (size_t i = 0; i < step->n_ops; i++) {
		const struct scenario_op *op = &step->ops[i];

		if (again && scenario_op_once(op->type))
			continue;
		if (op_runs[op->type](r, op, &e)) {
			link_trouble_step(&r->agent->link, r->step, op->line, &e);
			return -1;
		}
		if (r->agent->sched.lost)
			return -1;
		r->ops_done++;
		captures_due(&r->agent->captures);
	}
	workers_begin(&r->agent->workers);
	return 0;
}

/* ---- steps ---- */

static json_int_t iterations(const struct run *r)
{
	return (json_int_t)workers_iterations(&r->agent->workers);
}

static void step_tell(struct run *r, enum tlv_type type, const struct scenario_step *step)
{
	json_t *kinds = json_array();

	for (size_t i = 0; i < step->n_ops; i++)
		json_array_append_new(kinds, json_string(op_names[step->ops[i].type]));
	link_send_json(&r->agent->link, type,
		       json_pack("{s:I, s:s, s:I, s:I, s:o, s:I, s:I, s:I}", "step",
				 (json_int_t)r->step, "name", step->name, "at_ns",
				 (json_int_t)clock_now_ns(), "ops", (json_int_t)r->ops_done,
				 "op_kinds", kinds, "cgroups",
				 (json_int_t)cgroups_count(&r->agent->cgroups), "workers",
				 (json_int_t)workers_alive(&r->agent->workers, WORKERS_ALL),
				 "iterations", iterations(r)));
}

/*
 * Rounds of the operations, each held for the whole interval, however long its operations took,
 * until @end_ns. A round is begun only when half an interval is left, and gets that much at least,
 * so no worker is stopped before it had a chance.
 */
static int hold_loop(struct run *r, const struct scenario_step *step, uint64_t end_ns)
{
	uint64_t next = clock_deadline_ns(step->hold_ns);

	while (next + step->hold_ns / 2 <= end_ns) {
		if (agent_hold(r->agent, next) || step_ops(r, step, true))
			return -1;
		next = clock_deadline_ns(step->hold_ns);
		if (end_ns < next - step->hold_ns / 2)
			end_ns = next - step->hold_ns / 2;
	}
	return agent_hold(r->agent, end_ns);
}

static int step_run(struct run *r, const struct scenario_step *step)
{
	uint64_t end_ns;
	int ret;

	r->ops_done = 0;
	r->agent->captures.step = r->step;
	if (step_ops(r, step, false))
		return -1;
	end_ns = clock_deadline_ns(scenario_hold_ns(r->sc, r->step));
	step_tell(r, TLV_STEP_START, step);
	ret = step->hold == HOLD_LOOP ? hold_loop(r, step, end_ns) : agent_hold(r->agent, end_ns);
	if (ret)
		return -1;
	sched_check(&r->agent->sched);
	if (r->agent->sched.lost)
		return -1;
	step_tell(r, TLV_STEP_END, step);
	return 0;
}

int run_scenario(struct agent *a, const struct scenario *sc)
{
	struct run r = {.agent = a, .sc = sc, .start_ns = clock_now_ns()};
	int ret = 0;

	atomic_store(&a->workers.shared->scenario_start_ns, r.start_ns);
	link_send_json(&a->link, TLV_SCENARIO_START,
		       json_pack("{s:I, s:[]}", "at_ns", (json_int_t)r.start_ns, "cgroups"));
	captures_begin(&a->captures, sc, r.start_ns);
	if (!sc->n_steps) /* the scheduler alone */
		ret = agent_hold(a, clock_deadline_ns(sc->duration_ns));
	for (; r.step < sc->n_steps && !ret; r.step++)
		ret = step_run(&r, &sc->steps[r.step]);
	captures_end(&a->captures);
	if (!ret)
		link_send_json(&a->link, TLV_SCENARIO_END,
			       json_pack("{s:I, s:I}", "elapsed_ns",
					 (json_int_t)(clock_now_ns() - r.start_ns), "iterations",
					 iterations(&r)));
	link_life(&a->link, "teardown", NULL);
	agent_stop_workers(a, WORKERS_ALL);
	return ret;
}
