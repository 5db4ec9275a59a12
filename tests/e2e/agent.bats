#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# time-limit: 1200
# slow
# ktstr-init in a guest: what it makes of a scenario, message by message.

bats_require_minimum_version 1.5.0

setup_file()
{
	root=$BATS_TEST_DIRNAME/../..
	export bin=$root/build/bin helper=$root/build/tests/helper guest=$root/build/guest
	kernel=$("$root/cmd/ktstr-kernel" path)
	export vmlinux=${kernel%/*}/vmlinux
}

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
}

# boot TOPOLOGY [INITRD-OPTION...]: run the scenario on stdin; its frames go to ./out
boot()
{
	local topology=$1
	shift
	"$bin/ktstr-initrd" --scenario - "$@" >initrd
	timeout -k 5 400 "$bin/ktstr-boot" --kernel "$vmlinux" --initrd initrd --timeout 300s \
		--topology "$topology" --vm vm >out
}

# messages TYPE: the JSON payloads of the guest's messages of that type
messages()
{
	"$helper/tlvcat" --cut 1000000 <out | sed -n "s/^guest $1 [^{]*//p"
}

# Fails unless the jq program gives true for all of stdin as one array.
holds()
{
	tee "$BATS_TEST_TMPDIR/asked" | jq -se "$1" >/dev/null || {
		echo "not so: $1, of:" >&2
		jq -c . "$BATS_TEST_TMPDIR/asked" >&2
		return 1
	}
}

@test "every operation and every work type" {
	boot 1n2l2c1t <<-'END'
		test all
		topology 1n2l2c1t
		duration 1200ms
		step a hold=25%
		  cgroup a cpuset=llc:0 workers=2 work=spin
		  cgroup b cpuset=llc:1 workers=2 work=pipe weight=300
		  spawn b workers=2 work=futex-ping-pong
		step b hold=25%
		  swap-cpusets a b
		  cgroup c workers=1 work=bursty,burst=3ms,sleep=3ms
		  spawn c workers=1 work=io-sync
		  spawn c workers=1 work=fork-exit
		  set-cpuset c exact:0-1
		step c hold=25%
		  stop-workers a
		  spawn a workers=1 work=yield
		  clear-cpuset c
		  move-tasks b c
		  set-affinity c exact:2
		step d hold=rest
		  remove-cgroup b
		  cgroup b workers=1 work=mixed affinity=exact:1
	END
	messages GUEST_EXIT | holds 'length == 1 and .[0].exit_code == 0'
	run -0 messages TROUBLE
	[ -z "$output" ]
	messages WORKER >workers
	holds 'map(.work) | sort == ["bursty", "fork-exit", "futex-ping-pong", "futex-ping-pong",
		"io-sync", "mixed", "pipe", "pipe", "spin", "spin", "yield"]' <workers
	holds 'all(.completed and .exit == "reported" and .exit_status == 0)' <workers
	holds 'all(.work_units > 0 and .iterations > 0 and .cpu_ns > 0)' <workers
	holds 'all(.cpu_ns <= .wall_ns and .cpus_outside == "" and .cpus_used != "")' <workers
	# They went with their tasks, and were where they belong.
	holds 'map(select(.work == "pipe").cgroup) == ["c", "c"]' <workers
	holds 'map(select(.work == "mixed").cpus_used) == ["1"]' <workers
	holds 'map(select(.work == "yield").cpus_used | IN("2", "3", "2-3")) | all' <workers
	holds 'map(select(.work == "spin").migrations >= 1) | all' <workers # out of their LLC
	# Wake samples where a type sleeps, and their order.
	holds 'all((.wakes > 0) == (.work | IN("bursty", "fork-exit", "futex-ping-pong", "io-sync", "pipe")))' <workers
	holds 'map(select(.wakes > 0) | .wake_p50_ns <= .wake_p99_ns and .wake_p99_ns <= .wake_max_ns) | all' <workers
	# The timeline.
	messages STEP_END | holds 'map(.name) == ["a", "b", "c", "d"]'
	messages STEP_START | holds 'map(.ops) == [3, 5, 5, 2]'
	{ messages STEP_START; messages STEP_END; } |
		holds 'group_by(.step) | all((.[1].at_ns - .[0].at_ns) >= 299000000)'
	messages SCENARIO_END | holds 'length == 1 and .[0].elapsed_ns >= 1200000000'
}

