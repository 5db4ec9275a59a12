/* SPDX-License-Identifier: GPL-2.0-only */
/* Tasks looked at closely; and the lists of those that want to run. */
#include "kernel/taskinfo.h"

#include <errno.h>

#include "kernel/runnable.h"
#include "test.h"
#include "toykernel.h"

#define WILD 0xdead000000000100ull

struct rig {
	struct toy t;
	struct taskinfo_layout l;
	struct taskinfo x;
	struct runnable_layout rl;
	struct runnable runnable;
	struct taskset set;
	struct err e;
};
static struct rig r;

static void rig_open(const char *without)
{
	CHECK(toy_create(&r.t, without, &r.e) == 0);
	CHECK(taskinfo_layout_init(&r.l, &r.t.k, &r.e) == 0);
	CHECK(runnable_layout_init(&r.rl, &r.t.k, &r.e) == 0);
}

static void look(unsigned int waiter)
{
	taskinfo_read(&r.l, &r.t.k, toy_kva(&r.t, &r.t.m->waiters[waiter]), &r.x);
}

static void all_of_a_task(void)
{
	rig_open(NULL);
	toy_wait(&r.t, &r.t.m->globals[0], 0, 3);
	look(3);
	CHECK(r.x.is_there && r.x.numbers[TASK_PID] == 603 && r.x.numbers[TASK_TGID] == 600);
	CHECK_STR(r.x.comm, "waiter/3");
	CHECK_STR(r.x.class, "ext");
	CHECK_STR(taskinfo_policy(&r.x), "normal");
	CHECK(taskinfo_state(&r.x) == 'R' && !taskinfo_is_boosted(&r.x));
	CHECK(r.x.parent_pid == 500 && r.x.leader_pid == 600 && r.x.n_threads == 12);
	CHECK(r.x.pgid == 600 && r.x.sid == 600);
	CHECK_STR(r.x.cgroup, "/toys/a");
	CHECK(r.x.numbers[TASK_NVCSW] == 73 && r.x.numbers[TASK_NIVCSW] == 7);
	CHECK(r.x.numbers[TASK_SCX_SLICE] == UINT64_MAX && r.x.numbers[TASK_SCX_WEIGHT] == 100);
	CHECK((int64_t)r.x.numbers[TASK_SCX_STICKY_CPU] == -1);
	CHECK(r.x.dsq == toy_kva(&r.t, &r.t.m->globals[0]) && r.x.dsq_id == (1ull << 63 | 1));
	CHECK(r.l.numbers[TASK_CPU] < 0 && r.x.numbers[TASK_CPU] == FIELDS_ABSENT);
	r.t.m->cgroup = toy_kva(&r.t, &r.t.m->kernfs[0]);
	look(3);
	CHECK_STR(r.x.cgroup, "/");
	toy_destroy(&r.t);
}

static void states(void)
{
	static const struct {
		uint32_t bits;
		char letter;
	} cases[] = {{0, 'R'},	  {1, 'S'},	{2, 'D'},      {4, 'T'},      {8, 't'},
		     {0x40, 'P'}, {0x402, 'I'}, {0x1000, 'D'}, {0x2001, 'S'}, {0x80, 'R'}};
	struct toy_task *w;

	rig_open(NULL);
	w = &r.t.m->waiters[0];
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		w->state = cases[i].bits;
		look(0);
		CHECK(taskinfo_state(&r.x) == cases[i].letter);
	}
	w->prio = 98;
	w->policy = 7;
	look(0);
	CHECK(taskinfo_is_boosted(&r.x));
	CHECK_STR(taskinfo_policy(&r.x), "ext");
	w->normal_prio = 98;
	w->policy = 4;
	look(0);
	CHECK(!taskinfo_is_boosted(&r.x) && !taskinfo_policy(&r.x));
	w->policy = UINT32_MAX;
	look(0);
	CHECK(!taskinfo_policy(&r.x));
	toy_destroy(&r.t);
}

