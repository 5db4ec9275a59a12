/* SPDX-License-Identifier: GPL-2.0-only */
/* A scenario as the text of a scenario file: what is written parses back to an equal scenario. */
#ifndef KTSTR_SCENARIO_FORMAT_H
#define KTSTR_SCENARIO_FORMAT_H

#include "base/buf.h"
#include "scenario/scenario.h"

/* Add the text to @b. Defaults are written out, a preset is written as its topology, comments are
 * gone. Returns 0, or -1 when memory is out; the buffer then holds a part. */
int scenario_format(const struct scenario *s, struct buf *b);

#endif
