#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# ktstr-report as its users see it: forms, files, statuses. Streams are made of text lines by
# tlvmake (tests/helper/frames.h). The verdict's own cases are in tests/unit/verdict.c.
bats_require_minimum_version 1.5.0

setup() {
	root=$BATS_TEST_DIRNAME/../..
	PATH=${KTSTR_BIN:-$root/build/bin}:$root/build/tests/helper:$PATH
	cd "$BATS_TEST_TMPDIR" || return
	lines good >good.txt
	tlvmake <good.txt >good.tlv
}

# The lines of a run of the test $1 with the expectations (JSON) $2.
lines() {
	cat <<-END
	scenario PLAN {"test":"$1","topology":"1n1l2c1t","vcpus":2,"memory_mib":512,"scheduler":["scx-x"],"duration_ns":1000000000,"watchdog_ns":null,"timeout_ns":60000000000,"expect_error":false,"expect_error_text":null,"steps":[{"name":"only","ops":1}],"checks":{"not_starved":true,"isolation":true,"max_gap_ns":3000000000,"max_spread_ppm":350000},"expects":${2:-[]},"repro":"ktstr run $1.scn"}
	boot HELLO {"tool":"ktstr-boot","engine":"tcg","engine_mode":"icount","topology":"1n1l2c1t","vcpus":2,"timeout_ns":60000000000,"argv":["ktstr-boot"]}
	boot CONSOLE [    0.000000] Linux version 7.3\r\n
	guest GUEST_HELLO {"release":"7.3","machine":"x86_64","cpus":[],"sched_ext":true}
	guest SCHED_OUTPUT the scheduler says hello\n
	guest SCHED_STATE {"state":"up","ops":"x","at_ns":900,"expected":true}
	guest SCENARIO_START {"at_ns":1000,"cgroups":[]}
	guest STEP_START {"step":0,"name":"only","at_ns":1000,"ops":1,"workers":1,"iterations":0}
	guest STEP_END {"step":0,"name":"only","at_ns":1000001000,"ops":1,"workers":1,"iterations":50}
	guest SCENARIO_END {"elapsed_ns":1000000000,"iterations":50}
	guest WORKER {"tid":11,"cgroup":"a","work":"spin","step":0,"completed":true,"exit":"reported","cpu_ns":900000000,"wall_ns":1000000000,"work_units":1024,"iterations":50,"cpus_used":"0","cpus_outside":"","migrations":0,"max_gap_ns":2000000,"max_gap_cpu":0,"max_gap_at_ns":5}
	guest SCHED_STATE {"state":"stopped","ops":"x","status":0,"at_ns":1000002000,"expected":true}
	guest GUEST_EXIT {"exit_code":0}
	boot EXIT {"reason":"poweroff","timed_out":false,"duration_ns":1500000000,"cleanup_ns":1000000}
	boot USAGE {"wall_ns":1,"bulk_dropped_bytes":0,"bulk_bad_frames":0,"console_dropped_bytes":0}
	END
}

# The good run with the line that begins with $1 replaced by $2 (which may be empty).
but() {
	awk -v at="$1" -v line="$2" 'index($0, at) == 1 { if (line != "") print line; next } { print }' good.txt |
		tlvmake
}

# The one line on stderr, nothing on stdout.
refused() {
	run -2 --separate-stderr "$@"
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" -eq 1 ]
}

@test "a good run passes, from a file and from standard input alike" {
	run -0 --separate-stderr ktstr-report good.tlv
	[ -z "$stderr" ]
	from_file=$output
	jq -e '.status == "pass" and .success and .entry_name == "good"' <<<"$output"
	run -0 --separate-stderr ktstr-report - <good.tlv
	[ "$output" = "$from_file" ]
	run -0 --separate-stderr ktstr-report <good.tlv
	[ "$output" = "$from_file" ]
}

@test "each verdict has its status" {
	but 'boot EXIT' 'boot EXIT {"reason":"timeout","timed_out":true}' >fail.tlv
	run -1 --separate-stderr ktstr-report fail.tlv
	jq -e '.status == "fail" and .timed_out and (.success | not)' <<<"$output"
	but 'scenario PLAN' '' >inconclusive.tlv
	run -3 --separate-stderr ktstr-report inconclusive.tlv
	jq -e '.status == "inconclusive" and .entry_name == null' <<<"$output"
	but 'boot EXIT' 'boot EXIT {"reason":"engine-failed","timed_out":false,"detail":"gone"}' >machine.tlv
	run -99 --separate-stderr ktstr-report machine.tlv
	jq -e '.status == "machine" and .machine.exit.detail == "gone"' <<<"$output"
	sed -e 's/"sched_ext":true/"sched_ext":false/' -e '/SCHED_STATE/d' good.txt | tlvmake >skip.tlv
	run -77 --separate-stderr ktstr-report skip.tlv
	jq -e '.status == "skip"' <<<"$output"
	run -99 --separate-stderr ktstr-report /dev/null
	jq -e '.status == "machine" and .stream.truncated and .reasons[0].kind == "Truncated"' <<<"$output"
}

