#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# time-limit: 300
# Cores of a real kernel, as QEMU writes them: the library finds the same kernel in each. The kernel
# gets no root file system, so that it panics and stays.

bats_require_minimum_version 1.5.0

panic='end Kernel panic - not syncing'

setup_file()
{
	root=$BATS_TEST_DIRNAME/../..
	export PATH=${KTSTR_BIN:-$root/build/bin}:$root/cmd:$root/build/tests/helper:$PATH
	cd "$BATS_FILE_TMPDIR" || return
	kernel=$(ktstr-kernel path)
	mkfifo orders console.in console.out
	# Both ends, so that nobody waits for the other to open it.
	exec 8<>orders
	timeout 200 qemu-system-x86_64 -machine q35 -accel tcg,thread=single \
		-icount shift=0,sleep=off -cpu max -smp 2 -m 224M -nodefaults -display none \
		-kernel "$kernel" -append 'console=ttyS0 panic=0' \
		-serial pipe:console -monitor stdio <&8 >said 2>&1 3>&- &
	timeout 150 grep -a -m 1 "$panic" console.out >panicked || {
		echo "no panic: $(tail said)" >&2
		kill $!
		return 1
	}
	cat >&8 <<-END
		stop
		dump-guest-memory elf
		dump-guest-memory -p paged
		dump-guest-memory -z compressed
		quit
	END
	wait $!
}

setup()
{
	cd "$BATS_FILE_TMPDIR" || return
}

# What is found in core $1, without the times.
found()
{
	run -0 --separate-stderr attach "$1" 1
	grep -v ' us$' <<<"$output"
}

@test "an ELF core" {
	found elf >elf.found
	release=$(strings -n 8 elf | sed -n 's/^Linux version \([^ ]*\) .*/\1/p' | head -n 1)
	[ -n "$release" ]
	grep "^release  *$release\$" elf.found
	grep '^cpus  *2$' elf.found
}

@test "an ELF core by virtual addresses, which has pages twice" {
	found elf >elf.found
	found paged >paged.found
	diff elf.found paged.found
}

@test "a kdump-compressed core, in records" {
	head -c 12 compressed | grep -q makedumpfile || skip "this QEMU writes it plain"
	run attach compressed
	[[ $output != *"built without libkdumpfile"* ]] || skip "built without libkdumpfile"
	found elf >elf.found
	found compressed >compressed.found
	diff elf.found compressed.found
}

@test "an ELF core that is cut short" {
	head -c 100000000 elf >short
	run -1 attach short
	[[ $output == *"'short': range "*"passes the end of its file"* ]]
	rm short
}
