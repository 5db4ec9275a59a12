/* SPDX-License-Identifier: GPL-2.0-only */
/* The plan message (TLV_PLAN): what a report must know of a scenario to judge its run. */
#ifndef KTSTR_SCENARIO_PLAN_H
#define KTSTR_SCENARIO_PLAN_H

#include "scenario/scenario.h"

/*
 * One JSON object as text, owned by the caller (free); NULL when memory is out. Members:
 *
 *   test, topology, vcpus, memory_mib, duration_ns, timeout_ns
 *   scheduler          array of strings, or null for the kernel's own (EEVDF)
 *   watchdog_ns        or null
 *   snapshots          how many periodic captures are asked for, 0 for none
 *   expect_error       bool
 *   expect_error_text  or null
 *   steps              [{name, ops}], ops being the number of statements
 *   checks             {not_starved (bool), isolation (bool), max_gap_ns (or null),
 *                      max_spread_ppm (or null), monitor {sustained_samples,
 *                      fail_on_stall (bool), and for the other limits the number or null:
 *                      threshold_infos[].member}}
 *   expects            [jq program ..]
 */
char *scenario_plan_json(const struct scenario *s);

#endif
