/* SPDX-License-Identifier: GPL-2.0-only */
/* Tasks, each once: a hash table that is never more than half full. */
#include "kernel/taskset.h"

#include <string.h>

#define SLOTS (2 * TASKSET_MAX)

void taskset_clear(struct taskset *s)
{
	s->n = 0;
	memset(s->slots, 0, sizeof(s->slots));
}

/* The slot that holds @kva, or the empty one where it belongs. */
static unsigned int slot_of(const struct taskset *s, uint64_t kva)
{
	unsigned int i = (unsigned int)(kva * 0x9e3779b97f4a7c15u >> 40) % SLOTS;

	while (s->slots[i] && s->kva[s->slots[i] - 1] != kva)
		i = (i + 1) % SLOTS;
	return i;
}

uint32_t taskset_find(const struct taskset *s, uint64_t kva)
{
	unsigned int slot = slot_of(s, kva);

	return s->slots[slot] ? s->slots[slot] - 1u : TASKSET_NONE;
}

uint32_t taskset_add(struct taskset *s, uint64_t kva)
{
	unsigned int slot = slot_of(s, kva);

	if (s->slots[slot])
		return s->slots[slot] - 1u;
	if (s->n == TASKSET_MAX)
		return TASKSET_NONE;
	s->kva[s->n] = kva;
	s->slots[slot] = (uint16_t)++s->n;
	return s->n - 1;
}
