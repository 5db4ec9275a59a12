/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The timeout of the sched_ext watchdog, set from outside while the machine stands at its doorbell:
 * in the table of a scheduler that is about to attach, and looked at again when it is up.
 */
#ifndef KTSTR_MONITOR_WATCHDOG_H
#define KTSTR_MONITOR_WATCHDOG_H

#include "kernel/kernel.h"

struct watchdog {
	uint64_t expected, observed; /* jiffies */
	unsigned int hz;
};

/*
 * The table of a scheduler that is about to attach is the place to set it: the kernel then takes
 * it up as if the scheduler had asked for it.
 */
int watchdog_prepare(const struct kernel *k, uint64_t timeout_ns, struct err *e);

/*
 * The scheduler is up: what does it run under? One that was not held when it attached still has
 * its own timeout. The kernel looks each half of that, so one not shorter can still be set; for
 * the rest @why, "" or why the table was not set, is part of the error (EBUSY).
 */
int watchdog_set(const struct kernel *k, uint64_t timeout_ns, const char *why, struct watchdog *ret,
		 struct err *e);

#endif
