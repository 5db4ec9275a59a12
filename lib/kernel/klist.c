/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists. */
#include "kernel/klist.h"

#include <errno.h>

/* Where the walk was when it had made half of its steps or fewer: who comes there again, walks in a
 * circle (Brent). */
struct tortoise {
	uint64_t at;
	unsigned int steps, limit;
};

static bool tortoise_meets(struct tortoise *t, uint64_t node)
{
	if (node == t->at)
		return true;
	if (++t->steps >= t->limit) {
		t->at = node;
		t->steps = 0;
		t->limit *= 2;
	}
	return false;
}

int klist_walk(const struct kmem *k, uint64_t head, unsigned int nodes_max, klist_fn fn, void *arg,
	       struct err *e)
{
	struct tortoise t = {.limit = 1};
	uint64_t node, next;

	if (kmem_u64(k, head, &node, e) < 0)
		return err_prefix(e, "list");
	if (!node)
		return 0;
	for (unsigned int i = 0; node != head; i++, node = next) {
		int ret;

		if (tortoise_meets(&t, node))
			return err_set(e, ELOOP, "the list at 0x%llx runs in a circle",
				       (unsigned long long)head);
		if (i == nodes_max)
			return err_set(e, E2BIG, "the list at 0x%llx has more than %u nodes",
				       (unsigned long long)head, nodes_max);
		if (kmem_u64(k, node, &next, e) < 0)
			return err_prefix(e, "list");
		ret = fn(arg, node);
		if (ret)
			return ret;
	}
	return 0;
}

unsigned int klist_unrepeated(const uint32_t *items, unsigned int n)
{
	unsigned int period = 1;

	while (period < n && items[n - 1 - period] != items[n - 1])
		period++;
	while (n > period && items[n - 1] == items[n - 1 - period])
		n--;
	return n;
}
