/* SPDX-License-Identifier: GPL-2.0-only */
#include "sandbox/sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <string.h>

#include "base/cleanup.h"

/* What every program needs to go on with what it has. */
static const char *const base[] = {
	"brk",
	"clock_gettime",
	"clock_nanosleep",
	"close",
	"exit",
	"exit_group",
	"fcntl",
	"fstat",
	"futex",
	"getpid",
	"getrandom",
	"gettid",
	"gettimeofday",
	"lseek",
	"madvise",
	"mmap",
	"mprotect",
	"mremap",
	"munmap",
	"newfstatat",
	"poll",
	"ppoll",
	"pread64",
	"read",
	"readv",
	"restart_syscall",
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"sched_yield",
	"sigaltstack",
	"sysinfo", /* qsort(3) of more than a KiB asks how much memory there is */
	"tgkill",
	"write",
	"writev",
	NULL,
};

static void filter_release(scmp_filter_ctx *filter)
{
	if (*filter)
		seccomp_release(*filter);
}

static int allow(scmp_filter_ctx filter, const char *const *names, struct err *e)
{
	for (; *names; names++) {
		int call = seccomp_syscall_resolve_name(*names), code;

		if (call == __NR_SCMP_ERROR)
			continue;
		code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
		if (code)
			return err_set(e, -code, "cannot allow the system call '%s': %s", *names,
				       strerror(-code));
	}
	return 0;
}

int sandbox_enter(const char *const *more, struct err *e)
{
	_cleanup_(filter_release) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int code;

#if defined(__SANITIZE_ADDRESS__)
	return 0;
#endif
	if (!filter)
		return err_set(e, ENOMEM, "cannot make a system call filter");
	if (allow(filter, base, e) || allow(filter, more, e))
		return -1;
	code = seccomp_load(filter);
	if (code)
		return err_set(e, -code, "cannot load the system call filter: %s", strerror(-code));
	return 0;
}
