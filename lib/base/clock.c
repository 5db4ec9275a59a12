/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/clock.h"

#include <limits.h>
#include <time.h>

uint64_t clock_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

uint64_t clock_deadline_ns(uint64_t span_ns)
{
	uint64_t now = clock_now_ns();

	return span_ns > CLOCK_NEVER - now ? CLOCK_NEVER : now + span_ns;
}

int clock_poll_ms(uint64_t deadline_ns)
{
	uint64_t now, ms;

	if (deadline_ns == CLOCK_NEVER)
		return -1;
	now = clock_now_ns();
	if (deadline_ns <= now)
		return 0;
	ms = (deadline_ns - now + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}
