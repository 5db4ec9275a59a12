/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The notes of an ELF file (gABI, "Note Section"), of any origin: name and bytes of each, both
 * filled up to a multiple of 4.
 */
#ifndef KTSTR_BASE_ELFNOTE_H
#define KTSTR_BASE_ELFNOTE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/cursor.h"

struct elfnote {
	const char *name; /* name_len bytes; both point into the cursor's */
	const void *data;
	uint32_t name_len, len, type;
};

/* The next note at @c. False at the end, and when the next one is not whole: @c has failed then. */
static inline bool elfnote_next(struct cursor *c, struct elfnote *ret)
{
	size_t pad;

	if (c->failed || !cursor_left(c))
		return false;
	ret->name_len = cursor_u32(c);
	ret->len = cursor_u32(c);
	ret->type = cursor_u32(c);
	ret->name = cursor_bytes(c, ((size_t)ret->name_len + 3) & ~(size_t)3);
	ret->data = cursor_bytes(c, ret->len);
	if (c->failed)
		return false;
	/* What fills up the last one may be missing. */
	pad = -(size_t)ret->len & 3;
	cursor_bytes(c, pad < cursor_left(c) ? pad : cursor_left(c));
	return true;
}

/* Whether it has that name, which is stored with its NUL. */
static inline bool elfnote_is(const struct elfnote *n, const char *name)
{
	size_t len = strlen(name) + 1;

	return n->name_len == len && memcmp(n->name, name, len) == 0;
}

#endif
