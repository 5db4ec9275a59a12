/* SPDX-License-Identifier: GPL-2.0-only */
/* Part of a dump: dispatch queues and the tasks in them. */
#include <errno.h>

#include "dump/sched_parts.h"

int sched_queues_init(struct sched_dump *d, const struct kernel *k, struct err *e)
{
	return queues_layout_init(&d->queues_layout, k, e);
}

int sched_queues_read(struct sched_dump *d, const struct kernel *k, struct err *e)
{
	if (queues_read(&d->queues_layout, k, sched_root(d), &d->set, &d->queues, e) < 0)
		return -1;
	if (!d->queues.more)
		return 0;
	*e = d->queues.more_error;
	return 1;
}

static void owner_put(struct object o, const struct queue *q)
{
	switch (q->kind) {
	case QUEUE_LOCAL:
	case QUEUE_REJECT:
	case QUEUE_RESCUE:
	case QUEUE_BYPASS:
		put(o, "cpu", json_integer(q->owner));
		break;
	case QUEUE_GLOBAL:
		put(o, "node", json_integer(q->owner));
		break;
	case QUEUE_USER:
	case QUEUE_KINDS:
		break;
	}
}

static void task_put(struct object o, const struct sched_dump *d, uint32_t task)
{
	const struct taskinfo *t = &d->tasks[task];

	sched_task_put(o, d, task);
	if (!t->is_there)
		return;
	sched_task_numbers_put(o, d, t, TASK_CPU, TASK_PRIO);
	sched_task_numbers_put(o, d, t, TASK_SCX_FLAGS, TASK_SCX_STICKY_CPU);
}

static void queue_put(struct object o, const struct sched_dump *d, const struct queue *q)
{
	json_t *tasks;

	put(o, "id", sched_hex(q->id));
	put(o, "kind", json_string(queue_kind_names[q->kind]));
	owner_put(o, q);
	put(o, "kva", sched_hex(q->kva));
	put(o, "depth", sched_u64(q->nr));
	put(o, "seq", sched_u64(q->seq));
	tasks = put_array(o, "tasks");
	for (unsigned int i = 0; i < q->n; i++)
		task_put(add_object(o, tasks), d, d->queues.tasks[q->first + i]);
	if (queue_end_names[q->end])
		put(o, "truncated", json_string(queue_end_names[q->end]));
}

json_t *sched_queues_json(const struct sched_dump *d, const struct kernel *k, bool *failed)
{
	struct object top = {.json = json_array(), .failed = failed};

	(void)k;
	*failed |= !top.json;
	for (unsigned int i = 0; i < d->queues.n; i++)
		queue_put(add_object(top, top.json), d, &d->queues.q[i]);
	return top.json;
}