@test "a loop: rounds, and the hold is its own time" {
	boot 1n1l2c1t <<-'END'
		test loop
		duration 500ms
		step a hold=loop:100ms
		  cgroup a workers=1 work=spin
		  spawn a workers=1 work=yield
		  stop-workers a
		  spawn a workers=1 work=mixed
	END
	messages GUEST_EXIT | holds '.[0].exit_code == 0'
	# The spin worker and all yield workers are stopped before they begin.
	messages WORKER | holds 'map(.work) | unique == ["mixed"]'
	messages WORKER | holds 'length >= 3 and length <= 5 and all(.work_units > 0)'
	messages STEP_END | holds '.[0].ops == 3 * (.[0].ops / 3 | floor) + 1'
}

@test "an operation that fails in the guest ends the scenario, with its line" {
	boot 1n1l2c1t <<-'END'
		test fails
		topology 1n2l2c1t
		step a hold=20%
		  cgroup a workers=1
		step b hold=rest
		  cgroup b cpuset=llc:1 workers=1
	END
	messages TROUBLE | holds 'length == 1 and .[0].kind == "step" and .[0].step == 1 and .[0].line == 6'
	messages TROUBLE | holds '.[0].message | contains("/sys/fs/cgroup/ktstr/b/cpuset.cpus")'
	messages GUEST_EXIT | holds '.[0].exit_code == 1'
	messages STEP_END | holds 'length == 1'
	messages SCENARIO_END | holds 'length == 0'
	messages WORKER | holds 'map(.cgroup) == ["a"]' # what has begun is reported
}

@test "a stalled scheduler: the workers' open gaps, and the end at once" {
	boot 1n1l2c1t --scheduler "$guest/scx-ktstr" <<-'END'
		test stall
		scheduler scx-ktstr --stall-after 300ms --timeout-ms 1000
		duration 30s
		cgroup a workers=3 work=spin
	END
	messages SCHED_STATE | holds '.[0].state == "up" and .[0].ops == "ktstr" and .[0].expected'
	messages SCHED_STATE | holds '.[-1] | .state == "exited" and .reason == "runnable task stall" and (.expected | not)'
	messages WORKER | holds 'length == 3 and any(.max_gap_ns > 800000000)'
	messages GUEST_EXIT | holds '.[0].exit_code == 1'
	messages SCENARIO_END | holds 'length == 0'
	"$helper/tlvcat" --cut 1000000 <out | grep -q '^guest KMSG .*sched_ext: BPF scheduler .* disabled'
}

# answers TEXT...: over the control socket, each the answer to one ring; `-` is none
answers()
{
	local requests=() text
	for text; do
		requests+=(@ring)
		[ "$text" = - ] || requests+=("answer $text")
		requests+=(thaw)
	done
	until [ -S vm/ctl ]; do sleep 0.05; done
	timeout 300 "$helper/vmctl" vm listen "${requests[@]}"
}

