/* SPDX-License-Identifier: GPL-2.0-only */
/* Symbols in order of their address: a radix sort, in which digits that are all the same cost only
 * their counting. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/kallsyms_table.h"

#define DIGIT_BITS 11u
#define DIGITS (1u << DIGIT_BITS)

static size_t digit_of(uint64_t kva, unsigned int shift)
{
	return (size_t)(kva >> shift) & (DIGITS - 1);
}

/* One round; false when all have the same digit and nothing moves. */
static bool order_round(const uint64_t *kva, size_t n, unsigned int shift, const uint32_t *from,
			uint32_t *to)
{
	uint32_t next[DIGITS] = {0}, sum = 0;

	for (size_t i = 0; i < n; i++)
		next[digit_of(kva[i], shift)]++;
	if (next[digit_of(kva[0], shift)] == n)
		return false;
	for (size_t d = 0; d < DIGITS; d++) {
		uint32_t count = next[d];

		next[d] = sum;
		sum += count;
	}
	for (size_t i = 0; i < n; i++)
		to[next[digit_of(kva[from[i]], shift)]++] = from[i];
	return true;
}

uint32_t *kallsyms_order(const uint64_t *kva, size_t n, struct err *e)
{
	_cleanup_free_ uint32_t *order = malloc((n + 1) * sizeof(*order));
	_cleanup_free_ uint32_t *spare = malloc((n + 1) * sizeof(*spare));

	if (!order || !spare) {
		err_set(e, ENOMEM, "out of memory");
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		order[i] = (uint32_t)i;
	for (unsigned int shift = 0; n && shift < 64; shift += DIGIT_BITS) {
		if (order_round(kva, n, shift, order, spare)) {
			uint32_t *done = spare;

			spare = order;
			order = done;
		}
	}
	return steal_ptr(&order);
}
