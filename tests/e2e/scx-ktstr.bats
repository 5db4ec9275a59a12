#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# scx-ktstr without a guest. No scheduler is attached here: a valid option is followed by a bad one,
# whose message says that the valid one was taken, or by --fail-verify, which no kernel loads.
bats_require_minimum_version 1.5.0

setup() {
	root=$BATS_TEST_DIRNAME/../..
	bin=${KTSTR_BIN:-$root/build/bin}
	PATH=$bin/../guest:$bin/../libexec/ktstr:$PATH
}

# The one line on stderr, which names what was wrong; nothing on stdout.
refused() { # WHAT ARGUMENT...
	local what=$1
	shift
	run -2 --separate-stderr timeout 10 scx-ktstr "$@"
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ $stderr == "scx-ktstr: "*"$what"* ]]
}

taken() { # ARGUMENT...
	refused "'--bogus'" "$@" --bogus
}

@test "--help names every option" {
	run -0 --separate-stderr scx-ktstr --help
	[ -z "$stderr" ]
	for option in slice-us timeout-ms stall-after degrade-after crash-after exit-after degrade \
		scattershot slow fail-verify verify-loop array-entries hash-entries log-level; do
		[[ $output == *"  --$option "* ]]
	done
}

@test "--version prints one line" {
	run -0 --separate-stderr scx-ktstr --version
	[ -z "$stderr" ]
	[[ $output =~ ^scx-ktstr\ [0-9.]+$ ]]
}

@test "unknown options and operands are errors" {
	refused "'--bogus'" --bogus
	refused "'-x'" -x
	refused "'operand'" operand
	refused "'--slow=1'" --slow=1
	refused 'needs an argument' --stall-after
}

@test "numbers are whole, in range and nothing else" {
	for bad in 0 -1 5x '' ' 5' 1000001 99999999999999999999; do
		refused '--slice-us: ' --slice-us "$bad"
	done
	for bad in 0 30001 2s; do
		refused '--timeout-ms: ' --timeout-ms "$bad"
	done
	for bad in 0 -1 1000001 1k; do
		refused '--array-entries: ' --array-entries "$bad"
		refused '--hash-entries: ' --hash-entries "$bad"
	done
	taken --array-entries 1 --hash-entries 1000000
	taken --slice-us 1 --timeout-ms 30000
	taken --slice-us=1000000 --timeout-ms=1
}

@test "spans are seconds unless they say otherwise" {
	for option in --stall-after --degrade-after --crash-after --exit-after; do
		taken "$option" 1
		taken "$option" =1
		taken "$option=1"
		taken "$option" 1.5
		taken "$option" 0
		taken "$option" 250ms
		for bad in '' = x 1x -1 1.5.5 1. .5 ==1 99999999999999999999; do
			refused "$option: '$bad' is not a time span" "$option" "$bad"
		done
	done
}

@test "--degrade and --degrade-after are two options" {
	taken --degrade
	refused "'0.x'" --degrade --degrade-after 0.x
}

@test "the log level is one of three words" {
	taken --log-level debug
	refused "'loud'" --log-level loud
}

@test "a load that fails is status 1 and says so last" {
	run -1 --separate-stderr timeout 60 scx-ktstr --fail-verify
	[ -z "$output" ]
	[[ ${stderr_lines[-1]} == "scx-ktstr: cannot load the scheduler: "* ]]
}

@test "the stall flag is at offset 0 of .bss" {
	object=$bin/../guest/scx-ktstr.bpf.o
	[ -f "$object" ] || skip "installed without its object"
	bss=$(readelf -SW "$object" | sed -n 's/^ *\[ *\([0-9]*\)\] \.bss .*/\1/p')
	[ -n "$bss" ]
	readelf -sW "$object" | awk -v bss="$bss" '
		$7 == bss && $8 == "stall" && $2 ~ /^0+$/ && $3 == 4 { found = 1 }
		END { exit !found }'
}
