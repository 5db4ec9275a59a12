/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A bounds-checked reading position over bytes from outside. It checks before it moves; the first
 * read that does not fit marks the cursor failed, and every read after that returns zero or NULL
 * and changes nothing, so a parser may read a whole record and test `failed` once, before it uses
 * any of it. All integers are little-endian unless the name says otherwise.
 */
#ifndef KTSTR_BASE_CURSOR_H
#define KTSTR_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cursor {
	const uint8_t *data;
	size_t len;
	size_t pos;
	bool failed;
};

static inline struct cursor cursor_over(const void *data, size_t len)
{
	return (struct cursor){.data = data, .len = len};
}

static inline size_t cursor_left(const struct cursor *c)
{
	return c->len - c->pos;
}

/* The next @len bytes, owned by whoever owns the data; NULL when there are fewer. */
static inline const void *cursor_bytes(struct cursor *c, size_t len)
{
	const void *ret;

	if (c->failed || len > cursor_left(c)) {
		c->failed = true;
		return NULL;
	}
	ret = c->data + c->pos;
	c->pos += len;
	return ret;
}

/* Go to @pos from the start of the data; at the very end is allowed. */
static inline void cursor_seek(struct cursor *c, size_t pos)
{
	if (c->failed || pos > c->len)
		c->failed = true;
	else
		c->pos = pos;
}

static inline uint64_t cursor_le(struct cursor *c, size_t size)
{
	const uint8_t *p = cursor_bytes(c, size);
	uint64_t v = 0;

	for (size_t i = 0; p && i < size; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

static inline uint8_t cursor_u8(struct cursor *c)
{
	return (uint8_t)cursor_le(c, 1);
}

static inline uint16_t cursor_u16(struct cursor *c)
{
	return (uint16_t)cursor_le(c, 2);
}

static inline uint32_t cursor_u32(struct cursor *c)
{
	return (uint32_t)cursor_le(c, 4);
}

static inline uint64_t cursor_u64(struct cursor *c)
{
	return cursor_le(c, 8);
}

#endif
