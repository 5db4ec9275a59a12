#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# time-limit: 1500
# slow
# ktstr run: whole tests with real kernels and schedulers, good and bad.

bats_require_minimum_version 1.5.0

setup_file()
{
	export root=$BATS_TEST_DIRNAME/../.. XDG_RUNTIME_DIR=$BATS_FILE_TMPDIR
	export ktstr=$root/cmd/ktstr libexec=$root/build/guest
}

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	export KTSTR_SIDECAR_DIR=$BATS_TEST_TMPDIR/side
}

teardown()
{
	# Each run cleans up behind itself.
	run -0 find "$XDG_RUNTIME_DIR" -name 'ktstr.*'
	[ -z "$output" ]
}

# judged STATUS FILE-OR-OPTION...: run a scenario; its result is then in $result
judged()
{
	local want=$1
	shift
	run "-$want" --separate-stderr timeout -k 10 400 "$ktstr" run --format json "$@"
	result=$output
}

result()
{
	jq -e "$1" <<<"$result" >/dev/null || {
		jq '{status, reasons, machine, scheduler}' <<<"$result"
		return 1
	}
}

# short [STATEMENT...]: a small scenario on standard output, $duration long
short()
{
	cat <<-END
	test short
	topology 1n2l1c1t
	duration ${duration:-500ms}
	$(printf '%s\n' "$@")
	step load
	  cgroup a workers=2 work=spin
	  cgroup b workers=1 work=bursty,burst=2ms,sleep=2ms
	check max-spread off
	END
}

@test "the demo passes under scx-ktstr" {
	judged 0 "$root/share/scenarios/demo.scn"
	result '.success and .status == "pass" and .entry_name == "demo"'
	result '.scheduler.ops == "ktstr"'
	result '.exit_code == 0 and .timed_out == false and .crash_message == null'
	result '.duration > 0 and .cleanup_duration >= 0'
	result '.kvm_stats == null'
	result '.monitor.summary.total_samples > 20 and .monitor.complete and .monitor.kernel.ops == "ktstr"'
	result '.monitor.end_reason == "vm-gone" and .monitor.summary.stall_detected == false'
	result '.verifier_stats | any(.name | startswith("ktstr_"))'
	[ -s side/demo.json ] && [ -s side/demo.tlv ] && [ -s side/demo.scn ]
	# A recorded stream gives the same report again.
	"$root/build/bin/ktstr-report" --format json side/demo.tlv >again
	diff <(jq -S . side/demo.json) <(jq -S . again)
}

@test "the demo passes under the kernel's own scheduler" {
	judged 0 --scheduler '' "$root/share/scenarios/demo.scn"
	result '.success and .scheduler.ops == null'
}

@test "the demo passes under the kernel's own example schedulers" {
	examples=$("$root/tests/helper/build-scx-examples")
	for s in scx_simple scx_qmap; do
		judged 0 --scheduler "$examples/$s" "$root/share/scenarios/demo.scn"
		result ".success and (.scheduler.argv[0] | endswith(\"$s\"))"
	done
}

# watched CHECK...: a load that keeps both CPUs busy for long enough to be judged
watched()
{
	cat <<-END
	test watched
	topology 1n1l2c1t
	scheduler scx-ktstr
	duration 3s
	watchdog 30s
	cgroup a ${on:-} workers=6 work=spin
	check max-gap off
	check max-spread off
	$(printf 'check %s\n' "$@")
	END
}

@test "limits on what the monitor sees: kept, exceeded, and unknown without it" {
	watched monitor "max-imbalance 7" >s.scn
	judged 0 --monitor-interval 50ms s.scn
	result '.monitor.verdict == "pass" and .monitor.scope == "scheduler"'
	result '.monitor.watchdog | .expected_jiffies == 7500 and .observed_jiffies == 7500'
	result '.monitor.summary | .elapsed_seconds > 2 and .elapsed_seconds < 10 and
		.rates_per == "guest second" and .schedstat_deltas.total_sched_count > 0'
	# all of them on one of two CPUs
	on=cpuset=exact:0 watched monitor >s.scn
	judged 1 --monitor-interval 50ms s.scn
	result '.monitor.verdict == "fail" and .reasons[0].kind == "Monitor" and
		(.reasons[0].message | test("^imbalance ratio [6-9].* over 4 for [0-9]+ ms at [+][0-9]+ ms"))'
	watched monitor >s.scn
	judged 3 --no-monitor --duration 500ms s.scn
	result '.monitor == null and ([.reasons[] | select(.kind == "Missing")] | length == 5)'
}

@test "a stall fails the run, with the kernel's own words" {
	judged 1 --scheduler 'scx-ktstr --stall-after=1' "$root/share/scenarios/demo.scn"
	result '.success == false and .status == "fail"'
	result '[.reasons[] | select(.kind == "SchedulerDied")] | length == 1'
	result '.reasons | map(.message) | join(" ") | test("failed to run for|runnable task stall")'
}