@test "text begins with the verdict and ends with how to repeat it" {
	run -0 --separate-stderr ktstr-report --format text good.tlv
	[ "${lines[0]}" = "PASS good (1.50 s)" ]
	[ "${lines[-1]}" = "  repeat        ktstr run good.scn" ]
	[[ $output != *"says hello"* ]]
	but 'guest SCHED_STATE {"state":"stopped"' \
		'guest SCHED_STATE {"state":"exited","ops":"x","status":256,"at_ns":500001000,"expected":false}' >died.tlv
	run -1 --separate-stderr ktstr-report --format text died.tlv
	[[ ${lines[0]} == "FAIL good (1.50 s): the scheduler x ended with status 1 after all steps, 0.500 s into"* ]]
	[[ $output == *"--- scheduler, last 20 lines ---"*"the scheduler says hello"* ]]
	[[ $output == *"--- console, last 20 lines ---"*"Linux version 7.3"* ]]
	[[ $output != *$'\033'* ]]
}

@test "TAP 14 and KTAP 1, each as its own readers want it" {
	but 'guest WORKER' 'guest WORKER {"tid":11,"cgroup":"a","work":"spin","completed":true,"exit":"reported","cpu_ns":1,"wall_ns":9,"work_units":0,"cpus_used":"0","cpus_outside":"1","max_gap_ns":2}' >bad.tlv
	run -1 --separate-stderr ktstr-report --format tap bad.tlv
	[ "${lines[0]}" = "TAP version 14" ]
	[ "${lines[1]}" = "1..1" ]
	[ "${lines[2]}" = "# Subtest: good" ]
	[ "${lines[3]}" = "    1..8" ]
	[ "$(grep -c '^    \(not \)\?ok ' <<<"$output")" -eq 8 ]
	grep -qx '    not ok 5 - no worker is starved' <<<"$output"
	grep -qx '    not ok 8 - no worker leaves its cpuset' <<<"$output"
	grep -qx '        - kind: Starved' <<<"$output"
	grep -qx 'not ok 1 - good' <<<"$output"
	run -1 --separate-stderr ktstr-report --format ktap bad.tlv
	[ "${lines[0]}" = "KTAP version 1" ]
	[ "${lines[1]}" = "1..1" ]
	[ "${lines[2]}" = "  KTAP version 1" ]
	[ "${lines[3]}" = "  1..8" ]
	[ "$(grep -c '^  \(not \)\?ok ' <<<"$output")" -eq 8 ]
	grep -qx '  not ok 5 no worker is starved' <<<"$output"
	grep -q '^  # Starved: worker 11' <<<"$output"
	[ "${lines[-1]}" = "not ok 1 good" ]
	run -1 grep -e '---' -e ' - ' <<<"$output"
}

@test "KTAP has a directive for what is neither" {
	but 'boot EXIT' 'boot EXIT {"reason":"engine-failed","timed_out":false,"detail":"#1 gone"}' >machine.tlv
	run -99 --separate-stderr ktstr-report --format ktap machine.tlv
	[ "${lines[-1]}" = "not ok 1 good # ERROR the machine was lost: the engine failed: .1 gone" ]
	grep -qx '  ok 5 no worker is starved # SKIP not judged' <<<"$output"
	but 'boot EXIT' 'boot EXIT {"reason":"timeout","timed_out":true}' >timeout.tlv
	run -1 --separate-stderr ktstr-report --format ktap timeout.tlv
	[ "${lines[-1]}" = "not ok 1 good # TIMEOUT" ]
}

# xml FILE XPATH: the string value
xml() {
	if command -v xmllint >/dev/null; then
		xmllint --xpath "string($2)" "$1"
	else
		skip "no xmllint"
	fi
}

