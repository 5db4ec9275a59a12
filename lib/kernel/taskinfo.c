/* SPDX-License-Identifier: GPL-2.0-only */
/* A task, closely. */
#include "kernel/taskinfo.h"

#include <errno.h>

#define CGROUP_DEPTH_MAX 16u
#define CGROUP_NAME_MAX 64u
#define MAX_RT_PRIO 100 /* include/linux/sched/prio.h */
#define PIDTYPE_PGID 2u /* include/linux/pid_types.h */
#define PIDTYPE_SID 3u

/* The names in JSON are the kernel's, without `scx.`. */
const char *const task_number_names[TASK_NUMBERS] = {
	[TASK_PID] = "pid",
	[TASK_TGID] = "tgid",
	[TASK_CPU] = "cpu",
	[TASK_PRIO] = "prio",
	[TASK_STATIC_PRIO] = "static_prio",
	[TASK_NORMAL_PRIO] = "normal_prio",
	[TASK_RT_PRIORITY] = "rt_priority",
	[TASK_POLICY] = "policy",
	[TASK_STATE] = "state_bits",
	[TASK_EXIT_STATE] = "exit_state",
	[TASK_FLAGS] = "flags",
	[TASK_ON_CPU] = "on_cpu",
	[TASK_ON_RQ] = "on_rq",
	[TASK_NVCSW] = "nvcsw",
	[TASK_NIVCSW] = "nivcsw",
	[TASK_NR_CPUS_ALLOWED] = "nr_cpus_allowed",
	[TASK_MIGRATION_DISABLED] = "migration_disabled",
	[TASK_RUNTIME] = "runtime_ns",
	[TASK_UTIME] = "utime_ns",
	[TASK_STIME] = "stime_ns",
	[TASK_START_TIME] = "start_time_ns",
	[TASK_CORE_COOKIE] = "core_cookie",
	[TASK_LAST_ARRIVAL] = "last_arrival_ns",
	[TASK_RUN_DELAY] = "run_delay_ns",
	[TASK_SCX_FLAGS] = "scx_flags",
	[TASK_SCX_DSQ_FLAGS] = "dsq_flags",
	[TASK_SCX_WEIGHT] = "weight",
	[TASK_SCX_SLICE] = "slice",
	[TASK_SCX_VTIME] = "vtime",
	[TASK_SCX_STICKY_CPU] = "sticky_cpu",
	[TASK_SCX_HOLDING_CPU] = "holding_cpu",
	[TASK_SCX_SELECTED_CPU] = "selected_cpu",
	[TASK_SCX_RUNNABLE_AT] = "runnable_at_jiffies",
	[TASK_SCX_OPS_STATE] = "ops_state",
	[TASK_SCX_DDSP_DSQ_ID] = "ddsp_dsq_id",
	[TASK_SCX_DDSP_ENQ_FLAGS] = "ddsp_enq_flags",
};

/* Newest name first. */
static const char *const paths[TASK_NUMBERS][2] = {
	[TASK_PID] = {"pid"},
	[TASK_TGID] = {"tgid"},
	[TASK_CPU] = {"thread_info.cpu", "cpu"}, /* there since 5.16 on x86 */
	[TASK_PRIO] = {"prio"},
	[TASK_STATIC_PRIO] = {"static_prio"},
	[TASK_NORMAL_PRIO] = {"normal_prio"},
	[TASK_RT_PRIORITY] = {"rt_priority"},
	[TASK_POLICY] = {"policy"},
	[TASK_STATE] = {"__state", "state"}, /* renamed in 5.14 */
	[TASK_EXIT_STATE] = {"exit_state"},
	[TASK_FLAGS] = {"flags"},
	[TASK_ON_CPU] = {"on_cpu"},
	[TASK_ON_RQ] = {"on_rq"},
	[TASK_NVCSW] = {"nvcsw"},
	[TASK_NIVCSW] = {"nivcsw"},
	[TASK_NR_CPUS_ALLOWED] = {"nr_cpus_allowed"},
	[TASK_MIGRATION_DISABLED] = {"migration_disabled"},
	[TASK_RUNTIME] = {"se.sum_exec_runtime"},
	[TASK_UTIME] = {"utime"},
	[TASK_STIME] = {"stime"},
	[TASK_START_TIME] = {"start_time"},
	[TASK_CORE_COOKIE] = {"core_cookie"},
	[TASK_LAST_ARRIVAL] = {"sched_info.last_arrival"},
	[TASK_RUN_DELAY] = {"sched_info.run_delay"},
	[TASK_SCX_FLAGS] = {"scx.flags"},
	[TASK_SCX_DSQ_FLAGS] = {"scx.dsq_flags"},
	[TASK_SCX_WEIGHT] = {"scx.weight"},
	[TASK_SCX_SLICE] = {"scx.slice"},
	[TASK_SCX_VTIME] = {"scx.dsq_vtime"},
	[TASK_SCX_STICKY_CPU] = {"scx.sticky_cpu"},
	[TASK_SCX_HOLDING_CPU] = {"scx.holding_cpu"},
	[TASK_SCX_SELECTED_CPU] = {"scx.selected_cpu"},
	[TASK_SCX_RUNNABLE_AT] = {"scx.runnable_at"},
	[TASK_SCX_OPS_STATE] = {"scx.ops_state.counter"},
	[TASK_SCX_DDSP_DSQ_ID] = {"scx.ddsp_dsq_id"},
	[TASK_SCX_DDSP_ENQ_FLAGS] = {"scx.ddsp_enq_flags"},
};

