/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Wake latency samples of one worker: a reservoir of fixed size, so that memory is bounded and each
 * sample has the same chance to stay, with a fixed seed, so that a repeated run keeps the same
 * ones.
 */
#ifndef KTSTR_GUEST_WORK_WAKES_H
#define KTSTR_GUEST_WORK_WAKES_H

#include <stddef.h>
#include <stdint.h>

#define WAKES_KEPT 8192u

struct wakes {
	uint64_t seen; /* samples in all */
	uint64_t max_ns;
	uint64_t random; /* state of the generator */
	uint64_t kept[WAKES_KEPT];
};

void wakes_init(struct wakes *w, uint64_t seed);
void wakes_add(struct wakes *w, uint64_t latency_ns);

/* Nearest-rank percentile of what was kept (sorts it); @percent in 1..100; 0 without samples. */
uint64_t wakes_percentile(struct wakes *w, unsigned int percent);

#endif
