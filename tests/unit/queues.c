/* SPDX-License-Identifier: GPL-2.0-only */
/* Dispatch queues of all kinds with the tasks on them: kernels of several ages, lists gone wrong.
 */
#include "kernel/queues.h"

#include <errno.h>

#include "test.h"
#include "toykernel.h"

#define WILD 0xdead000000000100ull

struct rig {
	struct toy t;
	struct queues_layout l;
	struct taskset set;
	struct queues q;
	struct err e;
};
static struct rig r;

static void rig_open(const char *without)
{
	CHECK(toy_create(&r.t, without, &r.e) == 0);
	CHECK(queues_layout_init(&r.l, &r.t.k, &r.e) == 0);
}

static void rig_close(void)
{
	queues_deinit(&r.q);
	toy_destroy(&r.t);
}

static void look(void)
{
	taskset_clear(&r.set);
	CHECK(queues_read(&r.l, &r.t.k, r.t.m->scx_root, &r.set, &r.q, &r.e) == 0);
}

/* The queue of @kind and @owner; there must be one. */
static const struct queue *find(enum queue_kind kind, unsigned int owner)
{
	for (unsigned int i = 0; i < r.q.n; i++)
		if (r.q.q[i].kind == kind && r.q.q[i].owner == owner)
			return &r.q.q[i];
	CHECK(!"there is such a queue");
	return &r.q.q[0];
}

static unsigned int count(enum queue_kind kind)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < r.q.n; i++)
		n += r.q.q[i].kind == kind;
	return n;
}

/* Whether @q holds waiters @first.. in that order, @n of them. */
static bool holds(const struct queue *q, unsigned int first, unsigned int n)
{
	bool ret = q->n == n;

	for (unsigned int i = 0; ret && i < n; i++)
		ret = r.set.kva[r.q.tasks[q->first + i]] ==
		      toy_kva(&r.t, &r.t.m->waiters[first + i]);
	return ret;
}

static void queues_of_each_kind(void)
{
	struct toy_memory *m;
	const struct queue *q;

	rig_open(NULL);
	m = r.t.m;
	toy_dsq_add(&r.t, &m->tables[0], 0, 77, 0);
	toy_wait(&r.t, &m->cpus[1].rq.scx.local_dsq, 1, 0);
	toy_wait(&r.t, &m->cpus[1].rq.scx.local_dsq, 1, 1);
	toy_wait(&r.t, &m->cpus[2].pcpu.bypass_dsq, 2, 2);
	toy_wait(&r.t, &m->globals[1], 0, 3);
	toy_wait(&r.t, &m->dsqs[0], 3, 4);
	toy_wait(&r.t, &m->dsqs[0], 3, 5);
	toy_wait(&r.t, &m->dsqs[0], 3, 6);
	look();
	CHECK(r.q.n == 4 + 4 + 2 + 1 && r.q.n_tasks == 7 && r.set.n == 7);
	q = find(QUEUE_LOCAL, 1);
	CHECK(q->id == (1ull << 63 | 2) && q->nr == 13 && q->seq == 2 && holds(q, 0, 2));
	CHECK(q->end == QUEUE_WHOLE && q->kva == toy_kva(&r.t, &m->cpus[1].rq.scx.local_dsq));
	CHECK(find(QUEUE_LOCAL, 0)->n == 0);
	CHECK(holds(find(QUEUE_BYPASS, 2), 2, 1) && find(QUEUE_BYPASS, 2)->id == (1ull << 63 | 3));
	CHECK(holds(find(QUEUE_GLOBAL, 1), 3, 1) && holds(find(QUEUE_GLOBAL, 0), 0, 0));
	q = find(QUEUE_USER, 0);
	CHECK(q->id == 77 && q->nr == 3 && holds(q, 4, 3));
	CHECK(!r.q.more);
	/* Again, from the same struct. */
	look();
	CHECK(r.q.n == 11 && r.q.n_tasks == 7 && r.set.n == 7);
	rig_close();
}

/* 6.19: bypass queues in the run queue, global ones without a struct around them. */
static void kernels_of_other_ages(void)
{
	struct toy_memory *m;

	rig_open("scx_sched_pcpu.bypass_dsq scx_sched_pnode");
	m = r.t.m;
	toy_wait(&r.t, &m->cpus[2].rq.scx.bypass_dsq, 2, 2);
	toy_wait(&r.t, &m->globals[1], 0, 3);
	look();
	CHECK(count(QUEUE_BYPASS) == 4 && holds(find(QUEUE_BYPASS, 2), 2, 1));
	CHECK(holds(find(QUEUE_GLOBAL, 1), 3, 1));
	rig_close();

	/* 6.12: no bypass queues, all others behind variables. */
	rig_open("scx_sched_pcpu scx_sched rq.scx scx_rq.bypass_dsq scx_root");
	CHECK(!r.l.has[QUEUE_BYPASS] && !r.l.has[QUEUE_LOCAL] && r.l.global_variable);
	rig_close();
	rig_open("scx_sched_pcpu scx_sched scx_rq.bypass_dsq");
	m = r.t.m;
	m->old_hash.tbl = m->sched.dsq_hash.tbl;
	toy_dsq_add(&r.t, &m->tables[0], 0, 77, 0);
	toy_wait(&r.t, &m->dsqs[0], 1, 1);
	toy_wait(&r.t, &m->globals[0], 0, 0);
	m->scx_root = 1; /* what stands for a scheduler in kernels that have no struct for it */
	look();
	CHECK(count(QUEUE_BYPASS) == 0 && count(QUEUE_GLOBAL) == 2 && count(QUEUE_LOCAL) == 4);
	CHECK(holds(find(QUEUE_GLOBAL, 0), 0, 1) && holds(find(QUEUE_USER, 0), 1, 1));
	rig_close();

	CHECK(toy_create(&r.t, "scx_dispatch_q", &r.e) == 0);
	CHECK(queues_layout_init(&r.l, &r.t.k, &r.e) == -1 && r.e.code == ENOENT);
	toy_destroy(&r.t);
}

