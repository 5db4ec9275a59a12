#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# time-limit: 1200
# slow
# ktstr-boot on a real kernel with the real agent: how machines begin, how they end, what is left.

bats_require_minimum_version 1.5.0

setup_file()
{
	root=$BATS_TEST_DIRNAME/../..
	export bin=$root/build/bin helper=$root/build/tests/helper
	kernel=$("$root/cmd/ktstr-kernel" path)
	export bzimage=$kernel vmlinux=${kernel%/*}/vmlinux
	export initrd=$BATS_FILE_TMPDIR/initrd
	printf 'test t\nduration 100ms\n' >"$BATS_FILE_TMPDIR/t.scn"
	"$bin/ktstr-initrd" --scenario "$BATS_FILE_TMPDIR/t.scn" >"$initrd"
}

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	before=$(engines)
}

teardown()
{
	# Nothing may outlive its test: no engine, no directory of a machine.
	[ "$(engines)" = "$before" ]
	[ ! -e vm ]
}

# The QEMUs that this test has started, by their output file.
engines()
{
	grep -lsz -- "$BATS_TEST_TMPDIR" /proc/[0-9]*/environ 2>/dev/null | while read -r f; do
		{ tr '\0' '\n' <"${f%environ}cmdline" | grep -m1 qemu-system; } 2>/dev/null || :
	done
}

# boot OPTION...: frames into ./out, words into ./err
boot()
{
	local status=0
	timeout -k 5 300 "$bin/ktstr-boot" --kernel "$vmlinux" --initrd "$initrd" "$@" >out 2>err ||
		status=$?
	return $status
}

frames()
{
	"$helper/tlvcat" <out
}

# exit_member NAME: a member of the exit message
exit_member()
{
	frames | sed -n 's/^boot EXIT [^{]*//p' | jq -r ".$1"
}

@test "an empty scenario boots, says hello, powers off" {
	boot
	[ "$(exit_member reason)" = poweroff ]
	[ "$(exit_member timed_out)" = false ]
	frames | grep -q '^guest GUEST_HELLO'
	frames | grep -q '^guest GUEST_EXIT.*"exit_code":0'
	frames | grep -q '^boot COM2.*KTSTR_EXIT=0'
	frames | tail -n 1 | grep -q '^boot USAGE'
	[ ! -s err ]
}

# text_address OPTION...: where the kernel's text is, by its last words
text_address()
{
	timeout 300 "$bin/ktstr-boot" --initrd "$initrd" --append ktstr.fault=panic "$@" >out 2>err || :
	"$helper/tlvcat" --raw CONSOLE <out | tr -d '\r' | sed -n 's/.*Kernel Offset: //p'
}

@test "with KASLR the kernel is somewhere else, without it is not" {
	[ "$(text_address --kernel "$vmlinux")" = disabled ]
	run text_address --kernel "$bzimage" --kaslr
	[[ $output == 0x*' from 0xffffffff81000000 '* ]]
}

@test "a bzImage without KASLR boots the ELF inside it" {
	timeout 300 "$bin/ktstr-boot" --kernel "$bzimage" --initrd "$initrd" >out
	[ "$(exit_member reason)" = poweroff ]
	"$helper/tlvcat" --raw CONSOLE <out >console
	run ! grep -q 'Decompressing Linux' console
}

@test "initramfs on standard input" {
	timeout 300 "$bin/ktstr-boot" --kernel "$vmlinux" --initrd - <"$initrd" >out
	[ "$(exit_member reason)" = poweroff ]
}

@test "a guest panic is seen at once and told with its words" {
	run -99 boot --append ktstr.fault=panic --timeout 200s
	[ "$(exit_member reason)" = panic ]
	exit_member detail | grep -q 'Kernel panic - not syncing: sysrq triggered crash'
	grep -q 'Kernel panic' err
	# All of the console is there, the end of the trace included.
	"$helper/tlvcat" --raw CONSOLE <out | grep -q 'end Kernel panic\|Kernel Offset'
}

@test "a guest that hangs is ended by the time limit, with its console" {
	run -1 boot --append ktstr.fault=hang --timeout 3s
	[ "$(exit_member reason)" = timeout ]
	[ "$(exit_member timed_out)" = true ]
	grep -q 'still running after 3 s' err
}

@test "a kernel that never reaches the agent runs into the boot limit" {
	run -99 boot --append 'rdinit=/nonexistent init=/nonexistent panic=0' --boot-timeout 20s
	[ "$(exit_member reason)" = boot-timeout ] || [ "$(exit_member reason)" = panic ]
}

@test "the agent's crash reaches COM2 with a backtrace" {
	boot --append ktstr.fault=segv || true
	"$helper/tlvcat" --raw COM2 <out | grep -q '^PANIC: ktstr-init: signal 11'
	"$helper/tlvcat" --raw COM2 <out | grep -q 'fault_segv\|0x'
}

@test "a guest that floods the bulk port is capped and counted" {
	run -1 boot --append ktstr.fault=flood --timeout 10s --bulk-limit 1000000
	[ "$(exit_member reason)" = timeout ]
	usage=$(frames | sed -n 's/^boot USAGE [^{]*//p')
	[ "$(jq .bulk_dropped_bytes <<<"$usage")" -gt 0 ]
	[ "$(jq '.bulk_bytes - .bulk_dropped_bytes' <<<"$usage")" -eq 1000000 ]
	[ "$(stat -c %s out)" -lt 20000000 ]
}

@test "console text beyond its limit is counted, not passed on" {
	boot --console-limit 1000
	usage=$(frames | sed -n 's/^boot USAGE [^{]*//p')
	[ "$(jq '.console_bytes - .console_dropped_bytes' <<<"$usage")" -eq 1000 ]
}

# start_hanging [OUT]: a machine that runs on, in the background; $pid is its ktstr-boot
start_hanging()
{
	"$bin/ktstr-boot" --kernel "$vmlinux" --initrd "$initrd" --append ktstr.fault=hang \
		--timeout 300s --vm vm >"${1:-out}" 2>err 8>&- &
	pid=$!
	until [ -S vm/ctl ]; do
		kill -0 "$pid"
		sleep 0.05
	done
	# It answers once the engine is up.
	"$helper/vmctl" vm status
	[ -n "$(engines)" ]
}

# ends_with STATUS: how the machine in the background ended
ends_with()
{
	local status=0
	wait "$pid" || status=$?
	[ "$status" -eq "$1" ] || { echo "ended with $status" && return 1; }
}

@test "TERM ends the machine in order" {
	start_hanging
	kill -TERM "$pid"
	ends_with 143
	[ "$(exit_member reason)" = signal ]
	[ "$(exit_member signal)" = 15 ]
	frames | tail -n 1 | grep -q '^boot USAGE'
}

@test "a signal while nobody reads does not wait for ever" {
	mkfifo stuck
	exec 8<>stuck
	start_hanging stuck
	# A pipe that is full: the frames of the end do not fit.
	(trap '' PIPE && timeout 1 cat /dev/zero >&8) || :
	kill -INT "$pid" && kill -TERM "$pid"
	ends_with 130
	exec 8>&-
}

@test "KILL leaves no engine behind" {
	start_hanging
	kill -KILL "$pid"
	ends_with 137
	# The kernel ends the engine; give it the time that takes.
	for _ in $(seq 100); do
		[ -n "$(engines)" ] || break
		sleep 0.1
	done
	rm -r vm
}

@test "a reader that closes ends the machine quietly" {
	run -0 bash -c "'$bin/ktstr-boot' --kernel '$vmlinux' --initrd '$initrd' \
		--append ktstr.fault=hang --timeout 300s 2>err | head -c 100 >/dev/null; exit \${PIPESTATUS[0]} " || true
	[ ! -s err ]
}

@test "an engine that dies is told, with its status" {
	start_hanging
	qemu=$(pgrep -P "$pid")
	kill -SEGV "$qemu"
	ends_with 99
	[ "$(exit_member reason)" = engine-failed ]
	exit_member detail | grep -q 'killed by signal 11'
	grep -q 'killed by signal 11' err
}

@test "a thread a vCPU, with a warning where that is not dependable" {
	boot --topology 1n1l2c1t --tcg-threads multi --boot-timeout 60s || true
	frames | grep -q '^boot HELLO.*"engine_mode":"multi"'
	major=$(qemu-system-x86_64 --version | sed -n 's/.*version \([0-9]*\).*/\1/p')
	if [ "$major" -lt 10 ]; then
		grep -q 'not dependable with a QEMU older than 10.0' err
	else
		[ ! -s err ]
	fi
}

@test "an engine that is missing" {
	run -2 boot --qemu /nonexistent/qemu
	grep -q "^ktstr-boot: cannot run '/nonexistent/qemu': no such file or directory$" err
	[ "$(exit_member reason)" = engine-failed ]
}

@test "an engine that refuses its arguments says why" {
	printf '#!/bin/sh\nexec qemu-system-x86_64 -no-such-option "$@"\n' >qemu
	chmod +x qemu
	run -2 boot --qemu "$PWD/qemu"
	grep -q 'QEMU refused: .*no-such-option' err
	[ "$(wc -l <err)" -eq 1 ]
}

@test "bad input: one line, status 2, no stream" {
	bad()
	{
		local want=$1
		shift
		# shellcheck disable=SC2154 # run sets them
		run -2 --separate-stderr "$bin/ktstr-boot" "$@"
		[ -z "$output" ]
		# shellcheck disable=SC2154
		[ "${#stderr_lines[@]}" -eq 1 ] || { echo "$stderr"; return 1; }
		[[ $stderr == *"$want"* ]] || { echo "got: $stderr"; return 1; }
	}
	head -c 5000000 "$bzimage" >short
	echo nonsense >nonsense
	: >empty
	bad 'no kernel given'
	bad 'no initramfs given' --kernel "$vmlinux"
	bad "cannot open kernel 'none': no such file" --kernel none --initrd "$initrd"
	bad "'/tmp' is not a regular file" --kernel /tmp --initrd "$initrd"
	bad "'empty' is empty" --kernel empty --initrd "$initrd"
	bad truncated --kernel short --initrd "$initrd"
	bad "kernel 'nonsense'" --kernel nonsense --initrd "$initrd"
	bad 'KASLR wants a bzImage' --kernel "$vmlinux" --kaslr --initrd "$initrd"
	bad "cannot open initramfs 'none'" --kernel "$vmlinux" --initrd none
	bad "initramfs 'nonsense' is no cpio" --kernel "$vmlinux" --initrd nonsense
	bad "initramfs 'empty' is no cpio" --kernel "$vmlinux" --initrd empty
	for t in 1n2l 0n1l1c1t 2n3l1c1t 1n1l100000c1t 1n1l0c1t x no-such-preset ''; do
		bad --topology --kernel "$vmlinux" --initrd "$initrd" --topology "$t"
	done
	bad --memory --kernel "$vmlinux" --initrd "$initrd" --memory 1
	bad --memory --kernel "$vmlinux" --initrd "$initrd" --memory 12x
	bad --timeout --kernel "$vmlinux" --initrd "$initrd" --timeout 5
	bad 'unknown engine' --kernel "$vmlinux" --initrd "$initrd" --engine bochs
	bad 'not single or multi' --kernel "$vmlinux" --initrd "$initrd" --tcg-threads two
	bad 'longer than 2047' --kernel "$vmlinux" --initrd "$initrd" --append "$(printf 'x%.0s' {1..3000})"
	bad "unexpected operand 'x'" --kernel "$vmlinux" --initrd "$initrd" x
	bad "bad option '--nope'" --nope
}

@test "a full disk is an error, not a verdict" {
	run -2 bash -c "'$bin/ktstr-boot' --kernel '$vmlinux' --initrd '$initrd' >/dev/full"
	[[ $output == *"cannot write the frames: no space left on device"* ]]
}
