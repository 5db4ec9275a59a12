#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# time-limit: 300
# shellcheck disable=SC2016,SC2119,SC2120 # text for sh -c; most calls of from_archive are through run
# ktstr-kernel against a small signed archive of made-up kernel packages, and ktstr-kimage on images
# made by the unit test. Only the tests whose name begins with "network:" use a real mirror.

bats_require_minimum_version 1.5.0

release=7.9.1+test-cloud-amd64

setup_file()
{
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	d=$BATS_FILE_TMPDIR
	export top d
	mkdir -p "$d/images" "$d/gpg" "$d/archive"
	"$top/build/tests/unit/kimage" --seeds "$d/images"
	chmod 700 "$d/gpg"
	export GNUPGHOME=$d/gpg
	for key in archive other; do
		gpg --batch --quiet --passphrase '' --quick-gen-key "$key@localhost" ed25519 sign never 2>/dev/null
		gpg --batch --quiet --export "$key@localhost" >"$d/$key.gpg"
	done
	# old: no sched_ext. The moving name is behind its code name. next: has it, too.
	single=6.7.1-test-cloud-amd64
	make_single "$d/old" $single 6.7.1-1
	make_split "$d/back" 7.9.0+test-cloud-amd64 7.9.0-1
	make_split "$d/new" $release 7.9.1-1
	publish "$d/old" eighteen eighteen
	publish "$d/back" stable-backports nineteen-backports
	publish "$d/new" nineteen-backports nineteen-backports
	publish "$d/old" stable nineteen
	publish "$d/old" sid sid
}

teardown_file()
{
	GNUPGHOME=$BATS_FILE_TMPDIR/gpg gpgconf --kill gpg-agent
}

setup()
{
	t=$BATS_TEST_TMPDIR
	export XDG_CACHE_HOME=$t/cache
	kernels=$XDG_CACHE_HOME/ktstr/kernels
	PATH=$top/cmd:$top/build/bin:$PATH
	mkdir "$t/bin"
	# The system's apt, as far as ktstr-kernel sees it, has one suite.
	mkdir -p "$t/etc/empty" "$t/lists/partial"
	echo "deb [signed-by=$d/archive.gpg] copy:$d/archive eighteen main" >"$t/etc/sources.list"
	cat >"$t/apt.conf" <<-END
	Dir::Etc::main "/dev/null";
	Dir::Etc::parts "$t/etc/empty";
	Dir::Etc::sourcelist "$t/etc/sources.list";
	Dir::Etc::sourceparts "/dev/null";
	Dir::State::lists "$t/lists";
	APT::Architecture "amd64";
	END
	export APT_CONFIG=$t/apt.conf
}

teardown()
{
	# What a failed test left blocked.
	[ ! -e "$t/blocked" ] || kill "$(cat "$t/blocked")" 2>/dev/null || :
}

# ---- packages and archives ----

# control FOLDER NAME VERSION [DEPENDS]
control()
{
	mkdir -p "$1/DEBIAN"
	{
		printf 'Package: %s\nVersion: %s\nArchitecture: amd64\nMaintainer: nobody <nobody@localhost>\n' "$2" "$3"
		[ -z "${4:-}" ] || echo "Depends: $4"
		printf 'Installed-Size: 2000\nDescription: for a test\n'
	} >"$1/DEBIAN/control"
}

# package POOL NAME VERSION [DEPENDS]: of what is in $d/files, which is emptied
package()
{
	mkdir -p "$d/files" "$1"
	control "$d/files" "$2" "$3" "${4:-}"
	dpkg-deb -b -Zgzip --root-owner-group "$d/files" "$1/$2_$3_amd64.deb" >/dev/null
	rm -rf "$d/files"
}

config()
{
	printf '# a comment\nCONFIG_DEBUG_INFO_BTF=y\n'
	[ "$1" = no ] || echo CONFIG_SCHED_CLASS_EXT=y
}

modules()
{
	mkdir -p "$1/kernel"
	: >"$1/modules.order"
	: >"$1/modules.builtin"
}

