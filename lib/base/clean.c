/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/clean.h"

#include <stdint.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"

/* Length of the UTF-8 character at @p and its code point; 0 when there is none. */
static size_t utf8_decode(const uint8_t *p, size_t len, uint32_t *ret)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	uint32_t c;

	if (n == 0 || p[0] > 0xf4 || n > len)
		return 0;
	c = n == 1 ? p[0] : p[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret = c;
	return n;
}

static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0xfffe || c == 0xffff;
}

/*
 * The next character at @p as it is to be shown: its bytes and their number in *shown (0 for none).
 * Returns how many bytes it took, at least 1.
 */
static size_t clean_next(const uint8_t *p, size_t len, bool one_line, const char **bytes,
			 size_t *shown)
{
	uint32_t c = 0;
	size_t n = utf8_decode(p, len, &c);

	*bytes = (const char *)p;
	*shown = n;
	if (n == 1 && c == '\r') {
		*shown = 0;
	} else if (n == 1 && (c == '\n' || c == '\t')) {
		if (one_line)
			*bytes = " ";
	} else if (n == 0 || is_control(c)) {
		*bytes = REPLACEMENT;
		*shown = strlen(REPLACEMENT);
	}
	return n ? n : 1;
}

static int clean_add(struct buf *out, const char *data, size_t len, bool one_line)
{
	const uint8_t *p = (const uint8_t *)data;
	const char *bytes;
	size_t shown;

	for (size_t at = 0; at < len;) {
		at += clean_next(p + at, len - at, one_line, &bytes, &shown);
		if (shown && buf_add(out, bytes, shown))
			return -1;
	}
	return 0;
}

int clean_text(struct buf *out, const char *data, size_t len)
{
	return clean_add(out, data, len, false);
}

int clean_line(struct buf *out, const char *data, size_t len)
{
	return clean_add(out, data, len, true);
}

bool clean_is_utf8(const char *data, size_t len)
{
	uint32_t c;

	for (size_t at = 0; at < len;) {
		size_t n = utf8_decode((const uint8_t *)data + at, len - at, &c);

		if (n == 0)
			return false;
		at += n;
	}
	return true;
}

void clean_copy(char *ret, size_t size, const char *data, size_t len)
{
	const uint8_t *p = (const uint8_t *)data;
	size_t used = 0, fits = 0; /* fits: where "..." could still begin */
	const char *bytes;
	size_t shown;

	for (size_t at = 0; at < len;) {
		at += clean_next(p + at, len - at, true, &bytes, &shown);
		if (used + shown + 1 > size) {
			memcpy(ret + fits, "...", 4);
			return;
		}
		memcpy(ret + used, bytes, shown);
		used += shown;
		if (used + 4 <= size)
			fits = used;
	}
	ret[used] = 0;
}

void clean_ascii(char *ret, size_t size, const char *text, size_t max)
{
	size_t n = 0;

	for (; n < max && n + 1 < size && text[n]; n++)
		ret[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : '?';
	memset(ret + n, 0, size - n);
}
