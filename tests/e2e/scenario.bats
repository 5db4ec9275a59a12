#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# ktstr-scenario as its users see it: output, messages, statuses. The parser's own cases are in
# tests/unit/scenario.c.
bats_require_minimum_version 1.5.0

setup() {
	root=$BATS_TEST_DIRNAME/../..
	PATH=${KTSTR_BIN:-$root/build/bin}:$PATH
	cd "$BATS_TEST_TMPDIR" || return
	cat >good.scn <<-'END'
		test       good
		topology   1n2l2c1t
		scheduler  ./scx-x --name 'a b' plain
		duration   1s
		step one
		  cgroup a cpuset=llc:1 workers=2 work=pipe
		expect     '.success == true'
	END
}

# The one line on stderr, nothing on stdout.
refused() {
	run -2 --separate-stderr "$@"
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" -eq 1 ]
}

@test "the shipped scenarios are valid, and so are the seeds of the fuzz target" {
	for file in "$root"/share/scenarios/*.scn "$root"/tests/fuzz/corpus/scenario/*.scn; do
		run -0 --separate-stderr ktstr-scenario --check "$file"
		[ -z "$output$stderr" ]
	done
}

@test "the plan is one JSON object" {
	run -0 --separate-stderr ktstr-scenario good.scn
	[ -z "$stderr" ]
	[ "${#lines[@]}" -eq 1 ]
	jq -e '.test == "good" and .vcpus == 4 and .memory_mib == 512 and
		.scheduler == ["./scx-x", "--name", "a b", "plain"] and
		.steps == [{name: "one", ops: 1}] and .expects == [".success == true"] and
		(has("repro") | not)' <<<"$output"
}

@test "the plan carries the command that repeats the run" {
	run -0 --separate-stderr ktstr-scenario --repro "ktstr run 'x y'" good.scn
	jq -e ".repro == \"ktstr run 'x y'\" and .test == \"good\"" <<<"$output"
}

@test "tlv is one frame with the plan in it" {
	ktstr-scenario --format tlv good.scn >plan.tlv
	ktstr-scenario good.scn >plan.json
	# The payload stands behind a header of 40 bytes.
	[ "$(tail -c +41 plan.tlv)" = "$(cat plan.json)" ]
	[ "$(stat -c %s plan.tlv)" -eq $((40 + $(stat -c %s plan.json) - 1)) ]
}

@test "text comes back the same" {
	ktstr-scenario --format text good.scn >once.scn
	ktstr-scenario --format text once.scn >twice.scn
	diff once.scn twice.scn
	[ "$(ktstr-scenario good.scn)" = "$(ktstr-scenario once.scn)" ]
}

@test "limits for what the monitor sees: all, some, none" {
	run -0 --separate-stderr ktstr-scenario good.scn
	jq -e '.checks.monitor == {sustained_samples: 5, max_imbalance_ppm: null, max_local_dsq_depth: null,
		fail_on_stall: false, max_fallback_rate: null, max_keep_last_rate: null}' <<<"$output"
	ktstr-scenario --set 'check monitor' --set 'check max-imbalance 2.5' --set 'check stall off' \
		--format text good.scn >some.scn
	[ "$(grep -A 3 'max-imbalance' some.scn)" = "check max-imbalance 2.5
check max-local-dsq-depth 50
check max-fallback-rate 200
check max-keep-last-rate 100" ]
	run -0 --separate-stderr ktstr-scenario some.scn
	jq -e '.checks.monitor == {sustained_samples: 5, max_imbalance_ppm: 2500000, max_local_dsq_depth: 50,
		fail_on_stall: false, max_fallback_rate: 200, max_keep_last_rate: 100}' <<<"$output"
	refused ktstr-scenario - <<-'END'
		test t
		check sustained-samples 0
	END
	[ "$stderr" = "ktstr-scenario: stdin:2: check sustained-samples: '0' is not between 1 and 10000" ]
}

@test "standard input is read as -" {
	run -0 --separate-stderr ktstr-scenario --get test - <good.scn
	[ "$output" = good ]
	refused ktstr-scenario - <<<'bad'
	[ "$stderr" = "ktstr-scenario: stdin:1: unknown statement 'bad'" ]
}

@test "single values, a line each in the order asked" {
	run -0 --separate-stderr --keep-empty-lines ktstr-scenario --get vcpus --get watchdog_ns \
		--get scheduler --get scheduler-args --get topology --get expect_error_text \
		--get timeout_ns --get duration_ns --get expect_error --get memory_mib good.scn
	[ "$output" = "4

./scx-x
--name 'a b' plain
1n2l2c1t

70000000000
1000000000
false
512
" ]
}

@test "set replaces statements of the file, in the text too" {
	ktstr-scenario --set 'topology tiny-1llc' --set 'scheduler none' \
		--set 'check max-gap off' --format text - <<-'END' >new.scn
		test t
		topology 1n1l1c1t
		scheduler old
	END
	run -0 ktstr-scenario new.scn
	jq -e '.topology == "1n1l4c1t" and .scheduler == null and
		.checks.max_gap_ns == null' <<<"$output"
	# What no longer fits the new machine is told.
	refused ktstr-scenario --set 'topology 1n1l1c1t' good.scn
	[[ $stderr == *"good.scn:6: cpuset of 'a': there is no LLC 1"* ]]
}

@test "errors name file and line, and print nothing else" {
	printf 'test t\nduration 5\n' >bad.scn
	for format in json tlv text; do
		refused ktstr-scenario --format $format bad.scn
		[[ $stderr == "ktstr-scenario: bad.scn:2: duration: '5' is not a time span"* ]]
	done
	refused ktstr-scenario --check bad.scn
	refused ktstr-scenario --get test bad.scn
}

@test "files that are no scenario" {
	: >empty
	refused ktstr-scenario empty
	[ "$stderr" = "ktstr-scenario: empty: no 'test' statement" ]
	printf 'test t\n\0\n' >nul
	refused ktstr-scenario nul
	[ "$stderr" = "ktstr-scenario: nul:2: NUL byte: not a text file" ]
	head -c 10M /dev/zero | tr '\0' '#' >large
	refused ktstr-scenario large
	[[ $stderr == *large*1048576* ]]
	refused ktstr-scenario missing
	[[ $stderr == *missing*"no such file"* ]]
	refused ktstr-scenario .
}

@test "line ends of other systems" {
	sed 's/$/\r/' good.scn >crlf.scn
	[ "$(ktstr-scenario crlf.scn)" = "$(ktstr-scenario good.scn)" ]
}

@test "presets: 24, each with the CPUs it promises" {
	run -0 --separate-stderr ktstr-scenario --list-topologies
	[ "${#lines[@]}" -eq 24 ]
	while read -r name topology cpus; do
		[ "$(ktstr-scenario --set "topology $name" --get topology --get vcpus - \
			<<<'test t' | xargs)" = "$topology $cpus" ]
	done <<<"$output"
	# Largest and oddest of the table.
	[[ $output == *"max-cpu "*"1n14l9c2t"*" 252"* ]]
	[[ $output == *"numa4-12llc "*"4n12l8c2t"*" 192"* ]]
}

@test "periodic captures: in the plan, as a value, by an override, and not too close" {
	run -0 --separate-stderr ktstr-scenario --get snapshots --get test good.scn
	[ "$output" = $'\ngood' ]
	[ "$(ktstr-scenario good.scn | jq .snapshots)" = 0 ]
	run -0 --separate-stderr ktstr-scenario --set 'snapshots 7' --get snapshots good.scn
	[ "$output" = 7 ]
	[ "$(ktstr-scenario --set 'snapshots 7' good.scn | jq .snapshots)" = 7 ]
	refused ktstr-scenario --set 'snapshots 8' good.scn
	[ "$stderr" = 'ktstr-scenario: good.scn: snapshots: 8 captures within a duration of 1s would be less than 100ms apart (at most 7)' ]
	refused ktstr-scenario - <<<$'test t\nsnapshots 16'
	[[ $stderr == *'stdin:2: snapshots: 16 captures within a duration of 2s'* ]]
}

@test "lists name what scenarios may say" {
	run -0 --separate-stderr ktstr-scenario --list-work
	[ "${#lines[@]}" -eq 8 ]
	while read -r name group _; do
		ktstr-scenario --check - <<<"test t
			cgroup c workers=${group#group=} work=$name"
	done <<<"$output"
	run -0 --separate-stderr ktstr-scenario --list-ops
	[ "${#lines[@]}" -eq 11 ]
}

@test "wrong usage" {
	refused ktstr-scenario
	refused ktstr-scenario good.scn good.scn
	refused ktstr-scenario --frobnicate good.scn
	refused ktstr-scenario --format xml good.scn
	refused ktstr-scenario --get nothing good.scn
	refused ktstr-scenario --get test --format json good.scn
	refused ktstr-scenario --check --repro x good.scn
	refused ktstr-scenario --repro $'\xff' good.scn
	refused ktstr-scenario --set 'step a' good.scn
	[ "$stderr" = "ktstr-scenario: 'step a': only a header statement or a check can be set" ]
}

# ---- the pages say what the program does ----

man_text() {
	mandoc -T ascii -O width=200 "$root/man/$1" | sed $'s/.\b//g'
}

# The text of a page's literal displays that are scenarios.
examples() {
	sed -n '/^\.Bd/,/^\.Ed/p' "$root/man/ktstr-scenario.5" |
		sed -e '/^\.Bd/d' -e 's/^\.Ed/---/'
}

@test "man: options and usage are those of --help" {
	command -v mandoc >/dev/null || skip "no mandoc"
	man_text ktstr-scenario.1 >page
	run -0 ktstr-scenario --help
	grep -qF -- "${lines[0]#usage: }" page
	n=0
	while read -r option argument _; do
		[[ $argument =~ ^[A-Z]+$ ]] || argument=
		grep -qE -- "^ +(-h, )?$option${argument:+ $argument}$" page ||
			grep -qE -- "^ +(-h, )?$option${argument:+ $argument}  " page
		n=$((n + 1))
	done < <(grep -oE -- '--[a-z-]+( [A-Z]+)?' <<<"$output" | sort -u | grep -v -- '--format tlv')
	[ "$n" -ge 10 ]
}

@test "man: the examples are valid scenarios" {
	n=0
	example=
	while IFS= read -r line; do
		if [ "$line" = --- ]; then
			ktstr-scenario --check - <<<"$example"
			example=
			n=$((n + 1))
		else
			example+=$line$'\n'
		fi
	done < <(examples)
	[ "$n" -eq 3 ]
}

@test "man: every operation, work type and default is there" {
	command -v mandoc >/dev/null || skip "no mandoc"
	man_text ktstr-scenario.5 >page
	while read -r name synopsis; do
		grep -qF -- "$name $synopsis" page
	done < <(ktstr-scenario --list-ops)
	while read -r name _ wakes parameters; do
		item=$name${parameters:+,${parameters// /,}}
		[ "$wakes" = wakes=no ] || item+=" *"
		grep -qxE -- " +${item//\*/\\*}( .*)?" page
	done < <(ktstr-scenario --list-work)
}

@test "a reader that goes away is no error, a full disk is" {
	# The reader is dead for certain before the first byte is written.
	for format in json tlv text; do
		# shellcheck disable=SC2016 # for the inner shell
		run -0 --separate-stderr bash -c 'exec 5> >(:); wait $!
			ktstr-scenario --format "$1" good.scn >&5' - $format
		[ -z "$stderr" ]
	done
	run -2 --separate-stderr bash -c 'ktstr-scenario good.scn >/dev/full'
	[[ $stderr == "ktstr-scenario: "*"no space left"* ]]
}
