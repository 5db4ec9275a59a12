/* SPDX-License-Identifier: GPL-2.0-only */
#include "init/child.h"

#include <signal.h>
#include <unistd.h>

#include "init/crash.h"

void child_begin(void)
{
	sigset_t none;

	setpgid(0, 0);
	crash_forget();
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}
