/* SPDX-License-Identifier: GPL-2.0-only */
/* Part of a dump: the run queue of each CPU as sched_ext sees it. */
#include <errno.h>
#include <stdlib.h>

#include "dump/sched_parts.h"

/* Numbers of struct scx_rq, and of what it holds since 7.3 for tasks that were left too long. */
static int numbers_find(struct sched_dump *d, const struct kernel *k, struct err *e)
{
	struct err missing;
	struct member m;

	if (types_member(k->types, "rq", "scx", &m, &missing) == 0)
		numbers_add(&d->rq_numbers, k->types, "scx_rq", m.offset);
	if (numbers_seal(&d->rq_numbers, e) < 0)
		return -1;
	d->rq_bytes = calloc(k->nr_cpu_ids, d->rq_numbers.f.size + 1);
	return d->rq_bytes ? 0 : err_set(e, ENOMEM, "out of memory");
}

int sched_rqs_init(struct sched_dump *d, const struct kernel *k, struct err *e)
{
	if (rq_layout_init(&d->rq_layout, k, e) < 0 || numbers_find(d, k, e) < 0)
		return -1;
	d->cpus = calloc(k->nr_cpu_ids, sizeof(*d->cpus));
	return d->cpus ? 0 : err_set(e, ENOMEM, "out of memory");
}

static void cpu_read(struct sched_dump *d, const struct kernel *k, unsigned int cpu)
{
	struct sched_cpu *c = &d->cpus[d->n_cpus];
	uint8_t *bytes = d->rq_bytes + (size_t)d->n_cpus * d->rq_numbers.f.size;
	struct err e;

	d->n_cpus++;
	*c = (struct sched_cpu){.cpu = cpu, .curr = TASKSET_NONE};
	if (rq_place(&d->rq_layout, k, cpu, &c->place, &e) < 0)
		return;
	c->place.flat = false; /* its extent is that of other members */
	if (rq_read(&d->rq_layout, &k->mem, &c->place, &c->rq, &e) < 0 ||
	    fields_read(&d->rq_numbers.f, &k->mem, &c->place, bytes, &e) < 0)
		return;
	c->is_there = true;
	if (c->rq.curr && c->rq.curr != FIELDS_ABSENT)
		c->curr = taskset_add(&d->set, c->rq.curr);
}

int sched_rqs_read(struct sched_dump *d, const struct kernel *k, struct err *e)
{
	uint64_t possible[KERNEL_MASK_WORDS_MAX];

	d->n_cpus = 0;
	if (kernel_cpumask(k, "__cpu_possible_mask", possible, e) < 0)
		return -1;
	for (unsigned int cpu = 0; cpu < k->nr_cpu_ids; cpu++)
		if (kernel_mask_has(possible, cpu))
			cpu_read(d, k, cpu);
	return 0;
}

static void curr_put(struct object o, const struct sched_dump *d, uint32_t task)
{
	const struct taskinfo *t;
	struct object curr;

	if (task == TASKSET_NONE || !d->tasks[task].is_there) {
		put(o, "curr", json_null());
		return;
	}
	t = &d->tasks[task];
	curr = put_object(o, "curr");
	sched_task_put(curr, d, task);
	put(curr, "class", t->class ? json_string(t->class) : json_null());
	sched_task_numbers_put(curr, d, t, TASK_PRIO, TASK_STATIC_PRIO);
	sched_task_numbers_put(curr, d, t, TASK_RUNTIME, TASK_UTIME);
	sched_task_numbers_put(curr, d, t, TASK_SCX_WEIGHT, TASK_SCX_STICKY_CPU);
}

static void cpu_put(struct object o, const struct sched_dump *d, unsigned int i)
{
	const struct sched_cpu *c = &d->cpus[i];

	put(o, "cpu", json_integer(c->cpu));
	if (!c->is_there) {
		put(o, "error", json_string("not in memory"));
		return;
	}
	put(o, "nr_running", sched_u64(c->rq.numbers[RQ_NR_RUNNING]));
	put(o, "scx_nr_running", sched_u64(c->rq.numbers[RQ_SCX_NR_RUNNING]));
	put(o, "local_dsq_depth", sched_u64(c->rq.numbers[RQ_LOCAL_DSQ_DEPTH]));
	put(o, "flags", sched_u64(c->rq.numbers[RQ_SCX_FLAGS]));
	put(o, "clock", sched_u64(c->rq.numbers[RQ_CLOCK]));
	put(o, "nr_switches", sched_u64(c->rq.numbers[RQ_NR_SWITCHES]));
	curr_put(o, d, c->curr);
	sched_numbers_put(put_object(o, "scx"), &d->rq_numbers,
			  d->rq_bytes + (size_t)i * d->rq_numbers.f.size);
}

json_t *sched_rqs_json(const struct sched_dump *d, const struct kernel *k, bool *failed)
{
	struct object top = {.json = json_array(), .failed = failed};

	(void)k;
	*failed |= !top.json;
	for (unsigned int i = 0; i < d->n_cpus; i++)
		cpu_put(add_object(top, top.json), d, i);
	return top.json;
}
