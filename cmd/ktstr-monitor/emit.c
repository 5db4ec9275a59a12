/* SPDX-License-Identifier: GPL-2.0-only */
#include "emit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "tlv/types.h"

#define SHOW_EVERY_NS (250 * NSEC_PER_MSEC)
#define LAST_WORDS_NS NSEC_PER_SEC /* for the end, to a reader who is slow */

void emit_init(struct emit *m, enum emit_format format, int signal_fd)
{
	*m = (struct emit){
		.format = format,
		.screen = m->screen,
		.out = {.fd = STDOUT_FILENO,
			.frames = format == EMIT_TLV,
			.signal_fd = signal_fd,
			.writer = {.fd = -1, .source = TLV_FROM_MONITOR}},
	};
}

void emit_deinit(struct emit *m)
{
	out_deinit(&m->out);
	text_deinit(&m->text);
	buf_deinit(&m->scratch);
}

static int no_memory(struct err *e)
{
	return err_set(e, ENOMEM, "out of memory");
}

static int emit_flush(struct emit *m, struct err *e)
{
	return out_flush(&m->out, CLOCK_NEVER, e);
}

/* ---- frames and objects ---- */

/* Objects of several kinds share a stream of lines: each says what it is. */
static json_t *typed(const struct emit *m, json_t *object, const char *type)
{
	if (object && m->format == EMIT_JSON)
		json_object_set_new(object, "type", json_string(type));
	return object;
}

/* ---- the table ---- */

static int queue_table(struct emit *m, const struct sample *s)
{
	struct text_frame frame = {.note = m->note, .invalid = m->invalid, .missed = m->missed};

	screen_size(&m->screen, &frame.rows, &frame.columns);
	if (buf_addf(&m->out.data, "\x1b[H") || text_table(&m->text, s, &frame, &m->out.data))
		return -1;
	return buf_addf(&m->out.data, "\x1b[J");
}

static int show(struct emit *m, const struct sample *s, struct err *e)
{
	uint64_t now = clock_now_ns();

	if (m->shown_ns && now - m->shown_ns < SHOW_EVERY_NS)
		return 0;
	m->shown_ns = now;
	return queue_table(m, s) ? no_memory(e) : 0;
}

int emit_waiting(struct emit *m, const char *why, struct err *e)
{
	unsigned int rows, columns;

	if (m->format != EMIT_LIVE)
		return 0;
	screen_size(&m->screen, &rows, &columns);
	if (buf_addf(&m->out.data, "\x1b[H\x1b[J%.*s", (int)columns, why))
		return no_memory(e);
	m->shown_ns = 0;
	return emit_flush(m, e);
}

/* ---- all forms ---- */

int emit_schema(struct emit *m, const struct schema *schema, struct err *e)
{
	m->schema = schema;
	if (m->format == EMIT_LIVE)
		return text_schema(&m->text, schema, e);
	if (m->format != EMIT_TLV)
		return 0;
	if (out_object(&m->out, TLV_SAMPLE_SCHEMA, schema_to_json(schema), e))
		return -1;
	return emit_flush(m, e);
}

static int queue_sample_frames(struct emit *m, const struct sample *s, struct err *e)
{
	m->scratch.len = 0;
	if (sample_encode(s, m->schema, &m->scratch))
		return no_memory(e);
	return out_message(&m->out, TLV_SAMPLE, m->scratch.data, m->scratch.len, e);
}

static int queue_sample_json(struct emit *m, const struct sample *s, struct err *e)
{
	json_t *object = typed(m, sample_to_json(s, m->schema), "sample");

	if (object) {
		json_object_set_new(object, "release", json_string(m->schema->release));
		json_object_set_new(object, "scheduler",
				    m->schema->ops[0] ? json_string(m->schema->ops) : json_null());
		json_object_set_new(object, "hz", json_integer(m->schema->hz));
		json_object_set_new(object, "generation", json_integer(m->schema->generation));
	}
	return out_object(&m->out, TLV_SAMPLE, object, e);
}

static int queue_sample(struct emit *m, const struct sample *s, struct err *e)
{
	switch (m->format) {
	case EMIT_TEXT:
		return text_lines(m->schema, s, &m->out.data) ? no_memory(e) : 0;
	case EMIT_JSON:
		return queue_sample_json(m, s, e);
	case EMIT_TLV:
		return queue_sample_frames(m, s, e);
	case EMIT_LIVE:
		return show(m, s, e);
	}
	return 0;
}

int emit_sample(struct emit *m, const struct sample *s, struct err *e)
{
	m->invalid += s->invalid != 0;
	m->missed += s->missed;
	return queue_sample(m, s, e) ? -1 : emit_flush(m, e);
}

static int queue_note(struct emit *m, json_t *note, struct err *e)
{
	const char *message = json_string_value(json_object_get(note, "message"));

	if (m->format == EMIT_TLV || m->format == EMIT_JSON)
		return out_object(&m->out, TLV_MONITOR_NOTE, typed(m, note, "note"), e);
	snprintf(m->note, sizeof(m->note), "%s", message ? message : "");
	err_text_clean(m->note);
	json_decref(note);
	if (m->format == EMIT_TEXT && buf_addf(&m->out.data, "# %s\n", m->note))
		return no_memory(e);
	return 0;
}

int emit_note(struct emit *m, json_t *note, struct err *e)
{
	return queue_note(m, note, e) ? -1 : emit_flush(m, e);
}

static long long count_of(const json_t *object, const char *name)
{
	return (long long)json_integer_value(json_object_get(object, name));
}

static int queue_end(struct emit *m, json_t *end, struct err *e)
{
	const char *reason;

	if (m->format == EMIT_TLV || m->format == EMIT_JSON)
		return out_object(&m->out, TLV_MONITOR_END, typed(m, end, "end"), e);
	reason = json_string_value(json_object_get(end, "reason"));
	if (buf_addf(&m->out.data, "%s# end: %s, %lld samples, %lld invalid, %lld missed\n",
		     screen_leave(&m->screen), reason ? reason : "", count_of(end, "samples"),
		     count_of(end, "invalid"), count_of(end, "missed"))) {
		json_decref(end);
		return no_memory(e);
	}
	json_decref(end);
	return 0;
}

int emit_end(struct emit *m, json_t *end, struct err *e)
{
	if (queue_end(m, end, e))
		return -1;
	m->out.signal_fd = -1;
	return out_flush(&m->out, clock_deadline_ns(LAST_WORDS_NS), e);
}
