/* SPDX-License-Identifier: GPL-2.0-only */
/* The file systems that a scheduler and its tools expect, and the kernel switches of a run. */
#ifndef KTSTR_GUEST_INIT_MOUNTS_H
#define KTSTR_GUEST_INIT_MOUNTS_H

#include "init/link.h"

/* Mount them all. What the run cannot do without is told as trouble, the rest as a note. */
void mounts_make(struct link *l);

/* Switch on scheduler statistics and BPF statistics, where the kernel has them. */
void mounts_tune(struct link *l);

#endif
