#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# time-limit: 900
# slow
# The doorbell of a machine, ktstr-vm(7): the guest asks, and stands still until it is let go.

bats_require_minimum_version 1.5.0

setup_file()
{
	root=$BATS_TEST_DIRNAME/../..
	export root bin=$root/build/bin helper=$root/build/tests/helper
	kernel=$("$root/cmd/ktstr-kernel" path)
	export vmlinux=${kernel%/*}/vmlinux initrd=$BATS_FILE_TMPDIR/initrd
	printf 'test t\nduration 1s\n' >"$BATS_FILE_TMPDIR/t.scn"
	"$bin/ktstr-initrd" --scenario "$BATS_FILE_TMPDIR/t.scn" >"$initrd"
	# A guest that rings without end: every test asks the same machine.
	export vm=$BATS_FILE_TMPDIR/vm out=$BATS_FILE_TMPDIR/out
	"$bin/ktstr-boot" --kernel "$vmlinux" --initrd "$initrd" --append ktstr.fault=ring \
		--timeout 600s --vm "$vm" >"$out" 2>/dev/null 3>&- &
	export pid=$!
	until [ -S "$vm/ctl" ]; do
		kill -0 "$pid"
		sleep 0.05
	done
}

teardown_file()
{
	kill "$pid" 2>/dev/null || :
}

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
}

# ask REQUEST...: all over one connection
ask()
{
	timeout 60 "$helper/vmctl" "$vm" "$@"
}

# answers: what the guest was told, a line a ring: `ring SEQ: STATUS TEXT`
answers()
{
	"$helper/tlvcat" --raw OUTPUT <"$out"
}

# told SEQ PATTERN: what the guest was told for its ring SEQ, once that has come
told()
{
	for _ in {1..200}; do
		! answers | grep -q "^ring $1: " || break
		sleep 0.05
	done
	answers | grep -q "^ring $1: $2\$"
}

# seq_of LINE: the number in what vmctl prints for @ring
seq_of()
{
	sed -n 's/^ring seq=\([0-9]*\) .*/\1/p' <<<"$1"
}

@test "nobody listens: the guest is told so and goes on" {
	for _ in {1..600}; do
		[ "$(answers | head -n 10 | wc -l)" -lt 10 ] || break
		sleep 0.05
	done
	told 1 'nobody '
	told 10 'nobody '
	run -0 ask status
	jq -e '.state == "running" and .leases == 0' <<<"$output"
}

@test "who listens is told, and the machine stands still until thaw" {
	run -0 ask listen @ring status attach thaw status
	[[ ${lines[1]} == 'ring seq='*' request=test text=is anybody there?' ]]
	jq -e '.state == "frozen" and .leases == 1' <<<"${lines[2]}"
	jq -e '.threads | length == 2' <<<"${lines[3]}"
	jq -e '.leases == 0' <<<"${lines[4]}"
	jq -e '.frozen_ns > 0' <<<"${lines[5]}"
	told "$(seq_of "${lines[1]}")" 'heard '
}

@test "memory does not change while it stands" {
	run -0 ask listen @ring @sum @sum thaw
	[ "${lines[2]}" = "${lines[3]}" ]
}

@test "answers reach the guest, and the last one counts" {
	run -0 ask listen @ring 'answer ok all is well' thaw
	told "$(seq_of "${lines[1]}")" 'ok all is well'
	run -0 ask listen @ring 'answer ok' 'answer error no such thing' thaw
	told "$(seq_of "${lines[1]}")" 'error no such thing'
}

@test "only who holds the machine at its bell answers" {
	run -1 ask 'answer ok'
	[[ $output == *'does not hold the machine at its bell'* ]]
	run -1 ask 'freeze 5s' 'answer ok' thaw
	[[ ${lines[1]} == *'does not hold the machine at its bell'* ]]
	run -1 ask listen @ring thaw 'answer ok late'
	[[ ${lines[3]} == *'does not hold the machine at its bell'* ]]
}

@test "malformed requests get an error and the connection lives on" {
	run -1 ask 'listen 0s' 'listen x' 'listen 1s 2s' answer 'answer maybe' status
	[[ ${lines[0]} == *'more than 0 and at most 600s'* ]]
	[[ ${lines[2]} == *'too many words'* ]]
	[[ ${lines[3]} == *"answer takes 'ok' or 'error'"* ]]
	[[ ${lines[4]} == *"answer takes 'ok' or 'error'"* ]]
	jq -e .ok <<<"${lines[5]}"
}

@test "registers are refused at the doorbell" {
	run -1 ask listen @ring 'regs 0' thaw
	[[ ${lines[2]} == *'at its doorbell'* ]]
}

@test "a listener that dies leaves the machine running" {
	"$helper/vmctl" "$vm" 'listen 300s' @ring @hang >held 3>&- &
	client=$!
	until grep -q '^ring seq' held; do sleep 0.05; done
	run -0 ask status
	jq -e '.state == "frozen" and .leases == 1' <<<"$output"
	kill -KILL "$client"
	wait "$client" || :
	until ask status | jq -e '.leases == 0 and .state == "running"'; do sleep 0.05; done
	told "$(seq_of "$(tail -n 1 held)")" 'heard '
}

@test "a lease runs out, and the machine goes on to the next ring" {
	run -0 ask 'listen 200ms' @ring @ring thaw
	first=$(seq_of "${lines[1]}")
	[ "$(seq_of "${lines[2]}")" = $((first + 1)) ]
	told "$first" 'heard '
}

@test "two listeners: the machine goes on after the last" {
	"$helper/vmctl" "$vm" 'listen 300s' @ring @hang >held 3>&- &
	client=$!
	until grep -q '^ring seq' held; do sleep 0.05; done
	# It does not ring again, so this one holds it by a freeze.
	run -0 ask 'freeze 5s' status thaw status
	jq -e '.leases == 2' <<<"${lines[1]}"
	jq -e '.leases == 1 and .state == "frozen"' <<<"${lines[3]}"
	kill -KILL "$client"
	wait "$client" || :
	until ask status | jq -e '.leases == 0'; do sleep 0.05; done
}

@test "a listener that reads nothing cannot hold the machine for ever" {
	"$helper/vmctl" "$vm" 'listen 1ms' @hang >/dev/null 3>&- &
	client=$!
	before=$(answers | wc -l)
	# Far more rings than its socket holds events.
	for _ in {1..600}; do
		[ "$(answers | wc -l)" -lt $((before + 3000)) ] || break
		sleep 0.05
	done
	[ "$(answers | wc -l)" -ge $((before + 3000)) ]
	[ "$(answers | sed "1,${before}d" | grep -c 'heard')" -gt 10 ]
	kill "$client"
	wait "$client" || :
}

@test "freezes and rings come across each other" {
	requests=()
	for _ in {1..2000}; do requests+=('freeze 5s' thaw); done
	"$helper/vmctl" "$vm" 'listen 5ms' @wait >heard 3>&- &
	client=$!
	run -0 ask "${requests[@]}"
	kill "$client"
	wait "$client" || :
	grep -q doorbell heard
	before=$(answers | wc -l)
	for _ in {1..200}; do
		[ "$(answers | wc -l)" -le "$before" ] || break
		sleep 0.05
	done
	[ "$(answers | wc -l)" -gt "$before" ]
	run -0 ask status
	jq -e '.leases == 0' <<<"$output"
	# None was let go without an answer, or asked twice.
	run ! grep -q asked <(answers)
}

# Last of those with this machine: it ends while a client holds it.
@test "a machine that stands at its doorbell can be killed" {
	run -0 ask listen @ring kill
	for _ in {1..100}; do
		[ -e "$vm" ] || break
		sleep 0.05
	done
	[ ! -e "$vm" ]
	"$helper/tlvcat" <"$out" | grep -q '^boot EXIT.*"reason":"killed"'
	"$helper/tlvcat" <"$out" | grep -q '^boot USAGE.*"bad_doorbells":0'
}

@test "mailboxes that are none: counted, and the guest goes on" {
	timeout 120 "$bin/ktstr-boot" --kernel "$vmlinux" --initrd "$initrd" \
		--append ktstr.fault=bad-ring >bad.tlv
	"$helper/tlvcat" <bad.tlv | grep -q '^boot USAGE.*"doorbells":3,"bad_doorbells":12'
	"$helper/tlvcat" <bad.tlv | grep -q '^guest GUEST_EXIT.*"exit_code":0'
}

# What a run says of the guest, without when the host saw it.
guest_said()
{
	"$helper/tlvcat" <"side/$1.tlv" | grep -a '^guest '
	"$helper/tlvcat" --raw CONSOLE <"side/$1.tlv"
}

@test "a run is the same whether somebody held it at its doorbell or not" {
	cat >busy.scn <<-END
	test busy
	topology 1n2l2c1t
	scheduler scx-ktstr
	duration 500ms
	step load
	  cgroup a workers=6 work=bursty,burst=3ms,sleep=2ms
	check max-spread off
	END
	timeout 200 "$root/cmd/ktstr" run --no-monitor --sidecar side busy.scn >/dev/null
	guest_said busy >alone
	(
		until [ -S held/ctl ]; do sleep 0.05; done
		"$helper/vmctl" held listen @ring 'answer ok so it be' status >heard
	) 3>&- &
	timeout 200 "$root/cmd/ktstr" run --sidecar side --vm held busy.scn >/dev/null
	wait
	guest_said busy >watched
	grep -q 'request=scheduler-up text=ktstr' heard
	grep -q '"state":"frozen"' heard
	cmp alone watched
}

@test "a scheduler with a watchdog statement is held before it attaches" {
	cat >held.scn <<-END
	test held
	scheduler scx-ktstr --timeout-ms 30000
	watchdog 5s
	duration 100ms
	END
	(
		until [ -S held/ctl ]; do sleep 0.05; done
		"$helper/vmctl" held listen @ring status thaw @ring thaw >heard
	) 3>&- &
	timeout 200 "$root/cmd/ktstr" run --no-monitor --sidecar side --vm held held.scn >/dev/null
	wait
	grep -q '^ring seq=1 request=scheduler-attaching text=$' heard
	grep -q '"state":"frozen"' heard
	grep -q '^ring seq=2 request=scheduler-up text=ktstr$' heard
	# Held before it attached: the kernel had not said so yet.
	"$helper/tlvcat" <side/held.tlv | grep -q '^boot USAGE.*"doorbells":2,"bad_doorbells":0'
}