# The layout of newer suites, with sched_ext. make_split POOL RELEASE VERSION [IMAGE]
make_split()
{
	local m=$d/files/usr/lib/modules/$2
	rm -rf "$d/files"
	mkdir -p "$m" && cp "${4:-$d/images/zstd}" "$m/vmlinuz"
	package "$1" "linux-binary-$2" "$3"
	modules "$m"
	package "$1" "linux-modules-$2" "$3"
	mkdir -p "$m" && config yes >"$m/config"
	package "$1" "linux-base-$2" "$3"
	package "$1" "linux-image-$2" "$3" "kmod | nothing, linux-base-$2 (= $3), linux-binary-$2 (= $3), linux-modules-$2 (= $3)"
	package "$1" linux-image-cloud-amd64 "$3" "linux-base-cloud-amd64 (= $3), linux-image-$2 (= $3)"
}

# The layout of older suites, without it. make_single POOL RELEASE VERSION
make_single()
{
	rm -rf "$d/files"
	modules "$d/files/lib/modules/$2"
	mkdir -p "$d/files/boot"
	cp "$d/images/xz" "$d/files/boot/vmlinuz-$2"
	config no >"$d/files/boot/config-$2"
	package "$1" "linux-image-$2" "$3" 'kmod, linux-base (>= 4.3~)'
	mkdir -p "$d/files/usr/src/linux-headers-$2"
	config no >"$d/files/usr/src/linux-headers-$2/.config"
	package "$1" "linux-headers-$2" "$3"
	package "$1" linux-image-cloud-amd64 "$3" "linux-image-$2 (= $3)"
}

# publish POOL SUITE CODENAME [ARCHIVE]: a suite of what is in the pool
publish()
{
	local archive=${4:-$d/archive} dist deb
	dist=$archive/dists/$2
	mkdir -p "$dist/main/binary-amd64" "$archive/pool"
	for deb in "$1"/*.deb; do
		cp "$deb" "$archive/pool/"
		dpkg-deb -f "$deb"
		printf 'Filename: pool/%s\nSize: %s\nSHA256: %s\n\n' "${deb##*/}" \
			"$(stat -c %s "$deb")" "$(sha256sum <"$deb" | cut -c1-64)"
	done >"$dist/main/binary-amd64/Packages"
	{
		printf 'Origin: Debian\nSuite: %s\nCodename: %s\nArchitectures: amd64\nComponents: main\n' "$2" "$3"
		[ -z "${valid_until:-}" ] || echo "Valid-Until: $valid_until"
		printf 'Date: %s\nSHA256:\n' "$(LC_ALL=C date -u '+%a, %d %b %Y %H:%M:%S UTC')"
		printf ' %s %s main/binary-amd64/Packages\n' \
			"$(sha256sum <"$dist/main/binary-amd64/Packages" | cut -c1-64)" \
			"$(stat -c %s "$dist/main/binary-amd64/Packages")"
	} >"$dist/Release"
	rm -f "$dist/InRelease"
	GNUPGHOME=$d/gpg gpg --batch --quiet -u archive@localhost --clearsign -o "$dist/InRelease" "$dist/Release"
}

fetch()
{
	ktstr-kernel fetch --keyring "$d/archive.gpg" "$@"
}

from_archive()
{
	fetch --mirror "copy:$d/archive" "$@"
}

# Nothing in the cache but what the arguments name.
has_only()
{
	local got
	got=$(cd "$kernels" && find . -mindepth 1 -maxdepth 1 ! -name .lock -printf '%f\n' | sort | xargs)
	[ "$got" = "$*" ] || { echo "in the cache: $got" && false; }
}

# A program of this name first in PATH, with what stdin says.
wrap()
{
	{ echo '#!/bin/sh' && cat; } >"$t/bin/$1"
	chmod +x "$t/bin/$1"
	PATH=$t/bin:$PATH
}

# Every dpkg-deb -x says so in `reached` and goes on when somebody writes to `go`.
block_unpacking()
{
	mkfifo "$t/reached" "$t/go"
	wrap dpkg-deb <<-END
	if [ "\$1" = -x ] && ! [ -e "$t/once" ]; then
		: >"$t/once"
		echo \$\$ >"$t/blocked"
		echo reached >"$t/reached"
		read -r x <"$t/go"
	fi
	exec $(command -v dpkg-deb) "\$@"
	END
}

