/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <unistd.h>

#include "work/types.h"

/*
 * Each member computes, wakes the next one through a pipe and waits for the one before. A member
 * that stops closes its ends by ending, and so the next one's read ends too.
 */
void work_run_pipe(struct work_ctx *w)
{
	uint64_t spins = work_param(w->work, "burst");

	while (!work_stopping(w)) {
		char byte = 0;
		ssize_t n;

		work_spin(w, spins);
		work_wake_next(w);
		n = write(w->out_fd, &byte, 1);
		if (n == 1) {
			work_wait_begin(w);
			do {
				n = read(w->in_fd, &byte, 1);
			} while (n < 0 && errno == EINTR);
			work_wait_end(w);
		}
		if (n != 1)
			return; /* the partner is gone */
		work_turn(w, spins);
	}
}
