#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# time-limit: 900
# slow
# Captures that a scenario asks for: snapshot, watch and snapshots, from the file to the result.

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

# judged STATUS [OPTION]...: run the scenario on stdin; its result is then in $result
judged()
{
	local want=$1
	shift
	cat >t.scn
	run "-$want" --separate-stderr timeout -k 10 400 "$ktstr" run --format json "$@" t.scn
	result=$output
}

# Fails unless the jq program gives true for the result.
result()
{
	jq -e "$1" <<<"$result" >/dev/null || {
		echo "not so: $1" >&2
		jq '{status, reasons, snapshots, periodic_fired, periodic_real, freeze}' <<<"$result" >&2
		return 1
	}
}

# messages SOURCE TYPE: their JSON payloads
messages()
{
	"$helper/tlvcat" --cut 1000000 <side/t.tlv | sed -n "s/^$1 $2 [^{]*//p"
}

# requests: what the guest asked for, and the answers
requests()
{
	messages guest REQUEST | jq -r '"\(.request) \(.text) \(.status)"'
}

@test "with nobody there a snapshot and a watch do nothing, which is noted" {
	judged 0 --no-freeze <<-'END'
		test t
		duration 100ms
		snapshot one
		watch no.such
		snapshot two
	END
	[ "$(requests | sed 's/ \(nobody\|heard\)$//')" = "snapshot one
watch no.such
snapshot two" ]
	result '.success and .snapshots == null'
	result '[.reasons[] | select(.kind == "Note").message] |
		index("snapshot '\''one'\'': nobody takes captures") != null and
		index("watch '\''no.such'\'': nobody takes captures") != null'
}

@test "each capture that was asked for is there" {
	judged 0 <<-'END'
		test t
		topology 1n1l2c1t
		scheduler scx-ktstr
		duration 1s
		snapshots 3
		step one hold=60%
		  cgroup a workers=3
		  snapshot first
		  snapshot second
		step two
		  snapshot first
		expect 'include "ktstr"; snapshot("second") | var("nr_cpus_onln") | as_u64 == 2'
		expect 'include "ktstr"; snapshot("second") | map("bpf.bss") | get("nr_cpus_onln") | as_u64 == 2'
		expect 'include "ktstr"; [periodic[] | var("nr_dispatched") | as_u64] | . == sort and .[0] < .[2]'
	END
	[ "$(requests)" = "snapshot first ok
snapshot second ok
periodic periodic_000 ok
periodic periodic_001 ok
snapshot first ok
periodic periodic_002 ok" ]
	result '[.snapshots[].tag] | sort == ["first", "periodic_000", "periodic_001", "periodic_002", "second"]'
	# Each looked at the scheduler, and only while the machine stood still.
	result '.snapshots | all(.n_maps > 0 and .reason == null and .frozen_ns > 0)'
	result '.periodic_fired == 3 and .periodic_real == 3 and .periodic_target == 3'
	result '[.snapshots[] | select(.trigger == "periodic")] | length == 3'
	# Of the two with one name the later was kept, with a warning.
	result '.snapshots[] | select(.tag == "first") | .step == 1'
	result '[.reasons[] | select(.kind == "Note" and (.message | contains("first")))] | length > 0'
}

@test "a symbol that nobody knows fails the step at once, by its name" {
	judged 1 <<-'END'
		test t
		scheduler scx-ktstr
		duration 60s
		step a
		  watch kernel.absent_symbol
		  snapshot never
	END
	result '[.reasons[].message | select(contains("did not resolve") and contains("kernel.absent_symbol"))] | length == 1'
	result '.snapshots == []'
	[ "$(requests)" = 'watch kernel.absent_symbol error' ]
	[ -z "$(messages guest STEP_START)" ]
}

@test "a fourth watch fails the test, which goes on" {
	judged 1 <<-'END'
		test t
		scheduler scx-ktstr
		duration 200ms
		step a hold=50%
		  watch init_task.pid
		  watch init_task.tgid
		  watch init_task.exit_code
		  watch init_task.flags
		step b
		  snapshot after
	END
	[ "$(requests)" = "watch init_task.pid ok
watch init_task.tgid ok
watch init_task.exit_code ok
snapshot after ok" ]
	result '[.reasons[].message | select(contains("cap exceeded") and contains("WatchSnapshot"))] | length == 1'
	result '[.snapshots[].tag] == ["after"]'
	messages guest SCENARIO_END | grep -q elapsed_ns
}

@test "a store to what is watched is captured, with the value of that moment" {
	judged 0 <<-'END'
		test t
		scheduler scx-ktstr --stall-after 500ms --timeout-ms 2000
		duration 5s
		expect-error
		cgroup a workers=2
		watch bss.bpf.stall
	END
	result '[.snapshots[].tag] == ["bss.bpf.stall"]'
	result '.snapshots[0] | .trigger == "watch" and .symbol == "bss.bpf.stall" and .reason == null'
	# The very store: stalled for no time yet, and the failure, 2 s later, is another look.
	jq -e '.[0].report.maps[] | select(.name == "bpf.bss").value.members[] |
		select(.name == "stall").value.value == 1' side/t.snapshots.json
	result '.failure_dump.exit_kind_name == "SCX_EXIT_ERROR_STALL"'
	result '.failure_dump.jiffies - .snapshots[0].jiffies > 400'
}

# guest_said: all of it, without when the host saw it
guest_said()
{
	"$helper/tlvcat" --cut 1000000 <side/t.tlv | grep -a '^guest '
}

@test "captures change nothing in the guest, to the nanosecond" {
	scenario='test t
		topology 1n2l2c1t
		scheduler scx-ktstr
		duration 600ms
		snapshots 2
		step load
		  cgroup a workers=6 work=bursty,burst=3ms,sleep=2ms
		  snapshot now
		  watch jiffies_64
		check max-spread off
		expect true'
	judged 0 <<<"$scenario"
	guest_said >looked
	requests | grep -c ok | grep -qx 4
	result '.freeze.hits >= 1'
	(
		until [ -S vm/ctl ]; do sleep 0.05; done
		timeout 300 "$helper/vmctl" vm listen @ring thaw @ring 'answer ok' thaw \
			@ring 'answer ok' thaw @ring 'answer ok' thaw @ring 'answer ok' thaw >rings
	) 3>&- &
	judged 0 --no-freeze --no-monitor --vm vm <<<"$scenario"
	wait
	guest_said >not-looked
	cmp looked not-looked
}
