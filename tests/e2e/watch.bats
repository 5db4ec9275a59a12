#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# time-limit: 900
# slow
# Watches and freezes of a machine, ktstr-vm(7): it stands at the very store, and cannot tell.

bats_require_minimum_version 1.5.0

# boot NAME APPEND ARG...: a machine whose control socket is in $dir/NAME and its stream in
# $dir/NAME.tlv; waits until it listens
boot()
{
	local name=$1 append=$2
	shift 2
	"${deny[@]}" "$bin/ktstr-boot" --kernel "$vmlinux" --initrd "$initrd" --append "$append" \
		--timeout 600s --vm "$dir/$name" "$@" >"$dir/$name.tlv" 2>"$dir/$name.err" 3>&- &
	echo $! >"$dir/$name.pid"
	until [ -S "$dir/$name/ctl" ]; do
		kill -0 "$(<"$dir/$name.pid")"
		sleep 0.05
	done
}

setup_file()
{
	root=$BATS_TEST_DIRNAME/../..
	export root bin=$root/build/bin helper=$root/build/tests/helper
	kernel=$("$root/cmd/ktstr-kernel" path)
	export vmlinux=${kernel%/*}/vmlinux dir=$BATS_FILE_TMPDIR initrd=$BATS_FILE_TMPDIR/initrd
	printf 'test t\nduration 1s\n' >"$dir/t.scn"
	"$bin/ktstr-initrd" --scenario "$dir/t.scn" >"$initrd"
	# A guest that rings without end, with another number in its mailbox each time.
	boot vm ktstr.fault=ring
}

teardown_file()
{
	for pid in "$dir"/*.pid; do
		kill "$(<"$pid")" 2>/dev/null || :
	done
}

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	vm=$dir/vm out=$dir/vm.tlv deny=()
}

# ask REQUEST...: all over one connection
ask()
{
	timeout 60 "$helper/vmctl" "$vm" "$@"
}

# word OFFSET: the guest-physical address of that part of the mailbox
word()
{
	local gpa=
	for _ in {1..1200}; do
		gpa=$("$helper/tlvcat" <"$out" | sed -n 's/^guest MAILBOX .*"gpa":\([0-9]*\).*/\1/p' |
			tail -n 1)
		[ -z "$gpa" ] || break
		sleep 0.05
	done
	printf '%#x' $((gpa + $1))
}

# value_of LINE: the number in what vmctl prints for @hit
value_of()
{
	echo $(($(sed -n 's/^hit .* value=//p' <<<"$1")))
}

hits()
{
	ask status | jq .watch_hits
}

rings()
{
	"$helper/tlvcat" --raw OUTPUT <"$out" | wc -l
}

# rings_go_on: wait until the guest has rung ten times more
rings_go_on()
{
	local before
	before=$(rings)
	for _ in {1..600}; do
		[ "$(rings)" -lt $((before + 10)) ] || break
		sleep 0.05
	done
	[ "$(rings)" -ge $((before + 10)) ]
}

# gone PID: wait until that process has ended
gone()
{
	for _ in {1..400}; do
		[ -e "/proc/$1" ] || break
		sleep 0.05
	done
	[ ! -e "/proc/$1" ]
}

# qemu: the process that is the machine's CPU
qemu()
{
	local tid
	tid=$(ask attach | jq '.threads[0]')
	sed -n 's/^Tgid:\t//p' "/proc/$tid/status"
}

@test "the machine stops at each store, with the new value there" {
	seq=$(word 8)
	run -0 ask "watch 0xffff888012345678 $seq 4" @hit status @sum @sum thaw @hit thaw @hit status thaw
	jq -e '.slot == 0' <<<"${lines[0]}"
	[[ ${lines[1]} == "hit slot=0 kva=0xffff888012345678 gpa=$seq len=4 vcpu=-1 value="* ]]
	jq -e '.state == "frozen" and .leases == 1 and .watch_hits > 0' <<<"${lines[2]}"
	[ "${lines[3]}" = "${lines[4]}" ]
	first=$(value_of "${lines[1]}")
	[ "$first" -gt 0 ]
	[ "$(value_of "${lines[6]}")" = $((first + 1)) ]
	[ "$(value_of "${lines[8]}")" = $((first + 2)) ]
	[ "$(jq .watch_hits <<<"${lines[9]}")" = $(($(jq .watch_hits <<<"${lines[2]}") + 2)) ]
}

@test "the guest rings after the store at which it stood, and hears the answer" {
	run -0 ask listen @ring "watch 0 $(word 8) 4" thaw @hit thaw @ring 'answer ok so it is' thaw
	seq=$(value_of "${lines[4]}")
	[[ ${lines[1]} == "ring seq=$((seq - 1)) "* ]]
	[[ ${lines[6]} == "ring seq=$seq "* ]]
	rings_go_on
	"$helper/tlvcat" --raw OUTPUT <"$out" | grep -q "^ring $seq: ok so it is\$"
}

