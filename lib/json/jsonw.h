/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A writer of JSON text, for what has too many values to build a tree of: commas and escapes are
 * put here, the order of calls is the caller's to get right. Text of a guest's comes out cleaned as
 * by base/clean.h. When memory is out, `failed` is set and the rest is dropped.
 */
#ifndef KTSTR_JSON_JSONW_H
#define KTSTR_JSON_JSONW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"

/* {0} is a writer of nothing so far; release it with buf_deinit(&w->out). */
struct jsonw {
	struct buf out;
	bool failed;
};

/* Text that is JSON already, or a part of it: commas are the caller's too. */
static inline void jsonw_raw(struct jsonw *w, const char *text, size_t len)
{
	struct buf *b = &w->out;

	/* Room for a NUL and more: most calls end here. */
	if (b->cap - b->len <= len && buf_reserve(b, len)) {
		w->failed = true;
		return;
	}
	memcpy(b->data + b->len, text, len);
	b->len += len;
	b->data[b->len] = 0;
}

#define jsonw_literal(w, literal) jsonw_raw(w, "" literal, sizeof(literal) - 1)

/* A comma where one is wanted: behind anything but an opening bracket or a name. */
static inline void jsonw_comma(struct jsonw *w)
{
	char last = w->out.len ? w->out.data[w->out.len - 1] : '[';

	if (last != '[' && last != '{' && last != ':')
		jsonw_literal(w, ",");
}

static inline void jsonw_open(struct jsonw *w, char bracket)
{
	jsonw_comma(w);
	jsonw_raw(w, &bracket, 1);
}

static inline void jsonw_close(struct jsonw *w, char bracket)
{
	jsonw_raw(w, &bracket, 1);
}

/* The name of the member that follows: plain ASCII. */
void jsonw_name(struct jsonw *w, const char *name);

/* A string that we wrote: plain ASCII without `"` and `\`. */
void jsonw_plain(struct jsonw *w, const char *text);

/* A string of a stranger's, @len bytes of it. */
void jsonw_text(struct jsonw *w, const char *text, size_t len);

void jsonw_i64(struct jsonw *w, int64_t v);

/* As a number up to INT64_MAX, which is what JSON programs in C can hold, as jsonw_hex() above. */
void jsonw_u64(struct jsonw *w, uint64_t v);

/* The string "0x..", without leading zeros. */
void jsonw_hex(struct jsonw *w, uint64_t v);

/* @len bytes as a string of hexadecimal digits, two a byte, in order. */
void jsonw_bytes(struct jsonw *w, const uint8_t *bytes, size_t len);

/* Any JSON text that stands for one value. */
static inline void jsonw_value(struct jsonw *w, const char *json, size_t len)
{
	jsonw_comma(w);
	jsonw_raw(w, json, len);
}

#endif
