/* SPDX-License-Identifier: GPL-2.0-only */
/* The text of a work type with its parameters: `bursty,burst=5ms,sleep=5ms`. */
#ifndef KTSTR_SCENARIO_WORK_H
#define KTSTR_SCENARIO_WORK_H

#include "base/buf.h"
#include "base/error.h"
#include "scenario/scenario.h"

/* The work that a group does when none is given: WORK_SPIN with its defaults. */
struct work work_default(void);

/* Parse @text; parameters that it does not name get their defaults. */
int work_parse(const char *text, struct work *ret, struct err *e);

/* Add the text that reads back as @w, with the parameters that differ from their defaults.
 * -1 when memory is out. */
int work_format(struct buf *b, const struct work *w);

/* The value @value of @param as it is written in a file. */
int work_value_format(struct buf *b, const struct work_param *param, uint64_t value);

#endif
