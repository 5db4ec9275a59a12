/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What happens when the agent itself crashes: `PANIC: ktstr-init: signal 11 ...` and a backtrace
 * with names on the last-words console, then power-off. Forked children go back to the default.
 */
#ifndef KTSTR_GUEST_INIT_CRASH_H
#define KTSTR_GUEST_INIT_CRASH_H

#include "base/error.h"

/* Take over the signals of a crash, and read our own symbols in advance. */
int crash_init(struct err *e);

/* For a forked child: crash as any program does. */
void crash_forget(void);

#endif