@test "JUnit: failure is the scheduler, error the machine" {
	but 'boot EXIT' 'boot EXIT {"reason":"engine-failed","timed_out":false,"detail":"<&]]>"}' >machine.tlv
	run -99 ktstr-report --format junit machine.tlv
	printf '%s\n' "$output" >machine.xml
	[ "$(xml machine.xml '//testsuite/@errors')" = 1 ]
	[ "$(xml machine.xml '//testsuite/@failures')" = 0 ]
	[ "$(xml machine.xml '//testsuite/@skipped')" = 6 ]
	[[ $(xml machine.xml '//error/@message') == *'<&]]>' ]]
	{ cat good.txt; } | sed 's/the scheduler says hello/\\x1b[31m\\xff\\x00<b>]]>/; s/"work_units":1024/"work_units":0/' |
		tlvmake >starved.tlv
	run -1 ktstr-report --format junit starved.tlv
	printf '%s\n' "$output" >starved.xml
	[ "$(xml starved.xml '//testsuite/@failures')" = 1 ]
	[ "$(xml starved.xml '//testsuite/@errors')" = 0 ]
	[ "$(xml starved.xml 'count(//testcase)')" = 8 ]
	[[ $(xml starved.xml '//system-out') == *"ktstr run good.scn"* ]]
	[[ $(xml starved.xml '//system-err') == *'<b>]]>'* ]]
}

@test "expectations are asked of the result" {
	lines good '[".stats.worst_gap_ms < 10",".success"]' | tlvmake >true.tlv
	run -0 --separate-stderr ktstr-report true.tlv
	lines good '[".stats.worst_gap_ms < 10",".stats.worst_gap_ms < 1"]' | tlvmake >false.tlv
	run -1 --separate-stderr ktstr-report false.tlv
	jq -e '.reasons == [{kind: "Expect", message: "not so: .stats.worst_gap_ms < 1", status: "fail", more: 0}]' <<<"$output"
	run -0 --separate-stderr ktstr-report --no-expect false.tlv
	jq -e '.reasons[0].kind == "Note"' <<<"$output"
	run -1 --separate-stderr ktstr-report --format tap false.tlv
	grep -qx '    ok 9 - expect .stats.worst_gap_ms < 10' <<<"$output"
	grep -qx '    not ok 10 - expect .stats.worst_gap_ms < 1' <<<"$output"
}

@test "an expectation that is no program is an error, an absent value is no pass" {
	lines good '[".a |"]' | tlvmake >wrong.tlv
	run -2 --separate-stderr ktstr-report wrong.tlv
	jq -e '.status == "error" and (.reasons[0].message | contains("syntax error"))' <<<"$output"
	lines good '[".monitor.summary.max_imbalance_ratio < 4"]' | tlvmake >absent.tlv
	run -3 --separate-stderr ktstr-report absent.tlv
	jq -e '.reasons[0].message | contains("this result does not have")' <<<"$output"
}

@test "without jq an expectation is inconclusive" {
	lines good '[".success"]' | tlvmake >x.tlv
	run -3 --separate-stderr env PATH=/nowhere "$(command -v ktstr-report)" x.tlv
	[[ $output == *"cannot run jq"* ]]
}

@test "the stream and the result are kept under the test's name" {
	mkdir side
	run -0 --separate-stderr ktstr-report --format text --record raw.tlv --sidecar side good.tlv
	cmp raw.tlv good.tlv
	cmp side/good.tlv good.tlv
	[ "$(ls -A side)" = $'good.json\ngood.tlv' ]
	[ "$(jq -r .status side/good.json)" = pass ]
	[[ $output == *"  result        side/good.json"*"  stream        side/good.tlv"* ]]
	run -0 ktstr-report side/good.tlv
	[ "$output" = "$(cat side/good.json)" ]
	# without a plan there is no name
	run -99 ktstr-report --sidecar side /dev/null
	[ -e side/unnamed.json ]
	[ -e side/unnamed.tlv ]
	[ "$(ls -A side)" = $'good.json\ngood.tlv\nunnamed.json\nunnamed.tlv' ]
}

@test "a stream is recorded as it comes" {
	mkfifo pipe
	ktstr-report --record raw.tlv <pipe >out.json &
	report=$!
	exec {out}>pipe
	head -c 500 good.tlv >&"$out"
	for _ in $(seq 100); do
		[ "$(stat -c %s raw.tlv 2>/dev/null || echo 0)" -lt 500 ] || break
		sleep 0.05
	done
	cmp raw.tlv <(head -c 500 good.tlv)
	tail -c +501 good.tlv >&"$out"
	exec {out}>&-
	wait "$report"
	cmp raw.tlv good.tlv
}

