#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# time-limit: 300
# slow
# Installed under a prefix, the tools find what is theirs there; nothing of the tree is used.

bats_require_minimum_version 1.5.0

setup()
{
	root=$BATS_TEST_DIRNAME/../..
	stage=$BATS_TEST_TMPDIR/stage
	export KTSTR_SIDECAR_DIR=$BATS_TEST_TMPDIR/side
}

@test "install goes below DESTDIR and is complete" {
	make -s -C "$root" install DESTDIR="$stage" PREFIX=/opt/k
	run -0 find "$stage" -mindepth 1 -maxdepth 1
	[ "$output" = "$stage/opt" ]
	for f in bin/ktstr bin/ktstr-boot bin/ktstr-report bin/ktstr-setup libexec/ktstr/ktstr-init \
		libexec/ktstr/scx-ktstr share/ktstr/topologies share/ktstr/scenarios/demo.scn \
		share/ktstr/ktstr.jq share/man/man1/ktstr.1 share/man/man5/ktstr-tlv.5 \
		share/man/man7/ktstr-jq.7; do
		[ -f "$stage/opt/k/$f" ]
	done
	run -0 jq -n -L "$stage/opt/k/share/ktstr" 'include "ktstr"; {kind: "uint", bits: 8, value: 7} | as_u64'
	[ "$output" = 7 ]
}

@test "an installed ktstr runs a test from anywhere" {
	make -s -C "$root" install PREFIX="$stage"
	cd /
	export PATH=$stage/bin:$PATH
	printf 'test installed\ntopology tiny-2llc\nduration 100ms\nscheduler scx-ktstr\n' >"$BATS_TEST_TMPDIR/i.scn"
	run -0 timeout 250 ktstr run --format json "$BATS_TEST_TMPDIR/i.scn"
	jq -e '.success and .machine.vcpus == 4' <<<"$output"
	[[ $(jq -r .repro <<<"$output") == "$stage/bin/ktstr run "* ]]
	[ -s "$KTSTR_SIDECAR_DIR/installed.json" ]
}

@test "doctor says what is there" {
	run -0 "$root/cmd/ktstr" doctor
	[[ $output == *'qemu       ok'* ]]
	[[ $output == *'kernel     ok'* ]]
	XDG_CACHE_HOME=$BATS_TEST_TMPDIR KTSTR_QEMU=/nonexistent run -1 "$root/cmd/ktstr" doctor
	[[ $output == *'qemu       lack'* ]]
	[[ $output == *'kernel     lack'* ]]
}
