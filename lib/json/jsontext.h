/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * JSON text from a stranger, looked at without making objects of it: a dump has millions of values
 * of which a report needs six. What is found valid here may be pasted into other JSON text as it
 * is.
 */
#ifndef KTSTR_JSON_JSONTEXT_H
#define KTSTR_JSON_JSONTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define JSONTEXT_DEPTH_MAX 1024u

/* A piece of a text, which is owned by whoever owns that. @at is NULL for one that is not there. */
struct jsonspan {
	const char *at;
	size_t len;
};

/* Whether all of it is one JSON value (RFC 8259), not nested deeper than the maximum. That it is
 * UTF-8 is the caller's to see to. */
bool jsontext_is_valid(struct jsonspan text);

/*
 * Over the members of a valid object, {.text = object}; false behind the last. @key is as it
 * stands between the quotes. On what is no object there are none.
 */
struct jsonmembers {
	struct jsonspan text;
	const char *pos; /* NULL before the first */
};
bool jsontext_next(struct jsonmembers *m, struct jsonspan *key, struct jsonspan *value);

/* Whether @s is @text. */
bool jsontext_is(struct jsonspan s, const char *text);

/* The value of the member @name of a valid object; of several the last, as all readers have it. */
struct jsonspan jsontext_member(struct jsonspan object, const char *name);

/* How many elements a valid array has; 0 for what is none. */
size_t jsontext_count(struct jsonspan array);

/* Whether it is an object. */
bool jsontext_is_object(struct jsonspan text);

/*
 * Add the object @head (text that jansson made, {...}) with one member more, @name, of which the
 * value is the text @value. Returns 0, or -1 when memory is out.
 */
int jsontext_with(struct buf *out, const char *head, const char *name, struct jsonspan value);

/* Add the object @head, likewise, with the members of the valid object @more behind its own. */
int jsontext_merge(struct buf *out, const char *head, struct jsonspan more);

#endif
