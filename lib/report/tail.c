/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/tail.h"

#include <string.h>

void tail_deinit(struct tail *t)
{
	buf_deinit(&t->text);
}

int tail_add(struct tail *t, const char *data, size_t len)
{
	if (len > t->keep) {
		t->dropped += len - t->keep;
		data += len - t->keep;
		len = t->keep;
	}
	if (t->text.len + len > 2 * t->keep) {
		size_t drop = t->text.len + len - t->keep;

		t->dropped += drop;
		buf_consume(&t->text, drop);
	}
	if (buf_add(&t->text, data, len)) {
		t->dropped += len;
		return -1;
	}
	return 0;
}

const char *tail_last(const struct tail *t, size_t bytes, size_t *len)
{
	const char *text = buf_text(&t->text), *end = text + t->text.len, *from, *line;

	if (t->text.len <= bytes) {
		*len = t->text.len;
		return text;
	}
	from = end - bytes;
	line = from[-1] == '\n' ? NULL : memchr(from, '\n', bytes);
	if (line && line + 1 < end)
		from = line + 1;
	*len = (size_t)(end - from);
	return from;
}

const char *tail_last_lines(const struct tail *t, size_t lines, size_t bytes, size_t *len)
{
	const char *text = tail_last(t, bytes, len), *p = text + *len;

	if (p > text && p[-1] == '\n')
		p--;
	for (; p > text; p--)
		if (p[-1] == '\n' && --lines == 0)
			break;
	*len -= (size_t)(p - text);
	return p;
}