@test "what the agent asks for, and what it makes of the answers" {
	answers ok ok ok ok 'error no room' - >rings 3>&- &
	boot 1n1l1c1t <<-'END'
		test asks
		duration 200ms
		step a hold=50%
		  snapshot one
		  watch a
		  watch b
		  watch c
		  watch d
		  snapshot two
		step b hold=rest
		  snapshot three
	END
	wait
	# A fourth is not asked for, and fails the test, which goes on; a capture that fails does not.
	[ "$(sed -n 's/^ring seq=[0-9]* request=//p' rings)" = "snapshot text=one
watch text=a
watch text=b
watch text=c
snapshot text=two
snapshot text=three" ]
	messages REQUEST | holds 'map(.status) == ["ok", "ok", "ok", "ok", "error", "heard"]'
	messages REQUEST | holds 'map(.step) == [0, 0, 0, 0, 0, 1] and all(.at_ns > 0)'
	messages TROUBLE >troubles
	holds 'map(.kind) == ["step", "note", "note"]' <troubles
	holds '.[0] | .step == 0 and .line == 8' <troubles
	holds '.[0].message | contains("cap exceeded") and contains("WatchSnapshot")' <troubles
	holds '.[1].message == "snapshot '\''two'\'': no room"' <troubles
	holds '.[2].message == "snapshot '\''three'\'': nobody takes captures"' <troubles
	messages SCENARIO_END | holds 'length == 1'
	messages GUEST_EXIT | holds '.[0].exit_code == 1'
}

@test "a symbol that does not resolve ends the scenario, with its line" {
	answers ok 'error symbol no.such did not resolve' >rings 3>&- &
	boot 1n1l1c1t <<-'END'
		test refused
		snapshot before
		watch no.such
		snapshot behind
	END
	wait
	messages REQUEST | holds 'map(.text) == ["before", "no.such"]'
	messages TROUBLE | holds 'length == 1 and .[0].kind == "step" and .[0].line == 3'
	messages TROUBLE | holds '.[0].message | contains("did not resolve") and contains("no.such")'
	messages SCENARIO_END | holds 'length == 0'
	messages GUEST_EXIT | holds '.[0].exit_code == 1'
}

@test "a scheduler that stalls does not hold up periodic captures" {
	boot 1n1l2c1t --scheduler "$guest/scx-ktstr" <<-'END'
		test periodic
		scheduler scx-ktstr --stall-after 200ms --timeout-ms 4000
		duration 2s
		snapshots 3
		step all
		  cgroup a workers=3 work=spin
	END
	messages REQUEST >requests
	holds 'map(.text) == ["periodic_000", "periodic_001", "periodic_002"]' <requests
	holds 'map(.due_ns) | .[1] - .[0] == 400000000 and .[2] - .[1] == 400000000' <requests
	# A tick is 4 ms.
	holds 'all(.at_ns >= .due_ns and .at_ns - .due_ns < 20000000)' <requests
	{ messages SCENARIO_START; messages REQUEST; } | holds '.[1].due_ns - .[0].at_ns == 600000000'
	# It did stall then: nobody got on.
	messages WORKER | holds 'any(.max_gap_ns > 1500000000)'
	messages TROUBLE | holds 'length == 1 and .[0].message == "snapshots 3: nobody takes captures"'
}

@test "a module that does not load, a scenario that does not parse: told" {
	echo 'no module' >bad.ko
	echo /bad.ko >modules
	boot 1n1l1c1t --file bad.ko:/bad.ko --file modules:/modules <<<'test x'
	messages TROUBLE | holds '.[0].kind == "set-up" and (.[0].message | contains("/bad.ko"))'
	messages GUEST_EXIT | holds '.[0].exit_code == 1'

	echo 'nonsense' >scenario
	"$bin/ktstr-initrd" --file scenario:/scenario >initrd
	timeout -k 5 400 "$bin/ktstr-boot" --kernel "$vmlinux" --initrd initrd >out
	messages TROUBLE | holds 'length == 1 and (.[0].message | startswith("/scenario:1: "))'
}

@test "the same initramfs gives the same messages, to the nanosecond" {
	boot 1n2l1c1t --scheduler "$guest/scx-ktstr" <<-'END'
		test same
		topology 1n2l1c1t
		scheduler scx-ktstr
		duration 300ms
		cgroup a workers=3 work=spin
		cgroup b workers=2 work=pipe
	END
	"$helper/tlvcat" --cut 1000000 <out | grep '^guest' >first
	timeout -k 5 400 "$bin/ktstr-boot" --kernel "$vmlinux" --initrd initrd \
		--topology 1n2l1c1t >out
	"$helper/tlvcat" --cut 1000000 <out | grep '^guest' >second
	[ -s first ]
	cmp first second
}

@test "outside of a guest it refuses" {
	run -2 --separate-stderr "$guest/ktstr-init"
	[ "$stderr" = 'ktstr-init: not PID 1: this program is a test guest'\''s init' ]
	[ -z "$output" ]
}
