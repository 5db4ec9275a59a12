/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A growing byte buffer with a stated maximum. It is always followed by a NUL that does not count,
 * so that text in it can be used as a C string. {0} is an empty buffer that holds nothing.
 */
#ifndef KTSTR_BASE_BUF_H
#define KTSTR_BASE_BUF_H

#include <stddef.h>

#include "base/cleanup.h"

struct buf {
	char *data; /* NULL while nothing was ever added */
	size_t len;
	size_t cap;
};

/* Release the memory; the buffer is empty and usable again. */
void buf_deinit(struct buf *b);

/* Make room for @more bytes behind those that are there, and a NUL. Returns as buf_add. */
int buf_reserve(struct buf *b, size_t more);

/* Add @len bytes. Returns 0, or -1 when memory is out; the buffer is then as it was. */
int buf_add(struct buf *b, const void *data, size_t len);

/* Add formatted text. Returns as buf_add. */
int buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Take @len bytes off the front (at most what is there). */
void buf_consume(struct buf *b, size_t len);

/* The text in the buffer, "" when empty; owned by the buffer, valid until it next changes. */
const char *buf_text(const struct buf *b);

#define _cleanup_buf_ _cleanup_(buf_deinit)

#endif
