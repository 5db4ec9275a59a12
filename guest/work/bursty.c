/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/clock.h"
#include "work/types.h"

/* Busy for a span of time, then asleep for another. One turn is one of both. */
void work_run_bursty(struct work_ctx *w)
{
	uint64_t burst_ns = work_param(w->work, "burst");
	uint64_t sleep_ns = work_param(w->work, "sleep");

	while (!work_stopping(w)) {
		work_burn_until(w, clock_now_ns() + burst_ns);
		work_turn(w, 1);
		work_sleep_until(w, clock_now_ns() + sleep_ns);
	}
}