@test "nothing is hit once a watch is taken back" {
	run -0 ask "watch 0 $(word 8) 4" @hit 'unwatch 0' thaw
	before=$(hits)
	rings_go_on
	[ "$(hits)" = "$before" ]
}

@test "watches go with their connection" {
	seq=$(word 8)
	run -0 ask 'freeze 9s' "watch 0 $seq 4" "watch 0 $seq 4" "watch 0 $seq 4" "watch 0 $seq 4"
	before=$(hits)
	rings_go_on
	[ "$(hits)" = "$before" ]
	run -1 ask 'freeze 9s' "watch 0 $seq 4" "watch 0 $seq 4" "watch 0 $seq 4" "watch 0 $seq 4" \
		"watch 0 $seq 4" 'unwatch 2' "watch 0 $seq 4"
	[[ ${lines[5]} == *'no free slot'* ]]
	jq -e '.slot == 2' <<<"${lines[7]}"
}

@test "one store to two watched words: both are told, and the machine stands for both" {
	seq=$(word 8)
	run -0 ask 'freeze 5s' "watch 1 $seq 4" "watch 2 $seq 2" thaw @hit thaw @hit status thaw
	[[ ${lines[4]} == 'hit slot=0 kva=0x1 '* ]]
	[[ ${lines[6]} == 'hit slot=1 kva=0x2 '* ]]
	[ "$(($(value_of "${lines[4]}") & 0xffff))" = "$(value_of "${lines[6]}")" ]
	jq -e '.state == "frozen"' <<<"${lines[7]}"
}

@test "a slot takes words of all sizes, one after the other" {
	seq=$(word 8)
	requests=('freeze 20s')
	for word in "$seq 8" "$seq 1" "$((seq + 1)) 1" "$((seq + 2)) 2" "$seq 4" "$((seq + 8)) 8"; do
		requests+=("watch 0 $word" 'unwatch 0')
	done
	run -0 ask "${requests[@]}" "watch 0 $seq 1" thaw @hit thaw
	[[ ${lines[14]} == *' len=1 '* ]] || [[ ${lines[15]} == *' len=1 '* ]]
}

@test "malformed watches get an error and the connection lives on" {
	seq=$(word 8)
	run -1 ask watch 'watch 0 0' "watch 0 $seq 3" "watch 0 $((seq + 1)) 2" "watch 0 $seq 16" \
		"watch x $seq 4" "watch 0 $seq 4 5" "watch 0 $seq 4 11m" "watch 0 $seq 4 1s more" \
		'watch 0 0xfffffffffffffff8 8' 'watch 0 0xa0000000 4' unwatch 'unwatch 0' 'unwatch 4' \
		'unwatch x' status
	[[ ${lines[0]} == *'watch takes KVA, GPA, LEN'* ]]
	[[ ${lines[2]} == *'1, 2, 4 or 8 bytes'* ]]
	[[ ${lines[3]} == *'no multiple of the 2 bytes'* ]]
	[[ ${lines[5]} == *'not a number'* ]]
	[[ ${lines[8]} == *'watch takes KVA, GPA, LEN'* ]]
	[[ ${lines[9]} == *'has no memory of 8 bytes'* ]]
	[[ ${lines[10]} == *'has no memory of 4 bytes'* ]]
	[[ ${lines[12]} == *'watches nothing in slot 0'* ]]
	[[ ${lines[13]} == *'watches nothing in slot 4'* ]]
	for i in {0..14}; do jq -e '.ok | not' <<<"${lines[i]}"; done
	jq -e .ok <<<"${lines[15]}"
}

@test "nobody takes back what another connection watches" {
	"$helper/vmctl" "$vm" "watch 0 $(word 0) 8" @hang >held 3>&- &
	client=$!
	until grep -q slot held; do sleep 0.05; done
	run -1 ask 'unwatch 0' "watch 0 $(word 0) 8"
	[[ ${lines[0]} == *'this connection watches nothing in slot 0'* ]]
	jq -e '.slot == 1' <<<"${lines[1]}"
	kill "$client"
	wait "$client" || :
}