@test "a stall that is expected passes" {
	sed 's/^test demo/test stall/' "$root/share/scenarios/demo.scn" >stall.scn
	sed -i '/^scheduler/c scheduler scx-ktstr --stall-after=1\nexpect-error stall' stall.scn
	judged 0 stall.scn
	result '.success'
}

# What is set from outside must hold whatever the scheduler asked for: 30 s here.
override()
{
	cat <<-END
	test watched
	topology 1n1l2c1t
	scheduler scx-ktstr --timeout-ms 30000 $1
	watchdog 2s
	duration $2
	$3
	step load
	  cgroup a workers=3 work=bursty,burst=2ms,sleep=20ms
	check max-spread off
	END
}

@test "watchdog: a stall ends the run after that time, not after the scheduler's own" {
	override --stall-after=1 30s "expect-error 'failed to run for 2.'" >s.scn
	judged 0 s.scn
	result '.monitor.watchdog == {expected_jiffies: 500, observed_jiffies: 500, hz: 250}'
	result '.reasons | map(.message) | join(" ") | test("failed to run for 2\\.[0-9]+s")'
}

@test "watchdog: a scheduler that does nothing wrong outlives it" {
	override '' 4s >s.scn
	judged 0 s.scn
	result '.monitor.watchdog | .expected_jiffies == 500 and .observed_jiffies == 500'
}

@test "an expected error that does not come fails" {
	short 'scheduler scx-ktstr' expect-error >s.scn
	judged 1 s.scn
	result '.status == "fail"'
}

@test "a scheduler error with its message" {
	duration=2s short 'scheduler scx-ktstr --crash-after=0.2' >s.scn
	judged 1 s.scn
	result '[.reasons[] | select(.kind == "SchedulerDied")] | length == 1'
}

@test "a scheduler whose process ends" {
	# The kernel takes half a second to let go of a scheduler.
	duration=2s short 'scheduler scx-ktstr --exit-after=0.2' >s.scn
	judged 1 s.scn
	result '[.reasons[] | select(.kind == "SchedulerDied")] | length == 1'
}

@test "a scheduler that the verifier refuses: its log's tail is in the result" {
	short 'scheduler scx-ktstr --fail-verify' >s.scn
	judged 1 s.scn
	result '.scheduler.output | test("R[0-9].*invalid mem access|null")'
}

@test "a scheduler that exits at once" {
	short "scheduler $(type -P false)" >s.scn
	judged 1 s.scn
	result '.reasons | map(.message) | join(" ") | test("exited with status 1")'
}

@test "a scheduler that never attaches" {
	short "scheduler $(type -P sleep) 1000" >s.scn
	judged 1 s.scn
	result '.status == "fail"'
}

@test "a scheduler that is missing, or not executable: nothing is booted" {
	short 'scheduler /nonexistent/scx' >s.scn
	judged 2 s.scn
	# shellcheck disable=SC2154 # run sets it
	[ "$stderr" = "ktstr: scheduler '/nonexistent/scx' does not exist" ]
	: >plain
	short "scheduler $PWD/plain" >s.scn
	judged 2 s.scn
	[ "$stderr" = "ktstr: scheduler '$PWD/plain' is not executable" ]
	short 'scheduler no-such-scheduler' >s.scn
	judged 2 s.scn
	[[ $stderr == "ktstr: scheduler 'no-such-scheduler' is neither in "* ]]
}

@test "a kernel that is missing, truncated, or without sched_ext" {
	short 'scheduler scx-ktstr' >s.scn
	judged 2 --kernel /nonexistent s.scn
	[[ $stderr == *"/nonexistent"* ]]
	head -c 5000000 "$("$root/cmd/ktstr-kernel" path)" >short.img
	judged 2 --kernel short.img s.scn
	[[ $stderr == *truncated* ]]
	old=$("$root/cmd/ktstr-kernel" fetch --suite bookworm --flavour cloud 2>/dev/null)
	judged 2 --kernel "$old" s.scn
	[[ $stderr == *sched_ext* ]]
	XDG_CACHE_HOME=$PWD/empty judged 2 s.scn
	[[ $stderr == *kernel* ]]
}

@test "a guest panic is the machine's failure" {
	short >s.scn
	judged 99 --append ktstr.fault=panic s.scn
	result '.status == "machine" and .success == false'
	result '.reasons[0].message | test("Kernel panic")'
}

@test "a guest that hangs is ended by its limit" {
	short 'timeout 5s' >s.scn
	judged 1 --append ktstr.fault=hang s.scn
	result '.timed_out and .success == false'
}