# ---- fetch ----

@test "fetch finds the newest kernel with sched_ext and stores it whole" {
	run -0 --separate-stderr fetch
	[ "$output" = "$kernels/$release/vmlinuz" ]
	[ "$stderr" = "" ]
	has_only "$release"
	cmp "$kernels/$release/vmlinuz" "$d/images/zstd"
	ktstr-kimage --vmlinux "$d/images/zstd" | cmp - "$kernels/$release/vmlinux"
	grep -qx CONFIG_SCHED_CLASS_EXT=y "$kernels/$release/config"
	[ -e "$kernels/$release/modules/modules.dep" ]
	[ ! -e "$kernels/$release/modules/vmlinuz" ]
	# The unfit kernel of the system's suite was told by a small package.
	[ "$(cat "$XDG_CACHE_HOME/ktstr/apt/lacks")" = "6.7.1-test-cloud-amd64/6.7.1-1 CONFIG_SCHED_CLASS_EXT" ]
}

@test "the kernel of the system's own suite is taken when it is fit" {
	sed -i 's/ eighteen / nineteen-backports /' "$t/etc/sources.list"
	mkdir -p "$t/empty/dists"
	run -0 --separate-stderr fetch
	[ "$output" = "$kernels/$release/vmlinuz" ]
	[ "$(ls "$XDG_CACHE_HOME/ktstr/apt")" = system ]
}

@test "a suite is looked for where the system has it from" {
	publish "$d/new" special-security special-security "$t/second"
	echo "deb [signed-by=$d/archive.gpg] copy:$t/second special-security main" >>"$t/etc/sources.list"
	run -0 --separate-stderr fetch --suite special-security
	[ "$output" = "$kernels/$release/vmlinuz" ]
	grep -qx suite=special-security "$kernels/$release/meta"
}

@test "a name that moves with releases is followed to its code name" {
	run -0 --separate-stderr from_archive --suite stable-backports
	[ "$output" = "$kernels/7.9.0+test-cloud-amd64/vmlinuz" ]
	run -0 --separate-stderr from_archive
	[ "$output" = "$kernels/$release/vmlinuz" ]
	run -0 ktstr-kernel path
	[ "$output" = "$kernels/$release/vmlinuz" ]
}

@test "the system's apt state is neither read nor written" {
	fetch
	[ "$(find "$t/lists" -type f | wc -l)" = 0 ]
}

@test "a second fetch downloads nothing, --force does" {
	from_archive
	first=$(stat -c %i "$kernels/$release/vmlinuz")
	wrap dpkg-deb <<<'exit 1'
	run -0 --separate-stderr from_archive
	[ "$output" = "$kernels/$release/vmlinuz" ]
	[ "$first" = "$(stat -c %i "$kernels/$release/vmlinuz")" ]
	rm "$t/bin/dpkg-deb"
	hash -r
	run -0 --separate-stderr from_archive --force
	[ "$first" != "$(stat -c %i "$kernels/$release/vmlinuz")" ]
	has_only "$release"
}

@test "--if-missing needs no mirror when a fit kernel is there" {
	run -2 fetch --if-missing --mirror "copy:$t/none"
	from_archive
	run -0 --separate-stderr fetch --if-missing --mirror "copy:$t/none"
	[ "$output" = "$kernels/$release/vmlinuz" ]
	run -0 --separate-stderr fetch --if-missing --mirror "copy:$t/none" --suite nineteen-backports
	run -2 fetch --if-missing --mirror "copy:$t/none" --suite sid
}

@test "a new package of the same release takes the place of the old" {
	cp -R "$d/archive" "$t/archive"
	fetch --mirror "copy:$t/archive"
	make_split "$t/newer" $release 7.9.1-2 "$d/images/gzip"
	publish "$t/newer" nineteen-backports nineteen-backports "$t/archive"
	run -0 --separate-stderr fetch --mirror "copy:$t/archive"
	has_only "$release"
	grep -qx version=7.9.1-2 "$kernels/$release/meta"
	cmp "$kernels/$release/vmlinuz" "$d/images/gzip"
}

