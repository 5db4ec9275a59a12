#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# time-limit: 900
# slow
# ktstr-freeze on a running machine and on its core: what it takes, what it puts out, how it ends.
# Whether the values are true is for roundtrip.bats, what a scenario asks for is in snapshot.bats,
# a scheduler's failure in failure.bats.

# shellcheck disable=SC2016,SC2094 # jq programs; "first" is a tag and a file
bats_require_minimum_version 1.5.0

setup_file()
{
	export root=$BATS_TEST_DIRNAME/../..
	export PATH=${KTSTR_BIN:-$root/build/bin}:$root/cmd:$root/build/tests/helper:$PATH
	kernel=$(ktstr-kernel path)
	cd "$BATS_FILE_TMPDIR" || return
	# A guest that is busy for as long as we look at it: every test asks the same machine.
	cat >scn <<-END
	test busy
	topology 1n2l2c1t
	scheduler scx-ktstr
	duration 900s
	step load
	  cgroup a workers=4 work=spin
	  cgroup b workers=2 work=bursty,burst=2ms,sleep=2ms
	END
	ktstr-initrd --scenario scn --scheduler "$root/build/guest/scx-ktstr" >initrd
	ktstr-boot --kernel "${kernel%/*}/vmlinux" --initrd initrd --topology 1n2l2c1t --memory 512 \
		--timeout 800s --vm vm >frames 2>log 3>&- &
	export boot=$! vm=$PWD/vm dir=$PWD
	until [ -S vm/ctl ]; do
		kill -0 "$boot"
		sleep 0.05
	done
	until tlvcat frames 2>/dev/null | grep -q STEP_START; do
		kill -0 "$boot"
		sleep 0.5
	done
	# What most tests look at, taken once.
	timeout 120 ktstr-freeze --vm vm --format json --tag first --core core >first
	jq 'select(.type == "capture")' first >capture
}

teardown_file()
{
	kill "$boot" 2>/dev/null || :
}

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	pid=''
}

teardown()
{
	[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || :
	wait
}

freeze()
{
	timeout 120 ktstr-freeze "$@"
}

# report FILTER: a question to the first capture's report
report()
{
	jq -e ".report | $1" "$dir/capture"
}

# refused STATUS TEXT OPTION...: one line on standard error that has TEXT
refused()
{
	local status=$1 text=$2
	shift 2
	run "-$status" --separate-stderr freeze "$@"
	# shellcheck disable=SC2154 # run sets it
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ $stderr == "ktstr-freeze: "*"$text"* ]]
}

# The machine runs, and nobody holds it.
goes_on()
{
	local limit=$((SECONDS + 60))
	until timeout 60 vmctl "$vm" status | jq -e '.state == "running" and .leases == 0'; do
		[ "$SECONDS" -lt "$limit" ]
	done
}

@test "a capture tells what it is" {
	[ "$(jq -r .type "$dir/first" | tr '\n' ' ')" = 'note capture end ' ]
	jq -e '.tag == "first" and .trigger == "now" and .number == 0 and .frozen_ns > 0 and
		.copied_bytes > 0 and .render_ns > 0 and .jiffies > 0 and (has("reason") | not)' "$dir/capture"
	jq -e 'select(.type == "end") | .captures == 1 and .missed == 0 and .reason == "done"' "$dir/first"
	report '.schema == "single" and .hz == 250'
}

@test "the scheduler's maps are there, and marked" {
	report '[.maps[] | select(.active) | .name] | length >= 5'
	report '.active_obj_name as $n | [.maps[] | select(.active and .name == $n + ".bss")] | length == 1'
	report '[.maps[] | select(.name | endswith(".bss")) | .value.members[] |
		select(.name == "nr_cpus_onln") | .value.value] == [4]'
	report '.maps | map(select(.name == "ktstr_array_fi")) | .[0].entries | length > 0 or true'
}

@test "the scheduler's state is there" {
	report '.scx_sched_state.ops == "ktstr" and .scx_sched_state.exit_kind == 0'
	report '.rq_scx_states | length == 4 and all(.curr.comm != "")'
	report '[.dsq_states[].kind] | index("local") != null and index("user") != null'
	report '[.runnable_tasks[].comm] | length >= 1'
	report '.dmesg_tail | test("sched_ext: BPF scheduler .ktstr")'
	report '.vcpu_regs | length == 4 and all(.rip | startswith("0x"))'
}