static void without_a_scheduler(void)
{
	rig_open(NULL);
	toy_dsq_add(&r.t, &r.t.m->tables[0], 0, 77, 0);
	r.t.m->scx_root = 0;
	look();
	CHECK(r.q.n == 4 && count(QUEUE_LOCAL) == 4);
	rig_close();
}

static void cursors_are_no_tasks(void)
{
	struct toy_memory *m;
	const struct queue *q;

	rig_open(NULL);
	m = r.t.m;
	toy_dsq_add(&r.t, &m->tables[0], 0, 77, 0);
	for (unsigned int i = 0; i < 3; i++)
		toy_wait(&r.t, &m->dsqs[0], 0, i);
	m->waiters[0].scx.dsq_list.flags = 1 | 5u << 16;
	look();
	q = find(QUEUE_USER, 0);
	CHECK(holds(q, 1, 2) && q->end == QUEUE_WHOLE);
	rig_close();
}

static void lists_in_a_circle(void)
{
	struct toy_memory *m;
	const struct queue *q;

	rig_open(NULL);
	m = r.t.m;
	toy_dsq_add(&r.t, &m->tables[0], 0, 77, 0);
	for (unsigned int i = 0; i < 9; i++)
		toy_wait(&r.t, &m->dsqs[0], 0, i);
	/* From every place to every place before it, and to itself. */
	for (unsigned int from = 0; from < 9; from++) {
		uint64_t *next = &m->waiters[from].scx.dsq_list.node.next, was = *next;

		for (unsigned int to = 0; to <= from; to++) {
			*next = toy_kva(&r.t, &m->waiters[to].scx.dsq_list.node);
			look();
			q = find(QUEUE_USER, 0);
			CHECK(q->end == QUEUE_LOOP && holds(q, 0, from + 1));
			CHECK(r.q.n_tasks == from + 1 && q->nr == 9);
		}
		*next = was;
	}
	/* A circle of cursors. */
	m->waiters[0].scx.dsq_list.flags = 1;
	m->waiters[0].scx.dsq_list.node.next = toy_kva(&r.t, &m->waiters[0].scx.dsq_list.node);
	look();
	CHECK(find(QUEUE_USER, 0)->end == QUEUE_LOOP && find(QUEUE_USER, 0)->n == 0);
	rig_close();
}

static void lists_that_lead_outside(void)
{
	struct toy_memory *m;
	const struct queue *q;

	rig_open(NULL);
	m = r.t.m;
	toy_dsq_add(&r.t, &m->tables[0], 0, 77, 0);
	for (unsigned int i = 0; i < 3; i++)
		toy_wait(&r.t, &m->dsqs[0], 0, i);
	m->waiters[1].scx.dsq_list.node.next = WILD;
	m->cpus[0].rq.scx.local_dsq.list.next = WILD;
	m->pnodes[0] = WILD;
	m->dsqs[0].nr = UINT32_MAX;
	look();
	q = find(QUEUE_USER, 0);
	CHECK(q->end == QUEUE_OUTSIDE && holds(q, 0, 2) && q->nr == UINT32_MAX);
	CHECK(find(QUEUE_LOCAL, 0)->end == QUEUE_OUTSIDE && find(QUEUE_LOCAL, 0)->n == 0);
	q = find(QUEUE_GLOBAL, 0);
	CHECK(q->end == QUEUE_OUTSIDE && q->nr == FIELDS_ABSENT && q->kva == WILD);
	CHECK(find(QUEUE_GLOBAL, 1)->end == QUEUE_WHOLE);
	m->nr_node_ids = UINT32_MAX; /* what follows are addresses, too */
	m->sched.pcpu = WILD;
	m->sched.dsq_hash.tbl = WILD;
	look();
	CHECK(r.q.more && r.q.more_error.code == EFAULT && count(QUEUE_USER) == 0);
	CHECK(count(QUEUE_GLOBAL) <= QUEUES_NODES_MAX);
	m->sched.pnode = WILD;
	look();
	CHECK(count(QUEUE_GLOBAL) == 0);
	rig_close();
}

/* The same long list as that of many queues: each task is told of on one queue or a few. */
static void more_tasks_than_are_told(void)
{
	struct toy_memory *m;
	uint64_t list;

	rig_open(NULL);
	m = r.t.m;
	/* Nodes at every 16 bytes of a part of memory that nobody needs. */
	list = TOY_AT(nested);
	for (unsigned int i = 0; i < 255; i++)
		m->nested[0][2 * i] = list + 16 * (i + 1);
	for (unsigned int i = 0; i < TOY_DSQS; i++) {
		toy_dsq_add(&r.t, &m->tables[0], i, i, 256);
		m->dsqs[i].list.next = list;
	}
	m->nested[0][2 * 255] = WILD;
	look();
	CHECK(r.q.n_tasks <= TASKSET_MAX && count(QUEUE_USER) == TOY_DSQS);
	CHECK(r.q.q[r.q.n - 1].end == QUEUE_FULL && r.q.q[r.q.n - 1].n == 0);
	CHECK(r.set.n <= 256);
	rig_close();
}

int main(void)
{
	RUN(queues_of_each_kind);
	RUN(kernels_of_other_ages);
	RUN(without_a_scheduler);
	RUN(cursors_are_no_tasks);
	RUN(lists_in_a_circle);
	RUN(lists_that_lead_outside);
	RUN(more_tasks_than_are_told);
	return TEST_END();
}