/* ---- layout ---- */

static bool member_try(const struct kernel *k, const char *type, const char *path,
		       struct member *ret)
{
	struct err missing;

	return types_member(k->types, type, path, ret, &missing) == 0 && ret->count == 1 &&
	       ret->size <= sizeof(uint64_t);
}

static void neighbours_find(struct taskinfo_layout *l, const struct kernel *k)
{
	struct err missing;

	l->has_signal =
		l->signal >= 0 && member_try(k, "signal_struct", "nr_threads", &l->n_threads);
	l->has_pids = l->signal >= 0 && member_try(k, "pid", "numbers[0].nr", &l->pid_nr) &&
		      types_member(k->types, "signal_struct", "pids", &l->pids, &missing) == 0 &&
		      l->pids.count > PIDTYPE_SID && l->pids.size == sizeof(uint64_t);
	l->has_dsq_id = l->dsq >= 0 && member_try(k, "scx_dispatch_q", "id", &l->dsq_id);
	/* kernfs_node.parent is __parent since 6.15. */
	l->has_cgroup = l->cgroups >= 0 && member_try(k, "css_set", "dfl_cgrp", &l->cgroup) &&
			member_try(k, "cgroup", "kn", &l->kn) &&
			member_try(k, "kernfs_node", "name", &l->name) &&
			(member_try(k, "kernfs_node", "__parent", &l->up) ||
			 member_try(k, "kernfs_node", "parent", &l->up));
}

int taskinfo_layout_init(struct taskinfo_layout *l, const struct kernel *k, struct err *e)
{
	static const char type[] = "task_struct";
	const struct types *t = k->types;

	*l = (struct taskinfo_layout){0};
	if (task_layout_init(&l->task, k, e) < 0)
		return -1;
	for (unsigned int i = 0; i < TASK_NUMBERS; i++) {
		l->numbers[i] = fields_try(&l->f, t, type, paths[i][0]);
		if (l->numbers[i] < 0 && paths[i][1])
			l->numbers[i] = fields_try(&l->f, t, type, paths[i][1]);
	}
	if (l->numbers[TASK_PID] < 0)
		return err_set(e, ENOENT, "the kernel's types know no tasks");
	l->comm = fields_try(&l->f, t, type, "comm");
	l->class = fields_try(&l->f, t, type, "sched_class");
	l->dsq = fields_try(&l->f, t, type, "scx.dsq");
	l->parent = fields_try(&l->f, t, type, "real_parent");
	l->leader = fields_try(&l->f, t, type, "group_leader");
	l->signal = fields_try(&l->f, t, type, "signal");
	l->cgroups = fields_try(&l->f, t, type, "cgroups");
	neighbours_find(l, k);
	return fields_seal(&l->f, e);
}

/* ---- reading ---- */

/* The number at member @m of the object at @kva; FIELDS_ABSENT when either is not there. */
static uint64_t number_at(const struct kernel *k, uint64_t kva, const struct member *m)
{
	struct err missing;
	uint64_t ret;

	if (!kva || kva == FIELDS_ABSENT || kernel_read_member(k, kva, m, &ret, &missing) < 0)
		return FIELDS_ABSENT;
	return ret;
}

static uint64_t pid_of(const struct taskinfo_layout *l, const struct kernel *k, uint64_t task)
{
	return number_at(k, task, &l->f.f[l->numbers[TASK_PID]].m);
}

static uint64_t pid_type(const struct taskinfo_layout *l, const struct kernel *k, uint64_t signal,
			 unsigned int type)
{
	struct member m = l->pids;

	m.offset += type * m.size;
	m.count = 1;
	return number_at(k, number_at(k, signal, &m), &l->pid_nr);
}

static void process_read(const struct taskinfo_layout *l, const struct kernel *k, uint64_t signal,
			 struct taskinfo *ret)
{
	if (l->has_signal)
		ret->n_threads = number_at(k, signal, &l->n_threads);
	if (l->has_pids) {
		ret->pgid = pid_type(l, k, signal, PIDTYPE_PGID);
		ret->sid = pid_type(l, k, signal, PIDTYPE_SID);
	}
}

/* Put `/name` before the path, which grows towards the start of @buf. */
static bool path_prepend(char *buf, size_t *at, const char *name)
{
	size_t len = strlen(name);

	if (len + 1 > *at)
		return false;
	*at -= len;
	memcpy(buf + *at, name, len);
	buf[--*at] = '/';
	return true;
}

