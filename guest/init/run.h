/* SPDX-License-Identifier: GPL-2.0-only */
/* Runs a scenario's steps: operations in file order, all new workers at once, the hold. */
#ifndef KTSTR_GUEST_INIT_RUN_H
#define KTSTR_GUEST_INIT_RUN_H

#include "init/agent.h"
#include "scenario/scenario.h"

/*
 * Run all steps and stop the workers, whose reports are then sent. Returns 0 when the plan ran to
 * its end, -1 when an operation failed (told as trouble) or the scheduler was lost.
 */
int run_scenario(struct agent *a, const struct scenario *sc);

#endif