@test "memory is written under a lease, and only the guest's" {
	answer=$(word 512)
	run -1 ask "write $answer 41" 'freeze 5s' "write $answer 4" "write $answer 4x" "write $answer" \
		"write 0xfffffffffffff000 00" "write $answer $(printf '00%.0s' {1..65})" \
		"write $answer $(printf '00%.0s' {1..64})" thaw
	[[ ${lines[0]} == *'while this connection holds a freeze'* ]]
	[[ ${lines[2]} == *'half a byte'* ]]
	[[ ${lines[3]} == *'not in hexadecimal'* ]]
	[[ ${lines[4]} == *'takes an address and bytes'* ]]
	[[ ${lines[5]} == *'has no memory'* ]]
	[[ ${lines[6]} == *'at most 64 bytes'* ]]
	jq -e .ok <<<"${lines[7]}"
	# At its bell the guest is about to read this.
	run -0 ask listen @ring "write $answer 416c4C" thaw
	seq=$(sed -n 's/^ring seq=\([0-9]*\) .*/\1/p' <<<"${lines[1]}")
	rings_go_on
	"$helper/tlvcat" --raw OUTPUT <"$out" | grep -q "^ring $seq: heard AlL\$"
}

@test "registers at a hit are those of the store's own function" {
	requests=("watch 0 $(word 8) 4")
	for _ in {1..8}; do requests+=(@hit 'regs 0' 'regs 1' 'regs 0' thaw); done
	run -0 ask "${requests[@]}"
	for i in {0..7}; do
		[ "${lines[2 + 5 * i]}" = "${lines[4 + 5 * i]}" ]
		# The agent's store, in user space; the number is the last thing that it computed.
		printf '%s\n' "${lines[2 + 5 * i]}" "${lines[3 + 5 * i]}" |
			jq -se --arg value "$(printf '%#x' "$(value_of "${lines[1 + 5 * i]}")")" \
				'any(.[]; .cs == "0x33" and (map_values(select(. == $value)) | length > 0))'
	done
	# The store is in one place of the program, and so is where they stand.
	[ "$(grep -o '"rip":"0x4[0-9a-f]*"' <<<"$output" | sort -u | wc -l)" -eq 1 ]
}

@test "a lease at a hit runs out, and the machine goes on to the next" {
	run -0 ask "watch 0 $(word 8) 4 200ms" @hit @hit
	[ "$(value_of "${lines[2]}")" = $(($(value_of "${lines[1]}") + 1)) ]
}

@test "a client that dies at a hit leaves the machine running, and no watch" {
	"$helper/vmctl" "$vm" "watch 0 $(word 8) 4 300s" @hit @hang >held 3>&- &
	client=$!
	until grep -q '^hit' held; do sleep 0.05; done
	run -0 ask status
	jq -e '.state == "frozen" and .leases == 1' <<<"$output"
	kill -KILL "$client"
	start=$(date +%s%N)
	until ask status | jq -e '.leases == 0 and .state == "running"'; do :; done
	# 100 ms are promised; the machine that runs this may be busy.
	[ $(($(date +%s%N) - start)) -lt 2000000000 ]
	wait "$client" || :
	before=$(hits)
	rings_go_on
	[ "$(hits)" = "$before" ]
}

@test "a client that reads nothing cannot hold the machine for ever" {
	before=$(hits)
	"$helper/vmctl" "$vm" "watch 0 $(word 8) 4 1ms" @hang >/dev/null 3>&- &
	client=$!
	# Far more hits than its socket holds events.
	for _ in {1..600}; do
		[ "$(hits)" -lt $((before + 2000)) ] || break
		sleep 0.05
	done
	[ "$(hits)" -ge $((before + 2000)) ]
	rings_go_on
	kill "$client"
	wait "$client" || :
}

@test "a hot word holds nobody up" {
	timeout 120 "$helper/vmshake" "$vm" watch jiffies_64 8 1000000 0 >hot 3>&- &
	client=$!
	before=$(hits)
	until [ "$(hits)" -gt $((before + 500)) ]; do :; done
	for _ in {1..20}; do run -0 timeout 5 "$helper/vmctl" "$vm" status; done
	kill "$client"
	wait "$client" || :
	rings_go_on
}

@test "freezes and hits come across each other" {
	"$helper/vmshake" "$vm" watch jiffies_64 8 400 2000 >hits 3>&- &
	client=$!
	run -0 timeout 120 "$helper/vmshake" "$vm" freeze 400 2000 500
	[ "$output" = 'freezes 400' ]
	wait "$client"
	grep -q '^hits 400 wrong 0 ' hits
	rings_go_on
}

@test "a process that is stopped and continued is held as before" {
	pid=$(qemu)
	kill -STOP "$pid"
	run -0 ask 'freeze 5s' thaw
	kill -CONT "$pid"
	run -0 ask 'freeze 5s' thaw "watch 0 $(word 8) 4" @hit thaw @hit thaw
	rings_go_on
}

