/* SPDX-License-Identifier: GPL-2.0-only */
#include "work/types.h"

void work_run_spin(struct work_ctx *w)
{
	uint64_t spins = work_param(w->work, "spins");

	while (!work_stopping(w)) {
		work_spin(w, spins);
		work_turn(w, spins);
	}
}
