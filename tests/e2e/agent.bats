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
		--topology "$topology" >out
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
