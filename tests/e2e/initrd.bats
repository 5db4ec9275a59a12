#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# ktstr-initrd as its users see it: what is in the archive, that it is always the same, messages and
# statuses. That a guest runs from it is in initrd-boot.bats.
# shellcheck disable=SC2016 # $ORIGIN is for the dynamic linker
bats_require_minimum_version 1.5.0

# cc_to FILE ARGUMENT...: compile standard input as C
cc_to()
{
	local out=$1
	shift
	cc -x c -o "$out" - -x none "$@"
}

setup_file()
{
	cd "$BATS_FILE_TMPDIR" || return
	cc_to agent -static <<<'int main(void) { return 0; }'
	cc_to plain <<<'int main(void) { return 0; }'
}

setup()
{
	root=$BATS_TEST_DIRNAME/../..
	PATH=${KTSTR_BIN:-$root/build/bin}:${KTSTR_BIN:-$root/build/bin}/../tests/helper:$PATH
	unset LD_LIBRARY_PATH
	cd "$BATS_TEST_TMPDIR" || return
	agent=$BATS_FILE_TMPDIR/agent plain=$BATS_FILE_TMPDIR/plain
	echo 'topology 1n1l1c1t' >scenario
}

# Write an archive with the tests' agent, unpack it into x; its list is in the file list.
pack()
{
	run -0 --separate-stderr ktstr-initrd --agent "$agent" --output archive "$@"
	[ -z "$output$stderr" ]
	rm -rf x
	mkdir x
	cpio --list --quiet <archive >list
	# Device nodes want root; the list shows them.
	(cd x && cpio --extract --make-directories --quiet --nonmatching '*dev/console' <../archive)
}

# refused WHAT ARGUMENT...: status 2, one line on stderr with WHAT in it, no archive.
refused()
{
	local what=$1
	shift
	run -2 --separate-stderr ktstr-initrd --agent "$agent" --output refused "$@"
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ $stderr == "ktstr-initrd: "*"$what"* ]] || {
		echo "got: $stderr"
		false
	}
	[ -z "$(ls -d refused* 2>/dev/null)" ]
}

# library FILE NAME [NEEDED...]: a shared library that has the function NAME
library()
{
	local out=$1 name=$2
	shift 2
	cc_to "$out" -shared -fPIC -Wl,-soname,"lib$name.so" "$@" <<<"int $name(void) { return 1; }"
}

# program FILE NAME ARGUMENT...: a program that calls the function NAME
program()
{
	local out=$1 name=$2
	shift 2
	cc_to "$out" -Wl,--no-as-needed "$@" <<<"int $name(void); int main(void) { return $name(); }"
}

# ---- the archive ----

@test "everything is where the agent looks for it" {
	echo 'small 1n1l2c1t' >presets
	pack --scheduler "$plain" --scenario scenario --topologies presets
	cmp x/init "$agent"
	cmp x/scheduler/plain "$plain"
	cmp x/scenario scenario
	cmp x/topologies presets
	[ "$(stat -c %a x/init x/scheduler/plain x/scenario x/topologies | xargs)" = '755 755 644 644' ]
	for folder in dev proc run sys tmp; do
		[ "$(stat -c %F x/$folder)" = directory ]
		[ -z "$(ls -A x/$folder)" ]
	done
	cpio --list --verbose --quiet <archive | grep -Eq '^crw------- +1 root +root +5, +1 .* dev/console$'
	[ ! -e x/modules ]
}

@test "agent and topologies have defaults" {
	run -0 ktstr-initrd --output archive
	cpio --list --quiet <archive >list
	grep -qx init list
	grep -qx topologies list
}

@test "the scenario may come through a pipe" {
	run -0 ktstr-initrd --agent "$agent" --scenario - --output archive < <(cat scenario)
	cpio --extract --quiet --to-stdout scenario <archive | cmp - scenario
}

