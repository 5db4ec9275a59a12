/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads newc archives in tests, strictly: what is not exactly as the kernel wants it fails. */
#ifndef KTSTR_TESTS_UNIT_NEWC_H
#define KTSTR_TESTS_UNIT_NEWC_H

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

struct newc {
	const char *name, *data;
	unsigned long ino, mode, uid, gid, links, mtime, size, major, minor;
};

static unsigned long newc_field(const char *header, int n)
{
	char digits[9] = {0};

	memcpy(digits, header + 6 + 8 * n, 8);
	return strspn(digits, "0123456789abcdef") == 8 ? strtoul(digits, NULL, 16)
						       : (unsigned long)-1;
}

/* Read the entry at *@at and go behind it; -1 when there is no right one. */
static int newc_next(const struct buf *b, size_t *at, struct newc *ret)
{
	const char *h = b->data + *at;
	size_t name_len, body;

	if (*at + 110 > b->len || memcmp(h, "070701", 6) != 0)
		return -1;
	name_len = newc_field(h, 11);
	*ret = (struct newc){
		.name = h + 110,
		.ino = newc_field(h, 0),
		.mode = newc_field(h, 1),
		.uid = newc_field(h, 2),
		.gid = newc_field(h, 3),
		.links = newc_field(h, 4),
		.mtime = newc_field(h, 5),
		.size = newc_field(h, 6),
		.major = newc_field(h, 9),
		.minor = newc_field(h, 10),
	};
	body = (*at + 110 + name_len + 3) / 4 * 4;
	if (body + ret->size > b->len || strlen(ret->name) + 1 != name_len)
		return -1;
	ret->data = b->data + body;
	*at = (body + ret->size + 3) / 4 * 4;
	return 0;
}

/* Find the entry @name; -1 when it is not there or the archive is wrong before it. */
static inline int newc_find(const struct buf *b, const char *name, struct newc *ret)
{
	for (size_t at = 0; newc_next(b, &at, ret) == 0;)
		if (strcmp(ret->name, name) == 0)
			return 0;
	return -1;
}

#endif
