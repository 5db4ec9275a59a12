#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# time-limit: 1500
# slow
# What ktstr-monitor reads out of a guest's memory against what the guest says of the same instant:
# equal, not near. tests/guest/truth.c is the guest, tests/helper/truth-flat knows which of its
# readings held when the machine was stopped.
#
# Equal is not possible for the clock of a run queue, which goes on between a reading and the stop:
# it must lie between the clocks of the readings before and after. The guest has no words for
# balance_interval, nr_balance_failed and newidle counters of a domain; nothing else of a sample's
# numbers is left out.

# shellcheck disable=SC2094 # the function said() reads no file of that name
bats_require_minimum_version 1.5.0

setup_file()
{
	root=$BATS_TEST_DIRNAME/../..
	export PATH=${KTSTR_BIN:-$root/build/bin}:$root/cmd:$root/build/tests/helper:$root/tests/helper:$PATH
	export root
	kernel=$(ktstr-kernel path)
	export kernel
	scx=$(build-scx-examples) || scx=
	export scx
}

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	pid='' holder=''
}

teardown()
{
	[ -z "$holder" ] || kill "$holder" 2>/dev/null || :
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || :
	wait
}

# Boot, for the rest of the test.
# start KERNEL TOPOLOGY SCHEDULER [OPTION...]
start()
{
	local image=$1 topology=$2 scheduler=$3
	shift 3
	# Some kernels have the port that the guest talks over as modules.
	ktstr-initrd --agent "$root/build/tests/guest/truth" --modules-dir "${image%/*}/modules" \
		--module virtio-pci --module virtio-console \
		${scheduler:+--scheduler "$scheduler"} >initrd
	ktstr-boot --kernel "$image" --initrd initrd --topology "$topology" --vm vm \
		--append "nowatchdog ${scheduler:+truth.scheduler=${scheduler##*/}}" \
		--boot-timeout 300s --timeout 600s "$@" >frames 2>log 3>&- &
	pid=$!
}

# The readings that have come by now. Their stream is still being written.
readings()
{
	tlvcat --raw "$((0x7f03))" frames >readings 2>/dev/null || :
}

# Wait until COMMAND, while the machine runs, at most five minutes.
await()
{
	local until=$((SECONDS + 300))
	until "$@"; do
		kill -0 "$pid"
		[ "$SECONDS" -lt "$until" ]
		sleep 0.5
	done
}

is_quiet()
{
	readings
	awk '$1 == "reading" && NF == 6 { same = $4 == was ? same + 1 : 0; was = $4 }
		END { exit same < 3 }' readings
}

# Stop the machine at any instant and look at it. Sets `jiffies`.
look()
{
	: >held
	vmctl vm 'freeze 60s' @hang >held &
	holder=$!
	await grep -q '"ok":true' held
	ktstr-monitor --vm vm --once --format json >samples
	jq -c 'select(.type == "sample")' samples >sample
	jq -e '.valid and .invalid == [] and .retries == 0' sample
	jiffies=$(jq .jiffies sample)
}

go_on()
{
	kill "$holder"
	wait "$holder" || :
	holder=''
}

# What the guest said of that instant, into `said`; status as of truth-flat.
said()
{
	readings
	truth-flat -v "jiffies=$jiffies" ${1:+-v "what=$1"} readings
}

has_come()
{
	said >said || [ $? -ne 4 ]
}

# A sample and what the guest said of its instant. When something moved just then, once more.
look_until_sure()
{
	for _ in {1..10}; do
		await is_quiet
		look
		[ -z "$1" ] || "$1"
		go_on
		await has_come
		said >said && return
	done
	echo "the guest does not become quiet"
	return 1
}

# All that there is: the run queues and current tasks, schedstats, domains, events, programs and
# dispatch queues; then the clocks.
compare_sample()
{
	local cpu from to
	jq -r -f "$root/tests/helper/truth-sample.jq" sample | LC_ALL=C sort >saw
	LC_ALL=C sort -o said said
	diff said saw
	said clocks >clocks
	[ -s clocks ]
	while read -r cpu from to; do
		jq -e --argjson cpu "$cpu" --argjson from "$from" --argjson to "$to" \
			'.cpus[] | select(.cpu == $cpu) | .rq_clock | . >= $from and . <= $to' sample
	done <clocks
}