@test "the same input gives the same bytes" {
	mkdir a b
	cp scenario "$plain" a
	(
		cd a
		umask 077
		TZ=UTC ktstr-initrd --agent "$agent" --scheduler ./plain --file scenario:/one \
			--file plain:/two --scenario scenario >archive
	)
	cp a/scenario a/plain b
	touch -d 2001-01-01 b/scenario
	(
		cd b
		umask 0
		TZ=Asia/Tokyo ktstr-initrd --file "$PWD/plain:/two" --file "$PWD/scenario:/one" \
			--scenario scenario --scheduler "$PWD/plain" --agent "$agent" --output archive
	)
	cmp a/archive b/archive
	[ $(($(stat -c %s a/archive) % 512)) -eq 0 ]
}

@test "no time, owner or inode of the host is in it" {
	pack --scheduler "$plain"
	TZ=UTC cpio --list --verbose --numeric-uid-gid --quiet <archive >long
	[ "$(awk '{print $3, $4}' long | sort -u)" = '0 0' ]
	run ! grep -v 'Jan  1  1970' long
}

# ---- libraries ----

# Base names of what ldd says, the vDSO aside.
ldd_names()
{
	ldd "$1" | sed -n 's/^\t\([^ ]*\) .*/\1/p' | sed 's,.*/,,' | grep -v '^linux-vdso' | sort -u
}

@test "the closure of real programs is what ldd says" {
	local tried=0
	for program in "$(command -v bash)" "$(command -v qemu-system-x86_64)" "$(command -v git)" \
		"$(command -v bpftool)" "$(command -v clang)"; do
		[ -x "$program" ] && readelf -lW "$program" 2>/dev/null | grep -q INTERP || continue
		closure /etc/ld.so.conf "$program" /scheduler/x >pairs
		[ "$(head -n 1 pairs)" = "$program /scheduler/x" ]
		sed 1d pairs | sed 's,.*/,,' | sort -u >ours
		ldd_names "$program" >theirs
		diff theirs ours
		tried=$((tried + 1))
	done
	[ "$tried" -gt 0 ]
}

@test "a closure is in the archive by the names that the loader uses" {
	pack --scheduler "$plain"
	[ "$(ldd_names "$plain" | wc -l)" -eq 2 ]
	ldd "$plain" | grep -o '/[^ ]*' | while read -r path; do
		cmp "x/$(realpath -m --relative-to / "$path")" "$path" 2>/dev/null || cmp "x$path" "$path"
	done
}

@test "a statically linked scheduler needs nothing" {
	pack --scheduler "$agent"
	run ! grep -q '\.so' list
	cmp x/scheduler/agent "$agent"
}

@test "RUNPATH with \$ORIGIN: beside the guest's scheduler" {
	mkdir bin lib
	library lib/libone.so one
	program bin/prog one -Llib -lone -Wl,--enable-new-dtags,-rpath,'${ORIGIN}/../lib'
	bin/prog || [ $? -eq 1 ]
	run -0 closure /dev/null bin/prog /scheduler/prog
	[[ $output == *$'\n'"$PWD/bin/../lib/libone.so /scheduler/../lib/libone.so"$'\n'* ]]
	pack --scheduler bin/prog
	cmp x/lib/libone.so lib/libone.so || cmp x/usr/lib/libone.so lib/libone.so
	# $ORIGIN of a program is behind its symlinks.
	ln -s bin/prog link
	run -0 closure /dev/null link /scheduler/link
	[[ $output == *"$PWD/bin/../lib/libone.so"* ]]
}

@test "a library that nothing but ld.so.conf leads to goes to the loader's own folder" {
	mkdir lib
	library lib/libone.so one
	program prog one -Llib -lone
	echo "$PWD/lib" >conf
	run -2 closure /dev/null prog /scheduler/prog
	run -0 closure conf prog /scheduler/prog
	loader=$(readelf -l prog | sed -n 's/.*interpreter: \(.*\)]/\1/p')
	folder=$(dirname "$(readlink -f "$loader")")
	[[ $output == *$'\n'"$PWD/lib/libone.so ${folder#/usr}/libone.so"$'\n'* ]]
}

