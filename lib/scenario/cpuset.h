/* SPDX-License-Identifier: GPL-2.0-only */
/* The text of a cpuset or affinity: `llc:0`, `range:25%-75%`, .. as in ktstr-scenario(5). */
#ifndef KTSTR_SCENARIO_CPUSET_H
#define KTSTR_SCENARIO_CPUSET_H

#include "base/buf.h"
#include "base/error.h"
#include "scenario/scenario.h"

#define CPUSET_PARTS_MAX TOPOLOGY_CPUS_MAX

/* Parse @text. What needs the machine is left to cpuset_resolve(). On failure *ret is untouched. */
int cpuset_spec_parse(const char *text, struct cpuset_spec *ret, struct err *e);

/* Add the text that reads back as @spec; its kind is not CPUSET_NONE. -1 when memory is out. */
int cpuset_spec_format(struct buf *b, const struct cpuset_spec *spec);

#endif
