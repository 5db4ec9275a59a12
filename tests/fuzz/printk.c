/* SPDX-License-Identifier: GPL-2.0-only */
/* A printk ring buffer of any bytes; by the first byte, with what leads to it already right. */
#include <stdlib.h>
#include <string.h>

#include "../unit/prb.h"
#include "kernel/printk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int touch(void *arg, const struct printk_record *r)
{
	uint64_t *sum = arg;

	for (size_t i = 0; i < r->len; i++)
		*sum += (uint8_t)r->text[i];
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t at[] = {PRB_POINTER, PRB_STRUCT, PRB_STRUCT + 24, PRB_DESCS};
	static struct image m;
	static struct kernel k;
	static uint8_t *right;
	_cleanup_buf_ struct buf b = {0};
	uint64_t skipped, sum = 0;
	size_t from;
	struct err e;

	if (!right) {
		prb_init(&m, &k);
		right = malloc(m.len);
		memcpy(right, m.bytes, m.len);
	}
	if (!size)
		return 0;
	from = at[data[0] % 4];
	size--;
	if (size > m.len - from)
		size = m.len - from;
	memcpy(m.bytes, right, m.len);
	memcpy(m.bytes + from, data + 1, size);
	if (printk_walk(&k, touch, &sum, &skipped, &e) == 0 && printk_text(&k, &b, &e))
		abort();
	buf_deinit(&b);
	if (printk_tail(&k, data[0], &b, &e) == 0 && b.len > data[0])
		abort();
	return 0;
}
