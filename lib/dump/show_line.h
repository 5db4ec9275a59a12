/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of show_print() share: lines of text that are begun, added to and ended. Inside
 * dump/show*.c only. All text comes out cleaned (base/clean.h).
 */
#ifndef KTSTR_DUMP_SHOW_LINE_H
#define KTSTR_DUMP_SHOW_LINE_H

#include <jansson.h>
#include <stdbool.h>

#include "dump/show.h"

#define SHOW_DEPTH_MAX 64u

struct show {
	struct buf *out;
	struct buf line; /* the one that is being made, without its indentation */
	unsigned int indent;
	unsigned int depth; /* of what is being shown */
	bool failed;	    /* memory is out */
};

/* Add to the line. */
void show_puts(struct show *s, const char *text);
void show_addf(struct show *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A stranger's text, newlines as blanks; show_word() puts it into quotes unless it is one word. */
void show_text(struct show *s, const char *text, size_t len);
void show_word(struct show *s, const char *text);

/* Number, word, true, false or null; nothing of arrays and objects. */
void show_scalar(struct show *s, const json_t *v);

/* The text of member @name of @v; "" when there is none. */
static inline const char *show_string(const json_t *v, const char *name)
{
	const char *text = json_string_value(json_object_get(v, name));

	return text ? text : "";
}

/* Write the line out. */
void show_end(struct show *s);

/* Any JSON under a name: a line of what is flat, a block of what is not. */
void show_json(struct show *s, const char *name, const json_t *v);

/* The flat members of @v that are not zero as `name value, name value` added to the line; without
 * those named in @but (NULL at the end; NULL is allowed). */
void show_flat(struct show *s, const json_t *v, const char *const *but);

/* The members of @v that are not flat, each by show_json(), without those in @but. */
void show_parts(struct show *s, const json_t *v, const char *const *but);

/* ---- rendered values (dump/value.h) ---- */

bool show_value_is_zero(const json_t *v);

/* Add @v to the line when it is short; else end the line and go on below it. The line is ended. */
void show_value(struct show *s, const json_t *v);

/* @v added to the line when it takes at most @max bytes; else false, and nothing was added. */
bool show_value_short(struct show *s, const json_t *v, size_t max);

/* The members of struct @v that are not zero, one a line. */
void show_members(struct show *s, const json_t *v);

/* ---- maps (dump/maps.h) ---- */

void show_maps(struct show *s, const json_t *maps);

#endif