# Start a report on the fifo `pipe`, with half of a stream in it. Sets report, judge (process ids) and
# out (descriptor).
begin() {
	mkfifo pipe
	ktstr-report "$@" <pipe >out.json 2>err.txt &
	report=$!
	exec {out}>pipe
	head -c 500 good.tlv >&"$out"
	for _ in $(seq 200); do
		judge=$(pgrep -P "$report") && grep -q '^Seccomp:.*[12]$' "/proc/$judge/status" && return
		sleep 0.05
	done
}

@test "frames are read behind a filter, without a file in reach" {
	begin --record raw.tlv
	if ! grep -q '^Seccomp:.*2$' "/proc/$judge/status"; then
		exec {out}>&-
		skip "a build with sanitizers has no filter"
	fi
	# the stream, the way to the caller, and what both have as standard error
	[ "$(ls "/proc/$judge/fd")" = $'0\n1\n2' ]
	grep -q '^Seccomp:.*0$' "/proc/$report/status"
	tail -c +501 good.tlv >&"$out"
	exec {out}>&-
	wait "$report"
	[ "$(jq -r .status out.json)" = pass ]
}

@test "when the reader of frames dies there is one line and the stream is kept" {
	mkdir side
	begin --record raw.tlv --sidecar side
	kill -KILL "$judge"
	tail -c +501 good.tlv >&"$out"
	exec {out}>&-
	status=0
	wait "$report" || status=$?
	[ "$status" -eq 2 ]
	[ "$(cat err.txt)" = "ktstr-report: the process that reads the frames died of signal 9" ]
	[ ! -s out.json ]
	cmp raw.tlv good.tlv
	cmp side/unnamed.tlv good.tlv
	[ ! -e side/unnamed.json ]
}

@test "closed descriptors are errors, not other files" {
	run -2 --separate-stderr bash -c 'ktstr-report <&-'
	[ "$stderr" = "ktstr-report: cannot read 'standard input': bad file descriptor" ]
	run -2 --separate-stderr bash -c 'ktstr-report good.tlv >&-'
	[ "$stderr" = "ktstr-report: cannot write 'standard output': bad file descriptor" ]
	run -0 bash -c 'ktstr-report good.tlv 2>&- <&-'
}

@test "what cannot be kept costs the status, not the verdict" {
	run -2 --separate-stderr ktstr-report --sidecar nowhere good.tlv
	jq -e '.status == "pass"' <<<"$output"
	[ "${stderr_lines[0]}" = "ktstr-report: cannot keep 'nowhere/good.tlv': no such file or directory" ]
	[ "${stderr_lines[1]}" = "ktstr-report: cannot create 'nowhere/good.json': no such file or directory" ]
	run -2 --separate-stderr ktstr-report --record /nowhere/x good.tlv
	[ "$stderr" = "ktstr-report: cannot create '/nowhere/x': no such file or directory" ]
	jq -e '.status == "pass"' <<<"$output"
	run -2 --separate-stderr ktstr-report --record /dev/full good.tlv
	[ "$stderr" = "ktstr-report: cannot write '/dev/full': no space left on device" ]
	run -99 --separate-stderr ktstr-report --sidecar nowhere /dev/null
	but 'boot EXIT' 'boot EXIT {"reason":"timeout","timed_out":true}' >fail.tlv
	run -1 --separate-stderr ktstr-report --record /nowhere/x fail.tlv
	# a folder in the way of the stream's name
	mkdir -p side/good.tlv
	run -2 --separate-stderr ktstr-report --sidecar side good.tlv
	[[ $stderr == "ktstr-report: cannot create 'side/good.tlv': "* ]]
	[ "$(ls -A side)" = $'good.json\ngood.tlv' ]
}

@test "a full disk leaves nothing half-written" {
	[ "$(id -u)" -eq 0 ] || skip "only root can mount a small file system"
	mkdir small
	unshare -m true 2>/dev/null || skip "no mount namespaces here"
	{ cat good.txt; yes 'boot CONSOLE a line that fills the disk\n' | head -n 3000; } | tlvmake >big.tlv
	# shellcheck disable=SC2016 # for the inner shell
	run -2 --separate-stderr unshare -m bash -ec '
		mount -t tmpfs -o size=128k none small
		status=0
		ktstr-report --sidecar small big.tlv >verdict.json || status=$?
		ls -A small >left
		exit $status'
	jq -e '.entry_name == "good"' verdict.json
	[[ $stderr == "ktstr-report: cannot keep 'small/good.tlv': no space left on device"* ]]
	[ "$(cat left)" = good.json ]
}