# Last of those with this machine: it ends while a client holds it.
@test "a machine that is held dies all the same" {
	pid=$(qemu)
	run -0 ask "watch 0 $(word 8) 4" @hit status
	"$helper/vmctl" "$vm" "watch 0 $(word 8) 4" @hit @hang >held 3>&- &
	client=$!
	until grep -q '^hit' held; do sleep 0.05; done
	kill -KILL "$pid"
	gone "$(<"$dir/vm.pid")"
	gone "$pid"
	kill "$client"
	wait "$client" || :
	"$helper/tlvcat" <"$out" | grep -q '^boot EXIT.*"reason":"engine-failed".*killed by signal 9'
	"$helper/tlvcat" <"$out" | grep -q '^boot USAGE.*"watch_hits":[1-9]'
}

@test "without the right to trace there are no watches, and all else works" {
	deny=("$helper/deny" ptrace)
	boot denied ktstr.fault=ring
	vm=$dir/denied out=$dir/denied.tlv
	run -1 ask "watch 0 $(word 8) 4" 'freeze 5s' 'regs 0' 'regs 0' thaw listen @ring 'answer ok yes' thaw
	[[ ${lines[0]} == *'cannot watch its memory: cannot trace QEMU: operation not permitted'* ]]
	[ "${lines[2]}" = "${lines[3]}" ]
	jq -e .ok <<<"${lines[7]}"
	rings_go_on
	# Its engine does not outlive it, running or held.
	pid=$(qemu)
	kill -KILL "$(<"$dir/denied.pid")"
	gone "$pid"
}

@test "the engine ends with a ktstr-boot that is killed while it holds it" {
	boot held ktstr.fault=ring
	vm=$dir/held out=$dir/held.tlv
	pid=$(qemu)
	"$helper/vmctl" "$vm" "watch 0 $(word 8) 4" @hit @hang >held 3>&- &
	client=$!
	until grep -q '^hit' held; do sleep 0.05; done
	kill -KILL "$(<"$dir/held.pid")"
	gone "$pid"
	kill "$client"
	wait "$client" || :
}

@test "with a thread a vCPU a hit tells which" {
	boot multi ktstr.fault=ring --tcg-threads multi
	vm=$dir/multi out=$dir/multi.tlv
	run -0 ask "watch 0 $(word 8) 4" @hit status 'regs 0' 'regs 1' thaw @hit thaw @hit 'unwatch 0' thaw
	[[ ${lines[1]} =~ \ vcpu=[01]\  ]]
	jq -e '.state == "frozen"' <<<"${lines[2]}"
	jq -e .rip <<<"${lines[3]}"
	first=$(value_of "${lines[1]}")
	[ "$(value_of "${lines[6]}")" = $((first + 1)) ]
	[ "$(value_of "${lines[8]}")" = $((first + 2)) ]
	run -0 ask listen @ring "watch 0 $(word 8) 4" thaw @hit thaw
	rings_go_on
	ask kill
}

@test "two CPUs that ring ten thousand times each do not hold the machine up" {
	boot storm ktstr.fault=storm
	vm=$dir/storm
	until "$helper/tlvcat" <"$dir/storm.tlv" | grep -q '^guest MAILBOX'; do sleep 0.05; done
	for _ in {1..10}; do run timeout 5 "$helper/vmctl" "$vm" status 'freeze 5s' thaw; done
	gone "$(<"$dir/storm.pid")"
	"$helper/tlvcat" <"$dir/storm.tlv" | grep -q '^guest GUEST_EXIT.*"exit_code":0'
	"$helper/tlvcat" <"$dir/storm.tlv" | grep -q '^boot EXIT.*"reason":"poweroff"'
}

# What a run says of the guest, without when the host saw it.
guest_said()
{
	"$helper/tlvcat" <"side/$1.tlv" | grep -a '^guest '
	"$helper/tlvcat" --raw CONSOLE <"side/$1.tlv"
}

@test "500 freezes and a watch: the same run as without, and no watchdog barks" {
	cat >busy.scn <<-END
	test busy
	topology 1n2l2c1t
	scheduler scx-ktstr
	duration 500ms
	watchdog 3s
	step load
	  cgroup a workers=6 work=bursty,burst=3ms,sleep=2ms
	check max-spread off
	END
	timeout 200 "$root/cmd/ktstr" run --no-monitor --sidecar side busy.scn >/dev/null
	guest_said busy >alone
	"$helper/vmshake" held freeze 500 20000 2000 >freezes 3>&- &
	"$helper/vmshake" held watch jiffies_64 8 1000000 1000 >hits 3>&- &
	timeout 200 "$root/cmd/ktstr" run --no-monitor --sidecar side --vm held busy.scn >/dev/null
	wait
	guest_said busy >shaken
	grep -q '^freezes 500$' freezes
	grep -q '^hits [1-9][0-9]* wrong 0 ' hits
	cmp alone shaken
	run ! grep -iE 'soft lockup|rcu.*stall|watchdog: BUG|runnable task stall' shaken
}
