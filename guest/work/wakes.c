/* SPDX-License-Identifier: GPL-2.0-only */
#include "work/wakes.h"

#include <stdlib.h>

/* xorshift64*: small, and the same everywhere. */
static uint64_t random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dull;
}

void wakes_init(struct wakes *w, uint64_t seed)
{
	w->seen = 0;
	w->max_ns = 0;
	w->random = seed * 0x9e3779b97f4a7c15ull + 1;
	if (!w->random) /* the one state that the generator never leaves */
		w->random = 1;
}

void wakes_add(struct wakes *w, uint64_t latency_ns)
{
	uint64_t at = w->seen++;

	if (latency_ns > w->max_ns)
		w->max_ns = latency_ns;
	if (at >= WAKES_KEPT)
		at = random_next(&w->random) % w->seen;
	if (at < WAKES_KEPT)
		w->kept[at] = latency_ns;
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

uint64_t wakes_percentile(struct wakes *w, unsigned int percent)
{
	size_t n = w->seen < WAKES_KEPT ? w->seen : WAKES_KEPT;

	if (!n)
		return 0;
	qsort(w->kept, n, sizeof(w->kept[0]), compare_u64);
	return w->kept[(n * percent + 99) / 100 - 1];
}