@test "a reader that goes away is no fault" {
	run -0 bash -c 'set -o pipefail; ktstr-report good.tlv | head -c 1 >/dev/null'
	run -2 --separate-stderr bash -c 'ktstr-report good.tlv >/dev/full'
	[ "$stderr" = "ktstr-report: cannot write 'standard output': no space left on device" ]
}

# The good run with the checks $1 (JSON members), watched: $2 samples 100 ms and 25 ticks apart, of
# which cpu1 is stuck in the last $3. Standard input is put behind the samples.
watched() {
	awk -v checks="$1" -v n="$2" -v stuck="$3" -v end="$(cat)" '
	/^scenario PLAN/ { sub(/"checks":\{/, "&\"monitor\":{" checks "},") }
	{ print }
	/^guest SCENARIO_START/ {
		print "monitor MONITOR_NOTE {\"kind\":\"watchdog\",\"message\":\"set\",\"expected_jiffies\":750,\"observed_jiffies\":750,\"hz\":250}"
		print "monitor SAMPLE_SCHEMA {\"id\":1,\"release\":\"7.3\",\"ops\":\"x\",\"hz\":250,\"generation\":1,\"classes\":[],\"tables\":{\"machine\":{\"columns\":[\"jiffies\"],\"rows\":[[0,0,\"\"]]},\"cpu\":{\"columns\":[\"nr_running\",\"local_dsq_depth\",\"rq_clock\"],\"rows\":[[0,0,\"\"],[1,0,\"\"]]},\"event\":{\"columns\":[\"select_cpu_fallback\",\"dispatch_keep_last\"],\"rows\":[[0,0,\"\"]]}}}"
		clock = 5
		for (i = 0; i < n; i++) {
			if (i < n - stuck)
				clock = 1000 + i
			printf "monitor SAMPLE {\"number\":%d,\"at_ns\":%d00000000,\"machine\":[[%d]],\"cpu\":[[3,%d,%d],[1,0,%d]],\"event\":[[%d,0]]}\n", i, i + 1, 25 * i, i % 4, 2000 + i, clock, i
		}
		if (end != "") print end
	}' good.txt | tlvmake
}
all='"sustained_samples":5,"max_imbalance_ppm":4000000,"max_local_dsq_depth":50,"fail_on_stall":true,"max_fallback_rate":200,"max_keep_last_rate":100'

@test "what a monitor saw is in the result, and the limits that it keeps are rows" {
	watched "$all" 40 0 <<<'monitor MONITOR_END {"samples":40,"reason":"vm-gone"}' >seen.tlv
	run -0 --separate-stderr ktstr-report seen.tlv
	jq -e '.monitor | .summary.total_samples == 40 and .summary.max_imbalance_ratio == 3 and
		.summary.max_local_dsq_depth == 3 and .summary.avg_nr_running == 2 and
		.summary.stuck_detected == false and .summary.event_deltas.fallback_rate == 10 and
		.verdict == "pass" and .scope == "scheduler" and .judged == 20 and .complete and
		.watchdog.observed_jiffies == 750 and .kernel.hz == 250' <<<"$output"
	run -0 --separate-stderr ktstr-report --format text seen.tlv
	[[ $output == *"  monitor       40 samples, 0 invalid, 0 missed;"*"imbalance   3.00 at most"* ]]
	run -0 --separate-stderr ktstr-report --format tap seen.tlv
	[ "${lines[3]}" = "    1..13" ]
	grep -qx '    ok 9 - no imbalance over 4' <<<"$output"
	grep -qx '    ok 10 - no local DSQ deeper than 50' <<<"$output"
	grep -qx '    ok 11 - no CPU is stuck' <<<"$output"
	grep -qx '    ok 12 - no select_cpu_fallback over 200/s' <<<"$output"
	grep -qx '    ok 13 - no dispatch_keep_last over 100/s' <<<"$output"
	# samples are shown as what they say
	run -0 tlvcat seen.tlv
	grep -q '^monitor SAMPLE 41 .*"jiffies":975,.*"cpus":\[{"nr_running":3,' <<<"$output"
}

@test "a CPU that is stuck fails the run that asks for it, and tells where" {
	says='stuck 1000 ms on cpu1 at +2900 ms (10 samples)'
	watched "$all" 40 10 <<<'monitor MONITOR_END {"samples":40}' >stuck.tlv
	run -1 --separate-stderr ktstr-report stuck.tlv
	jq -e '.monitor.verdict == "fail" and .reasons[0].kind == "Monitor" and
		(.monitor.summary.stuck.message | test("^stuck 1000 ms on cpu1 at"))' <<<"$output"
	run -1 --separate-stderr ktstr-report --format text stuck.tlv
	[[ ${lines[0]} == "FAIL good (1.50 s): stuck 1000 ms on cpu1 at +"*" ms (10 samples)" ]]
	run -1 --separate-stderr ktstr-report --format tap stuck.tlv
	grep -qx '    not ok 11 - no CPU is stuck' <<<"$output"
	run -1 --separate-stderr ktstr-report --format junit stuck.tlv
	printf '%s\n' "$output" >stuck.xml
	[ "$(xml stuck.xml '//testsuite/@failures')" = 1 ]
	# without the machine's own start times count from the first sample
	watched '"sustained_samples":5,"fail_on_stall":false' 40 10 >unasked.tlv
	sed -i '/^boot HELLO/d' good.txt
	watched "$all" 40 10 <<<'monitor MONITOR_END {"samples":40}' >stuck.tlv
	run -1 --separate-stderr ktstr-report stuck.tlv
	jq -e --arg says "$says" '.reasons[0].message == $says' <<<"$output"
	# nobody asked
	run -0 --separate-stderr ktstr-report unasked.tlv
	jq -e '.monitor.verdict == null and .monitor.thresholds.fail_on_stall.held == false and
		(any(.reasons[]; .kind == "Monitor") | not)' <<<"$output"
}

@test "limits without the samples to judge by are inconclusive" {
	sed 's/"checks":{/"checks":{"monitor":{'"$all"'},/' good.txt | tlvmake >none.tlv
	run -3 --separate-stderr ktstr-report --format tap none.tlv
	[ "$(grep -c 'cannot be judged: no monitor watched the guest' <<<"$output")" -eq 5 ]
	grep -qx '    not ok 9 - no imbalance over 4' <<<"$output"
	run -3 --separate-stderr ktstr-report --format ktap none.tlv
	grep -qx '  not ok 9 no imbalance over 4 # ERROR' <<<"$output"
	# the monitor was killed
	watched "$all" 40 0 >cut.tlv
	run -3 --separate-stderr ktstr-report cut.tlv
	jq -e '.monitor.verdict == "inconclusive" and (.monitor.complete | not) and
		.reasons[0].message == "check max-imbalance cannot be judged: cut short: nothing tells how the monitor ended"' <<<"$output"
	# the same with less of it
	watched "$all" 22 0 <<<'monitor MONITOR_END {"samples":22}' >few.tlv
	run -3 --separate-stderr ktstr-report few.tlv
	jq -e '.monitor.thresholds.max_imbalance_ratio | .held == null and (.why | startswith("only 2 samples"))' <<<"$output"
}

@test "only a monitor is believed about the kernel" {
	sed 's/^monitor/guest/' <<-'END' >lies.txt
	monitor SAMPLE_SCHEMA {"id":1,"release":"7.3","ops":"x","hz":250,"generation":1,"classes":[],"tables":{}}
	monitor MONITOR_END {"samples":0}
	END
	cat good.txt lies.txt | tlvmake >lies.tlv
	run -3 --separate-stderr ktstr-report lies.tlv
	jq -e '.monitor == null and .guest_messages.wrong_source == 2' <<<"$output"
}

@test "wrong usage is one line" {
	refused ktstr-report --format yaml good.tlv
	[ "$stderr" = "ktstr-report: --format: unknown format 'yaml'" ]
	refused ktstr-report nowhere.tlv
	[ "$stderr" = "ktstr-report: cannot open 'nowhere.tlv': no such file or directory" ]
	refused ktstr-report good.tlv good.tlv
	refused ktstr-report --what
	refused ktstr-report "$BATS_TEST_TMPDIR"
}

@test "the page has every type of the stream, with its number" {
	types=$(sed -nE 's/^\tTLV_([A-Z0-9_]+) = ([0-9]+),.*/\2 \1/p' "$root/lib/tlv/types.h")
	[ "$(wc -l <<<"$types")" -ge 20 ]
	while read -r type; do
		grep -qE "^\.It (.*, )?$type, " "$root/man/ktstr-tlv.5" || echo "not in the page: $type"
	done <<<"$types" >missing
	cat missing
	[ ! -s missing ]
}

# ---- captures ----

report='{"schema":"single","jiffies":10,"hz":250,"maps":[{"id":1,"name":"x.bss","map_type":2,"active":true,"value":{"kind":"struct","members":[{"name":"stall","value":{"kind":"uint","bits":32,"value":1}}]}}]'
exit_info='"exit_info":{"kind":1026,"kind_name":"SCX_EXIT_ERROR_STALL","reason":"runnable task stall","msg":"w[12] failed <to> run","dump":"debug dump\ncpu 0\n"}'

# The good run with the expectations $1 and what ktstr-freeze told: a capture, a failed one, and the
# failure when $2 is `fails`. No end when it is `died`.
frozen() {
	lines good "${1:-[]}" | awk -v report="${report//\\/\\\\}" -v info="${exit_info//\\/\\\\}" -v fails="${2:-}" '
	{ print }
	/^guest STEP_START/ {
		print "freeze CAPTURE {\"tag\":\"mid\",\"trigger\":\"op\",\"number\":0,\"frozen_ns\":1500000,\"report\":" report "}}"
		print "freeze CAPTURE {\"tag\":\"bad\",\"trigger\":\"op\",\"number\":1,\"frozen_ns\":500000,\"reason\":\"no memory\",\"report\":null}"
		if (fails == "fails") print "freeze CAPTURE {\"tag\":\"exit\",\"trigger\":\"exit\",\"number\":2,\"frozen_ns\":1,\"report\":" report "," info "}}"
		if (fails != "died") print "freeze FREEZE_END {\"captures\":" (fails == "fails" ? 3 : 2) ",\"missed\":1,\"hits\":0,\"periodic_fired\":0,\"periodic_real\":0,\"frozen_ns\":1,\"reason\":\"vm-gone\"}"
	}' | tlvmake
}

@test "captures are listed, and stand in a file with their reports" {
	mkdir side
	frozen '[]' >frozen.tlv
	run -0 --separate-stderr ktstr-report --sidecar side frozen.tlv
	jq -e '.status == "pass" and .failure_dump == null and .snapshots_missed == 1' <<<"$output"
	jq -e '[.snapshots[] | .tag, .n_maps, .reason, .file, has("report")] ==
		["mid", 1, null, "good.snapshots.json", false, "bad", null, "no memory", "good.snapshots.json", false]' <<<"$output"
	jq -e '.freeze | .captures == 2 and .placeholders == 1 and .frozen_ns == 2000000 and .complete' <<<"$output"
	[ "$(ls -A side)" = $'good.json\ngood.snapshots.json\ngood.tlv' ]
	jq -e 'length == 2 and .[0].report.maps[0].name == "x.bss" and .[1].report == null' side/good.snapshots.json
	run -0 ktstr-report frozen.tlv
	jq -e '.snapshots[0].file == null' <<<"$output"
}

@test "a failure leaves a dump, and the kernel's, and says where" {
	mkdir side
	frozen '[]' fails >fails.tlv
	run -1 --separate-stderr ktstr-report --format text --sidecar side fails.tlv
	[[ $output == *$'\n  failure       SCX_EXIT_ERROR_STALL: runnable task stall: w[12] failed <to> run\n    dump        ktstr-freeze show side/good.failure-dump.json\n'* ]]
	[[ $output == *"dump          side/good.failure-dump.json"*"kernel's dump side/good.failure-dump.txt"* ]]
	jq -e '.test == "good" and .tag == "exit" and .schema == "single" and .maps[0].name == "x.bss"' side/good.failure-dump.json
	[ "$(cat side/good.failure-dump.txt)" = $'debug dump\ncpu 0' ]
	jq -e '.failure_dump | .file == "good.failure-dump.json" and .text_file == "good.failure-dump.txt" and .exit_kind == 1026 and .exit_kind_name == "SCX_EXIT_ERROR_STALL" and .reason == "runnable task stall" and .msg == "w[12] failed <to> run" and .schema == "single" and .frozen_ns == 1' side/good.json
	for format in tap ktap; do
		run -1 --separate-stderr ktstr-report --format "$format" --sidecar side fails.tlv
		grep -E '^[ #]* dump: "?side/good.failure-dump.json"?$' <<<"$output"
		grep -E '^[ #]* failure: "?SCX_EXIT_ERROR_STALL: ' <<<"$output"
	done
	run -1 --separate-stderr ktstr-report --format junit --sidecar side fails.tlv
	[[ $output == *$'\nfailure: SCX_EXIT_ERROR_STALL: runnable task stall: w[12] failed &lt;to&gt; run\ndump: side/good.failure-dump.json\n'* ]]
}

@test "what an earlier run of the test left is removed" {
	mkdir side
	frozen '[]' fails >fails.tlv
	run -1 ktstr-report --sidecar side fails.tlv
	[ "$(ls -A side)" = $'good.failure-dump.json\ngood.failure-dump.txt\ngood.json\ngood.snapshots.json\ngood.tlv' ]
	frozen '[]' >frozen.tlv
	run -0 ktstr-report --sidecar side frozen.tlv
	[ "$(ls -A side)" = $'good.json\ngood.snapshots.json\ngood.tlv' ]
	run -0 ktstr-report --sidecar side good.tlv
	[ "$(ls -A side)" = $'good.json\ngood.tlv' ]
}

@test "expectations see the reports, and may include ktstr" {
	frozen '[".snapshots[0].report.maps | length == 1", "include \"ktstr\"; snapshot(\"mid\") | var(\"stall\") | as_u64 == 1", ".snapshots[0].n_maps == 1"]' >true.tlv
	run -0 --separate-stderr ktstr-report true.tlv
	[ -z "$stderr" ]
	frozen '["include \"ktstr\"; failure | var(\"stall\") | as_u64 == 0"]' fails >false.tlv
	run -1 --separate-stderr ktstr-report false.tlv
	jq -e 'any(.reasons[]; .message | startswith("not so: include"))' <<<"$output"
	# A comparison with what is not there is still none.
	frozen '["include \"ktstr\"; .monitor.summary.x < 4"]' >absent.tlv
	run -3 --separate-stderr ktstr-report absent.tlv
}

@test "an expectation that needs a capture that failed is inconclusive, a wrong one an error" {
	frozen '["include \"ktstr\"; snapshot(\"bad\") | var(\"stall\") | as_u64 == 1"]' >bad.tlv
	run -3 --separate-stderr ktstr-report bad.tlv
	jq -e '.reasons[0].message | contains("no memory")' <<<"$output"
	frozen '["include \"ktstr\"; snapshot(\"mid\") | var(\"stal\") | as_u64 == 1"]' >typo.tlv
	run -2 --separate-stderr ktstr-report typo.tlv
	jq -e '.reasons[0].message | contains("var '"'stal'"' not found: there are stall")' <<<"$output"
	frozen '["include \"ktstr\"; .snapshots | series(.tag | length) | each_at_least(9)"]' >why.tlv
	run -1 --separate-stderr ktstr-report why.tlv
	jq -e '.reasons[0].message | endswith("each_at_least(9): mid: 3")' <<<"$output"
}

@test "the module is looked for where it is told" {
	frozen '["include \"ktstr\"; ours"]' >ours.tlv
	run -2 --separate-stderr ktstr-report ours.tlv
	jq -e '.reasons[0].message | contains("ours/0 is not defined")' <<<"$output"
	# jq would prefer what lies about.
	mkdir share
	echo 'def ours: false;' >ktstr.jq
	echo 'def ours: true;' >share/ktstr.jq
	run -2 --separate-stderr ktstr-report ours.tlv
	run -0 --separate-stderr ktstr-report --share share ours.tlv
	KTSTR_SHARE=$PWD/share run -0 --separate-stderr ktstr-report ours.tlv
	run -2 --separate-stderr ktstr-report --share /nowhere ours.tlv
	jq -e '.reasons[0].message | contains("ktstr")' <<<"$output"
}

@test "a ktstr-freeze that died is told, and costs no verdict" {
	frozen '[]' died >died.tlv
	run -0 --separate-stderr ktstr-report died.tlv
	jq -e 'any(.reasons[]; .kind == "Note" and (.message | startswith("a capture was lost")))' <<<"$output"
	jq -e '.freeze.complete == false' <<<"$output"
}

@test "reports of half a million values are kept without taking them apart" {
	jq -cn '{schema: "single", maps: [{name: "big", entries: [range(60000) | {key: {kind: "uint", bits: 64, value: .}, key_hex: "0011223344556677", value: {kind: "uint", bits: 64, value: 7}}]}]}' >big.json
	big="freeze CAPTURE {\"tag\":\"big\",\"trigger\":\"op\",\"number\":1,\"report\":$(cat big.json)}"
	lines good | { cat; for i in 1 2 3 4 5 6 7 8; do printf '%s\n' "${big/\"big\"/\"big$i\"}"; done; } | tlvmake >big.tlv
	[ "$(stat -c %s big.tlv)" -gt 50000000 ]
	mkdir side
	(ulimit -v 1000000 && ktstr-report --version >/dev/null 2>&1) || skip "a build with sanitizers wants memory without end"
	run -0 --separate-stderr bash -c 'ulimit -v 1000000; timeout 60 ktstr-report --sidecar side big.tlv >/dev/null'
	[ "$(stat -c %s side/good.snapshots.json)" -gt 50000000 ]
	[ "$(stat -c %s side/good.json)" -lt 20000 ]
}
