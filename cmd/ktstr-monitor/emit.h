/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the monitor puts out, in each of its forms: frames (ktstr-tlv(5)), JSON objects, lines, or
 * the live table.
 */
#ifndef KTSTR_MONITOR_EMIT_H
#define KTSTR_MONITOR_EMIT_H

#include <jansson.h>

#include "sample/sample.h"
#include "screen.h"
#include "text.h"
#include "tlv/out.h"

enum emit_format { EMIT_TEXT, EMIT_JSON, EMIT_TLV, EMIT_LIVE };

struct emit {
	enum emit_format format;
	struct out out;
	const struct schema *schema; /* of the samples that follow; borrowed */
	struct text text;
	struct screen screen;
	uint64_t shown_ns; /* when the table was last drawn */
	uint64_t invalid, missed;
	char note[256]; /* the last one, for the table */
	struct buf scratch;
};

/* For standard output; the screen, if any, was set before. @signal_fd as in struct out. */
void emit_init(struct emit *m, enum emit_format format, int signal_fd);
void emit_deinit(struct emit *m);

/* All of them: errors as out_flush has them. */

/* The table has nothing to show yet, and says why. */
int emit_waiting(struct emit *m, const char *why, struct err *e);
int emit_schema(struct emit *m, const struct schema *schema, struct err *e);
int emit_sample(struct emit *m, const struct sample *s, struct err *e);
/* Payloads of TLV_MONITOR_NOTE and TLV_MONITOR_END; taken over, NULL: memory was out. */
int emit_note(struct emit *m, json_t *note, struct err *e);
/* Ends the table, too. */
int emit_end(struct emit *m, json_t *end, struct err *e);

#endif
