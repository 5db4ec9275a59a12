#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# time-limit: 900
# slow
# What is left of a scheduler that fails: the dump of the instant, the kernel's words, the result.

# shellcheck disable=SC2016 # jq programs
bats_require_minimum_version 1.5.0

setup_file()
{
	export root=$BATS_TEST_DIRNAME/../.. XDG_RUNTIME_DIR=$BATS_FILE_TMPDIR
	export ktstr=$root/cmd/ktstr helper=$root/build/tests/helper
}

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	export KTSTR_SIDECAR_DIR=$BATS_TEST_TMPDIR/side
}

teardown()
{
	run -0 find "$XDG_RUNTIME_DIR" -name 'ktstr.*'
	[ -z "$output" ]
}

# judged STATUS [OPTION]...: run the scenario on stdin; its result is then in the file result
judged()
{
	local want=$1
	shift
	cat >t.scn
	run "-$want" --separate-stderr timeout -k 10 400 "$ktstr" run --format json "$@" t.scn
	printf '%s\n' "$output" >result
}

# asked FILE PROGRAM: fails unless it gives true
asked()
{
	jq -L "$root/share" -e "include \"ktstr\"; $2" "$1" >/dev/null || {
		echo "not so: $2"
		jq '{status, reasons, failure_dump, freeze}' result
		return 1
	}
}

@test "a stall is dumped at the store that makes it one" {
	judged 0 <<-'END'
		test t
		topology 1n2l2c1t
		scheduler scx-ktstr --stall-after 1
		duration 10s
		watchdog 2s
		expect-error
		step load
		  cgroup a workers=4 work=spin
		  watch exit_kind
		expect 'include "ktstr"; snapshot("exit_kind") | var("stall") | as_bool'
		expect 'include "ktstr"; failure | var("stall") | as_bool'
		expect '.failure_dump.report.exit_info.kind_name == "SCX_EXIT_ERROR_STALL"'
	END
	asked result '.failure_dump | .exit_kind_name == "SCX_EXIT_ERROR_STALL" and .schema == "single" and
		.reason == "runnable task stall" and (.msg | test("failed to run for [23]\\."))'
	dump=side/t.failure-dump.json
	asked $dump 'var("stall") | as_u64 != 0'
	asked $dump '.exit_info.exit_code == 0 and (.exit_info.backtrace | map(.symbol) |
		any(startswith("scx_watchdog_workfn+") or startswith("check_rq_for_timeouts+")))'
	# The very store: what the kernel does next it has not done.
	asked $dump '.scx_sched_state.exit_kind == 1026 and .scx_sched_state.aborting == 0'
	# The task that the kernel blames waits where the scheduler left it.
	asked $dump '(.exit_info.msg | capture("^(?<comm>[^\\[]+)\\[(?<pid>[0-9]+)\\]").pid | tonumber) as $pid |
		[.dsq_states[] | select(.kind == "user").tasks[].pid] | index($pid) != null'
	asked $dump '(.exit_info.msg | capture("\\[(?<pid>[0-9]+)\\]").pid | tonumber) as $pid |
		.runnable_tasks | map(select(.pid == $pid)) | .[0].wait_ms >= 2000'
	# The user's own watch of the same word was hit, too, once.
	asked result '[.snapshots[] | [.tag, .trigger]] == [["exit_kind", "watch"]]'
	asked $dump '.vcpu_regs | length == 4'
	grep -q 'runnable task stall' side/t.failure-dump.txt
	grep -q '^CPU states' side/t.failure-dump.txt
	run -0 "$root/build/bin/ktstr-freeze" show $dump
	[[ $output == *'runnable task stall'* ]]
	mkdir again
	# Printed again from the recording, it is the same.
	"$root/build/bin/ktstr-report" --format json --sidecar again --share "$root/share" <side/t.tlv >result2 || :
	cmp $dump again/t.failure-dump.json
}

@test "an error that a scheduler raises fails the test, which says where the dump is" {
	judged 1 <<-'END'
		test t
		topology 1n1l2c1t
		scheduler scx-ktstr --crash-after 200ms
		duration 5s
		step load
		  cgroup a workers=2 work=spin
	END
	asked result '.failure_dump | .exit_kind_name == "SCX_EXIT_ERROR_BPF" and (.msg | contains("crash asked for"))'
	asked side/t.failure-dump.json 'var("crash") | as_u64 == 1'
	run -1 --separate-stderr "$root/build/bin/ktstr-report" --share "$root/share" <side/t.tlv
	[[ $output == *'ktstr-freeze show '*'failure-dump.json'* ]] || [[ $output == *'crash asked for'* ]]
}

@test "a scheduler that does not fail leaves no dump, and takes away the last one" {
	mkdir side
	echo '{}' >side/t.failure-dump.json
	judged 0 <<-'END'
		test t
		topology 1n1l2c1t
		scheduler scx-ktstr
		duration 200ms
		step load
		  cgroup a workers=2 work=spin
		check max-spread off
	END
	asked result '.failure_dump == null and .freeze.complete'
	[ ! -e side/t.failure-dump.json ]
}

@test "without ktstr-freeze there is none" {
	judged 0 --no-freeze <<-'END'
		test t
		topology 1n1l2c1t
		scheduler scx-ktstr --crash-after 200ms
		duration 5s
		expect-error
		step load
		  cgroup a workers=2 work=spin
	END
	asked result '.failure_dump == null and .freeze == null'
}

# A run whose ktstr-freeze is stopped before the guest asks for a capture, and stands there for it:
# $run, $freeze, $vm
stopped_at_a_capture()
{
	local driver=''
	cat >t.scn <<-'END'
		test t
		topology 1n1l2c1t
		duration 500ms
		step one
		  cgroup a workers=2 work=spin
		  snapshot mine
		check max-spread off
	END
	timeout -k 10 400 "$ktstr" run --format json t.scn >result 2>log 3>&- &
	run=$!
	until [ -n "$driver" ] && freeze=$(pgrep -P "$driver" -x ktstr-freeze); do
		kill -0 "$run"
		driver=$(pgrep -P "$run") || :
	done
	# It listens before it gives up its system calls.
	until grep -qx 'Seccomp:.2' "/proc/$freeze/status"; do
		kill -0 "$freeze"
	done
	kill -STOP "$freeze"
	vm=$(find "$XDG_RUNTIME_DIR" -name ctl)
	vm=${vm%/ctl}
	until_state frozen
}

until_state()
{
	until "$helper/vmctl" "$vm" status | jq -e ".state == \"$1\"" >/dev/null; do
		kill -0 "$run"
	done
}

@test "who kills ktstr-freeze at a capture loses it, is told so, and loses no more" {
	stopped_at_a_capture
	kill -9 "$freeze"
	status=0
	wait "$run" || status=$?
	[ "$status" -eq 0 ]
	asked result '[.reasons[].message | select(contains("a capture was lost") or contains("nobody takes captures"))] |
		length >= 1'
	asked result '.success'
}

@test "a capture that comes too late is worth nothing, and says so" {
	stopped_at_a_capture
	until_state running
	kill -CONT "$freeze"
	status=0
	wait "$run" || status=$?
	[ "$status" -eq 0 ]
	asked result '.snapshots | length == 1 and .[0].tag == "mine" and
		(.[0].reason | startswith("the machine went on before it was "))'
	asked side/t.snapshots.json '.[0].report | .schema == "degraded" and .watchpoint_hit == false'
}
