#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# time-limit: 600
# slow
# The control socket of a running machine, ktstr-vm(7).

bats_require_minimum_version 1.5.0

setup_file()
{
	root=$BATS_TEST_DIRNAME/../..
	export bin=$root/build/bin vmctl=$root/build/tests/helper/vmctl
	kernel=$("$root/cmd/ktstr-kernel" path)
	vmlinux=${kernel%/*}/vmlinux
	# A guest without an end: every test asks the same machine.
	printf 'test t\nduration 1s\n' >"$BATS_FILE_TMPDIR/t.scn"
	"$bin/ktstr-initrd" --scenario "$BATS_FILE_TMPDIR/t.scn" >"$BATS_FILE_TMPDIR/initrd"
	export vm=$BATS_FILE_TMPDIR/vm out=$BATS_FILE_TMPDIR/out
	"$bin/ktstr-boot" --kernel "$vmlinux" --initrd "$BATS_FILE_TMPDIR/initrd" --topology 2n2l1c2t \
		--memory 600 --append ktstr.fault=hang --timeout 900s --vm "$vm" >"$out" 2>/dev/null 3>&- &
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
	timeout 60 "$vmctl" "$vm" "$@"
}

@test "attach tells the machine, and its memory can be mapped" {
	run -0 ask attach
	jq -e '.ok and .engine == "tcg" and .engine_mode == "icount" and .vcpus == 4' <<<"$output"
	jq -e '.threads | length == 4' <<<"$output"
	jq -e '[.ranges[].len] | add == 600 * 1048576' <<<"$output"
	run -0 ask @map
	[ "${#lines[@]}" -eq 2 ]
}

@test "memory is for reading only unless asked otherwise" {
	run -0 ask @write
	[[ $output == *'write: refused'* ]]
}

@test "freeze and thaw" {
	run -0 ask 'freeze 20s' status thaw status
	jq -e '.rendezvous_ns > 0' <<<"${lines[0]}"
	jq -e '.state == "frozen" and .leases == 1' <<<"${lines[1]}"
	jq -e '.state != "frozen" and .leases == 0 and .frozen_ns > 0' <<<"${lines[3]}"
}

@test "frozen, the guest does not move; thawed, it does" {
	run -0 ask 'freeze 20s' 'regs 0' 'regs 0' thaw
	[ "${lines[1]}" = "${lines[2]}" ]
	jq -e '.rip | test("^0x[0-9a-f]+$")' <<<"${lines[1]}"
}

@test "registers only under a freeze, and of vCPUs that exist" {
	run -1 ask 'regs 0'
	[[ $output == *'while this connection holds a freeze'* ]]
	run -1 ask 'freeze 5s' 'regs 4' 'regs x' regs thaw
	[[ ${lines[1]} == *'no vCPU 4'* ]]
	[[ ${lines[2]} == *'not a number'* ]]
}

@test "a client that dies leaves the machine running" {
	"$vmctl" "$vm" 'freeze 300s' @hang &
	client=$!
	until ask status | jq -e '.leases == 1'; do sleep 0.05; done
	kill -KILL "$client"
	wait "$client" || :
	until ask status | jq -e '.leases == 0 and .state != "frozen"'; do sleep 0.05; done
}

@test "two leases: the machine runs after the last" {
	"$vmctl" "$vm" 'freeze 300s' @hang &
	client=$!
	until ask status | jq -e '.leases == 1'; do sleep 0.05; done
	run -0 ask 'freeze 5s' status thaw status
	jq -e '.leases == 2' <<<"${lines[1]}"
	jq -e '.leases == 1 and .state == "frozen"' <<<"${lines[3]}"
	kill -KILL "$client"
	wait "$client" || :
}

@test "a lease ends by itself" {
	ask 'freeze 100ms' @wait >held &
	client=$!
	until grep -q lease-expired held; do
		kill -0 "$client"
		sleep 0.05
	done
	run -0 ask status
	jq -e '.leases == 0 and .state != "frozen"' <<<"$output"
	kill "$client"
	wait "$client" || :
}

@test "malformed requests get an error and the connection lives on" {
	run -1 ask nonsense 'freeze' 'freeze 0s' 'freeze 11m' 'freeze x' 'thaw now' 'thaw' 'attach wx' \
		"$(printf 'x%.0s' {1..300})" status
	[ "${#lines[@]}" -eq 10 ]
	jq -e '.ok | not' <<<"${lines[0]}"
	[[ ${lines[0]} == *"unknown request 'nonsense'"* ]]
	[[ ${lines[8]} == *'too long'* ]]
	jq -e '.ok' <<<"${lines[9]}"
}

@test "many clients at once: the one too many is told" {
	pids=()
	for _ in {1..32}; do
		"$vmctl" "$vm" status @hang >/dev/null &
		pids+=($!)
	done
	for _ in {1..100}; do
		run ask status
		[[ $output != *'too many clients'* ]] || break
		sleep 0.05
	done
	kill "${pids[@]}"
	wait "${pids[@]}" || :
	[[ $output == *'too many clients'* ]]
}

@test "a directory that is in use is refused, and stays usable" {
	kernel=$("$BATS_TEST_DIRNAME/../../cmd/ktstr-kernel" path)
	run -2 --separate-stderr "$bin/ktstr-boot" --kernel "${kernel%/*}/vmlinux" \
		--initrd "$BATS_FILE_TMPDIR/initrd" --vm "$vm"
	# shellcheck disable=SC2154 # run sets it
	[[ $stderr == *'belongs to a running machine'* ]]
	run -0 ask status
}

# Last: it ends the machine.
@test "events tell the end, and kill ends it" {
	ask events @wait >heard &
	client=$!
	until grep -q ok heard; do sleep 0.05; done
	run -0 ask kill
	wait "$client"
	tail -n 1 heard | jq -e '.event == "exit" and .reason == "killed"'
	for _ in {1..100}; do
		[ -e "$vm" ] || break
		sleep 0.05
	done
	[ ! -e "$vm" ]
}