@test "a kernel without sched_ext that was asked for is stored but not fit" {
	run -0 --separate-stderr from_archive --suite sid
	[ "$output" = "$kernels/6.7.1-test-cloud-amd64/vmlinuz" ]
	[ "$stderr" = "ktstr-kernel: kernel '6.7.1-test-cloud-amd64' lacks CONFIG_SCHED_CLASS_EXT: stored, but not fit for tests" ]
	run -2 --separate-stderr ktstr-kernel path
	[ "$stderr" = "ktstr-kernel: no kernel with sched_ext in the cache: run 'ktstr-kernel fetch'" ]
	run -2 --separate-stderr ktstr-kernel path 6.7
	[ "$stderr" = "ktstr-kernel: kernel '6.7.1-test-cloud-amd64' lacks CONFIG_SCHED_CLASS_EXT" ]
	run -0 ktstr-kernel path --any 6.7.1
	[ "$output" = "$kernels/6.7.1-test-cloud-amd64/vmlinuz" ]
	# Nor does it count as the one that is not missing.
	run -2 fetch --if-missing --mirror "copy:$t/none"
}

@test "a search that finds nothing fit says what it found" {
	mkdir -p "$t/archive"
	publish "$d/old" sid sid "$t/archive"
	run -2 --separate-stderr fetch --mirror "copy:$t/archive"
	[ "$stderr" = "ktstr-kernel: found no kernel of flavour 'cloud' that has sched_ext; 6.7.1-test-cloud-amd64 lacks CONFIG_SCHED_CLASS_EXT" ]
	[ "$output" = "" ]
	has_only
}

@test "unknown suite, flavour, mirror, options" {
	run -2 --separate-stderr from_archive --suite nosuch
	[ "$stderr" = "ktstr-kernel: no mirror has suite 'nosuch' (copy:$d/archive)" ]
	run -2 --separate-stderr from_archive --suite sid --flavour nosuch
	[ "$stderr" = "ktstr-kernel: suite 'sid' has no kernel of flavour 'nosuch' ('linux-image-nosuch-amd64')" ]
	run -2 --separate-stderr from_archive --flavour nosuch
	[ "$stderr" = "ktstr-kernel: found no kernel of flavour 'nosuch' that has sched_ext on any mirror" ]
	run -2 --separate-stderr fetch --mirror 'http://127.0.0.1:9/debian'
	[[ $stderr == "ktstr-kernel: cannot read the package list of suite 'stable-backports': "*127.0.0.1:9* ]]
	for bad in nonsense 'http://x y' '-o' 'file:relative'; do
		run -2 --separate-stderr fetch --mirror "$bad"
		[[ $stderr == "ktstr-kernel: bad mirror '$bad'"* ]]
	done
	for bad in '' '../x' 'a b' '-x'; do
		run -2 --separate-stderr fetch --suite "$bad"
		[ "$stderr" = "ktstr-kernel: bad suite '$bad'" ]
	done
	run -2 --separate-stderr fetch --bogus
	[ "$stderr" = "ktstr-kernel: fetch: bad argument '--bogus' (try --help)" ]
	run -2 --separate-stderr ktstr-kernel fetch --suite
	[ "$stderr" = "ktstr-kernel: option '--suite' needs an argument" ]
	run -2 ktstr-kernel
	run -2 ktstr-kernel nonsense
	[ ! -e "$kernels" ] || has_only
}

@test "a system whose apt has no mirror" {
	: >"$t/etc/sources.list"
	run -2 --separate-stderr fetch
	[ "$stderr" = "ktstr-kernel: this system's apt has no mirror: give one with --mirror" ]
}

@test "keys that do not fit, and no keys" {
	run -2 --separate-stderr from_archive --keyring "$d/other.gpg"
	[ "$stderr" = "ktstr-kernel: the keys in '$d/other.gpg' do not verify suite 'stable-backports': install a newer debian-archive-keyring" ]
	run -2 --separate-stderr from_archive --keyring "$d/none.gpg"
	[ "$stderr" = "ktstr-kernel: no keys to check packages by: cannot read '$d/none.gpg' (package debian-archive-keyring)" ]
	has_only
}

