/* SPDX-License-Identifier: GPL-2.0-only */
#include "json/jsonw.h"

#include "base/clean.h"

static const char digits[] = "0123456789abcdef";

void jsonw_name(struct jsonw *w, const char *name)
{
	jsonw_plain(w, name);
	jsonw_literal(w, ":");
}

void jsonw_plain(struct jsonw *w, const char *text)
{
	jsonw_comma(w);
	jsonw_literal(w, "\"");
	jsonw_raw(w, text, strlen(text));
	jsonw_literal(w, "\"");
}

static bool is_plain(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~' || text[i] == '"' || text[i] == '\\')
			return false;
	return true;
}

/* What clean_text() leaves has no control characters but these. */
static void add_escaped(struct jsonw *w, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		switch (text[i]) {
		case '"':
			jsonw_literal(w, "\\\"");
			break;
		case '\\':
			jsonw_literal(w, "\\\\");
			break;
		case '\n':
			jsonw_literal(w, "\\n");
			break;
		case '\t':
			jsonw_literal(w, "\\t");
			break;
		default:
			jsonw_raw(w, text + i, 1);
		}
	}
}

void jsonw_text(struct jsonw *w, const char *text, size_t len)
{
	jsonw_comma(w);
	jsonw_literal(w, "\"");
	if (is_plain(text, len)) {
		jsonw_raw(w, text, len);
	} else {
		_cleanup_buf_ struct buf clean = {0};

		w->failed |= clean_text(&clean, text, len) != 0;
		add_escaped(w, buf_text(&clean), clean.len);
	}
	jsonw_literal(w, "\"");
}

/* The decimal digits of @v, up to @end; returns where they begin. */
static char *decimal(char *end, uint64_t v)
{
	do {
		*--end = digits[v % 10];
		v /= 10;
	} while (v);
	return end;
}

void jsonw_i64(struct jsonw *w, int64_t v)
{
	char text[24], *end = text + sizeof(text), *at;

	at = decimal(end, v < 0 ? -(uint64_t)v : (uint64_t)v);
	if (v < 0)
		*--at = '-';
	jsonw_value(w, at, (size_t)(end - at));
}

void jsonw_u64(struct jsonw *w, uint64_t v)
{
	if (v > INT64_MAX)
		jsonw_hex(w, v);
	else
		jsonw_i64(w, (int64_t)v);
}

void jsonw_hex(struct jsonw *w, uint64_t v)
{
	char text[24], *end = text + sizeof(text), *at = end;

	*--at = '"';
	do {
		*--at = digits[v % 16];
		v /= 16;
	} while (v);
	*--at = 'x';
	*--at = '0';
	*--at = '"';
	jsonw_value(w, at, (size_t)(end - at));
}

void jsonw_bytes(struct jsonw *w, const uint8_t *bytes, size_t len)
{
	struct buf *b = &w->out;
	char *to;

	jsonw_comma(w);
	jsonw_literal(w, "\"");
	if (len > SIZE_MAX / 4 || buf_reserve(b, 2 * len)) {
		w->failed = true;
		return;
	}
	to = b->data + b->len;
	for (size_t i = 0; i < len; i++) {
		*to++ = digits[bytes[i] >> 4];
		*to++ = digits[bytes[i] & 15];
	}
	b->len += 2 * len;
	jsonw_literal(w, "\"");
}
