/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of tasks: each once, in order, no more than there is room for. */
#include "kernel/taskset.h"

#include "test.h"

static struct taskset s;

static void each_once_in_order(void)
{
	taskset_clear(&s);
	CHECK(taskset_find(&s, 5) == TASKSET_NONE);
	CHECK(taskset_add(&s, 5) == 0);
	CHECK(taskset_add(&s, 0) == 1);
	CHECK(taskset_add(&s, 5) == 0);
	CHECK(taskset_add(&s, UINT64_MAX) == 2);
	CHECK(s.n == 3 && s.kva[0] == 5 && s.kva[1] == 0 && s.kva[2] == UINT64_MAX);
	CHECK(taskset_find(&s, UINT64_MAX) == 2 && taskset_find(&s, 6) == TASKSET_NONE);
	taskset_clear(&s);
	CHECK(s.n == 0 && taskset_find(&s, 5) == TASKSET_NONE);
}

/* Task structs lie at regular distances. */
static void full(void)
{
	taskset_clear(&s);
	for (uint32_t i = 0; i < TASKSET_MAX; i++)
		CHECK(taskset_add(&s, 0xffff888000000000 + 9024ull * i) == i);
	CHECK(taskset_add(&s, 1) == TASKSET_NONE && s.n == TASKSET_MAX);
	CHECK(taskset_add(&s, 0xffff888000000000 + 9024ull * 77) == 77);
	CHECK(taskset_find(&s, 0xffff888000000000 + 9024ull * 4095) == 4095);
	CHECK(taskset_find(&s, 1) == TASKSET_NONE);
}

int main(void)
{
	RUN(each_once_in_order);
	RUN(full);
	return TEST_END();
}
