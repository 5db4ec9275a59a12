/* SPDX-License-Identifier: GPL-2.0-only */
/* The single values of a scenario that --get prints, each one line. */
#ifndef KTSTR_CMD_SCENARIO_FIELDS_H
#define KTSTR_CMD_SCENARIO_FIELDS_H

#include "base/buf.h"
#include "scenario/scenario.h"

struct field {
	const char *name; /* as in the plan, but for the parts of the scheduler's command */
	/* Add the value, nothing when the scenario has none. -1 when memory is out. */
	int (*add)(const struct scenario *s, struct buf *b);
};

/* The field @name, in which '-' stands for '_' too; NULL when there is none. */
const struct field *field_find(const char *name);

#endif
