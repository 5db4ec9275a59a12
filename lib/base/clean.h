/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text that a guest wrote, made fit to print, to store and to put into JSON or XML: valid UTF-8
 * without control characters. It does not shorten anything.
 */
#ifndef KTSTR_BASE_CLEAN_H
#define KTSTR_BASE_CLEAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * Add @len bytes at @data to @out. What is not UTF-8 and every control character (C0, DEL, C1, and
 * the two non-characters that XML forbids) becomes U+FFFD; carriage returns are dropped, newline
 * and tab stay. Returns 0, or -1 when memory is out.
 */
int clean_text(struct buf *out, const char *data, size_t len);

/* As clean_text, but newline and tab become a blank: for what must stay on one line. */
int clean_line(struct buf *out, const char *data, size_t len);

/*
 * Copy the text at @text, up to its NUL or @max bytes, into @ret: at most @size - 1 bytes, what is
 * no printable ASCII as '?', and zeros behind it. Both may be the same.
 */
void clean_ascii(char *ret, size_t size, const char *text, size_t max);

/* Whether all of @data is valid UTF-8 (control characters do not matter). */
bool clean_is_utf8(const char *data, size_t len);

/*
 * Copy into @ret, at most @size - 1 bytes, as clean_line does, cut between characters; a cut is
 * shown by "..." at the end.
 */
void clean_copy(char *ret, size_t size, const char *data, size_t len);

#endif
