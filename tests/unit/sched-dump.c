/* SPDX-License-Identifier: GPL-2.0-only */
/* The dump of the scheduler: what is told, what is not and why, out of a record as well. */
#include "dump/sched.h"

#include <errno.h>

#include "kernel/cputime.h"
#include "kernel/numastat.h"
#include "mem/record.h"
#include "test.h"
#include "toykernel.h"

#define WILD 0xdead000000000100ull

static const char *const parts[] = {
	"rq_scx_states",  "dsq_states",	      "scx_sched_state", "exit_info",
	"runnable_tasks", "task_enrichments", "event_counters",	 "per_cpu_time",
	"per_node_numa",  "prog_stats",	      "dmesg_tail",	 "jiffies",
};
#define PARTS (sizeof(parts) / sizeof(parts[0]))

struct rig {
	struct toy t;
	struct sched_dump *d;
	json_t *json;
	struct err e;
};
static struct rig r;

static void rig_open(const char *without)
{
	CHECK(toy_create(&r.t, without, &r.e) == 0);
	CHECK(sched_dump_create(&r.t.k, &r.d, &r.e) == 0);
}

static void rig_close(void)
{
	json_decref(r.json);
	r.json = NULL;
	sched_dump_destroy(r.d);
	toy_destroy(&r.t);
}

static void look(void)
{
	json_decref(r.json);
	r.json = sched_dump_json(r.d, &r.t.k);
	CHECK(r.json);
}

/* The value at @path, of members and indices with '/' between; NULL for none. */
static json_t *at(const char *path)
{
	char copy[128], *name, *save = NULL;
	json_t *v = r.json;

	snprintf(copy, sizeof(copy), "%s", path);
	for (name = strtok_r(copy, "/", &save); name && v; name = strtok_r(NULL, "/", &save))
		v = json_is_array(v) ? json_array_get(v, strtoul(name, NULL, 10))
				     : json_object_get(v, name);
	return v;
}

static bool is(const char *path, int64_t want)
{
	json_t *v = at(path);

	if (!json_is_integer(v) || json_integer_value(v) != want)
		printf("# %s: %lld\n", path, v ? json_integer_value(v) : -1);
	return json_is_integer(v) && json_integer_value(v) == want;
}

static const char *text(const char *path)
{
	return json_string_value(at(path));
}

static void all_parts(void)
{
	struct toy_memory *m;

	rig_open(NULL);
	m = r.t.m;
	toy_dsq_add(&r.t, &m->tables[0], 0, 0x77, 0);
	for (unsigned int i = 0; i < 3; i++)
		toy_wait(&r.t, &m->dsqs[0], 1, i);
	look();
	for (size_t i = 0; i < PARTS; i++) {
		bool is_dmesg = strcmp(parts[i], "dmesg_tail") == 0; /* a toy has no log */

		CHECK(at(parts[i]) && json_is_null(at(parts[i])) == is_dmesg);
		CHECK(!json_object_get(at("reasons"), parts[i]) == !is_dmesg);
	}
	CHECK(is("jiffies", 4294937296) && is("hz", 250) && is("uptime_ns", 180000000000));

	CHECK(json_array_size(at("rq_scx_states")) == TOY_CPUS);
	CHECK(is("rq_scx_states/1/cpu", 1) && is("rq_scx_states/1/nr_running", 2));
	CHECK(is("rq_scx_states/1/local_dsq_depth", 11) && is("rq_scx_states/1/flags", 33));
	CHECK(is("rq_scx_states/1/scx/kick_sync", 34) && is("rq_scx_states/1/curr/pid", 501));
	CHECK_STR(text("rq_scx_states/1/curr/comm"), "worker/1");
	CHECK_STR(text("rq_scx_states/1/curr/class"), "ext");

	CHECK(json_array_size(at("dsq_states")) == 11);
	CHECK_STR(text("dsq_states/10/id"), "0x77");
	CHECK_STR(text("dsq_states/10/kind"), "user");
	CHECK(is("dsq_states/10/depth", 3) && json_array_size(at("dsq_states/10/tasks")) == 3);
	CHECK(is("dsq_states/10/tasks/2/pid", 602) && !at("dsq_states/10/truncated"));
	CHECK_STR(text("dsq_states/9/kind"), "global");
	CHECK(is("dsq_states/9/node", 1) && is("dsq_states/3/cpu", 3));

	CHECK_STR(text("scx_sched_state/ops"), "toy");
	CHECK(is("scx_sched_state/watchdog_timeout", 5000) && is("scx_sched_state/level", 0));
	CHECK_STR(text("scx_sched_state/exit_kind_name"), "SCX_EXIT_NONE");
	CHECK_STR(text("scx_sched_state/enable_state_name"), "SCX_ENABLED");
	rig_close();
}

