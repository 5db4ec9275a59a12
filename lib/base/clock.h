/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Monotonic time in nanoseconds and absolute deadlines. A deadline is taken once and passed on;
 * CLOCK_NEVER means none.
 */
#ifndef KTSTR_BASE_CLOCK_H
#define KTSTR_BASE_CLOCK_H

#include <stdint.h>

#define NSEC_PER_SEC 1000000000ull
#define NSEC_PER_MSEC 1000000ull
#define NSEC_PER_USEC 1000ull
#define CLOCK_NEVER UINT64_MAX

/* CLOCK_MONOTONIC, in nanoseconds. Never fails. */
uint64_t clock_now_ns(void);

/* The deadline @span_ns from now; saturates at CLOCK_NEVER. */
uint64_t clock_deadline_ns(uint64_t span_ns);

/*
 * Milliseconds left until @deadline_ns, rounded up, in the form poll(2) takes: 0 when it has
 * passed, -1 for CLOCK_NEVER, at most INT_MAX.
 */
int clock_poll_ms(uint64_t deadline_ns);

#endif
