/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A set of tasks that others name by a small number: the tasks that were met on queues and lists,
 * each once, in the order in which they were met. Bounded, without allocation.
 */
#ifndef KTSTR_KERNEL_TASKSET_H
#define KTSTR_KERNEL_TASKSET_H

#include <stdint.h>

#define TASKSET_MAX 4096u
#define TASKSET_NONE UINT32_MAX

/* Large: not for the stack. {0} is not an empty set, taskset_clear() makes one. */
struct taskset {
	unsigned int n;
	uint64_t kva[TASKSET_MAX];
	uint16_t slots[2 * TASKSET_MAX]; /* index + 1, 0 for none */
};

void taskset_clear(struct taskset *s);

/* The number of the task at @kva, which is added if need be; TASKSET_NONE when the set is full. */
uint32_t taskset_add(struct taskset *s, uint64_t kva);

/* The same without adding it. */
uint32_t taskset_find(const struct taskset *s, uint64_t kva);

#endif