@test "text is for people, and show prints the same of JSON" {
	jq -c .report "$dir/capture" >report
	run -0 --separate-stderr freeze show report
	[[ $output == *nr_cpus_onln* ]]
	[ -z "$stderr" ]
	run -0 freeze show - <report
	[[ $output == *nr_cpus_onln* ]]
	run -0 --separate-stderr freeze --vm "$vm"
	[[ $output == *nr_cpus_onln* ]]
	[ -z "$stderr" ]
}

@test "frames" {
	freeze --vm "$vm" --format tlv now >out
	run -0 tlvcat out
	for type in FREEZE_NOTE CAPTURE FREEZE_END; do
		[[ $output == *"$type"* ]]
	done
}

@test "a watch stops at each store, and ends with its hits" {
	name=$(jq -r .report.active_obj_name "$dir/capture")
	freeze --vm "$vm" --format json --max-hits 3 --min-gap 0ms watch "bss.$name.nr_dispatched" >out
	jq -s -e 'map(select(.type == "capture")) | length == 3 and
		all(.trigger == "watch" and .symbol == .tag and .report.schema == "single")' out
	# One store after the other: no value is seen twice, none is left out.
	jq -s -e '[.[] | select(.type == "capture") | .report.maps[] | select(.name | endswith(".bss")) |
		.value.members[] | select(.name == "nr_dispatched") | .value.value] |
		.[1] == .[0] + 1 and .[2] == .[1] + 1' out
	jq -s -e '.[-1] | .type == "end" and .reason == "done" and .hits == 3' out
	goes_on
}

@test "a hot word does not hold the guest" {
	freeze --vm "$vm" --format json --max-hits 3 --min-gap 50ms watch jiffies_64 >out
	jq -s -e 'map(select(.type == "capture") | .jiffies) | length == 3 and . == sort' out
	goes_on
}

@test "members of the kernel's variables can be watched" {
	freeze --vm "$vm" --format json --max-hits 1 watch runqueues@1.nr_switches >out
	jq -s -e 'map(select(.type == "capture")) | length == 1' out
}

@test "symbols that are none" {
	refused 2 "'no_such_thing' did not resolve" --vm "$vm" watch no_such_thing
	refused 2 "did not resolve" --vm "$vm" watch scx_root.no_such_member
	refused 2 "did not resolve" --vm "$vm" watch bss.nobody.stall
	refused 2 "did not resolve" --vm "$vm" watch bss.scx_ktst.no_such_variable
	refused 2 'a watch takes 1, 2, 4 or 8' --vm "$vm" watch init_task.comm
	goes_on
}

@test "a core opens as a file, and shows the same" {
	freeze --mem "$dir/core" --format json >out
	jq 'select(.type == "capture")' out >again
	jq -e '.report.reasons.vcpu_regs == "a file has no registers"' again
	for what in maps dsq_states scx_sched_state runnable_tasks event_counters dmesg_tail jiffies; do
		[ "$(jq -cS ".report.$what" again)" = "$(jq -cS ".report.$what" "$dir/capture")" ]
	done
}

@test "who is killed holds nothing" {
	for i in 1 2 3 4 5; do
		ktstr-freeze --vm "$vm" --format json --max-hits 100000 --min-gap 0ms watch jiffies_64 \
			>out 2>&1 3>&- &
		pid=$!
		until [ "$(grep -c '"trigger"' out)" -ge "$i" ]; do
			kill -0 "$pid"
		done
		kill -9 "$pid"
		wait "$pid" || :
		pid=''
		goes_on
	done
}

@test "its last words come when it is told to stop" {
	ktstr-freeze --vm "$vm" --format json serve >out 3>&- &
	pid=$!
	until [ -n "$(cat "/proc/$pid/wchan" 2>/dev/null)" ]; do :; done
	sleep 0.5
	kill "$pid"
	status=0
	wait "$pid" || status=$?
	pid=''
	[ "$status" -eq 143 ]
	[ "$(jq -r 'select(.type == "end").reason' out)" = signal ]
}

@test "before the first byte of a guest it has given up what it does not need" {
	ktstr-freeze --vm "$vm" --format json serve >out 3>&- &
	pid=$!
	limit=$((SECONDS + 60))
	until grep -qx 'Seccomp:.2' "/proc/$pid/status"; do
		[ "$SECONDS" -lt "$limit" ]
		sleep 0.1
	done
}

@test "a reader that goes, a disk that is full" {
	freeze --vm "$vm" | head -n 1
	refused 2 'No space left' --vm "$vm" >/dev/full || run -2 sh -c "ktstr-freeze --vm '$vm' >/dev/full"
	refused 2 'cannot write' --vm "$vm" --core /dev/full
	refused 2 "cannot write 'no/such/folder'" --vm "$vm" --core no/such/folder
	goes_on
}

