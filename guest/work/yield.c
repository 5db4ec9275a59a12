/* SPDX-License-Identifier: GPL-2.0-only */
#include <sched.h>

#include "work/types.h"

void work_run_yield(struct work_ctx *w)
{
	while (!work_stopping(w)) {
		sched_yield();
		work_turn(w, 1);
	}
}
