/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Message types and their payloads. ktstr-tlv(5) is the public page; keep the two the same.
 *
 * A payload is `text` (raw bytes, pieces of one stream in order, no terminator), `json` (one JSON
 * object, UTF-8, members as listed; "?" marks a member that may be missing; a reader ignores
 * members that it does not know) or `binary` (as the header says that is named). Spans and times
 * are integers in the unit of the name. Times with `at_ns` are guest CLOCK_MONOTONIC.
 */
#ifndef KTSTR_TLV_TYPES_H
#define KTSTR_TLV_TYPES_H

enum tlv_type {
	/* ---- ktstr-boot ---- */

	/* json: the machine as asked, before it starts.
	 * tool, version, engine ("tcg"), engine_version?, engine_mode ("icount", "single",
	 * "multi"), engine_reason?, kernel (path), kernel_release?, initrd_bytes, cmdline, topology
	 * ("1n2l2c1t"), vcpus, memory_mib, kaslr (bool), boot_timeout_ns, timeout_ns, argv [..] */
	TLV_HELLO = 1,
	/* text: COM1, the kernel's console */
	TLV_CONSOLE = 2,
	/* text: COM2, the agent's last words */
	TLV_COM2 = 3,
	/* json: how the machine ended; the last message of a good stream but for TLV_USAGE.
	 * reason: "poweroff", "reset" (the guest rebooted), "panic" (guest kernel panic),
	 *   "boot-timeout" (no agent within boot_timeout), "timeout", "signal" (ktstr-boot was
	 *   told to stop), "killed" (a client of the control socket asked), "engine-failed" (QEMU
	 *   is missing, refused its arguments or died), "internal-error" (the VMM gave up)
	 * detail? (one line for people), timed_out (bool), signal? (number), engine_status? (raw
	 * wait status of the engine), duration_ns (start to end of the machine), boot_ns? (start to
	 * the agent's hello), cleanup_ns */
	TLV_EXIT = 4,
	/* json: wall_ns, user_ns, sys_ns, max_rss_kb (of engine and boot together), console_bytes,
	 * console_dropped_bytes, com2_bytes, com2_dropped_bytes, bulk_bytes, bulk_dropped_bytes,
	 * bulk_bad_frames, frozen_ns, freezes, doorbells (requests of the guest), bad_doorbells
	 * (those that were not understood), watch_hits (stores to watched words) */
	TLV_USAGE = 5,

	/* ---- the plan, from ktstr-scenario or, failing that, from the agent ---- */

	/* json: the scenario as parsed: see scenario_plan_json() in lib/scenario/plan.h */
	TLV_PLAN = 16,

	/* ---- the guest agent ---- */

	/* json: release, machine, cpus [{cpu, node, llc, core, thread}..], memory_kb,
	 * sched_ext (bool: /sys/kernel/sched_ext exists), cmdline */
	TLV_GUEST_HELLO = 32,
	/* json: phase: "init", "modules", "scheduler-starting", "scheduler-up", "scenario",
	 * "teardown"; detail? */
	TLV_LIFE = 33,
	/* json: something went wrong in the guest that is not a check.
	 * kind: "set-up" (mount, module, cgroup..), "step" (an op failed), "scheduler" (missing,
	 * not executable, exited early, never attached), "agent" (bug or limit of the agent
	 * itself), "note" (worth telling, does not fail the test); message; step? (index), line? */
	TLV_TROUBLE = 34,
	/* text: stdout and stderr of the scheduler under test, as one stream */
	TLV_SCHED_OUTPUT = 35,
	/* json: what became of the scheduler. state: "up", "exited" (the process ended), "ejected"
	 * (the kernel took it off while the process lives on), "stopped" (by the agent, at the
	 * end); ops? (name in /sys/kernel/sched_ext/root/ops), reason? (the kernel's words for why
	 * it took it off, e.g. "runnable task stall"), status? (raw wait status), at_ns, expected
	 * (bool: false while the scenario needed it). An ejected one may be told again, "exited" */
	TLV_SCHED_STATE = 36,
	/* text: the kernel log (/dev/kmsg records as "[seconds.micros] text\n") */
	TLV_KMSG = 37,
	/* text: the agent's own log */
	TLV_OUTPUT = 38,
	TLV_STDERR = 39,
	/* json: gpa: guest-physical address of the page through which the guest asks for things
	 * (lib/vm/mailbox.h). Told before the first request, and again should it move */
	TLV_MAILBOX = 40,

