/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A dump's JSON as text for people: what is zero is left out, equal elements in a row become one
 * (`[0..15] = 0`), pointers show where they lead (`-> type {..}`) or why not (`[cycle]`,
 * `[chase: reason]`). One fact a line; lines that would be longer than SHOW_WIDTH go on, deeper
 * indented, on the next.
 */
#ifndef KTSTR_DUMP_SHOW_H
#define KTSTR_DUMP_SHOW_H

#include <jansson.h>

#include "base/buf.h"
#include "base/error.h"

#define SHOW_WIDTH 100u

/*
 * Add @dump as text to @out. It may be a report (schema "single", "dual" or "degraded"), a capture
 * (with a report in it, or the reason why there is none), an array of captures, or a result with
 * `snapshots`. What is in it may be anything: what is no dump at all is EINVAL, the text says what
 * it is instead, and nothing was added; what does not fit inside of one is shown as it is.
 */
int show_print(const json_t *dump, struct buf *out, struct err *e);

#endif
