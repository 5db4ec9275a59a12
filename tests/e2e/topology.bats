#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# time-limit: 900
# slow
# The guest sees the topology that was asked for: its agent reads it from sysfs.

bats_require_minimum_version 1.5.0

setup_file()
{
	root=$BATS_TEST_DIRNAME/../..
	export bin=$root/build/bin helper=$root/build/tests/helper
	kernel=$("$root/cmd/ktstr-kernel" path)
	export vmlinux=${kernel%/*}/vmlinux initrd=$BATS_FILE_TMPDIR/initrd
	printf 'test t\nduration 1ms\n' >"$BATS_FILE_TMPDIR/t.scn"
	"$bin/ktstr-initrd" --scenario "$BATS_FILE_TMPDIR/t.scn" >"$initrd"
}

# wanted NODES LLCS CORES THREADS: the CPUs as they should be, one object each; LLCs are numbered
# over the whole machine, cores within their LLC
wanted()
{
	local nodes=$1 llcs=$2 cores=$3 threads=$4
	jq -nc --argjson n "$nodes" --argjson l "$llcs" --argjson c "$cores" --argjson t "$threads" \
		'[range($l) as $llc | range($c) as $core | range($t) as $thread |
		  {cpu: (($llc * $c + $core) * $t + $thread), node: ($llc / ($l / $n) | floor),
		   llc: $llc, core: $core, thread: $thread}]'
}

# seen TOPOLOGY [OPTION]...: the CPUs as the guest has them
seen()
{
	local topology=$1
	shift
	timeout -k 5 300 "$bin/ktstr-boot" --kernel "$vmlinux" --initrd "$initrd" \
		--topology "$topology" --boot-timeout 250s "$@" |
		"$helper/tlvcat" --raw GUEST_HELLO | jq -c .cpus
}

same()
{
	[ "$(seen "$1")" = "$(wanted "${@:2}")" ]
}

@test "one CPU" {
	same 1n1l1c1t 1 1 1 1
}

@test "two caches of two cores" {
	same 1n2l2c1t 1 2 2 1
}

@test "threads" {
	same 1n2l1c2t 1 2 1 2
}

@test "an odd number of caches" {
	same 1n3l1c1t 1 3 1 1
}

@test "two nodes with a cache each, with threads" {
	same 2n2l1c2t 2 2 1 2
}

@test "two nodes of two caches, sixteen CPUs by preset" {
	same numa2-4llc 2 4 4 1
}