# While the machine stands still: what does not come with a sample.
print_all()
{
	for what in kallsyms btf dmesg; do
		ktstr-monitor --vm vm --print "$what" >"$what"
	done
}

compare_prints()
{
	tlvcat --raw "$((0x7f01))" frames 2>/dev/null | cmp - kallsyms
	[ "$(wc -l <kallsyms)" -gt 100000 ]
	tlvcat --raw "$((0x7f02))" frames 2>/dev/null | cmp - btf
	[ "$(wc -c <btf)" -gt 1000000 ]
	said dmesg | diff - dmesg
	[ "$(wc -l <dmesg)" -gt 100 ]
}

# count PATTERN: facts of the sample that match
count()
{
	grep -cE "$1" saw || :
}

all_is_true()
{
	look_until_sure print_all
	compare_sample
	compare_prints
}

@test "EEVDF, 1 CPU, KASLR" {
	start "$kernel" 1n1l1c1t '' --kaslr
	all_is_true
	[ "$(count '^cpu 0 ')" -ge 12 ]
	[ "$(count '^event ')" -eq 0 ]
}

@test "EEVDF, 4 CPUs with threads on 2 nodes, no KASLR" {
	start "$kernel" 2n2l1c2t ''
	all_is_true
	[ "$(count '^domain [0-3] . name (SMT|NUMA)$')" -eq 8 ]
	[ "$(count '^domain 0 . lb_count_0 [1-9]')" -ge 1 ]
}

@test "scx-ktstr, 2 CPUs, KASLR" {
	start "$kernel" 1n1l2c1t "$root/build/guest/scx-ktstr" --kaslr
	all_is_true
	[ "$(count '^machine scheduler ktstr$')" -eq 1 ]
	[ "$(count '^event bypass_duration [1-9]')" -eq 1 ]
	[ "$(count '^prog [0-9]+ cnt [1-9]')" -ge 3 ]
}

@test "scx_simple, 4 CPUs, no KASLR" {
	[ -n "$scx" ] || skip 'the kernel'\''s example schedulers cannot be built'
	start "$kernel" 1n2l2c1t "$scx/scx_simple"
	all_is_true
	[ "$(count '^machine scheduler simple$')" -eq 1 ]
	[ "$(count '^dsq 0 [1-9]')" -eq 1 ]
}

@test "scx_qmap, 16 CPUs with threads on 2 nodes, KASLR" {
	[ -n "$scx" ] || skip 'the kernel'\''s example schedulers cannot be built'
	start "$kernel" 2n4l2c2t "$scx/scx_qmap" --kaslr
	all_is_true
	[ "$(count '^cpu [0-9]+ curr_pid ')" -eq 16 ]
	[ "$(count '^cpu [0-9]+ comm hog/')" -eq 15 ]
	[ "$(count '^domain [0-9]+ [0-3] name ')" -eq 64 ]
}

# A kernel of another release. It has a cache of its own, so that no other test takes it for the
# newest there is.
other_kernel()
{
	local release=${kernel%/*} other
	other=$(XDG_CACHE_HOME=$root/build/cache timeout 300 \
		ktstr-kernel fetch --if-missing --suite sid 2>/dev/null) || return 0
	[[ $other == */"${release##*/}"/* ]] || ktstr-kernel path "$other" 2>/dev/null || :
}

@test "another kernel: scx-ktstr, 4 CPUs, KASLR" {
	other=$(other_kernel)
	[ -n "$other" ] || skip 'the mirror has no second kernel with sched_ext'
	start "$other" 1n2l2c1t "$root/build/guest/scx-ktstr" --kaslr
	all_is_true
	[[ $(jq -r .release sample) != "$(basename "$(dirname "$kernel")")" ]]
}
