/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames out of text lines, for tests that want a stream without a machine:
 *
 *   SOURCE TYPE PAYLOAD      boot HELLO {"engine":"tcg"}   guest KMSG [1.0] a line\n
 *   skip SOURCE N            leave a hole of N messages in that source's sequence numbers
 *   raw TEXT                 bytes that belong to no frame
 *   # comment, empty line
 *
 * TYPE is a name or a number. In text payloads and in `raw`, \n, \r, \t, \\ and \xHH mean what they
 * mean in C; JSON payloads are taken as they are. A SAMPLE may be an object, which is encoded by
 * the schema that came last; cells that are null or not there are absent:
 *
 *   monitor SAMPLE {"number":0,"at_ns":5,"invalid":0,"machine":[[250]],"cpu":[[1,0],[2,7]],
 *                   "comm":["cc"],"dsq":[[4,1]]}
 */
#ifndef KTSTR_TESTS_HELPER_FRAMES_H
#define KTSTR_TESTS_HELPER_FRAMES_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/parse.h"
#include "sample/sample.h"
#include "tlv/names.h"
#include "tlv/tlv.h"
#include "tlv/types.h"

struct frames {
	struct buf out; /* frames made and not yet taken */
	struct tlv_writer writers[256];
	struct schema schema; /* the last */
};

static inline void frames_deinit(struct frames *f)
{
	buf_deinit(&f->out);
	schema_deinit(&f->schema);
}

static inline char *frames_word(char **rest)
{
	char *word = *rest, *end = word + strcspn(word, " ");

	*rest = *end ? end + 1 : end;
	*end = 0;
	return word;
}

/* In place; the result may hold NULs. Returns its length. */
static inline size_t frames_unescape(char *text)
{
	static const char from[] = "nrt\\", to[] = "\n\r\t\\";
	char *out = text;

	for (const char *p = text; *p;) {
		const char *known = p[0] == '\\' && p[1] ? strchr(from, p[1]) : NULL;
		unsigned int hex;

		if (known) {
			*out++ = to[known - from];
			p += 2;
		} else if (p[0] == '\\' && p[1] == 'x' && sscanf(p + 2, "%2x", &hex) == 1) {
			*out++ = (char)hex;
			p += 4;
		} else {
			*out++ = *p++;
		}
	}
	return (size_t)(out - text);
}

static inline struct tlv_writer *frames_writer(struct frames *f, const char *name, struct err *e)
{
	uint8_t source = tlv_source_by_name(name);

	if (!source) {
		err_set(e, EINVAL, "unknown source '%s'", name);
		return NULL;
	}
	f->writers[source].fd = -1;
	f->writers[source].source = source;
	/* Through a queue, so that guest frames have a host time as ktstr-boot gives them. */
	f->writers[source].queue = &f->out;
	return &f->writers[source];
}

/* A schema that is none is written all the same, and the one before stays. */
static inline void frames_schema(struct frames *f, const char *payload)
{
	json_t *json = json_loads(payload, 0, NULL);
	struct schema schema;
	struct err e;

	if (json && schema_from_json(json, &schema, &e) == 0) {
		schema_deinit(&f->schema);
		f->schema = schema;
	}
	json_decref(json);
}

static inline uint64_t frames_number(const json_t *json, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(json, name));
}

static inline void frames_cells(const struct schema *schema, json_t *json, struct sample *s)
{
	for (unsigned int t = 0; t < SAMPLE_TABLES; t++) {
		const struct schema_table *table = &schema->tables[t];
		json_t *rows = json_object_get(json, sample_table_names[t]);
		size_t n = t == SAMPLE_DSQ ? SAMPLE_DSQS_MAX : table->n_rows;

		if (t == SAMPLE_DSQ)
			s->n_dsqs = (unsigned int)json_array_size(rows);
		for (size_t i = 0; i < json_array_size(rows) && i < n; i++) {
			for (unsigned int k = 0; k < table->n_columns; k++) {
				json_t *v = json_array_get(json_array_get(rows, i), k);

				if (json_is_integer(v))
					*sample_cell(s, schema, (enum sample_table)t,
						     (unsigned int)i, k) =
						(uint64_t)json_integer_value(v);
			}
		}
	}
}