@test "a list past its time: an alias may be, the suite itself must not" {
	cp -R "$d/archive" "$t/archive"
	valid_until=$(LC_ALL=C date -u -d '1 hour ago' '+%a, %d %b %Y %H:%M:%S UTC')
	publish "$d/back" stable-backports nineteen-backports "$t/archive"
	run -0 --separate-stderr fetch --mirror "copy:$t/archive"
	[ "$output" = "$kernels/$release/vmlinuz" ]
	publish "$d/new" nineteen-backports nineteen-backports "$t/archive"
	run -2 --separate-stderr fetch --mirror "copy:$t/archive" --force
	[[ $stderr == "ktstr-kernel: cannot read the package list of suite 'nineteen-backports': Release file for "*" is expired"* ]]
}

@test "a page that is no package list" {
	mkdir -p "$t/archive/dists/sid"
	echo '<html>log in first</html>' >"$t/archive/dists/sid/InRelease"
	run -2 --separate-stderr fetch --mirror "copy:$t/archive" --suite sid
	[[ $stderr == "ktstr-kernel: cannot read the package list of suite 'sid': "* ]]
}

@test "a package that is not what the list says is refused" {
	cp -R "$d/archive" "$t/archive"
	printf x >>"$t/archive/pool/linux-binary-${release}_7.9.1-1_amd64.deb"
	run -2 --separate-stderr fetch --mirror "copy:$t/archive"
	[[ $stderr == "ktstr-kernel: cannot download 'linux-image-$release': "* ]]
	has_only
}

@test "a package with a truncated kernel leaves nothing" {
	head -c 100000 "$d/images/zstd" >"$t/cut"
	make_split "$t/pool" $release 7.9.1-9 "$t/cut"
	publish "$t/pool" sid sid "$t/archive"
	run -2 --separate-stderr fetch --mirror "copy:$t/archive"
	[[ $stderr == "ktstr-kernel: cannot unpack the kernel: ktstr-kimage: '"*"': the bzImage is truncated: 100000 bytes of at least "* ]]
	has_only
}

@test "a full disk is told before anything is fetched" {
	wrap df <<<'printf "head\nnone 9 9 60000 9 /\n"'
	run -2 --separate-stderr from_archive
	[ "$stderr" = "ktstr-kernel: no space for package lists: '$kernels' has 58 MiB left, 64 MiB are needed" ]
	wrap df <<<'printf "head\nnone 9 9 100000 9 /\n"'
	run -2 --separate-stderr from_archive
	[ "$stderr" = "ktstr-kernel: no space for kernel '$release': '$kernels' has 97 MiB left, 137 MiB are needed" ]
	has_only
}

@test "a disk that fills up under it leaves nothing" {
	mkdir "$t/ours"
	cat >"$t/ours/ktstr-kimage" <<-'END'
	#!/bin/sh
	echo "ktstr-kimage: cannot write 'standard output': no space left on device" >&2
	exit 2
	END
	chmod +x "$t/ours/ktstr-kimage"
	KTSTR_BIN=$t/ours run -2 --separate-stderr from_archive
	[ "$stderr" = "ktstr-kernel: cannot unpack the kernel: ktstr-kimage: cannot write 'standard output': no space left on device" ]
	has_only
}

@test "a cache that cannot be made" {
	: >"$t/file"
	XDG_CACHE_HOME=$t/file run -2 --separate-stderr from_archive
	[ "$stderr" = "ktstr-kernel: cannot create '$t/file/ktstr/kernels': not a directory" ]
	XDG_CACHE_HOME=/proc/none run -2 --separate-stderr from_archive
	[ "$stderr" = "ktstr-kernel: cannot create '/proc/none/ktstr/kernels': no such file or directory" ]
	run -2 --separate-stderr env -u HOME XDG_CACHE_HOME=relative "$top/cmd/ktstr-kernel" list
	[ "$stderr" = "ktstr-kernel: neither HOME nor XDG_CACHE_HOME is set" ]
}