@test "a library in a folder that the guest mounts over goes to the loader's own folder" {
	case $PWD in
	/tmp/* | /run/*) ;;
	*) skip "the temporary folder is not below /tmp" ;;
	esac
	mkdir lib
	library lib/libone.so one
	program prog one -Llib -lone -Wl,--enable-new-dtags,-rpath,"$PWD/lib"
	run -0 closure /dev/null prog /scheduler/prog
	[[ $output == *$'\n'"$PWD/lib/libone.so /lib"*"/libone.so"$'\n'* ]]
	pack --scheduler prog
}

@test "RPATH counts for the libraries of libraries, RUNPATH does not" {
	mkdir lib
	library lib/libtwo.so two
	library lib/libone.so one -Wl,--no-as-needed -Llib -ltwo
	program old one -Llib -lone -Wl,-rpath-link,lib -Wl,--disable-new-dtags,-rpath,'$ORIGIN/lib'
	program new one -Llib -lone -Wl,-rpath-link,lib -Wl,--enable-new-dtags,-rpath,'$ORIGIN/lib'
	run -0 ldd old
	[[ $output != *'not found'* ]]
	ldd new | grep 'libtwo.so => not found'
	run -0 closure /dev/null old /scheduler/old
	[[ $output == *"$PWD/lib/libtwo.so /scheduler/lib/libtwo.so"* ]]
	refused "library 'libtwo.so' needed by '$PWD/lib/libone.so' is not found" --scheduler new
}

@test "RPATH of a library that has RUNPATH does not count" {
	mkdir lib far
	library far/libthree.so three
	library lib/libtwo.so two -Wl,--no-as-needed -Lfar -lthree
	# No linker writes both: one is written as something else and then renamed.
	library lib/libone.so one -Wl,--no-as-needed -Llib -ltwo -Wl,-rpath-link,far \
		-Wl,--auxiliary="$PWD/far" -Wl,--enable-new-dtags,-rpath,'$ORIGIN'
	program prog one -Llib -lone -Wl,-rpath-link,lib:far -Wl,--enable-new-dtags,-rpath,'$ORIGIN/lib'
	at=$(LC_ALL=C grep -obaP '\xfd\xff\xff\x7f\0\0\0\0' lib/libone.so | cut -d : -f 1)
	printf '\17\0\0\0' | dd of=lib/libone.so bs=1 seek="$at" conv=notrunc status=none
	readelf -d lib/libone.so | grep 'RPATH.*far'
	ldd prog | grep 'libthree.so => not found'
	refused "library 'libthree.so' needed by '$PWD/lib/libtwo.so' is not found" --scheduler prog
}

@test "a library is there by the name it gives itself, too" {
	mkdir lib
	library lib/libone.so one
	library lib/libself.so self
	library lib/libtwo.so two -Wl,--no-as-needed -Llib -lself
	program prog one -Llib -lone -ltwo -Wl,-rpath-link,lib -Wl,--disable-new-dtags,-rpath,'$ORIGIN/lib'
	rm lib/libself.so
	cc_to lib/libone.so -shared -fPIC -Wl,-soname,libself.so \
		<<<'int one(void) { return 9; } int self(void) { return 1; }'
	run -9 ./prog
	run -0 closure /dev/null prog /scheduler/prog
	[[ $output != *libself* ]]
}

@test "LD_LIBRARY_PATH does not count" {
	mkdir lib
	library lib/libone.so one
	program prog one -Llib -lone
	LD_LIBRARY_PATH=$PWD/lib refused "library 'libone.so' needed by 'prog' is not found" \
		--scheduler prog
}

@test "a library for another machine is passed over, as ld.so does" {
	mkdir other lib
	library lib/libone.so one
	cp lib/libone.so other/
	# e_machine: 62 is x86-64, 183 is AArch64.
	printf '\267\0' | dd of=other/libone.so bs=1 seek=18 conv=notrunc status=none
	program prog one -Llib -lone -Wl,--enable-new-dtags,-rpath,'$ORIGIN/other:$ORIGIN/lib'
	run -0 closure /dev/null prog /scheduler/prog
	[[ $output == *"$PWD/lib/libone.so /scheduler/lib/libone.so"* ]]
	rm lib/libone.so
	refused "'libone.so'" --scheduler prog
}

@test "a library that is none, or cut, is an error" {
	mkdir lib
	library lib/libone.so one
	program prog one -Llib -lone -Wl,--enable-new-dtags,-rpath,'$ORIGIN/lib'
	cp lib/libone.so whole
	head -c 300 whole >lib/libone.so
	refused "library 'libone.so' needed by 'prog': '$PWD/lib/libone.so' is a truncated" \
		--scheduler prog
	echo 'INPUT(libother.so)' >lib/libone.so
	refused "'$PWD/lib/libone.so' is not an ELF file" --scheduler prog
	# Not taken for a script that somebody wants to have in the guest.
	refused "'$PWD/lib/libone.so' is not an ELF file" --file prog
}

@test "a library needed by its path" {
	mkdir lib
	cc_to lib/libone.so -shared -fPIC <<<'int one(void) { return 1; }' # no soname
	program prog one "$PWD/lib/libone.so"
	readelf -d prog | grep -q "NEEDED.*\[$PWD/lib/libone.so\]"
	run -0 closure /dev/null prog /scheduler/prog
	[[ $output == *"$PWD/lib/libone.so $PWD/lib/libone.so"* ]]
	program prog one lib/libone.so
	refused "'lib/libone.so' needed by 'prog' is relative" --scheduler prog
}

@test "libraries that need each other, and symlinks to libraries" {
	mkdir lib
	library lib/libtwo.so two
	library lib/libone.so.1.2 one -Wl,--no-as-needed -Llib -ltwo
	ln -s libone.so.1.2 lib/libone.so
	library lib/libtwo.so two -Wl,--no-as-needed -Llib -lone
	program prog one -Llib -lone -Wl,--disable-new-dtags,-rpath,'$ORIGIN/lib'
	pack --scheduler prog
	cmp x/scheduler/lib/libone.so lib/libone.so.1.2
	[ ! -L x/scheduler/lib/libone.so ]
	cmp x/scheduler/lib/libtwo.so lib/libtwo.so
	[ ! -e x/scheduler/lib/libone.so.1.2 ]
}

@test "a missing or foreign interpreter" {
	cc_to prog -Wl,--dynamic-linker=/no/such/loader <<<'int main(void) { return 0; }'
	refused "interpreter of 'prog': cannot open '/no/such/loader'" --scheduler prog
	cc_to prog -Wl,--dynamic-linker="$PWD/scenario" <<<'int main(void) { return 0; }'
	refused "interpreter of 'prog': '$PWD/scenario' is not an ELF file" --scheduler prog
}

# ---- what is no scheduler ----

@test "what is no scheduler" {
	refused "--scheduler: cannot open 'none': no such file" --scheduler none
	refused "--scheduler: '/tmp' is a directory" --scheduler /tmp
	refused "--scheduler: '/dev/null' is not a regular file" --scheduler /dev/null
	mkfifo fifo
	refused "--scheduler: 'fifo' is not a regular file" --scheduler fifo
	printf '#!/bin/sh\n' >script
	refused "--scheduler: 'script' is not executable" --scheduler script
	chmod +x script
	refused "--scheduler: 'script' is not an ELF file" --scheduler script
	: >empty
	chmod +x empty
	refused "--scheduler: 'empty' is not an ELF file" --scheduler empty
	echo 'int x;' | cc -x c -c -o object.o -
	chmod +x object.o
	refused "'object.o' is an ELF file but neither program nor library" --scheduler object.o
	for len in 3 20 63 64 100 500 700; do
		head -c "$len" "$plain" >short
		chmod +x short
		refused "--scheduler: 'short' is " --scheduler short
	done
}

@test "what is no agent" {
	agent=none
	refused "--agent: cannot open 'none': no such file"
	agent=scenario
	refused "--agent: 'scenario' is not executable"
}

# ---- other files ----

@test "--file: where it goes" {
	mkdir sub
	echo data >sub/data
	echo colon >a:b
	pack --file sub/data --file sub/data:/deep/er/name --file sub/data:/folder/ \
		--file /etc/passwd --file a:b --file a:b:/c:d
	for path in data deep/er/name folder/data; do
		cmp x/$path sub/data
	done
	cmp x/etc/passwd /etc/passwd
	cmp x/a:b a:b
	cmp x/c:d a:b
	[ "$(stat -c %a x/data)" = 644 ]
}

@test "--file: programs bring their libraries, scripts and data are as they are" {
	printf '#!/bin/sh\n' >script
	chmod 700 script
	cp "$plain" data
	chmod -x data
	pack --file script --file data
	run ! grep -q '\.so' list
	[ "$(stat -c %a x/script)" = 755 ]
	pack --file "$plain:/bin/plain"
	grep -q 'libc\.so\.6' list
}

@test "--file: twice the same is once, other contents are an error" {
	echo 1 >one
	echo 1 >same
	echo 2 >two
	pack --file one:/x --file same:/x --file one:/./y/../x
	[ "$(grep -cx x list)" -eq 1 ]
	refused "--file: guest path '/x' is given twice, by 'one' and 'two'" --file one:/x --file two:/x
	refused "guest path '/init' is given twice" --file one:/init
	refused "guest path '/scenario' is given twice" --scenario scenario --file one:/scenario
	refused "guest path '/x' is a file, so nothing can be in it" --file one:/x --file one:/x/y
	refused "guest path '/x' is a folder and cannot become a file" --file one:/x/y --file one:/x
}

@test "--file: what cannot be" {
	echo 1 >one
	refused "--file: cannot open 'none': no such file" --file none:/x
	refused "--file: '/etc' is a directory" --file /etc
	refused "--file: '' is not HOST[:GUEST]" --file ''
	refused "--file: ':/x' is not HOST[:GUEST]" --file :/x
	refused "would be hidden" --file one:/tmp/one
	refused "would be hidden" --file one:/proc/sys/one
	refused "root folder" --file one:/.
	mkfifo fifo
	refused "'fifo' is not a regular file" --file fifo
	truncate -s 4294967296 large
	refused "'large' is larger than 4 GiB" --file large
	refused "File name too long" --file "$(printf '%05000d' 0)" ||
		refused "not HOST[:GUEST]" --file "$(printf '%05000d' 0)"
}

@test "texts have a largest size" {
	truncate -s 1048577 long
	refused "--scenario: 'long' is larger than" --scenario long
	refused "--topologies: 'long' is larger than" --topologies long
	refused "--scenario: cannot open 'none'" --scenario none
}

# ---- modules ----

# A folder of modules as depmod leaves it, one of each compression.
modules()
{
	dir=$PWD/lib/modules/7.0.0-test
	mkdir -p "$dir/kernel/sub"
	for m in a b-b c d e; do
		printf '\177ELF module %s' "$m" >"$m.ko"
	done
	cp a.ko "$dir/kernel/"
	xz --check=crc32 <b-b.ko >"$dir/kernel/sub/b-b.ko.xz"
	zstd --quiet <c.ko >"$dir/kernel/c.ko.zst"
	gzip <d.ko >"$dir/kernel/d.ko.gz"
	cat >"$dir/modules.dep" <<-END
		kernel/a.ko:
		kernel/sub/b-b.ko.xz: kernel/a.ko
		kernel/c.ko.zst: kernel/sub/b-b.ko.xz kernel/a.ko
		kernel/d.ko.gz: kernel/c.ko.zst kernel/sub/b-b.ko.xz kernel/a.ko
		kernel/e.ko: kernel/a.ko
	END
	echo kernel/inside.ko >"$dir/modules.builtin"
}

@test "--module: needed ones first, unpacked" {
	modules
	pack --modules-dir "$dir" --module e --module d || true # e has no file
	refused "cannot open '$dir/kernel/e.ko': no such file" --modules-dir "$dir" --module e
	pack --modules-dir "$dir" --module d --module b_b --module inside --module d
	cat >want <<-END
		/lib/modules/7.0.0-test/kernel/a.ko
		/lib/modules/7.0.0-test/kernel/sub/b-b.ko
		/lib/modules/7.0.0-test/kernel/c.ko
		/lib/modules/7.0.0-test/kernel/d.ko
	END
	diff want x/modules
	while read -r path; do
		cmp "x$path" "$(basename "$path")"
	done <x/modules
	run ! grep -E '\.(xz|zst|gz)$' list
}

@test "--module: built-in only, or none" {
	modules
	pack --modules-dir "$dir" --module inside
	[ -e x/modules ] && [ ! -s x/modules ]
	pack --modules-dir "$PWD/none" # nothing is asked for
	[ ! -e x/modules ]
}

@test "--module: a folder 'modules' takes its name from the folder above" {
	modules
	mkdir cache
	mv "$dir" cache/modules
	mv cache 7.1.1-other
	pack --modules-dir 7.1.1-other/modules --module a
	[ "$(cat x/modules)" = /lib/modules/7.1.1-other/kernel/a.ko ]
	(cd 7.1.1-other && pack --modules-dir modules --module a)
	[ "$(cat x/modules)" = /lib/modules/7.1.1-other/kernel/a.ko ]
}

@test "--module: what cannot be" {
	modules
	refused "--module: the kernel has no module 'nope'" --modules-dir "$dir" --module nope
	refused "the kernel has no module 'a.ko'" --modules-dir "$dir" --module a.ko
	refused "--module needs --modules-dir" --module a
	refused "cannot resolve 'none': no such file" --modules-dir none --module a
	head -c 20 "$dir/kernel/c.ko.zst" >short
	cp short "$dir/kernel/c.ko.zst"
	refused "'$dir/kernel/c.ko.zst': zstd stream is" --modules-dir "$dir" --module c
	echo text >"$dir/kernel/a.ko"
	refused "'$dir/kernel/a.ko'" --modules-dir "$dir" --module a
	echo 'kernel/a.ko: ../../etc/x.ko' >"$dir/modules.dep"
	refused "'$dir': modules.dep:1: not the path of a module" --modules-dir "$dir" --module a
	rm "$dir/modules.dep"
	refused "cannot open '$dir/modules.dep': no such file" --modules-dir "$dir" --module a
}

# ---- output ----

@test "--output: whole or not at all" {
	echo old >archive
	trap '' XFSZ
	run -2 --separate-stderr bash -c "ulimit -f 8; exec ktstr-initrd --agent '$agent' --output archive"
	[[ $stderr == "ktstr-initrd: cannot write 'archive': file too large" ]]
	[ "$(cat archive)" = old ]
	[ "$(ls -d archive*)" = archive ]
	trap - XFSZ
	# Killed on the way: 128 + SIGXFSZ.
	run -153 bash -c "ulimit -c 0; ulimit -f 8; exec ktstr-initrd --agent '$agent' --output archive"
	[ "$(cat archive)" = old ]
	[ "$(ls -d archive*)" = archive ]
	run -0 ktstr-initrd --agent "$agent" --output archive
	[ "$(ls -d archive*)" = archive ]
	cpio --list --quiet <archive | grep -qx init
	[ "$(stat -c %a archive)" = "$(printf '%o' $((0666 & ~$(umask))))" ]
	run -2 ktstr-initrd --agent "$agent" --output no/such/folder
	run -2 ktstr-initrd --agent "$agent" --output .
}

@test "--output: what is no regular file stays what it is" {
	run -0 ktstr-initrd --agent "$agent" --output /dev/null
	[ -c /dev/null ]
	run -2 --separate-stderr ktstr-initrd --agent "$agent" --output /dev/full
	[[ $stderr == "ktstr-initrd: cannot write '/dev/full': no space left on device" ]]
}

@test "standard output: full, closed, a terminal" {
	run -2 --separate-stderr bash -c "ktstr-initrd --agent '$agent' >/dev/full"
	[[ $stderr == "ktstr-initrd: cannot write 'standard output': no space left on device" ]]
	run -2 --separate-stderr bash -c "ktstr-initrd --agent '$agent' >&-"
	[ "${#stderr_lines[@]}" -eq 1 ]
	run -141 --separate-stderr bash -c "set -o pipefail; ktstr-initrd --agent '$agent' | true"
	[ -z "$stderr" ]
	run -2 script -qec "ktstr-initrd --agent '$agent'" /dev/null
	[[ $output == *"will not write an archive to a terminal"* ]]
}

@test "options" {
	run -0 ktstr-initrd --help
	for option in agent scheduler scenario topologies file module modules-dir output; do
		[[ $output == *"  --$option "* ]]
	done
	refused "bad option '--none'" --none
	refused "unexpected argument 'x'" x
	refused "option '--file' needs an argument" --file
}