static inline void frames_comms(const struct schema *schema, json_t *json, struct sample *s)
{
	json_t *comms = json_object_get(json, "comm");

	for (size_t i = 0; i < schema->tables[SAMPLE_CPU].n_rows; i++) {
		const char *comm = json_string_value(json_array_get(comms, i));

		snprintf(s->comm[i], sizeof(s->comm[i]), "%s", comm ? comm : "");
	}
}

/* The sample that @json tells, as its bytes in @ret. */
static inline int frames_sample(struct frames *f, json_t *json, struct buf *ret, struct err *e)
{
	struct sample s;
	int failed;

	if (sample_init(&s, &f->schema, e))
		return -1;
	s.number = frames_number(json, "number");
	s.at_ns = frames_number(json, "at_ns");
	s.took_ns = frames_number(json, "took_ns");
	s.invalid = (uint32_t)frames_number(json, "invalid");
	s.retries = (uint32_t)frames_number(json, "retries");
	s.missed = (uint32_t)frames_number(json, "missed");
	s.dsqs_cut = json_is_true(json_object_get(json, "dsqs_cut"));
	frames_cells(&f->schema, json, &s);
	frames_comms(&f->schema, json, &s);
	failed = sample_encode(&s, &f->schema, ret);
	sample_deinit(&s);
	return failed ? err_set(e, ENOMEM, "out of memory for a sample") : 0;
}

/* Write @payload as a sample if it is an object; 1 when it is none. */
static inline int frames_sample_line(struct frames *f, struct tlv_writer *w, const char *payload,
				     struct err *e)
{
	_cleanup_buf_ struct buf bytes = {0};
	json_t *json;
	int failed;

	if (*payload != '{')
		return 1;
	json = json_loads(payload, 0, NULL);
	if (!json)
		return err_set(e, EINVAL, "no sample: '%s'", payload);
	failed = frames_sample(f, json, &bytes, e);
	json_decref(json);
	return failed ? -1 : tlv_write(w, TLV_SAMPLE, 0, buf_text(&bytes), bytes.len, e);
}

static inline int frames_message(struct frames *f, struct tlv_writer *w, const char *type,
				 char *payload, struct err *e)
{
	const struct tlv_type_info *info = tlv_type_by_name(type);
	unsigned int number = 0;
	int done;
	size_t len;

	if (!info && parse_uint(type, 0, UINT16_MAX, &number, e))
		return err_prefix(e, "unknown type '%s'", type);
	if (info && info->type == TLV_SAMPLE_SCHEMA)
		frames_schema(f, payload);
	if (info && info->type == TLV_SAMPLE) {
		done = frames_sample_line(f, w, payload, e);
		if (done <= 0)
			return done;
	}
	len = info && info->form == TLV_JSON ? strlen(payload) : frames_unescape(payload);
	return tlv_write(w, info ? info->type : (uint16_t)number, 0, payload, len, e);
}

/* Add what @line says, which is written over. */
static inline int frames_add_line(struct frames *f, char *line, struct err *e)
{
	char *first, *second;
	struct tlv_writer *w;
	unsigned int n;

	if (!*line || *line == '#')
		return 0;
	first = frames_word(&line);
	if (strcmp(first, "raw") == 0)
		return buf_add(&f->out, line, frames_unescape(line));
	second = frames_word(&line);
	w = frames_writer(f, strcmp(first, "skip") == 0 ? second : first, e);
	if (!w)
		return -1;
	if (strcmp(first, "skip") != 0)
		return frames_message(f, w, second, line, e);
	if (parse_uint(line, 1, 1000000, &n, e))
		return -1;
	w->seq += n;
	return 0;
}

#endif
