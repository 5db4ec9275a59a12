#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# time-limit: 600
# slow
# Cores that ktstr-freeze writes, of a machine and of an image of the same instant: others open
# them, and what they read is what is in memory.

bats_require_minimum_version 1.5.0

setup_file()
{
	root=$BATS_TEST_DIRNAME/../..
	export root
	export PATH=${KTSTR_BIN:-$root/build/bin}:$root/cmd:$root/build/tests/helper:$PATH
	cd "$BATS_FILE_TMPDIR" || return
	kernel=$(ktstr-kernel path)
	cat >t.scn <<-END
		test t
		topology 1n2l1c1t
		scheduler scx-ktstr
		duration 3600s
		cgroup a workers=3 work=spin
	END
	ktstr-initrd --scenario t.scn --scheduler "$root/build/guest/scx-ktstr" >initrd
	ktstr-boot --kernel "$kernel" --initrd initrd --topology 1n2l1c1t --memory 300 --kaslr --vm vm \
		--boot-timeout 300s --timeout 900s >frames 2>log 3>&- &
	export pid=$!
	until attached; do
		kill -0 "$pid"
		sleep 0.5
	done
	# All of it is of one instant: a lease that outlives those of the others.
	timeout 600 vmctl vm 'freeze 500s' 'regs 0' 'regs 1' @hang >said 2>&1 3>&- &
	export holder=$!
	until [ "$(wc -l <said)" -eq 3 ]; do
		kill -0 "$holder"
		sleep 0.1
	done
	tail -n 2 said >regs
	vmram vm ram
	timeout 60 ktstr-freeze --vm vm --core live --format json now >live.json
	timeout 60 ktstr-freeze --mem ram --core dead --format json now >dead.json
}

# Whether the scheduler runs.
attached()
{
	timeout 60 ktstr-monitor --vm vm --once --format json 2>/dev/null |
		jq -es 'any(.scheduler == "ktstr")' >/dev/null
}

teardown_file()
{
	kill "$holder" "$pid" 2>/dev/null || :
	wait
}

setup()
{
	cd "$BATS_FILE_TMPDIR" || return
}

drgn()
{
	run timeout 120 /usr/bin/python3 "$root/tests/helper/core-with-drgn.py" "$@"
	[ "$status" -ne 77 ] || skip "drgn is not installed"
	[ "$status" -eq 0 ]
}

@test "readelf has nothing to say against it" {
	for core in live dead; do
		run -0 --separate-stderr readelf -aW "$core"
		# shellcheck disable=SC2154 # run sets it
		[ -z "$stderr" ]
		[[ $output == *'CORE (Core file)'* ]]
		[[ $output == *'VMCOREINFO'* ]]
	done
	run -0 readelf -nW live
	[ "$(grep -c NT_PRSTATUS <<<"$output")" -eq 2 ]
	run -0 readelf -nW dead
	[ "$(grep -c NT_PRSTATUS <<<"$output")" -eq 0 ]
}

@test "the file has holes where memory is zero" {
	[ "$(stat -c %s live)" -gt $((300 << 20)) ]
	[ "$(($(stat -c '%b * %B' live)))" -lt $((200 << 20)) ]
}

@test "the library finds the same kernel in it" {
	for file in ram live dead; do
		run -0 --separate-stderr attach "$file" 1
		grep -v ' us$' <<<"$output" >"$file.found"
	done
	diff ram.found live.found
	diff ram.found dead.found
}

@test "ktstr-monitor reads the same sample out of it" {
	for file in ram live dead; do
		run -0 --separate-stderr timeout 60 ktstr-monitor --mem "$file" --once --format json
		jq -S 'select(.type == "sample") | del(.at_ns, .took_ns)' <<<"$output" \
			>"$file.sample"
		[ -s "$file.sample" ]
	done
	diff ram.sample live.sample
	diff ram.sample dead.sample
}

@test "drgn opens it and reads the same bytes and registers" {
	drgn live ram regs
	[[ $output == *'cpus 2'* ]]
	[[ $output == *"segments $(readelf -lW live | grep -c '^  LOAD') "* ]]
}

@test "drgn opens that of an image" {
	drgn dead ram /dev/null
	[[ $output == *'cpus 0'* ]]
}

@test "a core through a pipe is the same" {
	mkfifo pipe
	timeout 60 cmp pipe dead >differs 2>&1 3>&- &
	timeout 60 ktstr-freeze --mem ram --core pipe --format json now >again.json
	wait $!
}
