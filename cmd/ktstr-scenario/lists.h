/* SPDX-License-Identifier: GPL-2.0-only */
/* The tables of --list-*: a line an entry, the name first. */
#ifndef KTSTR_CMD_SCENARIO_LISTS_H
#define KTSTR_CMD_SCENARIO_LISTS_H

#include "base/buf.h"
#include "base/error.h"

/* -1 when memory is out. */
int list_work(struct buf *b);
int list_ops(struct buf *b);

int list_topologies(const char *presets_path, struct buf *b, struct err *e);

#endif
