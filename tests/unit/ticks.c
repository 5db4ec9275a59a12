/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/ticks.h"

#include "base/clock.h"
#include "test.h"

static void on_time_nothing_is_missed(void)
{
	struct ticks t;

	ticks_init(&t, 100, 1000);
	CHECK(t.next_ns == 1000);
	CHECK(ticks_advance(&t, 1000) == 0 && t.next_ns == 1100);
	CHECK(ticks_advance(&t, 1199) == 0 && t.next_ns == 1200);
}

static void a_late_turn_does_not_move_the_beat(void)
{
	struct ticks t;

	ticks_init(&t, 100, 1000);
	CHECK(ticks_advance(&t, 1050) == 0 && t.next_ns == 1100);
	CHECK(ticks_advance(&t, 1350) == 2 && t.next_ns == 1400);
}

static void what_is_missed_is_counted(void)
{
	struct ticks t;

	ticks_init(&t, 100, 1000);
	CHECK(ticks_advance(&t, 1100) == 1 && t.next_ns == 1200);
	CHECK(ticks_advance(&t, 1000000) == 9988 && t.next_ns == 1000100);
}

static void a_clock_that_stands_behind_the_beat(void)
{
	struct ticks t;

	ticks_init(&t, 100, 1000);
	CHECK(ticks_advance(&t, 0) == 0 && t.next_ns == 1100);
}

static void the_end_of_time(void)
{
	struct ticks t;

	ticks_init(&t, CLOCK_NEVER / 2, 1000);
	CHECK(ticks_advance(&t, 1000) == 0);
	CHECK(ticks_advance(&t, t.next_ns) == 0 && t.next_ns == CLOCK_NEVER);
	ticks_init(&t, 1, CLOCK_NEVER - 10);
	CHECK(ticks_advance(&t, CLOCK_NEVER) == 10 && t.next_ns == CLOCK_NEVER);
}

int main(void)
{
	RUN(on_time_nothing_is_missed);
	RUN(a_late_turn_does_not_move_the_beat);
	RUN(what_is_missed_is_counted);
	RUN(a_clock_that_stands_behind_the_beat);
	RUN(the_end_of_time);
	return TEST_END();
}
