#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# time-limit: 900
# slow
# The maps of a guest that stands at its doorbell against what bpftool said of them inside of it, just
# before: the same values. tests/guest/truth.c is the guest; it holds everything else still, and
# lets bpftool dump all maps twice, so that a state that moved all the same is told, and tried again.
#
# bpftool's numbers above 2^53 lose their last bits in jq on both sides; where a map has no types, all
# bytes are compared.
bats_require_minimum_version 1.5.0

setup_file()
{
	root=$BATS_TEST_DIRNAME/../..
	bin=${KTSTR_BIN:-$root/build/bin}
	export PATH=$bin:$root/cmd:$root/build/tests/helper:$root/tests/helper:$PATH:/usr/sbin
	export root
	bpftool=$(command -v bpftool) || :
	kernel=$(ktstr-kernel path)
	export bpftool kernel
	scx=$(build-scx-examples) || scx=
	export scx
}

setup()
{
	[ -n "$bpftool" ] || skip 'bpftool is not installed'
	cd "$BATS_TEST_TMPDIR" || return
	pids=()
}

teardown()
{
	[ "${#pids[@]}" -eq 0 ] || kill "${pids[@]}" 2>/dev/null || :
	wait
}

# start TOPOLOGY SCHEDULER [OPTION...]: boot, for the rest of the test
start()
{
	local topology=$1 scheduler=$2
	shift 2
	ktstr-initrd --agent "$root/build/tests/guest/truth" --modules-dir "${kernel%/*}/modules" \
		--module virtio-pci --module virtio-console --scheduler "$scheduler" \
		--file "$bpftool:/usr/sbin/bpftool" >initrd
	ktstr-boot --kernel "$kernel" --initrd initrd --topology "$topology" --vm vm \
		--append "nowatchdog truth.scheduler=${scheduler##*/} truth.maps=bpftool" \
		--boot-timeout 300s --timeout 600s "$@" >frames 2>log 3>&- &
	pids+=($!)
	ktstr-freeze --vm vm --wait 5m --format json serve >captures 3>&- &
	pids+=($!)
}

# Wait until COMMAND, while the machine runs, at most five minutes.
await()
{
	local until=$((SECONDS + 300))
	until "$@"; do
		kill -0 "${pids[0]}"
		[ "$SECONDS" -lt "$until" ]
		sleep 0.2
	done
}

# What bpftool said before ring N.
said()
{
	tlvcat --raw "$((0x7f04))" frames 2>/dev/null | jq -s -e ".[$1] // empty" >told
}

# The capture at ring N.
captured()
{
	jq -e "select(.tag == \"roundtrip_$1\") | .report" captures >maps
}

# Compare the first capture before which nothing moved: into `maps` and `compared`. A kernel thread
# may still run between bpftool's last word and the ring; what is wrong is so in each of them.
round_trip()
{
	for i in {0..4}; do
		await said "$i"
		await captured "$i"
		jq -n -r --slurpfile tool told --slurpfile host maps -f "$root/tests/helper/roundtrip.jq" >compared
		grep -q -v '^compared ' compared || return 0
	done
	cat compared
	return 1
}

# maps_compared MAP-TYPE..: at least one value of a map of each was compared
maps_compared()
{
	local type
	for type; do
		grep -q "^compared $type [^ ]* [1-9]" compared
	done
}

@test "scx-ktstr with its zoo of maps, 2 CPUs, KASLR" {
	start 1n1l2c1t "$root/build/guest/scx-ktstr" --kaslr
	round_trip
	cp maps "$BATS_FILE_TMPDIR/zoo"
	maps_compared array percpu_array hash lru_hash percpu_hash lru_percpu_hash lpm_trie stack_trace \
		prog_array array_of_maps hash_of_maps struct_ops
	[ "$(grep -c '^compared array bpf\.\(bss\|data\|rodata\) 1$' compared)" -eq 3 ]
	grep -qx 'compared array ktstr_array_fix 16' compared
}

# of MAP FILTER: true of that map of the zoo's dump
of()
{
	jq -e --arg name "$1" ".maps[] | select(.name == \$name) | $2" "$BATS_FILE_TMPDIR/zoo"
}

@test "what bpftool cannot show is what the fixture put there" {
	[ -s "$BATS_FILE_TMPDIR/zoo" ] || skip 'the maps were not captured'
	local member='def m(n): .members[] | select(.name == n) | .value;
		def nodes: recurse(.target // empty | m("next")) | .target // empty;'
	jq -e '[.maps[].active] | all' "$BATS_FILE_TMPDIR/zoo"
	of ktstr_arena '.arena | .user_start == "0x100000000000" and .pages == 3 and .pages_captured == 3 and
		[.contents[].offset] == [0, 8192, 20480]'
	of bpf.bss "$member"'.value | m("ktstr_bss_arena_holder") |
		(m("bss_plain_counter").value == 1000) and (m("arena_target").target |
		(m("magic").value == "0xdeadbeefcafebabe") and (m("counter").value == 42) and
		(m("list_sum").value == 303) and (m("task").value | startswith("0xff")) and
		([m("list") | nodes | m("value").value] == [100, 101, 102]) and
		([m("cycle") | nodes | m("value").value] == [200, 201]) and
		([m("cycle") | .. | .skip? // empty] == ["cycle"]))'
	of zoo_special "$member"'.entries[0].value | m("mask").cpus == "0"'
	of zoo_queue '[.entries[].value_hex[0:2]] == ["01", "02", "03"]'
	of zoo_stack '[.entries[].value_hex[0:2]] | sort == ["01", "02", "03"]'
	of zoo_ring '.ringbuf | .producer == 48 and .consumer == 0 and .capacity == 4096'
	of zoo_user_ring '.ringbuf | .producer == 24 and .consumer == 0 and .capacity == 4096'
	of zoo_cgroups "$member"'.entries | length == 1 and (.[0].value | m("x").value == 3 and m("y").value == -4)'
	of zoo_traces '.stack_trace.entries[0].symbols | any(. != null and startswith("bpf_prog_test_run_raw_tp+"))'
	of zoo_bloom '.error | length > 0'
	of task_ctxs '.entries | any(.comm == "spin")'
}

@test "scx_qmap, 4 CPUs, no KASLR" {
	[ -n "$scx" ] || skip 'the kernel'\''s example schedulers cannot be built'
	start 1n2l2c1t "$scx/scx_qmap"
	round_trip
	maps_compared array struct_ops
}
