/* SPDX-License-Identifier: GPL-2.0-only */
/* What every process that the agent forks does first. */
#ifndef KTSTR_GUEST_INIT_CHILD_H
#define KTSTR_GUEST_INIT_CHILD_H

/* Own process group, default signals, none blocked. */
void child_begin(void);

#endif