	/* json: at_ns, cgroups (names that exist) */
	TLV_SCENARIO_START = 48,
	/* json: one boundary of the stimulus timeline. step (index from 0), name, at_ns, ops
	 * (number executed), op_kinds [names], cgroups, workers, iterations (cumulative over all
	 * workers) */
	TLV_STEP_START = 49,
	TLV_STEP_END = 50,
	/* json: elapsed_ns, iterations, workers? (started since the beginning). Only when all steps
	 * ran to their end */
	TLV_SCENARIO_END = 51,
	/* json: one worker's report.
	 * tid, cgroup, work, step (that spawned it), completed (bool), exit ("reported", "exited",
	 * "signaled", "timed-out"), exit_status? (raw wait status)
	 * cpu_ns, wall_ns, run_delay_ns, run_count; work_units, iterations
	 * cpus_used (list text "0-2,5"), cpus_outside (list text: used while outside the cpuset in
	 * force, "" for none), migrations
	 * max_gap_ns, max_gap_cpu, max_gap_at_ns (since scenario start)
	 * wakes (number of samples), wake_p50_ns?, wake_p99_ns?, wake_max_ns? */
	TLV_WORKER = 52,
	/* json: exit_code: what the agent ends with: 0 when the plan ran to its end, 1 when
	 * something under TLV_TROUBLE or the scheduler's death cut it short. Last of the guest. */
	TLV_GUEST_EXIT = 53,
	/* json: what the agent asked of those who take captures, by the doorbell, and how it was
	 * answered. request ("snapshot", "watch", "periodic"), text (name, symbol, tag), status
	 * ("nobody", "heard", "ok", "error", "asked": not even the bell was heard), at_ns, step
	 * (that ran, from 0), due_ns? ("periodic": when it should have been asked) */
	TLV_REQUEST = 54,

	/* ---- ktstr-monitor ---- */

	/* json: what the samples that follow are: see lib/sample/schema.h. A new one takes the
	 * place of the one before */
	TLV_SAMPLE_SCHEMA = 64,
	/* binary: one sample, see lib/sample/sample.h */
	TLV_SAMPLE = 65,
	/* json: what the monitor did or could not do. kind: "attached" (to a kernel), "lost" (the
	 * kernel went away: reboot), "watchdog" (override of the sched_ext watchdog's timeout),
	 * "trouble"; message; generation?, attach_ns?, kaslr_offset? ("attached"),
	 * expected_jiffies?, observed_jiffies?, hz? ("watchdog") */
	TLV_MONITOR_NOTE = 66,
	/* json: the last of the monitor. samples, invalid, missed, schemas, generations
	 * (kernels it was attached to), reason ("count", "for", "vm-gone", "signal", "no-kernel"
	 * (none came up in time, or none came back), "closed", "failed") */
	TLV_MONITOR_END = 67,

	/* ---- ktstr-freeze ---- */

	/* json: one look at the machine while it stood still. tag, trigger ("now", "op", "watch",
	 * "periodic", "exit"), number (from 0), frozen_ns (how long the guest stood for it),
	 * copied_bytes, render_ns, jiffies?, symbol? ("watch"), reason? (when it is a placeholder),
	 * report (lib/dump/dump.h; null when it is a placeholder) */
	TLV_CAPTURE = 80,
	/* json: what ktstr-freeze did or could not do. kind: "attached", "watch" (registered),
	 * "missed" (a capture that is not there), "trouble"; message; tag?, symbol?, slot?,
	 * kaslr_offset? ("attached") */
	TLV_FREEZE_NOTE = 81,
	/* json: the last of ktstr-freeze. captures, missed, hits (of watches), periodic_fired,
	 * periodic_real, frozen_ns (all captures), reason ("done", "vm-gone", "signal",
	 * "no-kernel", "closed", "failed") */
	TLV_FREEZE_END = 82,
};

#endif
