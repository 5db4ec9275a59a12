/* SPDX-License-Identifier: GPL-2.0-only */
/* What ktstr-freeze puts out: frames (ktstr-tlv(5)), JSON objects a line each, or text. */
#ifndef KTSTR_FREEZE_EMIT_H
#define KTSTR_FREEZE_EMIT_H

#include <jansson.h>

#include "tlv/out.h"

enum emit_format { EMIT_TEXT, EMIT_JSON, EMIT_TLV };

struct emit {
	enum emit_format format;
	struct out out;
};

/* For standard output; @signal_fd as in struct out. */
void emit_init(struct emit *m, enum emit_format format, int signal_fd);
void emit_deinit(struct emit *m);

/*
 * The payload of TLV_CAPTURE, as text. Errors as out_flush has them, and E2BIG when it is too long
 * for a frame's message: nothing of it is written then.
 */
int emit_capture(struct emit *m, const char *json, size_t len, struct err *e);

/* Payloads of TLV_FREEZE_NOTE and TLV_FREEZE_END; taken over, NULL: memory was out. */
int emit_note(struct emit *m, json_t *note, struct err *e);
int emit_end(struct emit *m, json_t *end, struct err *e);

#endif
