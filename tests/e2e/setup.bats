#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# ktstr-setup against a real apt and dpkg with a root, an archive and packages of their own: nothing
# of the system is looked at or changed.

bats_require_minimum_version 1.5.0

setup()
{
	t=$BATS_TEST_TMPDIR
	archive=$t/archive
	mkdir -p "$t/tree/cmd" "$t/tree/share" "$archive" "$t/bin"
	mkdir -p "$t/root/var/lib/dpkg/info" "$t/root/var/lib/dpkg/updates" "$t/root/var/log"
	mkdir -p "$t/root/etc/apt/preferences.d" "$t/root/var/lib/apt/lists/partial" "$t/root/var/cache/apt/archives/partial"
	: >"$t/root/var/lib/dpkg/status"
	: >"$t/root/var/lib/dpkg/available"
	cp "$BATS_TEST_DIRNAME/../../cmd/ktstr-setup" "$t/tree/cmd/"
	setup=$t/tree/cmd/ktstr-setup
	echo "deb [trusted=yes] copy:$archive ./" >"$t/root/etc/apt/sources.list"
	cat >"$t/apt.conf" <<-END
	Dir "$t/root";
	Dir::State::status "$t/root/var/lib/dpkg/status";
	Dir::Etc::main "/dev/null";
	Dir::Etc::parts "/dev/null";
	APT::Architecture "amd64";
	APT::Architectures "amd64";
	APT::Sandbox::User "root";
	DPkg::Options { "--root=$t/root"; "--force-not-root"; "--force-bad-path"; "--force-script-chrootless"; };
	END
	export APT_CONFIG=$t/apt.conf DPKG_ADMINDIR=$t/root/var/lib/dpkg
	# Who is not root becomes it by a sudo that does nothing.
	printf '#!/bin/sh\nexec "$@"\n' >"$t/bin/sudo"
	chmod +x "$t/bin/sudo"
	PATH=$t/bin:$PATH
}

# table LINE...: the list of packages; `set package probe` each
table()
{
	printf '%s for tests\n' "$@" >"$t/tree/share/packages"
}

# package NAME VERSION [DEPENDS [SOURCE]]: put one into the archive
package()
{
	local d=$t/deb
	rm -rf "$d"
	mkdir -p "$d/DEBIAN" "$d/usr/share/$1"
	echo "$2" >"$d/usr/share/$1/version"
	{
		printf 'Package: %s\nVersion: %s\nArchitecture: amd64\nMaintainer: nobody <nobody@localhost>\n' "$1" "$2"
		[ -z "${3:-}" ] || echo "Depends: $3"
		[ -z "${4:-}" ] || echo "Source: $4"
		echo 'Description: for a test'
	} >"$d/DEBIAN/control"
	dpkg-deb -b --root-owner-group "$d" "$archive/$1_$2.deb" >/dev/null
}

# The archive's index, from what is in it now.
index()
{
	local f
	for f in "$archive"/*.deb; do
		dpkg-deb -f "$f"
		printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "${f##*/}" "$(stat -c %s "$f")" \
			"$(sha256sum "$f" | cut -d ' ' -f 1)"
	done >"$archive/Packages"
}

# The lists of apt as of now.
update()
{
	index
	apt-get -q update
}

# have NAME VERSION: a package that is there from the beginning
have()
{
	package "$1" "$2" "" "${3:-}"
	dpkg --root="$t/root" --force-not-root -i "$archive/$1_$2.deb"
	[ "${keep:-}" = yes ] || rm "$archive/$1_$2.deb"
}

# What is installed, as NAME=VERSION on one line.
now()
{
	# shellcheck disable=SC2016 # dpkg-query's own variables
	dpkg-query -W -f '${Package}=${Version} ' | sed 's/ $//'
}

@test "a wrong option or set is one line and status 2" {
	table 'run a -'
	run -2 --separate-stderr "$setup" --frobnicate
	[ "$stderr" = "ktstr-setup: bad option '--frobnicate' (try --help)" ]
	run -2 --separate-stderr "$setup" --for lunch
	[ "$stderr" = "ktstr-setup: --for: 'lunch' is not one of run, test, bench" ]
	run -2 --separate-stderr "$setup" --for
	[ "$stderr" = "ktstr-setup: option '--for' needs an argument" ]
}

@test "all there: silent" {
	table 'run a -' 'test b -'
	have a 1
	run -0 "$setup"
	[ -z "$output" ]
}

@test "--no-install prints what is missing and changes nothing" {
	table 'run a -' 'run b -' 'test c -'
	have a 1
	package b 1
	package c 1
	update
	run -2 --separate-stderr "$setup" --for test --no-install
	[ "$output" = $'b\nc' ]
	[ "$stderr" = "ktstr-setup: missing: b c" ]
	[ "$(now)" = "a=1" ]
}

@test "what is missing is named, then installed" {
	table 'run a -' 'run b -'
	have a 1
	package a 2
	package b 1 "d"
	package d 1
	update
	run -0 --separate-stderr "$setup"
	[ -z "$output" ]
	[ "$stderr" = "ktstr-setup: will install with apt-get: b" ]
	[ "$(now)" = "a=1 b=1 d=1" ]
}