static void cgroup_read(const struct taskinfo_layout *l, const struct kernel *k, uint64_t cgroups,
			char ret[TASKINFO_CGROUP_MAX])
{
	uint64_t kn = number_at(k, number_at(k, cgroups, &l->cgroup), &l->kn);
	char buf[TASKINFO_CGROUP_MAX], name[CGROUP_NAME_MAX];
	size_t at = sizeof(buf) - 1;

	buf[at] = '\0';
	for (unsigned int i = 0; kn != FIELDS_ABSENT && i < CGROUP_DEPTH_MAX; i++) {
		uint64_t up = number_at(k, kn, &l->up), text = number_at(k, kn, &l->name);
		struct err missing;

		if (!up || up == FIELDS_ABSENT || text == FIELDS_ABSENT)
			break; /* the root has no name */
		if (kmem_string(&k->mem, text, name, sizeof(name), &missing) < 0 ||
		    !path_prepend(buf, &at, name))
			break;
		kn = up;
	}
	memcpy(ret, buf + at, sizeof(buf) - at);
	if (!*ret && kn && kn != FIELDS_ABSENT)
		strcpy(ret, "/");
}

static void comm_read(const struct taskinfo_layout *l, const uint8_t *buf, char *ret)
{
	size_t len;

	if (l->comm < 0)
		return;
	len = l->f.f[l->comm].m.count;
	if (len > TASK_COMM_MAX - 1)
		len = TASK_COMM_MAX - 1;
	memcpy(ret, fields_bytes(&l->f, buf, l->comm), len);
}

static void absent_fill(struct taskinfo *ret, uint64_t kva)
{
	*ret = (struct taskinfo){.kva = kva,
				 .dsq_id = FIELDS_ABSENT,
				 .parent_pid = FIELDS_ABSENT,
				 .leader_pid = FIELDS_ABSENT,
				 .n_threads = FIELDS_ABSENT,
				 .pgid = FIELDS_ABSENT,
				 .sid = FIELDS_ABSENT};
	for (unsigned int i = 0; i < TASK_NUMBERS; i++)
		ret->numbers[i] = FIELDS_ABSENT;
}

void taskinfo_read(const struct taskinfo_layout *l, const struct kernel *k, uint64_t kva,
		   struct taskinfo *ret)
{
	struct place p = {.kva = kva};
	uint8_t buf[FIELDS_BYTES_MAX];
	struct err missing;

	absent_fill(ret, kva);
	if (fields_read(&l->f, &k->mem, &p, buf, &missing) < 0)
		return;
	ret->is_there = true;
	for (unsigned int i = 0; i < TASK_NUMBERS; i++)
		ret->numbers[i] = fields_get(&l->f, buf, l->numbers[i], 0);
	comm_read(l, buf, ret->comm);
	ret->class = task_class_name(&l->task, fields_get(&l->f, buf, l->class, 0));
	ret->dsq = l->dsq < 0 ? 0 : fields_get(&l->f, buf, l->dsq, 0);
	if (l->has_dsq_id)
		ret->dsq_id = number_at(k, ret->dsq, &l->dsq_id);
	ret->parent_pid = pid_of(l, k, fields_get(&l->f, buf, l->parent, 0));
	ret->leader_pid = pid_of(l, k, fields_get(&l->f, buf, l->leader, 0));
	process_read(l, k, fields_get(&l->f, buf, l->signal, 0), ret);
	if (l->has_cgroup)
		cgroup_read(l, k, fields_get(&l->f, buf, l->cgroups, 0), ret->cgroup);
}

/* ---- meaning ---- */

/* include/linux/sched.h: task_state_to_char() */
char taskinfo_state(const struct taskinfo *t)
{
	static const char letters[] = "SDTtXZPI";
	uint64_t state = t->numbers[TASK_STATE], exit_state = t->numbers[TASK_EXIT_STATE];
	const uint64_t idle = 0x402, report = 0x7f; /* TASK_IDLE, TASK_REPORT */

	if (state == FIELDS_ABSENT)
		return '?';
	if ((state & idle) == idle)
		return 'I';
	if (exit_state != FIELDS_ABSENT)
		state |= exit_state;
	for (unsigned int i = 0; i < 7; i++)
		if (state & report & 1u << i)
			return letters[i];
	return state & 0x1000 ? 'D' : 'R'; /* TASK_RTLOCK_WAIT */
}

const char *taskinfo_policy(const struct taskinfo *t)
{
	static const char *const names[] = {
		[0] = "normal", [1] = "fifo",	  [2] = "rr",  [3] = "batch",
		[5] = "idle",	[6] = "deadline", [7] = "ext",
	};
	uint64_t i = t->numbers[TASK_POLICY];

	return i < sizeof(names) / sizeof(names[0]) ? names[i] : NULL;
}

bool taskinfo_is_boosted(const struct taskinfo *t)
{
	return (int64_t)t->numbers[TASK_PRIO] < MAX_RT_PRIO &&
	       (int64_t)t->numbers[TASK_NORMAL_PRIO] >= MAX_RT_PRIO;
}
