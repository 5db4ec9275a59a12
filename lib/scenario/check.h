/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What only the scenario as a whole can tell: walk through its steps in order and see that every
 * operation finds the cgroups and CPUs it needs, and that the holds fit into the duration.
 */
#ifndef KTSTR_SCENARIO_CHECK_H
#define KTSTR_SCENARIO_CHECK_H

#include "base/error.h"
#include "scenario/scenario.h"

/* Errors read `file:line: message`. */
int scenario_check(const char *file, const struct scenario *s, struct err *e);

#endif
