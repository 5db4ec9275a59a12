/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel that we look at, and what it takes to dump it: found when there is one, and again when
 * another has taken its place. */
#ifndef KTSTR_FREEZE_VIEW_H
#define KTSTR_FREEZE_VIEW_H

#include "dump/dump.h"
#include "target/target.h"

struct view {
	struct target *target; /* borrowed */
	struct kernel *kernel; /* NULL: none is known */
	struct dump *dump;
	uint64_t attach_ns; /* how long the last attach took */
};

/* Have a kernel: nothing to do when the one that we know is still there. EAGAIN: there is none
 * yet. */
int view_attach(struct view *v, struct err *e);
void view_detach(struct view *v);

#endif
