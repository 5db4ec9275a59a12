/* SPDX-License-Identifier: GPL-2.0-only */
/* deny CALL COMMAND...: run a command for which the system call CALL fails with EPERM. */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int call = argc < 3 ? __NR_SCMP_ERROR : seccomp_syscall_resolve_name(argv[1]);

	if (!filter || call == __NR_SCMP_ERROR ||
	    seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 0) || seccomp_load(filter)) {
		fputs("usage: deny CALL COMMAND...\n", stderr);
		return 2;
	}
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 127;
}
