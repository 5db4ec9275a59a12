/* SPDX-License-Identifier: GPL-2.0-only */
#include "emit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "dump/show.h"

#define LAST_WORDS_NS NSEC_PER_SEC /* for the end, to a reader who is slow */

void emit_init(struct emit *m, enum emit_format format, int signal_fd)
{
	*m = (struct emit){
		.format = format,
		.out = {.fd = STDOUT_FILENO,
			.frames = format == EMIT_TLV,
			.signal_fd = signal_fd,
			.writer = {.fd = -1, .source = TLV_FROM_FREEZE}},
	};
}

void emit_deinit(struct emit *m)
{
	out_deinit(&m->out);
}

static int queue_text(struct emit *m, const char *json, size_t len, struct err *e)
{
	json_t *capture = json_loadb(json, len, 0, NULL);
	int ret = capture ? show_print(capture, &m->out.data, e)
			  : err_set(e, ENOMEM, "out of memory");

	json_decref(capture);
	return ret;
}

/* Objects of several kinds share a stream of lines: each says what it is. */
static int queue_line(struct emit *m, const char *json, size_t len, struct err *e)
{
	struct buf *b = &m->out.data;

	if (buf_addf(b, "{\"type\":\"capture\",") || buf_add(b, json + 1, len - 1) ||
	    buf_add(b, "\n", 1))
		return err_set(e, ENOMEM, "out of memory");
	return 0;
}

int emit_capture(struct emit *m, const char *json, size_t len, struct err *e)
{
	int ret = 0;

	switch (m->format) {
	case EMIT_TEXT:
		ret = queue_text(m, json, len, e);
		break;
	case EMIT_JSON:
		ret = queue_line(m, json, len, e);
		break;
	case EMIT_TLV:
		/* Known before, it is not lost: the caller tries again with less. */
		if (len > TLV_MESSAGE_MAX)
			return err_set(e, E2BIG, "the capture has %zu bytes, more than %u", len,
				       TLV_MESSAGE_MAX);
		ret = out_message(&m->out, TLV_CAPTURE, json, len, e);
		break;
	}
	return ret ? -1 : out_flush(&m->out, CLOCK_NEVER, e);
}

/* In text, notes and the end are for people: on standard error, by who takes them. */
static int queue_other(struct emit *m, enum tlv_type type, json_t *object, const char *name,
		       struct err *e)
{
	if (m->format == EMIT_TEXT && object) {
		json_decref(object);
		return 0;
	}
	if (m->format == EMIT_JSON && object)
		json_object_set_new(object, "type", json_string(name));
	return out_object(&m->out, type, object, e);
}

int emit_note(struct emit *m, json_t *note, struct err *e)
{
	if (queue_other(m, TLV_FREEZE_NOTE, note, "note", e))
		return -1;
	return out_flush(&m->out, CLOCK_NEVER, e);
}

int emit_end(struct emit *m, json_t *end, struct err *e)
{
	if (queue_other(m, TLV_FREEZE_END, end, "end", e))
		return -1;
	m->out.signal_fd = -1;
	return out_flush(&m->out, clock_deadline_ns(LAST_WORDS_NS), e);
}