@test "a missing tool is named with its package" {
	# Absolute paths below, for PATH has all of /usr/bin but apt-get.
	mkdir "$t/few"
	find /usr/bin -maxdepth 1 ! -name apt-get -exec ln -s -t "$t/few" {} +
	PATH=$t/few run -2 --separate-stderr "$top/cmd/ktstr-kernel" fetch --mirror "copy:$d/archive"
	[ "$stderr" = "ktstr-kernel: 'apt-get' is not installed (package apt)" ]
}

@test "a terminated fetch leaves nothing and ends what it started" {
	block_unpacking
	"$top/cmd/ktstr-kernel" fetch --keyring "$d/archive.gpg" --mirror "copy:$d/archive" >"$t/out" 2>&1 3>&- &
	fetcher=$!
	read -r _ <"$t/reached"
	kill -TERM $fetcher
	status=0
	wait $fetcher || status=$?
	[ "$status" = 143 ]
	has_only
	! kill -0 "$(cat "$t/blocked")" 2>/dev/null || false
}

@test "what a killed fetch leaves goes with the next" {
	block_unpacking
	"$top/cmd/ktstr-kernel" fetch --keyring "$d/archive.gpg" --mirror "copy:$d/archive" >"$t/out" 2>&1 3>&- &
	fetcher=$!
	read -r _ <"$t/reached"
	kill -KILL $fetcher
	wait $fetcher || :
	[ -n "$(find "$kernels" -name '.tmp.*')" ]
	[ ! -e "$kernels/$release" ]
	# The lock goes when the child of the killed one ends.
	echo go >"$t/go"
	run -0 --separate-stderr from_archive
	has_only "$release"
}

@test "two fetches at once end with one good entry" {
	block_unpacking
	from_archive >"$t/one" 2>&1 3>&- &
	one=$!
	read -r _ <"$t/reached"
	from_archive >"$t/two" 2>&1 3>&- &
	two=$!
	for _ in $(seq 200); do
		! pgrep -f "^flock 9\$" >/dev/null || break
		sleep 0.05
	done
	has_only "$(cd "$kernels" && echo .tmp.*)"
	echo go >"$t/go"
	wait $one
	wait $two
	[ "$(cat "$t/one")" = "$kernels/$release/vmlinuz" ]
	[ "$(cat "$t/two")" = "$kernels/$release/vmlinuz" ]
	has_only "$release"
}

# ---- list, path, clean ----

# Entries as fetch stores them, without a mirror. entry RELEASE FIT
entry()
{
	mkdir -p "$kernels/$1/modules"
	cp "$d/images/zstd" "$kernels/$1/vmlinuz"
	echo ELF >"$kernels/$1/vmlinux"
	: >"$kernels/$1/config"
	cat >"$kernels/$1/meta" <<-END
	release=$1
	version=1-1
	suite=sid
	flavour=cloud
	fit=$2
	lacks=$([ "$2" = yes ] || echo CONFIG_SCHED_CLASS_EXT)
	vmlinuz_bytes=$(stat -c %s "$kernels/$1/vmlinuz")
	vmlinux_bytes=4
	END
}