@test "an agent that crashes is the machine's failure, and its text is there" {
	short >s.scn
	judged 99 --append ktstr.fault=segv s.scn
	result '.crash_message | startswith("PANIC:")'
}

@test "the scenario's own checks: what starves, what leaves its cpuset, what expects" {
	short "expect '.success'" "expect '.stats.total_workers == 3'" >s.scn
	judged 0 s.scn
	short "expect '.stats.total_workers == 4'" >s.scn
	judged 1 s.scn
	result '.reasons | map(.kind) | index("Expect") != null'
	short "expect 'nonsense('" >s.scn
	judged 2 s.scn
}

@test "overrides end up in the scenario that is kept, and repeat with it" {
	short 'scheduler scx-ktstr' >s.scn
	judged 0 --scheduler none --duration 300ms --topology 1n1l3c1t s.scn
	result '.machine.topology == "1n1l3c1t" and (.guest.cpus | length) == 3'
	grep -qx 'duration 300ms' side/short.scn
	repeat=$(jq -r .repro <<<"$result")
	run -0 --separate-stderr bash -c "$repeat --format json"
	[ "$(jq -r .machine.topology <<<"$output")" = 1n1l3c1t ]
}

@test "a run is the same with a monitor and without, and with one killed or stopped" {
	short 'scheduler scx-ktstr' 'watchdog 4s' >s.scn
	judged 0 --kaslr --monitor-interval 10ms s.scn
	result '.monitor.watchdog == {expected_jiffies: 1000, observed_jiffies: 1000, hz: 250}'
	result '.monitor.invalid == 0 and .monitor.complete'
	short 'scheduler scx-ktstr' >s.scn
	judged 0 --monitor-interval 10ms s.scn
	result '.monitor.watchdog == null'
	jq -S '[.workers, .stats]' <<<"$result" >with
	judged 0 --no-monitor s.scn
	result '.monitor == null'
	jq -S '[.workers, .stats]' <<<"$result" >without
	diff with without
	for signal in KILL STOP; do
		"$ktstr" run --format json --vm "$PWD/vm" s.scn >out 2>err &
		pid=$!
		until monitor=$(pgrep -f "ktstr-monitor --vm $PWD/vm") && [ -S vm/ctl ]; do
			kill -0 "$pid"
			sleep 0.05
		done
		kill -"$signal" "$monitor"
		wait "$pid"
		jq -S '[.workers, .stats]' out | diff - without
		[ ! -s err ]
	done
}

@test "two runs at once do not disturb each other" {
	short >s.scn
	"$ktstr" run --format json --sidecar one s.scn >one.json &
	first=$!
	"$ktstr" run --format json --sidecar two s.scn >two.json
	wait "$first"
	jq -e .success one.json && jq -e .success two.json
}

@test "a scenario on standard input" {
	short >s.scn
	judged 0 - <s.scn
	result .success
}

@test "TERM ends a run in order: a report, no process, no file" {
	short 'timeout 300s' >s.scn
	"$ktstr" run --append ktstr.fault=hang --vm "$PWD/vm" s.scn >out 2>err &
	pid=$!
	until [ -S vm/ctl ]; do
		kill -0 "$pid"
		sleep 0.1
	done
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 143 ]
	grep -q 'signal 15' out
	[ ! -e vm ]
	run ! pgrep -f "$PWD/vm"
}

@test "a disk that is full for the sidecars: the verdict is still told" {
	mkdir side
	mount -t tmpfs -o size=16k tmpfs side 2>/dev/null || skip "cannot mount (not root)"
	short >s.scn
	run -2 --separate-stderr timeout 300 "$ktstr" run s.scn
	umount side
	[[ $output == PASS* ]]
	[[ $stderr == *"no space left on device"* ]]
}

@test "bad input: one line, status 2" {
	bad()
	{
		local want=$1
		shift
		run -2 --separate-stderr "$ktstr" "$@"
		[ -z "$output" ]
		[[ $stderr == *"$want"* ]] || { echo "got: $stderr"; return 1; }
		# shellcheck disable=SC2154 # run sets them
		[ "${#stderr_lines[@]}" -eq 1 ]
	}
	bad 'no verb'
	bad "unknown verb 'walk'" walk
	bad 'no scenario given' run
	bad "bad option '--walk'" run --walk
	bad 'needs an argument' run --kernel
	bad "unexpected operand 'b'" run a b
	bad 'unknown format' run --format xml a
	bad "'none.scn'" run none.scn
	bad 'between' run --monitor-interval 0s none.scn
	: >empty.scn
	bad empty.scn run empty.scn
	printf 'test t\nduration 1s\nfly me\n' >op.scn
	bad 'op.scn:3:' run op.scn
	bad 'topology' run --topology 1n1l0c1t "$root/share/scenarios/demo.scn"
}