@test "the sets: run, and in a source tree the build with it" {
	table 'run a -' 'build b -' 'test c -'
	run -2 --separate-stderr "$setup" --no-install
	[ "$output" = a ]
	: >"$t/tree/Makefile"
	run -2 --separate-stderr "$setup" --no-install
	[ "$output" = $'a\nb' ]
	run -2 --separate-stderr "$setup" --no-install --for test
	[ "$output" = $'a\nb\nc' ]
	run -2 --separate-stderr "$setup" --no-install --for bench
	[ "$output" = $'a\nb' ]
}

@test "the lists are refreshed only for a package that apt does not know" {
	table 'run a -'
	package a 1
	index
	run -0 --separate-stderr "$setup"
	[[ $stderr == "ktstr-setup: will run apt-get update: "*$'\n'"ktstr-setup: will install with apt-get: a" ]]
	[ "$(now)" = "a=1" ]
}

@test "lists that are too old are refreshed" {
	table 'run a -'
	package a 1
	update
	rm "$archive/a_1.deb"
	package a 2
	index
	run -0 --separate-stderr "$setup"
	[[ $stderr == *"ktstr-setup: will run apt-get update: apt-get failed, its lists may be old"* ]]
	[ "$(now)" = "a=2" ]
}

@test "a package that does not exist is named" {
	table 'run nowhere -'
	package a 1
	update
	run -2 --separate-stderr "$setup"
	[[ $stderr == *"ktstr-setup: apt has no package nowhere" ]]
	[ -z "$(now)" ]
}

@test "a library is not upgraded for its development package" {
	table 'run libx-dev -'
	keep=yes
	have libx 1 x
	package libx-dev 1 "libx (= 1)" x
	package libx 2 "" x
	package libx-dev 2 "libx (= 2)" x
	update
	run -0 --separate-stderr "$setup"
	[ "$stderr" = "ktstr-setup: will install with apt-get: libx-dev" ]
	[ "$(now)" = "libx=1 libx-dev=1" ]
}

@test "an upgrade that cannot be avoided is named beforehand" {
	table 'run libx-dev -' 'run b -'
	have libx 1 x
	have libz 1 z
	package libx 2 "" x
	package libz 2 "" z
	package b 1
	package libx-dev 2 "libx (= 2)" x
	update
	run -0 --separate-stderr "$setup"
	[[ $stderr == *"ktstr-setup: will upgrade, since those need the same version of: libx" ]]
	[ "$(now)" = "b=1 libx=2 libx-dev=2 libz=1" ]
}

@test "a conflict with what is there is refused" {
	table 'run b -'
	have a 1
	package a 1
	package b 1 "c"
	package c 1 "a (= 7)"
	update
	run -2 --separate-stderr "$setup"
	[[ $stderr == *"ktstr-setup: apt-get cannot install b: "*"c : Depends: a (= 7)"* ]]
	[ "$(now)" = "a=1" ]
}

llvm_table()
{
	table 'run clang-N clang' 'run libclang-rt-N-dev -' 'test lld-N ld.lld'
}

llvm()
{
	package "clang-$1" 1
	package "libclang-rt-$1-dev" 1
	package "lld-$1" 1
}

@test "LLVM is the newest of which there is everything, and no older than 16" {
	llvm_table
	llvm 9
	llvm 18
	llvm 100
	llvm 101
	rm "$archive/lld-101_1.deb"
	update
	run -0 "$setup" --for test
	[ "$(now)" = "clang-100=1 libclang-rt-100-dev=1 lld-100=1" ]
}

@test "an LLVM that is there is completed, not doubled" {
	llvm_table
	llvm 21
	llvm 19
	keep=yes
	have clang-19 1
	have clang-14 1
	update
	run -0 "$setup" --for test
	[ "$(now)" = "clang-14=1 clang-19=1 libclang-rt-19-dev=1 lld-19=1" ]
	run -0 "$setup" --for test
	[ -z "$output" ]
}

@test "an LLVM that is too old does not count" {
	llvm_table
	llvm 14
	update
	run -2 --separate-stderr "$setup" --for run
	[[ $stderr == *"apt has no package clang-N libclang-rt-N-dev" ]]
}

@test "neither root nor sudo: the command to run as root is said" {
	table 'run a -'
	package a 1
	update
	rm "$t/bin/sudo"
	for p in awk sed grep cut sort tr head tail cat readlink dirname mktemp rm chmod dpkg-query apt-get apt-cache env; do
		ln -s "$(command -v $p)" "$t/bin/$p"
	done
	printf '#!/bin/sh\necho 1000\n' >"$t/bin/id"
	chmod +x "$t/bin/id"
	PATH=$t/bin run -2 --separate-stderr "$setup"
	[[ $stderr == *"ktstr-setup: neither root nor sudo: as root run 'apt-get install --no-install-recommends --no-upgrade a', then this again" ]]
	[ -z "$(now)" ]
}

@test "not Debian: programs and headers are looked for" {
	table 'run a sh' 'run b no-such-program' 'run c -' 'run d no-such-header.h'
	rm "$t/bin/sudo"
	for p in awk sed grep readlink dirname sh find mktemp rm cat; do
		ln -s "$(command -v $p)" "$t/bin/$p"
	done
	PATH=$t/bin run -2 --separate-stderr "$setup"
	[ "$output" = $'no-such-program\t(in Debian: b)\nno-such-header.h\t(in Debian: d)' ]
	[ "$stderr" = "ktstr-setup: this is not Debian: please install what is listed" ]
	table 'run a sh'
	PATH=$t/bin run -0 "$setup"
}
