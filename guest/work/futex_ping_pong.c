/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/clock.h"
#include "work/types.h"

/*
 * Each member computes, passes a turn to the next one's word and waits for its own word to change.
 * The agent changes all words when it stops a group.
 */
void work_run_futex_ping_pong(struct work_ctx *w)
{
	uint64_t spins = work_param(w->work, "spins");
	struct work_slot *next = &w->group[(w->member + 1) % w->group_size];
	uint32_t seen = 0;

	while (!work_stopping(w)) {
		work_spin(w, spins);
		work_wake_next(w);
		atomic_fetch_add(&next->token, 1);
		work_futex_wake(&next->token);
		work_wait_begin(w);
		while (!work_stopping(w) && atomic_load(&w->slot->token) == seen)
			work_futex_wait(&w->slot->token, seen, CLOCK_NEVER);
		seen++;
		work_wait_end(w);
		work_turn(w, spins);
	}
}
