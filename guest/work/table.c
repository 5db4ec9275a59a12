/* SPDX-License-Identifier: GPL-2.0-only */
#include "work/types.h"

const struct work_code work_codes[WORK_TYPES] = {
	[WORK_SPIN] = {.run = work_run_spin},
	[WORK_YIELD] = {.run = work_run_yield},
	[WORK_MIXED] = {.run = work_run_mixed},
	[WORK_BURSTY] = {.run = work_run_bursty},
	[WORK_IO_SYNC] = {.run = work_run_io_sync},
	[WORK_PIPE] = {.run = work_run_pipe, .wants_pipes = true},
	[WORK_FUTEX_PING_PONG] = {.run = work_run_futex_ping_pong},
	[WORK_FORK_EXIT] = {.run = work_run_fork_exit},
};
