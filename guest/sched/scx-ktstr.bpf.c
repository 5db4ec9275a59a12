/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr: a small weighted-vtime scheduler that can be told to misbehave, so that a test harness
 * has something whose faults are known. All tasks wait in one queue, ordered by the CPU time that
 * each has had, scaled by its weight. Kernel threads go to their CPU's own queue, so the kernel's
 * workers (the watchdog's among them) stay alive whatever is done to the rest.
 */
#include "scx-kernel.h"
#include "scx-ktstr.h"

char _license[] SEC("license") = "GPL";

#define SHARED_DSQ 0

/* Set by the loader before load. */
const volatile __u64 slice_ns = 5000000;
const volatile _Bool degrade;
const volatile _Bool scattershot;
const volatile _Bool slow;
const volatile _Bool fail_verify;
const volatile _Bool verify_loop;

/*
 * Set while the scheduler runs, by the loader or by whoever writes the guest's memory. `stall` is
 * at offset 0 of .bss: the explicit zeros keep the compiler to the order of this text.
 */
volatile __u32 stall = 0;
volatile __u32 crash = 0;
volatile __u32 degrade_rt = 0;

/* Counters and facts, for whoever looks on. */
__u32 degrade_cnt = 0;
__u32 slow_cnt = 0;
__u32 nr_cpus_onln = 0;
__u64 nr_select_cpu = 0;
__u64 nr_enqueued = 0;
__u64 nr_dispatched = 0;
__u64 alloc_count = 0;
__u64 vtime_now = 0;

struct user_exit_info uei SEC(".data");

struct task_ctx {
	__u64 exec_start; /* the task's CPU time in ns when it was last put on a CPU */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_ctx);
} task_ctxs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FIXTURE_ARRAY_MAX);
	__type(key, __u32);
	__type(value, struct fixture_entry);
} ktstr_array_fixture SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} ktstr_pcpu_fix SEC(".maps");

/* How often a task of a cgroup (by its id) was put on a CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CGROUP_COUNT_MAX);
	__type(key, __u64);
	__type(value, __u64);
} ktstr_cgroup_dispatch_count SEC(".maps");

#include "zoo.bpf.h"

static inline _Bool vtime_before(__u64 a, __u64 b)
{
	return (__s64)(a - b) < 0;
}

/* A stall is one whatever else is asked for: then all tasks wait in the shared queue. */
static inline _Bool scatters(void)
{
	return !stall && (scattershot || degrade || degrade_rt);
}

SEC("struct_ops/ktstr_select_cpu")
int ktstr_select_cpu(unsigned long long *ctx)
{
	struct task_struct *p = (void *)ctx[0];
	__s32 prev_cpu = (__s32)ctx[1], cpu;
	_Bool is_idle = 0;

	__sync_fetch_and_add(&nr_select_cpu, 1);
	/*
	 * Without the caller's wake flags: a synchronous wake-up would go straight to the waker's
	 * own queue, and a pair that wakes each other could keep a CPU from the shared queue.
	 */
	cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, 0, &is_idle);
	if (is_idle && !stall && !scatters())
		dsq_insert(p, core_value(scx_dsq_id_flags, SCX_DSQ_LOCAL), slice_ns, 0);
	return cpu;
}

/* The queue of a random CPU among those that @p may use. */
static __u64 random_dsq(struct task_struct *p)
{
	__u32 nr = scx_bpf_nr_cpu_ids(), cpu = bpf_get_prandom_u32() % (nr ? nr : 1);
	const struct cpumask *online = scx_bpf_get_online_cpumask();

	if (!bpf_cpumask_test_cpu(cpu, online) || !bpf_cpumask_test_cpu(cpu, p->cpus_ptr))
		cpu = bpf_cpumask_first_and(online, p->cpus_ptr);
	scx_bpf_put_cpumask(online);
	if (cpu >= nr)
		return core_value(scx_dsq_id_flags, SCX_DSQ_LOCAL);
	return core_value(scx_dsq_id_flags, SCX_DSQ_LOCAL_ON) | cpu;
}

/* Queue @p by its vtime and wake an idle CPU that may run it: nothing else would. */
static void enqueue_shared(struct task_struct *p, __u64 enq_flags)
{
	__u64 vtime = p->scx.dsq_vtime;
	__s32 cpu;

	/* A long sleeper gets one slice of advance and no more. */
	if (vtime_before(vtime, vtime_now - slice_ns))
		vtime = vtime_now - slice_ns;
	dsq_insert_vtime(p, SHARED_DSQ, slice_ns, vtime, enq_flags);
	cpu = scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);
	if (cpu >= 0)
		scx_bpf_kick_cpu(cpu, core_value(scx_kick_flags, SCX_KICK_IDLE));
}

SEC("struct_ops/ktstr_enqueue")
int ktstr_enqueue(unsigned long long *ctx)
{
	struct task_struct *p = (void *)ctx[0];
	__u64 enq_flags = ctx[1];

	__sync_fetch_and_add(&nr_enqueued, 1);
	if (p->flags & PF_KTHREAD)
		dsq_insert(p, core_value(scx_dsq_id_flags, SCX_DSQ_LOCAL), slice_ns, enq_flags);
	else if (scatters())
		dsq_insert(p, random_dsq(p), slice_ns, enq_flags);
	else
		enqueue_shared(p, enq_flags);
	return 0;
}