static void tasks_and_counters(void)
{
	struct toy_memory *m;

	rig_open(NULL);
	m = r.t.m;
	for (unsigned int i = 0; i < 3; i++)
		toy_wait(&r.t, &m->globals[0], 1, i);
	look();
	/* Longest wait first: the last began to wait first. */
	CHECK(json_array_size(at("runnable_tasks")) == 3);
	CHECK(is("runnable_tasks/0/pid", 602) && is("runnable_tasks/0/wait_ms", 2000));
	CHECK(is("runnable_tasks/2/pid", 600) && is("runnable_tasks/2/wait_ms", 0));
	CHECK(is("runnable_tasks/0/cpu", 1) && is("runnable_tasks/0/weight", 100));
	CHECK_STR(text("runnable_tasks/0/dsq"), "0x8000000000000001");
	CHECK(json_is_real(at("runnable_tasks/0/slice"))); /* 2^64 - 1 */
	CHECK(is("runnable_tasks/0/sticky_cpu", -1));

	CHECK(json_array_size(at("task_enrichments")) == TOY_CPUS + 3);
	CHECK(is("task_enrichments/5/pid", 601) && is("task_enrichments/5/leader_pid", 600));
	CHECK(is("task_enrichments/5/parent_pid", 500) && is("task_enrichments/5/n_threads", 12));
	CHECK(is("task_enrichments/5/nvcsw", 71) && is("task_enrichments/5/scx_weight", 100));
	CHECK_STR(text("task_enrichments/5/state"), "R");
	CHECK_STR(text("task_enrichments/5/cgroup"), "/toys/a");
	CHECK(json_is_null(at("task_enrichments/0/dsq")));

	CHECK(is("event_counters/select_cpu_fallback", 3 + 4 + 5 + 6));
	CHECK(is("event_counters/brand_new", 160));
	CHECK(is("per_cpu_time/2/user_ns", 1000002) && is("per_cpu_time/2/irqs", 44));
	CHECK(is("per_cpu_time/2/softirqs/TIMER", 11) && is("per_cpu_time/2/softirqs/RCU", 0));
	CHECK(is("per_node_numa/0/numa_hit", 1000) && is("per_node_numa/1/numa_hit", 2004));
	CHECK(is("per_node_numa/1/numa_miss", 5) && is("per_node_numa/1/node", 1));
	CHECK(is("prog_stats/0/id", 10) && is("prog_stats/0/run_cnt", 40));
	CHECK(is("prog_stats/0/verified_insns", 101));
	rig_close();
}

static void stalled(struct toy_memory *m)
{
	m->sched.exit_kind = m->exit.kind = 1026;
	m->exit.reason = TOY_AT(reason);
	m->exit.bt_len = 3;
	m->bt[0] = 0xffffffffc0001010;
	m->bt[1] = 0xffffffffc0001100; /* behind the last byte of the call */
	m->bt[2] = 0xffffffffc0009000;
}

static void the_end_of_a_scheduler(void)
{
	struct toy_memory *m;

	rig_open(NULL);
	m = r.t.m;
	stalled(m);
	m->msg[0] = '\n';
	m->msg[1] = (char)0xff;
	look();
	CHECK(is("exit_info/kind", 1026) && is("exit_info/exit_cpu", -1));
	CHECK_STR(text("exit_info/kind_name"), "SCX_EXIT_ERROR_STALL");
	CHECK_STR(text("scx_sched_state/exit_kind_name"), "SCX_EXIT_ERROR_STALL");
	CHECK_STR(text("exit_info/reason"), "runnable task stall");
	CHECK_STR(text("exit_info/msg"), " \xef\xbf\xbditer/1[601] failed to run for 3.0s");
	CHECK_STR(text("exit_info/backtrace/0/address"), "0xffffffffc0001010");
	CHECK_STR(text("exit_info/backtrace/0/symbol"), "bpf_prog_toy+0x10");
	CHECK_STR(text("exit_info/backtrace/1/symbol"), "bpf_prog_toy+0x100");
	CHECK(json_is_null(at("exit_info/backtrace/2/symbol")));
	CHECK(json_is_null(at("exit_info/dump"))); /* it may be half written */
	m->sched.exit_kind = 1;
	look();
	CHECK(is("exit_info/kind", 1026) && is("scx_sched_state/exit_kind", 1));
	CHECK(strlen(text("exit_info/dump")) == 5000);
	rig_close();
}