static void wild_neighbours(void)
{
	struct toy_task *w;

	rig_open(NULL);
	w = &r.t.m->waiters[0];
	w->real_parent = w->group_leader = w->signal = w->cgroups = w->scx.dsq = WILD;
	w->sched_class = WILD;
	memset(w->comm, 'c', sizeof(w->comm));
	look(0);
	CHECK(r.x.is_there && r.x.numbers[TASK_PID] == 600);
	CHECK(r.x.parent_pid == FIELDS_ABSENT && r.x.leader_pid == FIELDS_ABSENT);
	CHECK(r.x.n_threads == FIELDS_ABSENT && r.x.pgid == FIELDS_ABSENT);
	CHECK(r.x.dsq == WILD && r.x.dsq_id == FIELDS_ABSENT && !r.x.class && !*r.x.cgroup);
	CHECK(strlen(r.x.comm) == TASK_COMM_MAX - 1);
	taskinfo_read(&r.l, &r.t.k, WILD, &r.x);
	CHECK(!r.x.is_there && r.x.numbers[TASK_PID] == FIELDS_ABSENT);
	CHECK(taskinfo_state(&r.x) == '?');
	/* A path that is its own parent; names without NUL. */
	w->cgroups = TOY_AT(css_set);
	r.t.m->kernfs[1].parent = toy_kva(&r.t, &r.t.m->kernfs[2]);
	look(0);
	CHECK(strlen(r.x.cgroup) < TASKINFO_CGROUP_MAX && strstr(r.x.cgroup, "/toys/a"));
	memset(r.t.m->kernfs_names, 'k', sizeof(r.t.m->kernfs_names));
	look(0);
	CHECK(strlen(r.x.cgroup) < TASKINFO_CGROUP_MAX && strlen(r.x.cgroup) > 100);
	toy_destroy(&r.t);
}

static void kernels_without(void)
{
	rig_open("signal_struct pid css_set scx_dispatch_q.id task_struct.tgid "
		 "task_struct.sched_class");
	look(0);
	CHECK(r.x.is_there && r.x.n_threads == FIELDS_ABSENT && r.x.sid == FIELDS_ABSENT);
	CHECK(!*r.x.cgroup && !r.x.class && r.x.numbers[TASK_TGID] == FIELDS_ABSENT);
	toy_destroy(&r.t);
	CHECK(toy_create(&r.t, "task_struct.pid", &r.e) == 0);
	CHECK(taskinfo_layout_init(&r.l, &r.t.k, &r.e) == -1 && r.e.code == ENOENT);
	toy_destroy(&r.t);
	CHECK(toy_create(&r.t, "sched_ext_entity.runnable_node", &r.e) == 0);
	CHECK(runnable_layout_init(&r.rl, &r.t.k, &r.e) == -1 && r.e.code == ENOENT);
	toy_destroy(&r.t);
}

static void runnable_look(void)
{
	taskset_clear(&r.set);
	CHECK(runnable_read(&r.rl, &r.t.k, &r.set, &r.runnable, &r.e) == 0);
}

static void runnable_lists(void)
{
	struct toy_memory *m;

	rig_open(NULL);
	m = r.t.m;
	runnable_look();
	CHECK(r.runnable.n == 0 && !r.runnable.cut);
	for (unsigned int i = 0; i < 5; i++)
		toy_wait(&r.t, &m->globals[0], i / 3, i);
	runnable_look();
	CHECK(r.runnable.n == 5 && !r.runnable.cut && r.runnable.cpus[4] == 1);
	CHECK(r.set.kva[r.runnable.tasks[4]] == toy_kva(&r.t, &m->waiters[4]));
	m->waiters[2].scx.runnable_node.next = toy_kva(&r.t, &m->waiters[1].scx.runnable_node);
	runnable_look();
	CHECK(r.runnable.n == 5 && r.runnable.cut && r.runnable.why.code == ELOOP);
	CHECK(strstr(r.runnable.why.text, "CPU 0"));
	m->waiters[2].scx.runnable_node.next = WILD;
	runnable_look();
	CHECK(r.runnable.n == 5 && r.runnable.cut && r.runnable.why.code == EFAULT);
	toy_destroy(&r.t);
}

int main(void)
{
	RUN(all_of_a_task);
	RUN(states);
	RUN(wild_neighbours);
	RUN(kernels_without);
	RUN(runnable_lists);
	return TEST_END();
}
