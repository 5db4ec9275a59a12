/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/ticks.h"

#include "base/clock.h"

void ticks_init(struct ticks *t, uint64_t interval_ns, uint64_t now_ns)
{
	*t = (struct ticks){.interval_ns = interval_ns, .next_ns = now_ns};
}

uint64_t ticks_advance(struct ticks *t, uint64_t now_ns)
{
	uint64_t missed = 0;

	if (now_ns > t->next_ns)
		missed = (now_ns - t->next_ns) / t->interval_ns;
	/* Beyond the end of time there is nothing to wait for. */
	if (t->interval_ns > (CLOCK_NEVER - t->next_ns) / (missed + 1))
		t->next_ns = CLOCK_NEVER;
	else
		t->next_ns += (missed + 1) * t->interval_ns;
	return missed;
}