static void places_of_the_end(void)
{
	struct sched_exit_places p;
	uint64_t kind = 9;
	bool is_error = true;
	json_t *info;

	rig_open(NULL);
	CHECK(sched_exit_places(r.d, &r.t.k, &p, &r.e) == 0);
	CHECK(p.kind.kva == toy_kva(&r.t, &r.t.m->sched.exit_kind) && p.kind.len == 4);
	CHECK(p.reason.kva == toy_kva(&r.t, &r.t.m->exit.reason) && p.reason.len == 8);
	CHECK(p.root.kva == TOY_AT(scx_root) && p.root.len == 8);
	CHECK(sched_exit_kind(r.d, &r.t.k, p.kind.kva, &kind, &is_error, &r.e) == 0);
	CHECK(kind == 0 && !is_error);
	r.t.m->sched.exit_kind = 64;
	CHECK(sched_exit_kind(r.d, &r.t.k, p.kind.kva, &kind, &is_error, &r.e) == 0);
	CHECK(kind == 64 && !is_error);
	stalled(r.t.m);
	CHECK(sched_exit_kind(r.d, &r.t.k, p.kind.kva, &kind, &is_error, &r.e) == 0);
	CHECK(kind == 1026 && is_error);
	/* After it is gone, with its dump. */
	r.t.m->scx_root = 0;
	info = sched_exit_info_json(r.d, &r.t.k, p.kind.kva, true, &r.e);
	CHECK(json_string_length(json_object_get(info, "dump")) == 5000);
	CHECK(json_array_size(json_object_get(info, "backtrace")) == 3);
	json_decref(info);
	info = sched_exit_info_json(r.d, &r.t.k, p.kind.kva, false, &r.e);
	CHECK(json_is_object(info) && json_is_null(json_object_get(info, "dump")));
	json_decref(info);
	CHECK(json_is_null(sched_exit_info_json(r.d, &r.t.k, WILD, true, &r.e)));
	CHECK(sched_exit_places(r.d, &r.t.k, &p, &r.e) == -1 && r.e.code == EAGAIN);
	rig_close();

	rig_open("scx_root");
	CHECK(sched_exit_places(r.d, &r.t.k, &p, &r.e) == 0 && p.root.len == 0);
	CHECK(p.kind.kva == TOY_AT(old_exit_kind));
	rig_close();
	rig_open("scx_root scx_exit_kind");
	CHECK(sched_exit_places(r.d, &r.t.k, &p, &r.e) == -1 && r.e.code == ENOENT);
	CHECK(json_is_null(sched_exit_info_json(r.d, &r.t.k, WILD, true, &r.e)));
	rig_close();
}

