#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016 # what the made-up programs expand
# tests/run over a tree of made-up tests: what it counts, and how it ends.

bats_require_minimum_version 1.5.0

setup()
{
	tree=$BATS_TEST_TMPDIR/tree
	mkdir -p "$tree/tests/unit" "$tree/tests/fuzz" "$tree/tests/e2e" "$tree/tests/helper"
	cp "$BATS_TEST_DIRNAME/../run" "$tree/tests/"
	cp "$BATS_TEST_DIRNAME/../helper/tap-count" "$BATS_TEST_DIRNAME/../helper/fuzz" "$tree/tests/helper/"
	: >"$tree/tests/skips"
	# A unit test is a script here; to build it is to copy it.
	cat >"$tree/Makefile" <<-'END'
	.RECIPEPREFIX := >
	O := build$(if $(SAN),-san)
	all:
	test-programs: $(patsubst tests/unit/%.c,$(O)/tests/unit/%,$(wildcard tests/unit/*.c))
	fuzz-programs: $(patsubst tests/fuzz/%.c,$(O)/tests/fuzz/%,$(wildcard tests/fuzz/*.c))
	$(O)/tests/%: tests/%.c
	> mkdir -p $(@D)
	> cp $< $@
	END
	program lint 'echo 1..1; echo ok 1 - neat'
	unset CI
	export KTSTR_SOMETHING=set
}

# program NAME TEXT: a script at tests/NAME
program()
{
	printf '#!/bin/bash\n%s\n' "$2" >"$tree/tests/$1"
	chmod +x "$tree/tests/$1"
}

tests_run()
{
	"$tree/tests/run" --no-setup "$@"
}

@test "everything is counted together, the last line says it" {
	program unit/a.c 'echo 1..2; echo ok 1; echo "ok 2 # skip no b"'
	program unit/b.c '[ -z "${KTSTR_SOMETHING:-}" ] || exit 1; read -r x && exit 1; echo 1..1; echo ok 1'
	printf '@test "x" { true; }\n' >"$tree/tests/e2e/x.bats"
	run -0 tests_run
	echo "$output"
	[ "${lines[-1]}" = "6 passed, 0 failed, 2 skipped" ]
	[[ $output == *"skipped unit/a: b"* || $output == *"skipped unit/a:  # skip no b"* || $output == *"skipped unit/a: # skip no b"* ]]
}

@test "a failed point fails the run and is shown" {
	program unit/a.c 'echo 1..1; echo "# because"; echo "not ok 1 - it"'
	run -1 tests_run --only 'unit/*'
	[ "${lines[-1]}" = "0 passed, 1 failed, 0 skipped" ]
	[[ $output == *$'FAILED unit/a: it\n    # because'* ]]
}

@test "a program that dies fails the run, and the others run on" {
	program unit/a.c 'echo 1..1; kill -SEGV $$'
	program unit/b.c 'echo 1..1; echo ok 1'
	run -1 tests_run --only 'unit/*'
	[ "${lines[-1]}" = "1 passed, 1 failed, 0 skipped" ]
	[[ $output == *"FAILED unit/a: was killed by signal 11"* ]]
}

@test "a bats file that does not parse fails the run" {
	printf '@test "x" {\n' >"$tree/tests/e2e/x.bats"
	run -1 tests_run --only 'e2e/*'
	[[ ${lines[-1]} == "0 passed, "[1-9]*" failed, 0 skipped" ]]
}

@test "a time limit ends a job" {
	printf '# time-limit: 1\n@test "x" { sleep 60; }\n' >"$tree/tests/e2e/x.bats"
	run -1 tests_run --only 'e2e/*'
	[[ $output == *"FAILED e2e/x: was ended at its time limit of 1 s"* ]]
}

@test "a build that fails is a failure" {
	program unit/a.c 'echo 1..1; echo ok 1'
	echo 'all: none' >>"$tree/Makefile"
	run -1 tests_run
	[ "${lines[-1]}" = "0 passed, 1 failed, 0 skipped" ]
	[[ $output == *"FAILED build"* ]]
}

@test "what the sanitizer build lacks is a failure, the rest runs" {
	program unit/a.c 'echo 1..1; echo ok 1'
	program unit/b.c 'echo 1..1; echo ok 1'
	echo 'build-san/tests/unit/a: none' >>"$tree/Makefile"
	run -1 tests_run --only '*/[ab]'
	[ "${lines[-1]}" = "3 passed, 2 failed, 0 skipped" ]
}

@test "under CI a skip is a failure" {
	program unit/a.c 'echo 1..1; echo "ok 1 c # skip no c"'
	CI=true run -1 tests_run --only 'unit/*'
	[ "${lines[-1]}" = "0 passed, 1 failed, 0 skipped" ]
	echo '^unit/a: c # skip no c$' >"$tree/tests/skips"
	CI=true run -0 tests_run --only 'unit/*'
	[ "${lines[-1]}" = "0 passed, 0 failed, 1 skipped" ]
}

@test "a fuzz target that breaks is a failure; its input is kept outside the source" {
	program fuzz/a.c 'for o in "$@"; do case $o in -artifact_prefix=*) p=${o#*=} ;; esac; done
		echo x >"${p}crash-1"; exit 77'
	run -1 tests_run --only 'fuzz/*'
	[ "${lines[-1]}" = "0 passed, 1 failed, 0 skipped" ]
	[ -s "$tree/build/test-logs/fuzz/a-crash-1" ]
	program fuzz/a.c 'echo stat::number_of_executed_units: 7'
	run -1 tests_run --only 'fuzz/*'
	program fuzz/a.c 'echo stat::number_of_executed_units: 700'
	run -0 tests_run --only 'fuzz/*'
}

@test "--fast leaves out fuzzing and what is slow" {
	program unit/a.c ''
	program fuzz/a.c ''
	printf '# slow\n@test "x" { true; }\n' >"$tree/tests/e2e/x.bats"
	printf '@test "y" { true; }\n' >"$tree/tests/e2e/y.bats"
	run -0 tests_run --list
	[ "$output" = $'lint\nunit/a\nsan/a\ne2e/y\ne2e/x\nfuzz/a' ]
	run -0 tests_run --fast --list
	[ "$output" = $'lint\nunit/a\nsan/a\ne2e/y' ]
}

@test "no job, a wrong option: status 2" {
	run -2 tests_run --only 'nothing*'
	run -2 tests_run --frobnicate
	run -2 tests_run --jobs 0
	run -2 tests_run --only
}

@test "an interrupt ends what runs" {
	mkfifo "$tree/up"
	program unit/a.c "echo \$\$ >'$tree/up'; exec sleep 300"
	env --default-signal=INT "$tree/tests/run" --no-setup --only 'unit/*' >"$tree/out" 2>&1 3>&- &
	pid=$!
	read -t 60 -r job <>"$tree/up"
	kill -INT "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" = 130 ]
	# Told to end, it may take a moment on a busy machine.
	for _ in {1..100}; do
		kill -0 "$job" || break
		sleep 0.1
	done
	run ! kill -0 "$job"
}
