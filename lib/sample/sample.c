/* SPDX-License-Identifier: GPL-2.0-only */
#include "sample/sample.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"

#define LEB_MAX 10u /* bytes of a number */
#define FLAG_DSQS_CUT 1u

const char *const sample_invalid_names[SAMPLE_INVALIDS] = {"torn", "uninitialised", "implausible",
							   "unreadable"};

/* ---- a sample in memory ---- */

static size_t table_rows(const struct schema *schema, size_t t)
{
	return t == SAMPLE_DSQ ? SAMPLE_DSQS_MAX : schema->tables[t].n_rows;
}

static size_t table_cells(const struct schema *schema, size_t t)
{
	return table_rows(schema, t) * schema->tables[t].n_columns;
}

int sample_init(struct sample *s, const struct schema *schema, struct err *e)
{
	*s = (struct sample){.schema_id = schema->id};
	s->comm = calloc((size_t)schema->tables[SAMPLE_CPU].n_rows + 1, sizeof(*s->comm));
	if (!s->comm)
		return err_set(e, ENOMEM, "out of memory for a sample");
	for (size_t t = 0; t < SAMPLE_TABLES; t++) {
		size_t n = table_cells(schema, t);

		s->cells[t] = reallocarray(NULL, n + 1, sizeof(**s->cells));
		if (!s->cells[t]) {
			sample_deinit(s);
			return err_set(e, ENOMEM, "out of memory for a sample");
		}
		memset(s->cells[t], 0xff, (n + 1) * sizeof(**s->cells)); /* SAMPLE_ABSENT */
	}
	return 0;
}

void sample_deinit(struct sample *s)
{
	for (size_t t = 0; t < SAMPLE_TABLES; t++)
		free(s->cells[t]);
	free(s->comm);
	*s = (struct sample){0};
}

/* ---- write ---- */

/* Bytes on their way into the buffer, so that it grows once in a while and not a byte at a time. */
struct writer {
	struct buf *out;
	bool failed;
	size_t used;
	uint8_t bytes[1024];
};

static void writer_flush(struct writer *w)
{
	if (buf_add(w->out, w->bytes, w->used))
		w->failed = true;
	w->used = 0;
}

static inline void put(struct writer *w, uint64_t v)
{
	uint8_t *p;

	if (w->used + LEB_MAX > sizeof(w->bytes))
		writer_flush(w);
	p = w->bytes + w->used;
	for (; v >= 0x80; v >>= 7)
		*p++ = (uint8_t)(v | 0x80);
	*p++ = (uint8_t)v;
	w->used = (size_t)(p - w->bytes);
}

static void put_comm(struct writer *w, const char comm[SAMPLE_COMM_MAX])
{
	size_t len = strnlen(comm, SAMPLE_COMM_MAX - 1);

	put(w, len);
	if (w->used + len > sizeof(w->bytes))
		writer_flush(w);
	memcpy(w->bytes + w->used, comm, len);
	w->used += len;
}

static void put_table(struct writer *w, const struct sample *s, const struct schema *schema,
		      size_t t)
{
	size_t rows = schema->tables[t].n_rows, n;

	if (t == SAMPLE_DSQ) {
		rows = s->n_dsqs < SAMPLE_DSQS_MAX ? s->n_dsqs : SAMPLE_DSQS_MAX;
		put(w, rows);
	}
	n = rows * schema->tables[t].n_columns;
	for (size_t i = 0; i < n; i++)
		put(w, s->cells[t][i] + 1); /* SAMPLE_ABSENT is 0 */
	for (size_t i = 0; t == SAMPLE_CPU && i < rows; i++)
		put_comm(w, s->comm[i]);
}

int sample_encode(const struct sample *s, const struct schema *schema, struct buf *out)
{
	struct writer w;
	size_t before = out->len;

	w.out = out;
	w.failed = false;
	w.used = 0;
	put(&w, s->schema_id);
	put(&w, s->number);
	put(&w, s->at_ns);
	put(&w, s->took_ns);
	put(&w, s->invalid);
	put(&w, s->retries);
	put(&w, s->missed);
	put(&w, s->dsqs_cut ? FLAG_DSQS_CUT : 0);
	for (size_t t = 0; t < SAMPLE_TABLES; t++)
		put_table(&w, s, schema, t);
	writer_flush(&w);
	if (w.failed && out->len > before) {
		out->len = before;
		out->data[before] = 0;
	}
	return w.failed ? -1 : 0;
}

/* ---- read ---- */

/* A number; one that is not in its shortest form, or has more than 64 bits, fails the cursor. */
static uint64_t get(struct cursor *c)
{
	uint64_t v = 0;

	for (unsigned int i = 0; i < LEB_MAX; i++) {
		uint8_t byte = cursor_u8(c);

		if ((i && byte == 0) || (i == LEB_MAX - 1 && byte > 1))
			break;
		v |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (byte < 0x80)
			return v;
	}
	c->failed = true;
	return 0;
}

static uint64_t get_up_to(struct cursor *c, uint64_t max)
{
	uint64_t v = get(c);

	c->failed |= v > max;
	return c->failed ? 0 : v;
}

static void get_comm(struct cursor *c, char ret[SAMPLE_COMM_MAX])
{
	size_t len = get_up_to(c, SAMPLE_COMM_MAX - 1);
	const char *text = cursor_bytes(c, len);

	memset(ret, 0, SAMPLE_COMM_MAX);
	if (!text)
		return;
	memcpy(ret, text, len);
	c->failed |= strlen(ret) != len;
}

static void get_table(struct cursor *c, struct sample *s, const struct schema *schema, size_t t)
{
	size_t rows = schema->tables[t].n_rows, n;

	if (t == SAMPLE_DSQ)
		rows = s->n_dsqs = (unsigned int)get_up_to(c, SAMPLE_DSQS_MAX);
	n = rows * schema->tables[t].n_columns;
	for (size_t i = 0; i < n && !c->failed; i++)
		s->cells[t][i] = get(c) - 1;
	for (size_t i = 0; t == SAMPLE_CPU && i < rows && !c->failed; i++)
		get_comm(c, s->comm[i]);
}

int sample_decode(const void *data, size_t len, const struct schema *schema, struct sample *ret,
		  struct err *e)
{
	struct cursor c = cursor_over(data, len);
	uint64_t id = get(&c);

	if (!c.failed && id != schema->id)
		return err_set(e, ESTALE, "the sample is of schema %llu, not of %u",
			       (unsigned long long)id, schema->id);
	ret->schema_id = schema->id;
	ret->number = get(&c);
	ret->at_ns = get(&c);
	ret->took_ns = get(&c);
	ret->invalid = (uint32_t)get_up_to(&c, UINT32_MAX);
	ret->retries = (uint32_t)get_up_to(&c, UINT32_MAX);
	ret->missed = (uint32_t)get_up_to(&c, UINT32_MAX);
	ret->dsqs_cut = get_up_to(&c, FLAG_DSQS_CUT) == FLAG_DSQS_CUT;
	for (size_t t = 0; t < SAMPLE_TABLES; t++)
		get_table(&c, ret, schema, t);
	if (c.failed)
		return err_set(e, EPROTO, "the sample is wrong or cut short at byte %zu", c.pos);
	if (cursor_left(&c))
		return err_set(e, EPROTO, "the sample has %zu bytes too many", cursor_left(&c));
	return 0;
}
