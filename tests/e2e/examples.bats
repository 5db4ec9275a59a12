#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# time-limit: 900
# slow
# The kernel's own example schedulers, captured in the middle of a run: what the capture shows lies
# between what they printed themselves before and after it.
bats_require_minimum_version 1.5.0

setup_file()
{
	root=$BATS_TEST_DIRNAME/../..
	export PATH=${KTSTR_BIN:-$root/build/bin}:$root/cmd:$root/build/tests/helper:$root/tests/helper:$PATH
	export XDG_RUNTIME_DIR=$BATS_FILE_TMPDIR
	kernel=$(ktstr-kernel path)
	scx=$(build-scx-examples) || scx=
	export kernel scx
}

setup()
{
	[ -n "$scx" ] || skip 'the kernel'\''s example schedulers cannot be built'
	cd "$BATS_TEST_TMPDIR" || return
	export KTSTR_SIDECAR_DIR=$PWD
}

# captured NAME COMMAND: run it under load, with the captures mid and late. Some ask for the kernel's
# configuration, where Debian has it.
captured()
{
	cat >"$1.scn" <<-END
	test $1
	topology 1n1l3c1t
	scheduler $2
	duration 10s
	cgroup a workers=4 work=spin
	cgroup b workers=2 work=bursty,burst=2ms,sleep=2ms
	step warm hold=2500ms
	step mid hold=2500ms
	  snapshot mid
	step late hold=3s
	  snapshot late
	END
	local folder=${kernel%/*}
	run -0 --separate-stderr timeout -k 10 600 ktstr run --scheduler "$scx/$2" \
		--file "$folder/config:/boot/config-${folder##*/}" --format json "$1.scn"
	jq -e '[.snapshots[] | .tag] == ["mid", "late"] and all(.snapshots[]; .reason == null)' <<<"$output"
	tlvcat "$1.tlv" >frames 2>/dev/null
}

# What the scheduler printed, each counter of it as `TIME NAME VALUE`, and the captures as `TIME @TAG`.
timeline()
{
	awk '
	$1 == "guest" && $2 == "REQUEST" && match($0, /"text":"[a-z]*"/) {
		tag = substr($0, RSTART + 8, RLENGTH - 9)
		if (match($0, /"at_ns":[0-9]*/))
			printf "%.9f @%s\n", substr($0, RSTART + 8, RLENGTH - 8) / 1e9, tag
	}
	$1 == "guest" && $2 == "SCHED_OUTPUT" {
		time = $4
		gsub(/\\n/, " ")
		gsub(/[=:]/, " ")
		for (i = 6; i < NF; i++)
			if ($i ~ /^[a-z_]+$/ && $(i + 1) ~ /^[0-9]+$/)
				printf "%s %s %s\n", time, $i, $(i + 1)
	}' frames
}

# bounds TAG COUNTER: what was printed last before that capture, and second after it: what was
# printed first after it may have been read before it.
bounds()
{
	timeline | awk -v tag="@$1" -v counter="$2" '
	$2 == tag { at = $1 }
	$2 == counter { n++; time[n] = $1; value[n] = $3 }
	END {
		for (i = 1; i <= n && time[i] < at; i++)
			from = value[i]
		if (!at || i == 1 || i + 1 > n)
			exit 1
		print from, value[i + 1]
	}'
}

# report_of RUN TAG: that capture's report
report_of()
{
	jq --arg tag "$2" '.[] | select(.tag == $tag) | .report' "$1.snapshots.json"
}

# variable NAME: of .bss, in the report on standard input
variable()
{
	jq -e --arg name "$1" '.maps[] | select(.active and (.name | endswith(".bss"))) |
		.value.members[] | select(.name == $name) | .value.value'
}

@test "scx_central: its counters" {
	captured central scx_central
	for tag in mid late; do
		report_of central "$tag" >seen
		for pair in total:nr_total local:nr_locals timer:nr_timers dispatch:nr_dispatches \
			mismatch:nr_mismatches retry:nr_retries overflow:nr_overflows; do
			read -r from to < <(bounds "$tag" "${pair%:*}")
			value=$(variable "${pair#*:}" <seen)
			echo "$tag ${pair#*:}: $from <= $value <= $to"
			[ "$from" -le "$value" ] && [ "$value" -le "$to" ]
		done
	done
	[ "$(variable nr_total <seen)" -gt 100 ]
	# A queue of tasks' pids, and a timer.
	jq -e '.maps | any(.map_type_name == "queue" and .active) and any(.name == "central_timer")' seen
	jq -e '.maps[] | select(.map_type_name == "struct_ops") | .value | .. | objects |
		select(.name? == "name") | .value.value == "central"' seen
}

# The place in the arena of the words in the two captures that lie between FROM and TO each.
# words_between FROM TO FROM TO
words_between()
{
	jq -n -r --slurpfile mid <(report_of qmap mid) --slurpfile late <(report_of qmap late) \
		--argjson b "[$1, $2, $3, $4]" '
	def digit: if . >= 97 then . - 87 else . - 48 end;
	def word: [explode | _nwise(2)] | reverse | add | reduce .[] as $d (0; . * 16 + ($d | digit));
	def pages: .maps[] | select(.map_type_name == "arena") | .arena.contents |
		map({(.offset | tostring): .hex[0:16] | word}) | add;
	($mid[0] | pages) as $m | ($late[0] | pages) as $l | $m | keys[] |
		select($m[.] >= $b[0] and $m[.] <= $b[1] and $l[.] >= $b[2] and $l[.] <= $b[3])'
}

# Its counters are the first words of a struct in the arena, which begins at a page. A small slab of
# tasks leaves room for the whole arena in a capture.
@test "scx_qmap: its counter of enqueues, and its maps" {
	captured qmap 'scx_qmap -i 1 -N 1024'
	read -r mid_from mid_to < <(bounds mid enq)
	read -r late_from late_to < <(bounds late enq)
	run -0 words_between "$mid_from" "$mid_to" "$late_from" "$late_to"
	echo "enqueues: $mid_from to $mid_to, $late_from to $late_to, at $output"
	[ "${#lines[@]}" -eq 1 ]
	[ "$late_from" -gt 100 ]
	report_of qmap late >seen
	jq -e '.maps | length > 5 and all(.error == null)' seen
	jq -e '.active_obj_name | startswith("scx_qmap")' seen
	jq -e '.maps[] | select(.map_type_name == "task_storage") | .entries | any(.comm != null)' seen
}
