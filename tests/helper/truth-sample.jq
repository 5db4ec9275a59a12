# SPDX-License-Identifier: GPL-2.0-only
# A sample of ktstr-monitor (--format json) as the lines of tests/helper/truth-flat. Left out is what
# the guest has no words for: balance_interval, nr_balance_failed and the newidle counters of a
# domain; of a machine without a sched_ext scheduler the sched_ext columns of a run queue; and the
# programs that run when the guest is asked for sched_ext's dump.
def facts(key; names): key as $key | [names] as $names |
	to_entries[] | select(.key | IN($names[])) | "\($key) \(.key) \(.value)";
def domain_unknown: "balance_interval", "nr_balance_failed", "newidle_call", "newidle_success",
	"newidle_ratio";

.scheduler as $scheduler |
(facts("machine"; "scx_enable_state", "scx_nr_rejected")),
(select($scheduler) | "machine scheduler \($scheduler)"),
(.cpus[] | .cpu as $cpu |
	facts("cpu \($cpu)"; "nr_running", "nr_switches", "curr_pid", "comm", "class"),
	(.schedstat | facts("cpu \($cpu)"; keys[])),
	(select($scheduler) |
		facts("cpu \($cpu)"; "scx_nr_running", "local_dsq_depth", "scx_flags")),
	(.sched_domains // [] | to_entries[] | .key as $depth | .value |
		facts("domain \($cpu) \($depth)"; keys - [domain_unknown] | .[]))),
([.cpus[].event_counters // {} | to_entries[]] | group_by(.key)[] |
	"event \(.[0].key) \(map(.value) | add)"),
(.progs[] | select(.name | contains("dump") | not) |
	facts("prog \(.id)"; "cnt", "nsecs", "misses", "verified_insns", "name")),
(.dsqs[] | select(.nr > 0) | "dsq \(.id) \(.nr)")
