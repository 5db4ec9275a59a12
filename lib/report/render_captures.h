/* SPDX-License-Identifier: GPL-2.0-only */
/* What ktstr-freeze told, as members of the result, as files beside it, and for people. */
#ifndef KTSTR_REPORT_RENDER_CAPTURES_H
#define KTSTR_REPORT_RENDER_CAPTURES_H

#include "base/buf.h"
#include "report/object.h"
#include "report/result.h"

/* `snapshots` and `failure_dump`, without the reports. */
void put_snapshots(struct object o, const struct result *r);

/* `periodic_fired`, `periodic_real`, `periodic_target`, `snapshots_missed` and `freeze`. */
void put_freeze(struct object o, const struct run *r);

/* [{name, verified_insns}..] as the last capture has them, null without one. */
json_t *captured_progs(const struct captures *c);

/*
 * The object @head (JSON text without these two) with `snapshots` and `failure_dump` in which each
 * has its `report`; piece by piece. Returns 0, or -1 when memory is out or @put fails.
 */
int captures_with_reports(const struct result *r, const char *head, piece_fn put, void *ctx);

/* A few lines for people; nothing when no ktstr-freeze was there. 0, or -1 when memory is out. */
int text_captures(const struct result *r, struct buf *out);

/* How the scheduler failed, in one clean line: its kind of exit and the kernel's words; nothing
 * when no dump tells. */
int failure_line(const struct failure *f, struct buf *out);

#endif
