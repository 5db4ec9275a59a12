/* SPDX-License-Identifier: GPL-2.0-only */
#include "work/wakes.h"

#include "test.h"

static struct wakes a, b; /* large */

static void test_no_samples(void)
{
	wakes_init(&a, 1);
	CHECK(wakes_percentile(&a, 50) == 0);
	CHECK(a.max_ns == 0);
}

static void test_nearest_rank(void)
{
	wakes_init(&a, 1);
	for (uint64_t i = 100; i > 0; i--)
		wakes_add(&a, i);
	CHECK(wakes_percentile(&a, 50) == 50);
	CHECK(wakes_percentile(&a, 99) == 99);
	CHECK(wakes_percentile(&a, 100) == 100);
	CHECK(wakes_percentile(&a, 1) == 1);
	CHECK(a.max_ns == 100);

	wakes_init(&a, 1);
	wakes_add(&a, 7);
	CHECK(wakes_percentile(&a, 50) == 7);
	CHECK(wakes_percentile(&a, 99) == 7);
}

/* Far more samples than are kept: the kept ones are a fair choice, and the maximum is exact. */
static void test_reservoir(void)
{
	uint64_t n = 50ull * WAKES_KEPT;

	wakes_init(&a, 3);
	for (uint64_t i = 0; i < n; i++)
		wakes_add(&a, i);
	CHECK(a.seen == n);
	CHECK(a.max_ns == n - 1);
	CHECK(wakes_percentile(&a, 50) > n / 100 * 47);
	CHECK(wakes_percentile(&a, 50) < n / 100 * 53);
	CHECK(wakes_percentile(&a, 99) > n / 100 * 98);
}

static void test_repeats(void)
{
	wakes_init(&a, 5);
	wakes_init(&b, 5);
	for (uint64_t i = 0; i < 3 * WAKES_KEPT; i++) {
		wakes_add(&a, i);
		wakes_add(&b, i);
	}
	CHECK(memcmp(a.kept, b.kept, sizeof(a.kept)) == 0);
	wakes_init(&b, 6);
	for (uint64_t i = 0; i < 3 * WAKES_KEPT; i++)
		wakes_add(&b, i);
	CHECK(memcmp(a.kept, b.kept, sizeof(a.kept)) != 0);
}

int main(void)
{
	RUN(test_no_samples);
	RUN(test_nearest_rank);
	RUN(test_reservoir);
	RUN(test_repeats);
	return TEST_END();
}
