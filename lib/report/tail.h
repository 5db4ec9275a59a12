/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The last bytes of a text of unknown length, with what was dropped in front of them counted.
 * {.keep = N} holds nothing yet.
 */
#ifndef KTSTR_REPORT_TAIL_H
#define KTSTR_REPORT_TAIL_H

#include <stdint.h>

#include "base/buf.h"

struct tail {
	size_t keep; /* at least this many of the last bytes are kept, at most twice as many */
	struct buf text;
	uint64_t dropped; /* bytes that are no longer there */
};

void tail_deinit(struct tail *t);

/* Returns 0, or -1 when memory is out; the bytes then count as dropped. */
int tail_add(struct tail *t, const char *data, size_t len);

static inline uint64_t tail_total(const struct tail *t)
{
	return t->dropped + t->text.len;
}

/*
 * The last @bytes of it, from the beginning of a line where that is possible. Owned by the tail,
 * valid until it changes. *len gets the length.
 */
const char *tail_last(const struct tail *t, size_t bytes, size_t *len);

/* As tail_last for the last @lines lines, but no more than @bytes. */
const char *tail_last_lines(const struct tail *t, size_t lines, size_t bytes, size_t *len);

#endif
