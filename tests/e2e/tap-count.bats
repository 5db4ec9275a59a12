#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The judge of every other test: what it must not take for a pass.

bats_require_minimum_version 1.5.0

# count STATUS LINE...: what tap-count makes of a job that ended so and printed that
count()
{
	local status=$1
	shift
	printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/log"
	run -0 "$BATS_TEST_DIRNAME/../helper/tap-count" -v job=j -v status="$status" "${extra[@]}" "$BATS_TEST_TMPDIR/log"
	echo "$output"
	total=${lines[-1]}
}

extra=()

@test "passed, failed and skipped points are counted, diagnostics shown" {
	count 1 '1..4' 'ok 1 - a' '# why b' 'not ok 2 - b' '# more of b' 'ok 3 c # SKIP no c here' '# of d' 'ok 4'
	[ "$total" = "COUNT 2 1 1" ]
	[ "$output" = $'FAILED j: b\n    # why b\n    # more of b\nskipped j: c # SKIP no c here\nCOUNT 2 1 1' ]
}

@test "a plan at the end is as good" {
	count 0 'ok 1' 'ok 2' '1..2'
	[ "$total" = "COUNT 2 0 0" ]
}

@test "fewer or more points than planned are a failure" {
	count 0 '1..3' 'ok 1' 'ok 2'
	[ "$total" = "COUNT 2 1 0" ]
	count 0 '1..1' 'ok 1' 'ok 2'
	[ "$total" = "COUNT 2 1 0" ]
}

@test "no plan, no point, no output, two plans are a failure" {
	count 0 'ok 1'
	[ "$total" = "COUNT 1 1 0" ]
	count 0 '1..0'
	[ "$total" = "COUNT 0 1 0" ]
	count 0
	[ "$total" = "COUNT 0 1 0" ]
	count 0 '1..1' 'ok 1' '1..1'
	[ "$total" = "COUNT 1 1 0" ]
}

@test "death by a signal is a failure, with the last output" {
	count 139 '1..1' 'ok 1' 'boom'
	[ "$total" = "COUNT 1 1 0" ]
	[[ $output == *"FAILED j: was killed by signal 11"*"| boom"* ]]
}

@test "a time-out is a failure" {
	extra=(-v limit=7)
	count 124 '1..2' 'ok 1'
	[[ $output == *"FAILED j: was ended at its time limit of 7 s"* ]]
}

@test "a status that no failed point explains is a failure" {
	count 1 '1..1' 'ok 1'
	[ "$total" = "COUNT 1 1 0" ]
	count 1 '1..1' 'not ok 1'
	[ "$total" = "COUNT 0 1 0" ]
}

@test "failed points count whatever the status" {
	count 0 '1..1' 'not ok 1 - a'
	[ "$total" = "COUNT 0 1 0" ]
}

@test "a job may skip as a whole" {
	count 0 '1..0 # skip no machine'
	[ "$total" = "COUNT 0 0 1" ]
	count 77 'nothing to do'
	[ "$total" = "COUNT 0 0 1" ]
	count 77 '1..1' 'ok 1'
	[ "$total" = "COUNT 1 1 0" ]
}

@test "bail out is a failure" {
	count 0 '1..1' 'ok 1' 'Bail out! no disk'
	[ "$total" = "COUNT 1 1 0" ]
}

@test "strict: a skip fails unless the list has it" {
	printf '# why\nj: kvm.* # skip no kvm\n' >"$BATS_TEST_TMPDIR/skips"
	extra=(-v strict=1 -v skips="$BATS_TEST_TMPDIR/skips")
	count 0 '1..2' 'ok 1 kvm boots # skip no kvm' 'ok 2 other # skip no kvm'
	[ "$total" = "COUNT 0 1 1" ]
}
