/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scheduler's state in a kernel that stands still, as JSON members of a dump. A member that
 * cannot be had is null, and its reason stands in `reasons` under the member's name; one that could
 * not be had whole has a reason, too.
 *
 * Addresses and ids of queues are hexadecimal strings; numbers above 2^63 (a slice without end) are
 * JSON reals. `..` stands for more numbers under the kernel's names: those that this kernel has.
 *
 *   rq_scx_states   [{cpu, nr_running, scx_nr_running, local_dsq_depth, flags, clock, nr_switches,
 *                   curr {kva, pid, comm, class, prio, runtime_ns, weight, slice, vtime}, scx {all
 *                   numbers of struct scx_rq: cpu_released, kick_sync..}}..]
 *   dsq_states      [{id, kind "local", "reject", "rescue", "bypass", "global", "user", cpu? or
 *                   node?, kva, depth, seq, tasks [{kva, pid, comm, cpu, scx_flags, dsq_flags,
 *                   weight, slice, vtime}..], truncated? (why not all tasks are told)}..]
 *   scx_sched_state {kva, ops, enable_state, enable_state_name, exit_kind, exit_kind_name,
 *                   aborting, bypass_depth, watchdog_timeout (jiffies), nr_rejected, ..}
 *   exit_info       {kind, kind_name, exit_code, exit_cpu, flags, reason, msg, backtrace [{address,
 *                   symbol}..], dump (the kernel's own text, null until it is complete)}
 *   runnable_tasks  [{kva, pid, comm, cpu, class, on_rq, wait_ms, dsq, runnable_at_jiffies,
 *                   scx_flags, weight, slice, vtime, sticky_cpu, ..}..] on the runnable lists of
 *                   sched_ext, longest wait first
 *   task_enrichments [{kva, pid, comm, parent_pid, leader_pid, pgid, sid, n_threads, tgid, cpu,
 *                   prio, static_prio, normal_prio, rt_priority, policy, policy_name, class,
 *                   is_boosted, state (a letter as of ps), state_bits, flags, nvcsw, nivcsw,
 *                   runtime_ns, cgroup (path), dsq, scx_weight, scx {..}, ..}..] of the tasks named
 *                   above and those running; at most SCHED_TASKS_MAX
 *   event_counters  {name: sum over CPUs..}
 *   per_cpu_time    [{cpu, user_ns, nice_ns, system_ns, softirq_ns, irq_ns, idle_ns, iowait_ns,
 *                   steal_ns, guest_ns, guest_nice_ns, idle_sleep_ns?, iowait_sleep_ns?, irqs,
 *                   softirqs {HI: n, ..}}..]
 *   per_node_numa   [{node, numa_hit, numa_miss, numa_foreign, interleave_hit, local_node,
 *                   other_node}..]
 *   prog_stats      [{id, name, verified_insns, run_cnt, run_time_ns, recursion_misses}..]
 *   dmesg_tail      text of the last lines of the kernel log
 *   jiffies, hz, uptime_ns
 */
#ifndef KTSTR_DUMP_SCHED_H
#define KTSTR_DUMP_SCHED_H

#include <jansson.h>

#include "kernel/kernel.h"

#define SCHED_TASKS_MAX 4096u
#define SCHED_DMESG_BYTES 16384u

struct sched_dump;

/* What the kernel's objects look like. *ret is NULL on failure; what a kernel lacks is no failure.
 */
int sched_dump_create(const struct kernel *k, struct sched_dump **ret, struct err *e);
void sched_dump_destroy(struct sched_dump *d);

/* Read all that sched_dump_json() will need: for a memory that records. Never fails. */
void sched_dump_touch(struct sched_dump *d, const struct kernel *k);

/* The members above and `reasons` as one new object. NULL when memory is out. */
json_t *sched_dump_json(struct sched_dump *d, const struct kernel *k);

/*
 * Places of the scheduler in force that change when it fails, for watches, in this order: the word
 * `exit_kind`; the pointer `exit_info->reason`, which is set when message and backtrace are there;
 * and scx_root itself, which is cleared when the kernel's own dump is complete. A @len of 0: this
 * kernel has none. EAGAIN: no scheduler is loaded.
 */
struct sched_exit_places {
	struct {
		uint64_t kva, len;
	} kind, reason, root;
};
int sched_exit_places(const struct sched_dump *d, const struct kernel *k,
		      struct sched_exit_places *ret, struct err *e);

/* The value of exit_kind at its place now, and whether it is an error (SCX_EXIT_ERROR or above). */
int sched_exit_kind(const struct sched_dump *d, const struct kernel *k, uint64_t kva,
		    uint64_t *ret_kind, bool *ret_is_error, struct err *e);

/* exit_info (with the kernel's dump when @with_dump) of the scheduler whose struct scx_sched held
 * @kind_kva, read at once; JSON null, with *e, when it cannot be had. NULL when memory is out. */
json_t *sched_exit_info_json(const struct sched_dump *d, const struct kernel *k, uint64_t kind_kva,
			     bool with_dump, struct err *e);

/*
 * The address and length of what @path names in the kernel: a symbol of a variable (`jiffies_64`),
 * or members from one on, pointers followed at this moment (`scx_root.exit_kind`,
 * `init_task.pid`). `exit_kind` alone is `scx_root.exit_kind`. More in kernel/resolve.h. ENOENT (or
 * EINVAL, ERANGE: that is no path): the text holds "did not resolve" and @path.
 */
int sched_resolve(const struct kernel *k, const char *path, uint64_t *ret_kva, uint64_t *ret_len,
		  struct err *e);

#endif
