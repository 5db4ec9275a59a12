/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scheduler's state in a kernel that stands still, as JSON members of a dump. Each member that
 * cannot be had is null, and its reason stands in `reasons` under the member's name.
 *
 *   rq_scx_states   [{cpu, nr_running, scx_nr_running, local_dsq_depth, flags, clock, curr {pid,
 *                   comm, class, runtime..}, ..all numbers of struct scx_rq that there are}..]
 *   dsq_states      [{id (hex), kind "local", "bypass", "global", "user", cpu?, node?, depth, seq,
 *                   tasks [{pid, comm, kva, ..}..], truncated?}..]
 *   scx_sched_state {kva, ops, aborting, bypass_depth, exit_kind, exit_kind_name, ..}
 *   exit_info       {kind, kind_name, exit_code, reason, msg, exit_cpu?, backtrace [{address,
 *                   symbol}..], dump?}
 *   runnable_tasks  [{pid, comm, cpu, class, on_rq, runnable_at_jiffies, wait_ms, dsq, weight,
 *                   slice, vtime..}..] on the runnable lists of sched_ext, longest wait first
 *   task_enrichments [{pid, tgid, comm, leader_pid, parent_pid, n_threads, prio, static_prio,
 *                   normal_prio, policy, class, scx_weight, nvcsw, nivcsw, cpu, state, backtrace?
 *                   }..] of the tasks named above and those running; at most 4096
 *   event_counters  {name: sum over CPUs..}
 *   per_cpu_time    [{cpu, user_ns, nice_ns, system_ns, softirq_ns, irq_ns, idle_ns, iowait_ns,
 *                   steal_ns, irqs, softirqs {HI: n, ..}}..]
 *   per_node_numa   [{node, numa_hit, numa_miss, numa_foreign, interleave_hit, local_node,
 *                   other_node}..]
 *   prog_stats      [{id, name, verified_insns, run_cnt, run_time_ns, recursion_misses}..]
 *   dmesg_tail      text of the last lines of the kernel log
 *   jiffies, hz, uptime_ns?
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
 * @kind_kva, read at once; null when it cannot be had. */
json_t *sched_exit_info_json(const struct sched_dump *d, const struct kernel *k, uint64_t kind_kva,
			     bool with_dump, struct err *e);

/*
 * The address and length of what @path names in the kernel: a symbol of a variable (`jiffies_64`),
 * or members from one on, pointers followed at this moment (`scx_root.exit_kind`,
 * `init_task.pid`). `exit_kind` alone is `scx_root.exit_kind`. ENOENT: the text holds
 * "did not resolve" and @path.
 */
int sched_resolve(const struct kernel *k, const char *path, uint64_t *ret_kva, uint64_t *ret_len,
		  struct err *e);

#endif
