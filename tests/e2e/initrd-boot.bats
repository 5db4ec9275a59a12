#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# time-limit: 400
# A guest that runs from what ktstr-initrd wrote: the kernel unpacks it, the dynamic linker finds
# the libraries, the modules load in the order of the list.
# shellcheck disable=SC2016 # $ORIGIN is for the dynamic linker
bats_require_minimum_version 1.5.0

setup()
{
	root=$BATS_TEST_DIRNAME/../..
	PATH=${KTSTR_BIN:-$root/build/bin}:$root/cmd:$PATH
	cd "$BATS_TEST_TMPDIR" || return
	command -v qemu-system-x86_64 >/dev/null || skip 'qemu-system-x86_64 is not installed'
	kernel=$(ktstr-kernel path 2>/dev/null) || skip 'no kernel is in the cache'
}

# An agent that prints the names of the folder it starts in, loads /modules, and runs the programs
# of its command line (words with a slash).
make_agent()
{
	cc -x c -static -o agent - <<-'END'
		#define _GNU_SOURCE
		#include <fcntl.h>
		#include <stdio.h>
		#include <string.h>
		#include <sys/mount.h>
		#include <sys/reboot.h>
		#include <sys/syscall.h>
		#include <sys/wait.h>
		#include <unistd.h>

		static void load(char *path)
		{
			int fd;

			path[strcspn(path, "\n")] = 0;
			fd = open(path, O_RDONLY);
			printf("module %s %s\n", path,
			       fd >= 0 && !syscall(SYS_finit_module, fd, "", 0) ? "loaded" : "failed");
		}

		static void run(char *path)
		{
			int status = -1;

			fflush(stdout);
			if (!fork()) {
				execl(path, path, (char *)0);
				_exit(99);
			}
			wait(&status);
			printf("run %s %d\n", path, WEXITSTATUS(status));
		}

		int main(int argc, char **argv)
		{
			static char line[4096];
			FILE *f = fopen("/modules", "r");

			printf("\nagent %d\n", getpid());
			while (f && fgets(line, sizeof(line), f))
				load(line);
			for (int i = 1; i < argc; i++)
				if (argv[i][0] == '/')
					run(argv[i]);
			printf("end\n");
			fflush(stdout);
			return reboot(RB_POWER_OFF);
		}
	END
}

# boot PROGRAM...: boot the archive `initrd`; what the guest's programs wrote goes to the file log.
boot()
{
	timeout -k 5 300 qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot \
		-machine q35 -accel tcg,thread=single -icount shift=0,sleep=off -cpu max -m 512M \
		-kernel "$kernel" -initrd initrd \
		-append "console=ttyS0 quiet panic=-1 rdinit=/init -- $*" -serial file:serial </dev/null
	tr -d '\r' <serial >log
	cat log
	grep -qx 'agent 1' log
	grep -qx 'end' log
}

@test "programs and modules run in a guest" {
	mkdir bin lib far
	cc -x c -shared -fPIC -Wl,-soname,libfar.so -o far/libfar.so - <<<'int far(void) { return 20; }'
	cc -x c -shared -fPIC -Wl,-soname,libnear.so -o lib/libnear.so - -x none -Lfar -lfar \
		<<<'int far(void); int near(void) { return far() + 2; }'
	# libnear is found by $ORIGIN, libfar in a folder that the guest has nothing in.
	cc -x c -o bin/sched - -x none -Llib -lnear -Wl,-rpath-link,far \
		-Wl,--disable-new-dtags,-rpath,'$ORIGIN/../lib:'"$PWD/far" \
		<<<'int near(void); int main(void) { return near(); }'
	run -22 bin/sched
	make_agent
	args=(--agent agent --scheduler bin/sched --file "$(command -v bash):/bin/bash")
	printf '#!/bin/bash\nexit 7\n' >script
	chmod +x script
	args+=(--file script)
	modules=$(dirname "$kernel")/modules
	if grep -q '/vsock_loopback\.ko' "$modules/modules.dep"; then
		args+=(--modules-dir "$modules" --module vsock-loopback)
	fi
	ktstr-initrd "${args[@]}" >initrd
	boot /scheduler/sched /script
	grep -qx 'run /scheduler/sched 22' log
	grep -qx 'run /script 7' log
	if [ "${#args[@]}" -gt 8 ]; then
		[ "$(grep -c '^module .* loaded$' log)" -ge 2 ]
		[[ $(grep '^module ' log | tail -n 1) == *'/vsock_loopback.ko loaded' ]]
	fi
	run ! grep -q '^module .* failed$' log
}