static void reasons(void)
{
	static const struct {
		const char *without, *part;
	} cases[] = {
		{"jiffies_64", "jiffies"},
		{"runqueues", "rq_scx_states"},
		{"scx_dispatch_q", "dsq_states"},
		{"scx_root scx_enable_state_var scx_ops_bypass_depth scx_nr_rejected "
		 "scx_watchdog_timeout scx_exit_kind",
		 "scx_sched_state"},
		{"scx_exit_info", "exit_info"},
		{"scx_rq.runnable_list", "runnable_tasks"},
		{"task_struct", "task_enrichments"},
		{"scx_event_stats", "event_counters"},
		{"kernel_cpustat", "per_cpu_time"},
		{"node_data", "per_node_numa"},
		{"prog_idr", "prog_stats"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rig_open(cases[i].without);
		look();
		CHECK(json_is_null(at(cases[i].part)));
		CHECK(json_string_length(json_object_get(at("reasons"), cases[i].part)) > 5);
		rig_close();
	}
	/* No scheduler: what is not its own is there. */
	rig_open(NULL);
	r.t.m->scx_root = 0;
	look();
	CHECK(json_is_null(at("scx_sched_state")) && json_is_null(at("exit_info")));
	CHECK(strstr(text("reasons/scx_sched_state"), "scx_root"));
	CHECK(json_array_size(at("rq_scx_states")) == TOY_CPUS);
	CHECK(json_array_size(at("dsq_states")) == TOY_CPUS);
	rig_close();
}

/* What was touched is all that rendering reads, and renders as the memory itself does. */
static void out_of_a_record(void)
{
	struct mem *record;
	struct kernel over;
	struct toy_memory *m;
	json_t *out;

	rig_open(NULL);
	m = r.t.m;
	toy_dsq_add(&r.t, &m->tables[0], 0, 0x77, 0);
	for (unsigned int i = 0; i < TOY_WAITERS; i++)
		toy_wait(&r.t, &m->dsqs[0], 1, i);
	stalled(m);
	m->sched.exit_kind = 1;
	look();
	CHECK(mem_record(r.t.mem, 64u << 20, &record, &r.e) == 0);
	over = kernel_over(&r.t.k, record);
	sched_dump_touch(r.d, &over);
	mem_record_seal(record);
	memset(m, 0xff, sizeof(*m));
	out = sched_dump_json(r.d, &over);
	CHECK(json_equal(out, r.json));
	json_decref(out);
	mem_destroy(record);
	/* And what is left of the memory is a dump of reasons. */
	look();
	CHECK(json_object_size(at("reasons")) > 5);
	rig_close();
}

static void wild_memory(void)
{
	rig_open(NULL);
	r.t.m->sched.exit_info = WILD;
	r.t.m->sched.pcpu = WILD;
	r.t.m->cpus[0].rq.curr = WILD;
	r.t.m->node_data[0] = WILD;
	r.t.m->progs[1].stats = WILD;
	r.t.m->cpus[1].rq.scx.runnable_list.next = WILD;
	look();
	CHECK(json_is_null(at("exit_info")) && text("reasons/exit_info"));
	CHECK(json_is_null(at("event_counters")) && text("reasons/event_counters"));
	CHECK(json_is_null(at("rq_scx_states/0/curr")) && is("rq_scx_states/1/curr/pid", 501));
	CHECK(json_is_null(at("per_node_numa")) && strstr(text("reasons/per_node_numa"), "node 0"));
	CHECK(json_is_array(at("prog_stats")) && json_is_null(at("prog_stats/0/run_cnt")));
	CHECK(json_is_array(at("runnable_tasks")) && text("reasons/runnable_tasks"));
	r.t.m->nr_node_ids = 0;
	look();
	CHECK(strstr(text("reasons/per_node_numa"), "nr_node_ids"));
	rig_close();
}

/* As a guest's BTF may have it, which nobody checks for being text. */
static void spoil(const char *name)
{
	CHECK(name && *name);
	if (name)
		*(char *)name = (char)0xff; /* the types' copy of what the guest had */
}

static void names_that_are_no_text(void)
{
	const char *name = NULL;
	struct member m;
	uint32_t id;

	CHECK(toy_create(&r.t, NULL, &r.e) == 0);
	CHECK(types_find(r.t.k.types, "scx_rq", BTF_KIND_STRUCT, &id, &r.e) == 0);
	CHECK(types_member_at(r.t.k.types, id, 5, &name, &m, &r.e) == 0);
	CHECK_STR(name, "kick_sync");
	spoil(name);
	spoil(types_enum_name(r.t.k.types, "scx_exit_kind", 0));
	CHECK(sched_dump_create(&r.t.k, &r.d, &r.e) == 0);
	look();
	CHECK(at("rq_scx_states/0/scx/?ick_sync"));
	CHECK(text("scx_sched_state/exit_kind_name") &&
	      strstr(text("scx_sched_state/exit_kind_name"), "CX_EXIT_NONE"));
	rig_close();
}

/* Of times that a guest makes up. */
static void waits_beyond_all_bounds(void)
{
	rig_open(NULL);
	toy_wait(&r.t, &r.t.m->globals[0], 1, 0);
	r.t.m->jiffies = (uint64_t)INT64_MAX - 1;
	look();
	CHECK(json_array_size(at("runnable_tasks")) &&
	      json_is_null(at("runnable_tasks/0/wait_ms")));
	rig_close();
}

/* Of a guest that says so. */
static void machine_beyond_all_bounds(void)
{
	CHECK(toy_create(&r.t, NULL, &r.e) == 0);
	r.t.k.percpu = realloc(r.t.k.percpu, KERNEL_CPUS_MAX * sizeof(*r.t.k.percpu));
	for (unsigned int i = TOY_CPUS; i < KERNEL_CPUS_MAX; i++)
		r.t.k.percpu[i] = r.t.k.percpu[0];
	r.t.k.nr_cpu_ids = KERNEL_CPUS_MAX;
	r.t.m->nr_node_ids = NUMASTAT_NODES_MAX;
	CHECK(sched_dump_create(&r.t.k, &r.d, &r.e) == 0);
	look();
	CHECK(json_is_null(at("per_node_numa")) && text("reasons/per_node_numa"));
	CHECK_STR(text("reasons/per_node_numa"), "1024 NUMA nodes of 8192 CPUs are too many");
	rig_close();
}

int main(void)
{
	RUN(all_parts);
	RUN(tasks_and_counters);
	RUN(the_end_of_a_scheduler);
	RUN(places_of_the_end);
	RUN(reasons);
	RUN(out_of_a_record);
	RUN(wild_memory);
	RUN(names_that_are_no_text);
	RUN(waits_beyond_all_bounds);
	RUN(machine_beyond_all_bounds);
	return TEST_END();
}
