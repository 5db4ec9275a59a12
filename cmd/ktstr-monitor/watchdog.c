/* SPDX-License-Identifier: GPL-2.0-only */
#include "watchdog.h"

#include <errno.h>
#include <inttypes.h>

#include "base/clock.h"
#include "kernel/scx.h"
#include "kernel/scxops.h"

/* As the kernel makes jiffies of the milliseconds in a scheduler's table: rounded up. */
static uint64_t jiffies_of(uint64_t ms, unsigned int hz)
{
	return ms / 1000 * hz + (ms % 1000 * hz + 999) / 1000;
}

int watchdog_prepare(const struct kernel *k, uint64_t timeout_ns, struct err *e)
{
	unsigned int n;

	return scxops_set_timeout(k, (uint32_t)(timeout_ns / NSEC_PER_MSEC), &n, e);
}

int watchdog_set(const struct kernel *k, uint64_t timeout_ns, const char *why, struct watchdog *ret,
		 struct err *e)
{
	ret->hz = k->hz;
	if (!ret->hz)
		return err_set(e, ENOTSUP, "jiffies a second are not known");
	ret->expected = jiffies_of(timeout_ns / NSEC_PER_MSEC, ret->hz);
	if (scx_watchdog_read(k, &ret->observed, e))
		return -1;
	if (ret->observed == ret->expected)
		return 0;
	if (ret->expected <= ret->observed / 2)
		return err_set(e, EBUSY, "the kernel looks each %" PRIu64 " jiffies only%s%s",
			       ret->observed / 2, *why ? ": " : "", why);
	if (scx_watchdog_write(k, ret->expected, e))
		return -1;
	return scx_watchdog_read(k, &ret->observed, e);
}
