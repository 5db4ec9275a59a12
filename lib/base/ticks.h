/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A regular beat by absolute times of CLOCK_MONOTONIC: a late turn moves no later one, and beats
 * that nobody was there for are counted, never made up. It waits for nothing itself.
 */
#ifndef KTSTR_BASE_TICKS_H
#define KTSTR_BASE_TICKS_H

#include <stdint.h>

struct ticks {
	uint64_t interval_ns; /* not 0 */
	uint64_t next_ns;     /* the next beat: wait until then */
};

/* The first beat is at @now_ns. */
void ticks_init(struct ticks *t, uint64_t interval_ns, uint64_t now_ns);

/*
 * The beat at next_ns was served and it is @now_ns: go on to the first one behind that. Returns how
 * many between were missed.
 */
uint64_t ticks_advance(struct ticks *t, uint64_t now_ns);

#endif
