/* SPDX-License-Identifier: GPL-2.0-only */
/* The part of the result that ktstr-monitor's frames fill, ktstr-report(1). */
#ifndef KTSTR_REPORT_RENDER_MONITOR_H
#define KTSTR_REPORT_RENDER_MONITOR_H

#include "base/buf.h"
#include "report/object.h"
#include "report/run.h"

/* `monitor`: null when no frame of a monitor came. */
void put_monitor(struct object o, const struct run *r);

/* `verifier_stats`: the programs of the scheduler; null when none was seen. */
void put_verifier_stats(struct object o, const struct run *r);

/* For people: nothing, or some lines. Returns 0, or -1 when memory is out. */
int text_monitor(const struct run *r, struct buf *out);

#endif
