/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "work/types.h"

/*
 * Fork a child that exits at once, and wait for it. The child's time is ours: when it is starved,
 * so is this worker. The wake sample is the time from the child's last act to our return.
 */
void work_run_fork_exit(struct work_ctx *w)
{
	while (!work_stopping(w)) {
		pid_t child = fork();

		if (child == 0) {
			atomic_store(&w->slot->woken_ns, clock_now_ns());
			_exit(0);
		}
		if (child < 0 && errno == EAGAIN)
			continue;
		if (child < 0)
			abort();
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
		work_wait_end(w);
		work_turn(w, 1);
	}
}