@test "without a standard output nothing gets what was to go there" {
	run -2 --separate-stderr sh -c "ktstr-freeze --vm '$vm' --format json >&-"
	[ "$stderr" = 'ktstr-freeze: cannot write standard output: bad file descriptor' ]
	goes_on
}

@test "who is told to stop stops, though nobody reads the core" {
	mkfifo pipe
	ktstr-freeze --vm "$vm" --core pipe >out 3>&- &
	pid=$!
	exec 7<pipe
	until timeout 60 vmctl "$vm" status | jq -e '.leases == 1'; do
		kill -0 "$pid"
	done
	# What a pipe holds has to be written before it hangs.
	read -r -n 4 -u 7
	kill "$pid"
	status=0
	wait "$pid" || status=$?
	pid=''
	[ "$status" -eq 143 ]
	exec 7<&-
	goes_on
}

@test "a machine that ends before it is looked at leaves no core" {
	kernel=$(ktstr-kernel path)
	ktstr-boot --kernel "${kernel%/*}/vmlinux" --initrd "$dir/initrd" --memory 512 --timeout 300s \
		--vm early >frames 2>log 3>&- &
	pid=$!
	until [ -S early/ctl ]; do
		kill -0 "$pid"
		sleep 0.05
	done
	vmctl early 'freeze 300s' @hang >held 3>&- &
	held=$!
	until grep -q ok held; do
		kill -0 "$held"
	done
	ktstr-freeze --vm early --core x >out 2>err 3>&- &
	looker=$!
	until [ "$(find . -name 'x.*')" ]; do
		kill -0 "$looker"
	done
	kill "$pid"
	status=0
	wait "$looker" || status=$?
	kill "$held"
	pid=''
	[ "$status" -eq 3 ]
	[ "$(cat err)" = 'ktstr-freeze: the machine ended before it was looked at' ]
	[ -z "$(find . -name 'x*')" ]
}

@test "a watch whose machine ends says so" {
	kernel=$(ktstr-kernel path)
	ktstr-boot --kernel "${kernel%/*}/vmlinux" --initrd "$dir/initrd" --topology 1n2l2c1t --memory 512 \
		--timeout 300s --vm late >frames 2>log 3>&- &
	pid=$!
	ktstr-freeze --vm late --wait 200s --format json --max-hits 1000 --min-gap 1ms watch jiffies_64 >out 2>err 3>&- &
	looker=$!
	until [ "$(grep -c '"trigger"' out)" -ge 3 ]; do
		kill -0 "$looker"
	done
	kill -9 "$pid"
	wait "$looker"
	pid=''
	[ "$(jq -r 'select(.type == "end").reason' out)" = vm-gone ]
}

@test "wrong usage" {
	refused 2 'one of --vm and --mem' now
	refused 2 'one of --vm and --mem' --vm "$vm" --mem x
	refused 2 "unknown action 'thaw'" --vm "$vm" thaw
	refused 2 "unexpected operand 'x'" --vm "$vm" now x
	refused 2 'no symbol given' --vm "$vm" watch
	refused 2 "unexpected operand 'd'" --vm "$vm" watch a b c d
	refused 2 "only 'now' goes with --mem" --mem x serve
	refused 2 "--core goes with 'now'" --vm "$vm" --core x serve
	refused 2 "go with 'watch' and 'serve'" --vm "$vm" --max-hits 2
	refused 2 '--tag: a name has 1 to 511 bytes of UTF-8' --vm "$vm" --tag ''
	refused 2 '--tag: a name has 1 to 511 bytes of UTF-8' --vm "$vm" --tag $'a\xff'
	refused 2 "unknown format 'xml'" --vm "$vm" --format xml
	refused 2 '--max-hits' --vm "$vm" --max-hits 0 watch x
	refused 2 'show takes no options' --format json show "$dir/capture"
	refused 2 '--range goes with --mem' --vm "$vm" --range 0:1M@0
	refused 2 'no such file' --mem none
	refused 3 'no machine answers' --vm none --wait 0s
}

@test "files that are none" {
	head -c 100000 /dev/urandom >noise
	run -3 --separate-stderr freeze --mem noise --wait 0s
	[ "${#stderr_lines[@]}" -eq 1 ]
	head -c 20000000 "$dir/core" >short
	run ! freeze --mem short --wait 0s
	echo '{"a": 1' >bad
	refused 2 "'bad': line" show bad
	echo '[1, 2]' >bad
	refused 2 "'bad'" show bad
	refused 2 'cannot open' show none
}