/* Refused by the verifier, which follows every step up to the last line and so logs them all. */
static inline void verify_for_long(void)
{
	__u64 x = bpf_get_prandom_u32();

#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < 64; i++) {
#pragma clang loop unroll(full)
		for (__u32 j = 0; j < 8; j++)
			x = x * 31 + bpf_get_prandom_u32();
	}
	*(volatile __u64 *)0 = x;
}

/* Whether this call of dispatch is one to leave out. */
static inline _Bool skips_dispatch(void)
{
	if (slow && __sync_fetch_and_add(&slow_cnt, 1) % 4)
		return 1;
	return (degrade || degrade_rt) && __sync_fetch_and_add(&degrade_cnt, 1) % 2;
}

SEC("struct_ops/ktstr_dispatch")
int ktstr_dispatch(unsigned long long *ctx)
{
	if (fail_verify)
		*(volatile int *)0 = 1;
	if (verify_loop)
		verify_for_long();
	if (crash) {
		scx_error("ktstr: crash asked for");
		return 0;
	}
	if (stall || skips_dispatch())
		return 0;
	if (dsq_move_to_local(SHARED_DSQ))
		__sync_fetch_and_add(&nr_dispatched, 1);
	return 0;
}

static void count_cgroup(struct task_struct *p)
{
	__u64 id = p->cgroups->dfl_cgrp->kn->id, one = 1, *count;

	count = bpf_map_lookup_elem(&ktstr_cgroup_dispatch_count, &id);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&ktstr_cgroup_dispatch_count, &id, &one, BPF_NOEXIST);
}

SEC("struct_ops/ktstr_running")
int ktstr_running(unsigned long long *ctx)
{
	struct task_struct *p = (void *)ctx[0];
	struct task_ctx *tc = bpf_task_storage_get(&task_ctxs, p, 0, 0);

	if (tc)
		tc->exec_start = p->se.sum_exec_runtime;
	count_cgroup(p);
	/* Races between CPUs lose a step at most; the next one makes up for it. */
	if (vtime_before(vtime_now, p->scx.dsq_vtime))
		vtime_now = p->scx.dsq_vtime;
	return 0;
}

SEC("struct_ops/ktstr_stopping")
int ktstr_stopping(unsigned long long *ctx)
{
	struct task_struct *p = (void *)ctx[0];
	struct task_ctx *tc = bpf_task_storage_get(&task_ctxs, p, 0, 0);
	__u64 ran = tc ? p->se.sum_exec_runtime - tc->exec_start : 0;
	__u32 weight = p->scx.weight;

	/* By CPU time and not by what is left of the slice: the kernel refills slices itself. */
	if (weight)
		task_set_vtime(p, p->scx.dsq_vtime + ran * 100 / weight);
	return 0;
}

SEC("struct_ops/ktstr_init_task")
int ktstr_init_task(unsigned long long *ctx)
{
	struct task_struct *p = (void *)ctx[0];

	if (!bpf_task_storage_get(&task_ctxs, p, 0, BPF_LOCAL_STORAGE_GET_F_CREATE))
		return -12; /* ENOMEM */
	__sync_fetch_and_add(&alloc_count, 1);
	return 0;
}

SEC("struct_ops/ktstr_enable")
int ktstr_enable(unsigned long long *ctx)
{
	task_set_vtime((struct task_struct *)ctx[0], vtime_now);
	return 0;
}

SEC("struct_ops/ktstr_init")
int ktstr_init(unsigned long long *ctx)
{
	const struct cpumask *online = scx_bpf_get_online_cpumask();

	nr_cpus_onln = bpf_cpumask_weight(online);
	scx_bpf_put_cpumask(online);
	zoo_init();
	return scx_bpf_create_dsq(SHARED_DSQ, -1);
}

SEC("struct_ops/ktstr_exit")
int ktstr_exit(unsigned long long *ctx)
{
	struct scx_exit_info *ei = (void *)ctx[0];

	bpf_probe_read_kernel_str(uei.reason, sizeof(uei.reason), ei->reason);
	bpf_probe_read_kernel_str(uei.msg, sizeof(uei.msg), ei->msg);
	uei.exit_code = ei->exit_code;
	/* Whoever sees the kind sees the rest. */
	__sync_lock_test_and_set(&uei.kind, ei->kind);
	return 0;
}

SEC(".struct_ops")
struct sched_ext_ops ktstr_ops = {
	.select_cpu = (void *)ktstr_select_cpu,
	.enqueue = (void *)ktstr_enqueue,
	.dispatch = (void *)ktstr_dispatch,
	.running = (void *)ktstr_running,
	.stopping = (void *)ktstr_stopping,
	.init_task = (void *)ktstr_init_task,
	.enable = (void *)ktstr_enable,
	.init = (void *)ktstr_init,
	.exit = (void *)ktstr_exit,
	.timeout_ms = 20000,
	.name = "ktstr",
};
