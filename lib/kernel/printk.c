/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/printk.h"

#include <errno.h>
#include <string.h>

#include "kernel/printk_ring.h"

/* A record of newlines alone makes many times its own length: no log is longer than this. */
#define OUTPUT_MAX (2 * (size_t)PRINTK_TEXT_MAX)

int printk_walk(const struct kernel *k, printk_fn fn, void *arg, uint64_t *ret_skipped,
		struct err *e)
{
	struct printk_ring ring;
	uint64_t text_left;
	int ret = 0;

	*ret_skipped = 0;
	if (printk_ring_init(&ring, &k->mem, &k->vmcoreinfo, e))
		return -1;
	text_left = (uint64_t)1 << ring.size_bits;
	for (uint64_t i = 0; i < ring.count && ret == 0; i++) {
		struct printk_record rec;
		enum printk_got got = printk_ring_get(&ring, i, &rec);

		/* Records do not share text, though a guest may say so. */
		if (got == PRINTK_GOT && rec.len > text_left)
			got = PRINTK_LOST;
		switch (got) {
		case PRINTK_GOT:
			text_left -= rec.len;
			ret = fn(arg, &rec);
			break;
		case PRINTK_LOST:
			(*ret_skipped)++;
			break;
		case PRINTK_EMPTY:
			break;
		}
	}
	printk_ring_deinit(&ring);
	return ret;
}

/* Text as /dev/kmsg gives it: what could act on a terminal as \xNN. */
static int escaped_add(struct buf *b, const char *text, size_t len)
{
	size_t from = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c >= ' ' && c < 0x7f) || c == '\t')
			continue;
		if (buf_add(b, text + from, i - from) || buf_addf(b, "\\x%02x", c))
			return -1;
		from = i + 1;
	}
	return buf_add(b, text + from, len - from);
}

static int record_add(void *arg, const struct printk_record *r)
{
	struct buf *b = arg;
	size_t start = b->len, width, left = r->len;
	const char *line = r->text, *newline;

	if (buf_addf(b, "[%5llu.%06llu] ", (unsigned long long)(r->ts_ns / 1000000000),
		     (unsigned long long)(r->ts_ns / 1000 % 1000000)))
		return 1;
	width = b->len - start;
	while ((newline = memchr(line, '\n', left))) {
		size_t len = (size_t)(newline - line);

		if (escaped_add(b, line, len) || buf_addf(b, "\n%*s", (int)width, ""))
			return 1;
		if (b->len > OUTPUT_MAX)
			return 2;
		line += len + 1;
		left -= len + 1;
	}
	if (escaped_add(b, line, left) || buf_add(b, "\n", 1))
		return 1;
	return b->len > OUTPUT_MAX ? 2 : 0;
}

int printk_text(const struct kernel *k, struct buf *ret, struct err *e)
{
	uint64_t skipped;

	switch (printk_walk(k, record_add, ret, &skipped, e)) {
	case 0:
		return 0;
	case 1:
		return err_set(e, ENOMEM, "kernel log: out of memory");
	case 2:
		return err_set(e, EFBIG, "the kernel log is more than %zu bytes of text",
			       OUTPUT_MAX);
	default:
		return -1;
	}
}

/* Leave whole lines at the end of @b, which begin at @start, so that they are @max_bytes or less.
 */
static int tail_cut(struct buf *b, size_t start, size_t max_bytes)
{
	_cleanup_buf_ struct buf kept = {0};
	const char *from, *line;

	if (b->len - start <= max_bytes)
		return 0;
	from = b->data + (b->len - max_bytes - 1);
	line = memchr(from, '\n', max_bytes + 1);
	if (buf_add(&kept, b->data, start) || buf_add(&kept, line + 1, b->data + b->len - line - 1))
		return -1;
	buf_deinit(b);
	*b = kept;
	kept = (struct buf){0};
	return 0;
}

/* Each record is a line of 16 bytes or more, and longer than its place in the ring. */
int printk_tail(const struct kernel *k, size_t max_bytes, struct buf *ret, struct err *e)
{
	size_t start = ret->len;
	struct printk_ring ring;
	struct printk_record rec;
	int failed = 0;

	if (printk_ring_init_tail(&ring, &k->mem, &k->vmcoreinfo, max_bytes / 16 + 1, max_bytes, e))
		return -1;
	for (uint64_t i = 0; i < ring.count && !failed; i++) {
		if (printk_ring_get(&ring, i, &rec) != PRINTK_GOT)
			continue;
		failed = record_add(ret, &rec);
		if (!failed && ret->len - start > 4 * max_bytes)
			failed = tail_cut(ret, start, max_bytes);
	}
	printk_ring_deinit(&ring);
	if (failed || tail_cut(ret, start, max_bytes))
		return err_set(e, ENOMEM, "kernel log: out of memory");
	return 0;
}
