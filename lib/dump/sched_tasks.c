/* SPDX-License-Identifier: GPL-2.0-only */
/* Parts of a dump: who waits to run, and all about the tasks that other parts name. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "dump/sched_parts.h"

/* ---- the tasks ---- */

int sched_tasks_init(struct sched_dump *d, const struct kernel *k, struct err *e)
{
	d->tasks = calloc(TASKSET_MAX, sizeof(*d->tasks));
	if (!d->tasks)
		return err_set(e, ENOMEM, "out of memory");
	return taskinfo_layout_init(&d->task_layout, k, e);
}

int sched_tasks_read(struct sched_dump *d, const struct kernel *k, struct err *e)
{
	bool any = false;

	for (unsigned int i = 0; i < d->set.n; i++) {
		taskinfo_read(&d->task_layout, k, d->set.kva[i], &d->tasks[i]);
		any |= d->tasks[i].is_there;
	}
	return any ? 0 : err_set(e, ENOENT, "no task was met on any CPU or queue");
}

static void string_put(struct object o, const char *name, const char *v)
{
	put(o, name, v ? json_string(v) : json_null());
}

static void task_put(struct object o, const struct sched_dump *d, uint32_t i)
{
	const struct taskinfo *t = &d->tasks[i];
	char state[2] = {taskinfo_state(t)};

	sched_task_put(o, d, i);
	put(o, "parent_pid", sched_u64(t->parent_pid));
	put(o, "leader_pid", sched_u64(t->leader_pid));
	put(o, "pgid", sched_u64(t->pgid));
	put(o, "sid", sched_u64(t->sid));
	put(o, "n_threads", sched_u64(t->n_threads));
	sched_task_numbers_put(o, d, t, TASK_TGID, TASK_SCX);
	put(o, "state", json_string(state));
	string_put(o, "policy_name", taskinfo_policy(t));
	string_put(o, "class", t->class);
	put(o, "is_boosted", json_boolean(taskinfo_is_boosted(t)));
	put(o, "cgroup", sched_line(t->cgroup));
	put(o, "dsq", t->dsq ? sched_hex(t->dsq_id) : json_null());
	sched_task_numbers_put(put_object(o, "scx"), d, t, TASK_SCX, TASK_NUMBERS);
	if (d->task_layout.numbers[TASK_SCX_WEIGHT] >= 0)
		put(o, "scx_weight", sched_u64(t->numbers[TASK_SCX_WEIGHT]));
}

json_t *sched_tasks_json(const struct sched_dump *d, const struct kernel *k, bool *failed)
{
	struct object top = {.json = json_array(), .failed = failed};

	(void)k;
	*failed |= !top.json;
	for (unsigned int i = 0; i < d->set.n; i++)
		if (d->tasks[i].is_there)
			task_put(add_object(top, top.json), d, i);
	return top.json;
}

/* ---- those that are runnable ---- */

int sched_runnable_init(struct sched_dump *d, const struct kernel *k, struct err *e)
{
	return runnable_layout_init(&d->runnable_layout, k, e);
}

int sched_runnable_read(struct sched_dump *d, const struct kernel *k, struct err *e)
{
	if (runnable_read(&d->runnable_layout, k, &d->set, &d->runnable, e) < 0)
		return -1;
	if (!d->runnable.cut)
		return 0;
	*e = d->runnable.why;
	return 1;
}

/* Jiffies that a task has waited; -1 when it is not known since when. */
static int64_t wait_of(const struct sched_dump *d, uint32_t task)
{
	const struct taskinfo *t = &d->tasks[task];

	if (!t->is_there || d->task_layout.numbers[TASK_SCX_RUNNABLE_AT] < 0 ||
	    d->lacks[SCHED_JIFFIES].code || !d->is_read[SCHED_JIFFIES] ||
	    t->numbers[TASK_SCX_RUNNABLE_AT] > d->jiffies)
		return -1;
	return (int64_t)(d->jiffies - t->numbers[TASK_SCX_RUNNABLE_AT]);
}

static int longest_first(const void *a, const void *b, void *arg)
{
	const struct sched_dump *d = arg;
	unsigned int i = *(const unsigned int *)a, j = *(const unsigned int *)b;
	int64_t x = wait_of(d, d->runnable.tasks[i]), y = wait_of(d, d->runnable.tasks[j]);

	return x != y ? (x < y) - (x > y) : (i > j) - (i < j);
}

static void runnable_put(struct object o, const struct sched_dump *d, const struct kernel *k,
			 unsigned int i)
{
	uint32_t task = d->runnable.tasks[i];
	const struct taskinfo *t = &d->tasks[task];
	int64_t wait = wait_of(d, task);

	sched_task_put(o, d, task);
	put(o, "cpu", json_integer(d->runnable.cpus[i]));
	put(o, "class", t->class ? json_string(t->class) : json_null());
	sched_task_numbers_put(o, d, t, TASK_ON_RQ, TASK_NVCSW);
	put(o, "wait_ms",
	    wait < 0 || wait > INT64_MAX / 1000 || !k->hz ? json_null()
							  : json_integer(wait * 1000 / k->hz));
	put(o, "dsq", t->is_there && t->dsq ? sched_hex(t->dsq_id) : json_null());
	sched_task_numbers_put(o, d, t, TASK_SCX, TASK_NUMBERS);
}

json_t *sched_runnable_json(const struct sched_dump *d, const struct kernel *k, bool *failed)
{
	_cleanup_free_ unsigned int *order = calloc(d->runnable.n + 1, sizeof(*order));
	struct object top = {.json = json_array(), .failed = failed};

	*failed |= !top.json || !order;
	if (!order)
		return top.json;
	for (unsigned int i = 0; i < d->runnable.n; i++)
		order[i] = i;
	qsort_r(order, d->runnable.n, sizeof(*order), longest_first, (void *)d);
	for (unsigned int i = 0; i < d->runnable.n; i++)
		runnable_put(add_object(top, top.json), d, k, order[i]);
	return top.json;
}
