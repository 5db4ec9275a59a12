#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# time-limit: 900
# slow
# ktstr-monitor: what it takes, what it puts out, how it ends. Whether what it reads is true is for
# truth.bats.

bats_require_minimum_version 1.5.0

# A QEMU of anybody's, with its memory in the file ram. It finds no root file system and panics.
qemu() # KERNEL WORDS
{
	timeout 300 "${KTSTR_QEMU:-qemu-system-x86_64}" -machine q35,memory-backend=ram -m 512 \
		-object "memory-backend-file,id=ram,mem-path=$PWD/ram,share=on,size=512M" \
		-accel tcg,thread=single -cpu max -display none -nodefaults -serial file:console \
		-kernel "$1" -append "console=ttyS0 nokaslr $2" >qemu.log 2>&1 3>&- &
	qemu=$!
	until [ -s ram ]; do
		kill -0 "$qemu"
		sleep 0.05
	done
}

setup_file()
{
	export root=$BATS_TEST_DIRNAME/../..
	export PATH=${KTSTR_BIN:-$root/build/bin}:$root/cmd:$root/build/tests/helper:$PATH
	kernel=$(ktstr-kernel path)
	export vmlinux=${kernel%/*}/vmlinux
	cd "$BATS_FILE_TMPDIR" || return
	qemu "$vmlinux" panic=0
	until grep -q 'end Kernel panic' console; do
		kill -0 "$qemu"
		sleep 0.1
	done
	kill "$qemu"
	wait "$qemu" || :
	export ram=$PWD/ram
}

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	pid='' qemu=''
}

teardown()
{
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || :
	[ -z "$qemu" ] || kill "$qemu" 2>/dev/null || :
	wait
}

monitor()
{
	timeout 60 ktstr-monitor "$@"
}

# refused STATUS TEXT OPTION...: one line on standard error that has TEXT
refused()
{
	local status=$1 text=$2
	shift 2
	run "-$status" --separate-stderr monitor "$@"
	# shellcheck disable=SC2154 # run sets it
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ $stderr == "ktstr-monitor: "*"$text"* ]]
}

# samples FILE: only these
samples()
{
	jq -c 'select(.type == "sample")' "$1"
}

# until_samples N FILE FILTER: wait for N samples that FILTER lets pass, while PID lives
until_samples()
{
	local limit=$((SECONDS + 120))
	until [ "$(samples "$2" 2>/dev/null | jq -c "select($3)" | wc -l)" -ge "$1" ]; do
		kill -0 "$pid"
		[ "$SECONDS" -lt "$limit" ]
		sleep 0.1
	done
}

@test "one sample as JSON" {
	monitor --mem "$ram" --once --format json >out
	[ "$(jq -r .type out | tr '\n' ' ')" = 'note sample end ' ]
	samples out | jq -e '.valid and .number == 0 and .generation == 1 and .scheduler == null'
	samples out | jq -e '.hz > 0 and .jiffies > 0 and (.release | test("^[0-9]+\\."))'
	samples out | jq -e '.cpus | length == 1 and .[0].nr_running >= 1 and .[0].comm != ""'
	jq -e 'select(.type == "end") | .reason == "count" and .samples == 1 and .invalid == 0' out
}

@test "one sample as lines" {
	run -0 --separate-stderr monitor --mem "$ram" --once
	[ -z "$stderr" ]
	[[ ${lines[0]} == '# attached to '* ]]
	[[ ${lines[1]} == 'sample 0 valid '*' scheduler=-' ]]
	[[ ${lines[2]} == 'cpu 0 nr_running='*' class='*' comm='* ]]
	[[ ${lines[-1]} == '# end: count, 1 samples, 0 invalid, 0 missed' ]]
}

@test "frames: a schema, the samples, the end" {
	monitor --mem "$ram" --count 3 --interval 1ms --format tlv >out
	run -0 tlvcat out
	for type in MONITOR_NOTE SAMPLE_SCHEMA SAMPLE MONITOR_END; do
		[[ $output == *"$type"* ]]
	done
	[ "$(grep -c 'SAMPLE ' <<<"$output")" -eq 3 ]
}

@test "parts can be left out" {
	monitor --mem "$ram" --once --format json --parts none >out
	samples out | jq -e '.valid and .progs == [] and (.cpus[0] | has("sched_domains") | not)'
}

@test "1000 times a second, and every beat is accounted for" {
	monitor --mem "$ram" --interval 1ms --for 2s --format json --parts none >out
	end=$(tail -n 1 out)
	jq -e '.reason == "for" and .samples + .missed == 2000' <<<"$end"
	jq -e '.samples >= 100' <<<"$end"
	[ "$(samples out | jq -s 'map(.missed) | add')" -le "$(jq .missed <<<"$end")" ]
	samples out | jq -es '[.[1:][].at_ns] == ([.[1:][].at_ns] | sort)'
}

@test "log, symbols, types and VMCOREINFO, whole" {
	monitor --mem "$ram" --print dmesg >dmesg.out
	grep -q 'Kernel panic - not syncing' dmesg.out
	monitor --mem "$ram" --print kallsyms >kallsyms.out
	grep -qE '^[0-9a-f]{16} [tT] schedule$' kallsyms.out
	monitor --mem "$ram" --print btf >btf.out
	[ "$(od -An -N2 -tx1 btf.out)" = ' 9f eb' ]
	monitor --mem "$ram" --print vmcoreinfo >vmcoreinfo.out
	grep -q '^OSRELEASE=' vmcoreinfo.out
	# And each can be given back, in place of what the guest has.
	monitor --mem "$ram" --system-map kallsyms.out --btf btf.out --once --format json >out
	samples out | jq -e .valid
}

@test "a map that is not flat" {
	{
		tail -c 256M "$ram"
		head -c 256M "$ram"
	} >swapped
	refused 3 '' --mem swapped --wait 0s --once
	monitor --mem swapped --range 0:256M@0x10000000 --range 0x10000000:256M@0 --once \
		--format json >out
	samples out | jq -e .valid
}

@test "what is no memory of a kernel" {
	head -c 32M /dev/urandom >random
	refused 3 'no VMCOREINFO' --mem random --wait 200ms
	head -c 32M /dev/zero >zero
	refused 3 'no VMCOREINFO' --mem zero --wait 0s
	: >empty
	refused 2 empty --mem empty
	refused 2 "'nothing'" --mem nothing
	refused 2 . --mem .
	for mib in 16 24 32 48; do
		head -c "${mib}M" "$ram" >short
		run --separate-stderr monitor --mem short --wait 100ms --once
		[ "$status" -eq 2 ] || [ "$status" -eq 3 ]
		[ "${#stderr_lines[@]}" -eq 1 ]
	done
}

@test "wrong options" {
	refused 2 'one of --vm and --mem'
	refused 2 'one of --vm and --mem' --vm x --mem y
	refused 2 'goes with --mem' --vm x --range 0:1M@0
	refused 2 'goes with --vm' --mem "$ram" --watchdog 3s
	refused 2 'GPA:LEN@OFFSET' --mem "$ram" --range 5
	refused 2 'range' --mem "$ram" --range 0:1G@0
	refused 2 'range' --mem "$ram" --range 0:1M@0 --range 0x80000:1M@0x100000
	refused 2 'between' --mem "$ram" --interval 0s
	refused 2 'between' --mem "$ram" --interval 1ns
	refused 2 'between' --mem "$ram" --interval 300h
	refused 2 '--interval' --mem "$ram" --interval 10
	refused 2 '--count' --mem "$ram" --count 0
	refused 2 '--count' --mem "$ram" --count -1
	refused 2 'do not go together' --mem "$ram" --once --count 5
	refused 2 'do not go together' --vm x --watchdog 3s --print dmesg
	refused 2 "unknown part 'x'" --mem "$ram" --parts domains,x
	refused 2 "unknown format 'xml'" --mem "$ram" --format xml
	refused 2 "no 'x' to print" --mem "$ram" --print x
	refused 2 "unexpected operand 'x'" --mem "$ram" x
	refused 2 "'gone'" --mem "$ram" --vmlinux gone
	refused 2 'is empty' --mem "$ram" --btf /dev/null
	head -c 4096 /dev/urandom >noise
	for source in --vmlinux --system-map --btf; do
		run --separate-stderr monitor --mem "$ram" --once "$source" noise --wait 100ms
		[ "$status" -eq 2 ] || [ "$status" -eq 3 ]
		[ "${#stderr_lines[@]}" -eq 1 ]
	done
}

@test "a reader that goes, one that is full, one that does not read" {
	# shellcheck disable=SC2016 # the inner shell expands
	run -0 --separate-stderr bash -c \
		'timeout 60 ktstr-monitor --mem "$ram" --interval 1ms --format tlv | head -c 100 >/dev/null
		exit "${PIPESTATUS[0]}"'
	[ -z "$stderr" ]
	for format in text json tlv; do
		run -2 --separate-stderr bash -c "timeout 60 ktstr-monitor --mem '$ram' --format $format >/dev/full"
		[[ $stderr == *'standard output: no space left on device' ]]
	done
	mkfifo stuck
	exec 8<>stuck
	ktstr-monitor --mem "$ram" --interval 1ms --format json >stuck 3>&- &
	pid=$!
	sleep 1
	kill -TERM "$pid"
	status=0
	timeout 10 tail --pid="$pid" -f /dev/null
	wait "$pid" || status=$?
	[ "$status" -eq 143 ]
	exec 8>&-
}

@test "a signal ends it with a summary" {
	ktstr-monitor --mem "$ram" --interval 10ms --format json >out 3>&- &
	pid=$!
	until_samples 3 out .valid
	kill -INT "$pid"
	status=0
	wait "$pid" || status=$?
	# Bash starts what is in the background with interrupts ignored; told to, it ends all the same.
	[ "$status" -eq 130 ]
	tail -n 1 out | jq -e '.type == "end" and .reason == "signal" and .samples >= 3'
}

@test "guest memory is read behind a filter: a call that it denies kills" {
	ktstr-monitor --mem "$ram" --interval 10ms --format json >out 3>&- &
	pid=$!
	until_samples 1 out .valid
	grep -qx 'Seccomp:[[:space:]]*2' "/proc/$pid/status"
	grep -qx 'NoNewPrivs:[[:space:]]*1' "/proc/$pid/status"
	# Memory is mapped for reading only.
	[ "$(awk '$NF == file { print $2 }' file="$(readlink -f "$ram")" "/proc/$pid/maps" |
		sort -u)" = r--s ]
	kill "$pid"
	wait "$pid" || :
	cat >deny.c <<-'END'
	#define _GNU_SOURCE
	#include <fcntl.h>
	#include <poll.h>
	#include <signal.h>
	int ppoll(struct pollfd *p, nfds_t n, const struct timespec *t, const sigset_t *s)
	{
		return open("/etc/passwd", O_RDONLY);
	}
	END
	cc -shared -fPIC deny.c -o deny.so
	status=0
	LD_PRELOAD=$PWD/deny.so ktstr-monitor --mem "$ram" --format json >out || status=$?
	[ "$status" -eq 159 ]
	samples out | jq -e .valid
}

# on_terminal COMMAND: its output is then in screen
on_terminal()
{
	TERM=xterm timeout 60 script -qefc "stty rows 12 cols 60; $1; echo status \$?; stty -a" screen \
		</dev/null >/dev/null
}

@test "a table on a terminal, which gets it back" {
	on_terminal "timeout --foreground -s INT 2 ktstr-monitor --mem '$ram'"
	grep -q 'CPU   RUN' screen
	grep -q 'events/s' screen
	grep -qE '# end: signal, [0-9]+ samples, 0 invalid' screen
	grep -q $'\x1b\\[?1049h' screen
	grep -q $'\x1b\\[?1049l' screen
	grep -qw echo screen
	run ! grep -q -- -echo\\b screen
	# No line is wider than the terminal.
	sed '1d; /^status/,$d; s/\x1b\[H/\n/g; s/\x1b\[[0-9?;]*[A-Za-z]//g; s/# end.*//' screen |
		tr -d '\r' >plain
	grep -q 'attached to' plain
	run ! grep -E '^.{61}' plain
}

@test "ctrl-backslash gives the terminal back, too" {
	on_terminal "timeout --foreground -s QUIT 2 ktstr-monitor --mem '$ram'"
	grep -qE '# end: signal, [0-9]+ samples, 0 invalid' screen
	grep -q $'\x1b\\[?1049l' screen
	run ! grep -q -- -echo\\b screen
}

@test "a table whose reader is killed leaves the terminal as it was" {
	on_terminal "ktstr-monitor --mem '$ram' & sleep 1; pkill -KILL -P \$! ; wait \$!"
	grep -q 'status 137' screen
	[ "$(grep -c $'\x1b\\[?1049l' screen)" -ge 1 ]
	run ! grep -q -- -echo\\b screen
}

@test "a guest that reboots is followed" {
	qemu "$vmlinux" panic=1
	timeout 200 ktstr-monitor --mem ram --format json >out 3>&- &
	pid=$!
	until_samples 5 out '.generation == 2'
	kill "$pid"
	wait "$pid" || :
	jq -se 'map(select(.kind == "attached").generation) == [1, 2] or
		map(select(.kind == "attached").generation) == [1, 2, 3]' out
	jq -se 'map(select(.kind == "lost")) | length >= 1' out
	samples out | jq -es 'map(.number) == [range(length)]'
	# The clock of each boot goes on by itself.
	samples out | jq -es 'group_by(.generation) | map(map(.jiffies)) | all(. == sort)'
}

@test "no machine" {
	refused 3 "no machine answers at 'gone'" --vm gone --wait 100ms
	mkdir empty
	refused 3 "no machine answers at 'empty'" --vm empty --wait 0s
	refused 2 'too long' --vm "$(printf 'x%.0s' {1..200})"
}

@test "started before the machine, ended by its end" {
	printf 'test t\nduration 1s\n' >t.scn
	ktstr-initrd --scenario t.scn >initrd
	timeout 200 ktstr-monitor --vm vm --format json --wait 120s >out 3>&- &
	pid=$!
	ktstr-boot --kernel "$vmlinux" --initrd initrd --topology 1n1l2c1t --append ktstr.fault=hang \
		--timeout 300s --vm vm >frames 2>/dev/null 3>&- &
	qemu=$!
	until_samples 5 out '.valid and (.cpus | length) == 2'
	samples out | jq -es 'last.cpus | all(.vcpu_cpu_time_ns > 0)'
	kill -KILL "$qemu"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 0 ]
	tail -n 1 out | jq -e '.reason == "vm-gone"'
}

@test "a machine that ends before there was a kernel" {
	printf 'test t\nduration 1s\n' >t.scn
	ktstr-initrd --scenario t.scn >initrd
	timeout 200 ktstr-monitor --vm vm --format json --wait 120s >out 2>err 3>&- &
	pid=$!
	run -2 ktstr-boot --kernel "$vmlinux" --initrd initrd --topology 1n1l1c1t --vm vm \
		--append "$(printf 'x%.0s' {1..5000})"
	kill "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 143 ]
}
