/* SPDX-License-Identifier: GPL-2.0-only */
/* Who waits. */
#include "kernel/runnable.h"

#include <errno.h>

#include "kernel/klist.h"

int runnable_layout_init(struct runnable_layout *l, const struct kernel *k, struct err *e)
{
	struct member list, node;

	*l = (struct runnable_layout){0};
	if (kernel_symbol(k, "runqueues", &l->runqueues, e) < 0 ||
	    types_member(k->types, "rq", "scx.runnable_list", &list, e) < 0 ||
	    types_member(k->types, "task_struct", "scx.runnable_node", &node, e) < 0)
		return -1;
	l->list = list.offset;
	l->node = node.offset;
	return 0;
}

struct listing {
	const struct runnable_layout *l;
	struct taskset *set;
	struct runnable *ret;
	unsigned int cpu;
};

static int node_take(void *arg, uint64_t node)
{
	struct listing *w = arg;
	struct runnable *r = w->ret;
	uint32_t task;

	if (r->n == TASKSET_MAX)
		return 1;
	task = taskset_add(w->set, node - w->l->node);
	if (task == TASKSET_NONE)
		return 1;
	r->cpus[r->n] = (uint16_t)w->cpu;
	r->tasks[r->n++] = task;
	return 0;
}

static void cut_note(struct runnable *r, const struct err *why)
{
	if (!r->cut)
		r->why = *why;
	r->cut = true;
}

static void list_take(struct listing *w, const struct kernel *k, uint64_t head)
{
	struct runnable *r = w->ret;
	unsigned int first = r->n;
	struct err e;
	int ret = klist_walk(&k->mem, head, TASKSET_MAX + 1, node_take, w, &e);

	if (!ret)
		return;
	if (ret > 0)
		err_set(&e, E2BIG, "more than %u tasks", TASKSET_MAX);
	else if (e.code == ELOOP)
		r->n = first + klist_unrepeated(&r->tasks[first], r->n - first);
	err_prefix(&e, "CPU %u", w->cpu);
	cut_note(r, &e);
}

int runnable_read(const struct runnable_layout *l, const struct kernel *k, struct taskset *set,
		  struct runnable *ret, struct err *e)
{
	struct listing w = {.l = l, .set = set, .ret = ret};
	uint64_t possible[KERNEL_MASK_WORDS_MAX], rq;
	struct err missing;

	ret->n = 0;
	ret->cut = false;
	if (kernel_cpumask(k, "__cpu_possible_mask", possible, e) < 0)
		return -1;
	for (w.cpu = 0; w.cpu < k->nr_cpu_ids; w.cpu++)
		if (kernel_mask_has(possible, w.cpu) &&
		    kernel_percpu(k, l->runqueues, w.cpu, &rq, &missing) == 0)
			list_take(&w, k, rq + l->list);
	return 0;
}