@test "list shows newest first, fit or what it lacks, and damage" {
	run -0 ktstr-kernel list
	[ "$output" = "" ]
	run -0 ktstr-kernel list --json
	[ "$(jq -c . <<<"$output")" = "[]" ]
	entry 7.9.0-x yes
	entry 7.10.0-x no
	entry 7.2.0-x yes
	truncate -s 100 "$kernels/7.2.0-x/vmlinuz"
	run -0 ktstr-kernel list
	[[ ${lines[0]} == "7.10.0-x "*" lacks CONFIG_SCHED_CLASS_EXT" ]]
	[[ ${lines[1]} == "7.9.0-x "*" fit" ]]
	[[ ${lines[2]} == "7.2.0-x "*" damaged: fetch it again, or clean it" ]]
	[ ${#lines[@]} = 3 ]
	run -0 ktstr-kernel list --json
	[ "$(jq -c 'map([.release, .fit, .damaged, .lacks])' <<<"$output")" = \
		'[["7.10.0-x",false,false,["CONFIG_SCHED_CLASS_EXT"]],["7.9.0-x",true,false,[]],["7.2.0-x",false,true,[]]]' ]
	[ "$(jq -r '.[1].vmlinuz' <<<"$output")" = "$kernels/7.9.0-x/vmlinuz" ]
	run -2 ktstr-kernel list --bogus
}

@test "path gives the newest fit kernel, a release, a beginning of one" {
	entry 7.9.0-x yes
	entry 7.10.0-x yes
	entry 7.11.0-x no
	run -0 ktstr-kernel path
	[ "$output" = "$kernels/7.10.0-x/vmlinuz" ]
	run -0 ktstr-kernel path 7.9
	[ "$output" = "$kernels/7.9.0-x/vmlinuz" ]
	run -0 ktstr-kernel path 7.9.0-x
	[ "$output" = "$kernels/7.9.0-x/vmlinuz" ]
	run -2 --separate-stderr ktstr-kernel path 7.1
	[ "$stderr" = "ktstr-kernel: no kernel '7.1' in the cache, nor such a file (see 'ktstr-kernel list')" ]
	run -2 ktstr-kernel path 7.9 7.10
	run -2 ktstr-kernel path --bogus
	run -2 ktstr-kernel path ''
	truncate -s 100 "$kernels/7.10.0-x/vmlinuz"
	run -0 ktstr-kernel path
	[ "$output" = "$kernels/7.9.0-x/vmlinuz" ]
	run -2 --separate-stderr ktstr-kernel path 7.10.0-x
	[ "$stderr" = "ktstr-kernel: kernel '7.10.0-x' in the cache is damaged: fetch it again" ]
}

@test "path of a file is the file when it is a kernel that will do" {
	cd "$d/images"
	run -0 ktstr-kernel path gzip
	[ "$output" = gzip ]
	run -0 ktstr-kernel path --any "$d/images/lz4"
	[ "$output" = "$d/images/lz4" ]
	head -c 5000 xz >"$t/cut"
	run -2 --separate-stderr ktstr-kernel path "$t/cut"
	[[ $stderr == "ktstr-kernel: '$t/cut': the bzImage is truncated: 5000 bytes of at least "* ]]
	run -2 --separate-stderr ktstr-kernel path "$t/none"
	[ "$stderr" = "ktstr-kernel: cannot open '$t/none': no such file or directory" ]
}

@test "clean removes what it is told to" {
	for v in 7.1 7.2 7.3 7.4; do
		entry "$v.0" yes
	done
	entry 7.9.0 no
	run -2 ktstr-kernel clean
	run -2 ktstr-kernel clean --keep x
	run -2 ktstr-kernel clean --keep
	run -2 ktstr-kernel clean --all 7.1.0
	run -2 --separate-stderr ktstr-kernel clean 7.1.0 7.7.7
	[ "$stderr" = "ktstr-kernel: clean: no kernel '7.7.7' in the cache" ]
	run -2 ktstr-kernel clean ../kernels
	has_only 7.1.0 7.2.0 7.3.0 7.4.0 7.9.0
	run -0 ktstr-kernel clean 7.1.0
	[ "$output" = "" ]
	has_only 7.2.0 7.3.0 7.4.0 7.9.0
	run -0 ktstr-kernel clean --keep 2
	has_only 7.3.0 7.4.0
	mkdir -p "$XDG_CACHE_HOME/ktstr/apt/x"
	run -0 ktstr-kernel clean --all
	has_only
	[ ! -e "$XDG_CACHE_HOME/ktstr/apt" ]
}

# ---- ktstr-kimage ----

@test "kimage tells what an image is" {
	for c in none gzip xz lzma zstd lz4; do
		run -0 --separate-stderr ktstr-kimage "$d/images/$c"
		[ "$(jq -c '[.kind, .release, .compression, .btf, .sched_ext, .pvh]' <<<"$output")" = \
			"[\"bzImage\",\"$release\",\"$c\",true,true,true]" ]
	done
	ktstr-kimage --vmlinux "$d/images/xz" >"$t/vmlinux"
	run -0 ktstr-kimage --info "$t/vmlinux"
	[ "$(jq -r '.kind + " " + .release' <<<"$output")" = "vmlinux $release" ]
}

@test "kimage fails for what is required and missing" {
	run -0 ktstr-kimage --require sched_ext --require btf --require pvh "$d/images/zstd"
	ktstr-kimage --vmlinux "$d/images/zstd" | sed 's/sched_ext_ops/sched_ext_opt/' >"$t/without"
	run -2 --separate-stderr ktstr-kimage --require pvh --require sched_ext "$t/without"
	[ "$stderr" = "ktstr-kimage: '$t/without': kernel $release lacks sched_ext (CONFIG_SCHED_CLASS_EXT)" ]
	[ "$output" = "" ]
	run -2 --separate-stderr ktstr-kimage --require magic "$t/without"
	[ "$stderr" = "ktstr-kimage: --require: unknown feature 'magic' (btf, sched_ext, pvh)" ]
}

@test "kimage names what is wrong with a file" {
	head -c 20000 "$d/images/zstd" >"$t/cut"
	run -2 --separate-stderr ktstr-kimage "$t/cut"
	[[ $stderr == "ktstr-kimage: '$t/cut': the bzImage is truncated: 20000 bytes of at least "* ]]
	ktstr-kimage --vmlinux "$d/images/zstd" | head -c 200000 >"$t/cut"
	run -2 --separate-stderr ktstr-kimage "$t/cut"
	[[ $stderr == "ktstr-kimage: '$t/cut': the ELF file is truncated: "* ]]
	: >"$t/empty"
	run -2 --separate-stderr ktstr-kimage "$t/empty"
	[ "$stderr" = "ktstr-kimage: '$t/empty': the file is empty" ]
	run -2 --separate-stderr ktstr-kimage "$BATS_TEST_FILENAME"
	[ "$stderr" = "ktstr-kimage: '$BATS_TEST_FILENAME': neither a bzImage nor an ELF file" ]
	run -2 --separate-stderr ktstr-kimage "$t"
	[ "$stderr" = "ktstr-kimage: cannot read '$t': is a directory" ]
	run -2 --separate-stderr ktstr-kimage "$(command -v ktstr-kimage)"
	[[ $stderr == *"has no Linux banner, so it is not a kernel" ]]
	run -2 ktstr-kimage
	run -2 ktstr-kimage a b
}

@test "kimage says when it cannot write" {
	run -2 --separate-stderr sh -c 'ktstr-kimage --vmlinux "$1" >/dev/full' sh "$d/images/zstd"
	[ "$stderr" = "ktstr-kimage: cannot write 'standard output': no space left on device" ]
	# A reader that has enough is no error.
	run -0 bash -o pipefail -c 'ktstr-kimage --vmlinux "$1" | head -c 4 >/dev/null' sh "$d/images/zstd"
}

# ---- with a real mirror ----

@test "network: the kernel for tests, shared by all tests" {
	unset XDG_CACHE_HOME APT_CONFIG
	run -0 --separate-stderr ktstr-kernel fetch --if-missing
	kernel=$output
	ktstr-kimage --require sched_ext --require btf --require pvh "$kernel" >/dev/null
	[ -s "${kernel%/*}/modules/modules.dep" ]
	run -0 ktstr-kernel path
	[ "$(ktstr-kimage "$output" | jq -r .release)" = "$(basename "${output%/*}")" ]
}

@test "network: the kernel of this system's own suite, fit or not" {
	unset APT_CONFIG
	# shellcheck source=/dev/null
	. /etc/os-release
	run -0 --separate-stderr ktstr-kernel fetch --suite "$VERSION_CODENAME"
	kernel=$output
	ktstr-kimage "$kernel" >/dev/null
	[ -s "${kernel%/*}/modules/modules.dep" ]
	if grep -qx CONFIG_SCHED_CLASS_EXT=y "${kernel%/*}/config"; then
		[ "$stderr" = "" ]
		ktstr-kernel path
	else
		[[ $stderr == *"lacks CONFIG_SCHED_CLASS_EXT: stored, but not fit for tests" ]]
		run -2 ktstr-kernel path
		run -2 ktstr-kimage --require sched_ext "$kernel"
	fi
}
